//! The type of a column from what its cells are.
//!
//! Evidence is a set, so the order of cells, and which thread saw them, makes no difference.

use arrow::datatypes::DataType;

use super::cell::Cell;

/// What was seen in a column so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Evidence(u16);

impl Evidence {
    pub(super) const MISSING: Self = Self(1);
    pub(super) const INTEGER: Self = Self(1 << 1);
    /// A minus sign before an integer.
    pub(super) const MINUS: Self = Self(1 << 2);
    /// An integer above `i64::MAX`.
    const UNSIGNED: Self = Self(1 << 3);
    /// An integer beyond `u64`, or below `i64::MIN`.
    const OVERSIZED: Self = Self(1 << 4);
    const FLOAT: Self = Self(1 << 5);
    const BOOL: Self = Self(1 << 6);
    const TEXT: Self = Self(1 << 7);
    /// The integer `-0`, which is another number in a column of floats.
    pub(super) const MINUS_ZERO: Self = Self(1 << 8);

    pub(super) const fn from_bits(bits: u16) -> Self {
        Self(bits)
    }

    pub(super) const fn bits(self) -> u16 {
        self.0
    }

    #[must_use]
    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn any(self, of: Self) -> bool {
        self.0 & of.0 != 0
    }

    pub(super) fn of(cell: Cell) -> Self {
        match cell {
            Cell::Missing => Self::MISSING,
            Cell::Integer { minus: true, .. } => Self::INTEGER.and(Self::MINUS),
            Cell::Integer { .. } => Self::INTEGER,
            Cell::Unsigned(_) => Self::UNSIGNED,
            Cell::Oversized => Self::OVERSIZED,
            Cell::Float(_) => Self::FLOAT,
            Cell::Bool(_) => Self::BOOL,
            Cell::Text => Self::TEXT,
        }
    }

    /// The type of the column when this is all there is to see.
    pub(super) fn conclude(self, rows: usize, pandas_compat: bool) -> DataType {
        let missing = self.any(Self::MISSING);
        match self.guess() {
            Guess::Missing if rows == 0 => DataType::Null,
            Guess::Missing | Guess::Float => DataType::Float64,
            Guess::Integer if missing && pandas_compat => DataType::Float64,
            Guess::Integer => DataType::Int64,
            Guess::Bool if missing && pandas_compat => DataType::Utf8,
            Guess::Bool => DataType::Boolean,
            Guess::Text => DataType::Utf8,
            Guess::WideInteger => {
                // no signed type holds these; beyond u64, or with a missing value, pandas keeps
                // the text
                let text = Self::OVERSIZED.and(Self::MINUS).and(Self::MISSING);
                if self.any(text) {
                    DataType::Utf8
                } else {
                    DataType::UInt64
                }
            }
        }
    }

    /// What the column is so far.
    pub(super) fn guess(self) -> Guess {
        let integers = Self::INTEGER.and(Self::UNSIGNED).and(Self::OVERSIZED);
        if self.any(Self::TEXT) || self.any(Self::BOOL) && self.any(integers.and(Self::FLOAT)) {
            Guess::Text
        } else if self.any(Self::BOOL) {
            Guess::Bool
        } else if self.any(Self::FLOAT) {
            Guess::Float
        } else if self.any(Self::UNSIGNED.and(Self::OVERSIZED)) {
            Guess::WideInteger
        } else if self.any(Self::INTEGER) {
            Guess::Integer
        } else {
            Guess::Missing
        }
    }
}

/// The kind of a column as far as it was seen. Only `Text` is final; the others can still widen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Guess {
    /// Nothing but missing values.
    Missing,
    Integer,
    /// Integers some of which do not fit `i64`: with a float among the cells to come it is a float
    /// column, without one `UInt64` or text.
    WideInteger,
    Float,
    Bool,
    Text,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn infer(cells: &str) -> [DataType; 2] {
        let cells: Vec<_> = cells.split('|').map(|c| Cell::of(c.as_bytes())).collect();
        let evidence = cells.iter().fold(Evidence::default(), |seen, cell| {
            seen.and(Evidence::of(*cell))
        });
        let reversed = cells.iter().rev().fold(Evidence::default(), |seen, cell| {
            seen.and(Evidence::of(*cell))
        });
        assert_eq!(evidence, reversed);
        [false, true].map(|compat| evidence.conclude(cells.len(), compat))
    }

    // studio S-127: each row of the inference table
    #[test]
    fn table() {
        use DataType::{Boolean, Float64, Int64, UInt64, Utf8};
        for (cells, expected, compat) in [
            ("|NA|nan", Float64, Float64),
            ("1|-2|+3|007", Int64, Int64),
            ("1||3", Int64, Float64),
            ("9223372036854775808|1", UInt64, UInt64),
            ("18446744073709551615", UInt64, UInt64),
            ("9223372036854775808|-1", Utf8, Utf8),
            ("9223372036854775808|-0", Utf8, Utf8),
            ("9223372036854775808|", Utf8, Utf8),
            ("18446744073709551616", Utf8, Utf8),
            ("-9223372036854775809", Utf8, Utf8),
            ("9223372036854775808|1.5", Float64, Float64),
            ("1.5||1", Float64, Float64),
            ("inf|1", Float64, Float64),
            ("true|FALSE", Boolean, Boolean),
            ("true|", Boolean, Utf8),
            ("true|1", Utf8, Utf8),
            ("true|1.5", Utf8, Utf8),
            ("true|9223372036854775808", Utf8, Utf8),
            ("1|x", Utf8, Utf8),
            ("0x10", Utf8, Utf8),
            ("1,000", Utf8, Utf8),
            ("2015-01-02", Utf8, Utf8),
            ("1e400|1", Utf8, Utf8),
        ] {
            assert_eq!(infer(cells), [expected, compat], "{cells}");
        }
        assert_eq!(Evidence::default().conclude(0, false), DataType::Null);
    }
}

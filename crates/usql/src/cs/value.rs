//! Values of C# types. The type itself is known statically; a value carries
//! only what it needs to be computed with.

use std::sync::Arc;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// One value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    SByte(i8),
    Byte(u8),
    Short(i16),
    UShort(u16),
    Int(i32),
    UInt(u32),
    Long(i64),
    ULong(u64),
    Float(#[serde(with = "bits::single")] f32),
    Double(#[serde(with = "bits::double")] f64),
    Decimal(Decimal),
    /// A UTF-16 unit.
    Char(u16),
    String(#[serde(with = "crate::shared")] Arc<str>),
    DateTime(DateTime),
    /// Ticks of 100 ns.
    TimeSpan(i64),
    /// In the order of the text form.
    Guid([u8; 16]),
    /// `byte[]`.
    Bytes(#[serde(with = "crate::shared")] Arc<[u8]>),
    /// Arrays, sequences, tuples.
    List(#[serde(with = "crate::shared")] Arc<[Value]>),
    Map(#[serde(with = "crate::shared")] Arc<[(Value, Value)]>),
    Pair(#[serde(with = "crate::shared")] Arc<(Value, Value)>),
    /// A key and its elements.
    Group(#[serde(with = "crate::shared")] Arc<(Value, Items)>),
    /// A member of an enumeration.
    Enum(i32),
    /// A code page: see `text::Encoding`.
    Encoding(u16),
}

/// The elements of a group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Items(#[serde(with = "crate::shared")] pub(crate) Arc<[Value]>);

/// A point in time: ticks of 100 ns since 0001-01-01, and what they mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct DateTime {
    /// Ticks since the beginning of year 1.
    pub(crate) ticks: i64,
    /// Kept within one expression only: columns do not store it.
    pub(crate) kind: DateTimeKind,
}

/// What a [`DateTime`]'s ticks mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum DateTimeKind {
    Unspecified,
    Utc,
    Local,
}

impl Value {
    pub(crate) fn string(text: impl AsRef<str>) -> Self {
        Self::String(Arc::from(text.as_ref()))
    }

    pub(crate) fn list(items: impl IntoIterator<Item = Self>) -> Self {
        Self::List(items.into_iter().collect())
    }

    /// Whether it is null.
    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// A date of unspecified kind.
    pub(crate) fn date(ticks: i64) -> Self {
        Self::DateTime(DateTime {
            ticks,
            kind: DateTimeKind::Unspecified,
        })
    }
}

/// What the binder has checked, so that members need not.
const CHECKED: &str = "the binder checks the types of arguments";

/// Access for members, whose argument types are known.
impl Value {
    pub(crate) fn str(&self) -> &str {
        match self {
            Self::String(text) => Some(&**text),
            _ => None,
        }
        .expect(CHECKED)
    }

    /// The text, or `None` for null.
    pub(crate) fn opt_str(&self) -> Option<&str> {
        match self {
            Self::Null => None,
            other => Some(other.str()),
        }
    }

    pub(crate) fn int(&self) -> i32 {
        match self {
            Self::Int(n) | Self::Enum(n) => Some(*n),
            _ => None,
        }
        .expect(CHECKED)
    }

    pub(crate) fn long(&self) -> i64 {
        match self {
            Self::Long(n) | Self::TimeSpan(n) => Some(*n),
            _ => None,
        }
        .expect(CHECKED)
    }

    pub(crate) fn bool(&self) -> bool {
        match self {
            Self::Bool(b) => Some(*b),
            _ => None,
        }
        .expect(CHECKED)
    }

    pub(crate) fn double(&self) -> f64 {
        match self {
            Self::Double(n) => Some(*n),
            _ => None,
        }
        .expect(CHECKED)
    }

    pub(crate) fn decimal(&self) -> Decimal {
        match self {
            Self::Decimal(n) => Some(*n),
            _ => None,
        }
        .expect(CHECKED)
    }

    pub(crate) fn char(&self) -> u16 {
        match self {
            Self::Char(unit) => Some(*unit),
            _ => None,
        }
        .expect(CHECKED)
    }

    pub(crate) fn date_time(&self) -> DateTime {
        match self {
            Self::DateTime(value) => Some(*value),
            _ => None,
        }
        .expect(CHECKED)
    }

    /// The items of any sequence, maps as pairs, strings as characters; empty
    /// for null.
    pub(crate) fn items(&self) -> Arc<[Self]> {
        match self {
            Self::List(items) => Arc::clone(items),
            Self::Group(group) => Arc::clone(&group.1.0),
            Self::Bytes(bytes) => bytes.iter().map(|b| Self::Byte(*b)).collect(),
            Self::Map(entries) => entries
                .iter()
                .map(|entry| Self::Pair(Arc::new(entry.clone())))
                .collect(),
            Self::String(text) => text.encode_utf16().map(Self::Char).collect(),
            _ => Arc::default(),
        }
    }
}

/// Reals in documents by their bits: JSON has no infinities, and no NaN.
mod bits {
    pub(super) mod single {
        use serde::{Deserialize, Deserializer, Serializer};

        pub(crate) fn serialize<S: Serializer>(value: &f32, to: S) -> Result<S::Ok, S::Error> {
            to.serialize_u32(value.to_bits())
        }

        pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f32, D::Error> {
            u32::deserialize(from).map(f32::from_bits)
        }
    }

    pub(super) mod double {
        use serde::{Deserialize, Deserializer, Serializer};

        pub(crate) fn serialize<S: Serializer>(value: &f64, to: S) -> Result<S::Ok, S::Error> {
            to.serialize_u64(value.to_bits())
        }

        pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
            u64::deserialize(from).map(f64::from_bits)
        }
    }
}

//! The grammar of numbers.
//!
//! Follows pandas' C parser in what it accepts, and rounds correctly where that may be off by one
//! unit in the last place.

use super::cell::Cell;

/// An integer that fits `i64`, with an optional sign and blanks around it.
#[inline]
pub(super) fn parse_i64(cell: &[u8]) -> Option<i64> {
    let (digits, minus) = match cell {
        [b'-', digits @ ..] => (digits, true),
        digits => (digits, false),
    };
    // 18 digits always fit; longer, signed by `+`, or surrounded by blanks: the general way
    if let 1..=18 = digits.len() {
        let mut value = 0;
        for byte in digits {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                return parse_i64_slowly(cell);
            }
            value = value * 10 + i64::from(digit);
        }
        return Some(if minus { -value } else { value });
    }
    parse_i64_slowly(cell)
}

#[cold]
fn parse_i64_slowly(cell: &[u8]) -> Option<i64> {
    match number(cell)? {
        Cell::Integer { value, .. } => Some(value),
        _ => None,
    }
}

/// An integer that fits `u64`.
#[inline]
pub(super) fn parse_u64(cell: &[u8]) -> Option<u64> {
    match number(cell)? {
        Cell::Integer { value, .. } => u64::try_from(value).ok(),
        Cell::Unsigned(value) => Some(value),
        _ => None,
    }
}

/// Any finite number, or an infinity spelt out. A literal that overflows is no number.
#[inline]
pub(super) fn parse_f64(cell: &[u8]) -> Option<f64> {
    let Some(literal) = Literal::scan(cell) else {
        return infinity(cell);
    };
    literal.to_f64()
}

/// Like [`parse_f64`], rounded once, to `f32`.
pub(super) fn parse_f32(cell: &[u8]) -> Option<f32> {
    let Some(literal) = Literal::scan(cell) else {
        return infinity(cell).map(|inf| {
            if inf > 0.0 {
                f32::INFINITY
            } else {
                f32::NEG_INFINITY
            }
        });
    };
    let value: f32 = literal.text().parse().ok()?;
    value.is_finite().then_some(value)
}

/// The numeric classes of [`Cell`]; `None` when the cell is no number.
pub(super) fn number(cell: &[u8]) -> Option<Cell> {
    let Some(literal) = Literal::scan(cell) else {
        return infinity(cell).map(Cell::Float);
    };
    if !literal.integral {
        return literal.to_f64().map(Cell::Float);
    }
    let minus = literal.minus;
    if literal.truncated {
        return Some(Cell::Oversized);
    }
    let magnitude = literal.mantissa;
    Some(match i64::try_from(magnitude) {
        Ok(value) if minus => Cell::Integer {
            value: -value,
            minus,
        },
        Ok(value) => Cell::Integer { value, minus },
        Err(_) if !minus => Cell::Unsigned(magnitude),
        Err(_) if magnitude == i64::MIN.unsigned_abs() => Cell::Integer {
            value: i64::MIN,
            minus,
        },
        Err(_) => Cell::Oversized,
    })
}

/// `inf` and `infinity` in any letter case with an optional sign, nothing around them.
#[cold]
fn infinity(cell: &[u8]) -> Option<f64> {
    let (word, value) = match cell {
        [b'-', word @ ..] => (word, f64::NEG_INFINITY),
        [b'+', word @ ..] => (word, f64::INFINITY),
        word => (word, f64::INFINITY),
    };
    let spelt = word.eq_ignore_ascii_case(b"inf") || word.eq_ignore_ascii_case(b"infinity");
    spelt.then_some(value)
}

/// A decimal literal taken apart: `[blanks][sign]digits[.digits][e[sign]digits][blanks]` with at
/// least one digit before or after the point.
struct Literal<'c> {
    /// Without sign and blanks.
    digits: &'c [u8],
    minus: bool,
    /// Neither point nor exponent.
    integral: bool,
    /// All digits as one integer, unless `truncated`.
    mantissa: u64,
    truncated: bool,
    /// Power of ten the mantissa is to be multiplied by.
    exponent: i64,
}

impl<'c> Literal<'c> {
    #[inline]
    fn scan(cell: &'c [u8]) -> Option<Self> {
        let trimmed = trim(cell);
        let (digits, minus) = match trimmed {
            [b'-', rest @ ..] => (rest, true),
            [b'+', rest @ ..] => (rest, false),
            rest => (rest, false),
        };
        let mut literal = Self {
            digits,
            minus,
            integral: true,
            mantissa: 0,
            truncated: false,
            exponent: 0,
        };
        let (whole, mut rest) = split_digits(digits);
        literal.append(whole);
        let mut count = whole.len();
        if let [b'.', fraction @ ..] = rest {
            let (places, after) = split_digits(fraction);
            literal.append(places);
            literal.integral = false;
            literal.exponent = -i64::try_from(places.len()).ok()?;
            count += places.len();
            rest = after;
        }
        if count == 0 {
            return None;
        }
        if count > SURE_DIGITS {
            literal.count_again(digits);
        }
        if let [b'e' | b'E', power @ ..] = rest {
            literal.integral = false;
            literal.exponent = literal.exponent.saturating_add(exponent(power)?);
        } else if !rest.is_empty() {
            return None;
        }
        Some(literal)
    }

    /// Appends digits to the mantissa, which wraps around when there are too many.
    #[inline]
    fn append(&mut self, digits: &[u8]) {
        for byte in digits {
            let digit = u64::from(byte.wrapping_sub(b'0'));
            self.mantissa = self.mantissa.wrapping_mul(10).wrapping_add(digit);
        }
    }

    /// The mantissa of so many digits that it may not fit.
    #[cold]
    fn count_again(&mut self, digits: &[u8]) {
        let digits = digits
            .iter()
            .filter(|b| **b != b'.')
            .map(|b| b.wrapping_sub(b'0'));
        let mantissa = digits
            .take_while(|digit| *digit <= 9)
            .try_fold(0_u64, |mantissa, digit| {
                mantissa.checked_mul(10)?.checked_add(u64::from(digit))
            });
        self.truncated = mantissa.is_none();
        self.mantissa = mantissa.unwrap_or_default();
    }

    /// Sign and digits as the standard library parses them.
    fn text(&self) -> String {
        let sign = if self.minus { "-" } else { "" };
        let digits = std::str::from_utf8(self.digits).expect("a literal is ASCII");
        format!("{sign}{digits}")
    }

    /// The nearest `f64`; `None` when that would be infinite.
    #[inline]
    fn to_f64(&self) -> Option<f64> {
        // 10^0 to 10^22: the powers of ten that are exact
        const POWERS: [f64; 23] = [
            1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
            1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
        ];
        let magnitude = if self.mantissa <= 1 << 53 && !self.truncated {
            let power = usize::try_from(self.exponent.unsigned_abs()).ok();
            let power = power.and_then(|power| POWERS.get(power));
            // both operands are exact, so one operation rounds once
            power.map(|power| {
                let mantissa = exact_f64(self.mantissa);
                if self.exponent < 0 {
                    mantissa / power
                } else {
                    mantissa * power
                }
            })
        } else {
            None
        };
        let magnitude = match magnitude {
            Some(magnitude) => magnitude,
            None => {
                let digits = std::str::from_utf8(self.digits).expect("a literal is ASCII");
                let magnitude: f64 = digits.parse().ok()?;
                if magnitude.is_infinite() {
                    return None;
                }
                magnitude
            }
        };
        Some(if self.minus { -magnitude } else { magnitude })
    }
}

/// So many digits always fit `u64`.
const SURE_DIGITS: usize = 19;

/// The digits that bytes start with, and the rest.
#[inline]
fn split_digits(bytes: &[u8]) -> (&[u8], &[u8]) {
    let digits = bytes.iter().position(|b| !b.is_ascii_digit());
    bytes.split_at(digits.unwrap_or(bytes.len()))
}

/// An integer of at most 2^53 as `f64`.
#[inline]
fn exact_f64(value: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "at most 2^53: exact")]
    let value = value as f64;
    value
}

/// `[sign]digits`, saturating; `None` when it is anything else.
fn exponent(power: &[u8]) -> Option<i64> {
    let (digits, minus) = match power {
        [b'-', rest @ ..] => (rest, true),
        [b'+', rest @ ..] => (rest, false),
        rest => (rest, false),
    };
    if digits.is_empty() {
        return None;
    }
    let mut value: i64 = 0;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value.saturating_mul(10).saturating_add(i64::from(digit));
    }
    Some(if minus { -value } else { value })
}

/// Without the blanks of C's `isspace` at both ends.
#[inline]
fn trim(cell: &[u8]) -> &[u8] {
    let is_space = |b: &u8| matches!(b, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r');
    match cell {
        [first, .., last] if !is_space(first) && !is_space(last) => cell,
        [only] if !is_space(only) => cell,
        _ => {
            let start = cell.iter().position(|b| !is_space(b)).unwrap_or(cell.len());
            let end = cell
                .iter()
                .rposition(|b| !is_space(b))
                .map_or(start, |last| last + 1);
            &cell[start..end]
        }
    }
}

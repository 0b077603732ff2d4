//! Operators and conversions on single values. Operands have been promoted to
//! one type; null has been dealt with by the caller unless said otherwise.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::datetime::add_ticks;
use super::{CsError, CsResult, Type, Value, decimal};

/// `+ - * / %`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// `& | ^ << >>`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Bitwise {
    And,
    Or,
    Xor,
    ShiftLeft,
    ShiftRight,
}

/// `== != < <= > >=`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    /// Whether it holds for operands in this order; `None` is NaN.
    pub(crate) fn holds(self, order: Option<Ordering>) -> bool {
        match self {
            Self::Equal => order == Some(Ordering::Equal),
            Self::NotEqual => order != Some(Ordering::Equal),
            Self::Less => order == Some(Ordering::Less),
            Self::LessOrEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            Self::Greater => order == Some(Ordering::Greater),
            Self::GreaterOrEqual => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        }
    }
}

/// Two operands that the binder let through and that do not fit: its mistake.
fn mismatch(what: &str) -> CsError {
    CsError::new(
        "System.InvalidProgramException",
        format!("operands do not fit: {what}"),
    )
}

macro_rules! integers {
    ($op:expr, $a:expr, $b:expr, $($variant:ident),*) => {
        match ($a, $b) {
            $((Value::$variant(a), Value::$variant(b)) => {
                let (a, b) = (*a, *b);
                return Ok(Value::$variant(match $op {
                    Arithmetic::Add => a.wrapping_add(b),
                    Arithmetic::Subtract => a.wrapping_sub(b),
                    Arithmetic::Multiply => a.wrapping_mul(b),
                    Arithmetic::Divide if b == 0 => return Err(CsError::divide_by_zero()),
                    Arithmetic::Divide => a.checked_div(b).ok_or_else(arithmetic_overflow)?,
                    Arithmetic::Remainder if b == 0 => return Err(CsError::divide_by_zero()),
                    Arithmetic::Remainder => a.checked_rem(b).ok_or_else(arithmetic_overflow)?,
                }))
            })*
            _ => {}
        }
    };
}

fn arithmetic_overflow() -> CsError {
    CsError::overflow("Arithmetic operation resulted in an overflow.")
}

/// `a op b` for numbers of one type, dates and spans of time.
pub(crate) fn arithmetic(op: Arithmetic, a: &Value, b: &Value) -> CsResult<Value> {
    integers!(op, a, b, Int, UInt, Long, ULong);
    match (a, b) {
        (Value::Double(a), Value::Double(b)) => Ok(Value::Double(real(op, *a, *b))),
        (Value::Float(a), Value::Float(b)) => Ok(Value::Float(match op {
            Arithmetic::Add => a + b,
            Arithmetic::Subtract => a - b,
            Arithmetic::Multiply => a * b,
            Arithmetic::Divide => a / b,
            Arithmetic::Remainder => a % b,
        })),
        (Value::Decimal(a), Value::Decimal(b)) => match op {
            Arithmetic::Add => decimal::add(*a, *b),
            Arithmetic::Subtract => decimal::subtract(*a, *b),
            Arithmetic::Multiply => decimal::multiply(*a, *b),
            Arithmetic::Divide => decimal::divide(*a, *b),
            Arithmetic::Remainder => decimal::remainder(*a, *b),
        }
        .map(Value::Decimal),
        (Value::DateTime(a), Value::TimeSpan(b)) => match op {
            Arithmetic::Add => add_ticks(*a, *b).map(Value::DateTime),
            Arithmetic::Subtract => {
                add_ticks(*a, b.checked_neg().ok_or_else(arithmetic_overflow)?).map(Value::DateTime)
            }
            _ => Err(mismatch("dates")),
        },
        (Value::DateTime(a), Value::DateTime(b)) if op == Arithmetic::Subtract => {
            Ok(Value::TimeSpan(a.ticks - b.ticks))
        }
        (Value::TimeSpan(a), Value::TimeSpan(b)) => {
            let sum = match op {
                Arithmetic::Add => a.checked_add(*b),
                Arithmetic::Subtract => a.checked_sub(*b),
                _ => return Err(mismatch("spans of time")),
            };
            let message = "TimeSpan overflowed because the duration is too long.";
            sum.map(Value::TimeSpan)
                .ok_or_else(|| CsError::overflow(message))
        }
        _ => Err(mismatch("arithmetic")),
    }
}

/// `a op b` for doubles.
pub(crate) fn real(op: Arithmetic, a: f64, b: f64) -> f64 {
    match op {
        Arithmetic::Add => a + b,
        Arithmetic::Subtract => a - b,
        Arithmetic::Multiply => a * b,
        Arithmetic::Divide => a / b,
        Arithmetic::Remainder => a % b,
    }
}

macro_rules! bits {
    ($op:expr, $a:expr, $b:expr, $($variant:ident),*) => {
        match ($a, $b) {
            $((Value::$variant(a), Value::$variant(b)) => {
                return Ok(Value::$variant(match $op {
                    Bitwise::And => a & b,
                    Bitwise::Or => a | b,
                    Bitwise::Xor => a ^ b,
                    _ => return Err(mismatch("shift")),
                }))
            })*
            $((Value::$variant(a), Value::Int(b)) => {
                // C# takes the count modulo the width.
                let count = b.cast_unsigned();
                return Ok(Value::$variant(match $op {
                    Bitwise::ShiftLeft => a.wrapping_shl(count),
                    Bitwise::ShiftRight => a.wrapping_shr(count),
                    _ => return Err(mismatch("bits")),
                }))
            })*
            _ => {}
        }
    };
}

/// `a op b` for integers, booleans and shifts.
pub(crate) fn bitwise(op: Bitwise, a: &Value, b: &Value) -> CsResult<Value> {
    if let (Value::Int(a), Value::Int(b)) = (a, b) {
        return Ok(Value::Int(match op {
            Bitwise::And => a & b,
            Bitwise::Or => a | b,
            Bitwise::Xor => a ^ b,
            Bitwise::ShiftLeft => a.wrapping_shl(b.cast_unsigned()),
            Bitwise::ShiftRight => a.wrapping_shr(b.cast_unsigned()),
        }));
    }
    bits!(op, a, b, UInt, Long, ULong);
    match (op, a, b) {
        (Bitwise::And, Value::Bool(a), Value::Bool(b)) => Ok(Value::Bool(a & b)),
        (Bitwise::Or, Value::Bool(a), Value::Bool(b)) => Ok(Value::Bool(a | b)),
        (Bitwise::Xor, Value::Bool(a), Value::Bool(b)) => Ok(Value::Bool(a ^ b)),
        _ => Err(mismatch("bits")),
    }
}

/// `-a`
pub(crate) fn negate(a: &Value) -> CsResult<Value> {
    Ok(match a {
        Value::Int(a) => Value::Int(a.wrapping_neg()),
        Value::Long(a) => Value::Long(a.wrapping_neg()),
        Value::Float(a) => Value::Float(-a),
        Value::Double(a) => Value::Double(-a),
        Value::Decimal(a) => Value::Decimal(-*a),
        Value::TimeSpan(a) => Value::TimeSpan(a.wrapping_neg()),
        _ => return Err(mismatch("-")),
    })
}

/// `~a`
pub(crate) fn complement(a: &Value) -> CsResult<Value> {
    Ok(match a {
        Value::Int(a) => Value::Int(!a),
        Value::UInt(a) => Value::UInt(!a),
        Value::Long(a) => Value::Long(!a),
        Value::ULong(a) => Value::ULong(!a),
        _ => return Err(mismatch("~")),
    })
}

/// The order of two values of one type; `None` when a NaN takes part or the
/// type has no order.
pub(crate) fn order(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::SByte(a), Value::SByte(b)) => Some(a.cmp(b)),
        (Value::Byte(a), Value::Byte(b)) => Some(a.cmp(b)),
        (Value::Short(a), Value::Short(b)) => Some(a.cmp(b)),
        (Value::UShort(a), Value::UShort(b)) | (Value::Char(a), Value::Char(b)) => Some(a.cmp(b)),
        (Value::Int(a), Value::Int(b)) | (Value::Enum(a), Value::Enum(b)) => Some(a.cmp(b)),
        (Value::UInt(a), Value::UInt(b)) => Some(a.cmp(b)),
        (Value::Long(a), Value::Long(b)) | (Value::TimeSpan(a), Value::TimeSpan(b)) => {
            Some(a.cmp(b))
        }
        (Value::ULong(a), Value::ULong(b)) => Some(a.cmp(b)),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        (Value::Double(a), Value::Double(b)) => a.partial_cmp(b),
        (Value::Decimal(a), Value::Decimal(b)) => Some(a.cmp(b)),
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        (Value::DateTime(a), Value::DateTime(b)) => Some(a.ticks.cmp(&b.ticks)),
        (Value::Guid(a), Value::Guid(b)) => Some(a.cmp(b)),
        (Value::Bytes(a), Value::Bytes(b)) => Some(a.cmp(b)),
        (Value::Encoding(a), Value::Encoding(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

/// `a == b`, null included: null equals null only.
pub(crate) fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Null, Value::Null) => true,
        (Value::Null, _) | (_, Value::Null) => false,
        _ => order(a, b) == Some(Ordering::Equal),
    }
}

/// `a.Equals(b)`: as `==`, but NaN equals NaN. What LINQ and keys use.
pub(crate) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Float(a), Value::Float(b)) if a.is_nan() && b.is_nan() => true,
        (Value::Double(a), Value::Double(b)) if a.is_nan() && b.is_nan() => true,
        (Value::Pair(a), Value::Pair(b)) => same(&a.0, &b.0) && same(&a.1, &b.1),
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(&**b).all(|(a, b)| same(a, b))
        }
        _ => equal(a, b),
    }
}

/// `Comparer<T>.Default`: null first, NaN before every number.
pub(crate) fn compare(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Less,
        (_, Value::Null) => Ordering::Greater,
        _ => order(a, b).unwrap_or_else(|| nan_rank(a).cmp(&nan_rank(b))),
    }
}

fn nan_rank(value: &Value) -> bool {
    match value {
        Value::Float(n) => !n.is_nan(),
        Value::Double(n) => !n.is_nan(),
        _ => true,
    }
}

/// An integer of any width.
pub(crate) fn integer_of(value: &Value) -> Option<i128> {
    Some(match *value {
        Value::SByte(n) => n.into(),
        Value::Byte(n) => n.into(),
        Value::Short(n) => n.into(),
        Value::UShort(n) | Value::Char(n) => n.into(),
        Value::Int(n) | Value::Enum(n) => n.into(),
        Value::UInt(n) => n.into(),
        Value::Long(n) => n.into(),
        Value::ULong(n) => n.into(),
        _ => return None,
    })
}

/// An integer as a value of an integral type, or `None` when it does not fit.
pub(crate) fn fit(n: i128, to: &Type) -> Option<Value> {
    Some(match to {
        Type::SByte => Value::SByte(n.try_into().ok()?),
        Type::Byte => Value::Byte(n.try_into().ok()?),
        Type::Short => Value::Short(n.try_into().ok()?),
        Type::UShort => Value::UShort(n.try_into().ok()?),
        Type::Char => Value::Char(n.try_into().ok()?),
        Type::Int => Value::Int(n.try_into().ok()?),
        Type::UInt => Value::UInt(n.try_into().ok()?),
        Type::Long => Value::Long(n.try_into().ok()?),
        Type::ULong => Value::ULong(n.try_into().ok()?),
        Type::Enum(_) => Value::Enum(n.try_into().ok()?),
        _ => return None,
    })
}

/// An integer cut to the width of an integral type, as C# does unchecked.
pub(crate) fn wrap(n: i128, to: &Type) -> Option<Value> {
    let (bits, signed) = match to {
        Type::SByte => (8, true),
        Type::Byte => (8, false),
        Type::Short => (16, true),
        Type::UShort | Type::Char => (16, false),
        Type::Int | Type::Enum(_) => (32, true),
        Type::UInt => (32, false),
        Type::Long => (64, true),
        Type::ULong => (64, false),
        _ => return None,
    };
    let modulus = 1_i128 << bits;
    let mut n = n.rem_euclid(modulus);
    if signed && n >= modulus / 2 {
        n -= modulus;
    }
    fit(n, to)
}

/// The number as a double.
pub(crate) fn double_of(value: &Value) -> Option<f64> {
    Some(match value {
        Value::Float(n) => f64::from(*n),
        Value::Double(n) => *n,
        Value::Decimal(n) => decimal::to_double(*n),
        Value::Long(n) => long_to_double(*n),
        Value::ULong(n) => ulong_to_double(*n),
        other => i32::try_from(integer_of(other)?).map_or_else(
            |_| {
                integer_of(other)
                    .and_then(|n| u32::try_from(n).ok())
                    .map(f64::from)
            },
            |n| Some(f64::from(n)),
        )?,
    })
}

#[expect(clippy::cast_precision_loss, reason = "C# rounds here too")]
pub(crate) fn long_to_double(n: i64) -> f64 {
    n as f64
}

#[expect(clippy::cast_precision_loss, reason = "C# rounds here too")]
fn ulong_to_double(n: u64) -> f64 {
    n as f64
}

#[expect(clippy::cast_possible_truncation, reason = "C# rounds here too")]
pub(crate) fn double_to_float(n: f64) -> f32 {
    n as f32
}

/// A double without its fraction; the least value of the type when it does
/// not fit, as the processor gives it.
#[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
fn truncate(n: f64) -> i128 {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if (-LIMIT..LIMIT).contains(&n) {
        i128::from(n as i64)
    } else {
        i128::from(i64::MIN)
    }
}

fn real_to_integer(n: f64, to: &Type) -> Option<Value> {
    match to {
        Type::Int => {
            let whole = truncate(n);
            fit(whole, to).or(Some(Value::Int(i32::MIN)))
        }
        Type::ULong if (9_223_372_036_854_775_808.0..18_446_744_073_709_551_616.0).contains(&n) => {
            wrap(truncate(n - 9_223_372_036_854_775_808.0) + (1 << 63), to)
        }
        Type::Long | Type::UInt | Type::ULong => wrap(truncate(n), to),
        _ => {
            let whole = truncate(n);
            let whole = if i32::try_from(whole).is_ok() {
                whole
            } else {
                i128::from(i32::MIN)
            };
            wrap(whole, to)
        }
    }
}

/// `(to) value` of a value that is not null; `checked` raises where the number
/// does not fit.
pub(crate) fn convert(value: &Value, to: &Type, checked: bool) -> CsResult<Value> {
    let to = to.underlying();
    let overflow = arithmetic_overflow;
    let bad = || mismatch("conversion");
    match to {
        Type::Double => double_of(value).map(Value::Double).ok_or_else(bad),
        Type::Float => match value {
            Value::Float(_) => Ok(value.clone()),
            Value::Decimal(n) => Ok(Value::Float(decimal::to_float(*n))),
            Value::Long(n) => Ok(Value::Float(long_to_float(*n))),
            Value::ULong(n) => Ok(Value::Float(ulong_to_float(*n))),
            other => double_of(other)
                .map(|n| Value::Float(double_to_float(n)))
                .ok_or_else(bad),
        },
        Type::Decimal => match value {
            Value::Decimal(_) => Ok(value.clone()),
            Value::Double(n) => decimal::from_double(*n).map(Value::Decimal),
            Value::Float(n) => decimal::from_float(*n).map(Value::Decimal),
            other => integer_of(other)
                .map(|n| Value::Decimal(rust_decimal::Decimal::from_i128_with_scale(n, 0)))
                .ok_or_else(bad),
        },
        integral if integral.is_integral() || matches!(integral, Type::Enum(_)) => match value {
            Value::Decimal(n) => {
                let message = || {
                    CsError::overflow(format!(
                        "Value was either too large or too small for {}.",
                        of(to)
                    ))
                };
                fit(decimal::truncated(*n), to).ok_or_else(message)
            }
            Value::Float(_) | Value::Double(_) => {
                let n = double_of(value).ok_or_else(bad)?;
                if checked
                    && fit(truncate(n), to)
                        .is_none_or(|_| n.is_nan() || truncate(n) == i128::from(i64::MIN))
                {
                    return Err(overflow());
                }
                real_to_integer(n, to).ok_or_else(bad)
            }
            other => {
                let n = integer_of(other).ok_or_else(bad)?;
                if checked {
                    return fit(n, to).ok_or_else(overflow);
                }
                wrap(n, to).ok_or_else(bad)
            }
        },
        _ => Ok(value.clone()),
    }
}

#[expect(clippy::cast_precision_loss, reason = "C# rounds here too")]
fn long_to_float(n: i64) -> f32 {
    n as f32
}

#[expect(clippy::cast_precision_loss, reason = "C# rounds here too")]
fn ulong_to_float(n: u64) -> f32 {
    n as f32
}

/// The .NET name with its article, for overflow messages.
pub(crate) fn of(ty: &Type) -> &'static str {
    match ty {
        Type::SByte => "a signed byte",
        Type::Byte => "an unsigned byte",
        Type::Short => "an Int16",
        Type::UShort => "a UInt16",
        Type::Int => "an Int32",
        Type::UInt => "a UInt32",
        Type::Long => "an Int64",
        Type::ULong => "a UInt64",
        Type::Char => "a character",
        Type::Float => "a Single",
        Type::Double => "a Double",
        _ => "a Decimal",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cs::parse;

    fn op(op: Arithmetic, a: i32, b: i32) -> Result<Value, &'static str> {
        arithmetic(op, &Value::Int(a), &Value::Int(b)).map_err(|e| e.exception)
    }

    /// U-SQL 005, 006, 008.
    #[test]
    fn integers_wrap_and_divide_toward_zero() {
        assert_eq!(op(Arithmetic::Add, i32::MAX, 1), Ok(Value::Int(i32::MIN)));
        assert_eq!(op(Arithmetic::Divide, -7, 2), Ok(Value::Int(-3)));
        assert_eq!(op(Arithmetic::Remainder, -7, 2), Ok(Value::Int(-1)));
        assert_eq!(
            op(Arithmetic::Divide, 1, 0),
            Err("System.DivideByZeroException")
        );
        assert_eq!(
            op(Arithmetic::Divide, i32::MIN, -1),
            Err("System.OverflowException")
        );
    }

    #[test]
    fn shifts_take_the_count_modulo_the_width() {
        assert_eq!(
            bitwise(Bitwise::ShiftLeft, &Value::Int(1), &Value::Int(33)),
            Ok(Value::Int(2))
        );
        assert_eq!(
            bitwise(Bitwise::ShiftRight, &Value::Long(-8), &Value::Int(1)),
            Ok(Value::Long(-4))
        );
        assert_eq!(
            bitwise(Bitwise::Xor, &Value::Bool(true), &Value::Bool(true)),
            Ok(Value::Bool(false))
        );
    }

    #[test]
    fn conversions() {
        let to = |value: Value, ty: Type| convert(&value, &ty, false).map_err(|e| e.exception);
        assert_eq!(to(Value::Double(3.9), Type::Int), Ok(Value::Int(3))); // U-SQL 068
        assert_eq!(to(Value::Double(-3.9), Type::Int), Ok(Value::Int(-3)));
        assert_eq!(to(Value::Double(1e10), Type::Int), Ok(Value::Int(i32::MIN)));
        assert_eq!(
            to(Value::Double(f64::NAN), Type::Long),
            Ok(Value::Long(i64::MIN))
        );
        assert_eq!(
            to(Value::Double(1e19), Type::ULong),
            Ok(Value::ULong(10_000_000_000_000_000_000))
        );
        assert_eq!(to(Value::Int(300), Type::Byte), Ok(Value::Byte(44)));
        assert_eq!(to(Value::Int(-1), Type::UInt), Ok(Value::UInt(u32::MAX)));
        assert_eq!(to(Value::Int(65), Type::Char), Ok(Value::Char(65)));
        assert_eq!(
            to(
                Value::Decimal(parse::dec("3.9").expect("a decimal")),
                Type::Int
            ),
            Ok(Value::Int(3))
        );
        assert_eq!(
            to(
                Value::Decimal(parse::dec("3e0").unwrap_or(1_000_000_000_000_i64.into())),
                Type::Int
            ),
            Err("System.OverflowException")
        );
        assert_eq!(
            convert(&Value::Int(300), &Type::Byte, true).map_err(|e| e.exception),
            Err("System.OverflowException")
        );
        assert_eq!(to(Value::Byte(7), Type::Double), Ok(Value::Double(7.0)));
    }

    #[test]
    fn equality_and_order() {
        let nan = Value::Double(f64::NAN);
        assert!(!equal(&nan, &nan) && same(&nan, &nan));
        assert!(equal(&Value::Null, &Value::Null) && !equal(&Value::Null, &Value::Int(1)));
        assert!(
            !Comparison::Less.holds(order(&nan, &nan))
                && Comparison::NotEqual.holds(order(&nan, &nan))
        );
        assert_eq!(compare(&nan, &Value::Double(-1.0)), Ordering::Less);
        assert_eq!(compare(&Value::Int(1), &Value::Null), Ordering::Greater);
        assert_eq!(
            order(&Value::string("Z"), &Value::string("a")),
            Some(Ordering::Less)
        );
    }
}

//! `Math`, and the constants and tests of the number types.

use super::Entry;
use crate::cs::{CsError, CsResult, Value, decimal, ops};

pub(super) const ENTRIES: &[Entry] = &[
    ("static double Math.PI", |_, _| {
        Ok(Value::Double(std::f64::consts::PI))
    }),
    ("static double Math.E", |_, _| {
        Ok(Value::Double(std::f64::consts::E))
    }),
    ("static double Math.Sqrt(double)", |_, a| real(a, f64::sqrt)),
    ("static double Math.Pow(double, double)", |_, a| {
        Ok(Value::Double(pow(a[0].double(), a[1].double())))
    }),
    ("static double Math.Exp(double)", |_, a| real(a, f64::exp)),
    ("static double Math.Log(double)", |_, a| real(a, f64::ln)),
    ("static double Math.Log(double, double)", |_, a| {
        let (value, base) = (a[0].double(), a[1].double());
        if base.is_nan() || base == 1.0 || (value != 1.0 && (base == 0.0 || base == f64::INFINITY))
        {
            return Ok(Value::Double(f64::NAN));
        }
        Ok(Value::Double(value.ln() / base.ln()))
    }),
    ("static double Math.Log10(double)", |_, a| {
        real(a, f64::log10)
    }),
    ("static double Math.Sin(double)", |_, a| real(a, f64::sin)),
    ("static double Math.Cos(double)", |_, a| real(a, f64::cos)),
    ("static double Math.Tan(double)", |_, a| real(a, f64::tan)),
    ("static double Math.Asin(double)", |_, a| real(a, f64::asin)),
    ("static double Math.Acos(double)", |_, a| real(a, f64::acos)),
    ("static double Math.Atan(double)", |_, a| real(a, f64::atan)),
    ("static double Math.Atan2(double, double)", |_, a| {
        Ok(Value::Double(a[0].double().atan2(a[1].double())))
    }),
    ("static double Math.Sinh(double)", |_, a| real(a, f64::sinh)),
    ("static double Math.Cosh(double)", |_, a| real(a, f64::cosh)),
    ("static double Math.Tanh(double)", |_, a| real(a, f64::tanh)),
    ("static double Math.Floor(double)", |_, a| {
        real(a, f64::floor)
    }),
    ("static decimal Math.Floor(decimal)", |_, a| {
        Ok(Value::Decimal(a[0].decimal().floor()))
    }),
    ("static double Math.Ceiling(double)", |_, a| {
        real(a, f64::ceil)
    }),
    ("static decimal Math.Ceiling(decimal)", |_, a| {
        Ok(Value::Decimal(a[0].decimal().ceil()))
    }),
    ("static double Math.Truncate(double)", |_, a| {
        real(a, f64::trunc)
    }),
    ("static decimal Math.Truncate(decimal)", |_, a| {
        Ok(Value::Decimal(a[0].decimal().trunc()))
    }),
    ("static double Math.Round(double)", |_, a| {
        real(a, f64::round_ties_even)
    }),
    ("static double Math.Round(double, int)", |_, a| {
        round(a[0].double(), a[1].int(), 0)
    }),
    (
        "static double Math.Round(double, MidpointRounding)",
        |_, a| round(a[0].double(), 0, a[1].int()),
    ),
    (
        "static double Math.Round(double, int, MidpointRounding)",
        |_, a| round(a[0].double(), a[1].int(), a[2].int()),
    ),
    ("static decimal Math.Round(decimal)", |_, a| {
        round_decimal(&a[0], 0, 0)
    }),
    ("static decimal Math.Round(decimal, int)", |_, a| {
        round_decimal(&a[0], a[1].int(), 0)
    }),
    (
        "static decimal Math.Round(decimal, MidpointRounding)",
        |_, a| round_decimal(&a[0], 0, a[1].int()),
    ),
    (
        "static decimal Math.Round(decimal, int, MidpointRounding)",
        |_, a| round_decimal(&a[0], a[1].int(), a[2].int()),
    ),
    ("static int Math.Abs(int)", |_, a| {
        match a[0].int().checked_abs() {
            Some(n) => Ok(Value::Int(n)),
            None => Err(negating()),
        }
    }),
    ("static long Math.Abs(long)", |_, a| {
        match a[0].long().checked_abs() {
            Some(n) => Ok(Value::Long(n)),
            None => Err(negating()),
        }
    }),
    ("static float Math.Abs(float)", |_, a| match a[0] {
        Value::Float(n) => Ok(Value::Float(n.abs())),
        ref other => Ok(other.clone()),
    }),
    ("static double Math.Abs(double)", |_, a| real(a, f64::abs)),
    ("static decimal Math.Abs(decimal)", |_, a| {
        Ok(Value::Decimal(a[0].decimal().abs()))
    }),
    ("static int Math.Sign(int)", |_, a| {
        Ok(Value::Int(a[0].int().signum()))
    }),
    ("static int Math.Sign(long)", |_, a| {
        Ok(Value::Int(i32::try_from(a[0].long().signum()).unwrap_or(0)))
    }),
    ("static int Math.Sign(decimal)", |_, a| {
        Ok(Value::Int(match a[0].decimal() {
            n if n.is_zero() => 0,
            n if n.is_sign_negative() => -1,
            _ => 1,
        }))
    }),
    ("static int Math.Sign(double)", |_, a| {
        let n = a[0].double();
        if n.is_nan() {
            return Err(CsError::new(
                "System.ArithmeticException",
                "Function does not accept floating point Not-a-Number values.",
            ));
        }
        Ok(Value::Int(if n > 0.0 {
            1
        } else if n < 0.0 {
            -1
        } else {
            0
        }))
    }),
    ("static int Math.Min(int, int)", |_, a| Ok(least(a))),
    ("static uint Math.Min(uint, uint)", |_, a| Ok(least(a))),
    ("static long Math.Min(long, long)", |_, a| Ok(least(a))),
    ("static ulong Math.Min(ulong, ulong)", |_, a| Ok(least(a))),
    ("static float Math.Min(float, float)", |_, a| Ok(least(a))),
    ("static double Math.Min(double, double)", |_, a| {
        Ok(least(a))
    }),
    ("static decimal Math.Min(decimal, decimal)", |_, a| {
        Ok(least(a))
    }),
    ("static int Math.Max(int, int)", |_, a| Ok(greatest(a))),
    ("static uint Math.Max(uint, uint)", |_, a| Ok(greatest(a))),
    ("static long Math.Max(long, long)", |_, a| Ok(greatest(a))),
    ("static ulong Math.Max(ulong, ulong)", |_, a| {
        Ok(greatest(a))
    }),
    ("static float Math.Max(float, float)", |_, a| {
        Ok(greatest(a))
    }),
    ("static double Math.Max(double, double)", |_, a| {
        Ok(greatest(a))
    }),
    ("static decimal Math.Max(decimal, decimal)", |_, a| {
        Ok(greatest(a))
    }),
    ("static bool double.IsNaN(double)", |_, a| {
        Ok(Value::Bool(a[0].double().is_nan()))
    }),
    ("static bool double.IsInfinity(double)", |_, a| {
        Ok(Value::Bool(a[0].double().is_infinite()))
    }),
    ("static bool double.IsPositiveInfinity(double)", |_, a| {
        Ok(Value::Bool(a[0].double() == f64::INFINITY))
    }),
    ("static bool double.IsNegativeInfinity(double)", |_, a| {
        Ok(Value::Bool(a[0].double() == f64::NEG_INFINITY))
    }),
    ("static double double.NaN", |_, _| {
        Ok(Value::Double(f64::NAN))
    }),
    ("static double double.PositiveInfinity", |_, _| {
        Ok(Value::Double(f64::INFINITY))
    }),
    ("static double double.NegativeInfinity", |_, _| {
        Ok(Value::Double(f64::NEG_INFINITY))
    }),
    ("static double double.MaxValue", |_, _| {
        Ok(Value::Double(f64::MAX))
    }),
    ("static double double.MinValue", |_, _| {
        Ok(Value::Double(f64::MIN))
    }),
    ("static double double.Epsilon", |_, _| {
        Ok(Value::Double(f64::from_bits(1)))
    }),
    ("static bool float.IsNaN(float)", |_, a| {
        Ok(Value::Bool(matches!(a[0], Value::Float(n) if n.is_nan())))
    }),
    ("static float float.NaN", |_, _| Ok(Value::Float(f32::NAN))),
    ("static float float.MaxValue", |_, _| {
        Ok(Value::Float(f32::MAX))
    }),
    ("static float float.MinValue", |_, _| {
        Ok(Value::Float(f32::MIN))
    }),
    ("static sbyte sbyte.MaxValue", |_, _| {
        Ok(Value::SByte(i8::MAX))
    }),
    ("static sbyte sbyte.MinValue", |_, _| {
        Ok(Value::SByte(i8::MIN))
    }),
    ("static byte byte.MaxValue", |_, _| Ok(Value::Byte(u8::MAX))),
    ("static byte byte.MinValue", |_, _| Ok(Value::Byte(0))),
    ("static short short.MaxValue", |_, _| {
        Ok(Value::Short(i16::MAX))
    }),
    ("static short short.MinValue", |_, _| {
        Ok(Value::Short(i16::MIN))
    }),
    ("static ushort ushort.MaxValue", |_, _| {
        Ok(Value::UShort(u16::MAX))
    }),
    ("static int int.MaxValue", |_, _| Ok(Value::Int(i32::MAX))),
    ("static int int.MinValue", |_, _| Ok(Value::Int(i32::MIN))),
    ("static uint uint.MaxValue", |_, _| {
        Ok(Value::UInt(u32::MAX))
    }),
    ("static long long.MaxValue", |_, _| {
        Ok(Value::Long(i64::MAX))
    }),
    ("static long long.MinValue", |_, _| {
        Ok(Value::Long(i64::MIN))
    }),
    ("static ulong ulong.MaxValue", |_, _| {
        Ok(Value::ULong(u64::MAX))
    }),
    ("static decimal decimal.MaxValue", |_, _| {
        Ok(Value::Decimal(rust_decimal::Decimal::MAX))
    }),
    ("static decimal decimal.MinValue", |_, _| {
        Ok(Value::Decimal(rust_decimal::Decimal::MIN))
    }),
    ("static decimal decimal.Zero", |_, _| {
        Ok(Value::Decimal(rust_decimal::Decimal::ZERO))
    }),
    ("static decimal decimal.One", |_, _| {
        Ok(Value::Decimal(rust_decimal::Decimal::ONE))
    }),
    ("static decimal decimal.Round(decimal)", |_, a| {
        round_decimal(&a[0], 0, 0)
    }),
    ("static decimal decimal.Round(decimal, int)", |_, a| {
        round_decimal(&a[0], a[1].int(), 0)
    }),
];

fn real(a: &[Value], f: fn(f64) -> f64) -> CsResult<Value> {
    Ok(Value::Double(f(a[0].double())))
}

/// .NET Framework: a NaN operand gives NaN, also for `1^NaN` and `NaN^0` is 1.
fn pow(base: f64, exponent: f64) -> f64 {
    if exponent.is_nan() || (base.is_nan() && exponent != 0.0) {
        return f64::NAN;
    }
    if base == -1.0 && exponent.is_infinite() {
        return f64::NAN;
    }
    base.powf(exponent)
}

fn negating() -> CsError {
    CsError::overflow("Negating the minimum value of a twos complement number is invalid.")
}

fn round(value: f64, places: i32, mode: i32) -> CsResult<Value> {
    if !(0..=15).contains(&places) {
        return Err(CsError::out_of_range(
            "Rounding digits must be between 0 and 15, inclusive.",
            "digits",
        ));
    }
    if value.abs() >= 1e16 || !value.is_finite() {
        return Ok(Value::Double(value));
    }
    let power = 10_f64.powi(places);
    let scaled = value * power;
    let rounded = if mode == 1 {
        scaled.round()
    } else {
        scaled.round_ties_even()
    };
    Ok(Value::Double(rounded / power))
}

fn round_decimal(value: &Value, places: i32, mode: i32) -> CsResult<Value> {
    match u32::try_from(places) {
        Ok(places) if places <= 28 => Ok(Value::Decimal(decimal::round(
            value.decimal(),
            places,
            mode == 1,
        ))),
        _ => Err(CsError::out_of_range(
            "Decimal can only round to between 0 and 28 digits of precision.",
            "decimals",
        )),
    }
}

fn is_nan(value: &Value) -> bool {
    ops::double_of(value).is_some_and(f64::is_nan)
}

fn least(a: &[Value]) -> Value {
    let second = is_nan(&a[1]) || (!is_nan(&a[0]) && ops::compare(&a[1], &a[0]).is_lt());
    a[usize::from(second)].clone()
}

fn greatest(a: &[Value]) -> Value {
    let second = is_nan(&a[1]) || (!is_nan(&a[0]) && ops::compare(&a[1], &a[0]).is_gt());
    a[usize::from(second)].clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// U-SQL 068.
    #[test]
    fn rounding_is_the_banker_s() {
        assert_eq!(
            real(&[Value::Double(2.5)], f64::round_ties_even),
            Ok(Value::Double(2.0))
        );
        assert_eq!(
            real(&[Value::Double(-1.5)], f64::round_ties_even),
            Ok(Value::Double(-2.0))
        );
        assert_eq!(round(2.125, 2, 0), Ok(Value::Double(2.12)));
        assert_eq!(round(2.5, 0, 1), Ok(Value::Double(3.0)));
        assert!(round(1.0, 16, 0).is_err());
    }

    #[test]
    fn nan_wins() {
        let nan = Value::Double(f64::NAN);
        assert!(is_nan(&least(&[nan.clone(), Value::Double(1.0)])));
        assert!(is_nan(&greatest(&[Value::Double(1.0), nan])));
        assert_eq!(least(&[Value::Int(2), Value::Int(1)]), Value::Int(1));
    }
}

//! Decimals of .NET: 96-bit coefficient, 0 to 28 places. The arithmetic is
//! `rust_decimal`'s, which follows the same algorithm; what differs in its
//! interface stands here.

use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};

use super::{CsError, CsResult};

fn too_large() -> CsError {
    CsError::overflow("Value was either too large or too small for a Decimal.")
}

pub(crate) fn add(a: Decimal, b: Decimal) -> CsResult<Decimal> {
    a.checked_add(b).ok_or_else(too_large)
}

pub(crate) fn subtract(a: Decimal, b: Decimal) -> CsResult<Decimal> {
    a.checked_sub(b).ok_or_else(too_large)
}

pub(crate) fn multiply(a: Decimal, b: Decimal) -> CsResult<Decimal> {
    a.checked_mul(b).ok_or_else(too_large)
}

pub(crate) fn divide(a: Decimal, b: Decimal) -> CsResult<Decimal> {
    if b.is_zero() {
        return Err(CsError::divide_by_zero());
    }
    let mut quotient = a.checked_div(b).ok_or_else(too_large)?;
    // .NET drops zeros down to the places that the operands ask for.
    let least = a.scale().saturating_sub(b.scale());
    let short = quotient.normalize();
    if short.scale() >= least {
        quotient = short;
    } else if quotient.scale() > least {
        quotient = short;
        quotient.rescale(least);
    }
    Ok(quotient)
}

pub(crate) fn remainder(a: Decimal, b: Decimal) -> CsResult<Decimal> {
    if b.is_zero() {
        return Err(CsError::divide_by_zero());
    }
    a.checked_rem(b).ok_or_else(too_large)
}

/// `(decimal) value`: 15 significant digits, as .NET takes them.
pub(crate) fn from_double(value: f64) -> CsResult<Decimal> {
    from_scientific(&format!("{value:.14e}"), value)
}

/// `(decimal) value`: 7 significant digits, as .NET takes them.
pub(crate) fn from_float(value: f32) -> CsResult<Decimal> {
    from_scientific(&format!("{value:.6e}"), f64::from(value))
}

fn from_scientific(text: &str, value: f64) -> CsResult<Decimal> {
    if !value.is_finite() || value.abs() >= 7.922_816_251_426_434e28 {
        return Err(too_large());
    }
    parse(text).map(|d| d.normalize()).ok_or_else(too_large)
}

/// Digits with an optional sign, point and exponent; more than 28 places are
/// rounded half to even. `None` when the number is too large.
pub(crate) fn parse(text: &str) -> Option<Decimal> {
    let (negative, text) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let mut places = i64::try_from(fraction.len()).ok()? - exponent;
    let mut coefficient: u128 = 0;
    let mut rest = digits.iter().map(|b| b - b'0').skip_while(|d| *d == 0);
    let mut dropped: Option<u8> = None;
    let mut sticky = false;
    let mut taken = 0;
    for digit in rest.by_ref() {
        if taken < 29 {
            let next = coefficient * 10 + u128::from(digit);
            if next < 1 << 96 {
                coefficient = next;
                taken += 1;
                continue;
            }
            taken = 29;
        }
        places -= 1;
        match dropped {
            None => dropped = Some(digit),
            Some(_) => sticky |= digit != 0,
        }
    }
    while places > 28 {
        sticky |= dropped.is_some_and(|d| d != 0);
        dropped = Some(u8::try_from(coefficient % 10).ok()?);
        coefficient /= 10;
        places -= 1;
        if coefficient == 0 && places > 28 {
            return Some(Decimal::new(0, 28));
        }
    }
    let up = match dropped {
        Some(d) if d > 5 || (d == 5 && sticky) => true,
        Some(5) => coefficient % 2 == 1,
        _ => false,
    };
    coefficient += u128::from(up);
    while places < 0 {
        coefficient = coefficient.checked_mul(10).filter(|c| *c < 1 << 96)?;
        places += 1;
    }
    if coefficient >= 1 << 96 {
        return None;
    }
    let mut value = Decimal::try_from_i128_with_scale(
        i128::try_from(coefficient).ok()?,
        u32::try_from(places).ok()?,
    )
    .ok()?;
    value.set_sign_negative(negative);
    Some(value)
}

/// The integer part, when it fits.
pub(crate) fn truncated(value: Decimal) -> i128 {
    value
        .trunc()
        .to_i128()
        .expect("a decimal's integer part has 96 bits")
}

pub(crate) fn to_double(value: Decimal) -> f64 {
    // Through text: the nearest double to the exact value.
    value
        .to_string()
        .parse()
        .expect("a decimal's text is a number")
}

pub(crate) fn to_float(value: Decimal) -> f32 {
    value
        .to_string()
        .parse()
        .expect("a decimal's text is a number")
}

/// `Math.Round(value, places, mode)`.
pub(crate) fn round(value: Decimal, places: u32, away_from_zero: bool) -> Decimal {
    let strategy = if away_from_zero {
        RoundingStrategy::MidpointAwayFromZero
    } else {
        RoundingStrategy::MidpointNearestEven
    };
    value.round_dp_with_strategy(places, strategy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn d(text: &str) -> Decimal {
        parse(text).expect("a decimal")
    }

    #[test]
    fn keeps_its_places() {
        // U-SQL 129.
        assert_eq!(
            add(d("1.10"), d("2")).map(|v| v.to_string()),
            Ok("3.10".to_owned())
        );
        assert_eq!(
            multiply(d("1.5"), d("2.50")).map(|v| v.to_string()),
            Ok("3.750".to_owned())
        );
        assert_eq!(
            divide(d("1"), d("3")).map(|v| v.to_string()),
            Ok("0.3333333333333333333333333333".to_owned())
        );
        assert_eq!(
            divide(d("10"), d("4")).map(|v| v.to_string()),
            Ok("2.5".to_owned())
        );
    }

    #[test]
    fn rounds_long_digits_half_to_even() {
        assert_eq!(
            d("0.00000000000000000000000000005").to_string(),
            "0.0000000000000000000000000000"
        );
        assert_eq!(
            d("0.00000000000000000000000000015").to_string(),
            "0.0000000000000000000000000002"
        );
        assert_eq!(
            d("79228162514264337593543950335").to_string(),
            "79228162514264337593543950335"
        );
        assert_eq!(parse("79228162514264337593543950336"), None);
        assert_eq!(
            d("1.00000000000000000000000000001").to_string(),
            "1.0000000000000000000000000000"
        );
        assert_eq!(d("-1e2").to_string(), "-100");
    }

    #[test]
    fn doubles_give_fifteen_digits() {
        assert_eq!(
            from_double(0.1 + 0.2).map(|v| v.to_string()),
            Ok("0.3".to_owned())
        );
        assert!(from_double(1e29).is_err());
        assert_eq!(from_float(0.1).map(|v| v.to_string()), Ok("0.1".to_owned()));
    }
}

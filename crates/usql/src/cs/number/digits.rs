//! The decimal digits of a number, rounded and written without a format.

use rust_decimal::Decimal;

/// A number's decimal digits: `0.d1d2d3… × 10^scale`, without leading or
/// trailing zeros; no digits at all for zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Digits {
    pub(super) negative: bool,
    pub(super) digits: Vec<u8>,
    pub(super) scale: i32,
    /// Digits after the point that the value carries: decimals only.
    pub(super) places: Option<usize>,
}

impl Digits {
    pub(super) fn trimmed(negative: bool, mut digits: Vec<u8>, mut scale: i32) -> Self {
        let leading = digits.iter().take_while(|d| **d == 0).count();
        digits.drain(..leading);
        scale -= i32::try_from(leading).expect("a number has few digits");
        while digits.last() == Some(&0) {
            digits.pop();
        }
        if digits.is_empty() {
            return Self {
                negative: false,
                digits,
                scale: 0,
                places: None,
            };
        }
        Self {
            negative,
            digits,
            scale,
            places: None,
        }
    }

    pub(super) fn of_integer(negative: bool, magnitude: u64) -> Self {
        let digits: Vec<u8> = magnitude.to_string().bytes().map(|b| b - b'0').collect();
        let scale = i32::try_from(digits.len()).expect("twenty digits at most");
        Self::trimmed(negative, digits, scale)
    }

    pub(super) fn of_decimal(value: Decimal) -> Self {
        let digits: Vec<u8> = value
            .mantissa()
            .unsigned_abs()
            .to_string()
            .bytes()
            .map(|b| b - b'0')
            .collect();
        let places = value.scale();
        let scale = i32::try_from(digits.len()).expect("29 digits at most")
            - i32::try_from(places).expect("28 places at most");
        let mut result = Self::trimmed(value.is_sign_negative(), digits, scale);
        result.places = Some(usize::try_from(places).expect("28 places at most"));
        result
    }

    /// The `precision` significant digits of a finite double.
    pub(super) fn of_double(value: f64, precision: usize) -> Self {
        Self::of_scientific(&format!("{:.*e}", precision - 1, value))
    }

    /// The `precision` significant digits of a finite float.
    pub(super) fn of_float(value: f32, precision: usize) -> Self {
        Self::of_scientific(&format!("{:.*e}", precision - 1, value))
    }

    pub(super) fn of_scientific(text: &str) -> Self {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = text
            .split_once('e')
            .expect("the scientific form has an exponent");
        let digits = mantissa
            .bytes()
            .filter(u8::is_ascii_digit)
            .map(|b| b - b'0')
            .collect();
        let exponent: i32 = exponent.parse().expect("an exponent is a number");
        Self::trimmed(negative, digits, exponent + 1)
    }

    /// Rounds half away from zero to `places` digits after the point.
    pub(super) fn round(&mut self, places: usize) {
        let keep = i64::from(self.scale) + i64::try_from(places).unwrap_or(i64::MAX);
        self.keep(keep);
    }

    /// Rounds half away from zero to `keep` significant digits.
    pub(super) fn keep(&mut self, keep: i64) {
        let Ok(keep) = usize::try_from(keep) else {
            self.digits.clear();
            self.scale = 0;
            self.negative = false;
            return;
        };
        if keep >= self.digits.len() {
            return;
        }
        let up = self.digits[keep] >= 5;
        self.digits.truncate(keep);
        if up {
            match self.digits.iter().rposition(|d| *d < 9) {
                Some(at) => {
                    self.digits.truncate(at + 1);
                    self.digits[at] += 1;
                }
                None => {
                    self.digits = vec![1];
                    self.scale += 1;
                }
            }
        }
        let Self {
            negative,
            digits,
            scale,
            ..
        } = self.clone();
        *self = Self::trimmed(negative, digits, scale);
    }

    pub(super) fn digit(&self, at: i64) -> char {
        let digit = usize::try_from(at)
            .ok()
            .and_then(|at| self.digits.get(at))
            .copied()
            .unwrap_or(0);
        char::from(b'0' + digit)
    }

    /// The digits before the point; `0` when there are none.
    pub(super) fn whole(&self) -> String {
        if self.scale <= 0 {
            return "0".to_owned();
        }
        (0..i64::from(self.scale))
            .map(|at| self.digit(at))
            .collect()
    }

    /// `places` digits after the point.
    pub(super) fn fraction(&self, places: usize) -> String {
        let start = i64::from(self.scale);
        let count = i64::try_from(places).unwrap_or(0);
        (start..start + count).map(|at| self.digit(at)).collect()
    }

    pub(super) fn sign(&self) -> &'static str {
        if self.negative { "-" } else { "" }
    }

    /// Places that the digits themselves need.
    pub(super) fn needed_places(&self) -> usize {
        let count = i64::try_from(self.digits.len()).unwrap_or(i64::MAX);
        usize::try_from(count - i64::from(self.scale)).unwrap_or(0)
    }

    /// `G`: plain, or with an exponent when the point lies beyond `precision`
    /// digits or more than four zeros follow it.
    pub(super) fn general(
        &self,
        precision: usize,
        exponent: char,
        least_exponent_digits: usize,
    ) -> String {
        if self.digits.is_empty() {
            return "0".to_owned();
        }
        let precision = i64::try_from(precision).unwrap_or(i64::MAX);
        if i64::from(self.scale) > precision || self.scale < -3 {
            let mut text = format!("{}{}", self.sign(), self.digit(0));
            if self.digits.len() > 1 {
                text.push('.');
                text.extend((1..self.digits.len()).map(|at| char::from(b'0' + self.digits[at])));
            }
            let power = self.scale - 1;
            let sign = if power < 0 { '-' } else { '+' };
            return format!(
                "{text}{exponent}{sign}{:0least_exponent_digits$}",
                power.unsigned_abs()
            );
        }
        self.plain(self.needed_places())
    }

    pub(super) fn plain(&self, places: usize) -> String {
        let sign = if self.digits.is_empty() {
            ""
        } else {
            self.sign()
        };
        let whole = self.whole();
        if places == 0 {
            format!("{sign}{whole}")
        } else {
            format!("{sign}{whole}.{}", self.fraction(places))
        }
    }
}

/// Groups of three, from the right.
pub(super) fn grouped(whole: &str) -> String {
    let mut text = String::with_capacity(whole.len() * 4 / 3);
    for (n, c) in whole.chars().enumerate() {
        if n > 0 && (whole.len() - n).is_multiple_of(3) {
            text.push(',');
        }
        text.push(c);
    }
    text
}

//! `numeric` as PostgreSQL sends it: digits of base 10,000, their weight, and a scale. Nothing
//! here is rounded.

use arrow::array::ArrowNativeTypeOp;
use arrow::datatypes::ArrowNativeType;

use super::values::Reader;

/// A value, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Numeric<'a> {
    Number(Number<'a>),
    NotANumber,
    Infinity,
    NegativeInfinity,
}

/// A finite value.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Number<'a> {
    negative: bool,
    /// The power of 10,000 that the first digit counts.
    weight: i32,
    /// Digits behind the point that are shown.
    scale: usize,
    /// Each in two bytes.
    digits: &'a [u8],
}

impl<'a> Numeric<'a> {
    /// Reads a value; `None` for one that is malformed.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        let count = usize::try_from(reader.i16()?).ok()?;
        let weight = reader.i16()?;
        let sign = u16::from_be_bytes(reader.take()?);
        let scale = usize::from(u16::from_be_bytes(reader.take()?));
        let digits = reader.0;
        if digits.len() != count * 2 {
            return None;
        }
        Some(match sign {
            0x0000 | 0x4000 => Self::Number(Number {
                negative: sign == 0x4000,
                weight: i32::from(weight),
                scale,
                digits,
            }),
            0xC000 => Self::NotANumber,
            0xD000 => Self::Infinity,
            0xF000 => Self::NegativeInfinity,
            _ => return None,
        })
    }
}

impl std::fmt::Display for Numeric<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => f.write_str(&number.text()),
            Self::NotANumber => f.write_str("NaN"),
            Self::Infinity => f.write_str("Infinity"),
            Self::NegativeInfinity => f.write_str("-Infinity"),
        }
    }
}

impl Number<'_> {
    fn digits(&self) -> impl ExactSizeIterator<Item = u16> {
        self.digits
            .chunks_exact(2)
            .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
    }

    /// The digit that counts this power of 10,000.
    fn digit(&self, power: i32) -> u16 {
        usize::try_from(self.weight - power)
            .ok()
            .and_then(|at| self.digits().nth(at))
            .unwrap_or(0)
    }

    /// The value as PostgreSQL writes it.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        if self.negative {
            text.push('-');
        }
        if self.weight < 0 {
            text.push('0');
        } else {
            text.push_str(&self.digit(self.weight).to_string());
            for power in (0..self.weight).rev() {
                text.push_str(&format!("{:04}", self.digit(power)));
            }
        }
        if self.scale > 0 {
            text.push('.');
            let end = text.len() + self.scale;
            let mut power = -1;
            while text.len() < end {
                text.push_str(&format!("{:04}", self.digit(power)));
                power -= 1;
            }
            text.truncate(end);
        }
        text
    }

    /// The value times ten to the power of `scale`; `None` where it has more digits behind the
    /// point, or more digits than the type holds.
    pub(super) fn unscaled<T>(&self, scale: u32) -> Option<T>
    where
        T: ArrowNativeTypeOp + ArrowNativeType,
    {
        let number = |value: usize| T::from_usize(value);
        let ten_to = |power: u32| -> Option<T> {
            let mut product = T::ONE;
            for _ in 0..power {
                product = product.mul_checked(number(10)?).ok()?;
            }
            Some(product)
        };
        let mut sum = T::ZERO;
        // The power of ten that the last digit of `sum` counts, above that of the result.
        let mut above = 4 * (self.weight + 1) + i32::try_from(scale).ok()?;
        for digit in self.digits() {
            above -= 4;
            let mut digit = usize::from(digit);
            let mut shift = 4;
            if above < 0 {
                // Of the last digit only its first decimal places can belong to the result.
                shift = u32::try_from(4 + above).unwrap_or(0);
                let cut = 10usize.checked_pow(above.unsigned_abs().min(5))?;
                if digit % cut != 0 {
                    return None;
                }
                digit /= cut;
                above = 0;
            }
            sum = sum.mul_checked(ten_to(shift)?).ok()?;
            sum = sum.add_checked(number(digit)?).ok()?;
        }
        if !sum.is_zero() {
            sum = sum
                .mul_checked(ten_to(u32::try_from(above).unwrap_or(0))?)
                .ok()?;
        }
        if self.negative {
            sum = T::ZERO.sub_checked(sum).ok()?;
        }
        Some(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::datatypes::i256;

    fn bytes(weight: i16, sign: u16, scale: u16, digits: &[u16]) -> Vec<u8> {
        let count = u16::try_from(digits.len()).unwrap();
        let mut bytes = count.to_be_bytes().to_vec();
        bytes.extend(weight.to_be_bytes());
        bytes.extend(sign.to_be_bytes());
        bytes.extend(scale.to_be_bytes());
        for digit in digits {
            bytes.extend(digit.to_be_bytes());
        }
        bytes
    }

    /// Weight, sign, scale and digits; the text; a column's scale and what it holds.
    type Case = (
        i16,
        u16,
        u16,
        &'static [u16],
        &'static str,
        u32,
        Option<i128>,
    );

    /// storage DB-03.
    #[test]
    fn numbers_keep_every_digit() {
        let cases: [Case; 9] = [
            (0, 0, 2, &[123, 4500], "123.45", 2, Some(12_345)),
            (0, 0x4000, 2, &[123, 4500], "-123.45", 4, Some(-1_234_500)),
            (0, 0, 0, &[], "0", 3, Some(0)),
            (-1, 0, 4, &[1], "0.0001", 4, Some(1)),
            (-2, 0, 6, &[100], "0.000001", 6, Some(1)),
            (2, 0, 0, &[1], "100000000", 0, Some(100_000_000)),
            (
                1,
                0,
                3,
                &[12, 3456, 7890],
                "123456.789",
                3,
                Some(123_456_789),
            ),
            // More behind the point than the column has.
            (0, 0, 3, &[1, 2340], "1.234", 2, None),
            (
                9,
                0,
                0,
                &[9999],
                "9999000000000000000000000000000000000000",
                0,
                None,
            ),
        ];
        for (weight, sign, scale, digits, text, column, unscaled) in cases {
            let bytes = bytes(weight, sign, scale, digits);
            let Some(Numeric::Number(number)) = Numeric::read(&bytes) else {
                panic!("{text}");
            };
            assert_eq!(number.text(), text);
            assert_eq!(number.unscaled::<i128>(column), unscaled, "{text}");
            if let Some(unscaled) = unscaled {
                let wide = number.unscaled::<i256>(column);
                assert_eq!(wide, Some(i256::from_i128(unscaled)), "{text}");
            }
        }
        let not_finite = [(0xC000, "NaN"), (0xD000, "Infinity"), (0xF000, "-Infinity")];
        for (sign, text) in not_finite {
            let bytes = bytes(0, sign, 0, &[]);
            assert_eq!(Numeric::read(&bytes).unwrap().to_string(), text);
        }
        assert_eq!(Numeric::read(&[0, 1, 0, 0, 0, 0, 0, 0]), None);
    }
}

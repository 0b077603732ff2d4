//! Floats as Python and NumPy print them: the shortest digits that read back as the same number.

use arrow::datatypes::ArrowNativeType;

/// Appends a number as pandas writes it, `nan` excepted: that is a missing value.
pub(super) trait WriteFloat: ArrowNativeType {
    fn write(self, out: &mut Vec<u8>);
    fn is_missing(self) -> bool;
}

impl WriteFloat for f64 {
    fn write(self, out: &mut Vec<u8>) {
        let magnitude = self.abs();
        let plain = (1e-4..1e16).contains(&magnitude) || magnitude == 0.0;
        shortest(zmij::Buffer::new().format(self), plain, out);
    }

    fn is_missing(self) -> bool {
        self.is_nan()
    }
}

// NumPy changes to an exponent at as many digits as a type surely holds: 15 and one for double,
// six for single, three for half precision.
impl WriteFloat for f32 {
    fn write(self, out: &mut Vec<u8>) {
        let magnitude = f64::from(self.abs());
        let plain = (1e-4..1e6).contains(&magnitude) || magnitude == 0.0;
        shortest(zmij::Buffer::new().format(self), plain, out);
    }

    fn is_missing(self) -> bool {
        self.is_nan()
    }
}

impl WriteFloat for half::f16 {
    fn write(self, out: &mut Vec<u8>) {
        let magnitude = self.to_f64().abs();
        let plain = (1e-4..1e3).contains(&magnitude) || magnitude == 0.0;
        shortest(&shortest_half(self), plain, out);
    }

    fn is_missing(self) -> bool {
        self.is_nan()
    }
}

/// Five digits tell every half-precision number from the next.
fn shortest_half(value: half::f16) -> String {
    let wide = value.to_f32();
    (0..5)
        .map(|places| format!("{wide:.places$e}"))
        .find(|text| {
            text.parse()
                .is_ok_and(|read: f32| half::f16::from_f32(read) == value)
        })
        .unwrap_or_else(|| wide.to_string())
}

/// Appends `text`, the shortest digits in any notation, in plain notation or with an exponent.
fn shortest(text: &str, plain: bool, out: &mut Vec<u8>) {
    let (sign, number) = match text.strip_prefix('-') {
        Some(number) => ("-", number),
        None => ("", text),
    };
    let has_exponent = number.contains('e');
    if number.starts_with('i') || plain && !has_exponent {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    let (number, exponent) = number.split_once('e').unwrap_or((number, "0"));
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let places = |digits: &str| i32::try_from(digits.len()).unwrap_or_default();

    let all = format!("{whole}{fraction}");
    let significant = all.trim_start_matches('0');
    // of the first significant digit
    let exponent = exponent + places(whole) - 1 - (places(&all) - places(significant));
    let digits = match significant.trim_end_matches('0') {
        "" => "0",
        digits => digits,
    };
    out.extend_from_slice(sign.as_bytes());
    if plain {
        plain_notation(digits, exponent, out);
    } else {
        let (first, rest) = digits.split_at(1);
        out.extend_from_slice(first.as_bytes());
        if !rest.is_empty() {
            out.push(b'.');
            out.extend_from_slice(rest.as_bytes());
        }
        let sign = if exponent < 0 { '-' } else { '+' };
        out.extend_from_slice(format!("e{sign}{:02}", exponent.unsigned_abs()).as_bytes());
    }
}

/// Digits, the first of which stands for 10^`exponent`.
fn plain_notation(digits: &str, exponent: i32, out: &mut Vec<u8>) {
    match usize::try_from(exponent) {
        Ok(exponent) => {
            let whole = exponent + 1;
            let (left, right) = digits.split_at(whole.min(digits.len()));
            out.extend_from_slice(left.as_bytes());
            out.extend(std::iter::repeat_n(b'0', whole - left.len()));
            out.push(b'.');
            out.extend_from_slice(if right.is_empty() {
                b"0"
            } else {
                right.as_bytes()
            });
        }
        Err(_) => {
            out.extend_from_slice(b"0.");
            let zeros = usize::try_from(-1 - exponent).unwrap_or_default();
            out.extend(std::iter::repeat_n(b'0', zeros));
            out.extend_from_slice(digits.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use half::f16;
    use proptest::prelude::*;

    use super::*;

    fn text(value: impl WriteFloat) -> String {
        let mut out = Vec::new();
        value.write(&mut out);
        String::from_utf8(out).unwrap()
    }

    // studio S-110; seen with pandas 2.2.3 on NumPy 2.4.6
    #[test]
    fn doubles() {
        for (value, expected) in [
            (0.1, "0.1"),
            (1.0, "1.0"),
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1e16, "1e+16"),
            (1e15, "1000000000000000.0"),
            (123_456_789_012_345_680.0, "1.2345678901234568e+17"),
            (1e-4, "0.0001"),
            (1e-5, "1e-05"),
            (1.5e-7, "1.5e-07"),
            (5e-324, "5e-324"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (1e22, "1e+22"),
            (1e100, "1e+100"),
            (9_999_999_999_999_998.0, "9999999999999998.0"),
            (0.000_123_45, "0.00012345"),
            (16_777_216.0, "16777216.0"),
            (-2.5, "-2.5"),
            (f64::MAX, "1.7976931348623157e+308"),
        ] {
            assert_eq!(text(value), expected);
        }
    }

    #[test]
    fn singles() {
        for (value, expected) in [
            (0.1_f32, "0.1"),
            (1.0 / 3.0, "0.33333334"),
            (16_777_216.0, "1.6777216e+07"),
            (1e7, "1e+07"),
            (9_999_999.0, "9.999999e+06"),
            (999_999.94, "999999.94"),
            (123_456.79, "123456.79"),
            (1e6, "1e+06"),
            (1e-4, "1e-04"),
            (1.5e-4, "0.00015"),
            (1e-45, "1e-45"),
            (3.4e38, "3.4e+38"),
            (100.0, "100.0"),
            (-0.0, "-0.0"),
            (0.000_999_99, "0.00099999"),
        ] {
            assert_eq!(text(value), expected);
        }
    }

    #[test]
    fn halves() {
        for (value, expected) in [
            (0.1, "0.1"),
            (1.0 / 3.0, "0.3333"),
            (65504.0, "6.55e+04"),
            (1000.0, "1e+03"),
            (2048.0, "2.048e+03"),
            (1e-4, "0.0001"),
            (6e-8, "6e-08"),
            (1.0, "1.0"),
            (999.5, "999.5"),
            (512.0, "512.0"),
            (1024.0, "1.024e+03"),
            (0.0, "0.0"),
            (f32::INFINITY, "inf"),
        ] {
            assert_eq!(text(f16::from_f32(value)), expected);
        }
    }

    #[test]
    fn every_half_reads_back() {
        for bits in 0..=u16::MAX {
            let value = f16::from_bits(bits);
            if !value.is_nan() {
                let read: f32 = text(value).parse().unwrap();
                assert_eq!(f16::from_f32(read).to_bits(), bits);
            }
        }
    }

    proptest! {
        #[test]
        fn floats_read_back(double in any::<f64>(), single in any::<f32>()) {
            let read: f64 = text(double).parse().unwrap();
            prop_assert_eq!(read.to_bits(), double.to_bits());
            let read: f32 = text(single).parse().unwrap();
            prop_assert_eq!(read.to_bits(), single.to_bits());
        }
    }
}

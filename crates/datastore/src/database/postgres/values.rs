//! Values as PostgreSQL sends them in its binary format, big-endian; dates count from 2000.

use arrow::datatypes::IntervalMonthDayNano;
use tokio_postgres::types::{FromSql, Type};

/// From 1970-01-01 to 2000-01-01.
const DAYS: i32 = 10_957;
const MICROS: i64 = 946_684_800_000_000;

/// The bytes of a value of any type.
pub(super) struct Raw<'a>(pub(super) &'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// Reads from the front; `None` where too little is left.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*first)
    }

    pub(super) fn slice(&mut self, length: usize) -> Option<&'a [u8]> {
        let (first, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(first)
    }

    pub(super) fn i16(&mut self) -> Option<i16> {
        self.take().map(i16::from_be_bytes)
    }

    pub(super) fn i32(&mut self) -> Option<i32> {
        self.take().map(i32::from_be_bytes)
    }

    pub(super) fn i64(&mut self) -> Option<i64> {
        self.take().map(i64::from_be_bytes)
    }
}

/// A value of exactly this many bytes.
pub(super) fn fixed<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.try_into().ok()
}

/// Days since 1970; `None` for the two infinities.
pub(super) fn date(bytes: &[u8]) -> Option<i32> {
    let days = i32::from_be_bytes(fixed(bytes)?);
    let finite = days != i32::MAX && days != i32::MIN;
    finite.then(|| days.checked_add(DAYS)).flatten()
}

/// Microseconds since 1970; `None` for the two infinities.
pub(super) fn moment(bytes: &[u8]) -> Option<i64> {
    let micros = i64::from_be_bytes(fixed(bytes)?);
    let finite = micros != i64::MAX && micros != i64::MIN;
    finite.then(|| micros.checked_add(MICROS)).flatten()
}

/// Microseconds since midnight; `None` for the midnight at the end of a day.
pub(super) fn time(bytes: &[u8]) -> Option<i64> {
    let micros = i64::from_be_bytes(fixed(bytes)?);
    (0..86_400_000_000).contains(&micros).then_some(micros)
}

/// Months, days and nanoseconds.
pub(super) fn interval(bytes: &[u8]) -> Option<IntervalMonthDayNano> {
    let mut reader = Reader(bytes);
    let nanos = reader.i64()?.checked_mul(1000)?;
    let days = reader.i32()?;
    Some(IntervalMonthDayNano::new(reader.i32()?, days, nanos))
}

/// The elements of an array of one dimension.
pub(super) fn elements(bytes: &[u8]) -> Result<Vec<Option<&[u8]>>, &'static str> {
    const MALFORMED: &str = "a malformed array";
    let mut reader = Reader(bytes);
    let dimensions = reader.i32().ok_or(MALFORMED)?;
    // Whether there are nulls, and the type of the elements, which the column says too.
    reader.take::<8>().ok_or(MALFORMED)?;
    if dimensions == 0 {
        return Ok(Vec::new());
    }
    if dimensions != 1 {
        return Err("an array of several dimensions");
    }
    let length = reader.i32().ok_or(MALFORMED)?;
    // Where the indices begin: lists begin where they begin.
    reader.i32().ok_or(MALFORMED)?;
    (0..length)
        .map(|_| {
            let length = reader.i32().ok_or(MALFORMED)?;
            match usize::try_from(length) {
                Ok(length) => reader.slice(length).map(Some).ok_or(MALFORMED),
                Err(_) => Ok(None),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// storage DB-04.
    #[test]
    fn times_count_from_1970_and_infinity_is_none() {
        assert_eq!(date(&0i32.to_be_bytes()), Some(10_957));
        assert_eq!(date(&(-10_957i32).to_be_bytes()), Some(0));
        assert_eq!(moment(&(-MICROS).to_be_bytes()), Some(0));
        for (days, micros) in [(i32::MAX, i64::MAX), (i32::MIN, i64::MIN)] {
            assert_eq!(date(&days.to_be_bytes()), None);
            assert_eq!(moment(&micros.to_be_bytes()), None);
        }
        assert_eq!(time(&86_399_999_999i64.to_be_bytes()), Some(86_399_999_999));
        assert_eq!(time(&86_400_000_000i64.to_be_bytes()), None);
        assert_eq!(date(&[0]), None);
    }

    /// storage DB-04.
    #[test]
    fn arrays_have_one_dimension() {
        let words = |words: &[i32]| -> Vec<u8> {
            words.iter().flat_map(|word| word.to_be_bytes()).collect()
        };
        assert_eq!(elements(&words(&[0, 0, 23])), Ok(Vec::new()));
        let two = words(&[1, 1, 23, 2, 1, 4, 7, -1]);
        let seven = 7i32.to_be_bytes();
        assert_eq!(elements(&two), Ok(vec![Some(&seven[..]), None]));
        assert!(elements(&words(&[2, 0, 23, 1, 1, 1, 1, 4, 7])).is_err());
        assert!(elements(&words(&[1, 0, 23, 2, 1, 4, 7])).is_err());
    }
}

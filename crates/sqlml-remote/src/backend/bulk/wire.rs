//! Values as bytes of the wire. Knows no column.

use super::column::DAYS_FROM_0001_TO_1970;

/// A value with its length in one byte. Lengths here are at most 16.
pub(super) fn sized(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(u8::try_from(bytes.len()).unwrap_or(0));
    out.extend_from_slice(bytes);
}

pub(super) fn low_bytes(out: &mut Vec<u8>, value: i128, bytes: usize) {
    out.extend_from_slice(&value.to_le_bytes()[..bytes]);
}

pub(super) fn date(out: &mut Vec<u8>, days_from_1970: i64) {
    low_bytes(out, i128::from(days_from_1970 + DAYS_FROM_0001_TO_1970), 3);
}

pub(super) fn time_size(scale: u8) -> u8 {
    match scale {
        0..=2 => 3,
        3..=4 => 4,
        _ => 5,
    }
}

/// The time of day in units of `scale` digits; finer digits are cut, so that no time becomes one of the next day.
pub(super) fn time(out: &mut Vec<u8>, nanos: i128, scale: u8) {
    let unit = 10_i128.pow(9 - u32::from(scale.min(7)));
    low_bytes(out, nanos / unit, usize::from(time_size(scale)));
}

/// Leaves room for the length of a value; returns where.
pub(super) fn begin(out: &mut Vec<u8>, plp: bool) -> usize {
    let at = out.len();
    out.resize(at + if plp { 12 } else { 2 }, 0);
    at
}

/// Writes the length of the value that began at `at`; values without a limit are one chunk.
pub(super) fn end(out: &mut Vec<u8>, at: usize, plp: bool) {
    if plp {
        let length = out.len() - at - 12;
        out[at..at + 8].copy_from_slice(&u64::try_from(length).unwrap_or(u64::MAX).to_le_bytes());
        if length == 0 {
            // No chunk at all: only the terminator, which the room of the first chunk's length is.
            return;
        }
        out[at + 8..at + 12]
            .copy_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
        out.extend_from_slice(&[0; 4]);
    } else {
        // Lengths were checked against the column, which has at most 8000 bytes.
        let length = u16::try_from(out.len() - at - 2).unwrap_or(u16::MAX - 1);
        out[at..at + 2].copy_from_slice(&length.to_le_bytes());
    }
}

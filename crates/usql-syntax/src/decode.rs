//! The bytes of a script file as text.

use std::fmt;

/// The bytes are not text in a known encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeError {
    /// Offset of the first byte that is not text.
    pub offset: usize,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the script is neither UTF-8 nor marked UTF-16: bad byte at offset {}",
            self.offset
        )
    }
}

impl std::error::Error for DecodeError {}

/// Decodes a script file: UTF-8 with or without byte-order mark, or UTF-16
/// with one.
///
/// # Errors
/// When the bytes are not valid in that encoding.
pub fn decode_script(bytes: &[u8]) -> Result<String, DecodeError> {
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => utf8(rest, 3),
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        _ => utf8(bytes, 0),
    }
}

fn utf8(bytes: &[u8], skipped: usize) -> Result<String, DecodeError> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => Err(DecodeError {
            offset: skipped + error.valid_up_to(),
        }),
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, DecodeError> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let mut text = String::with_capacity(pairs.len());
    let mut units = 0;
    for decoded in char::decode_utf16(pairs.iter().map(|&pair| unit(pair))) {
        let c = decoded.map_err(|_| DecodeError {
            offset: 2 + 2 * units,
        })?;
        units += c.len_utf16();
        text.push(c);
    }
    if rest.is_empty() {
        Ok(text)
    } else {
        Err(DecodeError {
            offset: bytes.len() + 1,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_marks() {
        assert_eq!(decode_script(b"\xEF\xBB\xBF@a").as_deref(), Ok("@a"));
        assert_eq!(
            decode_script(b"\xFF\xFEa\0\xE4\0").as_deref(),
            Ok("a\u{e4}")
        );
        assert_eq!(decode_script(b"\xFE\xFF\0a").as_deref(), Ok("a"));
    }

    #[test]
    fn names_the_bad_byte() {
        assert_eq!(decode_script(b"ab\xFFc"), Err(DecodeError { offset: 2 }));
        assert_eq!(
            decode_script(b"\xFF\xFEa\0\x00\xD8b\0"),
            Err(DecodeError { offset: 4 })
        );
        assert_eq!(decode_script(b"\xFF\xFEa"), Err(DecodeError { offset: 2 }));
    }
}

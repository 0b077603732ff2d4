//! Bytes to text, strictly: what is not valid in its character set is an error with its place,
//! never a replacement character.

use encoding_rs::{DecoderResult, Encoding, UTF_8};

use crate::{Error, Result};

/// Decodes `bytes` by the named character set, else by a byte order mark, else as UTF-8. A byte
/// order mark stays in the text as U+FEFF, as the original client leaves it.
pub(crate) fn decode(bytes: &[u8], charset: Option<&str>) -> Result<String> {
    let encoding = match charset {
        Some(label) => check_charset(label)?,
        None => Encoding::for_bom(bytes).map_or(UTF_8, |(encoding, _)| encoding),
    };
    if encoding == UTF_8 {
        return match std::str::from_utf8(bytes) {
            Ok(text) => Ok(text.to_owned()),
            Err(error) => {
                let valid = String::from_utf8_lossy(&bytes[..error.valid_up_to()]).into_owned();
                Err(invalid(&valid, encoding))
            }
        };
    }
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let capacity = decoder
        .max_utf8_buffer_length_without_replacement(bytes.len())
        .unwrap_or(bytes.len());
    let mut text = String::with_capacity(capacity);
    match decoder.decode_to_string_without_replacement(bytes, &mut text, true) {
        (DecoderResult::InputEmpty, _) => Ok(text),
        (DecoderResult::Malformed(..) | DecoderResult::OutputFull, _) => {
            Err(invalid(&text, encoding))
        }
    }
}

/// The character set of this name.
pub(crate) fn check_charset(label: &str) -> Result<&'static Encoding> {
    Encoding::for_label(label.as_bytes()).ok_or_else(|| {
        Error::argument("charset", format!("`{label}` is not a known character set"))
    })
}

/// The error behind the last valid character.
fn invalid(valid: &str, encoding: &'static Encoding) -> Error {
    let line_start = valid.rfind('\n').map_or(0, |at| at + 1);
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    Error::Parse {
        line: count(valid.matches('\n').count()) + 1,
        column: count(valid[line_start..].chars().count()) + 1,
        reason: format!("the bytes here are not {}", encoding.name()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf8_is_strict_and_keeps_its_mark() {
        // studio 2.3, S-040
        assert_eq!(
            decode("\u{feff}é".as_bytes(), None).expect("valid"),
            "\u{feff}é"
        );
        let error = decode(b"a\nb\xc3\xa9\xff", None).expect_err("invalid");
        match &error {
            Error::Parse {
                line,
                column,
                reason,
            } => {
                assert_eq!((*line, *column), (2, 3));
                assert!(reason.contains("UTF-8"), "{reason}");
            }
            other => panic!("{other}"),
        }
        assert!(error.hint().is_some_and(|hint| hint.contains("bytes")));
    }

    #[test]
    fn mark_or_argument_choose_the_character_set() {
        assert_eq!(
            decode(b"\xff\xfea\0\xe9\0", None).expect("valid"),
            "\u{feff}aé"
        );
        assert_eq!(
            decode(b"caf\xe9", Some("ISO-8859-1")).expect("valid"),
            "café"
        );
        assert!(matches!(
            decode(b"", Some("klingon")),
            Err(Error::InvalidArgument {
                name: "charset",
                ..
            })
        ));
        assert!(decode(b"\xff\xfe\x00", None).is_err());
        assert!(decode(b"\x00\xd8a\0", Some("utf-16le")).is_err());
    }
}

//! Collations and the one single-byte code page behind them, Windows-1252.

use crate::{Reader, Result};

/// How a `varchar` column compares and which code page its bytes are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Collation([u8; 5]);

impl Collation {
    /// `SQL_Latin1_General_CP1_CI_AS`: case-insensitive, code page 1252.
    pub const LATIN1: Self = Self([0x09, 0x04, 0xD0, 0x00, 0x34]);

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self(reader.array()?))
    }

    /// The five bytes on the wire.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 5] {
        self.0
    }

    /// Whether the bytes of this collation's `varchar` are UTF-8.
    #[must_use]
    pub fn is_utf8(self) -> bool {
        // Bit 26 of the 32-bit info: the UTF-8 flag.
        self.0[3] & 0x04 != 0
    }

    /// The text behind `varchar` bytes.
    #[must_use]
    pub fn decode(self, bytes: &[u8]) -> String {
        if self.is_utf8() {
            return String::from_utf8_lossy(bytes).into_owned();
        }
        bytes.iter().map(|byte| decode_1252(*byte)).collect()
    }

    /// The `varchar` bytes for a text; a character outside the code page becomes `?`, as in the product.
    #[must_use]
    pub fn encode(self, text: &str) -> Vec<u8> {
        if self.is_utf8() {
            return text.as_bytes().to_vec();
        }
        text.chars()
            .map(|character| encode_1252(character).unwrap_or(b'?'))
            .collect()
    }
}

/// The characters of 0x80 to 0x9F; the five unassigned bytes map to the control characters of the same number.
const HIGH: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8D}', 'Ž', '\u{8F}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9D}', 'ž', 'Ÿ',
];

fn decode_1252(byte: u8) -> char {
    match byte {
        0x80..=0x9F => HIGH[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

fn encode_1252(character: char) -> Option<u8> {
    if let Some(at) = HIGH.iter().position(|&high| high == character) {
        return u8::try_from(at + 0x80).ok();
    }
    u8::try_from(u32::from(character))
        .ok()
        .filter(|byte| !(0x80..=0x9F).contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// sqlml C57: `中` becomes `?`.
    #[test]
    fn characters_outside_the_code_page_become_question_marks() {
        assert_eq!(Collation::LATIN1.encode("a€中é"), [b'a', 0x80, b'?', 0xE9]);
        assert_eq!(Collation::LATIN1.decode(&[b'a', 0x80, 0xE9]), "a€é");
    }

    #[test]
    fn every_byte_survives_the_round_trip() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(
            Collation::LATIN1.encode(&Collation::LATIN1.decode(&all)),
            all
        );
    }
}

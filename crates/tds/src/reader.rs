//! A bounds-checked reader over a message.

use crate::{Error, Result};

/// Reads numbers and strings from the front of a slice; never past its end.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

macro_rules! integers {
    ($($name:ident: $type:ty, $from:ident, $doc:literal;)*) => {$(
        #[doc = $doc]
        ///
        /// # Errors
        /// [`Error::Truncated`] at the end of the data.
        pub fn $name(&mut self) -> Result<$type> {
            Ok(<$type>::$from(self.array()?))
        }
    )*};
}

impl<'a> Reader<'a> {
    /// A reader at the start of `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What is left to read.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Whether nothing is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next `count` bytes.
    ///
    /// # Errors
    /// [`Error::Truncated`] when fewer are left.
    pub fn bytes(&mut self, count: usize) -> Result<&'a [u8]> {
        match self.rest.split_at_checked(count) {
            Some((taken, rest)) => {
                self.rest = rest;
                Ok(taken)
            }
            None => Err(Error::Truncated {
                needed: count,
                left: self.rest.len(),
            }),
        }
    }

    /// The next `N` bytes as an array.
    ///
    /// # Errors
    /// [`Error::Truncated`] when fewer are left.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let bytes = self.bytes(N)?;
        Ok(bytes.try_into().expect("bytes(N) has length N"))
    }

    integers! {
        u8: u8, from_le_bytes, "One byte.";
        u16: u16, from_le_bytes, "A little-endian 16-bit number.";
        u16_be: u16, from_be_bytes, "A big-endian 16-bit number.";
        i16: i16, from_le_bytes, "A little-endian signed 16-bit number.";
        u32: u32, from_le_bytes, "A little-endian 32-bit number.";
        i32: i32, from_le_bytes, "A little-endian signed 32-bit number.";
        u64: u64, from_le_bytes, "A little-endian 64-bit number.";
        i64: i64, from_le_bytes, "A little-endian signed 64-bit number.";
    }

    /// A length as the size of something in memory.
    ///
    /// # Errors
    /// [`Error::Truncated`] at the end of the data.
    pub fn len_u32(&mut self) -> Result<usize> {
        usize::try_from(self.u32()?).map_err(|_| Error::Invalid("length"))
    }

    /// `characters` UTF-16 code units; a lone surrogate becomes the replacement character.
    ///
    /// # Errors
    /// [`Error::Truncated`] when fewer are left.
    pub fn utf16(&mut self, characters: usize) -> Result<String> {
        let bytes = characters.checked_mul(2).ok_or(Error::Invalid("length"))?;
        decode_utf16(self.bytes(bytes)?)
    }

    /// A string with its length in characters in front, as one byte (`B_VARCHAR`).
    ///
    /// # Errors
    /// [`Error::Truncated`] at the end of the data.
    pub fn b_varchar(&mut self) -> Result<String> {
        let characters = self.u8()?;
        self.utf16(characters.into())
    }

    /// A string with its length in characters in front, as two bytes (`US_VARCHAR`).
    ///
    /// # Errors
    /// [`Error::Truncated`] at the end of the data.
    pub fn us_varchar(&mut self) -> Result<String> {
        let characters = self.u16()?;
        self.utf16(characters.into())
    }
}

/// UTF-16LE bytes as text; a lone surrogate becomes the replacement character.
///
/// # Errors
/// [`Error::Invalid`] for an odd number of bytes.
pub(crate) fn decode_utf16(bytes: &[u8]) -> Result<String> {
    if !bytes.len().is_multiple_of(2) {
        return Err(Error::Invalid("UTF-16 text"));
    }
    let units = bytes
        .chunks_exact(2)
        .map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    Ok(char::decode_utf16(units)
        .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_read_past_the_end() {
        let mut reader = Reader::new(&[1, 2, 3]);
        assert_eq!(reader.u16().unwrap(), 0x0201);
        assert_eq!(reader.u16(), Err(Error::Truncated { needed: 2, left: 1 }));
        assert_eq!(reader.rest(), [3]);
        assert!(reader.utf16(usize::MAX).is_err());
    }

    #[test]
    fn strings_are_utf16() {
        let mut reader = Reader::new(&[2, b'h', 0, 0xE9, 0, 0x3D, 0xD8]);
        assert_eq!(reader.b_varchar().unwrap(), "hé");
        assert_eq!(reader.utf16(1).unwrap(), "\u{FFFD}");
    }
}

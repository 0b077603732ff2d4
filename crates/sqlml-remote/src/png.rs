//! A picture that came back, checked to be one.

use std::{fmt, path::Path};

use crate::error::{Error, Result};

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// A PNG picture.
#[derive(Clone, PartialEq, Eq)]
pub struct Png {
    bytes: Vec<u8>,
    width: u32,
    height: u32,
}

impl Png {
    /// Checks the signature, the header, and that the picture is not cut off.
    ///
    /// # Errors
    /// [`Error::InvalidData`] saying what is not there.
    pub fn new(bytes: Vec<u8>) -> Result<Self> {
        let invalid =
            |what: &str| Error::InvalidData(format!("the bytes are no PNG picture: {what}"));
        let Some(chunks) = bytes.strip_prefix(SIGNATURE) else {
            return Err(invalid("the signature is missing"));
        };
        let number = |at: usize| {
            let bytes = chunks.get(at..at + 4)?;
            Some(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
        };
        if chunks.get(4..8) != Some(b"IHDR") {
            return Err(invalid("the header is missing"));
        }
        let (Some(width), Some(height)) = (number(8), number(12)) else {
            return Err(invalid("the header is cut off"));
        };
        if width == 0 || height == 0 {
            return Err(invalid("it has no pixels"));
        }
        let mut at = 0;
        loop {
            let length = number(at)
                .and_then(|length| usize::try_from(length).ok())
                .ok_or_else(|| invalid("it is cut off"))?;
            let kind = chunks
                .get(at + 4..at + 8)
                .ok_or_else(|| invalid("it is cut off"))?;
            at = at.saturating_add(length).saturating_add(12);
            if at > chunks.len() {
                return Err(invalid("it is cut off"));
            }
            if kind == b"IEND" {
                break;
            }
        }
        Ok(Self {
            bytes,
            width,
            height,
        })
    }

    /// Width and height in pixels.
    #[must_use]
    pub fn dimensions(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// The bytes of the file.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Writes the file.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        std::fs::write(path, &self.bytes).map_err(|source| Error::Io {
            path: path.to_owned(),
            source,
        })
    }
}

impl fmt::Debug for Png {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Png({} x {}, {} bytes)",
            self.width,
            self.height,
            self.bytes.len()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture() -> Vec<u8> {
        let mut bytes = SIGNATURE.to_vec();
        bytes.extend_from_slice(
            b"\0\0\0\x0dIHDR\0\0\0\x03\0\0\0\x02\x08\x02\0\0\0crc!\0\0\0\0IENDcrc!",
        );
        bytes
    }

    #[test]
    fn c20_a_picture_has_signature_header_and_end() {
        assert_eq!(Png::new(picture()).unwrap().dimensions(), (3, 2));
        for length in 0..picture().len() {
            assert!(Png::new(picture()[..length].to_vec()).is_err(), "{length}");
        }
    }
}

//! The byte ranges of reads and writes.

use std::ops::Range;

use super::error::{Code, Result, StorageError};

/// A range as asked for, before the length of the object is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ByteRange {
    start: u64,
    /// Inclusive; `None` up to the end.
    end: Option<u64>,
}

impl ByteRange {
    /// Reads `bytes=a-b` or `bytes=a-`. Anything else, such as a suffix or several
    /// ranges, is `None`: the storage services ignore it and answer in full.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (start, end) = text.trim().strip_prefix("bytes=")?.split_once('-')?;
        let start = start.parse().ok()?;
        let end = match end {
            "" => None,
            end => Some(end.parse().ok().filter(|end| *end >= start)?),
        };
        Some(Self { start, end })
    }

    /// The range, if it names its end.
    pub(crate) fn closed(self) -> Option<Range<u64>> {
        Some(self.start..self.end?.checked_add(1)?)
    }

    /// The part of an object of `length` bytes, its end cut at the object's.
    ///
    /// # Errors
    /// A start at or behind the end.
    pub(crate) fn resolve(self, length: u64) -> Result<Range<u64>> {
        if self.start >= length {
            return Err(StorageError::from(Code::InvalidRange)
                .with_header("content-range", format!("bytes */{length}")));
        }
        let end = self
            .end
            .map_or(length, |end| end.saturating_add(1).min(length));
        Ok(self.start..end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_cut_at_the_end() {
        let range = |text| ByteRange::parse(text).unwrap();
        assert_eq!(range("bytes=0-3").resolve(10).unwrap(), 0..4);
        assert_eq!(range("bytes=5-").resolve(10).unwrap(), 5..10);
        assert_eq!(range("bytes=5-500").resolve(10).unwrap(), 5..10);
        assert_eq!(range("bytes=9-9").resolve(10).unwrap(), 9..10);
        for text in ["bytes=10-", "bytes=10-20"] {
            let error = range(text).resolve(10).unwrap_err();
            assert_eq!(error.code(), Code::InvalidRange);
            assert_eq!(error.headers()[0].1, "bytes */10");
        }
        assert!(range("bytes=0-").resolve(0).is_err());
    }

    #[test]
    fn other_forms_are_no_range() {
        for text in [
            "",
            "bytes=",
            "bytes=-5",
            "bytes=5-4",
            "bytes=0-1,3-4",
            "items=0-1",
        ] {
            assert_eq!(ByteRange::parse(text), None, "{text}");
        }
    }
}

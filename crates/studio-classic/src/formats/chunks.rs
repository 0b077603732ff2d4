//! Text read in chunks that end with a record.
//!
//! Knows bytes and records, not columns. One reader serves all parsing threads, which take turns.

use std::io::{self, Read, Seek, SeekFrom};

use azml_delimited::{Dialect, LineCounter, Location, MAX_SCAN_LEN, Splitter};

use super::{FormatError, ParseError};

/// Bytes per chunk: large enough that taking turns costs nothing, small enough that a chunk of
/// ordinary rows is about one batch.
pub(super) const CHUNK_BYTES: usize = 4 << 20;

/// How much larger chunks can get.
const WIDEST: usize = 16;

/// How much larger the chunks of a table of so many columns should be.
pub(super) fn width_factor(width: usize) -> usize {
    (width / 512).clamp(1, WIDEST)
}

pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Something that can be read twice.
pub(crate) trait Input: Read + Seek + Send {}
impl<T: Read + Seek + Send> Input for T {}

/// Malformed text at a byte offset: becomes a [`ParseError`] when the lines before it are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) offset: u64,
    pub(super) reason: String,
}

impl Fault {
    pub(super) fn new(offset: u64, reason: impl Into<String>) -> Self {
        Self {
            offset,
            reason: reason.into(),
        }
    }
}

/// Where reading failed: in the text, or below it.
#[derive(Debug)]
pub(super) enum ChunkError {
    Fault(Fault),
    Io(io::Error),
}

impl From<Fault> for ChunkError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<io::Error> for ChunkError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// The chunks of an input, in order.
pub(super) struct Chunks<'i> {
    input: &'i mut dyn Input,
    splitter: Splitter,
    size: usize,
    max_record: usize,
    /// Read but not handed out: less than one record, plus what `put_back` left.
    tail: Vec<u8>,
    /// Where the tail stands in the input.
    offset: u64,
    ended: bool,
    /// Length of the byte order mark.
    mark: u64,
}

impl<'i> Chunks<'i> {
    /// Starts at the beginning of the input, after a byte order mark.
    pub(super) fn open(
        input: &'i mut dyn Input,
        dialect: &Dialect,
        size: usize,
        max_record: usize,
    ) -> io::Result<Self> {
        input.seek(SeekFrom::Start(0))?;
        let mut tail = Vec::new();
        input
            .take(widen(BYTE_ORDER_MARK.len()))
            .read_to_end(&mut tail)?;
        let mut mark = 0;
        if tail == BYTE_ORDER_MARK {
            mark = widen(tail.len());
            tail.clear();
        }
        Ok(Self {
            input,
            splitter: Splitter::new(dialect),
            size,
            // a chunk is at most a record and what was read before it was complete
            max_record: max_record.min((MAX_SCAN_LEN - size * WIDEST) / 2),
            tail,
            offset: mark,
            ended: false,
            mark,
        })
    }

    /// Makes the chunks of a wide table larger, so that each column has enough rows in one.
    pub(super) fn suit_width(&mut self, width: usize) {
        self.size *= width_factor(width);
    }

    /// Bytes of the whole input.
    pub(super) fn input_len(&mut self) -> io::Result<u64> {
        let position = self.input.stream_position()?;
        let len = self.input.seek(SeekFrom::End(0))?;
        self.input.seek(SeekFrom::Start(position))?;
        Ok(len)
    }

    /// Replaces `text` by the next chunk and returns its offset; `None` at the end of the input.
    ///
    /// A chunk ends with a record, or with the input.
    pub(super) fn next(&mut self, text: &mut Vec<u8>) -> Result<Option<u64>, ChunkError> {
        text.clear();
        text.append(&mut self.tail);
        let offset = self.offset;
        let mut wanted = self.size;
        let end = loop {
            if !self.ended {
                let room = wanted.saturating_sub(text.len());
                let read = read_up_to(self.input, room, text)?;
                self.ended = read < room;
            }
            if self.ended {
                break text.len();
            }
            let end = self.splitter.scan(text);
            if end > 0 {
                break end;
            }
            if text.len() > self.max_record {
                return Err(self.record_too_long(offset).into());
            }
            wanted = text.len() + self.size.max(text.len());
        };
        if end == 0 {
            return Ok(None);
        }
        if !self.ended {
            self.splitter.consume(end);
        }
        self.tail.extend_from_slice(&text[end..]);
        text.truncate(end);
        self.offset = offset + widen(end);
        Ok(Some(offset))
    }

    fn record_too_long(&self, offset: u64) -> Fault {
        let limit = self.max_record;
        match self.splitter.open_quote() {
            Some(quote) => Fault::new(
                offset + widen(quote),
                format!(
                    "quoted field is not closed within {limit} bytes, the longest record accepted"
                ),
            ),
            None => Fault::new(
                offset,
                format!("record is longer than {limit} bytes, the longest accepted"),
            ),
        }
    }

    /// Replaces `text` by `len` bytes at `offset`, which were handed out before.
    pub(super) fn read_again(
        &mut self,
        offset: u64,
        len: usize,
        text: &mut Vec<u8>,
    ) -> io::Result<()> {
        text.clear();
        self.input.seek(SeekFrom::Start(offset))?;
        let read = read_up_to(self.input, len, text)?;
        if read < len {
            return Err(changed());
        }
        Ok(())
    }

    /// Counts the lines before a fault. Nothing can be read after this.
    pub(super) fn locate(&mut self, error: ChunkError) -> FormatError {
        match error {
            ChunkError::Io(error) => error.into(),
            ChunkError::Fault(fault) => match self.location(fault.offset) {
                Ok(location) => ParseError::new(location, fault.reason).into(),
                Err(error) => error.into(),
            },
        }
    }

    fn location(&mut self, offset: u64) -> io::Result<Location> {
        let mut counter = LineCounter::default();
        let mut piece = Vec::new();
        let mut position = self.mark;
        self.input.seek(SeekFrom::Start(position))?;
        while position < offset {
            piece.clear();
            let left = usize::try_from(offset - position).unwrap_or(usize::MAX);
            let read = read_up_to(self.input, left.min(CHUNK_BYTES), &mut piece)?;
            if read == 0 {
                return Err(changed());
            }
            counter.push(&piece);
            position += widen(read);
        }
        Ok(counter.location())
    }
}

/// Appends the next `len` bytes to `text`, fewer at the end of the input; how many it were.
fn read_up_to(input: &mut dyn Input, len: usize, text: &mut Vec<u8>) -> io::Result<usize> {
    text.reserve(len);
    Read::take(input, widen(len)).read_to_end(text)
}

/// The input is not what it was in the first pass.
pub(super) fn changed() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "the input changed while it was being read",
    )
}

pub(super) fn widen(n: usize) -> u64 {
    u64::try_from(n).expect("usize has at most 64 bits")
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn chunks(text: &str, size: usize, max_record: usize) -> Result<Vec<String>, ChunkError> {
        let mut input = Cursor::new(text.as_bytes().to_vec());
        let dialect = Dialect::new(b',');
        let mut chunks = Chunks::open(&mut input, &dialect, size, max_record)?;
        assert_eq!(chunks.input_len()?, widen(text.len()));
        let mut all = Vec::new();
        let mut buffer = Vec::new();
        while let Some(offset) = chunks.next(&mut buffer)? {
            let chunk = String::from_utf8(buffer.clone()).unwrap();
            let start = usize::try_from(offset).unwrap();
            assert_eq!(&text[start..start + chunk.len()], chunk);
            all.push(chunk);
        }
        Ok(all)
    }

    #[test]
    fn chunks_end_with_records() {
        assert_eq!(chunks("", 4, 100).unwrap(), Vec::<String>::new());
        assert_eq!(chunks("\u{feff}", 4, 100).unwrap(), Vec::<String>::new());
        assert_eq!(chunks("a\nb", 40, 100).unwrap(), ["a\nb"]);
        assert_eq!(
            chunks("\u{feff}a\nb\nc\nd\n", 4, 100).unwrap(),
            ["a\nb\n", "c\nd\n"]
        );
        assert_eq!(
            chunks("aaaaaaaaaa\nb\ncccccccccc", 4, 100).unwrap(),
            ["aaaaaaaaaa\nb\n", "cccccccccc"]
        );
        assert_eq!(
            chunks("\"a\nb\nc\"\ndddddddd\n", 3, 100).unwrap(),
            ["\"a\nb\nc\"\n", "dddddddd\n"]
        );
    }

    #[test]
    fn long_records_are_refused_where_they_start() {
        let text = format!("a\n{}", "b".repeat(50));
        let ChunkError::Fault(fault) = chunks(&text, 4, 20).unwrap_err() else {
            panic!()
        };
        assert_eq!(fault.offset, 2);
        let text = format!("a\nx,\"{}", "b\n".repeat(50));
        let ChunkError::Fault(fault) = chunks(&text, 4, 20).unwrap_err() else {
            panic!()
        };
        assert_eq!(fault.offset, 4);
        assert!(
            fault
                .reason
                .starts_with("quoted field is not closed within 20 bytes")
        );
    }
}

//! Cuts text that comes in pieces where a record ends.
//!
//! Follows quotes by the same rules as the scanner but looks only at quotes and line ends, so it
//! is several times faster. Both are compared by property tests.

use crate::bits::{BLOCK, Block, from_bit, lowest};
use crate::dialect::Dialect;

/// Finds the end of the last whole record in a growing buffer.
///
/// ```
/// use azml_delimited::{Dialect, Splitter};
///
/// let dialect = Dialect::new(b',');
/// let mut splitter = Splitter::new(&dialect);
/// let mut buffer = b"1,\"a\nb\"\n2,\"c".to_vec();
/// let end = splitter.scan(&buffer);
/// assert_eq!(&buffer[..end], b"1,\"a\nb\"\n");
///
/// buffer.drain(..end);
/// splitter.consume(end);
/// buffer.extend_from_slice(b"\nd\"\n");
/// assert_eq!(splitter.scan(&buffer), buffer.len());
/// ```
#[derive(Debug, Clone)]
pub struct Splitter {
    dialect: Dialect,
    /// Bytes of the buffer looked at.
    scanned: usize,
    /// End of the last whole record.
    end: usize,
    /// Where the quote was opened that is not closed yet.
    open_quote: Option<usize>,
}

impl Splitter {
    /// A splitter for a buffer that starts with a record.
    pub fn new(dialect: &Dialect) -> Self {
        Self {
            dialect: dialect.clone(),
            scanned: 0,
            end: 0,
            open_quote: None,
        }
    }

    /// Looks at the bytes that were appended to `buffer` since the last call and returns the end
    /// of the last record that is known to be whole: 0 when there is none.
    ///
    /// A carriage return or a quote as the very last byte stays undecided until more is appended,
    /// because a line feed or a second quote may follow.
    pub fn scan(&mut self, buffer: &[u8]) -> usize {
        while self.scanned < buffer.len() {
            let base = self.scanned;
            let (block, valid) = Block::load(buffer, base);
            let ends = self.dialect.ends_in(&block) & valid;
            let quotes = self
                .dialect
                .quote()
                .filter(|_| self.dialect.multiline_quotes())
                .map_or(0, |quote| block.eq(quote) & valid);
            let size = BLOCK.min(buffer.len() - base);
            self.scanned = base + self.block(buffer, base, size, ends, quotes);
            if self.scanned < base + size {
                break; // the last byte stays undecided
            }
        }
        self.end
    }

    /// Tells that the first `len` bytes were removed from the buffer; `len` is what
    /// [`scan`](Self::scan) returned.
    pub fn consume(&mut self, len: usize) {
        self.scanned -= len;
        self.end -= len;
        self.open_quote = self.open_quote.map(|at| at - len);
    }

    /// Where in the buffer a quote was opened that is not closed so far.
    pub fn open_quote(&self) -> Option<usize> {
        self.open_quote
    }

    /// Looks at the block at `base` and returns how many of its `size` bytes are settled. Quotes
    /// that are the second of a pair begun in an earlier block are left out by `scan` starting
    /// after them.
    fn block(
        &mut self,
        buffer: &[u8],
        base: usize,
        size: usize,
        ends: u64,
        mut quotes: u64,
    ) -> usize {
        let mut from = 0;
        loop {
            let at = lowest(quotes);
            if self.open_quote.is_none() {
                let before_quote = ends & from_bit(from) & !from_bit(at);
                if before_quote != 0 {
                    let last = BLOCK - 1 - before_quote.leading_zeros() as usize;
                    let position = base + last;
                    if self.dialect.record_end().is_none()
                        && buffer[position] == b'\r'
                        && position + 1 == buffer.len()
                    {
                        let earlier = before_quote & !(1 << last);
                        if earlier != 0 {
                            self.end = base + BLOCK - earlier.leading_zeros() as usize;
                        }
                        return last;
                    }
                    self.end = position + 1;
                }
            }
            if at == BLOCK {
                return size;
            }
            let position = base + at;
            if self.open_quote.is_none() {
                if self.starts_field(&buffer[..position]) {
                    self.open_quote = Some(position);
                }
                from = at + 1;
            } else {
                match buffer.get(position + 1) {
                    None => return at,
                    Some(next) if Some(*next) == self.dialect.quote() => from = at + 2,
                    Some(_) => {
                        self.open_quote = None;
                        from = at + 1;
                    }
                }
            }
            if from > size {
                return from; // the pair reaches into the next block
            }
            quotes &= from_bit(from);
        }
    }

    /// Whether a quote after `before`, outside quotes, is the first byte of a field.
    fn starts_field(&self, before: &[u8]) -> bool {
        let last = if self.dialect.skip_initial_space() {
            before.iter().rev().find(|b| **b != b' ')
        } else {
            before.last()
        };
        last.is_none_or(|b| self.dialect.ends_record(*b) || Some(*b) == self.dialect.delimiter())
    }
}

//! Places in a script. Spans are byte offsets; the job plane counts lines,
//! columns and offsets in UTF-16 units, and the translation lives only here.

use std::fmt;

/// A half-open range of bytes in a script.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The bytes from `start` up to, not including, `end`.
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// The smallest span that covers both.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self::new(self.start.min(other.start), self.end.max(other.end))
    }

    /// The text it covers; empty when it does not lie in `source`.
    pub fn text(self, source: &str) -> &str {
        source.get(self.start..self.end).unwrap_or_default()
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.start, self.end)
    }
}

/// A place as the job service reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in UTF-16 units, from 1.
    pub column: usize,
    /// Offset into the script in UTF-16 units, from 0.
    pub offset: usize,
}

/// Translates byte offsets of one script into [`Position`]s.
#[derive(Clone, Debug)]
pub struct LineIndex<'s> {
    source: &'s str,
    /// Byte offset and UTF-16 offset of each line's start.
    lines: Vec<(usize, usize)>,
}

impl<'s> LineIndex<'s> {
    /// Indexes the lines of `source`; a line ends at CR LF, LF or CR.
    pub fn new(source: &'s str) -> Self {
        let mut lines = vec![(0, 0)];
        let mut units = 0;
        let mut chars = source.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            units += c.len_utf16();
            let ends_line =
                c == '\n' || (c == '\r' && chars.peek().is_none_or(|&(_, n)| n != '\n'));
            if ends_line {
                lines.push((at + c.len_utf8(), units));
            }
        }
        Self { source, lines }
    }

    /// The script this is the index of.
    pub fn source(&self) -> &'s str {
        self.source
    }

    /// The position of a byte offset; offsets past the end count as the end.
    pub fn position(&self, offset: usize) -> Position {
        let mut offset = offset.min(self.source.len());
        while !self.source.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.lines.partition_point(|&(start, _)| start <= offset) - 1;
        let (start, units) = self.lines[line];
        let in_line = self.source[start..offset].encode_utf16().count();
        Position {
            line: line + 1,
            column: in_line + 1,
            offset: units + in_line,
        }
    }

    /// The text of the line that holds a byte offset, without its line end.
    pub fn line_text(&self, offset: usize) -> &'s str {
        let offset = offset.min(self.source.len());
        let line = self.lines.partition_point(|&(start, _)| start <= offset) - 1;
        let start = self.lines[line].0;
        let end = self
            .lines
            .get(line + 1)
            .map_or(self.source.len(), |&(next, _)| next);
        self.source[start..end].trim_end_matches(['\r', '\n'])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_utf16_units_and_every_line_end() {
        let index = LineIndex::new("a\r\nb\rc\n😀x");
        let x = index.position("a\r\nb\rc\n😀".len());
        assert_eq!(
            x,
            Position {
                line: 4,
                column: 3,
                offset: 9
            }
        );
        assert_eq!(index.line_text(3), "b");
        assert_eq!(index.position(999).line, 4);
    }
}

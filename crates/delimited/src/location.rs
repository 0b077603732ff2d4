//! Line and column of a place in text, for error messages.

use std::fmt;

use memchr::memrchr2;

/// A place in text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// Line, counted from 1; `\n`, `\r\n` and a lone `\r` each end one.
    pub line: u64,
    /// Character in the line, counted from 1.
    pub column: u64,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Counts lines and columns over text that comes in pieces.
///
/// ```
/// use azml_delimited::{LineCounter, Location};
///
/// let mut counter = LineCounter::default();
/// counter.push(b"a,b\r");
/// counter.push("\nß,".as_bytes());
/// assert_eq!(counter.location(), Location { line: 2, column: 3 });
/// ```
#[derive(Debug, Clone, Default)]
pub struct LineCounter {
    line_ends: u64,
    characters: u64,
    after_carriage_return: bool,
}

impl LineCounter {
    /// Takes the next piece of text.
    pub fn push(&mut self, piece: &[u8]) {
        let (Some(first), Some(last)) = (piece.first(), piece.last()) else {
            return;
        };
        if self.after_carriage_return && *first == b'\n' {
            self.line_ends -= 1; // the pair is one line end, counted below
        }
        self.after_carriage_return = *last == b'\r';
        let line_feeds = piece.iter().filter(|b| **b == b'\n').count();
        let lone_returns = piece
            .windows(2)
            .filter(|pair| pair[0] == b'\r' && pair[1] != b'\n')
            .count();
        self.line_ends += widen(line_feeds + lone_returns) + u64::from(self.after_carriage_return);
        let line = match memrchr2(b'\n', b'\r', piece) {
            Some(end) => {
                self.characters = 0;
                &piece[end + 1..]
            }
            None => piece,
        };
        // every byte of a character but the first is 10xxxxxx
        let characters = line.iter().filter(|b| **b & 0xc0 != 0x80).count();
        self.characters += widen(characters);
    }

    /// The place just after what was pushed so far.
    pub fn location(&self) -> Location {
        Location {
            line: self.line_ends + 1,
            column: self.characters + 1,
        }
    }
}

fn widen(n: usize) -> u64 {
    u64::try_from(n).expect("usize has at most 64 bits")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn location(pieces: &[&[u8]]) -> (u64, u64) {
        let mut counter = LineCounter::default();
        for piece in pieces {
            counter.push(piece);
        }
        let Location { line, column } = counter.location();
        (line, column)
    }

    #[test]
    fn lines_end_in_three_ways() {
        assert_eq!(location(&[]), (1, 1));
        assert_eq!(location(&[b"ab"]), (1, 3));
        assert_eq!(location(&[b"a\nb\r\nc\rd"]), (4, 2));
        assert_eq!(location(&[b"a\r", b"\n"]), (2, 1));
        assert_eq!(location(&[b"a\r", b"", b"\r", b"x"]), (3, 2));
        assert_eq!(location(&["\u{20ac}\u{20ac}".as_bytes()]), (1, 3));
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(text in "[a\u{e9}\r\n]{0,20}", at in 0usize..40) {
            let (left, right) = text.as_bytes().split_at(at.min(text.len()));
            prop_assert_eq!(location(&[left, right]), location(&[text.as_bytes()]));
        }
    }
}

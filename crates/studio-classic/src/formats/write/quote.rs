//! Which texts need quotes.

use crate::formats::layout::Layout;

/// Quoting of one layout.
#[derive(Debug, Clone)]
pub(super) struct Quoting {
    /// Bytes that make quotes necessary anywhere in a text.
    special: Box<[bool; 256]>,
    /// A space at the start would be dropped.
    leading_space: bool,
}

impl Quoting {
    pub(super) fn of(layout: &Layout) -> Self {
        let mut special = Box::new([false; 256]);
        let bytes = [b'"', b'\n', b'\r']
            .into_iter()
            .chain(layout.dialect.delimiter());
        for byte in bytes {
            special[usize::from(byte)] = true;
        }
        Self {
            special,
            leading_space: layout.dialect.skip_initial_space(),
        }
    }

    /// Appends a text that shares its row with others.
    #[inline]
    pub(super) fn write(&self, text: &str, out: &mut Vec<u8>) {
        let bytes = text.as_bytes();
        if self.needs_quotes(bytes) {
            write_quoted(bytes, out);
        } else {
            out.extend_from_slice(bytes);
        }
    }

    /// Appends a text that is alone in its row, which must not look like a blank line.
    pub(super) fn write_alone(&self, text: &str, out: &mut Vec<u8>) {
        if text.bytes().all(|b| matches!(b, b' ' | b'\t')) {
            write_quoted(text.as_bytes(), out);
        } else {
            self.write(text, out);
        }
    }

    #[inline]
    fn needs_quotes(&self, text: &[u8]) -> bool {
        let first = match text.first() {
            Some(b' ') => self.leading_space,
            // at the start of a file it would be a byte order mark
            Some(0xef) => text.starts_with("\u{feff}".as_bytes()),
            _ => false,
        };
        first || text.iter().any(|b| self.special[usize::from(*b)])
    }
}

#[cold]
fn write_quoted(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in text {
        if *byte == b'"' {
            out.push(b'"');
        }
        out.push(*byte);
    }
    out.push(b'"');
}

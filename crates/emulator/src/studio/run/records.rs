//! The records of a delimited dataset, one after the other, in bounded memory.
//! A record may span lines; its bytes are handed out as they stand.

use std::io::Read;

use azml_delimited::{Dialect, Field, FieldKind, Scanner, Splitter};

const CHUNK: usize = 1 << 20;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// How the text of a data type is read, and whether it begins with a header.
#[derive(Debug, Clone)]
pub(super) struct Form {
    pub(super) dialect: Dialect,
    pub(super) has_header: bool,
}

impl Form {
    /// The form of a delimited or plain text type; `None` for all others.
    pub(super) fn of(data_type: &str) -> Option<Self> {
        let comma = Dialect::new(b',').with_skip_initial_space(true);
        let (dialect, has_header) = match data_type {
            "GenericCSV" => (comma, true),
            "GenericCSVNoHeader" => (comma, false),
            "GenericTSV" => (Dialect::new(b'\t'), true),
            "GenericTSVNoHeader" => (Dialect::new(b'\t'), false),
            "PlainText" => (Dialect::lines(), false),
            _ => return None,
        };
        Some(Self {
            dialect,
            has_header,
        })
    }
}

/// One record: its fields, and the text they lie in.
#[derive(Debug)]
pub(super) struct Record<'a> {
    text: &'a [u8],
    fields: &'a [Field],
}

impl Record<'_> {
    /// The bytes of the record without its line end.
    pub(super) fn bytes(&self) -> &[u8] {
        let (Some(first), Some(last)) = (self.fields.first(), self.fields.last()) else {
            return &[];
        };
        // A quoted field's range is between its quotes; text may follow the
        // closing one, and then the range ends where the field does.
        let start = first.range().start - usize::from(first.kind() != FieldKind::Plain);
        let end = last.range().end;
        let closing = last.kind() != FieldKind::Plain && self.text.get(end) == Some(&b'"');
        &self.text[start..end + usize::from(closing)]
    }

    /// The values of the fields.
    pub(super) fn values(&self, dialect: &Dialect) -> impl Iterator<Item = Vec<u8>> {
        self.fields.iter().map(|field| {
            let mut value = Vec::new();
            field.unescape_into(self.text, dialect, &mut value);
            value
        })
    }
}

/// Hands every record of `input` to `each`.
pub(super) fn for_each(
    mut input: impl Read,
    dialect: &Dialect,
    mut each: impl FnMut(&Record<'_>) -> Result<(), String>,
) -> Result<(), String> {
    let mut splitter = Splitter::new(dialect);
    let mut buffer = Vec::new();
    let mut before = 0u64;
    let mut begun = false;
    loop {
        let read = input
            .by_ref()
            .take(u64::try_from(CHUNK).unwrap_or(u64::MAX))
            .read_to_end(&mut buffer)
            .map_err(|error| format!("the data could not be read: {error}"))?;
        let at_end = read == 0;
        if !begun && (at_end || buffer.len() >= BYTE_ORDER_MARK.len()) {
            begun = true;
            if buffer.starts_with(BYTE_ORDER_MARK) {
                buffer.drain(..BYTE_ORDER_MARK.len());
                before += 3;
            }
        }
        let end = match at_end {
            true => buffer.len(),
            false if begun => splitter.scan(&buffer),
            false => 0,
        };
        scan(&buffer[..end], dialect, before, &mut each)?;
        buffer.drain(..end);
        if at_end {
            return Ok(());
        }
        splitter.consume(end);
        before += u64::try_from(end).unwrap_or(0);
    }
}

fn scan(
    text: &[u8],
    dialect: &Dialect,
    before: u64,
    each: &mut impl FnMut(&Record<'_>) -> Result<(), String>,
) -> Result<(), String> {
    let mut scanner = Scanner::new(text, dialect);
    let mut fields = Vec::new();
    loop {
        match scanner.read_one(&mut fields) {
            Ok(false) => return Ok(()),
            Ok(true) => each(&Record {
                text,
                fields: &fields,
            })?,
            Err(error) => {
                let offset = before + u64::try_from(error.offset).unwrap_or(0);
                return Err(format!("{error}, at byte {offset}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(text: &str, data_type: &str) -> Vec<String> {
        let form = Form::of(data_type).unwrap();
        let mut all = Vec::new();
        // One byte at a time: chunks may end anywhere.
        let input = text.as_bytes().chunks(1).fold(
            Box::new(std::io::empty()) as Box<dyn Read>,
            |before, byte| Box::new(before.chain(byte)),
        );
        for_each(input, &form.dialect, |record| {
            all.push(String::from_utf8_lossy(record.bytes()).into_owned());
            Ok(())
        })
        .unwrap();
        all
    }

    #[test]
    fn records_keep_their_bytes() {
        let text = "\u{feff}a,b\r\n\"x\ny\",\"1\"\"\"\n\n \n\"p\"q,\"r\"s\rlast, \"z\"";
        assert_eq!(
            records(text, "GenericCSV"),
            ["a,b", "\"x\ny\",\"1\"\"\"", "\"p\"q,\"r\"s", "last, \"z\""]
        );
        assert_eq!(records("\"a\n\n b ", "PlainText"), ["\"a", " b "]);
        assert_eq!(records("", "GenericTSV"), [""; 0]);
    }

    #[test]
    fn an_open_quote_is_named_with_its_place() {
        let form = Form::of("GenericCSV").unwrap();
        let error = for_each(&b"a\n1,\"x"[..], &form.dialect, |_| Ok(())).unwrap_err();
        assert_eq!(error, "quoted field is never closed, at byte 4");
    }
}

//! What must hold for any bytes: the targets in `fuzz/` and the tests that replay them.

use std::io::Cursor;
use std::num::NonZeroUsize;

use super::layout::Layout;
use super::{Decoder, FormatError, Frame, ReadOptions, read, write_frame};
use crate::DataTypeId;

/// Two bytes choose the type, the options and the chunks; the rest is the text.
///
/// However it is cut, it is read alike; what was read can be written, and read again as it was.
pub fn delimited(data: &[u8]) {
    let &[choice, cut, ref text @ ..] = data else {
        return;
    };
    let id = match choice % 5 {
        0 => DataTypeId::GenericCsv,
        1 => DataTypeId::GenericCsvNoHeader,
        2 => DataTypeId::GenericTsv,
        3 => DataTypeId::GenericTsvNoHeader,
        _ => DataTypeId::PlainText,
    };
    let options = ReadOptions {
        pandas_compat: choice & 0x80 != 0,
        batch_rows: usize::from(choice & 0x70) + 1,
        threads: Some(NonZeroUsize::MIN),
        ..ReadOptions::default()
    };
    let read = |text: &[u8], options: &ReadOptions, chunk_bytes| {
        let layout = Layout::of(&id).expect("a type with a frame form");
        read::read(&mut Cursor::new(text), &layout, options, chunk_bytes)
    };
    let whole = read(text, &options, 1 << 20);
    let in_chunks = read(text, &options, usize::from(cut) + 1);
    assert_same(&whole, &in_chunks);
    let Ok(frame) = whole else { return };

    let typed = ReadOptions {
        schema: Some(frame.schema().clone()),
        pandas_compat: false,
        ..options
    };
    if !options.pandas_compat {
        let streamed = stream(text, &id, &typed, usize::from(cut) + 1);
        assert_same(&Ok(frame.clone()), &streamed);
    }
    let written = write_frame(&frame, &id).expect("what was read can be written");
    let mark = "\u{feff}".as_bytes();
    let lost = written.is_empty() || id == DataTypeId::PlainText && written.starts_with(mark);
    if !lost {
        assert_same(&Ok(frame), &read(&written, &typed, 1 << 20));
    }
}

fn stream(
    text: &[u8],
    id: &DataTypeId,
    options: &ReadOptions,
    piece: usize,
) -> Result<Frame, FormatError> {
    let schema = options.schema.clone().expect("the schema of the frame");
    let mut decoder = Decoder::new(id, schema.clone(), options)?;
    decoder.set_parse_bytes(piece);
    let mut batches = Vec::new();
    for piece in text.chunks(piece) {
        batches.extend(decoder.push(piece)?);
    }
    batches.extend(decoder.finish()?);
    Frame::try_new(schema, batches)
}

/// Two bytes are left for options to come, like those of [`delimited`]; the rest is ARFF.
#[cfg(feature = "arff")]
pub fn arff(data: &[u8]) {
    let &[_, cut, ref text @ ..] = data else {
        return;
    };
    let options = ReadOptions::default();
    let whole = super::arff::read(&mut Cursor::new(text), &options, 1 << 20);
    let in_chunks = super::arff::read(&mut Cursor::new(text), &options, usize::from(cut) + 1);
    assert_same(&whole, &in_chunks);
}

/// The same rows in whatever batches, or the same error.
fn assert_same(left: &Result<Frame, FormatError>, right: &Result<Frame, FormatError>) {
    match (left, right) {
        (Ok(left), Ok(right)) => {
            assert_eq!(left.schema(), right.schema());
            let left = left.concat().expect("little text");
            assert_eq!(left, right.concat().expect("little text"));
        }
        (Err(left), Err(right)) => assert_eq!(left.to_string(), right.to_string()),
        (left, right) => assert_eq!(format!("{left:?}"), format!("{right:?}")),
    }
}

#[cfg(test)]
mod tests {
    use azml_fuzz_replay::replay;

    // studio: bad input, no panic
    #[test]
    fn delimited() {
        let dictionary: &[&[u8]] = &[
            b"\"",
            b"\"\"",
            b",",
            b"\t",
            b"\n",
            b"\r",
            b"\r\n",
            b" ",
            b"\xef\xbb\xbf",
            b"\xff",
            b"\xc3\xa9",
            b"NA",
            b"nan",
            b"-0",
            b"1.5",
            b"true",
            b"9223372036854775808",
            b"18446744073709551616",
            b"inf",
            b"1e400",
            b"\0",
            b",\"x\ny\",",
        ];
        replay("delimited", dictionary, super::delimited);
    }

    // studio S-150
    #[cfg(feature = "arff")]
    #[test]
    fn arff() {
        let dictionary: &[&[u8]] = &[
            b"@relation r\n",
            b"@attribute a numeric\n",
            b"@attribute b {x,'y z'}\n",
            b"@attribute c date 'yyyy-MM-dd HH:mm:ss.SSS X'\n",
            b"@attribute d string\n",
            b"@attribute e integer\n",
            b"@data\n",
            b"{0 1, 1 x}\n",
            b"'",
            b"\"",
            b"\\",
            b"?",
            b"%",
            b"\t",
            b",",
            b"{5}",
            b"\n",
            b"\r",
            b"relational",
            b"\xc3\xa9",
        ];
        replay("arff", dictionary, super::arff);
    }
}

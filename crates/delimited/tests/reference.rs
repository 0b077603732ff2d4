//! Scanner and splitter against a byte-at-a-time state machine (studio 3.3: quotes, line ends,
//! blank lines, initial spaces).

use azml_delimited::{Dialect, FieldKind, Records, ScanError, ScanErrorKind, Scanner, Splitter};
use proptest::prelude::*;

type Row = Vec<Vec<u8>>;

/// Reads one byte after the other; `None` when a quote is never closed.
fn reference(text: &[u8], dialect: &Dialect) -> Option<Vec<Row>> {
    let blank = |b: u8| {
        dialect.spaces_blank() && matches!(b, b' ' | b'\t') && dialect.delimiter() != Some(b)
    };
    let line_end = |b: u8| match dialect.record_end() {
        None => matches!(b, b'\n' | b'\r'),
        Some(end) => b == end,
    };
    let mut rows = Vec::new();
    let mut i = 0;
    'records: while i < text.len() {
        if dialect.skip_blank_lines() {
            let end = (i..text.len())
                .find(|j| !blank(text[*j]))
                .unwrap_or(text.len());
            if end == text.len() {
                break;
            }
            if line_end(text[end]) {
                i = end + 1;
                continue;
            }
        }
        let mut row = Row::new();
        loop {
            let mut value = Vec::new();
            while dialect.skip_initial_space() && text.get(i) == Some(&b' ') {
                i += 1;
            }
            if i < text.len() && dialect.quote() == Some(text[i]) {
                i += 1;
                loop {
                    let byte = *text.get(i)?;
                    i += 1;
                    if line_end(byte) && !dialect.multiline_quotes() {
                        return None;
                    }
                    if Some(byte) != dialect.quote() {
                        value.push(byte);
                    } else if text.get(i).copied() == dialect.quote() {
                        value.push(byte);
                        i += 1;
                    } else {
                        break;
                    }
                }
            }
            while i < text.len() && !line_end(text[i]) && Some(text[i]) != dialect.delimiter() {
                value.push(text[i]);
                i += 1;
            }
            row.push(value);
            if i == text.len() {
                rows.push(row);
                break 'records;
            }
            i += 1;
            if line_end(text[i - 1]) {
                let pair = text[i - 1] == b'\r' && text.get(i) == Some(&b'\n');
                if pair && dialect.record_end().is_none() {
                    i += 1;
                }
                rows.push(row);
                continue 'records;
            }
        }
    }
    Some(rows)
}

fn values(text: &[u8], dialect: &Dialect, fields: &[azml_delimited::Field]) -> Row {
    fields
        .iter()
        .map(|field| {
            let mut value = Vec::new();
            field.unescape_into(text, dialect, &mut value);
            if field.kind() != FieldKind::Escaped {
                assert_eq!(value, field.raw(text));
            }
            value
        })
        .collect()
}

fn scan_rows(text: &[u8], dialect: &Dialect) -> Result<Vec<Row>, ScanError> {
    let mut scanner = Scanner::new(text, dialect);
    let mut fields = Vec::new();
    let mut rows = Vec::new();
    while scanner.read_one(&mut fields)? {
        rows.push(values(text, dialect, &fields));
    }
    Ok(rows)
}

fn dialects() -> impl Strategy<Value = Dialect> {
    (
        prop::sample::select(vec![
            Dialect::new(b','),
            Dialect::new(b'\t'),
            Dialect::lines(),
            Dialect::new(b',').with_quote(None),
        ]),
        any::<[bool; 4]>(),
        prop::option::weighted(0.2, prop::sample::select(vec![b'\n', b'x'])),
    )
        .prop_map(|(dialect, [space, blank, spaces, multiline], end)| {
            let dialect = dialect
                .with_skip_initial_space(space)
                .with_skip_blank_lines(blank)
                .with_spaces_blank(spaces)
                .with_multiline_quotes(multiline);
            end.map_or(dialect.clone(), |end| dialect.with_record_end(end))
        })
}

/// Text in which separators, quotes and line ends are common, long enough for several blocks.
fn texts() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        4 => Just(b'"'), 3 => Just(b','), 3 => Just(b'\n'), 2 => Just(b'\r'), 2 => Just(b' '),
        2 => Just(b'\t'), 6 => Just(b'x'), 1 => any::<u8>(),
    ];
    prop_oneof![
        prop::collection::vec(byte, 0..300),
        // well-formed and sparse, so that structures meet block edges
        prop::collection::vec(
            prop_oneof![
                Just("\"a \"\"b\"\"\nc\"".to_owned()),
                Just(",".to_owned()),
                Just("\n".to_owned()),
                Just("\r\n".to_owned()),
                "[a-z]{0,70}",
            ],
            0..40,
        )
        .prop_map(|parts| parts.concat().into_bytes()),
    ]
}

proptest! {
    #[test]
    fn scanner_agrees(text in texts(), dialect in dialects()) {
        let scanned = scan_rows(&text, &dialect);
        match reference(&text, &dialect) {
            Some(rows) => prop_assert_eq!(scanned.unwrap(), rows),
            None => prop_assert_eq!(scanned.unwrap_err().kind, ScanErrorKind::UnterminatedQuote),
        }
    }

    #[test]
    fn records_are_padded_or_refused(text in texts(), dialect in dialects(), width in 1usize..4, limit in 1usize..5) {
        let mut scanner = Scanner::new(&text, &dialect);
        let mut records = Records::new(width);
        let result = loop {
            match scanner.read(&mut records, limit) {
                Ok(n) if n < limit => break Ok(()),
                Ok(_) => {}
                Err(error) => break Err(error),
            }
        };
        let mut one_by_one = Scanner::new(&text, &dialect);
        let mut fields = Vec::new();
        let mut seen = 0;
        while one_by_one.read_one(&mut fields).unwrap_or(false) && fields.len() <= width {
            prop_assert!(seen < records.len());
            let row = values(&text, &dialect, &fields);
            let padded = values(&text, &dialect, records.record(seen));
            prop_assert_eq!(&padded[..row.len()], &row[..]);
            for (column, field) in records.record(seen).iter().enumerate() {
                prop_assert_eq!(records.column(column).nth(seen), Some(*field));
                prop_assert_eq!(field.kind() == FieldKind::Absent, column >= row.len());
            }
            seen += 1;
        }
        prop_assert_eq!(seen, records.len());
        match result {
            Ok(()) => prop_assert!(fields.is_empty()),
            Err(ScanError { kind: ScanErrorKind::TooManyFields { expected, found }, .. }) => {
                prop_assert_eq!(expected, width);
                prop_assert!(found > width);
            }
            Err(error) => prop_assert_eq!(error.kind, ScanErrorKind::UnterminatedQuote),
        }
    }

    #[test]
    fn chunks_scan_like_the_whole(text in texts(), dialect in dialects(), cuts in prop::collection::vec(1usize..90, 1..20)) {
        let whole = scan_rows(&text, &dialect);
        let mut splitter = Splitter::new(&dialect);
        let mut buffer = Vec::new();
        let mut rest = &text[..];
        let mut rows = Vec::new();
        let mut ends_with_line = true;
        for cut in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, left) = rest.split_at((*cut).min(rest.len()));
            rest = left;
            buffer.extend_from_slice(piece);
            let end = splitter.scan(&buffer);
            let chunk: Vec<u8> = buffer.drain(..end).collect();
            splitter.consume(end);
            ends_with_line &= chunk.last().is_none_or(|b| match dialect.record_end() {
                None => matches!(b, b'\n' | b'\r'),
                Some(end) => *b == end,
            });
            rows.push(scan_rows(&chunk, &dialect));
        }
        prop_assert!(ends_with_line);
        // nothing but one record, its undecided last byte, or blank lines is held back
        let held_back = scan_rows(&buffer, &dialect);
        if let Ok(held_back) = &held_back {
            prop_assert!(held_back.len() <= 1, "{:?}", held_back);
        }
        rows.push(held_back);
        let chunks: Result<Vec<Vec<Row>>, ScanError> = rows.into_iter().collect();
        match (whole, chunks) {
            (Ok(whole), Ok(chunks)) => prop_assert_eq!(whole, chunks.concat()),
            (Err(_), Err(_)) => {
                prop_assert!(splitter.open_quote().is_some() || !dialect.multiline_quotes());
            }
            (whole, chunks) => prop_assert!(false, "{:?} {:?}", whole, chunks),
        }
    }
}

#[test]
fn a_line_feed_after_a_held_back_return_is_no_record() {
    let dialect = Dialect::new(b',').with_skip_blank_lines(false);
    let mut splitter = Splitter::new(&dialect);
    assert_eq!(splitter.scan(b"a\r"), 0);
    assert_eq!(splitter.scan(b"a\r\n"), 3);
    assert_eq!(scan_rows(b"a\r\n", &dialect).unwrap(), [[b"a"]]);
}

#[test]
fn errors_name_their_place() {
    let dialect = Dialect::new(b',');
    let mut records = Records::new(2);
    let error = Scanner::new(b"1,2\n3,4,5,\"6,7\"\n", &dialect)
        .read(&mut records, 9)
        .unwrap_err();
    assert_eq!(error.offset, 8);
    assert_eq!(
        error.kind,
        ScanErrorKind::TooManyFields {
            expected: 2,
            found: 4
        }
    );
    assert_eq!(records.len(), 1);

    let error = Scanner::new(b"1,\"2\n3", &dialect)
        .read(&mut records, 9)
        .unwrap_err();
    assert_eq!(
        (error.offset, error.kind),
        (2, ScanErrorKind::UnterminatedQuote)
    );
}

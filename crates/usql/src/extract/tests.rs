//! Files cut into pieces give the rows of the whole, whatever the cuts.

use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Int32Type;
use proptest::prelude::*;

use super::read::{Piece, PieceReader, ReadContext};
use super::{ExtractSource, SourceColumn, SourceFile, SourceFormat, TextFormat};
use crate::cs::Type;
use crate::rel::Column;
use crate::store::{FileStore, LocalFiles, StorePath};

fn columns() -> Arc<[Column]> {
    let column = |name: &str, ty: Type| Column {
        name: name.to_owned(),
        ty,
    };
    [
        column("n", Type::Nullable(Box::new(Type::Int))),
        column("s", Type::String),
    ]
    .into()
}

fn context(text: &[u8], format: TextFormat) -> (tempfile::TempDir, ReadContext) {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("f"), text).expect("written");
    let store = LocalFiles::open(folder.path()).expect("a store");
    let path = StorePath::parse("/f").expect("a path");
    let length = store.info(&path).expect("known").expect("a file").length;
    let file = SourceFile {
        path,
        length,
        modified: None,
        created: None,
        virtuals: Vec::new(),
    };
    let source = ExtractSource {
        files: vec![file],
        columns: vec![SourceColumn::Field(0), SourceColumn::Field(1)],
        format: SourceFormat::Text(format.clone()),
        sorted_by: Vec::new(),
    };
    let context = ReadContext {
        source: Arc::new(source),
        format,
        columns: columns(),
        projection: [0, 1].into(),
        store: Arc::new(store),
        now: 0,
    };
    (folder, context)
}

/// The rows of one piece as text.
fn rows(context: &ReadContext, start: u64, end: u64) -> Vec<String> {
    let mut reader = PieceReader::open(
        context,
        Piece {
            file: 0,
            start,
            end,
        },
    )
    .expect("a piece");
    let mut rows = Vec::new();
    while let Some((arrays, count)) = reader.next_batch().expect("rows") {
        let (n, s) = (
            arrays[0].as_primitive::<Int32Type>(),
            arrays[1].as_string::<i32>(),
        );
        for row in 0..count {
            let n = if n.is_null(row) {
                String::new()
            } else {
                n.value(row).to_string()
            };
            rows.push(format!("{n}|{}", s.value(row)));
        }
    }
    rows
}

/// Lines of the format, with every line end, blank lines and quotes.
fn texts() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        (any::<i32>(), "[a-z ]{0,9}").prop_map(|(n, s)| format!("{n},{s}")),
        "[a-z\u{e4}]{0,5}".prop_map(|s| format!(",\"{s}, \"\"q\"\"\"")),
        Just(String::new()),
    ];
    let end = prop::sample::select(vec!["\n", "\r\n", "\r"]);
    (prop::collection::vec((line, end), 0..30), any::<bool>()).prop_map(|(lines, mark)| {
        let mut text = if mark {
            "\u{FEFF}".to_owned()
        } else {
            String::new()
        };
        for (line, end) in lines {
            text.push_str(&line);
            text.push_str(end);
        }
        text
    })
}

proptest! {
    #[test]
    fn pieces_are_the_whole(text in texts(), skip in 0_u64..3, cuts in prop::collection::vec(0..400_u64, 0..4)) {
        let lines = text.matches(['\n', '\r']).count() - text.matches("\r\n").count();
        let format = TextFormat {
            skip_first_rows: if lines as u64 >= skip { skip } else { 0 },
            ..TextFormat::new(',')
        };
        let (_folder, context) = context(text.as_bytes(), format);
        let length = text.len() as u64;
        let whole = rows(&context, 0, length);
        let mut cuts: Vec<u64> = cuts.into_iter().filter(|cut| *cut < length).collect();
        cuts.push(0);
        cuts.push(length);
        cuts.sort_unstable();
        cuts.dedup();
        let pieces: Vec<String> =
            cuts.windows(2).flat_map(|cut| rows(&context, cut[0], cut[1])).collect();
        prop_assert_eq!(pieces, whole);
    }

    /// The byte scanner and the slower way read alike where both can.
    #[test]
    fn both_ways_of_cutting_agree(text in texts()) {
        let plain = TextFormat::new(',');
        // An escape character that does not occur changes nothing but the way.
        let slow = TextFormat { escape: Some('\u{7F}'), ..plain.clone() };
        let (_a, plain) = context(text.as_bytes(), plain);
        let (_b, slow) = context(text.as_bytes(), slow);
        let length = text.len() as u64;
        prop_assert_eq!(rows(&plain, 0, length), rows(&slow, 0, length));
    }
}

#[test]
fn a_bad_row_is_named_with_its_line_and_text() {
    let text = "1,a\n\n2,b\nx,c\n";
    let (_folder, context) = context(text.as_bytes(), TextFormat::new(','));
    let mut reader = PieceReader::open(
        &context,
        Piece {
            file: 0,
            start: 5,
            end: 13,
        },
    )
    .expect("a piece");
    let error = reader.next_batch().expect_err("no number");
    let row = error.row.expect("a row");
    assert_eq!(
        (row.line, row.column_index, row.text.as_str()),
        (4, Some(0), "x,c")
    );
    assert_eq!(row.column_name.as_deref(), Some("n"));
}

/// Only to name the type the columns end up in.
#[test]
fn batches_have_the_declared_columns() {
    let (_folder, context) = context(b"1,a\n", TextFormat::new(','));
    let mut reader = PieceReader::open(
        &context,
        Piece {
            file: 0,
            start: 0,
            end: 4,
        },
    )
    .expect("a piece");
    let (arrays, rows) = reader.next_batch().expect("rows").expect("a batch");
    let fields = context
        .columns
        .iter()
        .map(|c| crate::expr::column::field(&c.name, &c.ty).with_nullable(true));
    let schema = arrow::datatypes::Schema::new(fields.collect::<Vec<_>>());
    assert!(
        RecordBatch::try_new(Arc::new(schema), arrays).is_ok_and(|batch| batch.num_rows() == rows)
    );
}

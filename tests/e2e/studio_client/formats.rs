//! Frames over the wire and back.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use azml::studio_classic::{DataTypeId, Error, Frame, ReadOptions};
use azml_test_support::TestEmulator;
use futures::TryStreamExt;

use super::*;

fn batch() -> RecordBatch {
    RecordBatch::try_from_iter([
        (
            "n",
            Arc::new(Int64Array::from(vec![Some(1), None, Some(-3)])) as ArrayRef,
        ),
        (
            "x",
            Arc::new(Float64Array::from(vec![Some(0.1), Some(1e300), None])),
        ),
        (
            "b",
            Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)])),
        ),
        (
            "s",
            Arc::new(StringArray::from(vec![
                Some("a, \"quoted\"\ttext"),
                Some("two\nlines, 数据"),
                None,
            ])),
        ),
    ])
    .expect("four columns")
}

#[tokio::test]
async fn every_delimited_type_gives_the_frame_back() {
    // studio S-060, S-110 to S-112
    let emulator = TestEmulator::start().await;
    let workspace = workspace(&emulator);
    for data_type_id in [
        DataTypeId::GenericCsv,
        DataTypeId::GenericTsv,
        DataTypeId::GenericCsvNoHeader,
        DataTypeId::GenericTsvNoHeader,
    ] {
        let name = data_type_id.to_string();
        let added = workspace
            .datasets()
            .add(&batch(), data_type_id, &name, "d")
            .await;
        let dataset = added.expect(&name);
        let back = dataset.read().await.expect(&name);
        assert_eq!(back.columns(), batch().columns(), "{name}");
        let names: Vec<_> = back
            .schema()
            .fields()
            .iter()
            .map(|f| f.name().clone())
            .collect();
        match name.ends_with("NoHeader") {
            true => assert_eq!(names, ["0", "1", "2", "3"]),
            false => assert_eq!(names, ["n", "x", "b", "s"]),
        }
        let frame = dataset.read_frame().await.expect(&name);
        let stream = dataset
            .read_batches(ReadOptions::default())
            .await
            .expect(&name);
        let batches: Vec<_> = stream.try_collect().await.expect(&name);
        assert_eq!(batches, frame.batches(), "{name}");
    }
}

#[tokio::test]
async fn plain_text_is_one_column() {
    // studio S-140, S-141, D-10
    let emulator = TestEmulator::start().await;
    let workspace = workspace(&emulator);
    let lines = Arc::new(StringArray::from(vec!["one", "\"2\"", "NA"])) as ArrayRef;
    let lines = RecordBatch::try_from_iter([("0", lines)]).expect("one column");
    let added = workspace
        .datasets()
        .add(&lines, "PlainText", "lines", "d")
        .await;
    let dataset = added.expect("added");
    assert_eq!(
        dataset.read_as_text().await.expect("read"),
        "one\n\"2\"\nNA\n"
    );
    assert_eq!(
        dataset.read().await.expect("read").columns(),
        lines.columns()
    );
}

#[tokio::test]
async fn timestamps_are_written_by_column() {
    // studio S-114
    let emulator = TestEmulator::start().await;
    let workspace = workspace(&emulator);
    let day = 86_400_000_000;
    let stamps = |values: Vec<i64>| Arc::new(TimestampMicrosecondArray::from(values)) as ArrayRef;
    let batch = RecordBatch::try_from_iter([
        ("dates", stamps(vec![0, day])),
        ("times", stamps(vec![0, day + 1_500_000])),
    ]);
    let added = workspace
        .datasets()
        .add(&batch.expect("two columns"), "GenericCSV", "times", "d")
        .await;
    assert_eq!(
        added.expect("added").read_as_text().await.expect("read"),
        "dates,times\n1970-01-01,1970-01-01 00:00:00.000\n1970-01-02,1970-01-02 00:00:01.500\n"
    );
}

#[tokio::test]
async fn malformed_text_is_named_by_its_place_and_stays_readable_as_bytes() {
    // studio S-129 to S-133
    let emulator = TestEmulator::start().await;
    let workspace = workspace(&emulator);
    for (name, text, line) in [
        ("ragged", &b"a,b\n1,2\n1,2,3\n"[..], 3),
        ("index", b"a,b\n1,2,\n3,4,\n", 2),
        ("encoding", b"a\n\xe9\n", 2),
        ("quote", b"a\n\"x\n", 2),
        ("empty", b"", 1),
    ] {
        let added = workspace
            .datasets()
            .add_from_raw(text, "GenericCSV", name, "d")
            .await;
        let dataset = added.expect(name);
        match dataset.read().await {
            Err(Error::Parse { line: found, .. }) => assert_eq!(found, line, "{name}"),
            other => panic!("{name}: {other:?}"),
        }
        assert_eq!(dataset.read_as_bytes().await.expect(name), text);
    }
    let header = add(&workspace, "header only", "a,b\n")
        .await
        .read()
        .await
        .expect("no rows");
    assert_eq!((header.num_rows(), header.num_columns()), (0, 2));
}

#[tokio::test]
async fn many_batches_go_up_and_come_down() {
    let emulator = TestEmulator::start().await;
    let workspace = workspace(&emulator);
    let numbers = Arc::new(Int64Array::from_iter_values(0..400_000)) as ArrayRef;
    let text = (0..400_000).map(|row| format!("row {row} of many"));
    let text = Arc::new(StringArray::from_iter_values(text)) as ArrayRef;
    let batch = RecordBatch::try_from_iter([("n", numbers), ("s", text)]).expect("two columns");
    let frame = Frame::from(batch.clone());
    let added = workspace
        .datasets()
        .add_from_frame(&frame, "GenericCSV", "many", "d")
        .parallel_blocks(2)
        .await;
    let dataset = added.expect("added");
    assert!(dataset.size() > 8 << 20, "more than stays in memory");
    assert_eq!(
        dataset.read().await.expect("read").columns(),
        batch.columns()
    );
}

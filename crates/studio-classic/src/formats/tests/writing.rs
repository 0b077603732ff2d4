//! Writing: every expectation but the named deviations was seen with azureml 0.2.7 on pandas
//! 2.2.3 and NumPy 2.4.6.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Date64Array, Decimal128Array,
    DictionaryArray, DurationMillisecondArray, DurationNanosecondArray, Float16Array, Float32Array,
    Float64Array, Int8Array, Int64Array, LargeStringArray, ListArray, NullArray,
    RecordBatchOptions, StringArray, StringViewArray, TimestampMicrosecondArray,
    TimestampMillisecondArray, TimestampNanosecondArray, TimestampSecondArray, UInt64Array,
};
use arrow::datatypes::{Int32Type, Schema};

use super::super::{Encoder, write_frame};
use super::*;

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter(columns).unwrap()
}

fn written(id: DataTypeId, batch: RecordBatch) -> String {
    match write_frame(&batch.into(), &id) {
        Ok(text) => String::from_utf8(text).unwrap(),
        Err(error) => format!("error: {error}"),
    }
}

/// The cells of one column as CSV, beside a column of ones.
fn cells(column: ArrayRef) -> Vec<String> {
    let ones: ArrayRef = Arc::new(Int8Array::from(vec![1; column.len()]));
    let text = written(
        DataTypeId::GenericCsvNoHeader,
        batch(vec![("a", column), ("b", ones)]),
    );
    let cells = text.strip_suffix(",1\n").unwrap_or(&text);
    cells.split(",1\n").map(str::to_owned).collect()
}

fn texts(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

fn floats_with_a_gap() -> RecordBatch {
    batch(vec![
        ("a", Arc::new(Float64Array::from(vec![1.0, 5.1]))),
        ("b", Arc::new(Float64Array::from(vec![2.0, 10.1]))),
        ("c", Arc::new(Float64Array::from(vec![None, Some(20.1)]))),
    ])
}

// studio S-110
#[test]
fn header_floats_and_gaps() {
    assert_eq!(
        written(DataTypeId::GenericCsv, floats_with_a_gap()),
        "a,b,c\n1.0,2.0,\n5.1,10.1,20.1\n"
    );
}

// studio S-111
#[test]
fn no_header_and_tabs() {
    let of = |id| written(id, floats_with_a_gap());
    assert_eq!(
        of(DataTypeId::GenericCsvNoHeader),
        "1.0,2.0,\n5.1,10.1,20.1\n"
    );
    assert_eq!(
        of(DataTypeId::GenericTsv),
        "a\tb\tc\n1.0\t2.0\t\n5.1\t10.1\t20.1\n"
    );
    assert_eq!(
        of(DataTypeId::GenericTsvNoHeader),
        "1.0\t2.0\t\n5.1\t10.1\t20.1\n"
    );
}

// studio S-110; floats in depth where they are formatted
#[test]
fn values_of_each_type() {
    let nan = f64::NAN;
    assert_eq!(
        cells(Arc::new(Float64Array::from(vec![nan, -0.0, 1e16]))),
        ["", "-0.0", "1e+16"]
    );
    assert_eq!(
        cells(Arc::new(Float32Array::from(vec![0.1, 16_777_216.0]))),
        ["0.1", "1.6777216e+07"]
    );
    let halves = [0.1, 65504.0].map(half::f16::from_f32);
    assert_eq!(
        cells(Arc::new(Float16Array::from(halves.to_vec()))),
        ["0.1", "6.55e+04"]
    );
    assert_eq!(
        cells(Arc::new(BooleanArray::from(vec![
            Some(true),
            None,
            Some(false)
        ]))),
        ["True", "", "False"]
    );
    assert_eq!(
        cells(Arc::new(Int64Array::from(vec![Some(i64::MIN), None]))),
        ["-9223372036854775808", ""]
    );
    assert_eq!(
        cells(Arc::new(UInt64Array::from(vec![u64::MAX]))),
        ["18446744073709551615"]
    );
    assert_eq!(cells(Arc::new(NullArray::new(2))), ["", ""]);
    assert_eq!(
        cells(Arc::new(LargeStringArray::from(vec!["x,y"]))),
        ["\"x,y\""]
    );
    assert_eq!(cells(Arc::new(StringViewArray::from(vec!["x"]))), ["x"]);
    let categories: DictionaryArray<Int32Type> =
        vec![Some("y"), None, Some("y")].into_iter().collect();
    assert_eq!(cells(Arc::new(categories)), ["y", "", "y"]);
    let decimals = Decimal128Array::from(vec![Some(150), Some(-1), None]);
    let decimals = decimals.with_precision_and_scale(10, 2).unwrap();
    assert_eq!(cells(Arc::new(decimals)), ["1.50", "-0.01", ""]);
    assert_eq!(
        cells(Arc::new(Date32Array::from(vec![Some(16_437), None]))),
        ["2015-01-02", ""]
    );
}

// studio S-112
#[test]
fn minimal_quoting() {
    assert_eq!(
        cells(texts(&[
            "x,y", "x\"y", "x\ny", "x ", "#", "'", "\t", "\u{e9}\0"
        ])),
        [
            "\"x,y\"",
            "\"x\"\"y\"",
            "\"x\ny\"",
            "x ",
            "#",
            "'",
            "\t",
            "\u{e9}\0"
        ]
    );
    let frame = batch(vec![
        ("x\ty", texts(&["x,y", "x\ty"])),
        ("b", texts(&["\"", " x"])),
    ]);
    assert_eq!(
        written(DataTypeId::GenericTsv, frame),
        "\"x\ty\"\tb\nx,y\t\"\"\"\"\n\"x\ty\"\t x\n"
    );
}

// studio S-113
#[test]
fn lone_empty_fields() {
    let lone: ArrayRef = Arc::new(StringArray::from(vec![Some("x"), Some(""), None]));
    assert_eq!(
        written(DataTypeId::GenericCsv, batch(vec![("", lone)])),
        "\"\"\nx\n\"\"\n\"\"\n"
    );
    let lone: ArrayRef = Arc::new(Float64Array::from(vec![None, Some(f64::NAN)]));
    assert_eq!(
        written(DataTypeId::GenericTsv, batch(vec![("a", lone)])),
        "a\n\"\"\n\"\"\n"
    );
    let two = batch(vec![("", texts(&[""])), (" ", texts(&[""]))]);
    assert_eq!(written(DataTypeId::GenericTsv, two), "\t \n\t\n");
}

const SECOND: i64 = 1_420_167_845; // 2015-01-02 03:04:05
const DAY: i64 = 1_420_156_800; // 2015-01-02

// studio S-114
#[test]
fn timestamps_show_what_their_column_needs() {
    let seconds = |values: &[i64]| cells(Arc::new(TimestampSecondArray::from(values.to_vec())));
    assert_eq!(seconds(&[DAY, DAY + 86_400]), ["2015-01-02", "2015-01-03"]);
    assert_eq!(
        seconds(&[DAY, SECOND]),
        ["2015-01-02 00:00:00", "2015-01-02 03:04:05"]
    );
    let nanos = |values: &[i64]| {
        let values = values
            .iter()
            .map(|ns| Some(SECOND * 1_000_000_000 + ns))
            .chain([None]);
        cells(Arc::new(values.collect::<TimestampNanosecondArray>()))
    };
    assert_eq!(
        nanos(&[0, 0]),
        ["2015-01-02 03:04:05", "2015-01-02 03:04:05", ""]
    );
    assert_eq!(
        nanos(&[120_000_000, 0]),
        ["2015-01-02 03:04:05.120", "2015-01-02 03:04:05.000", ""]
    );
    assert_eq!(
        nanos(&[123_000, 0]),
        [
            "2015-01-02 03:04:05.000123",
            "2015-01-02 03:04:05.000000",
            ""
        ]
    );
    assert_eq!(
        nanos(&[1, 0]),
        [
            "2015-01-02 03:04:05.000000001",
            "2015-01-02 03:04:05.000000000",
            ""
        ]
    );
    let before_epoch = TimestampMillisecondArray::from(vec![-1]);
    assert_eq!(cells(Arc::new(before_epoch)), ["1969-12-31 23:59:59.999"]);
    let dates = Date64Array::from(vec![DAY * 1000]);
    assert_eq!(cells(Arc::new(dates)), ["2015-01-02"]);
    // each column by itself
    let frame = batch(vec![
        ("a", Arc::new(TimestampSecondArray::from(vec![DAY]))),
        ("b", Arc::new(TimestampSecondArray::from(vec![SECOND]))),
    ]);
    assert_eq!(
        written(DataTypeId::GenericCsvNoHeader, frame),
        "2015-01-02,2015-01-02 03:04:05\n"
    );
}

// studio S-114: with a zone each value by itself, as pandas 2 does
#[test]
fn zoned_timestamps_show_their_offset() {
    let zoned = |zone: &str, micros: &[i64]| {
        let values = micros
            .iter()
            .map(|us| Some(DAY * 1_000_000 + us))
            .chain([None]);
        let array: TimestampMicrosecondArray = values.collect();
        cells(Arc::new(array.with_timezone(zone)))
    };
    assert_eq!(zoned("UTC", &[0]), ["2015-01-02 00:00:00+00:00", ""]);
    assert_eq!(
        zoned("Europe/Paris", &[120_000, 0, 181 * 86_400_000_000]),
        [
            "2015-01-02 01:00:00.120000+01:00",
            "2015-01-02 01:00:00+01:00",
            "2015-07-02 02:00:00+02:00",
            ""
        ]
    );
    assert_eq!(
        zoned("-03:30", &[1]),
        ["2015-01-01 20:30:00.000001-03:30", ""]
    );
    let local_mean_time =
        TimestampSecondArray::from(vec![-3_000_000_000]).with_timezone("Europe/Paris");
    assert_eq!(
        cells(Arc::new(local_mean_time)),
        ["1874-12-07 18:49:21+00:09:21"]
    );
}

#[test]
fn durations() {
    let nanos = |values: &[i64]| cells(Arc::new(DurationNanosecondArray::from(values.to_vec())));
    let second = 1_000_000_000;
    assert_eq!(
        nanos(&[93_784 * second, 5 * second]),
        ["1 days 02:03:04", "0 days 00:00:05"]
    );
    assert_eq!(nanos(&[0, 172_800 * second]), ["0 days", "2 days"]);
    assert_eq!(
        nanos(&[
            second / 2,
            -5 * second,
            172_800 * second + 1,
            -79_200 * second
        ]),
        [
            "0 days 00:00:00.500000",
            "-1 days +23:59:55",
            "2 days 00:00:00.000000001",
            "-1 days +02:00:00"
        ]
    );
    let millis = DurationMillisecondArray::from(vec![Some(1), None]);
    assert_eq!(cells(Arc::new(millis)), ["0 days 00:00:00.001000", ""]);
}

// studio S-115, D-06
#[test]
fn texts_that_would_not_come_back_are_quoted() {
    assert_eq!(
        cells(texts(&["x\ry", " x", "\u{feff}x", "\tx"])),
        ["\"x\ry\"", "\" x\"", "\"\u{feff}x\"", "\tx"]
    );
    let lone = batch(vec![(" ", texts(&[" ", "\t", " x"]))]);
    assert_eq!(
        written(DataTypeId::GenericTsv, lone),
        "\" \"\n\" \"\n\"\t\"\n x\n"
    );
}

// studio 3.2: frames without rows or columns
#[test]
fn empty_frames() {
    let no_rows = floats_with_a_gap().slice(0, 0);
    assert_eq!(written(DataTypeId::GenericCsv, no_rows.clone()), "a,b,c\n");
    assert_eq!(written(DataTypeId::GenericTsvNoHeader, no_rows), "");
    let no_columns = |rows| {
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(Arc::new(Schema::empty()), vec![], &options).unwrap()
    };
    assert_eq!(written(DataTypeId::GenericCsv, no_columns(0)), "\n");
    assert_eq!(written(DataTypeId::GenericCsvNoHeader, no_columns(0)), "");
    assert_eq!(written(DataTypeId::GenericCsv, no_columns(2)), "\n\n\n");
}

// studio D-05
#[test]
fn binary_and_nested_columns_are_refused() {
    let binary: ArrayRef = Arc::new(BinaryArray::from(vec![&b"x"[..]]));
    assert_eq!(
        written(DataTypeId::GenericCsv, batch(vec![("a", binary)])),
        "error: column `a` has type Binary, which has no text form"
    );
    let lists: ListArray = ListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1)])]);
    let text = written(DataTypeId::GenericTsv, batch(vec![("a", Arc::new(lists))]));
    assert!(text.ends_with("which has no text form"), "{text}");
}

// studio S-140
#[test]
fn plain_text_is_lines() {
    let frame = batch(vec![
        ("0", texts(&["first \"line\"", "", "x,y"])),
        ("1", texts(&["", "2", "\t"])),
    ]);
    assert_eq!(
        written(DataTypeId::PlainText, frame),
        "first \"line\"\n2\nx,y\t\n"
    );
    assert_eq!(
        written(DataTypeId::PlainText, batch(vec![("0", texts(&[]))])),
        ""
    );
}

// studio S-142, D-07
#[test]
fn plain_text_refuses_all_but_text() {
    let number: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    assert_eq!(
        written(DataTypeId::PlainText, batch(vec![("n", number)])),
        "error: column `n` has type Int64, which plain text cannot hold: it takes columns of text only"
    );
    let gap: ArrayRef = Arc::new(StringArray::from(vec![Some("x"), None]));
    assert_eq!(
        written(DataTypeId::PlainText, batch(vec![("t", gap)])),
        "error: column `t`, row 1: plain text cannot hold a missing value"
    );
    assert_eq!(
        written(DataTypeId::PlainText, batch(vec![("t", texts(&["x\ry"]))])),
        "error: column `t`, row 0: plain text cannot hold a line end inside a cell"
    );
}

// studio S-065
#[test]
fn other_types_are_refused() {
    assert_eq!(
        written(DataTypeId::Arff, floats_with_a_gap()),
        "error: data of type `ARFF` has no frame form"
    );
}

#[test]
fn batches_are_encoded_as_they_come() {
    let frame = batch(vec![(
        "a",
        Arc::new(TimestampSecondArray::from(vec![DAY, SECOND])),
    )]);
    let (first, second) = (frame.slice(0, 1), frame.slice(1, 1));
    let mut text = Vec::new();
    let mut encoder = Encoder::new(&DataTypeId::GenericCsv, &frame.schema()).unwrap();
    encoder.encode(&first, &mut text).unwrap();
    encoder.encode(&second, &mut text).unwrap();
    encoder.finish(&mut text);
    let expected = "a\n2015-01-02 00:00:00\n2015-01-02 03:04:05\n";
    assert_eq!(
        String::from_utf8(text).unwrap(),
        expected,
        "unobserved: all the unit can hold"
    );

    let mut text = Vec::new();
    let mut encoder = Encoder::new(&DataTypeId::GenericCsv, &frame.schema()).unwrap();
    assert!(encoder.needs_observation());
    encoder.observe(&first).unwrap();
    encoder.encode(&first, &mut text).unwrap();
    let error = encoder.encode(&second, &mut text).unwrap_err();
    assert_eq!(
        error.to_string(),
        "column `a` holds times finer than the batches that were observed"
    );
    assert_eq!(text, b"a\n2015-01-02\n", "a refused batch leaves nothing");

    let other = batch(vec![("b", texts(&["x"]))]);
    let error = encoder.encode(&other, &mut text).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the batch has another schema than the encoder"
    );
}

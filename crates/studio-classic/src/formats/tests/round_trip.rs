//! What was written is read back.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, DurationNanosecondArray, Float16Array, Float32Array,
    Float64Array, Int8Array, Int64Array, LargeStringArray, StringArray, TimestampMillisecondArray,
    TimestampNanosecondArray, UInt64Array,
};
use arrow::datatypes::{DataType, Field, Schema};
use proptest::prelude::*;

use super::super::cell::is_missing;
use super::super::{read_bytes, write_frame};
use super::*;

/// A text that is no missing marker, with much that needs quotes.
fn text() -> impl Strategy<Value = String> {
    let any = prop_oneof![
        "[ \t,\"\r\n\u{feff}ax\u{e9}#'0]{0,6}",
        any::<String>(),
        Just("true".to_owned()),
        Just("-0".to_owned()),
    ];
    any.prop_filter("missing", |text| !is_missing(text.as_bytes()))
}

fn optional<T: std::fmt::Debug + Clone>(
    value: impl Strategy<Value = T>,
    rows: usize,
) -> impl Strategy<Value = Vec<Option<T>>> {
    prop::collection::vec(prop::option::weighted(0.8, value), rows)
}

fn column(rows: usize) -> impl Strategy<Value = ArrayRef> {
    let finite = any::<f64>().prop_filter("nan", |v| !v.is_nan());
    let single = any::<f32>().prop_filter("nan", |v| !v.is_nan());
    let half = any::<u16>()
        .prop_map(half::f16::from_bits)
        .prop_filter("nan", |v| !v.is_nan());
    let days = -100_000i32..100_000;
    let millis = -10_000_000_000_000i64..10_000_000_000_000;
    prop_oneof![
        optional(any::<i64>(), rows).prop_map(|v| Arc::new(Int64Array::from(v)) as ArrayRef),
        optional(any::<i8>(), rows).prop_map(|v| Arc::new(Int8Array::from(v)) as ArrayRef),
        optional(any::<u64>(), rows).prop_map(|v| Arc::new(UInt64Array::from(v)) as ArrayRef),
        optional(finite, rows).prop_map(|v| Arc::new(Float64Array::from(v)) as ArrayRef),
        optional(single, rows).prop_map(|v| Arc::new(Float32Array::from(v)) as ArrayRef),
        optional(half, rows).prop_map(|v| Arc::new(Float16Array::from(v)) as ArrayRef),
        optional(any::<bool>(), rows).prop_map(|v| Arc::new(BooleanArray::from(v)) as ArrayRef),
        optional(text(), rows).prop_map(|v| Arc::new(StringArray::from(v)) as ArrayRef),
        optional(text(), rows).prop_map(|v| Arc::new(LargeStringArray::from(v)) as ArrayRef),
        optional(days, rows).prop_map(|v| Arc::new(Date32Array::from(v)) as ArrayRef),
        optional(any::<i64>(), rows)
            .prop_map(|v| Arc::new(TimestampNanosecondArray::from(v)) as ArrayRef),
        optional(any::<i64>(), rows)
            .prop_map(|v| Arc::new(DurationNanosecondArray::from(v)) as ArrayRef),
        optional(millis.clone(), rows).prop_map(|v| {
            Arc::new(TimestampMillisecondArray::from(v).with_timezone("+05:30")) as ArrayRef
        }),
        optional(millis.prop_map(|v| v / 86_400_000 * 86_400_000), rows)
            .prop_map(|v| Arc::new(TimestampMillisecondArray::from(v)) as ArrayRef),
    ]
}

fn batches() -> impl Strategy<Value = RecordBatch> {
    (0usize..6).prop_flat_map(|rows| {
        prop::collection::vec((text(), column(rows)), 1..5).prop_map(|columns| {
            let names = columns
                .iter()
                .enumerate()
                .map(|(i, (name, _))| format!("{name}{i}"));
            let fields: Vec<_> = names
                .zip(&columns)
                .map(|(name, (_, column))| Field::new(name, column.data_type().clone(), true))
                .collect();
            let columns = columns.into_iter().map(|(_, column)| column).collect();
            RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
        })
    })
}

proptest! {
    #[test]
    fn delimited(batch in batches(), id in prop::sample::select(FIVE_TYPES[..4].to_vec())) {
        let frame = Frame::from(batch);
        let text = write_frame(&frame, &id).unwrap();
        if text.is_empty() {
            return Ok(()); // no header and no row: nothing to read
        }
        let options = ReadOptions::with_schema(frame.schema().clone());
        let read = read_bytes(&text, &id, &options);
        let read = read.map_err(|e| TestCaseError::fail(format!("{e} in {:?}", String::from_utf8_lossy(&text))))?;
        prop_assert_eq!(&read, &frame, "{:?}", String::from_utf8_lossy(&text));
        prop_assert_eq!(write_frame(&read, &id).unwrap(), text);
    }

    #[test]
    fn inferred_frames(text in "[ ,\"\n1a.tru-]{0,40}", id in prop::sample::select(FIVE_TYPES[..4].to_vec())) {
        // what was inferred once is inferred again from what is written
        let Ok(frame) = read_bytes(text.as_bytes(), &id, &ReadOptions::default()) else { return Ok(()) };
        let text = write_frame(&frame, &id).unwrap();
        if frame.num_rows() > 0 {
            let again = read_bytes(&text, &id, &ReadOptions::default()).unwrap();
            prop_assert_eq!(outcome(&Ok(again)), outcome(&Ok(frame)));
        }
    }

    #[test]
    fn plain_text(lines in prop::collection::vec("[^\r\n\u{feff}]{0,5}[a-z]", 0..6)) {
        let column: ArrayRef = Arc::new(StringArray::from(lines));
        let schema = Schema::new(vec![Field::new("0", DataType::Utf8, true)]);
        let frame = Frame::from(RecordBatch::try_new(Arc::new(schema), vec![column]).unwrap());
        let text = write_frame(&frame, &DataTypeId::PlainText).unwrap();
        let read = read_bytes(&text, &DataTypeId::PlainText, &ReadOptions::default()).unwrap();
        prop_assert_eq!(read, frame);
    }
}

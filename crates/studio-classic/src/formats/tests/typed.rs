//! Reading with a given schema.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

use super::super::read_bytes;
use super::*;

fn schema(fields: &[(&str, DataType)]) -> SchemaRef {
    let fields = fields
        .iter()
        .map(|(name, data_type)| Field::new(*name, data_type.clone(), true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn typed(id: DataTypeId, text: &str, schema: SchemaRef) -> String {
    outcome(&read_bytes(
        text.as_bytes(),
        &id,
        &ReadOptions::with_schema(schema),
    ))
}

#[test]
fn columns_are_found_by_name() {
    let wanted = schema(&[("c", DataType::Utf8), ("a", DataType::Float32)]);
    assert_eq!(
        typed(DataTypeId::GenericCsv, "a,b,c\n1,x,2\n.5,y\n", wanted),
        "c:Utf8 a:Float32\n\"2\" 1.0\n- 0.5"
    );
    let wanted = schema(&[("z", DataType::Utf8)]);
    assert_eq!(
        typed(DataTypeId::GenericCsv, "a,b\n", wanted),
        "error: the text has no column `z`"
    );
}

#[test]
fn columns_without_header_are_taken_in_order() {
    let wanted = schema(&[("id", DataType::Int8), ("name", DataType::LargeUtf8)]);
    let id = DataTypeId::GenericTsvNoHeader;
    assert_eq!(
        typed(id.clone(), "1\tx\n", wanted.clone()),
        "id:Int8 name:LargeUtf8\n1 \"x\""
    );
    assert_eq!(
        typed(id, "1\tx\t2\n", wanted),
        "error: the schema has 2 columns, the text has 3"
    );
}

#[test]
fn types_from_text() {
    for (data_type, text, expected) in [
        (DataType::Boolean, "tRUE", "true"),
        (DataType::Int16, "-5", "-5"),
        (
            DataType::UInt64,
            "18446744073709551615",
            "18446744073709551615",
        ),
        (DataType::UInt8, "255", "255"),
        (DataType::Float16, "0.1", "0.099975586"),
        (DataType::Float64, " 1e3 ", "1000.0"),
        (DataType::Utf8View, "x", "\"x\""),
        (DataType::Date32, "2015-01-02", "2015-01-02"),
        (
            DataType::Timestamp(TimeUnit::Millisecond, None),
            "2015-01-02 03:04:05.120",
            "2015-01-02T03:04:05.120",
        ),
        (
            DataType::Timestamp(TimeUnit::Second, Some("+02:00".into())),
            "2015-01-02 03:04:05+02:00",
            "2015-01-02T03:04:05+02:00",
        ),
        (
            DataType::Duration(TimeUnit::Second),
            "-1 days +23:59:55",
            "-PT5S",
        ),
        (DataType::Decimal128(10, 2), "12.5", "12.50"),
        (DataType::Null, "NA", "-"),
    ] {
        let wanted = schema(&[("a", data_type.clone())]);
        assert_eq!(
            typed(DataTypeId::GenericCsv, &format!("a\n{text}\n"), wanted),
            format!("a:{data_type}\n{expected}")
        );
    }
    let wanted = schema(&[("a", DataType::Binary)]);
    assert_eq!(
        typed(DataTypeId::GenericCsv, "a\nx\n", wanted),
        "error: column `a` has type Binary, which cannot be read from text"
    );
}

#[test]
fn cells_that_do_not_fit_are_named() {
    for (data_type, cell, expected) in [
        (
            DataType::Int64,
            "1.5",
            "`1.5` is no Int64, the type of column `b`",
        ),
        (
            DataType::Int8,
            "128",
            "`128` is no Int8, the type of column `b`",
        ),
        (
            DataType::UInt32,
            "-1",
            "`-1` is no UInt32, the type of column `b`",
        ),
        (
            DataType::Float16,
            "1e6",
            "`1e6` is no Float16, the type of column `b`",
        ),
        (
            DataType::Boolean,
            "1",
            "`1` is no Boolean, the type of column `b`",
        ),
        (
            DataType::Date32,
            "soon",
            "`soon` is no Date32, the type of column `b`",
        ),
        (
            DataType::Null,
            "x",
            "`x` is no Null, the type of column `b`",
        ),
        (
            DataType::Int64,
            "a text that is much longer than an error message should be",
            "`a text that is much longer than an error...` is no Int64, the type of column `b`",
        ),
    ] {
        let wanted = schema(&[("b", data_type)]);
        // a quoted line end and a multi-byte character before it
        let text = format!("a,b\n\"x\ny\",NA\n\u{e9}\u{e9},{cell}\n");
        assert_eq!(
            typed(DataTypeId::GenericCsv, &text, wanted),
            format!("error: line 4, column 4: {expected}")
        );
    }
}

#[test]
fn the_earliest_fault_is_reported() {
    let wanted = schema(&[("a", DataType::Int8), ("b", DataType::Int64)]);
    assert_eq!(
        typed(
            DataTypeId::GenericCsv,
            "a,b\n1,2\n300,3\n4,x\n5,6,7\n",
            wanted
        ),
        "error: line 3, column 1: `300` is no Int8, the type of column `a`"
    );
}

#[test]
fn missing_values_need_a_nullable_field() {
    let wanted = Arc::new(Schema::new(vec![Field::new("a", DataType::Int64, false)]));
    assert_eq!(
        typed(DataTypeId::GenericCsv, "a\n1\nNA\n", wanted.clone()),
        "error: line 3, column 1: missing value in column `a`, which the schema says has none"
    );
    assert_eq!(
        typed(DataTypeId::GenericCsv, "a\n1\n", wanted),
        "a:Int64\n1"
    );
}

#[test]
fn plain_text_takes_any_text_type() {
    let wanted = schema(&[("line", DataType::LargeUtf8)]);
    assert_eq!(
        typed(DataTypeId::PlainText, "NA\n\n1\n", wanted),
        "line:LargeUtf8\n\"NA\"\n\"1\""
    );
}

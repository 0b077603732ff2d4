//! ARFF (studio S-150, section 3.5).

use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::{DataType, Field, Int32Type, Schema};

use super::super::{arff, read_bytes};
use super::*;

fn check(text: &str, expected: &str) {
    let options = ReadOptions::default();
    let whole = read_bytes(text.as_bytes(), &DataTypeId::Arff, &options);
    assert_eq!(outcome(&whole), expected, "{text:?}");
    for chunk in [1, 7, 30] {
        let cut = arff::read(&mut Cursor::new(text.as_bytes()), &options, chunk);
        assert_eq!(outcome(&cut), expected, "{text:?} in chunks of {chunk}");
    }
}

// the example of the notes: fields and keywords separated by tabs
#[test]
fn as_the_service_wrote_it() {
    check(
        "@RELATION\tUnnamed\r\n\r\n@ATTRIBUTE\tsize\tNUMERIC\r\n@ATTRIBUTE\tclass\tNUMERIC\r\n\r\n@DATA\r\n0,5\r\n",
        "size:Float64 class:Float64\n0.0 5.0",
    );
}

#[test]
fn every_type() {
    check(
        "\u{feff}% a comment\n@relation 'r s'\n@attribute n numeric\n@attribute i integer\n\
         @attribute s string\n@attribute d date\n@attribute z date 'yyyy-MM-dd HH:mm X'\n\
         @attribute c {red, 'dark blue'}\n\n  % another\n@data\n\
         1.5, 2 ,'it\\'s',2015-01-02T03:04:05,'2015-01-02 03:04 +02',red\n\
         ?,?,?,?,?,?\n\
         -1e3\t3\tx y\t\"1969-12-31T23:59:59\"\t'2015-01-02 03:04 Z'\t'dark blue'\n",
        "n:Float64 i:Int64 s:Utf8 d:Timestamp(ms) z:Timestamp(ms, \"+00:00\") \
         c:Dictionary(Int32, Utf8)\n\
         1.5 2 \"it's\" 2015-01-02T03:04:05 2015-01-02T01:04:00Z red\n\
         - - - - - -\n\
         -1000.0 3 \"x y\" 1969-12-31T23:59:59 2015-01-02T03:04:00Z dark blue",
    );
}

#[test]
fn integers_that_are_none_make_a_float_column() {
    check("@attribute a integer\n@data\n1\n2.0\n", "a:Int64\n1\n2");
    check(
        "@attribute a integer\n@data\n1\n2.5\n3\n",
        "a:Float64\n1.0\n2.5\n3.0",
    );
    let options = ReadOptions {
        batch_rows: 1,
        ..ReadOptions::default()
    };
    let frame = read_bytes(
        b"@attribute a integer\n@data\n1\n2.5\n",
        &DataTypeId::Arff,
        &options,
    );
    assert_eq!(outcome(&frame), "a:Float64\n1.0\n2.5");
}

#[test]
fn labels_keep_their_declared_order() {
    let text = b"@attribute a {z,y,x}\n@data\nx\nz\n";
    let frame = read_bytes(text, &DataTypeId::Arff, &ReadOptions::default()).unwrap();
    let column = frame.batches()[0].column(0).as_dictionary::<Int32Type>();
    assert_eq!(column.keys().values(), &[2, 0]);
    assert_eq!(column.values().as_string::<i32>().value(1), "y");
}

#[test]
fn missing_values_are_not_quoted() {
    check(
        "@attribute a string\n@data\n?\n'?'\n''\n",
        "a:Utf8\n-\n\"?\"\n\"\"",
    );
}

#[test]
fn weights_are_ignored() {
    check(
        "@attribute a numeric\n@data\n1,{5}\n2, {0.5} \n{0 3}, {2}\n",
        "a:Float64\n1.0\n2.0\n3.0",
    );
}

#[test]
fn sparse_rows() {
    check(
        "@attribute a numeric\n@attribute b {x,y}\n@attribute c string\n@data\n\
         {}\n{1 y, 0 2}\n{ 2 'p, q' }\n{0 ?}\n",
        "a:Float64 b:Dictionary(Int32, Utf8) c:Utf8\n\
         0.0 x \"\"\n2.0 y \"\"\n0.0 x \"p, q\"\n- x \"\"",
    );
}

#[test]
fn errors_have_their_place() {
    for (text, expected) in [
        ("", "line 1, column 1: no @data in the text"),
        (
            "@attribute a numeric\n",
            "line 2, column 1: no @data in the text",
        ),
        (
            "@attribute a numeric\n@attribute a string\n",
            "line 2, column 1: attribute `a` is declared twice",
        ),
        (
            "a,b\n1,2\n",
            "line 1, column 1: expected @relation, @attribute or @data",
        ),
        (
            "@attribute a {x}\n@data\n\n y\n",
            "line 4, column 2: label `y` is not declared",
        ),
        (
            "@attribute a numeric\n@data\nx\n",
            "line 3, column 1: `x` is no number",
        ),
        (
            "@attribute a integer\n@data\n1e\n",
            "line 3, column 1: `1e` is no number",
        ),
        (
            "@attribute a date\n@data\nnow\n",
            "line 3, column 1: `now` does not follow the date format",
        ),
        (
            "@attribute \u{e9} string\n@data\n'\u{e9}' 'b'\n",
            "line 3, column 5: expected 1 values, found more",
        ),
        (
            "@attribute a string\n@attribute b string\n@data\nx\n",
            "line 4, column 2: expected 2 values, found 1",
        ),
        (
            "@attribute a string\n@data\nx,\n",
            "line 3, column 3: expected 1 values, found more",
        ),
        (
            "@attribute a string\n@data\n'x\n",
            "line 3, column 1: quoted text is not closed on its line",
        ),
        (
            "@attribute a numeric\n@data\n{1 2}\n",
            "line 3, column 2: `1` is no index of an attribute",
        ),
        (
            "@attribute a numeric\n@data\n{0 2,0 3}\n",
            "line 3, column 6: attribute 0 is given twice",
        ),
        (
            "@attribute a numeric\n@data\n{0 2\n",
            "line 3, column 5: sparse row is not closed by `}`",
        ),
        (
            "@attribute a numeric\n@data\n{0 2} 3\n",
            "line 3, column 7: expected nothing after a sparse row",
        ),
    ] {
        check(text, &format!("error: {expected}"));
    }
    let bad = read_bytes(b"@data\n\xff\n", &DataTypeId::Arff, &ReadOptions::default());
    assert_eq!(outcome(&bad), "error: line 2, column 1: invalid UTF-8");
}

#[test]
fn relational_attributes_are_refused() {
    check(
        "@attribute bag relational\n@attribute a numeric\n@end bag\n@data\n",
        "error: data of type `ARFF with a relational attribute` has no frame form",
    );
}

#[test]
fn a_schema_selects_and_casts() {
    let schema = Schema::new(vec![
        Field::new("b", DataType::Utf8, true),
        Field::new("a", DataType::Int32, true),
    ]);
    let options = ReadOptions::with_schema(Arc::new(schema));
    let text = b"@attribute a numeric\n@attribute b {x}\n@attribute c string\n@data\n1,x,y\n";
    let frame = read_bytes(text, &DataTypeId::Arff, &options);
    assert_eq!(outcome(&frame), "b:Utf8 a:Int32\n\"x\" 1");

    let schema = Arc::new(Schema::new(vec![Field::new("b", DataType::Int32, true)]));
    let options = ReadOptions::with_schema(schema);
    let refused = read_bytes(text, &DataTypeId::Arff, &options);
    assert!(refused.is_err(), "{refused:?}");
}

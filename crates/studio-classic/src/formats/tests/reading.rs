//! Reading with inferred types: every expectation but the named deviations was seen with
//! azureml 0.2.7 on pandas 2.2.3.

use super::super::read_bytes;
use super::*;

fn check(id: DataTypeId, text: &str, expected: &str) {
    check_with(&ReadOptions::default(), id, text.as_bytes(), expected);
}

fn check_with(options: &ReadOptions, id: DataTypeId, text: &[u8], expected: &str) {
    let found = outcome(&read_bytes(text, &id, options));
    assert_eq!(found, expected, "{id} {:?}", String::from_utf8_lossy(text));
}

fn csv(text: &str, expected: &str) {
    check(DataTypeId::GenericCsv, text, expected);
}

fn tsv(text: &str, expected: &str) {
    check(DataTypeId::GenericTsv, text, expected);
}

// studio S-120
#[test]
fn numbers_with_nan_and_empty_cells() {
    csv(
        "a,b,c\n1.0,nan,\n5.1,10.1,20.1\n",
        "a:Float64 b:Float64 c:Float64\n1.0 - -\n5.1 10.1 20.1",
    );
}

// studio S-121
#[test]
fn byte_order_mark_is_dropped() {
    csv("\u{feff}a,b\n1,2\n", "a:Int64 b:Int64\n1 2");
    csv("\u{feff}\n\n a,b\n1,2\n", "a:Int64 b:Int64\n1 2");
    csv("\u{feff}  \"a\",b\n1,2\n", "a:Int64 b:Int64\n1 2");
    check(
        DataTypeId::GenericTsvNoHeader,
        "\u{feff}1\t2",
        "0:Int64 1:Int64\n1 2",
    );
    csv("a\n\u{feff}1\n", "a:Utf8\n\"\\u{feff}1\"");
}

// short texts are copied in another way than long ones, and those at the end of the data too
#[test]
fn texts_of_any_length_are_kept_whole() {
    let texts = (0..70).map(|length| format!("x{}", "\u{e9}y".repeat(length)));
    let texts: Vec<String> = texts.collect();
    let rows: String = texts.iter().map(|text| format!("1,{text}\n")).collect();
    let expected: String = texts.iter().map(|text| format!("\n1 {text:?}")).collect();
    csv(
        &format!("a,b\n{rows}"),
        &format!("a:Int64 b:Utf8{expected}"),
    );
}

// studio S-122
#[test]
fn blanks_after_commas_are_dropped() {
    csv(
        "a,b,c\n1.0, nan, \"ten point one\"\n2.0,  x,\ty \n",
        "a:Float64 b:Utf8 c:Utf8\n1.0 - \"ten point one\"\n2.0 \"x\" \"\\ty \"",
    );
    csv(
        "a, b ,\"c \",\" d\"\n1,2,3,4\n",
        "a:Int64 b :Int64 c :Int64  d:Int64\n1 2 3 4",
    );
    csv("a,b\n   ,1\n", "a:Float64 b:Int64\n- 1");
    csv("a,b\n\"   \",1\n", "a:Utf8 b:Int64\n\"   \" 1");
}

// studio S-123
#[test]
fn blanks_after_tabs_are_kept() {
    tsv("a\tb\n x\t \"y\"\n", "a:Utf8 b:Utf8\n\" x\" \" \\\"y\\\"\"");
    tsv(" a\tb\n 1\t NA\n", " a:Int64 b:Utf8\n1 \" NA\"");
}

// studio S-124
#[test]
fn no_header_means_numbers_for_names() {
    check(
        DataTypeId::GenericCsvNoHeader,
        "1,x\n2,y\n",
        "0:Int64 1:Utf8\n1 \"x\"\n2 \"y\"",
    );
    check(
        DataTypeId::GenericTsvNoHeader,
        "1\tx",
        "0:Int64 1:Utf8\n1 \"x\"",
    );
}

// studio S-125
#[test]
fn line_ends_and_blank_lines() {
    let expected = "a:Int64 b:Int64\n1 2\n3 4\n5 6\n7 8";
    csv("a,b\r\n1,2\r\n\r\n3,4\r5,6\r\r7,8", expected);
    csv(
        "\n\n  \na,b\n1,2\n   \n3,4\n \t \n5,6\n\n\n7,8\n  ",
        expected,
    );
    tsv("a\tb\n1\t2\n  \n3\t4\n\n5\t6\r\n7\t8\n", expected);
    csv("a,b\n1,2\n,\n", "a:Int64 b:Int64\n1 2\n- -");
    tsv(
        "a\tb\n1\t2\n\t\n \t\n",
        "a:Utf8 b:Int64\n\"1\" 2\n- -\n\" \" -",
    );
    csv("a\n1\n\"\"\n  \"\"\n2\n", "a:Int64\n1\n-\n-\n2");
    csv(
        "a,b\n\"1\r\n2\",\"3\r4\"\n",
        "a:Utf8 b:Utf8\n\"1\\r\\n2\" \"3\\r4\"",
    );
}

// studio S-126
#[test]
fn missing_markers_quoted_or_not() {
    csv(
        "a\nNA\n\"NA\"\n NA\nNA \nna\nNone\n\"N\"A\n",
        "a:Utf8\n-\n-\n-\n\"NA \"\n\"na\"\n-\n-",
    );
    csv(
        "a,b,c,d,e,f\n#N/A,#N/A N/A,#NA,-1.#IND,-1.#QNAN,-NaN\n-nan,1.#IND,1.#QNAN,<NA>,N/A,NULL\n\
         NaN,n/a,nan,null,,NA\n",
        "a:Float64 b:Float64 c:Float64 d:Float64 e:Float64 f:Float64\n\
         - - - - - -\n- - - - - -\n- - - - - -",
    );
}

// studio S-127; the whole table is tested where types are inferred
#[test]
fn types_are_inferred_from_whole_columns() {
    csv(
        "i,u,f,t,b,d\n 1 ,9223372036854775808,1.5,x,true,2015-01-02\n+5,1,-inf,1,FALSE,\n",
        "i:Int64 u:UInt64 f:Float64 t:Utf8 b:Boolean d:Utf8\n\
         1 9223372036854775808 1.5 \"x\" true \"2015-01-02\"\n5 1 -inf \"1\" false -",
    );
    // a mixed column keeps the text of every cell
    csv(
        "a\n 007\n1.50 \ntrue\n",
        "a:Utf8\n\"007\"\n\"1.50 \"\n\"true\"",
    );
    csv("a\n\"1\"\n\" 2 \"\n\"3\"4\n", "a:Int64\n1\n2\n34");
    csv(
        "a\n1,000\n",
        "error: line 2, column 3: the first row has 2 fields, but the header names \
         1 columns; surplus fields are not taken as row labels",
    );
    csv("a\n\"1,000\"\n", "a:Utf8\n\"1,000\"");
}

// studio S-127, D-09
#[test]
fn integers_and_booleans_with_gaps() {
    let text = b"i,b\n1,true\n,\n";
    check_with(
        &ReadOptions::default(),
        DataTypeId::GenericCsv,
        text,
        "i:Int64 b:Boolean\n1 true\n- -",
    );
    let options = ReadOptions {
        pandas_compat: true,
        ..ReadOptions::default()
    };
    check_with(
        &options,
        DataTypeId::GenericCsv,
        text,
        "i:Float64 b:Utf8\n1.0 \"True\"\n- -",
    );
    let text = b"i,b\n1,true\n2,false\n";
    check_with(
        &options,
        DataTypeId::GenericCsv,
        text,
        "i:Int64 b:Boolean\n1 true\n2 false",
    );
}

// studio S-128; the naming itself is tested where it is done
#[test]
fn header_names() {
    csv(
        "a,a,a.1,,\n1,2,3,4,5\n",
        "a:Int64 a.2:Int64 a.1:Int64 Unnamed: 3:Int64 Unnamed: 4:Int64\n1 2 3 4 5",
    );
    csv("\"a\nb\",c\n1,2\n", "a\nb:Int64 c:Int64\n1 2");
    csv("\"\"\n1\n", "Unnamed: 0:Int64\n1");
}

// studio S-129
#[test]
fn short_rows_are_filled_and_long_rows_refused() {
    csv("a,b\n1\n2,3\n", "a:Int64 b:Int64\n1 -\n2 3");
    csv(
        "a,b\n1,2\n3,4,5\n",
        "error: line 3, column 5: expected 2 fields, found 3",
    );
    csv(
        "a,b\n1,2\n\n\"x\ny\",\u{e9}, 5 ,6\n",
        "error: line 5, column 6: expected 2 fields, found 4",
    );
    check(
        DataTypeId::GenericCsvNoHeader,
        "1\n2,3\n",
        "error: line 2, column 3: expected 1 fields, found 2",
    );
}

// studio S-130, D-08
#[test]
fn trailing_separators_do_not_shift_columns() {
    csv(
        "a,b\n1,2,\n3,4,\n",
        "error: line 2, column 5: the first row has 3 fields, but the header names 2 columns; \
         surplus fields are not taken as row labels",
    );
    csv("a,b,\n1,2,\n", "a:Int64 b:Int64 Unnamed: 2:Float64\n1 2 -");
}

// studio S-131
#[test]
fn empty_input_and_header_only() {
    for text in ["", "\u{feff}", "\n", "  \n\n "] {
        let found = outcome(&read_bytes(
            text.as_bytes(),
            &DataTypeId::GenericCsv,
            &ReadOptions::default(),
        ));
        assert!(
            found.ends_with("no columns: the text is empty"),
            "{text:?} {found}"
        );
    }
    csv(
        "\n",
        "error: line 2, column 1: no columns: the text is empty",
    );
    csv("a,b", "a:Null b:Null");
    csv("a,b\n\n", "a:Null b:Null");
}

// studio S-132
#[test]
fn invalid_utf8_is_refused() {
    let bad = |id, text: &[u8], at: &str| {
        check_with(
            &ReadOptions::default(),
            id,
            text,
            &format!("error: {at}: invalid UTF-8"),
        );
    };
    bad(
        DataTypeId::GenericCsv,
        b"a,b\n1,\xc3\xa9\xff\n",
        "line 2, column 4",
    );
    bad(DataTypeId::GenericCsv, b"a,\xff\n1,2\n", "line 1, column 3");
    bad(DataTypeId::PlainText, b"x\ny\xe2\x82\n", "line 2, column 2");
    // the halves of a character, made whole only by dropping a quote
    bad(
        DataTypeId::GenericCsv,
        b"a\n\"\xc3\"\xa9\n",
        "line 2, column 2",
    );
    // the earliest of several errors counts
    bad(
        DataTypeId::GenericCsv,
        b"a\n\xff\n1,2\n",
        "line 2, column 1",
    );
    bad(
        DataTypeId::GenericTsvNoHeader,
        b"1\n2\n\xff",
        "line 3, column 1",
    );
}

// studio S-133
#[test]
fn quotes() {
    csv(
        "a\nx\"y\"\n\"x\"y\n\"x\"y\"z\"\n\"a\"\"b\"\n\"\"\"\"\n\"x\" \"y\"\n\"x\"\"y\"z\"\"\n",
        "a:Utf8\n\"x\\\"y\\\"\"\n\"xy\"\n\"xy\\\"z\\\"\"\n\"a\\\"b\"\n\"\\\"\"\n\"x \\\"y\\\"\"\n\"x\\\"yz\\\"\\\"\"",
    );
    csv(
        "a,b\n1,\"x\n\n",
        "error: line 2, column 3: quoted field is never closed",
    );
    csv(
        "\"a,b\n1,2\n",
        "error: line 1, column 1: quoted field is never closed",
    );
    csv(
        "a,b\n1,\"x\"\"",
        "error: line 2, column 3: quoted field is never closed",
    );
}

// studio 3.3, last row of the table: NUL is kept
#[test]
fn nul_bytes_are_kept() {
    csv("a\nb\0c\n\0\n", "a:Utf8\n\"b\\0c\"\n\"\\0\"");
}

// studio S-141, S-143, D-10
#[test]
fn plain_text_is_literal() {
    check(
        DataTypeId::PlainText,
        "\u{feff}first line\r\nsecond\r\n",
        "0:Utf8\n\"first line\"\n\"second\"",
    );
    check(
        DataTypeId::PlainText,
        "\n \"x\ry \n12\n\nNA\n,\n   \n\tz",
        "0:Utf8\n\" \\\"x\"\n\"y \"\n\"12\"\n\"NA\"\n\",\"\n\"\\tz\"",
    );
    check(DataTypeId::PlainText, "", "0:Utf8");
    check(DataTypeId::PlainText, "\u{feff}\n", "0:Utf8");
}

// studio S-044, S-052
#[test]
fn other_types_have_no_frame() {
    for id in [
        DataTypeId::Dataset,
        DataTypeId::Zip,
        DataTypeId::from("genericcsv"),
    ] {
        let expected = format!("error: data of type `{id}` has no frame form");
        check(id, "a\n1\n", &expected);
    }
}

#[test]
fn batches_have_at_most_the_wanted_rows() {
    let text = format!("a\n{}", "1\n".repeat(10));
    let options = ReadOptions {
        batch_rows: 4,
        ..ReadOptions::default()
    };
    let frame = read_bytes(text.as_bytes(), &DataTypeId::GenericCsv, &options).unwrap();
    let rows: Vec<_> = frame.batches().iter().map(RecordBatch::num_rows).collect();
    assert_eq!(rows, [4, 4, 2]);
}

#[test]
fn records_longer_than_the_limit_are_refused() {
    let text = format!("a,b\n1,\"{}", "x\n".repeat(100));
    let options = ReadOptions {
        max_record_bytes: 50,
        ..ReadOptions::default()
    };
    let result = read_chunked(text.as_bytes(), &DataTypeId::GenericCsv, &options, 16);
    assert_eq!(
        outcome(&result),
        "error: line 2, column 3: quoted field is not closed within 50 bytes, the longest record \
         accepted"
    );
}

#[test]
fn very_many_columns_are_refused() {
    let commas = ",".repeat(1 << 18);
    csv(
        &format!("{commas}\n1\n"),
        "error: line 1, column 262145: 262145 columns, more than 262144",
    );
}

#[test]
fn wide_tables() {
    let row = |cell: &str| vec![cell; 2000].join(",");
    let rows: Vec<String> = (0..30).map(|n| row(&n.to_string())).collect();
    let text = format!("{}\n{}\n", row("a"), rows.join("\n"));
    let whole = read_bytes(
        text.as_bytes(),
        &DataTypeId::GenericCsv,
        &ReadOptions::default(),
    );
    let chunked = read_chunked(
        text.as_bytes(),
        &DataTypeId::GenericCsv,
        &ReadOptions::default(),
        3000,
    );
    assert_eq!(outcome(&chunked), outcome(&whole));
    let frame = chunked.unwrap();
    assert_eq!((frame.num_rows(), frame.num_columns()), (30, 2000));
    assert!(frame.batches().len() > 3, "several chunks");
}

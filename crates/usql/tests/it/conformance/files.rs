//! Rows 069 to 098: outputters, extractors, file sets.

use super::{d, extract, one};
use crate::harness::{Lake, any_order, exactly, fails};

fn output(values: &str, using: &str) -> String {
    format!(
        "@r = SELECT * FROM (VALUES({values})) AS T(a,b,c,d); OUTPUT @r TO \"/o.csv\" USING {using};"
    )
}

#[test]
fn row_069_to_080_output() {
    let text = r#"@r = V(("say \"hi\", ok")) AS T(s);"#;
    exactly(&[], text, "\"say \"\"hi\"\", ok\"\r\n");
    exactly(
        &[],
        &format!("{text} OUTPUT @r TO \"/o.csv\" USING Outputters.Csv(quoting:false);"),
        "say \"hi\", ok\r\n",
    );
    exactly(
        &[],
        "@r = V((\"a,b\")) AS T(s); OUTPUT @r TO \"/o.csv\" USING Outputters.Csv(quoting:false, escapeCharacter:'#');",
        "a#,b\r\n",
    );
    let nulls = r#""x",(string)null,"",(int?)null"#;
    exactly(&[], &output(nulls, "Outputters.Csv()"), "\"x\",,\"\",\r\n");
    exactly(
        &[],
        &output(nulls, "Outputters.Csv(nullEscape:\"NULL\")"),
        "\"x\",NULL,\"\",NULL\r\n",
    );
    exactly(
        &[],
        "@r = V((1,\"z\")) AS T(a,[b c]); OUTPUT @r TO \"/o.csv\" USING Outputters.Tsv(outputHeader:true);",
        "\"a\"\t\"b c\"\r\n1\t\"z\"\r\n",
    );
    exactly(&[], "@r = V(('4',',')) AS T(a,b);", "52,44\r\n");
    exactly(
        &[],
        &one(r#"new Guid("F9168C5E-CEB2-4FAA-B6BF-329BF39FA1E4") AS g, new byte[]{1,255} AS b"#),
        "f9168c5e-ceb2-4faa-b6bf-329bf39fa1e4,01FF\r\n",
    );
    exactly(
        &[],
        "@r = V((1),(2)) AS T(a); OUTPUT @r TO \"/o.csv\" ORDER BY a USING Outputters.Csv(rowDelimiter:\"\\n\");",
        "1\n2\n",
    );
    exactly(&[], &d("@r = SELECT * FROM @d WHERE a == 9;"), "");
    exactly(
        &[],
        &d(
            "OUTPUT (SELECT * FROM @d WHERE a == 9) TO \"/o.csv\" USING Outputters.Csv(outputHeader:true);",
        ),
        "\"a\"\r\n",
    );
    fails(
        &[],
        "@r = SELECT new SQL.ARRAY<int>{1} AS a FROM (VALUES(1)) AS T(x);",
        "E_CSC_USER_INVALIDTYPEINOUTPUTTER",
    );
    let lake = Lake::new(&[]);
    lake.run("@r = SELECT * FROM (VALUES(\"ä\")) AS T(s); OUTPUT @r TO \"/o.csv\" USING Outputters.Csv(encoding:Encoding.Unicode);").expect("runs");
    assert_eq!(
        lake.bytes("/o.csv").expect("a file"),
        b"\"\0\xE4\0\"\0\r\0\n\0"
    );
}

#[test]
fn row_081_to_093_extract() {
    let file = |text: &'static str| [("/i.csv", text.as_bytes())];
    exactly(
        &file("1,,\"\",\\N\r\n"),
        &extract(
            "a int, b string, c string, d string",
            "Extractors.Csv(nullEscape:\"\\\\N\")",
        ),
        "1,\"\",\"\",\r\n",
    );
    exactly(
        &file("1,,\"b\"\n"),
        &extract("a int, b string, c string", "Extractors.Csv()"),
        "1,\"\",\"b\"\r\n",
    );
    exactly(
        &file("1,,\"b\"\n"),
        &format!(
            "SET @@InternalDebug = \"EmptyStringAsNullWhenQuoting:on\"; {}",
            extract("a int, b string, c string", "Extractors.Csv()")
        ),
        "1,,\"b\"\r\n",
    );
    exactly(
        &file("h,n\na,1\n"),
        &extract("s string, n int", "Extractors.Csv(skipFirstNRows:1)"),
        "\"a\",1\r\n",
    );
    let ragged = file("a,1\nb\nc,2,3\nd,x\n");
    any_order(
        &ragged,
        &extract("s string, n int?", "Extractors.Csv(silent:true)"),
        &["\"a\",1", "\"d\","],
    );
    fails(
        &ragged,
        &extract("s string, n int", "Extractors.Csv(silent:true)"),
        "Column index: 1, column name: 'n'",
    );
    fails(
        &ragged,
        &extract("s string, n int?", "Extractors.Csv()"),
        "E_RUNTIME_USER_EXTRACT_UNEXPECTED_NUMBER_COLUMNS",
    );
    fails(
        &file("a,1\nc,2,3\n"),
        &extract("s string, n int?", "Extractors.Csv()"),
        "E_RUNTIME_USER_EXTRACT_ROW_DELIMITER_EXPECTED: Too many columns",
    );
    exactly(
        &file("a,1\r\n\r\n\nb,2"),
        &extract("s string, n int", "Extractors.Csv()"),
        "\"a\",1\r\n\"b\",2\r\n",
    );
    exactly(
        &file("\"a \"\"q\"\" b\",2\n"),
        &extract("s string, n int", "Extractors.Csv()"),
        "\"a \"\"q\"\" b\",2\r\n",
    );
    fails(
        &file("\"a\r\nb\",2\n"),
        &extract("s string, n int", "Extractors.Csv()"),
        "E_RUNTIME_USER_EXTRACT",
    );
    exactly(
        &file("\u{FEFF}1,x\n"),
        &extract("n int, s string", "Extractors.Csv()"),
        "1,\"x\"\r\n",
    );
    let utf16: Vec<u8> = "\u{FEFF}1,ä\r\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    fails(
        &[("/i.csv", &utf16)],
        &extract("n int, s string", "Extractors.Csv()"),
        "E_RUNTIME_USER_EXTRACT_INVALID_CHARACTER",
    );
    exactly(
        &[("/i.csv", &utf16)],
        &extract(
            "n int, s string",
            "Extractors.Csv(encoding:Encoding.Unicode)",
        ),
        "1,\"ä\"\r\n",
    );
    exactly(
        &file("a$,b,1\n"),
        &extract(
            "s string, n int",
            "Extractors.Csv(escapeCharacter:'$', quoting:false)",
        ),
        "\"a,b\",1\r\n",
    );
}

#[test]
fn row_094_to_098_file_sets() {
    let set: &[(&str, &[u8])] = &[
        ("/d/2016-01-02.csv", b"1\n"),
        ("/d/2016-02-03.csv", b"\xFF\xFF not read\n"),
    ];
    let days = r#"@d = EXTRACT a int, dt DateTime FROM "/d/{dt:yyyy}-{dt:MM}-{dt:dd}.csv" USING Extractors.Csv();"#;
    exactly(
        set,
        &format!("{days} @r = SELECT a, dt FROM @d WHERE dt < new DateTime(2016,2,1);"),
        "1,2016-01-02T00:00:00.0000000\r\n",
    );
    exactly(
        &[("/d/fooData.csv", b"1\n")],
        r#"@r = EXTRACT a int, n string FROM "/d/{n}Data.csv" USING Extractors.Csv();"#,
        "1,\"foo\"\r\n",
    );
    any_order(
        &[("/a.csv", b"1\n"), ("/b.csv", b"2\n")],
        r#"@r = EXTRACT a int FROM "/a.csv","/b.csv" USING Extractors.Csv();"#,
        &["1", "2"],
    );
    fails(
        &[],
        r#"@r = EXTRACT a int FROM "/none.csv" USING Extractors.Csv();"#,
        "E_CSC_USER_INPUTFILENOTFOUND: The input file '/none.csv' does not exist.",
    );
    exactly(
        &[],
        r#"@r = EXTRACT a int FROM "/none/{*}.csv" USING Extractors.Csv();"#,
        "",
    );
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gz, b"1\n2\n").expect("compressed");
    let gz = gz.finish().expect("compressed");
    any_order(
        &[("/a.csv.gz", &gz)],
        r#"@r = EXTRACT a int FROM "/a.csv.gz" USING Extractors.Csv();"#,
        &["1", "2"],
    );
    any_order(
        &[("/x/a.csv", b"1\n")],
        r#"@r = EXTRACT a int, u = FILE.URI(), l = FILE.LENGTH() FROM "/x/{*}" USING Extractors.Csv();"#,
        &["1,\"/x/a.csv\",2"],
    );
}

//! Rows 099 to 130: variables, control, refusals, and what is left.

use super::{d, extract, one};
use crate::harness::{Lake, any_order, exactly, expanded, fails};

#[test]
fn row_099_to_101_variables_and_control() {
    exactly(
        &[],
        r#"DECLARE @v string = "over"; DECLARE EXTERNAL @v string = "def"; @r = V((@v)) AS T(x);"#,
        "\"over\"\r\n",
    );
    let control =
        r#"IF FILE.EXISTS("/none") THEN @r = V((1)) AS T(x); ELSE @r = V((2)) AS T(x); END;"#;
    exactly(&[], control, "2\r\n");
    exactly(&[("/none", b"")], control, "1\r\n");
    fails(
        &[],
        r#"RAISE ERROR "stop"; @r = V((1)) AS T(x);"#,
        "E_CSC_USER_RAISEERROR: RAISE ERROR: stop",
    );
}

#[test]
fn row_110_to_119_refusals() {
    exactly(
        &[],
        "@x = V((1),(2),(3),(4),(5)) AS T(x); OUTPUT @x TO \"/o.csv\" ORDER BY x OFFSET 1 ROW FETCH 2 ROWS USING Outputters.Csv();",
        "2\r\n3\r\n",
    );
    fails(
        &[],
        &d("@r = SELECT a FROM @d ORDER BY a;"),
        "Expected one of: FETCH OFFSET",
    );
    fails(&[], "@r = select 1;", "E_CSC_USER_SYNTAXERROR");
    fails(
        &[],
        &d("@r = SELECT a+1 FROM @d;"),
        "The column needs a name",
    );
    exactly(
        &[],
        "@r = SELECT s.Length FROM (VALUES(\"abc\")) AS T(s); OUTPUT @r TO \"/o.csv\" USING Outputters.Csv(outputHeader:true);",
        "\"Length\"\r\n3\r\n",
    );
    let ab = "@a=V((1)) AS A(x); @b=V((2)) AS B(y);";
    fails(
        &[],
        &format!("{ab} @r = SELECT a.x FROM @a AS a JOIN @b AS b ON a.x < b.y;"),
        "E_CSC_USER_INVALIDEXPRESSIONSYNTAX",
    );
    fails(&[], "@r = V((1,\"a\"),(\"b\",2)) AS T(x,y);", "Row 2");
    fails(
        &[("/i.csv", b"")],
        &extract("a int, a int", "Extractors.Csv()"),
        "E_CSC_USER_SCHEMADUPLICATENAMES: The EXTRACT schema contains a duplicated field named 'a'.",
    );
    fails(
        &[("/i.csv", b"")],
        &extract("a string?", "Extractors.Csv()"),
        "E_CSC_USER_INVALIDCOLUMNTYPE: 'string?' cannot be used as column type.",
    );
    fails(
        &[],
        "DECLARE @@x string = \"\"; @r = V((1)) AS T(a);",
        "E_CSC_USER_SYNTAXERROR",
    );
}

#[test]
fn row_123_to_130_various() {
    let gz = "OUTPUT @r TO \"/o.csv.gz\" USING Outputters.Csv();";
    let lake = Lake::new(&[]);
    let script = expanded(&format!("@r = V((1)) AS T(a); {gz}"));
    assert!(
        lake.run(&script)
            .expect_err("refused")
            .text()
            .starts_with("E_CSC_USER_FILEFORMATNOTSUPPORTED")
    );
    lake.run(&format!(
        "SET @@FeaturePreviews = \"GZipOutput:on\"; {script}"
    ))
    .expect("runs");
    let bytes = lake.bytes("/o.csv.gz").expect("a file");
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&bytes[..]), &mut text)
        .expect("gzip");
    assert_eq!(text, "1\r\n");

    let lake = Lake::new(&[]);
    let two = expanded(
        "@r = V((1)) AS T(a); @s = SELECT 1/(a-1) AS b FROM @r; OUTPUT @r TO \"/one.csv\" USING Outputters.Csv(); OUTPUT @s TO \"/two.csv\" USING Outputters.Csv();",
    );
    assert!(
        lake.run(&two)
            .expect_err("fails")
            .text()
            .contains("DivideByZeroException")
    );
    assert_eq!(
        (lake.bytes("/one.csv"), lake.bytes("/two.csv")),
        (None, None)
    );

    exactly(
        &[],
        "@r = V((1,2,3)) AS T([Order No],[x],[a]]b]); OUTPUT @r TO \"/o.csv\" USING Outputters.Csv(outputHeader:true);",
        "\"Order No\",\"x\",\"a]b\"\r\n1,2,3\r\n",
    );
    exactly(
        &[],
        r#"DECLARE @f Func<string,string> = (s) => s.ToUpper(); @r = SELECT @f(n) AS u FROM (VALUES("ab")) AS T(n);"#,
        "\"AB\"\r\n",
    );
    any_order(
        &[],
        "@r = SELECT i FROM (VALUES(1)) AS T(x) CROSS APPLY EXPLODE(Enumerable.Range(1,3)) AS M(i);",
        &["1", "2", "3"],
    );
    exactly(
        &[],
        "@r = SELECT DISTINCT x FROM (VALUES(0.0),(-0.0)) AS T(x);",
        "0\r\n",
    );
    exactly(&[], &one("1.10m + 2m AS x"), "3.1\r\n");
    let lake = Lake::new(&[]);
    lake.run(&expanded(
        "@r = SELECT x FROM (VALUES(1),(2)) AS T(x) SAMPLE ANY(1);",
    ))
    .expect("runs");
    assert_eq!(lake.text("/o.csv").lines().count(), 1);
}

/// The article's sample job (datalake-analytics J3).
#[test]
fn the_article_s_job() {
    let lake = Lake::new(&[]);
    let script = r#"
@a  =
    SELECT * FROM
        (VALUES
            ("Contoso", 1500.0),
            ("Woodgrove", 2700.0)
        ) AS
              D( customer, amount );
OUTPUT @a
    TO "/data.csv"
    USING Outputters.Csv();
"#;
    lake.run(script).expect("runs");
    assert_eq!(
        lake.text("/data.csv"),
        "\"Contoso\",1500\r\n\"Woodgrove\",2700\r\n"
    );
}

//! Every code that the compiler and the runtime of this engine raise, with its place (U-SQL notes,
//! section 3.1).

use azml_usql_syntax::LineIndex;

use super::harness::{Failure, Lake};

const OUT: &str = "OUTPUT @r TO \"/o.csv\" USING Outputters.Csv();";

/// The script is refused with this code and message where `«` stands.
#[track_caller]
fn refused(code: &str, message: &str, marked: &str) {
    let at = marked.find('«').expect("a mark");
    let script = marked.replace('«', "");
    let lake = Lake::new(&[("/in.csv", b"1\n"), ("/d/in.csv", b"1\n")]);
    let Err(Failure::Compile(found)) = lake.run(&script) else {
        panic!("{script}\nis not refused");
    };
    let shown: Vec<String> = found
        .iter()
        .map(|it| format!("{} {} at {}", it.code, it.message, it.span.start))
        .collect();
    let error = found.iter().find(|it| it.is_error()).expect("an error");
    assert_eq!(
        (error.code.as_str(), error.span.start),
        (code, at),
        "{script}\n{shown:#?}"
    );
    assert!(error.message.contains(message), "{script}\n{shown:#?}");
    let (start, end) = error.positions(&LineIndex::new(&script));
    assert_eq!(start.line, 1 + script[..at].matches('\n').count());
    assert!(start.offset <= end.offset);
}

/// The script runs with a warning of this code.
#[track_caller]
fn warned(code: &str, script: &str) {
    let lake = Lake::new(&[("/d/7.csv", b"1\n")]);
    let warnings = lake.warnings(script);
    assert!(
        warnings.iter().any(|it| it == code),
        "{script}\n{warnings:?}"
    );
}

#[test]
fn codes_of_the_compiler() {
    for (code, message, script) in [
        (
            "E_CSC_USER_SYNTAXERROR",
            "syntax error. Expected one of: ",
            "@r = SELECT 1 AS a\n«FORM @x;",
        ),
        ("E_CSC_USER_SYNTAXERROR", "syntax error", "@r = select «1;"),
        (
            "E_CSC_USER_INVALIDCSHARP",
            "C# error CS0103: The name 'b' does not exist in the current context",
            "@r = SELECT «b AS c FROM (VALUES (1)) AS T(a);",
        ),
        (
            "E_CSC_USER_INVALIDCSHARP",
            "C# error CS1061",
            "@r = SELECT s.«Lenght AS c FROM (VALUES (\"x\")) AS T(s);",
        ),
        (
            "E_CSC_USER_INVALIDCSHARP",
            "C# error CS0117",
            "@r = SELECT Math.«Cube(a) AS c FROM (VALUES (1)) AS T(a);",
        ),
        (
            "E_CSC_USER_INVALIDCSHARP",
            "C# error CS0019",
            "@r = SELECT «a < s AS c FROM (VALUES (1, \"x\")) AS T(a, s);",
        ),
        (
            "E_CSC_USER_INVALIDCSHARP",
            "C# error CS0020",
            "@r = SELECT «1 / 0 AS c FROM (VALUES (1)) AS T(a);",
        ),
        (
            "E_CSC_USER_INVALIDEXPRESSIONSYNTAX",
            "",
            "@r = SELECT «a + 1 FROM (VALUES (1)) AS T(a);",
        ),
        (
            "E_CSC_USER_INVALIDCOLUMNTYPE",
            "'string?' cannot be used as column type.",
            "@r = EXTRACT a «string? FROM \"/in.csv\" USING Extractors.Csv();",
        ),
        (
            "E_CSC_USER_SCHEMADUPLICATENAMES",
            "The EXTRACT schema contains a duplicated field named 'a'.",
            "@r = EXTRACT a int, «a int FROM \"/in.csv\" USING Extractors.Csv();",
        ),
        (
            "E_CSC_USER_EXPRESSIONNOTCONSTANTFOLDABLE",
            "Expression cannot be constant folded.",
            "@r = SELECT * FROM (VALUES (1)) AS T(a);\nOUTPUT @r TO «Guid.NewGuid().ToString() USING Outputters.Csv();",
        ),
        (
            "E_CSC_USER_DDLENTITYDOESNOTEXIST",
            "",
            "USE DATABASE «nowhere;",
        ),
        (
            "E_CSC_USER_DDLENTITYDOESNOTEXIST",
            "",
            "@r = SELECT a FROM «nothing;",
        ),
        (
            "E_CSC_USER_ROWSETVARIABLEALREADYDECLARED",
            "Rowset variable @a is already declared as a scalar variable.",
            "DECLARE @a int = 1;\n«@a = SELECT * FROM (VALUES (1)) AS T(a);",
        ),
        (
            "E_CSC_USER_EMPTYFILEPATH",
            "",
            "@r = EXTRACT a int FROM «\"\" USING Extractors.Csv();",
        ),
        (
            "E_CSC_USER_INVALIDFILENAME",
            "",
            "@r = EXTRACT a int FROM «\"/../x\" USING Extractors.Csv();",
        ),
        (
            "E_CSC_USER_INPUTFILENOTFOUND",
            "/none.csv",
            "@r = EXTRACT a int FROM «\"/none.csv\" USING Extractors.Csv();",
        ),
        (
            "E_CSC_USER_UNSUPPORTEDCHARFORMAT",
            "",
            "@r = EXTRACT a char FROM \"/in.csv\" USING Extractors.Csv(charFormat: «\"utf8\");",
        ),
        (
            "E_CSC_USER_CREDENTIALDDLISREMOVED",
            "",
            "«CREATE CREDENTIAL c WITH USER_NAME = \"a\", IDENTITY = \"b\";",
        ),
        (
            "E_CSC_USER_INVALIDCSHARP",
            "C# error CS0246: The type or namespace name 'My.Processor' could not be found (are you missing a using directive or an assembly reference?): the code of the referenced assembly Mine does not run here",
            "REFERENCE ASSEMBLY Mine;\n@r = SELECT * FROM (VALUES (1)) AS T(a);\n@s = PROCESS @r PRODUCE a int USING «new My.Processor();",
        ),
        (
            "E_CSC_USER_INVALIDCSHARP",
            "UDO not available: 'Cognition.Vision.ImageTagger'",
            "@r = SELECT * FROM (VALUES (1)) AS T(a);\n@s = PROCESS @r PRODUCE a int USING «new Cognition.Vision.ImageTagger();",
        ),
        (
            "E_CSC_USER_FEATURENOTSUPPORTED",
            "Extractors.Orc is not supported by this engine",
            "@r = EXTRACT a int FROM \"/in.csv\" USING «Extractors.Orc();",
        ),
        (
            "E_CSC_USER_NOTFULLYQUALIFIEDCOLUMNTYPENAME",
            "The table type 'ty' is not fully qualified.",
            "DECLARE FUNCTION @f(@t ty) RETURNS @o AS BEGIN @o = SELECT * FROM @t; END;\n@x = SELECT * FROM (VALUES (1)) AS T(a);\n@r = @f(«@x);",
        ),
        (
            "E_CSC_USER_CONFLICTINGASSEMBLYFILE",
            "The assembly 'A' has several files named 'x.txt'.",
            "CREATE ASSEMBLY A FROM \"/in.csv\" WITH ADDITIONAL_FILES = (\"/in.csv\" AS \"x.txt\", «\"/in.csv\" AS \"x.txt\");",
        ),
        (
            "E_CSC_USER_SAMERESOURCEWITHDIFFERENTPATH",
            "The resource 'in.csv' is deployed from '/in.csv' and from '/d/in.csv'.",
            "DEPLOY RESOURCE \"/in.csv\";\nDEPLOY RESOURCE «\"/d/in.csv\";",
        ),
        (
            "E_CSC_USER_RAISEERROR",
            "RAISE ERROR: stop",
            "«RAISE ERROR \"stop\";",
        ),
    ] {
        let whole = if script.contains("@r = ") && !script.contains("OUTPUT") {
            format!("{script}\n{OUT}")
        } else {
            script.to_owned()
        };
        refused(code, message, &whole);
    }
    refused(
        "E_CSC_USER_INVALIDTYPEINOUTPUTTER",
        "Outputters.Csv was used to output column a of type SQL.ARRAY<int>",
        "@r = SELECT new SQL.ARRAY<int>{x} AS a FROM (VALUES (1)) AS T(x);\n«OUTPUT @r TO \"/o.csv\" USING Outputters.Csv();",
    );
    refused(
        "E_CSC_USER_FILEFORMATNOTSUPPORTED",
        "",
        "@r = SELECT * FROM (VALUES (1)) AS T(a);\nOUTPUT @r TO «\"/o.csv.gz\" USING Outputters.Csv();",
    );
}

#[test]
fn warnings_of_the_compiler() {
    warned("W_CSC_USER_RAISEWARNING", "RAISE WARNING \"careful\";");
    warned(
        "W_CSC_USER_UNUSEDROWSET",
        "@r = SELECT * FROM (VALUES (1)) AS T(a);",
    );
    warned(
        "W_CSC_USER_IGNORED",
        "SET @@FeaturePreviews = \"Whatever:on\";",
    );
    let set = |path: &str| {
        format!("@r = EXTRACT a int, n int FROM \"{path}\" USING Extractors.Csv(); {OUT}")
    };
    warned("W_CSC_USER_EMPTYFILESET", &set("/none/{n}.csv"));
    warned(
        "E_CSC_USER_STARFORMATSPECIFIERISDEPRECATED",
        &set("/d/{n:*}.csv"),
    );
    warned(
        "E_CSC_USER_LOWERCASEHOURFORMATSPECIFIERSAREDEPRECATED",
        &format!(
            "@r = EXTRACT a int, n DateTime FROM \"/none/{{n:hh}}.csv\" USING Extractors.Csv(); {OUT}"
        ),
    );
    warned(
        "W_CSC_USER_EXTERNALNOTINMAINSCRIPT",
        &format!(
            "DECLARE FUNCTION @f() RETURNS @o AS BEGIN DECLARE EXTERNAL @x = 1; @o = SELECT @x AS x FROM (VALUES (1)) AS T(a); END; @r = @f(); {OUT}"
        ),
    );
    warned("W_CSC_USER_IGNORED", "REFERENCE ASSEMBLY Unknown;");
}

#[test]
fn codes_of_the_runtime() {
    let extract = |columns: &str, using: &str| {
        format!("@r = EXTRACT {columns} FROM \"/in.csv\" USING Extractors.Csv({using}); {OUT}")
    };
    for (input, columns, using, code, row) in [
        (
            "1,2\n3\n",
            "a int, b int",
            "",
            "E_RUNTIME_USER_EXTRACT_UNEXPECTED_NUMBER_COLUMNS",
            "(/in.csv, line 2: 3)",
        ),
        (
            "1\n3,4\n",
            "a int",
            "",
            "E_RUNTIME_USER_EXTRACT_ROW_DELIMITER_EXPECTED",
            "(/in.csv, line 2: 3,4)",
        ),
        (
            "1,x\n",
            "a int, b int",
            "",
            "E_RUNTIME_USER_EXTRACT_ROW_ERROR: Error occured while extracting row after processing 0 record(s) in the vertex' input split. Column index: 1, column name: 'b'.",
            "E_RUNTIME_USER_EXTRACT_COLUMN_CONVERSION_INVALID_ERROR",
        ),
        (
            "1,\n",
            "a int, b int",
            "",
            "E_RUNTIME_USER_EXTRACT_ROW_ERROR",
            "E_RUNTIME_USER_EXTRACT_COLUMN_CONVERSION_NULL_ERROR",
        ),
        (
            "h\n\"a\"b\n",
            "a string",
            "skipFirstNRows: 1",
            "E_RUNTIME_USER_EXTRACT_INVALID_CHARACTER_AFTER_TEXTQUALIFIER",
            "line 2",
        ),
        (
            "\"a\n",
            "a string",
            "",
            "E_RUNTIME_USER_EXTRACT_INVALID_CHARACTER_AFTER_TEXTQUALIFIER",
            "line 1",
        ),
    ] {
        let lake = Lake::new(&[("/in.csv", input.as_bytes())]);
        let script = extract(columns, using);
        let text = lake.run(&script).expect_err(&script).text();
        assert!(text.starts_with(code), "{input:?}: {text}");
        assert!(text.contains(row), "{input:?}: {text}");
        assert_eq!(lake.bytes("/o.csv"), None);
    }
    let lake = Lake::new(&[("/in.csv", b"\xff\n")]);
    let text = lake
        .run(&extract("a string", ""))
        .expect_err("bad text")
        .text();
    assert!(
        text.starts_with("E_RUNTIME_USER_EXTRACT_INVALID_CHARACTER: "),
        "{text}"
    );
    let lake = Lake::new(&[("/in.csv", b"9223372036854775807\n")]);
    let sum = "@r = EXTRACT a long FROM \"/in.csv\" USING Extractors.Csv();\n@r = SELECT Convert.ToInt32(a) AS b FROM @r;";
    let text = lake
        .run(&format!("{sum}{OUT}"))
        .expect_err("too large")
        .text();
    assert!(
        text.starts_with("E_RUNTIME_USER_UNHANDLED_EXCEPTION_FROM_USER_CODE: "),
        "{text}"
    );
    assert!(text.contains("System.OverflowException"), "{text}");
}

/// SORTED BY is an assertion: rows out of order end the job, also over the ends of files.
#[test]
fn rows_out_of_order() {
    let files: &[(&str, &[u8])] = &[("/a.csv", b"1,x\n2,y\n"), ("/b.csv", b"2,z\n3,w\n")];
    let script = |keys: &str, paths: &str| {
        format!(
            "@r = EXTRACT n int, s string FROM {paths} SORTED BY {keys} USING Extractors.Csv();\n@r = SELECT s FROM @r; {OUT}"
        )
    };
    let lake = Lake::new(files);
    lake.run(&script("n", "\"/a.csv\", \"/b.csv\""))
        .expect("sorted");
    for (keys, paths) in [("n DESC", "\"/a.csv\""), ("n", "\"/b.csv\", \"/a.csv\"")] {
        let lake = Lake::new(files);
        let text = lake.run(&script(keys, paths)).expect_err(keys).text();
        assert!(
            text.starts_with("E_RUNTIME_USER_ROWORDERING_CORRUPTED: "),
            "{text}"
        );
        assert_eq!(lake.bytes("/o.csv"), None);
    }
}

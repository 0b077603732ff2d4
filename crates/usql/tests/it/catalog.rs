//! Tables, views, functions and procedures over several scripts (U-SQL rows
//! 102 to 109).

use super::harness::Lake;

const OUT: &str = " OUTPUT @r TO \"/o.csv\" USING Outputters.Csv();";

#[track_caller]
fn run(lake: &Lake, script: &str) {
    if let Err(failure) = lake.run(script) {
        panic!("{script}\n{}", failure.text());
    }
}

#[track_caller]
fn refused(lake: &Lake, script: &str, message: &str) {
    let text = lake.run(script).expect_err(script).text();
    assert!(text.contains(message), "{script}\n{text}");
}

/// Runs scripts in order and gives the lines of /o.csv, sorted.
#[track_caller]
fn lines(lake: &Lake, scripts: &[&str]) -> Vec<String> {
    for script in scripts {
        run(lake, script);
    }
    let mut lines: Vec<String> = lake
        .text("/o.csv")
        .split_terminator("\r\n")
        .map(ToOwned::to_owned)
        .collect();
    lines.sort_unstable();
    lines
}

#[test]
fn row_102_function() {
    let lake = Lake::new(&[]);
    let create = "CREATE FUNCTION f(@n int = 5) RETURNS @o AS BEGIN @o = SELECT x FROM (VALUES(3),(7)) AS T(x) WHERE x > @n; END;";
    assert_eq!(
        lines(&lake, &[create, &format!("@r = f(DEFAULT);{OUT}")]),
        ["7"]
    );
    assert_eq!(
        lines(&lake, &[&format!("@r = SELECT * FROM f(0) AS t;{OUT}")]),
        ["3", "7"]
    );
    assert_eq!(
        lines(
            &lake,
            &["OUTPUT f(6) TO \"/o.csv\" USING Outputters.Csv();"]
        ),
        ["7"]
    );
    refused(&lake, create, "already exists");
    refused(
        &lake,
        &format!("@r = f();{OUT}"),
        "takes 1 argument(s), not 0",
    );
    refused(
        &lake,
        &format!("@r = g(1);{OUT}"),
        "E_CSC_USER_DDLENTITYDOESNOTEXIST",
    );
}

#[test]
fn functions_take_rowsets_and_give_several() {
    let lake = Lake::new(&[]);
    run(
        &lake,
        "CREATE TYPE IF NOT EXISTS master.dbo.ty AS TABLE(k string, n int);
         CREATE FUNCTION split(@rows master.dbo.ty, @limit int) RETURNS (@low TABLE(k string), @high) AS
         BEGIN
            @low = SELECT k FROM @rows WHERE n <= @limit;
            @high = SELECT k, n FROM @rows WHERE n > @limit;
            RETURN;
         END;",
    );
    let call =
        "@in = SELECT * FROM (VALUES(\"a\",1),(\"b\",9)) AS T(k,n); (@l, @h) = split(@in, 5);
         @r = SELECT k + \"-\" + h.k2 AS x FROM @l AS l CROSS JOIN (SELECT k AS k2 FROM @h) AS h;";
    assert_eq!(lines(&lake, &[&format!("{call}{OUT}")]), ["\"a-b\""]);
    refused(
        &lake,
        &format!("@in = SELECT * FROM (VALUES(1)) AS T(k); (@l, @r) = split(@in, 5);{OUT}"),
        "lacks the column 'k'",
    );
}

#[test]
fn row_103_view() {
    let lake = Lake::new(&[("/in.csv", b"1\n2\n")]);
    let create = "CREATE VIEW v AS EXTRACT a int FROM \"/in.csv\" USING Extractors.Csv();";
    assert_eq!(
        lines(
            &lake,
            &[create, &format!("@r = SELECT a * 2 AS b FROM v;{OUT}")]
        ),
        ["2", "4"]
    );
    refused(
        &lake,
        "CREATE VIEW w AS SELECT * FROM @x;",
        "A view cannot use the variable '@x'",
    );
}

#[test]
fn row_104_procedure() {
    let lake = Lake::new(&[]);
    let create = "CREATE PROCEDURE p(@path string, @n int) AS BEGIN @x = SELECT @n AS n FROM (VALUES(1)) AS T(a); OUTPUT @x TO @path USING Outputters.Csv(); END;";
    run(&lake, create);
    run(&lake, "p(\"/a.csv\", 1); master.dbo.p(\"/b.csv\", 2);");
    assert_eq!(
        (lake.text("/a.csv").as_str(), lake.text("/b.csv").as_str()),
        ("1\r\n", "2\r\n")
    );
    // A procedure's definition does not run its body.
    assert_eq!(lake.bytes("/x.csv"), None);
}

#[test]
fn row_105_106_tables() {
    let lake = Lake::new(&[]);
    let create = "CREATE TABLE t(a int, b string, INDEX i CLUSTERED(a) DISTRIBUTED BY HASH(a)); INSERT INTO t(a) VALUES(1);";
    assert_eq!(
        lines(&lake, &[create, &format!("@r = SELECT * FROM t;{OUT}")]),
        ["1,"]
    );
    run(
        &lake,
        "@d = SELECT a + 1 AS a, \"x\" AS b FROM t; INSERT INTO t SELECT * FROM @d;",
    );
    assert_eq!(
        lines(&lake, &[&format!("@r = SELECT * FROM master.dbo.t;{OUT}")]),
        ["1,", "2,\"x\""]
    );
    let lake = Lake::new(&[]);
    let create = "CREATE TABLE t(a int, b int, INDEX i CLUSTERED(a) DISTRIBUTED BY HASH(a)); INSERT INTO t(a) VALUES(1);";
    refused(&lake, create, "The column 'b' of type 'int' gets no value");
    refused(
        &lake,
        "INSERT INTO t VALUES(1);",
        "E_CSC_USER_DDLENTITYDOESNOTEXIST",
    );
    run(&lake, "CREATE TABLE t(a int);");
    refused(&lake, "INSERT INTO t VALUES(1);", "has no index yet");
    run(
        &lake,
        "CREATE CLUSTERED INDEX i ON t(a) DISTRIBUTED BY ROUND ROBIN;",
    );
    run(&lake, "INSERT INTO t VALUES(1);");
}

#[test]
fn every_type_can_be_kept() {
    let lake = Lake::new(&[]);
    run(
        &lake,
        "CREATE TABLE t(INDEX i CLUSTERED(i) DISTRIBUTED BY HASH(i)) AS
         SELECT 1 AS i, (ulong) 18446744073709551615 AS u, 1.25m AS m, 'x' AS c, new DateTime(1,1,1) AS d,
                new Guid(\"F9168C5E-CEB2-4FAA-B6BF-329BF39FA1E4\") AS g, new byte[]{1,255} AS b, (float?) 0.5 AS f,
                (string) null AS s, true AS t, new SQL.ARRAY<string>{\"p\", null} AS a,
                new SQL.MAP<string,int?>{{\"k\", 7}} AS k, (sbyte) -5 AS y
         FROM (VALUES(1)) AS T(x);",
    );
    let read = format!(
        "@r = SELECT i,u,m,c,d,g,b,f,s,t,a.Count AS n,a[0] AS p,k[\"k\"] AS k,y FROM t;{OUT}"
    );
    assert_eq!(
        lines(&lake, &[&read]),
        [
            "1,18446744073709551615,1.25,120,0001-01-01T00:00:00.0000000,f9168c5e-ceb2-4faa-b6bf-329bf39fa1e4,01FF,0.5,,True,2,\"p\",7,-5"
        ]
    );
}

#[test]
fn row_107_108_one_script() {
    let lake = Lake::new(&[]);
    let ctas = "CREATE TABLE t(INDEX i CLUSTERED(a) DISTRIBUTED BY HASH(a)) AS SELECT * FROM (VALUES(1),(2)) AS T(a);";
    refused(
        &lake,
        &format!("{ctas} @r = SELECT * FROM t;{OUT}"),
        "is changed by this script before it is read",
    );
    run(&lake, ctas);
    run(
        &lake,
        "@d = SELECT * FROM t; TRUNCATE TABLE t; INSERT INTO t SELECT * FROM @d;",
    );
    assert_eq!(
        lines(&lake, &[&format!("@r = SELECT * FROM t;{OUT}")]),
        ["1", "2"]
    );
    run(&lake, "TRUNCATE TABLE t;");
    assert_eq!(
        lines(&lake, &[&format!("@r = SELECT COUNT(*) AS c FROM t;{OUT}")]),
        ["0"]
    );
}

#[test]
fn row_109_partitions() {
    let lake = Lake::new(&[]);
    run(
        &lake,
        "CREATE TABLE t(k string, n int, INDEX i CLUSTERED(n) PARTITIONED BY (k) DISTRIBUTED BY HASH(n));
         ALTER TABLE t ADD PARTITION (\"a\"), PARTITION (\"b\");",
    );
    let rows = "@d = SELECT * FROM (VALUES(\"a\",1),(\"b\",2),(\"x\",3)) AS T(k,n);";
    refused(
        &lake,
        &format!("{rows} INSERT INTO t SELECT * FROM @d;"),
        "needs PARTITION or ON INTEGRITY VIOLATION",
    );
    run(
        &lake,
        &format!("{rows} INSERT INTO t ON INTEGRITY VIOLATION IGNORE SELECT * FROM @d;"),
    );
    let read = format!("@r = SELECT * FROM t;{OUT}");
    assert_eq!(lines(&lake, &[&read]), ["\"a\",1", "\"b\",2"]);
    run(
        &lake,
        &format!(
            "{rows} INSERT INTO t ON INTEGRITY VIOLATION MOVE TO PARTITION (\"b\") SELECT k, n + 10 AS n FROM @d;"
        ),
    );
    assert_eq!(
        lines(&lake, &[&read]),
        ["\"a\",1", "\"a\",11", "\"b\",12", "\"b\",2", "\"x\",13"]
    );
    run(&lake, "INSERT INTO t(n) PARTITION (\"a\") VALUES (99);");
    run(&lake, "TRUNCATE TABLE t PARTITION (\"b\");");
    assert_eq!(lines(&lake, &[&read]), ["\"a\",1", "\"a\",11", "\"a\",99"]);
    refused(
        &lake,
        "INSERT INTO t(n) PARTITION (\"zz\") VALUES (99);",
        "has no such partition",
    );
}

#[test]
fn databases_and_schemas_give_names_their_place() {
    let lake = Lake::new(&[]);
    run(
        &lake,
        "DROP DATABASE IF EXISTS D; CREATE DATABASE IF NOT EXISTS D; USE DATABASE D; CREATE SCHEMA S; USE SCHEMA S;
         CREATE TABLE [my table](a int, INDEX i CLUSTERED(a) DISTRIBUTED BY HASH(a));
         INSERT INTO [my table] VALUES (4);
         CREATE VIEW v AS SELECT a FROM D.S.[my table];",
    );
    // The view looks its names up where it was made.
    assert_eq!(
        lines(&lake, &[&format!("@r = SELECT a FROM D.S.v;{OUT}")]),
        ["4"]
    );
    refused(
        &lake,
        &format!("@r = SELECT a FROM [my table];{OUT}"),
        "does not exist",
    );
    refused(&lake, "USE DATABASE d;", "The database 'd' does not exist");
    run(&lake, "USE D; DROP VIEW S.v; DROP SCHEMA S;");
    refused(
        &lake,
        &format!("@r = SELECT a FROM D.S.v;{OUT}"),
        "does not exist",
    );
    refused(
        &lake,
        "DROP DATABASE nothing;",
        "E_CSC_USER_DDLENTITYDOESNOTEXIST",
    );
}

#[test]
fn columns_come_and_go() {
    let lake = Lake::new(&[]);
    run(
        &lake,
        "CREATE TABLE t(a int, b string, INDEX i CLUSTERED(a) DISTRIBUTED BY HASH(a)); INSERT INTO t VALUES(1, \"x\");",
    );
    run(&lake, "ALTER TABLE t ADD COLUMN c int, d string;");
    assert_eq!(
        lines(&lake, &[&format!("@r = SELECT * FROM t;{OUT}")]),
        ["1,\"x\",0,"]
    );
    run(&lake, "ALTER TABLE t DROP COLUMN b; ALTER TABLE t REBUILD;");
    assert_eq!(
        lines(&lake, &[&format!("@r = SELECT * FROM t;{OUT}")]),
        ["1,0,"]
    );
    refused(
        &lake,
        "ALTER TABLE t DROP COLUMN a;",
        "belongs to the index",
    );
}

/// A failing script changes neither files nor tables.
#[test]
fn a_failing_script_changes_nothing() {
    let lake = Lake::new(&[]);
    run(
        &lake,
        "CREATE TABLE t(a int, INDEX i CLUSTERED(a) DISTRIBUTED BY HASH(a));",
    );
    let broken = "CREATE DATABASE Half; INSERT INTO t VALUES(1); @z = SELECT 1/(x-1) AS a FROM (VALUES(1)) AS T(x); INSERT INTO t SELECT * FROM @z;";
    refused(&lake, broken, "Attempted to divide by zero");
    assert_eq!(
        lines(&lake, &[&format!("@r = SELECT COUNT(*) AS c FROM t;{OUT}")]),
        ["0"]
    );
    refused(&lake, "USE DATABASE Half;", "does not exist");
}

#[test]
fn objects_of_one_script() {
    let lake = Lake::new(&[]);
    let script = format!(
        "DECLARE TYPE @ty AS TABLE(a int);
         DECLARE FUNCTION @f(@t @ty, @n int) RETURNS @o @ty AS BEGIN @o = SELECT a + @n AS a FROM @t; END;
         @x = SELECT * FROM (VALUES(1)) AS T(a); @r = @f(@x, 10);{OUT}"
    );
    assert_eq!(lines(&lake, &[&script]), ["11"]);
}

/// What is wrong inside a body is reported at the call, with its line.
#[test]
fn mistakes_in_bodies_are_placed() {
    let lake = Lake::new(&[]);
    run(
        &lake,
        "CREATE FUNCTION f() RETURNS @o AS BEGIN\n  @o = SELECT y AS x FROM (VALUES(3)) AS T(x);\nEND;",
    );
    refused(
        &lake,
        &format!("@r = f();{OUT}"),
        "CS0103: The name 'y' does not exist in the current context (in 'f', line 2)",
    );
}

/// The bytes of an assembly are kept; its code is refused where it is used, by name.
#[test]
fn assemblies_are_kept() {
    let lake = Lake::new(&[("/lib/my.dll", b"MZ\x90"), ("/lib/extra.bin", b"extra")]);
    run(
        &lake,
        "CREATE DATABASE D; USE DATABASE D;
         CREATE ASSEMBLY [My.Lib] FROM \"/lib/my.dll\" WITH ADDITIONAL_FILES = (\"/lib/extra.bin\");
         CREATE ASSEMBLY IF NOT EXISTS Inline FROM new byte[]{77, 90};",
    );
    let kept = |name: &str| -> Vec<Vec<u8>> {
        let catalog = lake.catalog();
        let assembly = &catalog.databases["D"].assemblies[name];
        let paths = assembly.files.iter().map(|file| file.path.as_str());
        paths
            .map(|path| lake.bytes(path).expect("a file"))
            .collect()
    };
    assert_eq!(kept("My.Lib"), [b"MZ\x90".to_vec(), b"extra".to_vec()]);
    assert_eq!(kept("Inline"), [b"MZ".to_vec()]);
    let path = lake.catalog().databases["D"].assemblies["My.Lib"].files[0]
        .path
        .clone();
    refused(
        &lake,
        "CREATE ASSEMBLY D.[My.Lib] FROM \"/lib/my.dll\";",
        "already exists",
    );
    refused(
        &lake,
        "CREATE ASSEMBLY Other FROM \"/lib/none.dll\";",
        "E_CSC_USER_INPUTFILENOTFOUND",
    );
    let script =
        format!("REFERENCE ASSEMBLY D.[My.Lib]; @r = SELECT * FROM (VALUES(1)) AS T(a);{OUT}");
    assert_eq!(lines(&lake, &[&script]), ["1"]);
    refused(
        &lake,
        &format!(
            "REFERENCE ASSEMBLY D.[My.Lib]; @r = EXTRACT a int FROM \"/x\" USING new My.Lib.Reader();{OUT}"
        ),
        "'My.Lib.Reader' could not be found",
    );
    run(&lake, "DROP ASSEMBLY D.[My.Lib];");
    assert_eq!(lake.bytes(path.as_str()), None);
}

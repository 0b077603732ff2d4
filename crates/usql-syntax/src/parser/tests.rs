//! One input, one canonical text. The numbers are rows of the U-SQL
//! specification, section 10.

use crate::{Code, ParseOptions, parse, parse_expression, parse_with};

#[track_caller]
fn expr(source: &str, canonical: &str) {
    let parsed = parse_expression(source).unwrap_or_else(|e| panic!("{source}: {e:?}"));
    assert_eq!(parsed.to_string(), canonical);
    let again = parse_expression(canonical).unwrap_or_else(|e| panic!("{canonical}: {e:?}"));
    assert_eq!(again.to_string(), canonical);
}

#[track_caller]
fn script(source: &str, canonical: &str) {
    let parsed = parse(source);
    assert!(!parsed.has_errors(), "{source}: {:?}", parsed.diagnostics);
    assert_eq!(parsed.script.to_string().trim_end(), canonical);
    let again = parse(canonical);
    assert!(!again.has_errors(), "{canonical}: {:?}", again.diagnostics);
    assert_eq!(again.script.to_string().trim_end(), canonical);
}

/// Parses without any diagnostic, also after printing.
#[track_caller]
fn accepts(source: &str) {
    let parsed = parse(source);
    assert!(
        parsed.diagnostics.is_empty(),
        "{source}: {:?}",
        parsed.diagnostics
    );
    let printed = parsed.script.to_string();
    let again = parse(&printed);
    assert!(!again.has_errors(), "{printed}: {:?}", again.diagnostics);
    assert_eq!(again.script.to_string(), printed);
}

#[track_caller]
fn refuses(source: &str, message: &str, token: &str) {
    let parsed = parse(source);
    let error = parsed
        .diagnostics
        .iter()
        .find(|d| d.is_error())
        .expect("an error");
    assert_eq!(error.code, Code::E_CSC_USER_SYNTAXERROR);
    assert_eq!(
        error.message,
        format!("syntax error. {message}"),
        "{source}"
    );
    assert_eq!(error.span.text(source), token, "{source}");
}

#[test]
fn operators_bind_as_in_csharp() {
    expr("a+b*c-d", "((a + (b * c)) - d)");
    expr("a ?? b ?? c", "(a ?? (b ?? c))");
    expr("a ? b : c ? d : e", "(a ? b : (c ? d : e))");
    expr(
        "a || b && c | d ^ e & f == g < h << i + j",
        "(a || (b && (c | (d ^ (e & (f == (g < (h << (i + j)))))))))",
    );
    expr("a OR b AND NOT c", "(a OR (b AND !c))");
    expr("a>>b>=c", "((a >> b) >= c)");
    expr("-a.b[0].c(1)", "-a.b[0].c(1)");
    expr("!(a < 3)", "!(a < 3)");
    expr("a - -b", "(a - -b)");
    expr("a == null && b != null", "((a == null) && (b != null))");
}

#[test]
fn words_of_sql_are_operators() {
    expr(
        "a IN (1, (int?)null) AND b NOT IN (2)",
        "((a IN (1, (int?)null)) AND (b NOT IN (2)))",
    );
    expr("a BETWEEN 0 AND 5 AND c", "((a BETWEEN 0 AND 5) AND c)");
    expr(
        "a + 1 NOT BETWEEN b AND c + 1",
        "((a + 1) NOT BETWEEN b AND (c + 1))",
    );
    expr(
        "a IS NOT NULL OR b IS NULL",
        "((a IS NOT NULL) OR (b IS NULL))",
    );
    expr(
        "a LIKE \"5|%off\" ESCAPE '|'",
        "(a LIKE \"5|%off\" ESCAPE '|')",
    );
    expr(
        "CASE WHEN n BETWEEN 0 AND 9 THEN \"a\" ELSE \"b\" END",
        "CASE WHEN (n BETWEEN 0 AND 9) THEN \"a\" ELSE \"b\" END",
    );
    expr(
        "CASE x WHEN 1 THEN 2 END + 1",
        "(CASE x WHEN 1 THEN 2 END + 1)",
    );
}

#[test]
fn casts_are_told_from_parentheses() {
    expr("(int)a + (string)b", "((int)a + (string)b)");
    expr("(DateTime?)null", "(DateTime?)null");
    expr("(int?) -1", "(int?)-1");
    expr("(a) - b", "((a) - b)");
    expr("(a) AND b", "((a) AND b)");
    expr("(Foo)x", "(Foo)x");
    expr("(SQL.ARRAY<int>)null", "(SQL.ARRAY<int>)null");
    expr("(float)1/3", "((float)1 / 3)");
    expr("(a.b)(c)", "(a.b)(c)");
    expr("x is int? && y", "((x is int?) && y)");
    expr("x is int ? 1 : 2", "((x is int) ? 1 : 2)");
    expr("x as string ?? y", "((x as string) ?? y)");
}

#[test]
fn types_and_members() {
    expr(
        "new SqlMap<string,SqlArray<int>>{{\"x\",null},}",
        "new SqlMap<string, SqlArray<int>> {{\"x\", null}}",
    );
    expr(
        "new SQL.ARRAY<string>(s.Split(',').Where(x => x.StartsWith(\"@\")))",
        "new SQL.ARRAY<string>(s.Split(',').Where((x) => x.StartsWith(\"@\")))",
    );
    expr("new byte[]{1,255}", "new byte[] {1, 255}");
    expr("new[] {'a', 'b'}", "new [] {'a', 'b'}");
    expr("new string[3]", "new string[3]");
    expr("new { a = 1, b }", "new {a = 1, b}");
    expr("new Foo{ A = 1, }", "new Foo {A = 1}");
    expr("int.Parse(x)", "int.Parse(x)");
    expr("Encoding.[ASCII]", "Encoding.[ASCII]");
    expr("SqlArray<int>.Create(x)", "SqlArray<int>.Create(x)");
    expr("Enumerable.Empty<int>()", "Enumerable.Empty<int>()");
    expr("a < b", "(a < b)");
    expr("a < b || c > d", "((a < b) || (c > d))");
    expr("p.@v", "p.@v");
    expr("@@JobInfo.Submit.Alias", "@@JobInfo.Submit.Alias");
    expr("typeof(int?)", "typeof(int?)");
}

#[test]
fn aggregates_and_windows() {
    expr("COUNT( * )", "COUNT(*)");
    expr("COUNT(DISTINCT a)", "COUNT(DISTINCT a)");
    expr("ARRAY_AGG<string>(x)", "ARRAY_AGG<string>(x)");
    expr(
        "SUM(x) OVER(PARTITION BY a,b ORDER BY c DESC ROWS 3 PRECEDING)",
        "SUM(x) OVER (PARTITION BY a, b ORDER BY c DESC ROWS 3 PRECEDING)",
    );
    expr(
        "SUM(x) OVER(ORDER BY c ROWS BETWEEN UNBOUNDED PRECEDING AND 1 FOLLOWING)",
        "SUM(x) OVER (ORDER BY c ROWS BETWEEN UNBOUNDED PRECEDING AND 1 FOLLOWING)",
    );
    expr(
        "PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY x) OVER()",
        "PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY x) OVER ()",
    );
    expr("SUM(x) + COUNT(*) * 2", "(SUM(x) + (COUNT(*) * 2))");
}

#[test]
fn lambdas_and_queries() {
    expr("(s) => s.ToUpper()", "(s) => s.ToUpper()");
    expr("(x, y) => x + y", "(x, y) => (x + y)");
    expr("() => 1", "() => 1");
    expr(
        "from x in xs where x > 1 orderby x descending select x + 1",
        "from x in xs where (x > 1) orderby x descending select (x + 1)",
    );
    expr(
        "from x in s.Split(' ') from y in x let z = y group z by x",
        "from x in s.Split(' ') from y in x let z = y group z by x",
    );
    expr(
        "(s) => { int n; if (int.TryParse(s, out n)) return n; else { n += 1; } return (int?) null; }",
        "(s) => { int n; if (int.TryParse(s, out n)) { return n; } else { n += 1; } return (int?)null; }",
    );
    expr(
        "(p) => { foreach (var x in p) { y = x; } while (true) { f(x); } }",
        "(p) => { foreach (var x in p) { y = x; } while (true) { f(x); } }",
    );
}

#[test]
fn strings() {
    expr("@\"a\"\"b\\c\"", "\"a\\\"b\\\\c\"");
    expr("\"\\t\\u0041\"", "\"\\tA\"");
    expr("$\"a{b + 1,-5:N2}c{{d}}\"", "$\"a{(b + 1),-5:N2}c{{d}}\"");
    expr("$\"{f(\"x\")}\"", "$\"{f(\"x\")}\"");
    expr("'\\''", "'\\''");
}

#[test]
fn the_article_s_job() {
    script(
        "@a  = \n    SELECT * FROM \n        (VALUES\n            (\"Contoso\", 1500.0),\n            (\"Woodgrove\", 2700.0)\n        ) AS \n              D( customer, amount );\nOUTPUT @a\n    TO \"/data.csv\"\n    USING Outputters.Csv();",
        "@a = SELECT * FROM (VALUES (\"Contoso\", 1500.0), (\"Woodgrove\", 2700.0)) AS D(customer, amount);\nOUTPUT @a TO \"/data.csv\" USING Outputters.Csv();",
    );
}

#[test]
fn rowsets() {
    script(
        "@a=SELECT(expr)AS x,e.*FROM @b AS e",
        "@a = SELECT (expr) AS x, e.* FROM @b AS e;",
    );
    script(
        "@r = EXTRACT a int, [b c] string?, dt DateTime, f = FILE.URI(), d.T.* FROM \"/x/{*}.csv\", @p USING Extractors.Text(delimiter : '|', silent:true);",
        "@r = EXTRACT a int, [b c] string?, dt DateTime, f = FILE.URI(), d.T.* FROM \"/x/{*}.csv\", @p USING Extractors.Text(delimiter: '|', silent: true);",
    );
    script(
        "@r = SELECT k, COUNT(*) AS c FROM @d GROUP BY k HAVING COUNT(*) > 1 ORDER BY c DESC, k FETCH 10;",
        "@r = SELECT k, COUNT(*) AS c FROM @d GROUP BY k HAVING (COUNT(*) > 1) ORDER BY c DESC, k FETCH 10 ROWS;",
    );
    script(
        "@x = @f() ORDER BY c FETCH FIRST 5 ROWS ONLY;",
        "@x = @f() ORDER BY c FETCH 5 ROWS;",
    );
    script("@x = @y;", "@x = @y;");
    script(
        "(@a, @b) = d.s.f(1, DEFAULT, @t);",
        "(@a, @b) = d.s.f(1, DEFAULT, @t);",
    );
    script(
        "@r = SELECT * FROM @a UNION ALL SELECT * FROM @b INTERSECT SELECT * FROM @c EXCEPT BY NAME ON (x, *) @d;",
        "@r = SELECT * FROM @a UNION ALL SELECT * FROM @b INTERSECT SELECT * FROM @c EXCEPT BY NAME ON (x, *) @d;",
    );
    script(
        "@r = @a OUTER UNION BY NAME ON (*) @b;",
        "@r = @a OUTER UNION BY NAME ON (*) @b;",
    );
    script(
        "@r = (@a UNION @b) INTERSECT @c;",
        "@r = (@a UNION @b) INTERSECT @c;",
    );
}

#[test]
fn sources() {
    script(
        "@r = SELECT a.x FROM @a AS a JOIN @b AS b ON a.k == b.k AND a.l == b.l LEFT OUTER JOIN m.dbo.t AS c ON c.k==a.k CROSS JOIN @d AS d;",
        "@r = SELECT a.x FROM @a AS a INNER JOIN @b AS b ON ((a.k == b.k) AND (a.l == b.l)) LEFT OUTER JOIN m.dbo.t AS c ON (c.k == a.k) CROSS JOIN @d AS d;",
    );
    script(
        "@r = SELECT x FROM @a AS a LEFT ANTISEMIJOIN @b AS b ON a.k == b.k OUTER JOIN @c AS c ON a.k==c.k RIGHT SEMIJOIN @d AS d ON a.k==d.k;",
        "@r = SELECT x FROM @a AS a LEFT ANTISEMIJOIN @b AS b ON (a.k == b.k) LEFT OUTER JOIN @c AS c ON (a.k == c.k) RIGHT SEMIJOIN @d AS d ON (a.k == d.k);",
    );
    script(
        "@r = SELECT x FROM @a AS a INNER HASH JOIN @b AS b ON a.k == b.k;",
        "@r = SELECT x FROM @a AS a INNER JOIN @b AS b ON (a.k == b.k);",
    );
    script(
        "@r = SELECT k, t FROM @b CROSS APPLY EXPLODE(a) AS e(t);",
        "@r = SELECT k, t FROM @b CROSS APPLY EXPLODE (a) AS e(t);",
    );
    script(
        "@r = SELECT k FROM @b OUTER APPLY (VALUES(k*10),(k)) AS e(v int);",
        "@r = SELECT k FROM @b OUTER APPLY VALUES ((k * 10)), (k) AS e(v int);",
    );
    script(
        "@r = SELECT k FROM @b CROSS APPLY USING new N.A(1) AS e(v int);",
        "@r = SELECT k FROM @b CROSS APPLY USING new N.A(1) AS e(v int);",
    );
    script(
        "@r = SELECT m, q1 FROM @s PIVOT (SUM(v) FOR q IN (1 AS q1, 2 AS q2)) AS p;",
        "@r = SELECT m, q1 FROM @s PIVOT (SUM(v) FOR q IN (1 AS q1, 2 AS q2)) AS p;",
    );
    script(
        "@r = SELECT m FROM @p UNPIVOT INCLUDE NULLS (v FOR n IN (q1,q2)) AS u;",
        "@r = SELECT m FROM @p UNPIVOT INCLUDE NULLS (v FOR n IN (q1, q2)) AS u;",
    );
    script(
        "@r = SELECT x FROM (SELECT y FROM @t) AS a;",
        "@r = SELECT x FROM (SELECT y FROM @t) AS a;",
    );
    script(
        "@r = SELECT x FROM (@t) AS a;",
        "@r = SELECT x FROM @t AS a;",
    );
    script(
        "@r = SELECT x FROM ((SELECT y FROM @t) UNION @u) AS a;",
        "@r = SELECT x FROM ((SELECT y FROM @t) UNION @u) AS a;",
    );
    script(
        "@r = SELECT x FROM (@a AS a JOIN @b AS b ON a.x == b.x);",
        "@r = SELECT x FROM (@a AS a INNER JOIN @b AS b ON (a.x == b.x));",
    );
}

#[test]
fn published_dialect_traps() {
    for source in [
        "OUTPUT (SELECT * FROM @a) TO \"/o\" USING Outputters.Csv( );",
        "OUTPUT db.schema.[table] TO \"/o\" ORDER BY x OFFSET 1 ROW FETCH 2 ROWS USING Outputters.Tsv(outputHeader : true);",
        "OUTPUT Tvf(DEFAULT) TO @out EXPIRATION \"30\" ORDER BY a USING Outputters.Text(delimiter:'\\u0001');",
        "@r = SELECT m[\"x\"], new SqlMap<string,string>{ {\"a\",\"b\"}, {\"c\",\"d\"}, } AS m FROM @e; // done",
        "@r = SELECT 1 AS one /* c */ FROM @t ; ; ;",
        "DECLARE @d DateTime = new DateTime(2016,01,31,00,00,00,00,DateTimeKind.Local);",
        "DECLARE @f Func<string,string> = (s) => s.ToUpper();",
        "DECLARE CONST @c = \"/in/\" + \"x\"; DECLARE EXTERNAL @e int? = null;",
        "SET @@FeaturePreviews = \"GZipOutput:on\"; SET @@Diagnostics = true;",
        "IF FILE.EXISTS(\"/none\") THEN @r = @a; ELSEIF 1 == 2 THEN RAISE ERROR \"x\"; ELSE @r = @b; END;",
        "IF PARTITION.EXISTS(db.dbo.t, new DateTime(2016,1,1)) THEN TRUNCATE TABLE t PARTITION (1), PARTITION (2); END",
        "REFERENCE ASSEMBLY [Microsoft.Analytics.Samples.Formats]; REFERENCE SYSTEM ASSEMBLY [System.Xml]; REFERENCE ASSEMBLY master.ExtPython;",
        "USING Json = Microsoft.Analytics.Samples.Formats.Json; USING System.IO;",
        "DEPLOY RESOURCE \"/a.py\", \"/b.zip\";",
        "@t = REDUCE @s PRESORT a DESC ON k, l PRODUCE k, v int, w READONLY k REQUIRED * USING new Extension.Python.Reducer(pyScript:@src);",
        "@t = REDUCE @s ALL PRODUCE v int USING new A.B() { X = 1 };",
        "@t = PROCESS @s PRODUCE a int, b string READONLY a REQUIRED a USING new P.Q<int>(1);",
        "@t = COMBINE @a AS x WITH @b AS y ON x.k == y.k PRODUCE k int USING new C.D();",
        "@t = SAMPLE @s ON a, b UNIVERSE (0.1) WITH WEIGHT AS w; @u = SAMPLE @s UNIFORM(0.5); @v = SELECT * FROM @s SAMPLE ANY(1);",
        "CREATE DATABASE IF NOT EXISTS d; USE DATABASE d; USE SCHEMA s; USE d; CREATE SCHEMA s;",
        "CREATE TABLE d.s.t(a int, b string, INDEX i CLUSTERED(a ASC, b DESC) PARTITIONED BY (a) DISTRIBUTED BY HASH(b) INTO 4);",
        "CREATE TABLE IF NOT EXISTS t(INDEX i CLUSTERED(a) PARTITIONED BY HASH(a)) AS SELECT * FROM @x;",
        "CREATE TABLE t(INDEX i CLUSTERED(a)) DISTRIBUTED BY ROUND ROBIN AS EXTRACT a int FROM \"/a\" USING Extractors.Csv();",
        "CREATE CLUSTERED INDEX i ON t(a, b DESC) DISTRIBUTED BY RANGE(a DESC);",
        "CREATE VIEW IF NOT EXISTS v AS EXTRACT a int FROM \"/a\" USING Extractors.Csv();",
        "CREATE FUNCTION d.dbo.f(@n int = 5, @t TABLE(a int), @u d.dbo.ty) RETURNS @o TABLE(x int) AS BEGIN @o = SELECT 1 AS x FROM @t; RETURN; END;",
        "CREATE FUNCTION f() RETURNS (@o, @p d.s.t) BEGIN @o = @a; @p = @b; END",
        "CREATE PROCEDURE p(@a string) AS BEGIN OUTPUT @x TO @a USING Outputters.Csv(); END; p(\"x\"); d.dbo.p(DEFAULT);",
        "CREATE TYPE d.dbo.ty AS TABLE(a int, b SQL.MAP<string, int?>);",
        "CREATE PACKAGE pk(@x string) AS BEGIN USING A.B; DECLARE @y = @x; EXPORT @z string = @y; EXPORT ASSEMBLY a; END; IMPORT PACKAGE pk(\"q\") AS k; @r = SELECT k.@z AS z FROM @t;",
        "CREATE ASSEMBLY IF NOT EXISTS a FROM @\"/x.dll\" WITH ADDITIONAL_FILES = (\"/y\" AS \"z\", \"/w\");",
        "CREATE ASSEMBLY a FROM \"/x.dll\" WITH ADDITIONAL FILES = (\"/y\");",
        "DECLARE FUNCTION @f(@a int) RETURNS @r AS BEGIN @r = @x; END; DECLARE VIEW @v AS SELECT * FROM @x; DECLARE TYPE @ty AS TABLE(a int);",
        "INSERT INTO t(a, b) VALUES (1, \"x\"), (2, null); INSERT t SELECT * FROM @d; INSERT INTO t PARTITION (1) SELECT * FROM @d;",
        "INSERT INTO t ON INTEGRITY VIOLATION MOVE TO PARTITION (3) @d; INSERT INTO t(a) ON INTEGRITY VIOLATION IGNORE (SELECT a FROM @d);",
        "ALTER TABLE t ADD COLUMN c int, d string; ALTER TABLE t DROP COLUMN c; ALTER TABLE t REBUILD;",
        "ALTER TABLE t ADD IF NOT EXISTS PARTITION (1), PARTITION (2); ALTER TABLE t DROP IF EXISTS PARTITION (1);",
        "DROP TABLE IF EXISTS db..t; DROP DATABASE d; DROP INDEX i ON d.s.t; DROP CLUSTERED INDEX i ON t;",
        "CREATE STATISTICS s ON t(a) WITH FULLSCAN; CREATE DATA SOURCE x FROM AZURESQLDB WITH (PROVIDER_STRING = \"a;b\"); CREATE CREDENTIAL c WITH USER_NAME = \"x\";",
        "@r = SELECT * FROM EXTERNAL src EXECUTE @\"SELECT 1; x\" WHERE a == 1;",
        "@r = SELECT _v AS a FROM @t WHERE a.IndexOf(\"x\") >= 0 AND !b;",
        "@\u{e4}\u{f6} = SELECT \u{fc} FROM @\u{e4};",
    ] {
        accepts(source);
    }
}

#[test]
fn a_reserved_word_as_a_name_is_a_warning_unless_strict() {
    let source = "@r = SELECT DATE, x AS KEY FROM @t;";
    let parsed = parse(source);
    assert!(!parsed.has_errors());
    let codes: Vec<_> = parsed
        .diagnostics
        .iter()
        .map(|d| (d.code, d.span.text(source)))
        .collect();
    assert_eq!(
        codes,
        [
            (Code::W_CSC_USER_RESERVEDWORDASNAME, "DATE"),
            (Code::W_CSC_USER_RESERVEDWORDASNAME, "KEY")
        ]
    );
    let strict = parse_with(source, ParseOptions { strict: true });
    assert_eq!(
        strict.diagnostics.iter().filter(|d| d.is_error()).count(),
        2
    );
}

/// The recorded answer of the job service's build call, and rows 112, 119.
#[test]
fn mistakes_are_named_at_their_token() {
    refuses(
        "DROP DATABASE IF EXIST FOO; CREATE DATABASE FOO;",
        "Expected one of: EXISTS",
        "EXIST",
    );
    refuses(
        "@r = SELECT x from @t;",
        "Expected one of: ',' AS FROM",
        "from",
    );
    refuses(
        "DECLARE @@x string = \"\";",
        "Expected one of: CONST EXTERNAL variable",
        "@@x",
    );
    refuses(
        "@r = SELECT x FROM @a, @b;",
        "Rowsets are joined with JOIN or CROSS JOIN, not with a comma",
        ",",
    );
    refuses(
        "@r = EXTRACT a int, FROM \"/a\" USING Extractors.Csv();",
        "Expected one of: identifier",
        "FROM",
    );
    refuses(
        "@r = SELECT 1 AS x FROM (VALUES(1)) AS T(;",
        "Expected one of: identifier",
        ";",
    );
    refuses(
        "OUTPUT @a TO \"/x\" USING Outputters.Csv;",
        "Expected one of: '('",
        ";",
    );
    let select = parse("@r = select 1;");
    assert_eq!(select.diagnostics[0].code, Code::E_CSC_USER_SYNTAXERROR);
}

#[test]
fn one_mistake_hides_nothing_behind_it() {
    let parsed = parse(
        "@a = SELECT FROM; @b = @c; OUTPUT @b TO; IF true THEN @d = ; @e = @f; END; @g = @h;",
    );
    assert_eq!(parsed.diagnostics.len(), 3, "{:?}", parsed.diagnostics);
    assert_eq!(
        parsed.script.to_string(),
        "@b = @c;\nIF true THEN @e = @f; END;\n@g = @h;\n"
    );
}

#[test]
fn bad_constants_have_the_compiler_s_words() {
    let parsed =
        parse("DECLARE @a = 99999999999999999999; DECLARE @b = 'ab'; DECLARE @c = \"\\q\";");
    let messages: Vec<_> = parsed
        .diagnostics
        .iter()
        .map(|d| d.message.as_str())
        .collect();
    assert_eq!(
        messages,
        [
            "C# error CS1021: Integral constant is too large",
            "C# error CS1012: Too many characters in character literal",
            "C# error CS1009: Unrecognized escape sequence",
        ]
    );
    assert!(
        parsed
            .diagnostics
            .iter()
            .all(|d| d.code == Code::E_CSC_USER_INVALIDCSHARP)
    );
}

#[test]
fn depth_and_length_are_bounded() {
    for source in [
        format!(
            "@a = SELECT {}1{} AS x FROM @b;",
            "(".repeat(5_000),
            ")".repeat(5_000)
        ),
        format!("@a = SELECT {}1 AS x FROM @b;", "-".repeat(5_000)),
        format!("@a = SELECT 1{} AS x FROM @b;", "+1".repeat(5_000)),
        format!("@a = SELECT x{} FROM @b;", ".y".repeat(5_000)),
        format!("@a = @b{};", " UNION @b".repeat(5_000)),
        format!("@a = SELECT x FROM @b{};", " CROSS JOIN @b".repeat(5_000)),
        format!("@a = {}@b{};", "(".repeat(5_000), ")".repeat(5_000)),
        format!("@a = SELECT x FROM {}@b;", "((SELECT x FROM ".repeat(5_000)),
        format!("DECLARE @a {}int = 1;", "A<".repeat(5_000)),
        "IF true THEN ".repeat(5_000),
        format!("@a = SELECT {} x FROM @b;", "(a) => ".repeat(5_000)),
        format!("@a = SELECT {} x FROM @b;", "a ?? ".repeat(5_000)),
    ] {
        assert!(parse(&source).has_errors(), "{}", &source[..40]);
    }
}

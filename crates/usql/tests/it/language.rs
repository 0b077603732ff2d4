//! Tier 3 of the language: statement lambdas, packages, samples.

use super::harness::{Lake, any_order, exactly, expanded, fails};

const OUT: &str = " OUTPUT @r TO \"/o.csv\" USING Outputters.Csv();";

#[test]
fn statement_lambdas() {
    let names = "@d = V((\" 7 \"),(\"x\"),((string)null)) AS T(s);";
    any_order(
        &[],
        &format!(
            "DECLARE @f Func<string, string> = (s) => {{ var t = s == null ? \"\" : s.Trim(); int n; if (int.TryParse(t, out n)) {{ return n.ToString(\"D5\"); }} return t.ToUpper() + \"!\"; }}; {names} @r = SELECT @f(s) AS f FROM @d;"
        ),
        &["\"!\"", "\"00007\"", "\"X!\""],
    );
    // Assignments in branches, compound ones, and what an out argument is after a failure.
    any_order(
        &[],
        &format!(
            "DECLARE @f Func<string, int> = s => {{ int n = 5; bool ok = int.TryParse(s, out n); n += 10; if (!ok) n = n * 2; else n += 1; return n; }}; {names} @r = SELECT @f(s) AS f FROM @d;"
        ),
        &["18", "20", "20"],
    );
    for (body, message) in [
        (
            "{ if (s == null) return 1; }",
            "CS1643: Not all code paths return a value",
        ),
        (
            "{ foreach (var c in s) { return 1; } return 2; }",
            "foreach in a statement lambda is not supported",
        ),
        (
            "{ while (true) { } return 1; }",
            "while in a statement lambda is not supported",
        ),
        ("{ t = 1; return 1; }", "CS0131"),
        ("{ long n; int.TryParse(s, out n); return 1; }", "CS1503"),
    ] {
        fails(
            &[],
            &format!(
                "DECLARE @f Func<string, int> = s => {body}; {names} @r = SELECT @f(s) AS f FROM @d;"
            ),
            message,
        );
    }
}

#[test]
fn packages_export_variables() {
    let lake = Lake::new(&[]);
    let run = |script: &str| {
        lake.run(script)
            .unwrap_or_else(|e| panic!("{script}\n{}", e.text()))
    };
    run(
        "CREATE PACKAGE p(@n int = 2) AS BEGIN DECLARE @hidden = @n * 10; EXPORT @v int = @hidden + 1; IF @n > 2 THEN EXPORT @big = \"big\"; END; EXPORT @f Func<int,int> = x => x + 1; END;",
    );
    run(&format!(
        "IMPORT PACKAGE p(5) AS a; IMPORT PACKAGE master.dbo.p(DEFAULT) AS b; @r = SELECT a.@v AS x, b.@v AS y, a.@big AS z, a.@f(1) AS w FROM (VALUES(1)) AS T(i);{OUT}"
    ));
    assert_eq!(lake.text("/o.csv"), "51,21,\"big\",2\r\n");
    run(
        "CREATE PACKAGE q() AS BEGIN IMPORT PACKAGE p(1) AS inner; EXPORT @w = inner.@v + 100; END;",
    );
    run(&format!(
        "IMPORT PACKAGE q(); @r = SELECT @w AS x FROM (VALUES(1)) AS T(i);{OUT}"
    ));
    assert_eq!(lake.text("/o.csv"), "111\r\n");
    for (script, message) in [
        (
            "IMPORT PACKAGE none() AS a;",
            "The package 'none' does not exist",
        ),
        (
            "IMPORT PACKAGE p(1) AS a; DECLARE @x = a.@hidden;",
            "The name 'a.@hidden' does not exist",
        ),
        (
            "IMPORT PACKAGE p(1) AS a; DECLARE @x = a.@big;",
            "The name 'a.@big' does not exist",
        ),
        ("CREATE PACKAGE p() AS BEGIN END;", "already exists"),
        (
            "CREATE PACKAGE bad() AS BEGIN @r = SELECT * FROM t; END; IMPORT PACKAGE bad() AS a;",
            "A package's body cannot hold this statement",
        ),
    ] {
        let text = lake.run(script).expect_err(script).text();
        assert!(text.contains(message), "{script}: {text}");
    }
    // A package that imports itself ends.
    let endless =
        "CREATE PACKAGE e() AS BEGIN IMPORT PACKAGE e() AS x; END; IMPORT PACKAGE e() AS a;";
    let text = lake.run(endless).expect_err("endless").text();
    assert!(text.contains("call each other more than 50 deep"), "{text}");
    run("DROP PACKAGE p; DROP PACKAGE IF EXISTS p;");
    assert!(lake.run("IMPORT PACKAGE p(1) AS a;").is_err());
}

#[test]
fn samples_are_repeatable() {
    let rows: String = (0..2000).map(|n| format!("{},{n}\n", n % 40)).collect();
    let count = |query: &str, seed: i64| -> Vec<String> {
        let mut lake = Lake::new(&[("/in.csv", rows.as_bytes())]);
        lake.options.seed = seed;
        let script = format!(
            "@d = EXTRACT k int, n int FROM \"/in.csv\" USING Extractors.Csv(); @r = {query};"
        );
        lake.run(&expanded(&script))
            .unwrap_or_else(|e| panic!("{}", e.text()));
        let mut lines: Vec<String> = lake.text("/o.csv").lines().map(ToOwned::to_owned).collect();
        lines.sort_unstable();
        lines
    };
    let uniform = "SELECT k, n FROM @d SAMPLE UNIFORM(0.25)";
    let some = count(uniform, 1);
    assert!((400..600).contains(&some.len()), "{}", some.len());
    assert_eq!(count(uniform, 1), some);
    assert_ne!(count(uniform, 2), some);
    // All rows of a key, or none.
    let universe = count("SAMPLE @d ON k UNIVERSE(0.5) WITH WEIGHT AS w", 1);
    let mut keys: Vec<&str> = universe
        .iter()
        .filter_map(|line| line.split(',').next())
        .collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(universe.len(), keys.len() * 50);
    assert!((8..32).contains(&keys.len()), "{keys:?}");
    assert!(universe.iter().all(|line| line.ends_with(",2")));
    // Two of each key for sure.
    let distinct = count("SAMPLE @d ON k DISTINCT(0.1, 2) WITH WEIGHT AS w", 1);
    assert_eq!(
        distinct.iter().filter(|line| line.ends_with(",1")).count(),
        80
    );
    assert!(distinct.iter().any(|line| line.ends_with(",10")));
    exactly(
        &[],
        "@a = V((1)) AS T(n); @r = SAMPLE @a UNIFORM(1.0);",
        "1\r\n",
    );
    fails(
        &[],
        "@a = V((1)) AS T(n); @r = SAMPLE @a UNIFORM(1.5);",
        "A probability is above 0 and at most 1",
    );
}

/// Python runs when it is allowed, and only then.
#[test]
fn python_has_to_be_allowed() {
    let script = |rest: &str| {
        format!(
            "@t = V((1,\"a\")) AS T(n,s); @r = REDUCE @t ON n PRODUCE n int, s string {rest} USING new Extension.Python.Reducer(pyScript: \"def usqlml_main(df): return df\");"
        )
    };
    fails(
        &[],
        &script(""),
        "the script runs Python code, which has to be allowed: --allow-scripts",
    );
    fails(
        &[],
        &script("READONLY s"),
        "E_CSC_USER_UDOREADONLYNOTKEYCOLUMN: Column 's' cannot be marked as READONLY",
    );
    fails(
        &[],
        "@t = V((1)) AS T(n); @r = REDUCE @t ALL PRODUCE n int USING new Extension.Python.Reducer(\"x.py\");",
        "The file 'x.py' is not deployed",
    );
    fails(
        &[],
        "@t = V((1)) AS T(n); @r = REDUCE @t ON m PRODUCE n int USING new Extension.Python.Reducer(\"x\");",
        "The rowset has no column 'm'",
    );
    fails(
        &[],
        "@t = V((1)) AS T(n); @r = REDUCE @t ALL PRODUCE n int USING new Extension.R.Reducer(command: \"x\");",
        "R code in 'Extension.R.Reducer' is not supported",
    );
}

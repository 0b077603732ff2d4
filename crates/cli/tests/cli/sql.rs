//! `azml sql ...` against an emulator that runs no scripts; what scripts do is in the end-to-end tests.

use crate::running::Lab;
use crate::support::Done;

const ROWS: &str = "name,n,x\nfirst,1,0.5\nsecond,2,\n\"it's, third\",3,-2.25\n";

fn sql(lab: &Lab, arguments: &[&str]) -> Done {
    let arguments: Vec<_> = ["sql"]
        .into_iter()
        .chain(arguments.iter().copied())
        .collect();
    lab.user.azml(&arguments)
}

#[test]
fn files_go_to_tables_and_back() {
    let lab = Lab::start();
    std::fs::write(lab.user.path("rows.csv"), ROWS).expect("written");
    sql(&lab, &["import", "rows.csv", "t", "--database", "d"])
        .exit(1)
        .says(&["4060", "hint: "]);
    sql(
        &lab,
        &[
            "import",
            "rows.csv",
            "t",
            "--database",
            "d",
            "--create-database",
        ],
    )
    .success()
    .says(&["loaded 3 rows into t"]);
    sql(&lab, &["import", "rows.csv", "t", "--database", "d"])
        .exit(1)
        .says(&["exists already", "hint: "]);
    sql(
        &lab,
        &[
            "import",
            "rows.csv",
            "dbo.[t]",
            "--append",
            "--database",
            "d",
        ],
    )
    .success();
    let tables = sql(&lab, &["tables", "--database", "d", "--output", "csv"])
        .success()
        .stdout;
    assert_eq!(tables, "table\ndbo.t\n");
    let databases = sql(&lab, &["databases", "--output", "csv"])
        .success()
        .stdout;
    assert!(databases.lines().any(|line| line == "d"), "{databases}");

    let json = sql(
        &lab,
        &[
            "query",
            "SELECT name, SUM(n) AS n FROM t GROUP BY name ORDER BY n",
            "--database",
            "d",
            "--output",
            "json",
        ],
    );
    let json: serde_json::Value = serde_json::from_str(&json.success().stdout).expect("JSON");
    assert_eq!(
        json[2],
        serde_json::json!({ "name": "it's, third", "n": 6 })
    );

    sql(&lab, &["export", "t", "t.parquet", "--database", "d"])
        .success()
        .says(&["wrote 6 rows"]);
    let parquet = std::fs::read(lab.user.path("t.parquet")).expect("written");
    assert!(parquet.starts_with(b"PAR1"));
    sql(
        &lab,
        &["import", "t.parquet", "t", "--overwrite", "--database", "d"],
    )
    .success();
    let query = "SELECT TOP 3 name, n, x FROM t ORDER BY n, name";
    sql(&lab, &["export", query, "back.csv", "--database", "d"]).success();
    let back = std::fs::read_to_string(lab.user.path("back.csv")).expect("written");
    assert_eq!(back, "name,n,x\nfirst,1,0.5\nfirst,1,0.5\nsecond,2,\n");
}

#[test]
fn a_table_is_summed_up_on_the_server() {
    let lab = Lab::start();
    let rows = "name,n\na,1\nb,2\na,3\n";
    std::fs::write(lab.user.path("rows.csv"), rows).expect("written");
    sql(&lab, &["import", "rows.csv", "t"]).success();
    let printed = sql(&lab, &["summary", "n + name", "t"]).success().stdout;
    for line in [
        "rx_summary(formula = ~n + name",
        "Number of valid observations: 3",
        "Category Counts for name",
        " n    2    1      1   3   3        0",
    ] {
        assert!(printed.contains(line), "{line}: {printed}");
    }
    let query = "SELECT n, name FROM t WHERE n < 3";
    let csv = sql(&lab, &["summary", "n:name", query, "--output", "csv"]);
    let csv = csv.success().stdout;
    assert!(csv.starts_with("term,category,mean,"), "{csv}");
    assert!(csv.lines().any(|line| line.starts_with("n,a,1")), "{csv}");
    sql(&lab, &["summary", "nosuch", "t"])
        .exit(1)
        .says(&["nosuch"]);
    let create = "CREATE PROCEDURE p AS SELECT 1";
    sql(&lab, &["query", create]).success();
    let names = sql(&lab, &["procedures", "--output", "csv"]).success();
    assert_eq!(names.stdout, "procedure\np\n");
}

#[test]
fn statements_run_and_errors_are_told() {
    let lab = Lab::start();
    let done = sql(
        &lab,
        &[
            "query",
            "PRINT 'hello'; CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2)",
        ],
    );
    let done = done.success().says(&["hello", "2 rows changed"]);
    assert_eq!(done.stdout, "");
    sql(&lab, &["query", "SELECT * FROM missing"])
        .exit(1)
        .says(&["208", "missing"]);
    sql(&lab, &["query"]).exit(2);
    sql(
        &lab,
        &[
            "query",
            "SELECT 1",
            "--connection",
            "Server=127.0.0.1,1;UID=sa;PWD=hunter2",
        ],
    )
    .exit(1)
    .says(&["127.0.0.1"])
    .hides("hunter2");
    sql(
        &lab,
        &["query", "SELECT 1", "--connection", "Server=x;Colour=red"],
    )
    .exit(1)
    .says(&["Colour"]);
    let info = sql(&lab, &["info", "--output", "json"]).success().stdout;
    let info: serde_json::Value = serde_json::from_str(&info).expect("JSON");
    assert_eq!(info["scripts"], false);
    assert!(
        info["version"]
            .as_str()
            .is_some_and(|version| version.starts_with("15.")),
        "{info}"
    );
    let permissions = sql(&lab, &["permissions", "--output", "csv"])
        .success()
        .stdout;
    assert!(
        permissions.contains("EXECUTE ANY EXTERNAL SCRIPT,true"),
        "{permissions}"
    );
}

#[test]
fn a_function_needs_a_server_that_runs_scripts() {
    let lab = Lab::start();
    std::fs::write(lab.user.path("f.py"), "def f(x):\n    return x\n").expect("written");
    sql(&lab, &["exec", "f.py:f", "--arg", "x=1"])
        .exit(1)
        .says(&["39023", "--allow-scripts"]);
    sql(&lab, &["exec", "missing.py"])
        .exit(1)
        .says(&["missing.py"]);
    sql(&lab, &["exec", "f.py", "--arg", "x"])
        .exit(2)
        .says(&["NAME=VALUE"]);
}

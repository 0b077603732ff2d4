//! `azml usql`.

use std::fs;

use super::support::{Done, User};

const SCRIPT: &str = "\
@rows = EXTRACT customer string, amount double FROM \"/in.csv\" USING Extractors.Csv();
@sums = SELECT customer, SUM(amount) AS total FROM @rows GROUP BY customer;
OUTPUT @sums TO \"/out/data.csv\" ORDER BY customer USING Outputters.Csv(outputHeader: true);
";

fn user(script: &str, input: &str) -> User {
    let user = User::new();
    fs::create_dir(user.path("lake")).expect("a folder");
    fs::write(user.path("lake/in.csv"), input).expect("an input file");
    fs::write(user.path("report.usql"), script).expect("a script");
    user
}

fn run(user: &User, more: &[&str]) -> Done {
    let mut arguments = vec!["usql", "run", "report.usql", "--root", "lake"];
    arguments.extend(more);
    user.azml(&arguments)
}

#[test]
fn a_script_writes_its_files() {
    let user = user(SCRIPT, "b,2\na,1.5\nb,3\n");
    let done = run(&user, &["--output", "csv"]);
    assert_eq!(done.status, 0, "{}", done.stderr);
    let written = fs::read_to_string(user.path("lake/out/data.csv")).expect("the output");
    assert_eq!(
        written,
        "\"customer\",\"total\"\r\n\"a\",1.5\r\n\"b\",5\r\n"
    );
    let listed = format!(
        "script,path,rows,bytes\nreport.usql,/out/data.csv,2,{}\n",
        written.len()
    );
    assert_eq!(done.stdout, listed);
}

/// A bad row is shown with file, line, column and raw text, and leaves no output.
#[test]
fn bad_rows_are_shown() {
    let user = user(SCRIPT, "b,2\na,many\n");
    let done = run(&user, &[]);
    assert_eq!((done.status, done.stdout.as_str()), (1, ""));
    for part in [
        "E_RUNTIME_USER_EXTRACT",
        "/in.csv, line 2, column 1 'amount'",
        "a,many",
    ] {
        assert!(done.stderr.contains(part), "{part}: {}", done.stderr);
    }
    assert!(!user.path("lake/out").exists());
}

#[test]
fn check_places_every_mistake() {
    let user = user(
        "@r = SELECT a FROM @nothing;\nOUTPUT @r TO 5 USING Outputters.Csv();\n",
        "",
    );
    let done = user.azml(&["usql", "check", "report.usql", "--output", "json"]);
    assert_eq!(done.status, 1, "{}", done.stderr);
    let found: serde_json::Value = serde_json::from_str(&done.stdout).expect("json");
    assert_eq!(
        (&found[0]["file"], &found[0]["line"]),
        (&"report.usql".into(), &1.into())
    );
    assert!(
        found[0]["code"]
            .as_str()
            .is_some_and(|code| code.starts_with("E_CSC_USER_")),
        "{found}"
    );
    let shown = user.azml(&["usql", "check", "report.usql"]);
    assert_eq!(shown.status, 1);
    assert!(shown.stderr.contains("@nothing"), "{}", shown.stderr);
}

/// Several files in one catalog, which may lie outside of the root.
#[test]
fn a_catalog_lies_where_it_is_told_to() {
    let user = user(
        "@r = SELECT n FROM numbers;\nOUTPUT @r TO \"/n.csv\" USING Outputters.Csv();\n",
        "",
    );
    let create = "CREATE VIEW numbers AS SELECT * FROM (VALUES (1)) AS T(n);";
    fs::write(user.path("view.usql"), create).expect("a script");
    let both = user.azml(&["usql", "check", "view.usql", "report.usql"]);
    assert_eq!(both.status, 0, "{}", both.stderr);
    let alone = user.azml(&["usql", "check", "report.usql"]);
    assert_eq!(alone.status, 1);
    assert!(
        alone.stderr.contains("E_CSC_USER_DDLENTITYDOESNOTEXIST"),
        "{}",
        alone.stderr
    );
    let made = user.azml(&[
        "usql",
        "run",
        "view.usql",
        "--root",
        "lake",
        "--catalog",
        "names",
    ]);
    assert_eq!(made.status, 0, "{}", made.stderr);
    assert!(user.path("names").exists() && !user.path("lake/_catalog_").exists());
    let checked = user.azml(&["usql", "check", "report.usql", "--catalog", "names"]);
    assert_eq!(checked.status, 0, "{}", checked.stderr);
    let done = run(&user, &["--catalog", "names"]);
    assert_eq!(done.status, 0, "{}", done.stderr);
    assert_eq!(
        fs::read_to_string(user.path("lake/n.csv")).expect("the output"),
        "1\r\n"
    );
}

#[test]
fn parameters_stand_for_external_variables() {
    let script = "DECLARE EXTERNAL @n int = 1;\n@r = SELECT * FROM (VALUES (@n)) AS T(n);\n\
                  OUTPUT @r TO \"/n.csv\" USING Outputters.Csv();\n";
    let user = user(script, "");
    assert_eq!(run(&user, &["--param", "n=7"]).status, 0);
    assert_eq!(
        fs::read_to_string(user.path("lake/n.csv")).expect("the output"),
        "7\r\n"
    );
    assert_eq!(run(&user, &["--param", "n"]).status, 2);
    assert_eq!(run(&user, &["--param", "n=many"]).status, 1);
}

#[test]
fn explain_shows_the_plan() {
    let user = user(SCRIPT, "");
    let done = user.azml(&["usql", "explain", "report.usql", "--root", "lake"]);
    assert_eq!(done.status, 0, "{}", done.stderr);
    assert!(
        done.stdout.starts_with("OUTPUT /out/data.csv\n"),
        "{}",
        done.stdout
    );
    assert!(done.stdout.contains("Aggregate"), "{}", done.stdout);
    let missing = user.azml(&["usql", "explain", "report.usql", "--root", "pond"]);
    assert_eq!(missing.status, 1);
    assert!(!user.path("pond").exists());
}

/// Layout changes blanks and line ends only; a script that does not parse is left alone.
#[test]
fn fmt_lays_scripts_out() {
    let user = user("@r=SELECT a,b FROM @x; // all\n", "");
    let check = user.azml(&["usql", "fmt", "--check", "report.usql"]);
    assert_eq!(check.status, 1);
    assert!(
        check.stderr.contains("report.usql would change"),
        "{}",
        check.stderr
    );
    assert_eq!(user.azml(&["usql", "fmt", "report.usql"]).status, 0);
    let expected = "@r =\n    SELECT a,\n           b\n    FROM @x; // all\n";
    let text = |name: &str| fs::read_to_string(user.path(name)).expect("a script");
    assert_eq!(text("report.usql"), expected);
    assert_eq!(
        user.azml(&["usql", "fmt", "--check", "report.usql"]).status,
        0
    );
    fs::write(user.path("broken.usql"), "@r = select 1;").expect("written");
    let broken = user.azml(&["usql", "fmt", "broken.usql"]);
    assert_eq!(broken.status, 1);
    assert!(
        broken.stderr.contains("E_CSC_USER_SYNTAXERROR"),
        "{}",
        broken.stderr
    );
    assert_eq!(text("broken.usql"), "@r = select 1;");
}

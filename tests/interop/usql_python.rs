//! U-SQL scripts with Python reducers, as published scripts have them.

use std::fs;
use std::path::PathBuf;
use std::process::Output;

struct Lake(tempfile::TempDir);

impl Lake {
    fn new(script: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        fs::create_dir(folder.path().join("lake")).expect("a folder");
        fs::write(folder.path().join("s.usql"), script).expect("a script");
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, more: &[&str]) -> Output {
        let mut command = azml_tests::azml();
        command
            .current_dir(self.0.path())
            .args([
                "usql",
                "run",
                "s.usql",
                "--root",
                "lake",
                "--partitions",
                "3",
            ])
            .args(more);
        command.output().expect("it starts")
    }

    /// Runs the script with leave to run Python; the lines of /o.csv, sorted.
    fn lines(&self) -> Vec<String> {
        let python = azml_tests::python("usql");
        let python = python.to_str().expect("UTF-8");
        let done = self.run(&["--allow-scripts", "--python", python]);
        let errors = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{errors}");
        let text = fs::read_to_string(self.path("lake/o.csv")).expect("the output");
        let mut lines: Vec<String> = text.lines().map(ToOwned::to_owned).collect();
        lines.sort_unstable();
        lines
    }

    /// What a script that fails says; it leaves no output.
    fn failure(&self) -> String {
        let python = azml_tests::python("usql");
        let python = python.to_str().expect("UTF-8");
        let done = self.run(&["--allow-scripts", "--python", python]);
        assert_eq!(done.status.code(), Some(1));
        assert!(!self.path("lake/o.csv").exists());
        String::from_utf8_lossy(&done.stderr).into_owned()
    }
}

const ROWS: &str = "REFERENCE ASSEMBLY [ExtPython];
@t = SELECT * FROM (VALUES (\"mon\", 2), (\"mon\", 5), (\"tue\", 1)) AS D(day, amount);
";
const OUT: &str = "OUTPUT @r TO \"/o.csv\" USING Outputters.Csv();";

fn reducer(code: &str, rest: &str) -> String {
    format!(
        "{ROWS}DECLARE @src string = @\"\n{}\n\";\n@r = REDUCE @t {rest} USING new Extension.Python.Reducer(pyScript:@src);\n{OUT}",
        code.replace('"', "\"\"")
    )
}

/// U-SQL 120
#[test]
fn row_120_a_reducer_sees_each_group() {
    let code = "def usqlml_main(df):\n    print('a group of', len(df))\n    return df.groupby('day', as_index=False).agg({'amount': 'sum'})";
    let lake = Lake::new(&reducer(code, "ON day PRODUCE day string, amount int"));
    assert_eq!(lake.lines(), ["\"mon\",7", "\"tue\",1"]);
}

/// U-SQL 121: columns are matched by name; a column without type passes through.
#[test]
fn row_121_columns_are_matched_by_name() {
    let code = "def usqlml_main(df):\n    out = df.copy()\n    out['n'] = len(df)\n    return out[['n', 'amount', 'day']]";
    let lake = Lake::new(&reducer(
        code,
        "PRESORT amount DESC ON day PRODUCE day, amount, n long",
    ));
    assert_eq!(lake.lines(), ["\"mon\",2,2", "\"mon\",5,2", "\"tue\",1,1"]);
}

#[test]
fn read_only_columns_pass_through_and_all_is_one_group() {
    let code = "def usqlml_main(df):\n    return df[['amount']]";
    let lake = Lake::new(&reducer(
        code,
        "ON day PRODUCE day string, amount int READONLY day",
    ));
    assert_eq!(lake.lines(), ["\"mon\",2", "\"mon\",5", "\"tue\",1"]);
    let code = "import pandas\ndef usqlml_main(df):\n    return pandas.DataFrame({'n': [len(df)], 'when': ['2016-01-02'], 'none': [None]})";
    let lake = Lake::new(&reducer(
        code,
        "ALL PRODUCE n int, when DateTime, none double?",
    ));
    assert_eq!(lake.lines(), ["3,2016-01-02T00:00:00.0000000,"]);
}

/// The code and its modules may be deployed files.
#[test]
fn code_may_be_a_deployed_file() {
    let lake = Lake::new(&format!(
        "{ROWS}DEPLOY RESOURCE \"/py/main.py\"; DEPLOY RESOURCE \"/py/helper.py\";
         @r = REDUCE @t ON day PRODUCE day string, amount int USING new Extension.Python.Reducer(\"main.py\");\n{OUT}"
    ));
    fs::create_dir(lake.path("lake/py")).expect("a folder");
    fs::write(lake.path("lake/py/helper.py"), "FACTOR = 10\n").expect("a module");
    fs::write(
        lake.path("lake/py/main.py"),
        "import helper\ndef usqlml_main(df):\n    df['amount'] *= helper.FACTOR\n    return df\n",
    )
    .expect("a script");
    assert_eq!(lake.lines(), ["\"mon\",20", "\"mon\",50", "\"tue\",10"]);
}

/// Python that fails, that ends, that returns the wrong columns or values.
#[test]
fn what_goes_wrong_is_said() {
    for (body, expected) in [
        ("    raise ValueError('not today')", "ValueError: not today"),
        ("    import os\n    os._exit(3)", "ended without an answer"),
        (
            "    return df[['day']]",
            "the result has no column 'amount'",
        ),
        (
            "    df['amount'] = ['x'] * len(df)\n    return df",
            "the column 'amount' has 'x' in row 0, which is no int32",
        ),
        ("    return 5", "returned int, not a DataFrame"),
        (
            "    df['amount'] = None\n    return df",
            "The result has null in the column 'amount' of type 'int'",
        ),
    ] {
        let code = format!("def usqlml_main(df):\n{body}");
        let lake = Lake::new(&reducer(&code, "ON day PRODUCE day string, amount int"));
        let said = lake.failure();
        assert!(said.contains(expected), "{body}: {said}");
        assert!(
            said.contains("E_RUNTIME_USER_UNHANDLED_EXCEPTION_FROM_USER_CODE"),
            "{said}"
        );
    }
    let lake = Lake::new(&reducer("x = 1", "ON day PRODUCE day string, amount int"));
    let said = lake.failure();
    assert!(said.contains("defines no function usqlml_main"), "{said}");
}

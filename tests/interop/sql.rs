//! SQL Server with external scripts, through pyodbc with FreeTDS and python-tds. The rows are those of the conformance
//! table of the SQL Server protocol notes, and the steps of the article.

use std::path::Path;

use azml_tests::rows;

const PYTHON: &str = "sql";

#[tokio::test]
async fn statements() {
    let expected = [
        "C6",
        "C7",
        "C8",
        "C9",
        "C31",
        "C38",
        "C43",
        "C46",
        "C47",
        "C48",
        "C55",
        "C56",
        "C57",
        "C59",
        "aggregates have the types of SQL Server",
        "constraints hold",
        "python-tds reads and writes",
        "rows are changed and deleted",
        "strings compare without case and trailing blanks",
        "tables keep names and values",
    ];
    let drivers = azml_tests::odbc_drivers();
    let environment = [("ODBCSYSINI", drivers.path())];
    rows::check_with(
        PYTHON,
        "sql/statements.py",
        &expected,
        &["--ephemeral"],
        &environment,
    )
    .await;
}

#[tokio::test]
async fn article() {
    let expected = [
        "article: create the database",
        "article: load iris",
        "article: send a function, get a picture",
        "C20",
        "C21",
        "C32",
        "C33",
        "C35",
        "C36",
        "C39",
        "C40",
        "C41",
        "C42",
        "input and output frames",
        "parameters come back",
    ];
    let drivers = azml_tests::odbc_drivers();
    let environment = [("ODBCSYSINI", drivers.path())];
    rows::check_with(
        PYTHON,
        "sql/article.py",
        &expected,
        &azml_tests::allowing_scripts(PYTHON),
        &environment,
    )
    .await;
}

/// Microsoft's sqlmlutils, unmodified, client and server side.
#[tokio::test]
async fn sqlmlutils() {
    let expected = [
        "C29",
        "C30",
        "C50",
        "a procedure is made from a script",
        "exceptions arrive as text",
        "frames go in and come out",
    ];
    let drivers = azml_tests::odbc_drivers();
    let environment = [("ODBCSYSINI", drivers.path())];
    rows::check_with(
        PYTHON,
        "sql/sqlmlutils_client.py",
        &expected,
        &azml_tests::allowing_scripts(PYTHON),
        &environment,
    )
    .await;
}

/// The article as a client's script, in an environment that the command has made complete: the packages of the tests'
/// environment, and what `azml sql setup-python` adds.
#[tokio::test]
async fn article_as_a_client() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let place = folder.path().join("python");
    let base = azml_tests::python(PYTHON);
    let made = std::process::Command::new(&base)
        .args(["-m", "venv", "--without-pip"])
        .arg(&place)
        .status();
    assert!(made.expect("Python starts").success());
    let packages = |python: &Path| {
        let program = "import sysconfig; print(sysconfig.get_path('purelib'))";
        let said = std::process::Command::new(python)
            .args(["-I", "-c", program])
            .output();
        let said = String::from_utf8(said.expect("Python starts").stdout).expect("UTF-8");
        said.trim().to_owned()
    };
    let python = place.join("bin/python");
    let link = Path::new(&packages(&python)).join("tests.pth");
    std::fs::write(link, packages(&base)).expect("a file in the environment");
    let done = azml_tests::azml()
        .args(["sql", "setup-python"])
        .arg(&place)
        .output()
        .expect("the azml command starts");
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{said}");
    let printed = String::from_utf8(done.stdout).expect("UTF-8");
    assert_eq!(Path::new(printed.trim()), python, "{said}");

    let expected = [
        "P1", "P2", "P3", "P4", "P5", "P7", "P8", "P9", "P10", "P11", "P12", "P13", "P14",
    ];
    let drivers = azml_tests::odbc_drivers();
    let environment = [("ODBCSYSINI", drivers.path())];
    let arguments = azml_tests::allowing_scripts(PYTHON);
    let script = "sql/client_article.py";
    rows::check_in(PYTHON, &python, script, &expected, &arguments, &environment).await;
}

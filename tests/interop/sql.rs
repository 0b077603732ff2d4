//! SQL Server with external scripts, through pyodbc with FreeTDS and python-tds. The rows are those of the conformance
//! table of the SQL Server protocol notes, and the steps of the article.

use std::path::Path;

use azml_tests::rows;

const PYTHON: &str = "sql";

/// Where Debian puts the driver.
const DRIVERS: &str = "/usr/lib";

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
    let driver = driver();
    let environment = [("ODBCSYSINI", driver.path())];
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
    let driver = driver();
    let environment = [("ODBCSYSINI", driver.path())];
    let python = azml_tests::python(PYTHON);
    let python = python.to_str().expect("the path is UTF-8");
    let mut arguments = vec!["--ephemeral", "--allow-scripts", "--python", python];
    // The environments of the tests lie where an unprivileged user need not reach.
    if azml_tests::is_root() {
        arguments.extend(["--scripts-user", "root"]);
    }
    rows::check_with(
        PYTHON,
        "sql/article.py",
        &expected,
        &arguments,
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
    let driver = driver();
    let environment = [("ODBCSYSINI", driver.path())];
    let python = azml_tests::python(PYTHON);
    let python = python.to_str().expect("the path is UTF-8");
    let mut arguments = vec!["--ephemeral", "--allow-scripts", "--python", python];
    if azml_tests::is_root() {
        arguments.extend(["--scripts-user", "root"]);
    }
    rows::check_with(
        PYTHON,
        "sql/sqlmlutils_client.py",
        &expected,
        &arguments,
        &environment,
    )
    .await;
}

/// A private registry of ODBC drivers in which FreeTDS has the name that the article uses.
fn driver() -> tempfile::TempDir {
    let library = std::fs::read_dir(DRIVERS)
        .expect("the system's libraries")
        .filter_map(Result::ok)
        .map(|entry| entry.path().join("odbc/libtdsodbc.so"))
        .find(|path| Path::exists(path))
        .expect("the FreeTDS driver is missing: run `cargo xtask test --system`");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let text = format!("[SQL Server]\nDriver = {}\n", library.display());
    std::fs::write(folder.path().join("odbcinst.ini"), text)
        .expect("a file in the temporary folder");
    folder
}

//! SQL Server with external scripts, through pyodbc with FreeTDS and python-tds. The rows are those of the conformance
//! table of the SQL Server protocol notes, and the steps of the article.

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

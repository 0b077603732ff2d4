//! The original clients of Data Lake Analytics, Data Lake Store (Gen1), resource groups and the
//! directory: the packages of the article's time, and the last ones. The rows are those of the
//! conformance tables of the Data Lake Analytics and of the credentials protocol notes.

use azml_tests::rows;

const LAST: &str = "adla";
const OF_2017: &str = "adla-2017";

const ARTICLE: &[&str] = &[
    "article: sign in as a user",
    "article: sign in as a service principal",
    "article: make the clients",
    "article: create a resource group",
    "article: create a store account",
    "article: create an analytics account",
    "article: submit a job and wait",
    "article: list pipelines and recurrences",
    "article: manage compute policies",
    "article: read and write the store",
];

/// azure-mgmt-datalake-analytics 0.2.0 and what it was published with.
#[tokio::test]
async fn article_of_2017() {
    rows::check(OF_2017, "adla/article_2017.py", ARTICLE).await;
}

/// azure-mgmt-datalake-analytics 0.6.0.
#[tokio::test]
async fn article_of_2019() {
    rows::check(LAST, "adla/article_2019.py", ARTICLE).await;
}

#[tokio::test]
async fn accounts() {
    let expected = [
        "A1",
        "A2",
        "A3",
        "A4",
        "A5",
        "A6",
        "A7",
        "A8",
        "A9",
        "A10",
        "A11",
        "A12",
        "A13",
        "A14",
        "A15",
        "containers",
        "resources",
        "deleting",
    ];
    rows::check(LAST, "adla/accounts.py", &expected).await;
}

#[tokio::test]
async fn jobs() {
    let expected = [
        "J1", "J2", "J3", "J22", "J4", "J5", "J6", "J8", "J9", "J10", "J11", "J13", "J14", "J15",
        "J16", "J18", "J19", "J21", "C1", "C2", "C7", "C3", "C4", "C8",
    ];
    rows::check(LAST, "adla/jobs.py", &expected).await;
}

#[tokio::test]
async fn management() {
    let expected = [
        "J7",
        "J17",
        "J20",
        "yield",
        "job update",
        "C5",
        "C5 secrets",
        "C6",
    ];
    // Each state is held long enough to be seen on a busy machine.
    let arguments = ["--ephemeral", "--job-state-delay", "1500"];
    rows::check_with(LAST, "adla/management.py", &expected, &arguments, &[]).await;
}

#[tokio::test]
async fn files() {
    let expected = [
        "F1", "F2", "F3", "F4", "F5", "F6", "F7", "F8", "F9", "F10", "F11", "F12", "F13", "F14",
        "F15", "F16",
    ];
    rows::check(LAST, "adla/files.py", &expected).await;
}

#[tokio::test]
async fn tokens() {
    let expected = [
        "T1",
        "T3",
        "T4",
        "T5",
        "T6",
        "T6 azure-identity",
        "T7",
        "T8",
        "T9 certificate",
        "T9 device code",
        "T17",
        "T20",
    ];
    let arguments = ["--ephemeral", "--device-code-interval", "1"];
    rows::check_with(LAST, "adla/tokens.py", &expected, &arguments, &[]).await;
}

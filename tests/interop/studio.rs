//! azureml 0.2.7, the original client of Studio (classic). The rows are those of the conformance
//! table of the Studio (classic) protocol notes that this client can reach.

mod frames;
mod snippets;

use azml_tests::rows;

const PYTHON: &str = "studio";
const LEGACY: &str = "studio-legacy";

#[tokio::test]
async fn workspace() {
    let expected = [
        "S-001", "S-002", "S-003", "S-004", "S-005", "S-006", "S-007", "S-008", "S-009", "S-010",
        "S-011", "S-012", "S-072", "S-180",
    ];
    rows::check(PYTHON, "studio/workspace.py", &expected).await;
}

#[tokio::test]
async fn tokens() {
    rows::check(PYTHON, "studio/tokens.py", &["S-013"]).await;
}

#[tokio::test]
async fn datasets() {
    let expected = [
        "S-020", "S-021", "S-022", "S-023", "S-024", "S-025", "S-026", "S-027", "S-030", "S-031",
        "S-032", "S-033", "S-034", "S-035", "S-036",
    ];
    rows::check(PYTHON, "studio/datasets.py", &expected).await;
}

#[tokio::test]
async fn reading() {
    let expected = [
        "S-040", "S-041", "S-042", "S-043", "S-044", "S-045", "S-046", "S-050", "S-051", "S-052",
        "S-053", "S-054", "S-055",
    ];
    rows::check(PYTHON, "studio/reading.py", &expected).await;
}

#[tokio::test]
async fn creating() {
    let expected = [
        "S-060", "S-061", "S-062", "S-063", "S-064", "S-065", "S-066", "S-067", "S-068", "S-073",
        "S-074", "S-075", "S-080", "S-081", "S-082", "S-100",
    ];
    rows::check(PYTHON, "studio/creating.py", &expected).await;
}

#[tokio::test]
async fn updating() {
    let expected = [
        "S-090", "S-091", "S-092", "S-093", "S-094", "S-095", "S-096", "S-097", "S-098", "S-099",
        "S-101", "S-102",
    ];
    rows::check(PYTHON, "studio/updating.py", &expected).await;
}

#[tokio::test]
async fn writing() {
    let expected = [
        "S-110", "S-111", "S-112", "S-113", "S-114", "S-115", "S-140", "S-142",
    ];
    rows::check(PYTHON, "studio/writing.py", &expected).await;
}

#[tokio::test]
async fn parsing() {
    let expected = [
        "S-120", "S-121", "S-122", "S-123", "S-124", "S-125", "S-126", "S-127", "S-128", "S-129",
        "S-130", "S-131", "S-132", "S-133",
    ];
    rows::check(PYTHON, "studio/parsing.py", &expected).await;
}

/// Every step of the article with the recommended pins.
#[tokio::test]
async fn article() {
    rows::check(PYTHON, "studio/article.py", ARTICLE).await;
}

/// Frames of type `PlainText`, and every step of the article, with the pins of Python 3.10.
/// `cargo xtask test` leaves it out, and says so, where that Python is missing.
#[tokio::test]
async fn legacy_pins() {
    rows::check(LEGACY, "studio/plain_text.py", &["S-141", "S-143"]).await;
    rows::check(LEGACY, "studio/article.py", ARTICLE).await;
}

const ARTICLE: &[&str] = &[
    "article: workspace",
    "article: enumerate",
    "article: access by name and index",
    "article: metadata",
    "article: read text, binary and stream",
    "article: read a frame",
    "article: add from a frame",
    "article: serialize to another type",
    "article: add from raw data",
    "article: update data",
    "article: update type",
    "article: update description",
    "article: update name",
    "article: intermediate dataset",
];

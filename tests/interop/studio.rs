//! azureml 0.2.7, the original client of Studio (classic). The rows are those of the conformance
//! table of the Studio (classic) protocol notes that this client can reach; the guide to the
//! emulator lists the others.

mod frames;
mod snippets;

use std::collections::BTreeSet;

use azml_tests::rows;

const PYTHON: &str = "studio";
const LEGACY: &str = "studio-legacy";

const WORKSPACE: &[&str] = &[
    "S-001", "S-002", "S-003", "S-004", "S-005", "S-006", "S-007", "S-008", "S-009", "S-010",
    "S-011", "S-012", "S-072", "S-180",
];

#[tokio::test]
async fn workspace() {
    rows::check(PYTHON, "studio/workspace.py", WORKSPACE).await;
}

const TOKENS: &[&str] = &["S-013"];

#[tokio::test]
async fn tokens() {
    rows::check(PYTHON, "studio/tokens.py", TOKENS).await;
}

const DATASETS: &[&str] = &[
    "S-020", "S-021", "S-022", "S-023", "S-024", "S-025", "S-026", "S-027", "S-030", "S-031",
    "S-032", "S-033", "S-034", "S-035", "S-036",
];

#[tokio::test]
async fn datasets() {
    rows::check(PYTHON, "studio/datasets.py", DATASETS).await;
}

const READING: &[&str] = &[
    "S-040", "S-041", "S-042", "S-043", "S-044", "S-045", "S-046", "S-050", "S-051", "S-052",
    "S-053", "S-054", "S-055",
];

#[tokio::test]
async fn reading() {
    rows::check(PYTHON, "studio/reading.py", READING).await;
}

const CREATING: &[&str] = &[
    "S-060", "S-061", "S-062", "S-063", "S-064", "S-065", "S-066", "S-067", "S-068", "S-073",
    "S-074", "S-075", "S-080", "S-081", "S-082", "S-100",
];

#[tokio::test]
async fn creating() {
    rows::check(PYTHON, "studio/creating.py", CREATING).await;
}

const UPDATING: &[&str] = &[
    "S-090", "S-091", "S-092", "S-093", "S-094", "S-095", "S-096", "S-097", "S-098", "S-099",
    "S-101", "S-102",
];

#[tokio::test]
async fn updating() {
    rows::check(PYTHON, "studio/updating.py", UPDATING).await;
}

const WRITING: &[&str] = &[
    "S-110", "S-111", "S-112", "S-113", "S-114", "S-115", "S-140", "S-142",
];

#[tokio::test]
async fn writing() {
    rows::check(PYTHON, "studio/writing.py", WRITING).await;
}

const PARSING: &[&str] = &[
    "S-120", "S-121", "S-122", "S-123", "S-124", "S-125", "S-126", "S-127", "S-128", "S-129",
    "S-130", "S-131", "S-132", "S-133",
];

#[tokio::test]
async fn parsing() {
    rows::check(PYTHON, "studio/parsing.py", PARSING).await;
}

/// Every step of the article with the recommended pins.
#[tokio::test]
async fn article() {
    rows::check(PYTHON, "studio/article.py", ARTICLE).await;
}

const PLAIN_TEXT: &[&str] = &["S-141", "S-143"];

/// Frames of type `PlainText`, and every step of the article, with the pins of Python 3.10.
/// `cargo xtask test` leaves it out, and says so, where that Python is missing.
#[tokio::test]
async fn legacy_pins() {
    rows::check(LEGACY, "studio/plain_text.py", PLAIN_TEXT).await;
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

/// The conformance table: the first and the last of each run of numbers.
const TABLE: &[(u32, u32)] = &[
    (1, 14),
    (20, 27),
    (30, 36),
    (40, 47),
    (50, 55),
    (60, 75),
    (80, 82),
    (90, 102),
    (110, 115),
    (120, 133),
    (140, 143),
    (150, 150),
    (160, 160),
    (170, 171),
    (180, 181),
];

/// The code that S-160 is about is run by `snippets`.
const SNIPPETS: &[&str] = &["S-160"];

const GUIDE: &str = include_str!("../../docs/guide/studio-emulator.md");

/// What the client does is tested row by row; what it cannot do stands in the guide with a reason.
#[test]
fn every_row_is_tested_or_explained() {
    let tested = [
        WORKSPACE, TOKENS, DATASETS, READING, CREATING, UPDATING, WRITING, PARSING, PLAIN_TEXT,
        SNIPPETS,
    ];
    let tested: BTreeSet<String> = tested.concat().iter().map(ToString::to_string).collect();
    let (_, out_of_reach) = GUIDE
        .split_once("## Out of the original client's reach")
        .expect("the guide has the section");
    let explained: BTreeSet<String> = out_of_reach
        .lines()
        .filter_map(|line| line.strip_prefix("| S-")?.split_once(" |"))
        .map(|(number, _)| format!("S-{number}"))
        .collect();
    let table: BTreeSet<String> = TABLE
        .iter()
        .flat_map(|(first, last)| *first..=*last)
        .map(|number| format!("S-{number:03}"))
        .collect();
    let both: Vec<_> = tested.intersection(&explained).collect();
    assert!(both.is_empty(), "tested, and said not to be: {both:?}");
    let found: BTreeSet<_> = tested.union(&explained).cloned().collect();
    assert_eq!(found, table);
}

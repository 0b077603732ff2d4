//! The official storage clients of Python. The rows are those of docs/compat/storage.md.

use azml_tests::rows;

const PYTHON: &str = "azure-storage";

#[tokio::test]
async fn blob() {
    let expected = [
        "SB-01", "SB-02", "SB-03", "SB-04", "SB-05", "SB-06", "SB-07", "SB-08", "SB-09", "SB-10",
        "SB-11", "SB-12",
    ];
    rows::check(PYTHON, "storage/blob.py", &expected).await;
}

#[tokio::test]
async fn versions() {
    let expected = [
        "SB-13", "SB-14", "SB-15", "SB-16", "SB-17", "SB-18", "SB-19", "SB-20",
    ];
    rows::check(PYTHON, "storage/versions.py", &expected).await;
}

#[tokio::test]
async fn rclone() {
    rows::check(PYTHON, "storage/rclone.py", &["RL-01", "RL-02"]).await;
}

#[tokio::test]
async fn file() {
    let expected = [
        "SF-01", "SF-02", "SF-03", "SF-04", "SF-05", "SF-06", "SF-07", "SF-08", "SF-09",
    ];
    rows::check(PYTHON, "storage/file.py", &expected).await;
}

#[tokio::test]
async fn lake() {
    let expected = [
        "SL-01", "SL-02", "SL-03", "SL-04", "SL-05", "SL-06", "SL-07", "SL-08", "SL-09", "SL-10",
    ];
    rows::check(PYTHON, "storage/lake.py", &expected).await;
}

//! The U-SQL engine against an independent computation: the same rows, expressions, aggregates, joins
//! and windows in DuckDB.

use azml_tests::rows;

#[tokio::test]
async fn same_results_as_duckdb() {
    let expected = [
        "aggregates",
        "arithmetic",
        "comparisons and null",
        "dates",
        "joins",
        "sets",
        "strings",
        "top rows",
        "windows",
    ];
    rows::check("usql", "usql/differential.py", &expected).await;
}

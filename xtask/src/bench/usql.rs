//! U-SQL: five jobs over a gigabyte of CSV, CSV in and CSV out, beside DuckDB and Polars.

use std::process::Command;

use anyhow::Result;

use super::table::Row;
use super::{Contender, build_release, compare, measure, release, table};
use crate::{environments, metadata};

/// Rows of the full table: a gigabyte.
const ROWS: u64 = 8_600_000;

/// Runs of each program.
const RUNS: usize = 3;

/// The jobs by name, and what each does.
const JOBS: &[(&str, &str)] = &[
    ("filter", "filter and project"),
    ("group", "group by two keys"),
    ("join", "join with 100,000 rows, and group"),
    ("first", "the first three rows of each of 900,000 keys"),
    ("top", "the first 1,000 rows"),
];

pub(super) fn run(percent: u64) -> Result<()> {
    build_release()?;
    let environments = environments::provision_for_bench()?;
    let root = metadata::root()?;
    let folder = metadata::target_directory()?.join("xtask/bench-usql");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    let rows = (ROWS * percent / 100).to_string();
    measure(
        release("bench-usql")?
            .arg("generate")
            .arg(&folder)
            .arg(&rows),
    )?;

    let mut lines: Vec<Row> = Vec::new();
    let (mut ours, mut duckdb) = (Vec::new(), Vec::new());
    for (job, about) in JOBS {
        let script = root.join("benches/usql").join(format!("{job}.usql"));
        let peer = |peer: &str, environment: &str| {
            let mut command = Command::new(environments.join(environment).join("bin/python"));
            command
                .arg(root.join("benches/peers/usql.py"))
                .args([peer, job])
                .arg(&folder);
            command
        };
        let found = compare(&[
            Contender::ours(format!("{{}}: {about}"), RUNS, |_| {
                let mut command = release("bench-usql")?;
                command.arg("run").arg(&folder).arg(&script);
                Ok(command)
            }),
            Contender::peer("{}", RUNS, |_| Ok(peer("duckdb", "usql"))),
            Contender::peer("{}", RUNS, |_| Ok(peer("polars", "bench"))),
        ])?;
        ours.push(found[0].fastest());
        duckdb.push(found[1].fastest());
        lines.extend(found);
    }
    let size = std::fs::metadata(folder.join("survey.csv"))?.len();
    std::fs::remove_dir_all(&folder)?;
    let about = format!(
        "{:.2} GB of CSV, twelve columns: whole numbers, fractions, flags, quoted text with commas and \
         quotes, other alphabets, dates, gaps. Geometric mean of our times against DuckDB's: {:.2}.",
        table::gigabytes(size),
        mean(&ours) / mean(&duckdb),
    );
    let text = table::render(&about, &lines)?;
    println!("\n{text}");
    if percent == 100 {
        table::record("usql", &text)?;
    }
    Ok(())
}

/// Geometric mean of seconds.
fn mean(seconds: &[f64]) -> f64 {
    let count = u32::try_from(seconds.len()).unwrap_or(1);
    let product: f64 = seconds.iter().map(|seconds| seconds.ln()).sum();
    (product / f64::from(count)).exp()
}

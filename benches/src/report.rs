//! A measurement as a line of JSON.
#![expect(clippy::print_stdout, reason = "of a command-line program")]

use std::time::Duration;

use anyhow::{Context, Result};

/// Prints what a task took, and the most memory that this process held.
pub(crate) fn print(took: Duration, rows: u64) -> Result<()> {
    let line = serde_json::json!({
        "seconds": took.as_secs_f64(),
        "rows": rows,
        "peak_bytes": peak_memory()?,
    });
    println!("{line}");
    Ok(())
}

/// The most memory that this process held at once, as the kernel counted it.
fn peak_memory() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let kibibytes = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.split_whitespace().next())
        .context("the kernel reports VmHWM")?;
    Ok(kibibytes.parse::<u64>()? * 1024)
}

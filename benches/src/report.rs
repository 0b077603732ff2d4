//! A measurement as a line of JSON.
#![expect(clippy::print_stdout, reason = "of a command-line program")]

use std::time::Duration;

use anyhow::{Context, Result};

/// Prints what a program took, how much there was, and what this process used of processors and memory.
pub(crate) fn print(program: &str, took: Duration, rows: u64) -> Result<()> {
    let line = serde_json::json!({
        "program": program,
        "seconds": took.as_secs_f64(),
        "processor_seconds": processor_time()?.as_secs_f64(),
        "rows": rows,
        "peak_bytes": peak_memory()?,
    });
    println!("{line}");
    Ok(())
}

/// What the threads of this process have used of the processors, as the kernel counted it.
fn processor_time() -> Result<Duration> {
    let text = std::fs::read_to_string("/proc/self/stat")?;
    // the name of the program, in parentheses, may hold anything
    let (_, fields) = text.rsplit_once(')').context("the name of the program")?;
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.map(str::parse::<u64>).sum::<Result<_, _>>()?;
    // a tick is a hundredth of a second in what Linux shows to programs
    Ok(Duration::from_millis(ticks * 10))
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

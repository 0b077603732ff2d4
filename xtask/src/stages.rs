//! Timing of the parts of a run against their budgets, reported at the end.

use std::time::{Duration, Instant};

use anyhow::Result;

/// What ran so far and how long it took.
#[derive(Debug, Default)]
pub(crate) struct Stages {
    done: Vec<Stage>,
    notes: Vec<String>,
}

#[derive(Debug)]
struct Stage {
    name: &'static str,
    budget: Option<Duration>,
    took: Duration,
    passed: bool,
}

impl Stages {
    /// Runs one part and records its time, also when it fails.
    pub(crate) fn run<T>(
        &mut self,
        name: &'static str,
        budget_minutes: Option<u64>,
        part: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        println!("\n== {name}");
        let start = Instant::now();
        let result = part();
        self.done.push(Stage {
            name,
            budget: budget_minutes.map(|minutes| Duration::from_secs(minutes * 60)),
            took: start.elapsed(),
            passed: result.is_ok(),
        });
        result
    }

    /// Keeps a line for the report, such as the summary of a test runner.
    pub(crate) fn note(&mut self, lines: impl IntoIterator<Item = String>) {
        self.notes.extend(lines);
    }

    /// Prints the kept lines and the table of times. Going over a budget is said, not punished: a
    /// loaded machine must not turn a good change red.
    pub(crate) fn report(&self) {
        println!("\n== summary");
        for note in &self.notes {
            println!("   {note}");
        }
        for stage in &self.done {
            println!("   {}", stage.line());
        }
    }
}

impl Stage {
    fn line(&self) -> String {
        let outcome = if self.passed { "ok" } else { "FAILED" };
        let budget = match self.budget {
            Some(budget) if self.took > budget => {
                format!(", over its budget of {} s", budget.as_secs())
            }
            Some(budget) => format!(" of {} s", budget.as_secs()),
            None => String::new(),
        };
        format!(
            "{:<14}{:>6.1} s{budget} {outcome}",
            self.name,
            self.took.as_secs_f64()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_part_is_reported_and_its_error_returned() {
        let mut stages = Stages::default();
        let result: Result<()> = stages.run("build", Some(1), || anyhow::bail!("no"));
        assert_eq!(result.unwrap_err().to_string(), "no");
        assert!(stages.done[0].line().ends_with("of 60 s FAILED"));
    }

    #[test]
    fn a_part_over_its_budget_says_so() {
        let stage = Stage {
            name: "tests",
            budget: Some(Duration::from_secs(60)),
            took: Duration::from_secs(61),
            passed: true,
        };
        assert_eq!(
            stage.line(),
            "tests           61.0 s, over its budget of 60 s ok"
        );
    }
}

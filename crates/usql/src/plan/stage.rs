//! Stages: a plan cut where its partitions exchange rows. Each stage is one kind of vertex, run
//! once for each partition.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};

/// The counters of what is read, by the columns of the scans.
pub(crate) type Reads = HashMap<String, Arc<AtomicU64>>;

/// What a stage of a run did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageStatistics {
    /// `SV1_Extract` and the like, numbered over the whole run.
    pub name: String,
    /// Partitions that ran it.
    pub tasks: usize,
    /// Rows that left it.
    pub rows: u64,
    /// Bytes read from files.
    pub bytes_read: u64,
    /// Bytes written to files.
    pub bytes_written: u64,
    /// Processor time of all its tasks, as far as operators measure it.
    pub compute: Duration,
}

/// A stage and the stages that feed it.
#[derive(Debug, Default)]
pub(crate) struct StageTree {
    pub(crate) kind: &'static str,
    pub(crate) tasks: usize,
    rows: Option<u64>,
    bytes_read: u64,
    compute: Duration,
    pub(crate) inputs: Vec<StageTree>,
}

/// Operators that hand rows from all partitions to others.
const EXCHANGES: &[&str] = &[
    "RepartitionExec",
    "CoalescePartitionsExec",
    "SortPreservingMergeExec",
];

impl StageTree {
    /// The stages of a plan; what was measured is in them when it has run.
    pub(crate) fn of(plan: &Arc<dyn ExecutionPlan>, reads: &Reads) -> Self {
        let mut stage = Self {
            kind: "Extract",
            tasks: plan.output_partitioning().partition_count(),
            ..Self::default()
        };
        stage.gather(plan, reads);
        stage
    }

    fn gather(&mut self, plan: &Arc<dyn ExecutionPlan>, reads: &Reads) {
        let name = plan.name();
        if EXCHANGES.contains(&name) {
            for input in plan.children() {
                self.inputs.push(Self::of(input, reads));
            }
            if self.kind == "Extract" {
                self.kind = "Aggregate";
            }
            return;
        }
        if name.ends_with("JoinExec") {
            self.kind = "Combine";
        }
        if let Some(metrics) = plan.metrics() {
            let rows = metrics.output_rows().and_then(|n| u64::try_from(n).ok());
            self.rows = self.rows.or(rows);
            let nanoseconds = metrics
                .elapsed_compute()
                .and_then(|n| u64::try_from(n).ok());
            self.compute += Duration::from_nanos(nanoseconds.unwrap_or(0));
        }
        if plan.children().is_empty() {
            // Every column of a plan has a name of its own.
            let schema = plan.schema();
            let counter = schema
                .fields()
                .iter()
                .find_map(|field| reads.get(field.name()));
            self.bytes_read += counter.map_or(0, |counter| counter.load(Ordering::Relaxed));
        }
        for input in plan.children() {
            self.gather(input, reads);
        }
    }

    /// The stages in the order in which they run, behind those that are there.
    pub(crate) fn list(&self, into: &mut Vec<StageStatistics>) {
        for input in &self.inputs {
            input.list(into);
        }
        into.push(StageStatistics {
            name: format!("SV{}_{}", into.len() + 1, self.kind),
            tasks: self.tasks,
            rows: self.rows.unwrap_or(0),
            bytes_read: self.bytes_read,
            bytes_written: 0,
            compute: self.compute,
        });
    }

    /// The stages as text, those that feed one below it.
    pub(crate) fn text(&self, depth: usize, into: &mut String) {
        let plural = if self.tasks == 1 { "" } else { "s" };
        into.push_str(&format!(
            "{:indent$}{}: {} task{plural}\n",
            "",
            self.kind,
            self.tasks,
            indent = 2 * depth
        ));
        for input in &self.inputs {
            input.text(depth + 1, into);
        }
    }
}

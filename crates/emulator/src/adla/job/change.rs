//! Changes of jobs that wait: their units, their priority, their tags.

use serde_json::{Map, Value};

use super::super::tables::JOBS;
use super::drive::{Jobs, key, unknown_job};
use super::model::{Job, JobState};
use super::submit::check_limits;
use crate::arm::accounts::Account;
use crate::arm::{ArmError, Body};
use crate::authority::Caller;
use crate::state::Read as _;

/// What is to be different.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Change {
    parallelism: Option<u64>,
    priority: Option<u64>,
    tags: Option<Map<String, Value>>,
}

impl Change {
    /// Reads a change and holds it to what its caller may use.
    pub(super) fn read(body: &Body, account: &Account, caller: &Caller) -> Result<Self, ArmError> {
        let change = Self {
            parallelism: body.positive("degreeOfParallelism")?,
            priority: body.positive("priority")?,
            tags: body.tags()?,
        };
        check_limits(account, caller, change.parallelism, change.priority)?;
        Ok(change)
    }

    fn apply(self, job: &mut Job) {
        job.parallelism = self.parallelism.unwrap_or(job.parallelism);
        job.priority = self.priority.unwrap_or(job.priority);
        if let Some(tags) = self.tags {
            job.tags = tags;
        }
    }
}

impl Jobs {
    /// Changes a job that was not given its units yet; it goes to its new place in the line.
    pub(super) async fn change(
        &self,
        account: &str,
        id: &str,
        change: Change,
    ) -> Result<Job, ArmError> {
        let (store_key, wanted) = (key(account, id), id.to_owned());
        let job = self
            .state
            .store
            .write(move |transaction| {
                let mut job: Job = transaction
                    .get_json(JOBS, &store_key)?
                    .ok_or_else(|| unknown_job(&wanted))?;
                if !matches!(
                    job.state,
                    JobState::New | JobState::Compiling | JobState::Queued
                ) {
                    return Err(ArmError::conflict(
                        "JobNotWaiting",
                        format!(
                            "The job '{wanted}' cannot be changed: it is {}.",
                            job.state.as_str()
                        ),
                    ));
                }
                change.apply(&mut job);
                transaction.put_json(JOBS, &store_key, &job)?;
                Ok(job)
            })
            .await?;
        self.listings.changed();
        // One that is being compiled reads its units later.
        self.changes.send(account, id);
        Ok(job)
    }
}

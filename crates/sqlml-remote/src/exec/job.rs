//! Calls that nobody waits for: a job goes on by itself, as long as this program runs.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::{sync::watch, task::AbortHandle};
use uuid::Uuid;

use super::{ComputeContext, RxExec, TaskResult};
use crate::error::{Error, Result};

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RxRemoteJobStatus {
    /// It has not begun.
    Queued,
    /// It runs.
    Running,
    /// It has ended, and its results can be had.
    Finished,
    /// It could not be run.
    Failed,
    /// It was stopped.
    Canceled,
    /// Its results were had and are gone.
    Undetermined,
}

/// The results of a job, each call's in its place.
type Results = Result<Vec<Result<TaskResult>>>;

#[derive(Debug)]
struct Shared {
    status: watch::Sender<RxRemoteJobStatus>,
    results: Mutex<Option<Results>>,
}

impl Shared {
    /// From one status to the next, unless it is another by now.
    fn go(&self, from: RxRemoteJobStatus, to: RxRemoteJobStatus) {
        self.status.send_if_modified(|status| {
            let goes = *status == from;
            if goes {
                *status = to;
            }
            goes
        });
    }

    fn results(&self) -> std::sync::MutexGuard<'_, Option<Results>> {
        self.results.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A job. It ends with its value: dropping it stops what runs.
#[derive(Debug)]
#[must_use = "a job that is dropped is stopped"]
pub struct RemoteJob {
    id: Uuid,
    shared: Arc<Shared>,
    running: AbortHandle,
}

impl RxExec {
    /// Begins the calls and gives them to a job instead of waiting for them.
    pub fn start(self, context: Arc<dyn ComputeContext>) -> RemoteJob {
        let (status, _) = watch::channel(RxRemoteJobStatus::Queued);
        let shared = Arc::new(Shared {
            status,
            results: Mutex::default(),
        });
        let of_task = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            of_task.go(RxRemoteJobStatus::Queued, RxRemoteJobStatus::Running);
            let results = self.run(context.as_ref()).await;
            let status = if results.is_ok() {
                RxRemoteJobStatus::Finished
            } else {
                RxRemoteJobStatus::Failed
            };
            *of_task.results() = Some(results);
            of_task.go(RxRemoteJobStatus::Running, status);
        });
        RemoteJob {
            id: Uuid::new_v4(),
            shared,
            running: task.abort_handle(),
        }
    }
}

impl RemoteJob {
    /// The job's id.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// Where it stands.
    #[must_use]
    pub fn status(&self) -> RxRemoteJobStatus {
        *self.shared.status.borrow()
    }

    /// Waits until it has ended.
    pub async fn wait(&self) -> RxRemoteJobStatus {
        let mut status = self.shared.status.subscribe();
        let ended = status.wait_for(|status| {
            !matches!(
                status,
                RxRemoteJobStatus::Queued | RxRemoteJobStatus::Running
            )
        });
        // The sender lives as long as this job.
        ended
            .await
            .map_or(RxRemoteJobStatus::Undetermined, |status| *status)
    }

    /// Waits for the results and takes them; they can be had once.
    ///
    /// # Errors
    /// What kept the calls from running; [`Error::Cancelled`] for a job that was stopped, [`Error::InvalidArgument`] where the
    /// results were had before.
    pub async fn results(&self) -> Results {
        match self.wait().await {
            RxRemoteJobStatus::Canceled => Err(Error::Cancelled),
            _ => {
                let taken = self.shared.results().take();
                self.shared
                    .status
                    .send_replace(RxRemoteJobStatus::Undetermined);
                taken.unwrap_or_else(|| {
                    Err(Error::InvalidArgument(
                        "the results of the job were had already".to_owned(),
                    ))
                })
            }
        }
    }

    /// What the calls that have ended printed; empty before the job has ended and after its results were had.
    #[must_use]
    pub fn output(&self) -> String {
        match self.shared.results().as_ref() {
            Some(Ok(results)) => results
                .iter()
                .map(|result| match result {
                    Ok(result) => result.stdout(),
                    Err(Error::Remote(error)) => error.stdout.as_str(),
                    Err(_) => "",
                })
                .collect(),
            _ => String::new(),
        }
    }

    /// Stops it, here and on the server; whether it was still to be stopped.
    pub fn cancel(&self) -> bool {
        let stopped = self.shared.status.send_if_modified(|status| {
            let runs = matches!(
                status,
                RxRemoteJobStatus::Queued | RxRemoteJobStatus::Running
            );
            if runs {
                *status = RxRemoteJobStatus::Canceled;
            }
            runs
        });
        if stopped {
            self.running.abort();
        }
        stopped
    }
}

impl Drop for RemoteJob {
    fn drop(&mut self) {
        self.running.abort();
    }
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt, future::BoxFuture};
    use serde_json::{Map, Value as Json};
    use tokio::sync::Notify;

    use super::*;
    use crate::function::RemoteFunction;

    /// A place where calls wait until they are let go.
    #[derive(Default)]
    struct Gate(Notify);

    impl ComputeContext for Gate {
        fn run<'a>(
            &'a self,
            _: &'a RemoteFunction,
            _: &'a [Map<String, Json>],
            _: bool,
        ) -> BoxFuture<'a, Results> {
            async {
                self.0.notified().await;
                Ok(vec![Err(Error::InvalidData("no result".to_owned()))])
            }
            .boxed()
        }

        fn num_tasks(&self) -> usize {
            1
        }
    }

    fn exec() -> RxExec {
        RxExec::new(RemoteFunction::python("def f(): pass"))
    }

    /// sqlml C24: from running to finished; the results once.
    #[tokio::test]
    async fn c24_a_job_goes_through_its_states() {
        let gate = Arc::new(Gate::default());
        let job = exec().start(gate.clone());
        assert_eq!(job.status(), RxRemoteJobStatus::Queued);
        tokio::task::yield_now().await;
        assert_eq!(job.status(), RxRemoteJobStatus::Running);
        gate.0.notify_one();
        assert_eq!(job.wait().await, RxRemoteJobStatus::Finished);
        assert_eq!(job.results().await.unwrap().len(), 1);
        assert_eq!(job.status(), RxRemoteJobStatus::Undetermined);
        assert!(matches!(
            job.results().await,
            Err(Error::InvalidArgument(_))
        ));
        assert!(!job.cancel());
    }

    #[tokio::test]
    async fn a_job_is_stopped() {
        let job = exec().start(Arc::new(Gate::default()));
        assert!(job.cancel());
        assert!(!job.cancel());
        assert_eq!(job.wait().await, RxRemoteJobStatus::Canceled);
        assert!(matches!(job.results().await, Err(Error::Cancelled)));
        assert_eq!(job.output(), "");
    }
}

//! The one thread that writes: it runs the closures that are waiting, commits
//! once for all of them, and only then answers each.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Weak},
};

use redb::Database;
use tokio::sync::{mpsc, oneshot};

use super::{Error, Files, transaction::WriteTxn};

/// How many writers share one commit at most.
const BATCH: usize = 512;
/// How many writers may wait before the next has to.
pub(super) const QUEUE: usize = 4096;

/// Told whether the commit held.
type Answer = Box<dyn FnOnce(Result<(), Error>) + Send>;
type Work = Box<dyn FnOnce(&mut WriteTxn<'_>) -> Result<Answer, Aborted> + Send>;

/// One queued request.
pub(super) enum Job {
    /// A write.
    Write(Work),
    /// Removes all tables, then answers.
    Clear(oneshot::Sender<Result<(), Error>>),
}

/// The whole transaction cannot be used any more.
pub(super) struct Aborted {
    answer: Answer,
    error: Error,
}

/// Wraps a write so that its failure leaves nothing behind.
pub(super) fn work<T, E, F>(write: F, reply: oneshot::Sender<Result<T, E>>) -> Work
where
    F: FnOnce(&mut WriteTxn<'_>) -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    Box::new(move |transaction| {
        let mark = transaction.mark();
        let outcome = catch_unwind(AssertUnwindSafe(|| write(&mut *transaction)))
            .unwrap_or_else(|_| Err(Error::Panicked.into()));
        let undone = match &outcome {
            Ok(_) => Ok(()),
            Err(_) => transaction.roll_back(&mark),
        };
        let answer: Answer = Box::new(move |committed| {
            // A caller that went away needs no answer.
            let _ = reply.send(match committed {
                Ok(()) => outcome,
                Err(error) => outcome.and(Err(error.into())),
            });
        });
        match undone {
            Ok(()) => Ok(answer),
            Err(error) => Err(Aborted { answer, error }),
        }
    })
}

/// Runs until the queue is closed and empty, or the store is gone.
pub(super) fn run(mut jobs: mpsc::Receiver<Job>, database: &Weak<Database>, files: &Files) {
    while let Some(first) = jobs.blocking_recv() {
        let Some(database) = database.upgrade() else {
            return;
        };
        let mut next = Some(first);
        let mut batch = Vec::new();
        let mut clear = None;
        while let Some(job) = next.take() {
            match job {
                Job::Write(work) => batch.push(work),
                Job::Clear(reply) => {
                    clear = Some(reply);
                    break;
                }
            }
            if batch.len() < BATCH {
                next = jobs.try_recv().ok();
            }
        }
        commit(&database, batch, files);
        if let Some(reply) = clear {
            let _ = reply.send(remove_tables(&database));
        }
    }
}

fn commit(database: &Database, batch: Vec<Work>, files: &Files) {
    if batch.is_empty() {
        return;
    }
    let transaction = match database.begin_write() {
        Ok(transaction) => transaction,
        // The closures are dropped, which their callers see as `Closed`.
        Err(error) => {
            tracing::error!(%error, "the store gives no write transaction");
            return;
        }
    };
    let mut answers = Vec::with_capacity(batch.len());
    let mut writes = WriteTxn::new(&transaction);
    let mut aborted = None;
    for work in batch {
        match work(&mut writes) {
            Ok(answer) => answers.push(answer),
            Err(Aborted { answer, error }) => {
                answers.push(answer);
                aborted = Some(error);
                break;
            }
        }
    }
    let (adopted, released) = writes.into_files();
    if let Some(error) = aborted {
        tracing::error!(%error, "a failed write could not be undone; its commit is dropped");
        drop(transaction);
        return finish(answers, || Err(Error::RolledBack));
    }
    match transaction.commit() {
        Ok(()) => {
            adopted.into_iter().for_each(super::NewFile::keep);
            finish(answers, || Ok(()));
            released.iter().for_each(|id| files.remove(id));
        }
        Err(error) => {
            // Whether it is on disk is unknown: the next start decides.
            adopted.into_iter().for_each(super::NewFile::keep);
            let error = Arc::new(redb::Error::from(error));
            finish(answers, || Err(Error::Store(Arc::clone(&error))));
        }
    }
}

fn finish(answers: Vec<Answer>, committed: impl Fn() -> Result<(), Error>) {
    for answer in answers {
        answer(committed());
    }
}

fn remove_tables(database: &Database) -> Result<(), Error> {
    let transaction = database.begin_write().map_err(Error::store)?;
    let tables: Vec<_> = transaction.list_tables().map_err(Error::store)?.collect();
    for table in tables {
        transaction.delete_table(table).map_err(Error::store)?;
    }
    transaction.commit().map_err(Error::store)
}

//! Who may run: per account a line of waiting jobs and the units in use.
//! Strictly in order: a job that does not fit holds up those behind it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use time::OffsetDateTime;
use tokio::sync::Notify;

use super::super::account::Limits;

/// The lines of all accounts.
#[derive(Debug, Default)]
pub(super) struct Capacity {
    lines: Mutex<HashMap<String, Line>>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Line {
    waiting: Vec<Ticket>,
    jobs: u64,
    units: u64,
}

/// A place in the line: smaller priority numbers first, then the earlier submission.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ticket {
    pub(super) priority: u64,
    pub(super) submitted: OffsetDateTime,
    pub(super) id: String,
}

/// The right to run; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Permit {
    capacity: Arc<Capacity>,
    account: String,
    units: u64,
}

/// A place that is left when waiting ends for whatever reason.
struct Waiting<'a> {
    capacity: &'a Capacity,
    account: &'a str,
    ticket: &'a Ticket,
}

impl Capacity {
    /// Waits until the job is first in its line and fits into the account's limits, which are asked
    /// for again whenever something changes. `None` when the account has no limits any more: it is gone.
    pub(super) async fn acquire(
        self: &Arc<Self>,
        account: &str,
        ticket: &Ticket,
        units: u64,
        limits: impl Fn() -> Option<Limits> + Send,
    ) -> Option<Permit> {
        let line = |work: &mut dyn FnMut(&mut Line)| {
            let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
            work(lines.entry(account.to_owned()).or_default());
        };
        line(&mut |line| {
            line.waiting.push(ticket.clone());
            line.waiting.sort();
        });
        let _waiting = Waiting {
            capacity: self,
            account,
            ticket,
        };
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let limits = limits()?;
            let mut taken = false;
            line(&mut |line| {
                let first = line.waiting.first() == Some(ticket);
                let fits = line.jobs < limits.running_jobs
                    && (line.units + units <= limits.parallelism || line.jobs == 0);
                if first && fits {
                    line.jobs += 1;
                    line.units += units;
                    taken = true;
                }
            });
            if taken {
                return Some(Permit {
                    capacity: Arc::clone(self),
                    account: account.to_owned(),
                    units,
                });
            }
            changed.await;
        }
    }

    /// Looks again: limits may have changed.
    pub(super) fn recheck(&self) {
        self.changed.notify_waiters();
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut lines = self
            .capacity
            .lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = lines.get_mut(self.account) {
            line.waiting.retain(|ticket| ticket != self.ticket);
        }
        drop(lines);
        self.capacity.recheck();
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut lines = self
            .capacity
            .lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = lines.get_mut(&self.account) {
            line.jobs = line.jobs.saturating_sub(1);
            line.units = line.units.saturating_sub(self.units);
        }
        drop(lines);
        self.capacity.recheck();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Option<Limits> {
        Some(Limits {
            running_jobs: 2,
            parallelism: 10,
            parallelism_per_job: 10,
            least_priority: 1,
        })
    }

    fn ticket(priority: u64, id: &str) -> Ticket {
        Ticket {
            priority,
            submitted: OffsetDateTime::UNIX_EPOCH,
            id: id.to_owned(),
        }
    }

    /// adla J12: jobs run in the order of their priorities, as many as fit.
    #[tokio::test]
    async fn the_first_in_line_runs_when_it_fits() {
        let capacity = Arc::new(Capacity::default());
        let first = capacity.acquire("a", &ticket(5, "1"), 6, limits).await;
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for (priority, id, units) in [(2, "wide", 6), (9, "late", 1), (4, "small", 1)] {
            let (capacity, order) = (Arc::clone(&capacity), Arc::clone(&order));
            tasks.push(tokio::spawn(async move {
                let permit = capacity
                    .acquire("a", &ticket(priority, id), units, limits)
                    .await;
                order.lock().unwrap().push(id);
                tokio::task::yield_now().await;
                drop(permit);
            }));
            tokio::task::yield_now().await;
        }
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        assert!(
            order.lock().unwrap().is_empty(),
            "6 of 10 units are in use and 'wide' is first"
        );
        let other = capacity.acquire("b", &ticket(1, "x"), 10, limits).await;
        drop(first);
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), ["wide", "small", "late"]);
        drop(other);
    }

    #[tokio::test]
    async fn waiting_ends_with_the_account() {
        let capacity = Arc::new(Capacity::default());
        assert!(
            capacity
                .acquire("a", &ticket(1, "1"), 1, || None)
                .await
                .is_none()
        );
        assert!(
            capacity
                .acquire("a", &ticket(2, "2"), 1, limits)
                .await
                .is_some()
        );
    }

    #[tokio::test]
    async fn a_place_that_is_given_up_does_not_block() {
        let capacity = Arc::new(Capacity::default());
        let held = capacity.acquire("a", &ticket(1, "1"), 10, limits).await;
        let given_up = tokio::spawn({
            let capacity = Arc::clone(&capacity);
            async move { capacity.acquire("a", &ticket(1, "2"), 10, limits).await }
        });
        tokio::task::yield_now().await;
        given_up.abort();
        assert!(given_up.await.is_err());
        drop(held);
        drop(capacity.acquire("a", &ticket(9, "3"), 10, limits).await);
    }
}

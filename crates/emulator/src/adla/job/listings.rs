//! The last listing of jobs, so that its later pages need not read and sort all of them again.
//! Holds it only as long as no job has changed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

#[derive(Debug, Default)]
pub(super) struct Listings {
    changes: AtomicU64,
    last: Mutex<Option<Kept>>,
}

#[derive(Debug)]
struct Kept {
    account: String,
    /// What decides which jobs there are and in which order.
    question: String,
    changes: u64,
    items: Arc<Vec<Value>>,
}

impl Listings {
    /// Some job was stored or removed.
    pub(super) fn changed(&self) {
        self.changes.fetch_add(1, Ordering::SeqCst);
    }

    /// How many changes there were: to be asked for before the jobs are read.
    pub(super) fn changes(&self) -> u64 {
        self.changes.load(Ordering::SeqCst)
    }

    /// The whole listing of this question when it is still true.
    pub(super) fn get(&self, account: &str, question: &str) -> Option<Arc<Vec<Value>>> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref()
            .filter(|kept| {
                kept.account == account
                    && kept.question == question
                    && kept.changes == self.changes()
            })
            .map(|kept| Arc::clone(&kept.items))
    }

    /// Keeps a listing in the place of the one before.
    pub(super) fn keep(
        &self,
        account: &str,
        question: &str,
        changes: u64,
        items: &Arc<Vec<Value>>,
    ) {
        let kept = Kept {
            account: account.to_owned(),
            question: question.to_owned(),
            changes,
            items: Arc::clone(items),
        };
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept);
    }

    /// Frees the memory of a listing whose last page was given.
    pub(super) fn forget(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_makes_a_listing_worthless() {
        let listings = Listings::default();
        let items = Arc::new(vec![Value::Null]);
        listings.keep("a", "q", listings.changes(), &items);
        assert!(listings.get("a", "q").is_some());
        assert!(listings.get("b", "q").is_none() && listings.get("a", "p").is_none());
        listings.changed();
        assert!(listings.get("a", "q").is_none());
        let before = listings.changes();
        listings.changed();
        listings.keep("a", "q", before, &items);
        assert!(listings.get("a", "q").is_none(), "read before the change");
    }
}

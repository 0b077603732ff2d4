//! What folders hold, remembered for a while.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use crate::backend::{Backend, Found, Result};
use crate::flights::Flights;

/// What a folder holds, by name.
pub(crate) type Listing = Arc<BTreeMap<Box<str>, Found>>;

/// How many folders are remembered before those are dropped that are too old.
const MANY: usize = 256;

/// The folders that were looked into.
#[derive(Clone, Debug)]
pub(crate) struct Listings(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    backend: Arc<dyn Backend>,
    runtime: Handle,
    lifetime: Duration,
    known: Mutex<HashMap<Arc<str>, (Instant, Listing)>>,
    flights: Arc<Flights<Arc<str>, Listing>>,
    /// Counts changes, so that a listing from before one is not remembered after it.
    changes: AtomicU64,
}

impl Listings {
    pub(crate) fn new(backend: Arc<dyn Backend>, runtime: Handle, lifetime: Duration) -> Self {
        Self(Arc::new(Inner {
            backend,
            runtime,
            lifetime,
            known: Mutex::default(),
            flights: Arc::default(),
            changes: AtomicU64::new(0),
        }))
    }

    /// What is remembered of a folder.
    pub(crate) fn remembered(&self, folder: &str) -> Option<Listing> {
        let known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, listing) = known.get(folder)?;
        (at.elapsed() < self.0.lifetime).then(|| Arc::clone(listing))
    }

    /// What a folder holds.
    pub(crate) async fn get(&self, folder: &str) -> Result<Listing> {
        if let Some(listing) = self.remembered(folder) {
            return Ok(listing);
        }
        let key: Arc<str> = folder.into();
        let flight = self.0.flights.once(&self.0.runtime, key.clone(), || {
            let inner = Arc::clone(&self.0);
            async move {
                let before = inner.changes.load(Ordering::Acquire);
                let listing = Arc::new(shown(&key, inner.backend.entries(&key).await?));
                if inner.changes.load(Ordering::Acquire) == before {
                    inner.remember(key, Arc::clone(&listing));
                }
                Ok(listing)
            }
        });
        flight.await
    }

    /// Forgets a folder in which something has changed.
    pub(crate) fn forget(&self, folder: &str) {
        self.0.changes.fetch_add(1, Ordering::AcqRel);
        let mut known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.remove(folder);
    }
}

impl Inner {
    fn remember(&self, folder: Arc<str>, listing: Listing) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MANY {
            known.retain(|_, (at, _)| at.elapsed() < self.lifetime);
        }
        known.insert(folder, (Instant::now(), listing));
    }
}

/// The entries that can be shown: names that no folder can hold are left out, and a folder
/// hides a file of its name.
fn shown(folder: &str, entries: Vec<(String, Found)>) -> BTreeMap<Box<str>, Found> {
    let mut listing: BTreeMap<Box<str>, Found> = BTreeMap::new();
    for (name, found) in entries {
        if matches!(name.as_str(), "" | "." | "..") || name.contains(['/', '\0']) {
            tracing::warn!(folder, name, "a name that cannot be shown was left out");
            continue;
        }
        match listing.get(name.as_str()) {
            Some(Found::Folder) => {}
            _ => {
                listing.insert(name.into(), found);
            }
        }
    }
    listing
}

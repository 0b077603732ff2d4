//! One piece of work for all who want its result at the same time.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use tokio::runtime::Handle;

use crate::backend::Result;

/// A result that is on its way.
pub(crate) type Flight<V> = Shared<BoxFuture<'static, Result<V>>>;

/// The work that goes on, by what it is for.
#[derive(Debug)]
pub(crate) struct Flights<K, V: Clone> {
    going: Mutex<HashMap<K, Flight<V>>>,
}

impl<K, V: Clone> Default for Flights<K, V> {
    fn default() -> Self {
        Self {
            going: Mutex::default(),
        }
    }
}

impl<K, V> Flights<K, V>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// The work that goes on for `key`.
    pub(crate) fn joined(&self, key: &K) -> Option<Flight<V>> {
        let going = self.going.lock().unwrap_or_else(PoisonError::into_inner);
        going.get(key).cloned()
    }

    /// The work that goes on for `key`, else `work`, which then goes on whether or not
    /// anybody waits for it.
    pub(crate) fn once<F>(
        self: &Arc<Self>,
        runtime: &Handle,
        key: K,
        work: impl FnOnce() -> F,
    ) -> Flight<V>
    where
        F: Future<Output = Result<V>> + Send + 'static,
    {
        let mut going = self.going.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = going.get(&key) {
            return flight.clone();
        }
        let (flights, own, work) = (Arc::clone(self), key.clone(), work());
        let flight = async move {
            let result = work.await;
            let mut going = flights.going.lock().unwrap_or_else(PoisonError::into_inner);
            going.remove(&own);
            result
        };
        let flight = flight.boxed().shared();
        going.insert(key, flight.clone());
        runtime.spawn(flight.clone());
        flight
    }
}

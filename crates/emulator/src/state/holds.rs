//! Readers and removals side by side: a body that a reader found in the metadata stays
//! in its place until that reader is done, although a commit released it meanwhile.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::FileId;

/// Removes a body, when the time has come.
type Remove = Box<dyn Fn(&FileId) + Send + Sync>;

/// Who reads, and which removals wait for them.
#[derive(Clone)]
pub(super) struct Holds(Arc<Inner>);

struct Inner {
    waiting: Mutex<Waiting>,
    remove: Remove,
}

#[derive(Default)]
struct Waiting {
    /// Grows with each removal that has to wait.
    age: u64,
    /// How many readers began at each age.
    readers: BTreeMap<u64, usize>,
    /// Bodies, each with the age from which on readers cannot know it any more.
    removals: VecDeque<(u64, FileId)>,
}

impl Waiting {
    /// Takes out what no reader can know.
    fn due(&mut self) -> Vec<FileId> {
        let oldest = self.readers.keys().next().copied().unwrap_or(u64::MAX);
        let count = self.removals.partition_point(|(age, _)| *age <= oldest);
        self.removals.drain(..count).map(|(_, id)| id).collect()
    }
}

impl Holds {
    pub(super) fn new(remove: impl Fn(&FileId) + Send + Sync + 'static) -> Self {
        Self(Arc::new(Inner {
            waiting: Mutex::default(),
            remove: Box::new(remove),
        }))
    }

    /// A reader begins. It must look into the metadata only afterwards.
    pub(super) fn begin(&self) -> Hold {
        let mut waiting = self.0.waiting();
        let age = waiting.age;
        *waiting.readers.entry(age).or_default() += 1;
        drop(waiting);
        Hold {
            age,
            holds: self.clone(),
        }
    }

    /// Removes a body that no committed metadata refers to any more: now, or when the
    /// readers of today are done.
    pub(super) fn remove(&self, id: &FileId) {
        let mut waiting = self.0.waiting();
        if !waiting.readers.is_empty() {
            waiting.age += 1;
            let age = waiting.age;
            waiting.removals.push_back((age, id.clone()));
            return;
        }
        drop(waiting);
        (self.0.remove)(id);
    }
}

impl Inner {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps every body readable that the metadata named when it was taken, or later.
pub struct Hold {
    age: u64,
    holds: Holds,
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut waiting = self.holds.0.waiting();
        if let Some(count) = waiting.readers.get_mut(&self.age) {
            *count -= 1;
            if *count == 0 {
                waiting.readers.remove(&self.age);
            }
        }
        let due = waiting.due();
        drop(waiting);
        due.iter().for_each(|id| (self.holds.0.remove)(id));
    }
}

impl std::fmt::Debug for Hold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hold")
            .field("age", &self.age)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Holds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Holds")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_removal_waits_for_the_readers_before_it_and_for_no_later_one() {
        let removed = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&removed);
        let holds = Holds::new(move |id| log.lock().unwrap().push(id.to_string()));
        let removed = || removed.lock().unwrap().join(",");
        let remove = |name: &str| holds.remove(&FileId::for_test(name));

        remove("a");
        assert_eq!(removed(), "a");
        let first = holds.begin();
        let second = holds.begin();
        remove("b");
        let third = holds.begin();
        remove("c");
        drop(first);
        assert_eq!(removed(), "a");
        drop(second);
        assert_eq!(removed(), "a,b");
        drop(third);
        assert_eq!(removed(), "a,b,c");
    }
}

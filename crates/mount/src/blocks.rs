//! Blocks of files in memory, up to a limit; the least recently used go first.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

/// A block: of which path, of which version, the how-manieth.
pub(crate) type Key = (Arc<str>, Arc<str>, u64);

/// The blocks that are in memory.
#[derive(Debug)]
pub(crate) struct Blocks {
    limit: usize,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    blocks: HashMap<Key, (Bytes, u64)>,
    /// By when they were last used.
    order: BTreeMap<u64, Key>,
    clock: u64,
    bytes: usize,
}

impl Blocks {
    /// Keeps at most `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            inner: Mutex::default(),
        }
    }

    pub(crate) fn get(&self, key: &Key) -> Option<Bytes> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let Inner {
            blocks,
            order,
            clock,
            ..
        } = &mut *inner;
        let (bytes, used) = blocks.get_mut(key)?;
        *clock += 1;
        if let Some(own) = order.remove(used) {
            order.insert(*clock, own);
        }
        *used = *clock;
        Some(bytes.clone())
    }

    pub(crate) fn put(&self, key: Key, block: Bytes) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.clock += 1;
        let now = inner.clock;
        inner.bytes += block.len();
        if let Some((old, used)) = inner.blocks.insert(key.clone(), (block, now)) {
            inner.bytes -= old.len();
            inner.order.remove(&used);
        }
        inner.order.insert(now, key);
        while inner.bytes > self.limit
            && let Some((_, key)) = inner.order.pop_first()
        {
            if let Some((old, _)) = inner.blocks.remove(&key) {
                inner.bytes -= old.len();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_go_first() {
        let blocks = Blocks::new(25);
        let key = |index: u64| -> Key { ("a".into(), "1".into(), index) };
        let block = || Bytes::from(vec![0; 10]);
        blocks.put(key(0), block());
        blocks.put(key(1), block());
        assert!(blocks.get(&key(0)).is_some());
        blocks.put(key(2), block());
        let there: Vec<bool> = (0..3).map(|i| blocks.get(&key(i)).is_some()).collect();
        assert_eq!(there, [true, false, true]);
        // The same again takes no more room.
        blocks.put(key(2), block());
        assert!(blocks.get(&key(0)).is_some());
        // What is larger than the limit is not kept.
        blocks.put(key(3), Bytes::from(vec![0; 30]));
        assert!(blocks.get(&key(3)).is_none());
    }
}

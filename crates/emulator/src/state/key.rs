//! Ordered keys and ranges of them.

use std::{fmt, ops::Bound};

/// A key made of parts, ordered part by part, such that the key of the first
/// parts is a prefix of the keys below it.
///
/// Each part is followed by `00 01`; a zero byte inside a part is `00 FF`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Vec<u8>);

impl Key {
    /// The key of the given parts.
    pub fn of<P: AsRef<[u8]>>(parts: impl IntoIterator<Item = P>) -> Self {
        let mut key = Self(Vec::new());
        for part in parts {
            key.push(part);
        }
        key
    }

    /// Adds one part at the end.
    pub fn push(&mut self, part: impl AsRef<[u8]>) {
        for &byte in part.as_ref() {
            self.0.push(byte);
            if byte == 0 {
                self.0.push(0xff);
            }
        }
        self.0.extend([0, 1]);
    }

    /// The parts of an encoded key. Bytes that are no such key give what can
    /// be read.
    #[must_use]
    pub fn parts(encoded: &[u8]) -> Vec<Vec<u8>> {
        let mut parts = Vec::new();
        let mut part = Vec::new();
        let mut bytes = encoded.iter().copied();
        while let Some(byte) = bytes.next() {
            if byte != 0 {
                part.push(byte);
            } else if bytes.next() == Some(1) {
                parts.push(std::mem::take(&mut part));
            } else {
                part.push(0);
            }
        }
        parts
    }
}

impl AsRef<[u8]> for Key {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(
                Self::parts(&self.0)
                    .iter()
                    .map(|part| String::from_utf8_lossy(part).into_owned()),
            )
            .finish()
    }
}

/// Which way a scan runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// From the smallest key up.
    #[default]
    Ascending,
    /// From the greatest key down.
    Descending,
}

/// A contiguous range of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRange {
    pub(super) start: Bound<Vec<u8>>,
    pub(super) end: Bound<Vec<u8>>,
}

impl KeyRange {
    /// Every key.
    #[must_use]
    pub fn all() -> Self {
        Self {
            start: Bound::Unbounded,
            end: Bound::Unbounded,
        }
    }

    /// The keys that begin with `prefix`.
    pub fn prefix(prefix: impl AsRef<[u8]>) -> Self {
        let prefix = prefix.as_ref();
        Self {
            start: Bound::Included(prefix.to_vec()),
            end: successor(prefix).map_or(Bound::Unbounded, Bound::Excluded),
        }
    }

    /// Keeps only the keys from `key` on, which is included: where a page of
    /// a listing goes on.
    #[must_use]
    pub fn starting_at(self, key: impl AsRef<[u8]>) -> Self {
        self.raise(Bound::Included(key.as_ref().to_vec()))
    }

    /// Keeps only the keys after `key`, which is excluded.
    #[must_use]
    pub fn after(self, key: impl AsRef<[u8]>) -> Self {
        self.raise(Bound::Excluded(key.as_ref().to_vec()))
    }

    /// Keeps only the keys up to `key`, which is included.
    #[must_use]
    pub fn up_to(mut self, key: impl AsRef<[u8]>) -> Self {
        let key = key.as_ref();
        let below = match &self.end {
            Bound::Unbounded => true,
            Bound::Included(old) | Bound::Excluded(old) => key < old.as_slice(),
        };
        if below {
            self.end = Bound::Included(key.to_vec());
        }
        self
    }

    fn raise(mut self, start: Bound<Vec<u8>>) -> Self {
        let above = match (&self.start, &start) {
            (Bound::Unbounded, _) => true,
            (Bound::Included(old) | Bound::Excluded(old), Bound::Excluded(new)) => new >= old,
            (Bound::Included(old) | Bound::Excluded(old), Bound::Included(new)) => new > old,
            (_, Bound::Unbounded) => false,
        };
        if above {
            self.start = start;
        }
        self
    }

    /// Whether no key can be inside; such a range must not reach the store.
    pub(super) fn is_empty(&self) -> bool {
        match (&self.start, &self.end) {
            (Bound::Included(start), Bound::Included(end)) => start > end,
            (
                Bound::Included(start) | Bound::Excluded(start),
                Bound::Included(end) | Bound::Excluded(end),
            ) => start >= end,
            _ => false,
        }
    }
}

/// The smallest key greater than every key with this prefix.
fn successor(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|&byte| byte != 0xff)?;
    let mut next = prefix[..=last].to_vec();
    next[last] += 1;
    Some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_keep_the_order_of_their_parts() {
        let sorted = [
            Key::of(["a"]),
            Key::of(["a", ""]),
            Key::of(["a", "b"]),
            Key::of(["a", "b", "c"]),
            Key::of(["a\0"]),
            Key::of(["a\u{1}"]),
            Key::of(["ab"]),
        ];
        assert!(sorted.is_sorted(), "{sorted:?}");
    }

    #[test]
    fn parts_come_back() {
        for parts in [vec![""], vec!["a", "\0", "b\0\u{1}"], vec!["ä", "", "x/y"]] {
            let key = Key::of(&parts);
            let back = Key::parts(key.as_ref());
            assert_eq!(back, parts.iter().map(|p| p.as_bytes()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn prefix_of_all_ones_has_no_end() {
        assert_eq!(KeyRange::prefix([0xff, 0xff]).end, Bound::Unbounded);
        assert_eq!(KeyRange::prefix([1, 0xff]).end, Bound::Excluded(vec![2]));
    }

    #[test]
    fn a_page_never_leaves_its_prefix() {
        let range = KeyRange::prefix("b").after("a");
        assert_eq!(range.start, Bound::Included(b"b".to_vec()));
        assert!(KeyRange::prefix("b").after("c").is_empty());
        let range = KeyRange::prefix("b").after("b5");
        assert_eq!(range.start, Bound::Excluded(b"b5".to_vec()));
    }
}

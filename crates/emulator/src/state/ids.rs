//! New identifiers: random in use, a repeatable sequence in tests.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use uuid::Uuid;

/// A source of unique identifiers.
#[derive(Clone)]
pub struct Ids(Source);

#[derive(Clone)]
enum Source {
    Random,
    Sequence(Arc<AtomicU64>),
}

impl Ids {
    /// Random version 4 uuids.
    #[must_use]
    pub fn random() -> Self {
        Self(Source::Random)
    }

    /// Uuids that count up from one, for tests that compare whole answers.
    #[must_use]
    pub fn sequence() -> Self {
        Self(Source::Sequence(Arc::default()))
    }

    /// The next identifier.
    #[must_use]
    pub fn uuid(&self) -> Uuid {
        match &self.0 {
            Source::Random => Uuid::new_v4(),
            Source::Sequence(last) => {
                let next = last.fetch_add(1, Ordering::Relaxed) + 1;
                uuid::Builder::from_random_bytes(u128::from(next).to_be_bytes()).into_uuid()
            }
        }
    }

    /// The next identifier as 32 lower-case hex digits.
    #[must_use]
    pub fn hex(&self) -> String {
        self.uuid().simple().to_string()
    }
}

impl fmt::Debug for Ids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Source::Random => "Ids(random)",
            Source::Sequence(_) => "Ids(sequence)",
        })
    }
}

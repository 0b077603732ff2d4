//! A small generator of numbers, so that a failing run can be repeated from its seed.

use std::ops::Range;

/// The seeds of this run, one for each round: five, or what `cargo xtask chaos` asks for.
pub(crate) fn seeds() -> Range<u64> {
    seeds_of(5)
}

/// The seeds of this run, one for each of so many rounds, or of as many as `cargo xtask chaos` asks for.
pub(crate) fn seeds_of(rounds: u64) -> Range<u64> {
    let number = |name, default| {
        let value = std::env::var(name);
        value.map_or(default, |value| value.parse().expect("a number"))
    };
    let first = number("AZML_CHAOS_SEED", 1);
    first..first + number("AZML_CHAOS_ROUNDS", rounds)
}

/// SplitMix64.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// A sequence of its own for each seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below the limit.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// So many bytes.
    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(count + 8);
        while bytes.len() < count {
            bytes.extend_from_slice(&self.next().to_le_bytes());
        }
        bytes.truncate(count);
        bytes
    }
}

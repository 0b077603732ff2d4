//! Which rows Split Data sends to which output.
//!
//! Of `n` rows the first output gets `round(fraction * n)`, halves up; the rest
//! goes to the second; both keep the order of the input. Not randomized, the
//! first output gets the first rows. Randomized, rows are drawn by selection
//! sampling with SplitMix64 begun with the seed: the row with index `i` goes to
//! the first output when `(next() * (n - i)) >> 64 < wanted - taken`. The same
//! data, fraction and seed always give the same rows; seed 0 is a seed like
//! any other.

use super::graph::Split;

/// Decides row after row.
#[derive(Debug)]
pub(super) struct Selection {
    randomized: bool,
    state: u64,
    /// Rows not decided yet.
    left: u64,
    /// Of these, how many are to go to the first output.
    wanted: u64,
}

impl Selection {
    pub(super) fn new(split: &Split, rows: u64) -> Self {
        Self {
            randomized: split.randomized,
            state: split.seed,
            left: rows,
            wanted: share(split.fraction, rows),
        }
    }

    /// Whether the next row goes to the first output.
    pub(super) fn next_is_first(&mut self) -> bool {
        let first = if self.randomized {
            let drawn = (u128::from(self.random()) * u128::from(self.left)) >> 64;
            drawn < u128::from(self.wanted)
        } else {
            self.wanted > 0
        };
        self.left = self.left.saturating_sub(1);
        self.wanted -= u64::from(first);
        first
    }

    fn random(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// `round(fraction * rows)`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the fraction is from 0 to 1, so the product is from 0 to `rows`"
)]
fn share(fraction: f64, rows: u64) -> u64 {
    ((fraction * rows as f64).round() as u64).min(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(fraction: f64, randomized: bool, seed: u64, rows: u64) -> Vec<u64> {
        let split = Split {
            fraction,
            randomized,
            seed,
        };
        let mut selection = Selection::new(&split, rows);
        (0..rows).filter(|_| selection.next_is_first()).collect()
    }

    #[test]
    fn the_share_is_exact() {
        for rows in [0, 1, 2, 3, 10, 999] {
            for fraction in [0.0, 0.1, 0.5, 0.75, 1.0] {
                for seed in [0, 1, 42, u64::MAX] {
                    let count = u64::try_from(first(fraction, true, seed, rows).len()).unwrap();
                    assert_eq!(count, share(fraction, rows), "{fraction} of {rows}");
                }
            }
        }
        assert_eq!(share(0.5, 3), 2);
    }

    #[test]
    fn the_assignment_is_the_documented_one() {
        assert_eq!(first(0.5, true, 42, 10), first(0.5, true, 42, 10));
        assert_ne!(first(0.5, true, 42, 100), first(0.5, true, 43, 100));
        assert_eq!(first(0.3, false, 42, 10), [0, 1, 2]);
        // Computed outside this program from the description above.
        assert_eq!(first(0.5, true, 7, 10), [0, 1, 4, 5, 7]);
    }

    #[test]
    fn rows_are_drawn_evenly() {
        let mut hits = [0u32; 20];
        for seed in 0..4000 {
            for row in first(0.25, true, seed, 20) {
                hits[usize::try_from(row).unwrap()] += 1;
            }
        }
        for count in hits {
            assert!((900..1100).contains(&count), "{hits:?}");
        }
    }
}

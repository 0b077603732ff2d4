//! How a file is read: in order, where blocks ahead are fetched before they are asked for,
//! or here and there, where only what is asked for is fetched.

use std::ops::Range;

/// Reads that do not follow one another before a reader is taken for one that jumps.
const STRAYS: u32 = 2;
/// Blocks ahead of a reader, at first and at most.
const FIRST_WINDOW: u64 = 2;
const LARGEST_WINDOW: u64 = 16;

/// The reads of one open file so far.
#[derive(Debug)]
pub(crate) struct Pattern {
    block: u64,
    blocks: u64,
    next: u64,
    strays: u32,
    begun: bool,
    window: u64,
    /// The first block that was not asked for ahead.
    ahead: u64,
}

/// What to do for a read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Whole blocks, or only the bytes that are asked for.
    pub(crate) whole: bool,
    /// Blocks to fetch ahead.
    pub(crate) ahead: Range<u64>,
}

impl Pattern {
    /// The pattern of a file of `length` bytes, read in blocks of `block` bytes.
    pub(crate) fn new(block: u64, length: u64) -> Self {
        Self {
            block,
            blocks: length.div_ceil(block),
            next: 0,
            strays: 0,
            begun: false,
            window: 0,
            ahead: 0,
        }
    }

    /// Notes a read of these bytes.
    pub(crate) fn plan(&mut self, range: &Range<u64>) -> Plan {
        // The kernel reads ahead too, with several requests at once that overtake each other.
        let follows = range.start.abs_diff(self.next) <= self.block;
        let begun = std::mem::replace(&mut self.begun, true);
        if follows {
            self.strays = self.strays.saturating_sub(1);
            self.next = self.next.max(range.end);
        } else {
            self.strays = if begun {
                STRAYS.min(self.strays + 1)
            } else {
                STRAYS
            };
            self.next = range.end;
            self.window = 0;
            self.ahead = 0;
        }
        let whole = self.strays < STRAYS || self.blocks == 1;
        let mut ahead = 0..0;
        if self.strays == 0 {
            let following = range.end.div_ceil(self.block);
            let from = self.ahead.max(following);
            // The window moves when half of it is used up, so that there is always some left.
            if from.saturating_sub(following) <= self.window / 2 {
                self.window = (self.window * 2).clamp(FIRST_WINDOW, LARGEST_WINDOW);
                ahead = from..(following + self.window).min(self.blocks).max(from);
                self.ahead = ahead.end;
            }
        }
        Plan { whole, ahead }
    }

    /// Says that blocks from this one on were not fetched ahead after all.
    pub(crate) fn stopped_at(&mut self, block: u64) {
        self.ahead = block;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_reads_in_order_is_read_ahead_of() {
        let mut pattern = Pattern::new(100, 10_000);
        let plan = pattern.plan(&(0..50));
        assert_eq!((plan.whole, plan.ahead), (true, 1..3));
        let mut last = 3;
        let mut asked = 2;
        for start in (50..5000).step_by(50) {
            let plan = pattern.plan(&(start..start + 50));
            assert!(plan.whole);
            if !plan.ahead.is_empty() {
                assert_eq!(plan.ahead.start, last);
                last = plan.ahead.end;
                asked += plan.ahead.count();
            }
        }
        assert!(last >= 50 + LARGEST_WINDOW / 2, "{last}");
        assert_eq!(u64::try_from(asked).unwrap() + 1, last, "no block twice");
        // Never beyond the end.
        for start in (5000..10_000).step_by(100) {
            assert!(pattern.plan(&(start..start + 100)).ahead.end <= 100);
        }
    }

    #[test]
    fn who_jumps_gets_what_is_asked_for() {
        let mut pattern = Pattern::new(100, 10_000);
        assert!(!pattern.plan(&(5000..5010)).whole);
        assert!(!pattern.plan(&(900..910)).whole);
        // Two in a row, and it is in order again.
        assert!(pattern.plan(&(910..920)).whole);
        assert!(!pattern.plan(&(920..930)).ahead.is_empty());
        let mut header_first = Pattern::new(100, 10_000);
        header_first.plan(&(0..10));
        assert!(header_first.plan(&(9000..9010)).whole);
        assert!(!header_first.plan(&(4000..4010)).whole);
        // A file of one block is always read whole.
        assert!(Pattern::new(100, 90).plan(&(80..90)).whole);
    }
}

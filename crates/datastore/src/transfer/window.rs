//! How many files are moved at once: few at first, and more for as long as more of them end in the
//! same time. Knows no file.

use std::time::{Duration, Instant};

/// Files at once in the beginning, and at most.
const FIRST: usize = 16;
const MOST: usize = 128;
/// A round must be faster by this factor for the next one to be wider.
const GAIN: f64 = 1.1;

/// A window over the files that are still to be moved.
#[derive(Debug)]
pub(super) struct Window {
    limit: usize,
    /// Files that ended in this round, which is as long as the window is wide.
    ended: u32,
    began: Instant,
    /// Files a second, of the rounds before.
    rate: f64,
}

impl Window {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            limit: FIRST,
            ended: 0,
            began: now,
            rate: 0.0,
        }
    }

    /// How many files may be on their way.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// A file has ended.
    pub(super) fn ended(&mut self, now: Instant) {
        self.ended += 1;
        if usize::try_from(self.ended).unwrap_or(usize::MAX) < self.limit {
            return;
        }
        let took = now.duration_since(self.began).max(Duration::from_micros(1));
        let rate = f64::from(self.ended) / took.as_secs_f64();
        if rate >= self.rate * GAIN {
            self.limit = (self.limit * 2).min(MOST);
            self.rate = rate;
        } else {
            // Slowly forgotten: what was slow for a while may become faster again.
            self.rate = f64::midpoint(self.rate, rate);
        }
        self.ended = 0;
        self.began = now;
    }

    /// The service asked for less.
    pub(super) fn throttled(&mut self) {
        self.limit = (self.limit / 2).max(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Widths of the rounds when so many files at once take so long together.
    fn rounds(took: impl Fn(usize) -> Duration) -> Vec<usize> {
        let mut now = Instant::now();
        let mut window = Window::new(now);
        let mut widths = Vec::new();
        for _ in 0..6 {
            let width = window.limit();
            widths.push(width);
            now += took(width);
            for _ in 0..width {
                window.ended(now);
            }
        }
        widths
    }

    /// storage TR-05.
    #[test]
    fn a_window_grows_while_that_makes_it_faster() {
        // Every request takes its time, whatever else goes on.
        let distant = rounds(|_| Duration::from_millis(20));
        assert_eq!(distant, [16, 32, 64, 128, 128, 128]);
        // The server does one after the other.
        let busy = rounds(|width| Duration::from_millis(u64::try_from(width).unwrap()));
        assert_eq!(busy, [16, 32, 32, 32, 32, 32]);
        let mut window = Window::new(Instant::now());
        window.throttled();
        assert_eq!(window.limit(), 8);
    }
}

//! Progress of transfers on standard error; nothing is drawn when that is no terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A bar for `total` bytes with rate and remaining time, or a spinner when the total is
/// unknown. It takes itself off the screen when dropped.
pub(crate) struct Transfer(ProgressBar);

impl Transfer {
    /// Starts a bar named for what moves.
    pub(crate) fn start(what: &str, total: Option<u64>) -> Self {
        let (bar, template) = match total {
            Some(total) => (
                ProgressBar::new(total),
                "{msg} [{bar:30}] {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left",
            ),
            None => (
                ProgressBar::new_spinner(),
                "{spinner} {msg} {bytes}, {bytes_per_sec}",
            ),
        };
        let style = ProgressStyle::with_template(template)
            .expect("the template is one of the two above")
            .progress_chars("=> ");
        let bar = bar.with_style(style).with_message(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(120));
        Self(bar)
    }

    /// Says how many bytes have moved so far.
    pub(crate) fn set(&self, bytes: u64) {
        self.0.set_position(bytes);
    }

    /// As [`set`](Self::set), with the total, which may be known only now.
    pub(crate) fn set_of(&self, bytes: u64, total: Option<u64>) {
        if let Some(total) = total {
            self.0.set_length(total);
        }
        self.set(bytes);
    }
}

impl Drop for Transfer {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

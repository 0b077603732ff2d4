//! The states of a run, by the names that services give them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A state of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum RunState {
    /// Known, nothing done yet.
    NotStarted,
    /// Waits for its turn.
    Queued,
    /// Its data is on the way.
    Preparing,
    /// Its machines are on the way.
    Provisioning,
    /// Its script is being started.
    Starting,
    /// Its script runs.
    Running,
    /// Its end was asked for.
    CancelRequested,
    /// Its results are on the way.
    Finalizing,
    /// It did all it should.
    Completed,
    /// It did not.
    Failed,
    /// It was ended before it could.
    Canceled,
}

impl RunState {
    const ALL: [Self; 11] = [
        Self::NotStarted,
        Self::Queued,
        Self::Preparing,
        Self::Provisioning,
        Self::Starting,
        Self::Running,
        Self::CancelRequested,
        Self::Finalizing,
        Self::Completed,
        Self::Failed,
        Self::Canceled,
    ];

    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NotStarted => "NotStarted",
            Self::Queued => "Queued",
            Self::Preparing => "Preparing",
            Self::Provisioning => "Provisioning",
            Self::Starting => "Starting",
            Self::Running => "Running",
            Self::CancelRequested => "CancelRequested",
            Self::Finalizing => "Finalizing",
            Self::Completed => "Completed",
            Self::Failed => "Failed",
            Self::Canceled => "Canceled",
        }
    }

    /// The state of this name. Unknown ones count as running.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|state| state.name() == name)
            .unwrap_or(Self::Running)
    }

    /// Whether no other state follows.
    #[must_use]
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Canceled)
    }
}

impl fmt::Display for RunState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_both_ways() {
        for state in RunState::ALL {
            assert_eq!(RunState::from_name(state.name()), state);
        }
        assert_eq!(RunState::from_name("Paused"), RunState::Running);
        assert!(RunState::Canceled.is_terminal() && !RunState::Finalizing.is_terminal());
    }
}

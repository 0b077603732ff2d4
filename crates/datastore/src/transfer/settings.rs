//! What uploads and downloads are told alike.

use super::patterns::Patterns;
use super::report::{ErrorMode, Listener, Tally};

#[derive(Clone, Debug, Default)]
pub(super) struct Settings {
    pub(super) resume: bool,
    pub(super) patterns: Patterns,
    pub(super) errors: ErrorMode,
    pub(super) listener: Listener,
}

impl Settings {
    /// A count of nothing yet.
    pub(super) fn tally(&self) -> Tally {
        Tally::new(self.errors, self.listener.clone())
    }
}

/// What is the same of both: methods, and that awaiting it runs it.
macro_rules! transfer {
    ($name:ident) => {
        impl $name {
            /// What happens when a file cannot be moved.
            pub fn errors(mut self, mode: $crate::transfer::ErrorMode) -> Self {
                self.settings.errors = mode;
                self
            }

            /// Who is told about each step.
            pub fn progress(
                mut self,
                progress: std::sync::Arc<dyn $crate::transfer::Progress>,
            ) -> Self {
                self.settings.listener = $crate::transfer::report::Listener(Some(progress));
                self
            }
        }

        impl std::future::IntoFuture for $name {
            type Output = $crate::error::Result<$crate::transfer::TransferReport>;
            type IntoFuture = futures::future::BoxFuture<'static, Self::Output>;

            fn into_future(self) -> Self::IntoFuture {
                Box::pin(self.run())
            }
        }
    };
}

pub(super) use transfer;

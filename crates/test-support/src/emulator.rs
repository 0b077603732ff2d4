//! An emulator on free ports that lives as long as its test.

use std::ops::Deref;

use azml_core::env::Environment;
use azml_emulator::{Builder, Emulator};

/// An ephemeral emulator. Everything of [`Emulator`] is there by `Deref`; it
/// stops when it is dropped.
#[derive(Debug)]
pub struct TestEmulator(Emulator);

impl TestEmulator {
    /// Starts one with the default options.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub async fn start() -> Self {
        Self::start_with(|builder| builder).await
    }

    /// Starts one with options; it is ephemeral and on free ports unless they
    /// say otherwise.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub async fn start_with(options: impl FnOnce(Builder) -> Builder) -> Self {
        let builder = options(Emulator::builder().ephemeral().port_base(0));
        Self(builder.start().await.expect("a test emulator starts"))
    }

    /// The variables that a client reads to find this emulator.
    #[must_use]
    pub fn environment(&self) -> Environment {
        Environment::from_pairs(self.0.environment())
    }

    /// The value of one of the variables.
    ///
    /// # Panics
    ///
    /// When there is no such variable.
    #[must_use]
    pub fn variable(&self, name: &str) -> String {
        self.environment()
            .get(name)
            .unwrap_or_else(|| unreachable!("the emulator sets no {name}"))
    }

    /// Stops it in good order, as opposed to dropping it.
    pub async fn shutdown(self) {
        self.0.shutdown().await;
    }
}

impl Deref for TestEmulator {
    type Target = Emulator;

    fn deref(&self) -> &Emulator {
        &self.0
    }
}

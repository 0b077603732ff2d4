//! Where steps run: each is announced, done or not, and counted.

use std::fmt::Display;

use azml_emulator::Emulator;

use super::artefacts::Artefacts;
use crate::failure::{Failure, Result};
use crate::output::data;

/// How many steps went how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    /// Steps that worked.
    pub(super) done: usize,
    /// Steps left out for a named reason.
    pub(super) skipped: usize,
    /// Steps that did not work.
    pub(super) failed: usize,
}

impl Outcome {
    /// All steps that were come to.
    pub(super) fn total(&self) -> usize {
        self.done + self.skipped + self.failed
    }
}

/// What a service's tour works with.
pub(super) struct Stage<'a> {
    /// The emulator to work against, through its endpoints only.
    pub(super) emulator: &'a Emulator,
    /// Where to put what is made.
    pub(super) artefacts: &'a Artefacts,
    outcome: Outcome,
}

/// Ends the tour of one service.
#[derive(Debug)]
pub(super) enum Stopped {
    /// A step failed, and that was told.
    Step,
    /// Something else failed; nothing was told.
    Tour(Failure),
}

impl<'a> Stage<'a> {
    /// A stage on which nothing has happened.
    pub(super) fn new(emulator: &'a Emulator, artefacts: &'a Artefacts) -> Self {
        Self {
            emulator,
            artefacts,
            outcome: Outcome::default(),
        }
    }

    /// How it went so far.
    pub(super) fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Runs the tour of one service. A failure in it ends that service only.
    pub(super) async fn service(
        &mut self,
        name: &str,
        steps: impl AsyncFnOnce(&mut Self) -> Result<(), Stopped>,
    ) -> Result<()> {
        data(|out| writeln!(out, "\n{name}"))?;
        match steps(self).await {
            Ok(()) | Err(Stopped::Step) => Ok(()),
            Err(Stopped::Tour(failure)) => Err(failure),
        }
    }

    /// Runs one step. It returns what later steps need, and what to tell.
    pub(super) async fn step<T>(
        &mut self,
        title: &str,
        work: impl Future<Output = Result<(T, String)>>,
    ) -> Result<T, Stopped> {
        match work.await {
            Ok((value, told)) => {
                self.outcome.done += 1;
                tell("ok", title, &told)?;
                Ok(value)
            }
            Err(failure) => {
                self.outcome.failed += 1;
                tell("FAILED", title, failure.report().trim_end())?;
                Err(Stopped::Step)
            }
        }
    }

    /// Leaves a step out, and says why.
    pub(super) fn skip(&mut self, title: &str, reason: &str) -> Result<(), Stopped> {
        self.outcome.skipped += 1;
        Ok(tell("skip", title, reason)?)
    }
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Self {
        Self::Tour(failure)
    }
}

/// Prints a step's line, and what there is to tell below it.
fn tell(mark: &str, title: &str, told: impl Display) -> Result<()> {
    data(|out| {
        writeln!(out, "  {mark:<6} {title}")?;
        told.to_string()
            .lines()
            .try_for_each(|line| writeln!(out, "         {line}"))
    })
}

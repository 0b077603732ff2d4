//! `azml emulator ...`.

mod ca;
mod exec;
mod hosts;
#[cfg(feature = "engine")]
mod manage;
#[cfg(feature = "engine")]
mod start;
#[cfg(feature = "engine")]
mod summary;
mod target;

use crate::args::{EmulatorCommand, GlobalArgs};
use crate::failure::Result;

/// Runs an emulator command.
pub(super) async fn run(command: EmulatorCommand, global: &GlobalArgs) -> Result<()> {
    match command {
        EmulatorCommand::Exec(args) => exec::run(args, global).await,
        EmulatorCommand::Hosts(args) => hosts::run(&args, global),
        EmulatorCommand::Ca(args) => ca::run(&args, global),
        other => engine(other, global).await,
    }
}

/// The commands that need the emulator itself.
#[cfg(feature = "engine")]
async fn engine(command: EmulatorCommand, global: &GlobalArgs) -> Result<()> {
    use crate::signals::unless_stopped;
    match command {
        EmulatorCommand::Start(args) => start::run(args, &global.output).await,
        EmulatorCommand::Status(args) => {
            unless_stopped(manage::status(&args.location, &global.output)).await
        }
        EmulatorCommand::Stop(args) => unless_stopped(manage::stop(&args.location)).await,
        EmulatorCommand::Reset(args) => unless_stopped(manage::reset(&args)).await,
        EmulatorCommand::Exec(_) | EmulatorCommand::Hosts(_) | EmulatorCommand::Ca(_) => Ok(()),
    }
}

#[cfg(not(feature = "engine"))]
async fn engine(_: EmulatorCommand, _: &GlobalArgs) -> Result<()> {
    Err(no_engine())
}

/// What a build without the emulator answers.
#[cfg(not(feature = "engine"))]
pub(super) fn no_engine() -> crate::failure::Failure {
    crate::failure::Failure::new("this azml was built without the emulator")
        .hint("install it with its default features")
}

//! `azml emulator exec`: runs a program so that an unmodified client finds the emulator.
//!
//! Everything is done through the environment of that one program; nothing of the user's
//! is changed, and what is made for the run goes when it ends.

mod ca_bundle;
mod child;
mod home;
mod variables;

use std::path::Path;

use crate::args::{ExecArgs, GlobalArgs};
use crate::failure::{Failure, Result};

use super::target::Target;

/// Runs the program against the emulator that is meant.
pub(super) async fn run(args: ExecArgs, global: &GlobalArgs) -> Result<()> {
    if args.ephemeral {
        return ephemeral(&args).await;
    }
    let target = Target::find(
        args.env_file.as_deref(),
        args.location.data_dir.as_ref(),
        global,
    )?;
    target.check_running().await?;
    run_against(&target, &args).await
}

#[cfg(feature = "engine")]
async fn ephemeral(args: &ExecArgs) -> Result<()> {
    let emulator = azml_emulator::Emulator::builder()
        .ephemeral()
        .port_base(0)
        .start()
        .await?;
    let target = Target::new(emulator.environment(), "this emulator".to_owned());
    let result = run_against(&target, args).await;
    emulator.shutdown().await;
    result
}

#[cfg(not(feature = "engine"))]
async fn ephemeral(_: &ExecArgs) -> Result<()> {
    Err(super::no_engine())
}

async fn run_against(target: &Target, args: &ExecArgs) -> Result<()> {
    let directory = tempfile::Builder::new()
        .prefix("azml-exec-")
        .tempdir()
        .map_err(|error| Failure::new(format!("make a temporary directory: {error}")))?;
    let variables = variables::all(target, directory.path(), args.keep_home, |name| {
        std::env::var_os(name)
    })?;
    child::run(&args.command, variables).await
}

/// Makes a directory for the run.
fn subdirectory(base: &Path, name: &str) -> Result<std::path::PathBuf> {
    let path = base.join(name);
    std::fs::create_dir(&path).map_err(|error| Failure::file("create", &path, error))?;
    Ok(path)
}

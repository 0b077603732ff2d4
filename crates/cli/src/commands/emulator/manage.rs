//! `azml emulator status|stop|reset`: what can be done to an emulator from outside.

use std::path::PathBuf;

use azml_emulator::StartError;
use azml_emulator::state::DataDir;

use crate::admin::{self, Admin};
use crate::args::{LocationArgs, ResetArgs};
use crate::failure::{Failure, Result};
use crate::output::{Format, Record, confirm, note};
use crate::profile::is_secret;

/// Where the emulator's data is.
fn directory(location: &LocationArgs) -> Result<PathBuf> {
    match &location.data_dir {
        Some(directory) => Ok(directory.clone()),
        None => admin::data_dir(),
    }
}

/// Prints whether an emulator runs, and where.
pub(super) async fn status(location: &LocationArgs, format: &Format) -> Result<()> {
    let directory = directory(location)?;
    let found = Admin::find(&directory).await?;
    let mut record = Record::default();
    record.field("running", found.is_some());
    record.field("data_dir", directory.display().to_string());
    if let Some(Admin { running, .. }) = &found {
        record.field("ephemeral", running.ephemeral);
        record.field("pid", running.pid);
        record.field("version", running.version.as_str());
        for (name, value) in &running.environment {
            if name.ends_with("_ENDPOINT") && !is_secret(name) {
                let name = name.trim_start_matches("AZML_").to_lowercase();
                record.field(&name, value.as_str());
            }
        }
    }
    record.print(format)?;
    match found {
        Some(_) => Ok(()),
        None => Err(Failure::Status(1)),
    }
}

/// Stops a running emulator.
pub(super) async fn stop(location: &LocationArgs) -> Result<()> {
    let directory = directory(location)?;
    let Some(found) = Admin::find(&directory).await? else {
        return Err(
            Failure::new(format!("no emulator runs with {}", directory.display()))
                .hint("name its directory with --data-dir"),
        );
    };
    found.stop().await?;
    note(format_args!(
        "stopped the emulator (process {})",
        found.running.pid
    ));
    Ok(())
}

/// Deletes what an emulator has stored.
pub(super) async fn reset(args: &ResetArgs) -> Result<()> {
    let directory = directory(&args.location)?;
    let running = Admin::find(&directory).await?;
    if running.is_none() && !directory.exists() {
        note(format_args!("{} holds nothing", directory.display()));
        return Ok(());
    }
    confirm(
        &format!(
            "delete everything the emulator stores in {}",
            directory.display()
        ),
        args.yes,
    )?;
    match running {
        // A running one begins anew with its default content, and goes on.
        Some(running) => {
            running.post(&["_emulator", "reset"]).await?;
            note("the running emulator has begun anew");
        }
        None => {
            DataDir::erase(&directory).map_err(StartError::from)?;
            note(format_args!("emptied {}", directory.display()));
        }
    }
    Ok(())
}

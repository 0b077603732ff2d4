//! `azml emulator start`: runs the emulator in the foreground until it is told to stop.

use std::time::Duration;

use azml_emulator::{Builder, Emulator};

use super::summary;
use crate::args::{DataLakeArgs, DirectoryArgs, StartArgs};
use crate::failure::{Failure, Result};
use crate::files::read_secret;
use crate::output::{Format, note};
use crate::profile::{Config, Profile};
use crate::signals::stopped;

/// Starts the emulator, says where it is, and waits.
pub(super) async fn run(args: StartArgs, format: &Format) -> Result<()> {
    let builder = builder(&args)?;
    // Asked for before the start, so that no signal is lost in between.
    let stopped = stopped();
    tokio::pin!(stopped);
    let emulator = tokio::select! {
        emulator = builder.start() => emulator?,
        status = &mut stopped => return Err(Failure::Status(status?)),
    };
    let said = say(&emulator, &args, format);
    if said.is_ok() {
        tokio::select! {
            status = &mut stopped => { status?; }
            () = emulator.stop_requested() => {}
        }
        note("stopping");
    }
    emulator.shutdown().await;
    said
}

/// The emulator that the flags ask for.
fn builder(args: &StartArgs) -> Result<Builder> {
    let mut builder = Emulator::builder();
    builder = match (&args.location.data_dir, args.ephemeral) {
        (_, true) => builder.ephemeral(),
        (Some(directory), false) => builder.data_dir(directory),
        (None, false) => builder.data_dir(crate::admin::default_data_dir()?),
    };
    if let Some(base) = args.port_base {
        builder = builder.port_base(base);
    }
    if let Some(file) = &args.env_file {
        builder = builder.env_file(std::path::absolute(file)?);
    }
    if let Some(address) = args.bind {
        builder = builder.bind(address);
        if !address.is_loopback() {
            note(format_args!(
                "warning: other machines can reach the emulator at {address}"
            ));
        }
    }
    if args.no_auth {
        builder = builder.no_auth();
        note("warning: every request is accepted, whatever its credential");
    }
    if args.allow_scripts {
        builder = builder.allow_scripts();
    }
    if let Some(user) = &args.scripts_user {
        builder = builder.scripts_user(user);
    }
    if let Some(python) = &args.python {
        builder = builder.python(python);
    }
    if let Some(seconds) = args.link_lifetime {
        builder = builder.studio_link_lifetime(Duration::from_secs(seconds));
    }
    for name in &args.san {
        builder = builder.name(name);
    }
    for pair in &args.identity_file {
        let (name, file) = pair
            .split_once('=')
            .ok_or_else(|| Failure::usage("an identity must have the form NAME=FILE"))?;
        let value = read_secret(file.as_ref())?;
        crate::logging::hide(&value);
        builder = builder.identity(name, value);
    }
    Ok(data_lake(
        directory(builder, &args.directory),
        &args.data_lake,
    ))
}

fn directory(mut builder: Builder, args: &DirectoryArgs) -> Builder {
    if let Some(seconds) = args.token_lifetime {
        builder = builder.token_lifetime(Duration::from_secs(seconds));
    }
    if args.any_tenant {
        builder = builder.any_tenant();
    }
    if args.strict_audience {
        builder = builder.strict_audience();
    }
    if args.device_code_auto_approve {
        builder = builder.device_code_auto_approve();
    }
    if let Some(seconds) = args.device_code_interval {
        builder = builder.device_code_interval(Duration::from_secs(seconds));
    }
    if let Some(seconds) = args.device_code_lifetime {
        builder = builder.device_code_lifetime(Duration::from_secs(seconds));
    }
    builder
}

fn data_lake(mut builder: Builder, args: &DataLakeArgs) -> Builder {
    if let Some(polls) = args.operation_polls {
        builder = builder.operation_polls(polls);
    }
    if let Some(delay) = args.job_state_delay {
        builder = builder.job_state_delay(Duration::from_millis(delay));
    }
    if args.adls_enforce_acls {
        builder = builder.enforce_store_acls();
    }
    builder
}

/// Writes the profile where that is wanted, and tells the user everything.
fn say(emulator: &Emulator, args: &StartArgs, format: &Format) -> Result<()> {
    let environment = emulator.environment();
    let profile = args.port_base.is_none();
    if profile {
        let mut config = Config::load()?;
        config.set_local(Profile::from_environment(
            environment
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str())),
        ));
        config.save()?;
    }
    summary::print(emulator, args, format)
}

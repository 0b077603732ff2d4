//! `azml profile ...`.

use serde_json::Value;

use crate::args::{AddArgs, GlobalArgs, ProfileCommand};
use crate::failure::{Failure, Result};
use crate::output::{Format, Listing, Record, note};
use crate::profile::{Config, Profile, check_name, is_secret, key};
use crate::{env_file, files};

/// Runs a profile command.
pub(super) fn run(command: ProfileCommand, global: &GlobalArgs) -> Result<()> {
    match command {
        ProfileCommand::Add(args) => add(args),
        ProfileCommand::List => list(&global.output),
        ProfileCommand::Show(args) => {
            show(args.name.or_else(|| global.profile.clone()), &global.output)
        }
        ProfileCommand::Use(args) => {
            let mut config = Config::load()?;
            config.get(&args.name)?;
            config.current = Some(args.name);
            config.save()
        }
        ProfileCommand::Remove(args) => {
            let mut config = Config::load()?;
            config.get(&args.name)?;
            config.profiles.remove(&args.name);
            if config.current.as_ref() == Some(&args.name) {
                config.current = None;
            }
            config.save()
        }
    }
}

fn add(args: AddArgs) -> Result<()> {
    check_name(&args.name)?;
    let mut settings = Profile::default();
    if let Some(file) = &args.env_file {
        let text =
            std::fs::read_to_string(file).map_err(|error| Failure::file("read", file, error))?;
        let pairs = env_file::parse(&text)?;
        settings = Profile::from_environment(
            pairs
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str())),
        );
    }
    for pair in &args.set {
        let (name, value) = split(pair, "NAME=VALUE")?;
        let key = key(name)?;
        if is_secret(&key) {
            return Err(Failure::usage(format!(
                "`{key}` is a secret, and the command line is no place for one"
            ))
            .hint(format!(
                "use --set-file {key}=FILE, or --set-stdin {key}, and change the secret \
                 that was shown"
            )));
        }
        settings.0.insert(key, value.to_owned());
    }
    for pair in &args.set_file {
        let (name, file) = split(pair, "NAME=FILE")?;
        settings
            .0
            .insert(key(name)?, files::read_secret(file.as_ref())?);
    }
    if let Some(name) = &args.set_stdin {
        settings.0.insert(key(name)?, files::read_secret_stdin()?);
    }
    if settings.0.is_empty() {
        return Err(Failure::usage("no settings given")
            .hint("give --set, --set-file, --set-stdin or --env-file"));
    }
    let mut config = Config::load()?;
    let profile = config.profiles.entry(args.name.clone()).or_default();
    profile.0.extend(settings.0);
    if config.current.is_none() {
        note(format_args!("profile `{}` is now in use", args.name));
        config.current = Some(args.name);
    }
    config.save()
}

fn split<'a>(pair: &'a str, form: &str) -> Result<(&'a str, &'a str)> {
    // The text itself may hold a secret.
    pair.split_once('=')
        .ok_or_else(|| Failure::usage(format!("a setting must have the form {form}")))
}

fn list(format: &Format) -> Result<()> {
    let config = Config::load()?;
    let mut listing = Listing::new(["name", "in_use", "settings"]);
    for (name, profile) in &config.profiles {
        let used = config.current.as_ref() == Some(name);
        let used = match format {
            Format::Json => Value::Bool(used),
            _ => Value::from(if used { "*" } else { "" }),
        };
        listing.row([name.as_str().into(), used, profile.0.len().into()]);
    }
    listing.print(format)
}

fn show(name: Option<String>, format: &Format) -> Result<()> {
    let config = Config::load()?;
    let name = name.or_else(|| config.current.clone()).ok_or_else(|| {
        Failure::new("no profile is in use")
            .hint("name one, or choose one with `azml profile use NAME`")
    })?;
    let mut record = Record::default();
    for (key, value) in &config.get(&name)?.0 {
        if is_secret(key) {
            record.field(key, "(hidden)");
        } else {
            record.field(key, value.as_str());
        }
    }
    record.print(format)
}

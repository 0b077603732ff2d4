//! What `azml emulator start` tells: endpoints, credentials, and how to point clients.

use std::fmt::Write as _;

use azml_core::env;
use azml_emulator::Emulator;

use crate::args::StartArgs;
use crate::failure::Result;
use crate::output::{Format, Record, data};
use crate::profile::{Config, LOCAL};

/// Prints it, for people or as data.
pub(super) fn print(emulator: &Emulator, args: &StartArgs, format: &Format) -> Result<()> {
    let environment = emulator.environment();
    if *format != Format::Table {
        let mut record = Record::default();
        for (name, value) in &environment {
            record.field(name, value.as_str());
        }
        return record.print(format);
    }
    let get = |name: &str| {
        let found = environment.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value.as_str())
    };
    let mut text = format!(
        "The azml emulator is running{}.\n\n",
        if args.ephemeral {
            "; what it stores goes when it stops"
        } else {
            ""
        }
    );
    let mut line = |name: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(text, "  {name:<20} {value}");
        }
    };
    line("http", get(env::HTTP_ENDPOINT));
    line("https", get(env::HTTPS_ENDPOINT));
    line("certificates", get(env::CA_BUNDLE));
    if !args.ephemeral {
        line("data", &emulator.data_dir().display().to_string());
    }
    line("Studio (classic)", get(env::STUDIO_ENDPOINT));
    line("  workspace", get(env::STUDIO_WORKSPACE));
    // Who asks for the file reads it; what is printed may end in a log.
    match &args.env_file {
        Some(file) => line("credentials", &format!("in {}", file.display())),
        None => {
            line("  token", get(env::STUDIO_TOKEN));
            line("  secondary token", get(env::STUDIO_SECONDARY_TOKEN));
        }
    }
    text.push_str(&pointers(args)?);
    data(|out| out.write_all(text.as_bytes()))
}

/// How to point each client.
fn pointers(args: &StartArgs) -> Result<String> {
    let mut text = "\nPoint a client at it:\n\n".to_owned();
    let mut line = |what: &str, how: &str| {
        let _ = writeln!(text, "  {what:<20} {how}");
    };
    let (option, flag) = match &args.env_file {
        Some(file) => {
            let file = crate::env_file::quote(&file.display().to_string());
            line("a shell", &format!("set -a; . {file}; set +a"));
            (format!(" --env-file {file}"), String::new())
        }
        None if args.port_base.is_none() => {
            let flag = match Config::load()?.current.as_deref() {
                Some(LOCAL) => String::new(),
                _ => format!(" --profile {LOCAL}"),
            };
            (flag.clone(), flag)
        }
        None => match &args.location.data_dir {
            Some(directory) => (
                format!(
                    " --data-dir {}",
                    crate::env_file::quote(&directory.display().to_string())
                ),
                String::new(),
            ),
            None => (String::new(), String::new()),
        },
    };
    if args.port_base.is_none() {
        line("this command", &format!("azml{flag} studio datasets list"));
    }
    line(
        "an unmodified one",
        &format!("azml emulator exec{option} -- python my_script.py"),
    );
    text.push_str("\nCtrl-C stops it.\n");
    Ok(text)
}

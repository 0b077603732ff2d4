//! What `azml emulator start` tells: endpoints, credentials, and how to point clients.

use std::fmt::Write as _;

use azml_core::env;
use azml_emulator::Emulator;

use crate::args::StartArgs;
use crate::env_file::quote;
use crate::failure::Result;
use crate::output::{Format, Record, data};
use crate::profile::{Config, LOCAL, is_secret};

/// What people see, in this order; services that do not exist have no names and no lines.
const LINES: &[(&str, &str)] = &[
    ("http", env::HTTP_ENDPOINT),
    ("https", env::HTTPS_ENDPOINT),
    ("certificates", env::CA_BUNDLE),
    ("web page", "AZML_PORTAL_URL"),
    ("Studio (classic)", env::STUDIO_ENDPOINT),
    ("  workspace", env::STUDIO_WORKSPACE),
    ("  token", env::STUDIO_TOKEN),
    ("  secondary token", env::STUDIO_SECONDARY_TOKEN),
    ("directory", env::AAD_ENDPOINT),
    ("  tenant", env::TENANT_ID),
    ("  client", env::CLIENT_ID),
    ("  client secret", env::CLIENT_SECRET),
    ("  user", env::USERNAME),
    ("  password", env::PASSWORD),
    ("Resource Manager", env::ARM_ENDPOINT),
    ("  subscription", env::SUBSCRIPTION_ID),
    ("  resource group", env::RESOURCE_GROUP),
    ("storage account", env::ACCOUNT),
    ("  key", env::ACCOUNT_KEY),
    ("  blobs", env::BLOB_ENDPOINT),
    ("  files", "AZML_FILE_ENDPOINT"),
    ("  data lake", "AZML_DFS_ENDPOINT"),
    ("Data Lake Analytics", env::ADLA_ENDPOINT),
    ("Data Lake Store", env::ADLS_ENDPOINT),
    ("SQL Server", "AZML_SQL_HOST"),
    ("  port", "AZML_SQL_PORT"),
    ("  user", "AZML_SQL_USER"),
    ("  password", "AZML_SQL_PASSWORD"),
];

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
    let mut text = String::from("The azml emulator is running");
    text.push_str(if args.ephemeral {
        "; what it stores goes when it stops.\n\n"
    } else {
        ".\n\n"
    });
    for (label, name) in LINES {
        let value = environment.iter().find(|(known, _)| known == name);
        // Who asks for a file reads them there; what is printed may end in a log.
        let hidden = args.env_file.is_some() && is_secret(name);
        if let Some((_, value)) = value.filter(|_| !hidden) {
            let _ = writeln!(text, "  {label:<20} {value}");
        }
    }
    if let Some(file) = &args.env_file {
        let _ = writeln!(text, "  {:<20} in {}", "credentials", file.display());
    }
    if !args.ephemeral {
        let _ = writeln!(text, "  {:<20} {}", "data", emulator.data_dir().display());
    }
    text.push_str(&pointers(args)?);
    data(|out| out.write_all(text.as_bytes()))
}

/// How to point each client.
fn pointers(args: &StartArgs) -> Result<String> {
    let mut text = "\nPoint a client at it:\n\n".to_owned();
    let mut line = |what: &str, how: String| {
        let _ = writeln!(text, "  {what:<20} {how}");
    };
    let mut target = String::new();
    if args.port_base.is_none() {
        let flag = match Config::load()?.current.as_deref() {
            Some(LOCAL) => String::new(),
            _ => format!(" --profile {LOCAL}"),
        };
        line("this command", format!("azml{flag} studio datasets list"));
        target = flag;
    }
    if let Some(file) = &args.env_file {
        let file = quote(&file.display().to_string());
        line("a shell", format!("set -a; . {file}; set +a"));
        target = format!(" --env-file {file}");
    } else if let (Some(_), Some(directory)) = (args.port_base, &args.location.data_dir) {
        target = format!(" --data-dir {}", quote(&directory.display().to_string()));
    }
    line(
        "an unmodified one",
        format!("azml emulator exec{target} -- python my_script.py"),
    );
    text.push_str("\nCtrl-C stops it.\n");
    Ok(text)
}

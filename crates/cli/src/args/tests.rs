use clap::{Command, CommandFactory};

use super::Cli;

fn leaves<'a>(command: &'a Command, path: &str, found: &mut Vec<(String, &'a Command)>) {
    let path = format!("{path} {}", command.get_name());
    if command.get_subcommands().next().is_none() {
        found.push((path, command));
        return;
    }
    for sub in command.get_subcommands() {
        leaves(sub, &path, found);
    }
}

#[test]
fn definitions_hold_together() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_has_a_purpose_and_an_example() {
    let cli = Cli::command();
    let mut found = Vec::new();
    leaves(&cli, "", &mut found);
    assert!(found.len() > 10, "only {} commands", found.len());
    for (path, command) in found {
        assert!(
            command.get_about().is_some(),
            "{path} says nothing about itself"
        );
        let help = command.get_after_help().map(ToString::to_string);
        assert!(
            help.is_some_and(|help| help.contains("Examples:\n  azml ")),
            "{path} shows no example"
        );
    }
}

#[test]
fn no_flag_takes_a_secret_as_its_value() {
    let cli = Cli::command();
    let mut found = Vec::new();
    leaves(&cli, "", &mut found);
    for (path, command) in found {
        for arg in command.get_arguments() {
            let Some(long) = arg.get_long() else { continue };
            let secret = ["token", "password", "secret", "account-key"].contains(&long);
            assert!(
                !secret,
                "{path} --{long} would put a secret on the command line"
            );
        }
    }
}

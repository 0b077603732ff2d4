//! What the commands do. Each takes its arguments and the settings, and prints through
//! `output`; none knows another.

mod datastore;
mod doctor;
mod emulator;
mod help;
mod lake;
mod login;
mod profile;
#[cfg(feature = "engine")]
mod quickstart;
mod run;
mod sql;
mod studio;
#[cfg(feature = "engine")]
mod usql;
mod workspace;

use crate::args::datastore::DatastoreCommand;
use crate::args::login::AccountCommand;
use crate::args::{Cli, Command};
use crate::failure::Result;
use crate::settings::Settings;
use crate::signals::unless_stopped;

/// Runs the command.
pub(crate) async fn run(cli: Cli) -> Result<()> {
    let Cli { global, command } = cli;
    match command {
        Command::Completions { shell } => help::completions(shell),
        Command::Man { dir } => help::man(&dir),
        Command::Profile(command) => profile::run(command, &global),
        // They decide themselves what an interrupt means.
        Command::Emulator(command) => Box::pin(emulator::run(command, &global)).await,
        #[cfg(feature = "engine")]
        Command::Quickstart(args) => Box::pin(quickstart::run(&args)).await,
        #[cfg(not(feature = "engine"))]
        Command::Quickstart(_) => Err(emulator::no_engine()),
        Command::Studio(args) => {
            let settings = Settings::load(&global)?;
            unless_stopped(Box::pin(studio::run(args, &settings, &global.output))).await
        }
        Command::Adla(command) => {
            let settings = Settings::load(&global)?;
            unless_stopped(Box::pin(lake::adla(command, &settings, &global.output))).await
        }
        Command::Adls(command) => {
            let settings = Settings::load(&global)?;
            unless_stopped(Box::pin(lake::adls(command, &settings, &global.output))).await
        }
        Command::Sql(command) => {
            let settings = Settings::load(&global)?;
            unless_stopped(Box::pin(sql::run(command, &settings, &global.output))).await
        }
        Command::Group(command) => {
            let settings = Settings::load(&global)?;
            unless_stopped(Box::pin(lake::group(command, &settings, &global.output))).await
        }
        Command::Token { scope } => {
            let settings = Settings::load(&global)?;
            unless_stopped(Box::pin(lake::token(&scope, &settings, &global.output))).await
        }
        Command::Workspace(args) => {
            let settings = Settings::load(&global)?;
            unless_stopped(Box::pin(workspace::run(args, &settings, &global.output))).await
        }
        Command::Datastore(args) => {
            let settings = Settings::load(&global)?;
            let is_mount = matches!(args.command, DatastoreCommand::Mount(_));
            let work = Box::pin(datastore::run(args, &settings, &global.output));
            // A mount decides itself what an interrupt means.
            if is_mount {
                work.await
            } else {
                unless_stopped(work).await
            }
        }
        #[cfg(feature = "engine")]
        Command::Usql(command) => Box::pin(usql::run(command, &global.output)).await,
        #[cfg(not(feature = "engine"))]
        Command::Usql(_) => Err(emulator::no_engine()),
        Command::Login(args) => {
            let settings = Settings::load(&global)?;
            unless_stopped(Box::pin(login::login(args, &settings, &global.output))).await
        }
        Command::Logout(args) => login::logout(&args, &Settings::load(&global)?),
        Command::Account(AccountCommand::Show) => {
            let settings = Settings::load(&global)?;
            unless_stopped(Box::pin(login::account(&settings, &global.output))).await
        }
        Command::Run(args) => {
            let settings = Settings::load(&global)?;
            Box::pin(run::run(args, &settings, &global.output)).await
        }
        Command::Doctor(_) => {
            let settings = Settings::load(&global)?;
            unless_stopped(Box::pin(doctor::run(&settings, &global.output))).await
        }
    }
}

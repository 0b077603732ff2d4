//! `azml datastore ...`: finds the workspace, then hands over to the command.

mod files;
mod mount;
mod query;
mod register;
mod transfer;

use azml::datastore::{Location, Record as Registered};
use futures::TryStreamExt;

use crate::args::datastore::{DatastoreArgs, DatastoreCommand};
use crate::commands::workspace;
use crate::failure::{Failure, Result};
use crate::output::{Format, Listing, Record, note};
use crate::settings::Settings;

/// Runs a datastore command.
pub(super) async fn run(args: DatastoreArgs, settings: &Settings, format: &Format) -> Result<()> {
    if let DatastoreCommand::Umount(args) = &args.command {
        return mount::umount(args);
    }
    let workspace = workspace::connect(&args.target, settings)?;
    let datastores = workspace.datastores();
    match args.command {
        DatastoreCommand::Register(command) => {
            let datastore = register::run(command, &datastores, settings).await?;
            note(format_args!("registered `{}`", datastore.name()));
            show(datastore.record(), format)
        }
        DatastoreCommand::List => {
            let default = datastores.default().await.ok();
            let default = default.as_ref().map(azml::datastore::Datastore::name);
            let mut listing = Listing::new(["name", "kind", "location", "credential", "default"]);
            let mut all = std::pin::pin!(datastores.list());
            while let Some(record) = all.try_next().await? {
                listing.row([
                    record.name.as_str().into(),
                    record.kind.name().into(),
                    place(&record.location).into(),
                    record.credential.kind().into(),
                    (default == Some(record.name.as_str())).into(),
                ]);
            }
            listing.print(format)
        }
        DatastoreCommand::Show(args) => show(datastores.get(&args.name).await?.record(), format),
        DatastoreCommand::Default(args) => match args.name {
            None => show(datastores.default().await?.record(), format),
            Some(name) => {
                datastores.set_default(&name).await?;
                note(format_args!("the default datastore is now `{name}`"));
                Ok(())
            }
        },
        DatastoreCommand::Unregister(args) => {
            if datastores.unregister(&args.name).await? {
                note(format_args!("unregistered `{}`; its data stays", args.name));
                return Ok(());
            }
            Err(Failure::from(azml::datastore::Error::NotFound(args.name)))
        }
        DatastoreCommand::Upload(args) => {
            let datastore = datastores.get(&args.name).await?;
            transfer::upload(&datastore, args, format).await
        }
        DatastoreCommand::Download(args) => {
            let datastore = datastores.get(&args.name).await?;
            transfer::download(&datastore, args, format).await
        }
        DatastoreCommand::Ls(args) => {
            files::list(&datastores.get(&args.name).await?, &args.prefix, format).await
        }
        DatastoreCommand::Cat(args) => {
            files::print(&datastores.get(&args.name).await?, &args.path).await
        }
        DatastoreCommand::Sas(args) => files::sign(&datastores.get(&args.name).await?, &args),
        DatastoreCommand::Query(args) => {
            query::run(&datastores.get(&args.name).await?, &args, settings, format).await
        }
        DatastoreCommand::Rm(args) => {
            files::remove(&datastores.get(&args.name).await?, &args.path).await
        }
        DatastoreCommand::Mount(args) => {
            mount::mount(&datastores.get(&args.name).await?, &args).await
        }
        DatastoreCommand::Umount(args) => mount::umount(&args),
    }
}

/// Where the data is, in a few words.
fn place(location: &Location) -> String {
    match location {
        Location::Storage {
            account, container, ..
        } => format!("{account}/{container}"),
        Location::DataLakeStore { name } => name.clone(),
        Location::Database {
            server, database, ..
        } => format!("{server}/{database}"),
        _ => String::new(),
    }
}

fn show(registered: &Registered, format: &Format) -> Result<()> {
    let mut record = Record::default();
    record
        .field("name", registered.name.as_str())
        .field("kind", registered.kind.name());
    match &registered.location {
        Location::Storage {
            account,
            container,
            endpoint,
            protocol,
        } => {
            record
                .field("account", account.as_str())
                .field("container", container.as_str())
                .field("endpoint", endpoint.as_deref())
                .field("protocol", protocol.as_deref());
        }
        Location::DataLakeStore { name } => {
            record.field("store", name.as_str());
        }
        Location::Database {
            server,
            database,
            endpoint,
            port,
            ..
        } => {
            record
                .field("server", server.as_str())
                .field("database", database.as_str())
                .field("endpoint", endpoint.as_deref())
                .field("port", port.as_deref());
        }
        _ => {}
    }
    record
        .field("credential", registered.credential.kind())
        .field("validated", registered.has_been_validated)
        .field("description", registered.description.as_deref());
    record.print(format)
}

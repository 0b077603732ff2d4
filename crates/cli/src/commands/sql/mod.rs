//! `azml sql`: SQL Server, and the functions that run in it.

mod exec;
mod server;
mod setup_python;
mod summary;
mod transfer;

use std::time::Duration;

use azml::sqlml_remote::{ConnectOptions, ConnectionString, Event, Request, Session};

use crate::args::sql::{QueryArgs, ServerArgs, SqlCommand};
use crate::failure::{Failure, Result};
use crate::output::{Format, FrameWriter, Listing, note};
use crate::settings::Settings;

/// Runs `azml sql`.
pub(super) async fn run(command: SqlCommand, settings: &Settings, format: &Format) -> Result<()> {
    match command {
        SqlCommand::Exec(args) => {
            exec::run(&args, &Target::new(&args.server, settings)?, format).await
        }
        SqlCommand::Query(args) => query(&args, settings, format).await,
        SqlCommand::Import(args) => {
            transfer::import(&args, &Target::new(&args.server, settings)?).await
        }
        SqlCommand::Export(args) => {
            transfer::export(&args, &Target::new(&args.server, settings)?).await
        }
        SqlCommand::Tables(args) => {
            let names = Target::new(&args, settings)?
                .session()
                .await?
                .tables()
                .await?;
            list("table", names, format)
        }
        SqlCommand::Procedures(args) => {
            let names = Target::new(&args, settings)?
                .session()
                .await?
                .procedures()
                .await?;
            list("procedure", names, format)
        }
        SqlCommand::Summary(args) => {
            summary::run(&args, &Target::new(&args.server, settings)?, format).await
        }
        SqlCommand::Databases(args) => {
            let names = Target::new(&args, settings)?
                .session()
                .await?
                .databases()
                .await?;
            list("database", names, format)
        }
        SqlCommand::Info(args) => server::info(&Target::new(&args, settings)?, format).await,
        SqlCommand::Permissions(args) => {
            server::permissions(&Target::new(&args, settings)?, format).await
        }
        SqlCommand::SetupPython(args) => setup_python::run(&args).await,
    }
}

fn list(heading: &'static str, names: Vec<String>, format: &Format) -> Result<()> {
    let mut listing = Listing::new([heading]);
    for name in names {
        listing.row([name.into()]);
    }
    listing.print(format)
}

/// The server and how to reach it.
struct Target {
    connection: ConnectionString,
    options: ConnectOptions,
    timeout: Option<Duration>,
}

impl Target {
    fn new(args: &ServerArgs, settings: &Settings) -> Result<Self> {
        let environment = settings.environment();
        let mut connection = match &args.connection {
            Some(text) => ConnectionString::parse(text)?,
            None => ConnectionString::from_environment(environment).map_err(|error| {
                Failure::from(error)
                    .hint("start the emulator (azml emulator start), or give --connection")
            })?,
        };
        if let Some(database) = &args.database {
            connection = connection.with_database(database);
        }
        Ok(Self {
            connection,
            options: ConnectOptions::from_environment(environment),
            timeout: args.timeout.map(Duration::from_secs),
        })
    }

    async fn session(&self) -> Result<Session> {
        let mut session = Session::connect_with(&self.connection, &self.options).await?;
        session.set_timeout(self.timeout);
        Ok(session)
    }
}

async fn query(args: &QueryArgs, settings: &Settings, format: &Format) -> Result<()> {
    let text = args.query.read()?;
    let session = Target::new(&args.server, settings)?.session().await?;
    print_rows(session, text, format).await
}

/// Prints the rows of the last result as they come; what the server says goes to standard error.
pub(super) async fn print_rows(mut session: Session, text: String, format: &Format) -> Result<()> {
    session.start(Request::Batch(text)).await?;
    let mut writer: Option<FrameWriter> = None;
    let mut changed = None;
    while let Some(event) = session.next().await? {
        match event {
            Event::Columns(schema) => {
                // Only one result can be printed as one document.
                if let Some(writer) = writer.replace(FrameWriter::new(format, schema, false)?) {
                    writer.finish()?;
                }
            }
            Event::Rows(batch) => {
                if let Some(writer) = &mut writer {
                    writer.write(&batch)?;
                }
            }
            Event::Done(Some(rows)) => *changed.get_or_insert(0) += rows,
            _ => {}
        }
        for message in session.take_messages() {
            note(message.text);
        }
    }
    for message in session.take_messages() {
        note(message.text);
    }
    match (writer, changed) {
        (Some(writer), _) => {
            let rows = writer.finish()?;
            if let Format::Parquet(path) = format {
                note(format_args!("wrote {rows} rows to {}", path.display()));
            }
        }
        (None, Some(rows)) => note(format_args!("{rows} rows changed")),
        (None, None) => {}
    }
    Ok(())
}

//! `azml datastore query`: the rows of a database, whose kind decides who speaks its protocol.

use azml::datastore::{Datastore, Kind};
use azml::sqlml_remote::{ConnectOptions, ConnectionString, Session};
use futures::TryStreamExt;

use crate::args::datastore::DatabaseQueryArgs;
use crate::commands::sql;
use crate::failure::Result;
use crate::output::{Format, FrameWriter, note};
use crate::settings::Settings;

/// Runs a query and prints its rows as they come.
pub(super) async fn run(
    datastore: &Datastore,
    args: &DatabaseQueryArgs,
    settings: &Settings,
    format: &Format,
) -> Result<()> {
    let text = args.query.read()?;
    if *datastore.kind() == Kind::AzureSql {
        let database = datastore.database_connection().await?;
        let connection = ConnectionString::to_database(&database)?;
        let options = ConnectOptions::from_environment(settings.environment());
        let session = Session::connect_with(&connection, &options).await?;
        return sql::print_rows(session, text, format).await;
    }
    let mut rows = datastore.read_sql(&text).await?;
    let mut writer = FrameWriter::new(format, rows.schema(), false)?;
    while let Some(batch) = rows.try_next().await? {
        writer.write(&batch)?;
    }
    let count = writer.finish()?;
    if let Format::Parquet(path) = format {
        note(format_args!("wrote {count} rows to {}", path.display()));
    }
    Ok(())
}

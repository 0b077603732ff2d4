//! SQL Server: the steps of the article "Set up a Python client for use with SQL Server Machine Learning", from Rust.

use std::path::{Path, PathBuf};

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Float64Type;
use azml::sqlml_remote::{
    ConnectOptions, ConnectionString, DataStep, RemoteFunction, RxInSqlServer, RxSqlServerData,
    Session, rx_data_step, rx_exec,
};
use azml::studio_classic::Workspace;
use azml_core::env::Environment;

use super::artefacts::Artefacts;
use super::stage::{Stage, Stopped};
use crate::failure::{Failure, Result};
use crate::files;
use crate::output::note;
use crate::python::{self, Packages};

/// Whether the emulator runs scripts, or why not.
pub(super) type Scripts = Result<(), String>;

const DATABASE: &str = "irissql";
const TABLE: &str = "iris";
/// The function of the article, as it stands there.
const PLOT: &str = include_str!("plot.py");

/// An interpreter with what the function needs: the one that was given, the machine's, or one that is made once.
pub(super) async fn interpreter(given: Option<&Path>) -> Result<PathBuf> {
    if let Some(python) = given {
        return Ok(std::path::absolute(python)?);
    }
    // The system's own come first: one of root's home cannot be reached by the user whom root's scripts run as.
    let candidates = ["/usr/bin/python3", "/usr/local/bin/python3", "python3"].map(Path::new);
    for candidate in candidates {
        if python::has(Packages::Basic, candidate).await {
            return Ok(candidate.to_owned());
        }
    }
    let directory = files::cache_dir()?.join("python");
    if !directory.exists() {
        note(format_args!(
            "Making a Python environment with pandas and matplotlib in {}, once.",
            directory.display()
        ));
    }
    let mut reason = Failure::new("there is no Python 3");
    for candidate in candidates {
        if candidate.is_absolute() && !candidate.exists() {
            continue;
        }
        match python::provision(Packages::Basic, &directory, candidate, None).await {
            Ok(interpreter) => return Ok(interpreter),
            Err(failure) => reason = failure,
        }
    }
    Err(reason)
}

/// Takes the service through its steps.
pub(super) async fn steps(stage: &mut Stage<'_>, scripts: &Scripts) -> Result<(), Stopped> {
    let artefacts = stage.artefacts;
    let environment = Environment::from_pairs(stage.emulator.environment());
    let options = ConnectOptions::from_environment(&environment);
    let connection = ConnectionString::from_environment(&environment)
        .map_err(|error| Stopped::Tour(error.into()))?;
    let iris = connection.clone().with_database(DATABASE);
    stage
        .step(
            "connect and create a database",
            create(&connection, &options),
        )
        .await?;
    stage
        .step(
            "load `iris` from a frame",
            load(&environment, &iris, &options),
        )
        .await?;
    stage
        .step("ask the database for means", query(&iris, &options))
        .await?;
    let title = "send a Python function to the data, get a picture back";
    match scripts {
        Ok(()) => stage.step(title, send(&iris, &options, artefacts)).await,
        Err(reason) => stage.skip(title, reason),
    }
}

async fn create(connection: &ConnectionString, options: &ConnectOptions) -> Result<((), String)> {
    let mut session = Session::connect_with(connection, options).await?;
    session.recreate_database(DATABASE).await?;
    let info = session.server_info().await?;
    Ok((
        (),
        format!("`{DATABASE}` on SQL Server {}", info.product_version),
    ))
}

async fn load(
    environment: &Environment,
    connection: &ConnectionString,
    options: &ConnectOptions,
) -> Result<((), String)> {
    let workspace = Workspace::builder()
        .environment(environment.clone())
        .build()?;
    let frame = workspace.datasets().get(TABLE).await?.read().await?;
    let table = RxSqlServerData::builder(connection.clone())
        .table(TABLE)
        .connect_options(options.clone())
        .build()?;
    let rows = rx_data_step(DataStep::new(frame).output(&table).overwrite(true))
        .await?
        .rows();
    Ok(((), format!("{rows} rows")))
}

async fn query(connection: &ConnectionString, options: &ConnectOptions) -> Result<((), String)> {
    let mut session = Session::connect_with(connection, options).await?;
    let text =
        "SELECT species, AVG(petal_length_cm) AS mean FROM iris GROUP BY species ORDER BY species";
    let frame: RecordBatch = session.query(text, Vec::new()).await?.concat()?;
    let (names, means) = (
        frame.column(0).as_string::<i32>(),
        frame.column(1).as_primitive::<Float64Type>(),
    );
    let told = names
        .iter()
        .flatten()
        .zip(means.iter().flatten())
        .map(|(name, mean)| format!("{name} {mean:.2} cm"));
    Ok(((), told.collect::<Vec<_>>().join(", ")))
}

async fn send(
    connection: &ConnectionString,
    options: &ConnectOptions,
    artefacts: &Artefacts,
) -> Result<((), String)> {
    artefacts.write(
        "plot.py",
        "the function that was sent to SQL Server",
        PLOT.as_bytes(),
    )?;
    let context = RxInSqlServer::builder(connection.clone())
        .connect_options(options.clone())
        .build();
    let function = RemoteFunction::python(PLOT).entry("send_this_func_to_sql");
    let picture = rx_exec(function, &context).await?.remove(0).png()?;
    let (width, height) = picture.dimensions();
    artefacts.write(
        "iris.png",
        "the picture that it returned",
        picture.as_bytes(),
    )?;
    Ok((
        (),
        format!("a scatter matrix of {width} x {height} pixels; nothing else left the server"),
    ))
}

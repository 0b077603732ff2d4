//! `azml sql setup-python`: the environment that scripts run in.

use crate::admin;
use crate::args::sql::SetupPythonArgs;
use crate::failure::Result;
use crate::output::{data, note};
use crate::python::{self, Packages};

/// Makes the environment and prints its interpreter.
pub(super) async fn run(args: &SetupPythonArgs) -> Result<()> {
    let directory = match &args.dir {
        Some(directory) => directory.clone(),
        None => admin::data_dir()?.join("python/venv"),
    };
    note(format_args!(
        "making a Python environment in {}",
        directory.display()
    ));
    let interpreter = python::provision(
        Packages::All,
        &directory,
        &args.python,
        args.wheels.as_deref(),
    )
    .await?;
    data(|out| writeln!(out, "{}", interpreter.display()))
}

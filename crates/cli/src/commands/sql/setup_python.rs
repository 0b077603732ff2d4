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
    if args.jupyter {
        python::add(&interpreter, "jupyterlab", args.wheels.as_deref()).await?;
    }
    #[cfg(feature = "engine")]
    stand_in(&interpreter).await?;
    data(|out| writeln!(out, "{}", interpreter.display()))
}

/// Puts the stand-in for revoscalepy, with its sample data, where the interpreter finds it.
#[cfg(feature = "engine")]
async fn stand_in(interpreter: &std::path::Path) -> Result<()> {
    use crate::failure::Failure;

    let package = python::packages_of(interpreter).await?.join("revoscalepy");
    std::fs::create_dir_all(&package).map_err(|error| Failure::file("make", &package, error))?;
    let module = package.join("__init__.py");
    std::fs::write(&module, azml_emulator::revoscalepy())
        .map_err(|error| Failure::file("write", &module, error))?;
    azml::sqlml_remote::write_sample_text(&package.join("sample_data"))?;
    Ok(())
}

//! The newer way to describe a run: a script or a command, and a configuration.

use std::path::PathBuf;

use serde_json::Value;

use super::{Parameter, Submission};
use crate::configuration::RunConfiguration;
use crate::error::{Error, Result};
use crate::reference::DataReference;

/// A run of a script, or of a command.
///
/// ```
/// use azml_runs::{DataReference, ScriptRunConfig};
///
/// let run = ScriptRunConfig::script("./code", "train.py")
///     .compute_target("cpu-cluster")
///     .argument("--data")
///     .argument(DataReference::new("photos", None).as_download())
///     .resolve()?;
/// assert_eq!(run.configuration.references()?.len(), 1);
/// # Ok::<(), azml_runs::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing happens before it is resolved and submitted"]
pub struct ScriptRunConfig {
    source_directory: PathBuf,
    configuration: RunConfiguration,
    arguments: Vec<Parameter>,
    references: Vec<DataReference>,
}

impl ScriptRunConfig {
    fn new(source_directory: impl Into<PathBuf>) -> Self {
        Self {
            source_directory: source_directory.into(),
            configuration: RunConfiguration::default(),
            arguments: Vec::new(),
            references: Vec::new(),
        }
    }

    /// A run of a script in the source directory.
    pub fn script(source_directory: impl Into<PathBuf>, script: impl Into<String>) -> Self {
        let mut config = Self::new(source_directory);
        config.configuration.set(&["script"], script.into());
        config
    }

    /// A run of a command for a shell, in the source directory.
    pub fn command(source_directory: impl Into<PathBuf>, command: impl Into<String>) -> Self {
        let mut config = Self::new(source_directory);
        config.configuration.set(&["command"], command.into());
        config
    }

    /// A run as a configuration describes it.
    pub fn configured(
        source_directory: impl Into<PathBuf>,
        configuration: RunConfiguration,
    ) -> Self {
        Self {
            configuration,
            ..Self::new(source_directory)
        }
    }

    /// The compute target. Default: `local`.
    pub fn compute_target(mut self, target: impl Into<String>) -> Self {
        self.configuration.set(&["target"], target.into());
        self
    }

    /// Adds an argument; data becomes its local path.
    pub fn argument(mut self, argument: impl Into<Parameter>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Adds data that the run gets without an argument for it.
    pub fn data(mut self, reference: DataReference) -> Self {
        self.references.push(reference);
        self
    }

    /// Sets an environment variable of the run.
    pub fn environment_variable(mut self, name: &str, value: impl Into<String>) -> Self {
        let value: String = value.into();
        self.configuration
            .set(&["environmentVariables", name], value);
        self
    }

    /// The interpreter. Default: `python`, else `python3`.
    pub fn interpreter(mut self, path: impl Into<String>) -> Self {
        let path: String = path.into();
        self.configuration
            .set(&["environment", "python", "interpreterPath"], path);
        self
    }

    /// How long the run may take, in seconds. Default: 30 days.
    pub fn max_run_duration_seconds(mut self, seconds: u64) -> Self {
        self.configuration.set(&["maxRunDurationSeconds"], seconds);
        self
    }

    /// The run configuration.
    ///
    /// # Errors
    /// [`Error::Usage`] without script and command, and for two different data references
    /// of one name.
    pub fn resolve(mut self) -> Result<Submission> {
        if self.configuration.script().is_none() && self.configuration.command().is_none() {
            return Err(Error::usage("a run needs a script or a command"));
        }
        let mut references = self.configuration.references()?;
        references.append(&mut self.references);
        if !self.arguments.is_empty() {
            let mut values: Vec<Value> = Vec::new();
            for argument in self.arguments {
                match argument {
                    Parameter::Flag => {}
                    Parameter::Value(value) => values.push(value),
                    Parameter::List(list) => values.extend(list),
                    Parameter::Data(reference) => {
                        values.push(reference.to_string().into());
                        references.push(reference);
                    }
                }
            }
            self.configuration.set(&["arguments"], values);
        }
        self.configuration.set_references(&references)?;
        Ok(Submission {
            source_directory: self.source_directory,
            configuration: self.configuration,
        })
    }
}

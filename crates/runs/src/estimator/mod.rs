//! The two ways to describe a run, and what each becomes as a run configuration.

mod script;

use std::path::PathBuf;

use serde_json::{Map, Value, json};

use crate::configuration::RunConfiguration;
use crate::error::{Error, Result};
use crate::reference::{DataPath, DataReference};

pub use script::ScriptRunConfig;

/// The image with GPU drivers that services offer beside the default one.
const GPU_IMAGE: &str = "mcr.microsoft.com/azureml/openmpi4.1.0-cuda11.8-cudnn8-ubuntu22.04";
/// What every environment that an estimator describes installs first.
const ALWAYS_INSTALLED: &str = "azureml-defaults";
/// The reference of [`Estimator::resume_from`].
const MODEL_LOCATION: &str = "MODEL_LOCATION";

/// A described run: its code and its configuration.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Submission {
    /// The directory with the code.
    pub source_directory: PathBuf,
    /// What runs, where, and with which data.
    pub configuration: RunConfiguration,
}

/// The value of a script's parameter.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Parameter {
    /// None: the name is a flag.
    Flag,
    /// A text or a number.
    Value(Value),
    /// Several, one after another.
    List(Vec<Value>),
    /// Data; the script gets its local path.
    Data(DataReference),
}

impl From<()> for Parameter {
    fn from((): ()) -> Self {
        Self::Flag
    }
}

impl From<DataReference> for Parameter {
    fn from(reference: DataReference) -> Self {
        Self::Data(reference)
    }
}

impl<T: Into<Value>> From<Vec<T>> for Parameter {
    fn from(values: Vec<T>) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}

macro_rules! from_value {
    ($($type:ty),*) => {$(
        impl From<$type> for Parameter {
            fn from(value: $type) -> Self {
                Self::Value(value.into())
            }
        }
    )*};
}

from_value!(&str, String, i32, i64, u32, u64, f64, bool);

/// A training run as the article describes one: a script, its parameters, its inputs.
///
/// ```
/// use azml_runs::{DataReference, Estimator};
///
/// let photos = DataReference::new("photos", None);
/// let models = DataReference::new("models", None);
/// let run = Estimator::new("./code", "cpu-cluster")
///     .entry_script("train.py")
///     .inputs([
///         photos.as_download(),
///         models.path("base").named("base").as_download(),
///         models.path("out").named("result").as_upload().on_compute("out"),
///     ])
///     .resolve()?;
/// assert_eq!(run.configuration.references()?.len(), 3);
/// # Ok::<(), azml_runs::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing happens before it is resolved and submitted"]
pub struct Estimator {
    source_directory: PathBuf,
    target: String,
    entry_script: Option<String>,
    script_params: Vec<(String, Parameter)>,
    inputs: Vec<DataReference>,
    source_directory_data_store: Option<String>,
    resume_from: Option<DataPath>,
    vm_size: Option<String>,
    vm_priority: Option<String>,
    node_count: u32,
    mpi_processes: Option<u32>,
    use_gpu: bool,
    use_docker: bool,
    custom_docker_image: Option<String>,
    user_managed: bool,
    conda_packages: Vec<String>,
    pip_packages: Vec<String>,
    environment_variables: Map<String, Value>,
    environment: Option<Value>,
    shm_size: Option<String>,
    max_run_duration_seconds: Option<u64>,
}

impl Estimator {
    /// A run of the code in `source_directory` (the current one if that is empty) on a
    /// compute target.
    pub fn new(source_directory: impl Into<PathBuf>, compute_target: impl Into<String>) -> Self {
        let mut source_directory = source_directory.into();
        if source_directory.as_os_str().is_empty() {
            source_directory.push(".");
        }
        Self {
            source_directory,
            target: compute_target.into(),
            entry_script: None,
            script_params: Vec::new(),
            inputs: Vec::new(),
            source_directory_data_store: None,
            resume_from: None,
            vm_size: None,
            vm_priority: None,
            node_count: 1,
            mpi_processes: None,
            use_gpu: false,
            use_docker: true,
            custom_docker_image: None,
            user_managed: false,
            conda_packages: Vec::new(),
            pip_packages: Vec::new(),
            environment_variables: Map::new(),
            environment: None,
            shm_size: None,
            max_run_duration_seconds: None,
        }
    }

    /// The script, relative to the source directory.
    pub fn entry_script(mut self, script: impl Into<String>) -> Self {
        self.entry_script = Some(script.into());
        self
    }

    /// Adds a parameter of the script; one of the same name is replaced in its place.
    /// Data among the values is available to the run without being an input as well.
    pub fn script_param(mut self, name: impl Into<String>, value: impl Into<Parameter>) -> Self {
        set_parameter(&mut self.script_params, name.into(), value.into());
        self
    }

    /// Adds data that the run gets.
    pub fn inputs(mut self, inputs: impl IntoIterator<Item = DataReference>) -> Self {
        self.inputs.extend(inputs);
        self
    }

    /// The datastore that holds the code while it runs.
    pub fn source_directory_data_store(mut self, datastore: impl Into<String>) -> Self {
        self.source_directory_data_store = Some(datastore.into());
        self
    }

    /// A checkpoint to go on from; the script gets `--resume-from` with its path.
    pub fn resume_from(mut self, path: DataPath) -> Self {
        self.resume_from = Some(path);
        self
    }

    /// The size of the machines of a cluster that is made for this run.
    pub fn vm_size(mut self, size: impl Into<String>) -> Self {
        self.vm_size = Some(size.into());
        self
    }

    /// `dedicated` or `lowpriority`, for a cluster that is made for this run.
    pub fn vm_priority(mut self, priority: impl Into<String>) -> Self {
        self.vm_priority = Some(priority.into());
        self
    }

    /// How many machines; 1 unless said otherwise. More than one needs [`Estimator::mpi`].
    pub fn node_count(mut self, count: u32) -> Self {
        self.node_count = count;
        self
    }

    /// Distributes the run with MPI, with this many processes on each machine.
    pub fn mpi(mut self, processes_per_node: u32) -> Self {
        self.mpi_processes = Some(processes_per_node);
        self
    }

    /// Runs in the image with GPU drivers.
    pub fn use_gpu(mut self) -> Self {
        self.use_gpu = true;
        self
    }

    /// Runs without a container.
    pub fn without_docker(mut self) -> Self {
        self.use_docker = false;
        self
    }

    /// Runs in this image.
    pub fn custom_docker_image(mut self, image: impl Into<String>) -> Self {
        self.custom_docker_image = Some(image.into());
        self
    }

    /// Installs nothing: the interpreter has what the script needs.
    pub fn user_managed(mut self) -> Self {
        self.user_managed = true;
        self
    }

    /// Adds conda packages.
    pub fn conda_packages<T: Into<String>>(
        mut self,
        packages: impl IntoIterator<Item = T>,
    ) -> Self {
        self.conda_packages
            .extend(packages.into_iter().map(Into::into));
        self
    }

    /// Adds packages for pip.
    pub fn pip_packages<T: Into<String>>(mut self, packages: impl IntoIterator<Item = T>) -> Self {
        self.pip_packages
            .extend(packages.into_iter().map(Into::into));
        self
    }

    /// Adds an environment variable.
    pub fn environment_variable(
        mut self,
        name: impl Into<String>,
        value: impl Into<String>,
    ) -> Self {
        let value: String = value.into();
        self.environment_variables.insert(name.into(), value.into());
        self
    }

    /// A whole environment instead of packages, image and variables, as the `environment`
    /// member of a run configuration.
    pub fn environment_definition(mut self, environment: Value) -> Self {
        self.environment = Some(environment);
        self
    }

    /// The size of the container's shared memory, for example `2g`.
    pub fn shm_size(mut self, size: impl Into<String>) -> Self {
        self.shm_size = Some(size.into());
        self
    }

    /// How long the run may take, in seconds.
    pub fn max_run_duration_seconds(mut self, seconds: u64) -> Self {
        self.max_run_duration_seconds = Some(seconds);
        self
    }

    fn check(&self) -> Result<()> {
        let fail = |text: &str| Err(Error::usage(text));
        if self.target.is_empty() && self.vm_size.is_none() {
            return fail("either a compute target or a VM size is required");
        }
        if self.node_count == 0 || self.mpi_processes == Some(0) {
            return fail("at least one node and one process per node are required");
        }
        if self.node_count > 1 && self.mpi_processes.is_none() {
            return fail("more than one node needs a way to distribute the run; use mpi");
        }
        let packages = !self.conda_packages.is_empty() || !self.pip_packages.is_empty();
        if self.user_managed && packages {
            return fail("a user-managed environment installs no packages");
        }
        if !self.use_docker && self.custom_docker_image.is_some() {
            return fail("an image cannot be used without docker");
        }
        let described = packages
            || self.custom_docker_image.is_some()
            || self.use_gpu
            || self.user_managed
            || self.shm_size.is_some()
            || !self.environment_variables.is_empty();
        if self.environment.is_some() && described {
            return fail(
                "an environment definition excludes packages, image, GPU, user-managed, shared memory size and environment variables",
            );
        }
        Ok(())
    }

    /// The run configuration.
    ///
    /// # Errors
    /// [`Error::Usage`] for options that exclude each other, and for two different data
    /// references of one name.
    pub fn resolve(mut self) -> Result<Submission> {
        self.check()?;
        if let Some(path) = self.resume_from.take() {
            let reference = path.reference(Some(MODEL_LOCATION));
            let name = "--resume-from".to_owned();
            set_parameter(&mut self.script_params, name, reference.into());
        }
        let mut configuration = RunConfiguration::default();
        let c = &mut configuration;
        c.set(&["script"], self.entry_script.clone());
        c.set(&["arguments"], arguments(&self.script_params));
        c.set_references(&self.references())?;
        c.set(&["nodeCount"], self.node_count);
        if let Some(processes) = self.mpi_processes {
            c.set(&["communicator"], "IntelMpi");
            c.set(&["mpi", "processCountPerNode"], processes);
        }
        c.set(&["amlcompute", "vmSize"], self.vm_size.clone());
        c.set(&["amlcompute", "vmPriority"], self.vm_priority.clone());
        c.set(&["amlcompute", "clusterMaxNodeCount"], self.node_count);
        let target = if self.target.is_empty() {
            "amlcompute"
        } else {
            &self.target
        };
        c.set(&["target"], target);
        c.set(&["maxRunDurationSeconds"], self.max_run_duration_seconds);
        let datastore = self.source_directory_data_store.clone();
        c.set(&["sourceDirectoryDataStore"], datastore);
        self.describe_environment(c);
        Ok(Submission {
            source_directory: self.source_directory,
            configuration,
        })
    }

    /// All data, in the order in which the original names it.
    fn references(&self) -> Vec<DataReference> {
        let mut all = self.inputs.clone();
        all.extend(
            self.script_params
                .iter()
                .filter_map(|(_, value)| match value {
                    Parameter::Data(reference) => Some(reference.clone()),
                    _ => None,
                }),
        );
        let datastore = self.source_directory_data_store.as_deref();
        all.extend(datastore.map(|name| DataReference::new(name, None)));
        all
    }

    fn describe_environment(&self, c: &mut RunConfiguration) {
        let variables = Value::from(self.environment_variables.clone());
        let given = !self.environment_variables.is_empty();
        c.set(
            &["environmentVariables"],
            if given { variables } else { Value::Null },
        );
        if let Some(environment) = &self.environment {
            let docker = |name: &str| environment["docker"][name].clone();
            c.set(&["docker", "useDocker"], docker("enabled"));
            c.set(&["docker", "shmSize"], docker("shmSize"));
            c.set(&["docker", "sharedVolumes"], docker("sharedVolumes"));
            c.set(&["docker", "arguments"], docker("arguments"));
            c.set(&["environment"], environment.clone());
            return;
        }
        c.set(&["docker", "useDocker"], self.use_docker);
        c.set(&["docker", "shmSize"], self.shm_size.clone());
        c.set(&["environment", "spark", "precachePackages"], false);
        let python = ["environment", "python"];
        let managed = [python[0], python[1], "userManagedDependencies"];
        c.set(&managed, self.user_managed);
        let mut pip = vec![ALWAYS_INSTALLED.to_owned()];
        pip.extend(self.pip_packages.iter().cloned());
        let mut packages = vec![json!("python=3.8.13"), json!({ "pip": pip })];
        packages.extend(self.conda_packages.iter().cloned().map(Value::from));
        let dependencies = [python[0], python[1], "condaDependencies", "dependencies"];
        c.set(&dependencies, packages);
        let image = match (&self.custom_docker_image, self.use_gpu) {
            (Some(image), _) => Some(image.as_str()),
            (None, true) => Some(GPU_IMAGE),
            (None, false) => None,
        };
        if let Some(image) = image {
            c.set(&["environment", "docker", "baseImage"], image);
        }
    }
}

fn set_parameter(parameters: &mut Vec<(String, Parameter)>, name: String, value: Parameter) {
    match parameters.iter_mut().find(|(known, _)| *known == name) {
        Some((_, old)) => *old = value,
        None => parameters.push((name, value)),
    }
}

/// Name after name with its values; empty texts and flags leave the name alone.
fn arguments(parameters: &[(String, Parameter)]) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    for (name, value) in parameters {
        all.push(name.clone().into());
        match value {
            Parameter::Flag => {}
            Parameter::Value(value) => all.push(value.clone()),
            Parameter::List(values) => all.extend(values.iter().cloned()),
            Parameter::Data(reference) => all.push(reference.to_string().into()),
        }
    }
    all.retain(|value| !value.is_null() && value != "");
    all
}

#[cfg(test)]
mod tests;

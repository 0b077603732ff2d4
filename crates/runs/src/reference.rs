//! References to data on a datastore, as runs and pipelines name their inputs.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::error::{Error, Result};

/// How a run gets at the data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AccessMode {
    /// As a directory that shows the data.
    #[default]
    Mount,
    /// Copied before the run.
    Download,
    /// Copied back after the run.
    Upload,
}

impl AccessMode {
    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Mount => "mount",
            Self::Download => "download",
            Self::Upload => "upload",
        }
    }
}

/// A path on a datastore and how a run gets at it. Its text form, which goes into the
/// arguments of a run, is `$AZUREML_DATAREFERENCE_{name}`.
///
/// ```
/// use azml_runs::DataReference;
///
/// let whole = DataReference::new("photos", None);
/// assert_eq!(whole.to_string(), "$AZUREML_DATAREFERENCE_photos");
/// let input = whole.path("train").as_download().named("train");
/// assert_eq!(input.to_string(), "$AZUREML_DATAREFERENCE_train");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataReference {
    datastore: String,
    name: String,
    path: Option<String>,
    mode: AccessMode,
    path_on_compute: Option<String>,
    overwrite: bool,
}

/// Paths that mean the whole datastore.
fn is_whole(path: &str) -> bool {
    matches!(path, "" | "/" | "." | "./")
}

impl DataReference {
    /// A reference to `path` on a datastore, or to all of it. A reference to all of it is named
    /// after the datastore, others get a random name.
    #[must_use]
    pub fn new(datastore: impl Into<String>, path: Option<&str>) -> Self {
        let datastore = datastore.into();
        let path = path.filter(|path| !is_whole(path)).map(str::to_owned);
        let name = match path {
            Some(_) => Uuid::new_v4().simple().to_string(),
            None => datastore.clone(),
        };
        Self {
            datastore,
            name,
            path,
            mode: AccessMode::Mount,
            path_on_compute: None,
            overwrite: false,
        }
    }

    /// A path below this one, under a name of its own, to be mounted.
    #[must_use]
    pub fn path(&self, path: &str) -> Self {
        if is_whole(path) {
            return self.clone();
        }
        let joined = match &self.path {
            Some(parent) => format!("{parent}/{path}"),
            None => path.to_owned(),
        };
        Self::new(&self.datastore, Some(&joined))
    }

    /// The same under another name.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The same, mounted.
    #[must_use]
    pub fn as_mount(mut self) -> Self {
        self.mode = AccessMode::Mount;
        self
    }

    /// The same, copied before the run.
    #[must_use]
    pub fn as_download(mut self) -> Self {
        self.mode = AccessMode::Download;
        self
    }

    /// The same, copied back after the run.
    #[must_use]
    pub fn as_upload(mut self) -> Self {
        self.mode = AccessMode::Upload;
        self
    }

    /// Where the data is on the machine of the run. Default: chosen there.
    #[must_use]
    pub fn on_compute(mut self, path: impl Into<String>) -> Self {
        self.path_on_compute = Some(path.into()).filter(|path| !is_whole(path));
        self
    }

    /// Replaces what is there already.
    #[must_use]
    pub fn overwrite(mut self) -> Self {
        self.overwrite = true;
        self
    }

    /// The datastore's name.
    #[must_use]
    pub fn datastore(&self) -> &str {
        &self.datastore
    }

    /// The reference's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The path on the datastore; `None` for all of it.
    #[must_use]
    pub fn path_on_datastore(&self) -> Option<&str> {
        self.path.as_deref()
    }

    /// How the run gets at the data.
    #[must_use]
    pub fn mode(&self) -> AccessMode {
        self.mode
    }

    /// The path on the machine of the run that was asked for.
    #[must_use]
    pub fn path_on_compute(&self) -> Option<&str> {
        self.path_on_compute.as_deref()
    }

    /// Whether what is there already is replaced.
    #[must_use]
    pub fn overwrites(&self) -> bool {
        self.overwrite
    }

    /// The reference's section in a run configuration.
    #[must_use]
    pub fn to_config(&self) -> Value {
        json!({
            "dataStoreName": self.datastore,
            "pathOnDataStore": self.path,
            "mode": self.mode.name(),
            "overwrite": self.overwrite,
            "pathOnCompute": self.path_on_compute,
        })
    }

    /// Reads a section of a run configuration.
    ///
    /// # Errors
    /// [`Error::Usage`] when the datastore is missing or the mode is another one.
    pub fn from_config(name: &str, config: &Value) -> Result<Self> {
        let text = |member: &str| config[member].as_str().filter(|text| !is_whole(text));
        let datastore = text("dataStoreName").ok_or_else(|| {
            Error::usage(format!("the data reference '{name}' names no datastore"))
        })?;
        let mode = match config["mode"].as_str() {
            None | Some("mount") => AccessMode::Mount,
            Some("download") => AccessMode::Download,
            Some("upload") => AccessMode::Upload,
            Some(other) => {
                return Err(Error::usage(format!(
                    "'{other}' is not a mode of a data reference; use mount, download or upload"
                )));
            }
        };
        Ok(Self {
            mode,
            path_on_compute: text("pathOnCompute").map(str::to_owned),
            overwrite: config["overwrite"].as_bool().unwrap_or_default(),
            ..Self::new(datastore, text("pathOnDataStore")).named(name)
        })
    }
}

/// A path on a datastore, before it is said how a run gets at it.
///
/// ```
/// use azml_runs::DataPath;
///
/// let path = DataPath::new("models", "best");
/// assert!(path.name().starts_with("models_"));
/// let reference = path.reference(None).as_download();
/// assert_eq!(reference.path_on_datastore(), Some("best"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataPath {
    datastore: String,
    path: String,
    name: String,
}

impl DataPath {
    /// A path on a datastore, named after the datastore with a random end.
    #[must_use]
    pub fn new(datastore: impl Into<String>, path: impl Into<String>) -> Self {
        let datastore = datastore.into();
        let end = Uuid::new_v4().simple().to_string();
        Self {
            name: format!("{datastore}_{}", &end[..8]),
            path: path.into(),
            datastore,
        }
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A reference to the path, to be mounted, under this name or the path's own.
    #[must_use]
    pub fn reference(&self, name: Option<&str>) -> DataReference {
        DataReference::new(&self.datastore, Some(&self.path)).named(name.unwrap_or(&self.name))
    }
}

impl std::fmt::Display for DataReference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "$AZUREML_DATAREFERENCE_{}", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// storage DR-01.
    #[test]
    fn names_follow_the_path() {
        for path in [None, Some(""), Some("/"), Some("."), Some("./")] {
            let reference = DataReference::new("photos", path);
            assert_eq!(reference.name(), "photos");
            assert_eq!(reference.path_on_datastore(), None);
        }
        let reference = DataReference::new("photos", Some("a"));
        assert_eq!(reference.name().len(), 32);
        assert_ne!(
            reference.name(),
            DataReference::new("photos", Some("a")).name()
        );
    }

    /// storage DR-02.
    #[test]
    fn paths_are_joined_and_the_mode_begins_anew() {
        let reference = DataReference::new("photos", Some("a")).as_upload();
        let below = reference.path("b/c");
        assert_eq!(below.path_on_datastore(), Some("a/b/c"));
        assert_eq!(below.mode(), AccessMode::Mount);
        assert_eq!(reference.path("."), reference);
    }

    /// storage DR-03: the example of the protocol notes, section 4.
    #[test]
    fn the_section_of_a_run_configuration() {
        let reference = DataReference::new("photos", Some("2024/jan"))
            .named("trainset")
            .as_download()
            .on_compute("in");
        let config = json!({"dataStoreName":"photos","pathOnDataStore":"2024/jan",
            "mode":"download","overwrite":false,"pathOnCompute":"in"});
        assert_eq!(reference.to_config(), config);
        assert_eq!(
            DataReference::from_config("trainset", &config).unwrap(),
            reference
        );
        for bad in [json!({}), json!({"dataStoreName":"a","mode":"copy"})] {
            assert!(DataReference::from_config("x", &bad).is_err());
        }
    }
}

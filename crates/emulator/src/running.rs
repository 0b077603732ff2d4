//! The run file: how other processes of the same user find a running emulator.

use std::{
    collections::BTreeMap,
    fmt, fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use url::Url;

use crate::state::{Error, write_private};

/// The header that carries [`Running::admin_secret`].
pub const ADMIN_HEADER: &str = "x-azml-emulator-secret";

/// A running emulator, as it wrote itself down.
///
/// Its administration endpoints are `GET _emulator/status`,
/// `POST _emulator/stop` and `POST _emulator/reset` below
/// [`Running::http_endpoint`]; each wants [`ADMIN_HEADER`].
#[derive(Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Running {
    /// The process.
    pub pid: u32,
    /// The version of the emulator.
    pub version: String,
    /// The plain listener.
    pub http_endpoint: Url,
    /// The TLS listener.
    pub https_endpoint: Url,
    /// The certificate authority to trust.
    pub ca_bundle: PathBuf,
    /// Where its state is.
    pub data_dir: PathBuf,
    /// Whether its state is lost when it stops.
    pub ephemeral: bool,
    /// What the administration endpoints want to see.
    pub admin_secret: String,
    /// The environment variables as they were at the start.
    pub environment: BTreeMap<String, String>,
}

impl Running {
    /// The name of the run file in a data directory.
    pub const FILE_NAME: &str = "run.json";

    /// Reads the run file of `data_dir`; `None` when there is none. The
    /// process may have been killed since: ask it.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or is none of ours.
    pub fn find(data_dir: &Path) -> Result<Option<Self>, Error> {
        let path = data_dir.join(Self::FILE_NAME);
        match fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text)
                .map(Some)
                .map_err(|source| Error::Decode {
                    table: path.display().to_string(),
                    source,
                }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io("reading", path)(error)),
        }
    }

    pub(crate) fn write(&self, path: &Path) -> Result<(), Error> {
        let text = serde_json::to_vec_pretty(self).map_err(|source| Error::Encode {
            table: path.display().to_string(),
            source,
        })?;
        write_private(path, &text)
    }
}

/// Secrets stay out.
impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("pid", &self.pid)
            .field("http_endpoint", &self.http_endpoint.as_str())
            .field("data_dir", &self.data_dir)
            .finish_non_exhaustive()
    }
}

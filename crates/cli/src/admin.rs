//! The administration endpoints of a running emulator, found through the run file in its
//! data directory: only who can read that file may use them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use azml_core::clock::{Clock, SystemClock};
use azml_core::http::{ErrorResponse, HttpClient, HttpClientParts, Repeat};
use azml_core::{endpoint, env};
use azml_emulator::{ADMIN_HEADER, Running, StartError};
use azure_core::http::headers::HeaderName;
use azure_core::http::{ClientOptions, Method, Request, RetryOptions};
use serde::Deserialize;

use crate::failure::{Failure, Result};
use crate::files;
use crate::profile::{Config, LOCAL};

/// How often to look whether an emulator is gone.
const PAUSE: Duration = Duration::from_millis(50);
/// How long to wait for that.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running emulator of this user.
pub(crate) struct Admin {
    /// What it wrote about itself.
    pub(crate) running: Running,
    client: HttpClient,
}

#[derive(Deserialize)]
struct Status {
    pid: u32,
}

/// Where an emulator's data is when nobody says otherwise: where the one runs that
/// profile `local` leads to, else in the user's data directory.
pub(crate) fn data_dir() -> Result<PathBuf> {
    let local = Config::load()?.profiles.remove(LOCAL).unwrap_or_default();
    match local
        .0
        .get("ca_bundle")
        .and_then(|ca| around(Path::new(ca)))
    {
        Some(directory) => Ok(directory),
        None => default_data_dir(),
    }
}

/// The data directory of the running emulator that keeps this file.
fn around(file: &Path) -> Option<PathBuf> {
    let runs = |directory: &&Path| directory.join(Running::FILE_NAME).is_file();
    let found = file.ancestors().skip(1).take(2).find(runs);
    found.map(Path::to_owned)
}

/// The data directory of an emulator that is started without one.
pub(crate) fn default_data_dir() -> Result<PathBuf> {
    Ok(files::data_dir()?.join("emulator"))
}

impl Admin {
    /// The emulator that runs with this data directory, if one does.
    pub(crate) async fn find(data_dir: &Path) -> Result<Option<Self>> {
        let Some(running) = Running::find(data_dir).map_err(StartError::from)? else {
            return Ok(None);
        };
        let options = ClientOptions {
            retry: RetryOptions::none(),
            ..ClientOptions::default()
        };
        let options = azml_core::transport::with_default_transport(
            options,
            // The plain listener needs no certificate authority.
            &env::Environment::from_pairs::<String, String>([]),
        )?;
        let client = HttpClient::new(HttpClientParts {
            crate_name: env!("CARGO_PKG_NAME"),
            crate_version: env!("CARGO_PKG_VERSION"),
            options,
            per_call: Vec::new(),
            per_try: Vec::new(),
            map_error: ErrorResponse::to_error,
        });
        crate::logging::hide(&running.admin_secret);
        let admin = Self { running, client };
        // A killed emulator leaves its file behind, and others may have its port.
        match admin.status().await {
            Ok(status) if status.pid == admin.running.pid => Ok(Some(admin)),
            _ => Ok(None),
        }
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) async fn stop(&self) -> Result<()> {
        self.post(&["_emulator", "stop"]).await?;
        let mut waited = Duration::ZERO;
        while self.status().await.is_ok() || self.run_file().exists() {
            if waited > PATIENCE {
                return Err(Failure::new("the emulator is still there")
                    .hint(format!("end process {}", self.running.pid)));
            }
            SystemClock.sleep(PAUSE).await;
            waited += PAUSE;
        }
        Ok(())
    }

    /// Sends a request without a body and returns the answer's text.
    pub(crate) async fn post(&self, path: &[&str]) -> Result<String> {
        let url = endpoint::join(&self.running.http_endpoint, path)?;
        let response = self
            .client
            .send(self.request(url, Method::Post), Repeat::Never);
        let body: bytes::Bytes = response.await?.into_body().into();
        Ok(String::from_utf8_lossy(&body).into_owned())
    }

    async fn status(&self) -> Result<Status> {
        let url = endpoint::join(&self.running.http_endpoint, &["_emulator", "status"])?;
        let request = self.request(url, Method::Get);
        Ok(self.client.send_json(request, Repeat::Never).await?)
    }

    fn request(&self, url: azure_core::http::Url, method: Method) -> Request {
        let mut request = Request::new(url, method);
        request.insert_header(
            HeaderName::from_static(ADMIN_HEADER),
            self.running.admin_secret.clone(),
        );
        request
    }

    fn run_file(&self) -> PathBuf {
        self.running.data_dir.join(Running::FILE_NAME)
    }
}

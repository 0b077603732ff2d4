//! Which running emulator a command means, and how to reach it.

use std::path::{Path, PathBuf};

use azml_core::env;

use crate::args::GlobalArgs;
use crate::env_file;
use crate::failure::{Failure, Result};
use crate::profile::{Config, LOCAL, Profile};
use crate::settings::{Settings, Source};

/// The `AZML_*` names of one emulator.
pub(super) struct Target {
    /// Names and values.
    pub(super) environment: Vec<(String, String)>,
    /// Where they are from, for messages.
    from: String,
}

impl Target {
    /// Takes the names from an env file, the run file of a data directory, the
    /// environment, or the profile in use (else `local`): the first that is there.
    /// Values of two of them are never mixed.
    pub(super) fn find(
        env_file: Option<&Path>,
        data_dir: Option<&PathBuf>,
        global: &GlobalArgs,
    ) -> Result<Self> {
        if let Some(file) = env_file {
            let text = std::fs::read_to_string(file)
                .map_err(|error| Failure::file("read", file, error))?;
            return Ok(Self::new(
                env_file::parse(&text)?,
                file.display().to_string(),
            ));
        }
        if let Some(directory) = data_dir {
            return Self::in_directory(directory);
        }
        if global.profile.is_none() {
            let pairs = Settings::load(global)?.found_in(Source::Environment);
            if pairs.iter().any(|(name, _)| name == env::HTTP_ENDPOINT) {
                return Ok(Self::new(pairs, "the environment".to_owned()));
            }
        }
        let config = Config::load()?;
        let name = global.profile.clone().unwrap_or_else(|| {
            let current = config.current.clone().filter(|name| {
                let profile = config.profiles.get(name);
                profile.is_some_and(is_emulator)
            });
            current.unwrap_or_else(|| LOCAL.to_owned())
        });
        let profile = config.get(&name).map_err(|failure| {
            failure.hint("start the emulator with `azml emulator start`, or give --ephemeral")
        })?;
        if !is_emulator(profile) {
            return Err(
                Failure::new(format!("profile `{name}` leads to no emulator"))
                    .hint("choose another with --profile, or give --ephemeral"),
            );
        }
        let pairs = profile
            .environment()
            .map(|(name, value)| (name, value.to_owned()));
        Ok(Self::new(pairs.collect(), format!("profile `{name}`")))
    }

    #[cfg(feature = "engine")]
    fn in_directory(directory: &Path) -> Result<Self> {
        use azml_emulator::{Running, StartError};
        let running = Running::find(directory)
            .map_err(StartError::from)?
            .ok_or_else(|| {
                Failure::new(format!("no emulator runs with {}", directory.display()))
                    .hint("start one with `azml emulator start --data-dir DIR`")
            })?;
        Ok(Self::new(
            running.environment.into_iter().collect(),
            directory.display().to_string(),
        ))
    }

    #[cfg(not(feature = "engine"))]
    fn in_directory(_: &Path) -> Result<Self> {
        Err(super::no_engine())
    }

    /// The names of an emulator that was just started.
    pub(super) fn new(environment: Vec<(String, String)>, from: String) -> Self {
        for (name, value) in &environment {
            if crate::profile::is_secret(name) {
                crate::logging::hide(value);
            }
        }
        Self { environment, from }
    }

    /// The value of a name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.environment
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The certificate authority's file.
    pub(super) fn ca_path(&self) -> Result<PathBuf> {
        self.get(env::CA_BUNDLE)
            .map(PathBuf::from)
            .ok_or_else(|| Failure::new(format!("{} names no certificate authority", self.from)))
    }

    /// Fails with advice when nobody answers there.
    pub(super) async fn check_running(&self) -> Result<()> {
        let endpoint = self
            .get(env::HTTP_ENDPOINT)
            .ok_or_else(|| Failure::new(format!("{} names no endpoint", self.from)))?;
        let url = azml_core::endpoint::parse(endpoint)?;
        let address = url.socket_addrs(|| None)?;
        match tokio::net::TcpStream::connect(address.as_slice()).await {
            Ok(_) => Ok(()),
            Err(_) => Err(Failure::new(format!(
                "no emulator answers at {endpoint} (from {})",
                self.from
            ))
            .hint("start it with `azml emulator start`, or give --ephemeral")),
        }
    }
}

fn is_emulator(profile: &Profile) -> bool {
    profile.0.contains_key("http_endpoint")
}

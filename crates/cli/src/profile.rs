//! Profiles: named sets of settings in `config.toml`, and which of them is in use.
//!
//! A setting's key is its `AZML_*` name without the prefix, in lower case, so that a
//! profile can hold whatever the environment can. The file is written whole or not at
//! all, with mode 0600; nothing here prints a value.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::failure::{Failure, Result};
use crate::files;

/// The profile that `azml emulator start` writes.
pub(crate) const LOCAL: &str = "local";

/// Words in the name of a setting that make its value a secret.
const SECRET_WORDS: &[&str] = &["token", "password", "secret", "key"];

/// Every profile, as the file has them.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Config {
    /// The profile used when none is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) current: Option<String>,
    /// The profiles by name.
    #[serde(default)]
    pub(crate) profiles: BTreeMap<String, Profile>,
}

/// The settings of one profile by key.
#[derive(Clone, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(transparent)]
pub(crate) struct Profile(pub(crate) BTreeMap<String, String>);

/// Values stay out: some are secrets.
impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Profile").field(&self.0.keys()).finish()
    }
}

impl Profile {
    /// A profile of `AZML_*` names and their values; other names are left out.
    pub(crate) fn from_environment<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let pairs = pairs.into_iter().filter_map(|(name, value)| {
            let key = name.strip_prefix("AZML_")?;
            Some((key.to_ascii_lowercase(), value.to_owned()))
        });
        Self(pairs.collect())
    }

    /// The `AZML_*` names and their values.
    pub(crate) fn environment(&self) -> impl Iterator<Item = (String, &str)> {
        self.0
            .iter()
            .map(|(key, value)| (variable(key), value.as_str()))
    }
}

impl Config {
    /// Where the file is.
    pub(crate) fn path() -> Result<PathBuf> {
        Ok(files::config_dir()?.join("config.toml"))
    }

    /// Reads the user's file; none is an empty one.
    pub(crate) fn load() -> Result<Self> {
        Self::load_from(&Self::path()?)
    }

    fn load_from(path: &Path) -> Result<Self> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => return Err(Failure::file("read", path, error)),
        };
        warn_when_readable_by_others(path);
        toml::from_str(&text).map_err(|error| {
            // The parser's own text quotes the line, which may hold a secret.
            let line = error
                .span()
                .map_or(1, |span| text[..span.start].lines().count().max(1));
            Failure::new(format!(
                "{} line {line}: {}",
                path.display(),
                azml_core::redact::text(error.message())
            ))
            .hint("mend the file, or move it away and add the profiles again")
        })
    }

    /// Writes the user's file.
    pub(crate) fn save(&self) -> Result<()> {
        self.save_to(&Self::path()?)
    }

    fn save_to(&self, path: &Path) -> Result<()> {
        let text = toml::to_string(self)
            .map_err(|error| Failure::new(format!("write {}: {error}", path.display())))?;
        files::write_private(path, text.as_bytes())
    }

    /// The profile of this name.
    pub(crate) fn get(&self, name: &str) -> Result<&Profile> {
        self.profiles.get(name).ok_or_else(|| {
            let known: Vec<_> = self.profiles.keys().map(String::as_str).collect();
            let hint = match known.as_slice() {
                [] => "add one with `azml profile add`, or start the emulator, \
                       which makes the profile `local`"
                    .to_owned(),
                known => format!("there are: {}", known.join(", ")),
            };
            Failure::new(format!("there is no profile `{name}`")).hint(hint)
        })
    }

    /// Puts the emulator's names into the profile `local`, and uses it if none is in use.
    #[cfg(any(test, feature = "engine"))]
    pub(crate) fn set_local(&mut self, profile: Profile) {
        self.profiles.insert(LOCAL.to_owned(), profile);
        self.current.get_or_insert_with(|| LOCAL.to_owned());
    }
}

/// The key of a setting from whatever form of its name the user gave.
pub(crate) fn key(name: &str) -> Result<String> {
    let key = name.trim().to_ascii_lowercase().replace('-', "_");
    let key = key.strip_prefix("azml_").unwrap_or(&key);
    let valid = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if key.is_empty() || !key.bytes().all(valid) {
        return Err(Failure::usage(format!("`{name}` is no name of a setting"))
            .hint("settings are named as the AZML_* variables: studio_workspace, ca_bundle, ..."));
    }
    Ok(key.to_owned())
}

/// The environment variable of a key.
pub(crate) fn variable(key: &str) -> String {
    format!("AZML_{}", key.to_ascii_uppercase())
}

/// Whether a setting's value must not be shown.
pub(crate) fn is_secret(key: &str) -> bool {
    // A shell command to get a token, or its lifetime, is no token.
    let last = key.rsplit('_').next().unwrap_or(key).to_ascii_lowercase();
    SECRET_WORDS.contains(&last.as_str())
}

/// Whether a name is fit for a profile.
pub(crate) fn check_name(name: &str) -> Result<()> {
    let valid = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || !name.chars().all(valid) {
        return Err(Failure::usage(format!(
            "`{name}` is no name for a profile: letters, digits, `-` and `_` only"
        )));
    }
    Ok(())
}

#[cfg(unix)]
fn warn_when_readable_by_others(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).map(|metadata| metadata.permissions().mode());
    if mode.is_ok_and(|mode| mode & 0o077 != 0) {
        crate::output::note(format_args!(
            "warning: {} can be read by others; run: chmod 600 {0}",
            path.display()
        ));
    }
}

#[cfg(not(unix))]
fn warn_when_readable_by_others(_: &Path) {}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(pairs: &[(&str, &str)]) -> Profile {
        Profile(
            pairs
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect(),
        )
    }

    #[test]
    fn names_are_taken_in_every_form() {
        for name in [
            "studio_token",
            "AZML_STUDIO_TOKEN",
            "studio-token",
            "Studio_Token",
        ] {
            assert_eq!(key(name).unwrap(), "studio_token");
        }
        assert!(key("a=b").is_err());
        assert!(key("AZML_").is_err());
        assert_eq!(variable("studio_token"), "AZML_STUDIO_TOKEN");
    }

    #[test]
    fn secrets_are_known_by_their_last_word() {
        for key in [
            "studio_token",
            "studio_secondary_token",
            "token",
            "password",
            "sql_password",
            "client_secret",
            "account_key",
        ] {
            assert!(is_secret(key), "{key}");
        }
        for key in ["studio_regenerate_cmd", "studio_endpoint", "ca_bundle"] {
            assert!(!is_secret(key), "{key}");
        }
    }

    #[test]
    fn the_file_survives_a_round_trip_and_is_private() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("deep/config.toml");
        let mut config = Config::load_from(&path).unwrap();
        config.set_local(profile(&[("studio_token", "hunter2"), ("x", "a\"b'c\n")]));
        config.save_to(&path).unwrap();
        let read = Config::load_from(&path).unwrap();
        assert_eq!(read.current.as_deref(), Some("local"));
        assert_eq!(read.profiles, config.profiles);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn the_emulator_does_not_take_over_from_a_chosen_profile() {
        let mut config = Config {
            current: Some("work".to_owned()),
            ..Config::default()
        };
        config.set_local(Profile::default());
        assert_eq!(config.current.as_deref(), Some("work"));
    }

    #[test]
    fn neither_debug_nor_a_parse_error_shows_a_value() {
        let shown = format!("{:?}", profile(&[("studio_token", "hunter2")]));
        assert!(shown.contains("studio_token") && !shown.contains("hunter2"));

        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.toml");
        std::fs::write(&path, "[profiles.work]\nstudio_token = \"hunter2\" x\n").unwrap();
        let report = Config::load_from(&path).unwrap_err().report();
        assert!(report.contains("line 2"), "{report}");
        assert!(!report.contains("hunter2"), "{report}");
    }
}

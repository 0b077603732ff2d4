//! A home directory for clients that read settings there whatever they are told: it
//! mirrors the user's own, but for the settings files that would lead elsewhere.

use std::path::Path;

use serde_json::json;

use crate::failure::{Failure, Result};
use crate::files;

/// The directory of the original clients, and the files in it that would lead elsewhere: the
/// settings of the Studio (classic) clients, and where azureml-core last found its services.
const AZUREML: &str = ".azureml";
const SETTINGS: [&str; 3] = ["settings.json", "settings.ini", ".discovery"];

/// What the original Studio (classic) clients find in their settings file.
pub(super) struct StudioSettings {
    /// Workspace id.
    pub(super) workspace: String,
    /// Primary token.
    pub(super) token: String,
    /// Endpoint of the API.
    pub(super) endpoint: String,
}

/// Fills `private`, an empty directory, with links to what is in `real`, and with settings
/// for the emulator.
pub(super) fn fill(private: &Path, real: Option<&Path>, studio: &StudioSettings) -> Result<()> {
    let azureml = private.join(AZUREML);
    std::fs::create_dir(&azureml).map_err(|error| Failure::file("create", &azureml, error))?;
    if let Some(real) = real {
        mirror(real, private, &[AZUREML]);
        mirror(&real.join(AZUREML), &azureml, &SETTINGS);
    }
    let settings = json!({"workspace": {
        "id": studio.workspace,
        "authorization_token": studio.token,
        "api_endpoint": studio.endpoint,
        "management_endpoint": studio.endpoint,
    }});
    files::write_private(&azureml.join(SETTINGS[0]), settings.to_string().as_bytes())
}

/// Links to every entry of `from` but those in `without`. What cannot be linked is left
/// out: the program may never look for it.
#[cfg(unix)]
fn mirror(from: &Path, to: &Path, without: &[&str]) {
    let Ok(entries) = std::fs::read_dir(from) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        if !without.iter().any(|left_out| name == *left_out) {
            let _ = std::os::unix::fs::symlink(entry.path(), to.join(name));
        }
    }
}

/// Links need a privilege on other systems: the private home stays bare there.
#[cfg(not(unix))]
fn mirror(_: &Path, _: &Path, _: &[&str]) {}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn all_is_as_at_home_but_the_settings() {
        let directory = tempfile::tempdir().unwrap();
        let (real, private) = (
            directory.path().join("real"),
            directory.path().join("private"),
        );
        std::fs::create_dir_all(real.join(".azureml")).unwrap();
        std::fs::create_dir(&private).unwrap();
        std::fs::write(real.join(".profile"), "mine").unwrap();
        std::fs::write(real.join(".azureml/settings.json"), "{\"real\": 1}").unwrap();
        std::fs::write(real.join(".azureml/settings.ini"), "[workspace]").unwrap();
        std::fs::write(real.join(".azureml/cache"), "kept").unwrap();

        let studio = StudioSettings {
            workspace: "ws".to_owned(),
            token: "t\"oken".to_owned(),
            endpoint: "http://localhost:1".to_owned(),
        };
        fill(&private, Some(&real), &studio).unwrap();

        let read = |name: &str| std::fs::read_to_string(private.join(name));
        assert_eq!(read(".profile").unwrap(), "mine");
        assert_eq!(read(".azureml/cache").unwrap(), "kept");
        assert!(read(".azureml/settings.ini").is_err());
        let settings: serde_json::Value =
            serde_json::from_str(&read(".azureml/settings.json").unwrap()).unwrap();
        assert_eq!(settings["workspace"]["authorization_token"], "t\"oken");
        assert_eq!(
            std::fs::read_to_string(real.join(".azureml/settings.json")).unwrap(),
            "{\"real\": 1}"
        );
    }
}

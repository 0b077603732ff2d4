//! Which workspace: subscription, resource group, name; and the file that says so.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::error::{Error, Result};

/// Directories in which a configuration file is looked for, the first one first.
const FOLDERS: [&str; 3] = [".azureml", "aml_config", ""];
/// Names that the file may have.
const NAMES: [&str; 2] = ["config.json", "project.json"];

/// The address of a workspace in Azure Resource Manager.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WorkspaceScope {
    /// The subscription's id.
    pub subscription_id: String,
    /// The resource group's name.
    pub resource_group: String,
    /// The workspace's name.
    pub name: String,
}

impl WorkspaceScope {
    /// Puts the three parts together.
    pub fn new(
        subscription_id: impl Into<String>,
        resource_group: impl Into<String>,
        name: impl Into<String>,
    ) -> Self {
        Self {
            subscription_id: subscription_id.into(),
            resource_group: resource_group.into(),
            name: name.into(),
        }
    }

    /// The path segments of the workspace's resource.
    pub(crate) fn segments(&self) -> [&str; 8] {
        [
            "subscriptions",
            &self.subscription_id,
            "resourceGroups",
            &self.resource_group,
            "providers",
            "Microsoft.MachineLearningServices",
            "workspaces",
            &self.name,
        ]
    }

    /// `/subscriptions/../workspaces/{name}`
    #[must_use]
    pub fn resource_id(&self) -> String {
        format!("/{}", self.segments().join("/"))
    }

    /// Finds and reads a configuration file as azureml-core does: `path` itself if it is a
    /// file, else the first of `.azureml/`, `aml_config/` and no folder in which, from
    /// `path` up to the root, there is a `config.json` (or `project.json`).
    ///
    /// # Errors
    /// [`Error::Config`] when there is none, or it names no workspace.
    pub fn from_config(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let file = find(path).ok_or_else(|| Error::Config {
            path: path.to_owned(),
            reason: "no config.json was found here or above".into(),
        })?;
        let text = std::fs::read(&file).map_err(Error::local("reading", &file))?;
        parse(&text).map_err(|reason| Error::Config { path: file, reason })
    }

    /// Writes the configuration file below `path`, in `aml_config/` if that is there, else in
    /// `.azureml/`; gives its path. Clients of either form can read it.
    ///
    /// # Errors
    /// [`Error::Local`].
    pub fn write_config(&self, path: impl AsRef<Path>) -> Result<PathBuf> {
        let path = path.as_ref();
        let old = path.join("aml_config");
        let folder = if old.is_dir() {
            old
        } else {
            path.join(".azureml")
        };
        std::fs::create_dir_all(&folder).map_err(Error::local("creating", &folder))?;
        let project = folder.join("project.json");
        let file = if project.is_file() {
            project
        } else {
            folder.join("config.json")
        };
        let content = json!({
            "Id": null,
            "Scope": self.resource_id(),
            "subscription_id": self.subscription_id,
            "resource_group": self.resource_group,
            "workspace_name": self.name,
        });
        std::fs::write(&file, format!("{content:#}\n")).map_err(Error::local("writing", &file))?;
        Ok(file)
    }
}

fn find(path: &Path) -> Option<PathBuf> {
    if path.is_file() {
        return Some(path.to_owned());
    }
    let start = std::path::absolute(path).ok()?;
    FOLDERS.iter().find_map(|folder| {
        NAMES.iter().find_map(|name| {
            start
                .ancestors()
                .map(|ancestor| ancestor.join(folder).join(name))
                .find(|file| file.is_file())
        })
    })
}

/// The reason why not in the error.
fn parse(text: &[u8]) -> Result<WorkspaceScope, String> {
    let config: Value = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    let member = |name: &str| config[name].as_str().filter(|text| !text.is_empty());
    if let Some(scope) = member("Scope") {
        let parts: Vec<&str> = scope.split('/').collect();
        return match parts.as_slice() {
            ["", _, subscription, _, group, _, _, _, name, ..] => {
                Ok(WorkspaceScope::new(*subscription, *group, *name))
            }
            _ => Err("Scope is no workspace".into()),
        };
    }
    let required = |name: &str| {
        member(name)
            .map(str::to_owned)
            .ok_or_else(|| format!("{name} is missing"))
    };
    Ok(WorkspaceScope {
        subscription_id: required("subscription_id")?,
        resource_group: required("resource_group")?,
        name: required("workspace_name")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, name: &str) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let content =
            json!({"subscription_id": "s", "resource_group": "g", "workspace_name": name});
        std::fs::write(path, content.to_string()).unwrap();
    }

    /// storage WC-01: the folder decides before the distance does.
    #[test]
    fn a_config_in_azureml_above_wins_over_one_here() {
        let root = tempfile::tempdir().unwrap();
        let inner = root.path().join("a/b");
        std::fs::create_dir_all(&inner).unwrap();
        let found = |path: &Path| {
            WorkspaceScope::from_config(path)
                .map(|scope| scope.name)
                .ok()
        };
        write(&inner.join("config.json"), "plain");
        assert_eq!(found(&inner).as_deref(), Some("plain"));
        write(&root.path().join("aml_config/project.json"), "old");
        assert_eq!(found(&inner).as_deref(), Some("old"));
        write(&root.path().join(".azureml/config.json"), "new");
        assert_eq!(found(&inner).as_deref(), Some("new"));
        let file = inner.join("config.json");
        assert_eq!(found(&file).as_deref(), Some("plain"));
    }

    /// storage WC-02.
    #[test]
    fn both_forms_are_read_and_written() {
        let scope = WorkspaceScope::new("s", "g", "w");
        let root = tempfile::tempdir().unwrap();
        let file = scope.write_config(root.path()).unwrap();
        assert!(file.ends_with(".azureml/config.json"));
        assert_eq!(WorkspaceScope::from_config(root.path()).unwrap(), scope);
        let text = std::fs::read_to_string(file).unwrap();
        assert!(text.contains("\"workspace_name\": \"w\""), "{text}");
        let only_scope = json!({"Id": null, "Scope": scope.resource_id()}).to_string();
        assert_eq!(parse(only_scope.as_bytes()).unwrap(), scope);
        std::fs::create_dir(root.path().join("aml_config")).unwrap();
        let file = scope.write_config(root.path()).unwrap();
        assert!(file.ends_with("aml_config/config.json"));
    }

    /// storage WC-03.
    #[test]
    fn what_is_wrong_is_said_with_the_path() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("config.json");
        for (content, word) in [
            ("{}", "subscription_id"),
            ("[]", "subscription_id"),
            ("{", "EOF"),
            (r#"{"Scope":"/a/b"}"#, "Scope"),
        ] {
            std::fs::write(&file, content).unwrap();
            let error = WorkspaceScope::from_config(&file).unwrap_err().to_string();
            assert!(
                error.contains(word) && error.contains("config.json"),
                "{error}"
            );
        }
        let error = WorkspaceScope::from_config("/nonexistent/x").unwrap_err();
        assert!(error.to_string().contains("/nonexistent/x"), "{error}");
    }
}

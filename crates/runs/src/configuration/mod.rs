//! A run configuration: what runs, where, and with which data. It is kept as the JSON it
//! came as, so that members this crate does not know survive.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::reference::DataReference;

/// What the original client sends when nothing is said.
const DEFAULT: &str = include_str!("default.json");

/// A run configuration. Read and written as JSON, and as YAML (`.runconfig` files).
#[derive(Clone, Debug, PartialEq)]
pub struct RunConfiguration(Map<String, Value>);

impl Default for RunConfiguration {
    /// Nothing to run, on the target `local`, in the environment that services offer when
    /// none is described.
    fn default() -> Self {
        Self(serde_json::from_str(DEFAULT).expect("the default is a JSON object"))
    }
}

impl RunConfiguration {
    /// Reads a configuration.
    ///
    /// # Errors
    /// [`Error::Usage`] when it is no object, or a data reference in it cannot be one.
    pub fn from_json(value: Value) -> Result<Self> {
        let Value::Object(members) = value else {
            return Err(Error::usage("a run configuration is a JSON object"));
        };
        let configuration = Self(members);
        configuration.references()?;
        Ok(configuration)
    }

    /// Reads the text of a `.runconfig` file.
    ///
    /// # Errors
    /// As [`RunConfiguration::from_json`], and for text that is no YAML.
    pub fn from_yaml(text: &str) -> Result<Self> {
        let value: Value = serde_norway::from_str(text)
            .map_err(|error| Error::usage(format!("the run configuration is no YAML: {error}")))?;
        Self::from_json(value)
    }

    /// The configuration as it is sent.
    #[must_use]
    pub fn to_json(&self) -> Value {
        Value::Object(self.0.clone())
    }

    /// The text of a `.runconfig` file.
    ///
    /// # Errors
    /// [`Error::Usage`] for a value that YAML cannot hold.
    pub fn to_yaml(&self) -> Result<String> {
        serde_norway::to_string(&self.0)
            .map_err(|error| Error::usage(format!("the run configuration is no YAML: {error}")))
    }

    pub(crate) fn set(&mut self, path: &[&str], value: impl Into<Value>) {
        let Some((last, parents)) = path.split_last() else {
            return;
        };
        let mut members = &mut self.0;
        for parent in parents {
            let entry = members.entry(*parent).or_insert(Value::Null);
            if !entry.is_object() {
                *entry = Value::Object(Map::new());
            }
            members = entry.as_object_mut().expect("it was just made an object");
        }
        members.insert((*last).to_owned(), value.into());
    }

    fn at(&self, pointer: &[&str]) -> Option<&Value> {
        let (first, rest) = pointer.split_first()?;
        rest.iter()
            .try_fold(self.0.get(*first)?, |value, name| value.get(name))
    }

    fn text(&self, pointer: &[&str]) -> Option<&str> {
        self.at(pointer)?.as_str().filter(|text| !text.is_empty())
    }

    /// The script, relative to the source directory.
    #[must_use]
    pub fn script(&self) -> Option<&str> {
        self.text(&["script"])
    }

    /// The command for a shell, which goes before a script.
    #[must_use]
    pub fn command(&self) -> Option<String> {
        match self.at(&["command"])? {
            Value::Array(parts) => Some(parts.iter().map(shown).collect::<Vec<_>>().join(" ")),
            Value::String(text) => Some(text.clone()),
            _ => None,
        }
        .filter(|command| !command.trim().is_empty())
    }

    /// The script's arguments as text.
    #[must_use]
    pub fn arguments(&self) -> Vec<String> {
        let arguments = self.at(&["arguments"]).and_then(Value::as_array);
        arguments.into_iter().flatten().map(shown).collect()
    }

    /// The compute target's name; `local` when none is named.
    #[must_use]
    pub fn target(&self) -> &str {
        self.text(&["target"]).unwrap_or("local")
    }

    /// The interpreter that the environment names.
    #[must_use]
    pub fn interpreter(&self) -> Option<&str> {
        self.text(&["environment", "python", "interpreterPath"])
    }

    /// The environment variables: those of the environment, then the run's own.
    #[must_use]
    pub fn environment_variables(&self) -> Vec<(String, String)> {
        let of = |pointer: &[&str]| {
            let members = self.at(pointer).and_then(Value::as_object);
            members
                .into_iter()
                .flatten()
                .map(|(name, value)| (name.clone(), shown(value)))
                .collect::<Vec<_>>()
        };
        let mut all = of(&["environment", "environmentVariables"]);
        all.extend(of(&["environmentVariables"]));
        all
    }

    /// How long the run may take, if that is limited.
    #[must_use]
    pub fn max_duration(&self) -> Option<Duration> {
        let seconds = self.at(&["maxRunDurationSeconds"])?.as_u64()?;
        (seconds > 0).then(|| Duration::from_secs(seconds))
    }

    /// Whether `outputs` and `logs` are kept with the run.
    #[must_use]
    pub fn collects_outputs(&self) -> bool {
        self.at(&["history", "outputCollection"])
            .and_then(Value::as_bool)
            .unwrap_or(true)
    }

    /// How many machines the run asks for.
    #[must_use]
    pub fn node_count(&self) -> u64 {
        self.at(&["nodeCount"]).and_then(Value::as_u64).unwrap_or(1)
    }

    /// The data references, in the order of their names.
    ///
    /// # Errors
    /// [`Error::Usage`] for one without a datastore or with an unknown mode.
    pub fn references(&self) -> Result<Vec<DataReference>> {
        let sections = self.at(&["dataReferences"]).and_then(Value::as_object);
        sections
            .into_iter()
            .flatten()
            .map(|(name, section)| DataReference::from_config(name, section))
            .collect()
    }

    /// Sets the data references. The same one may come twice; two different ones of a name
    /// would hide each other.
    ///
    /// # Errors
    /// [`Error::Usage`] for two different ones of a name.
    pub fn set_references<'a>(
        &mut self,
        references: impl IntoIterator<Item = &'a DataReference>,
    ) -> Result<()> {
        let mut sections = Map::new();
        for reference in references {
            let section = reference.to_config();
            let old = sections.insert(reference.name().to_owned(), section.clone());
            if old.is_some_and(|old| old != section) {
                return Err(Error::usage(format!(
                    "two different data references are named '{}'; give one of them another name",
                    reference.name()
                )));
            }
        }
        self.set(&["dataReferences"], sections);
        Ok(())
    }
}

/// A value as the text that a script gets.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Null => "None".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn unknown_members_survive_json_and_yaml() {
        let value = json!({"script": "a.py", "new": {"x": [1, null]}, "arguments": ["-n", 3, true, 0.5],
            "dataReferences": {"a": {"dataStoreName": "photos", "mode": "mount"}}});
        let configuration = RunConfiguration::from_json(value.clone()).unwrap();
        assert_eq!(configuration.to_json(), value);
        assert_eq!(configuration.arguments(), ["-n", "3", "True", "0.5"]);
        let text = configuration.to_yaml().unwrap();
        assert_eq!(RunConfiguration::from_yaml(&text).unwrap(), configuration);
        assert_eq!(configuration.references().unwrap()[0].datastore(), "photos");
        assert_eq!(configuration.target(), "local");
    }

    #[test]
    fn what_is_no_configuration_is_refused() {
        for bad in [
            json!([]),
            json!({"dataReferences": {"a": {"mode": "mount"}}}),
            json!({"dataReferences": {"a": {"dataStoreName": "x", "mode": "copy"}}}),
        ] {
            assert!(RunConfiguration::from_json(bad.clone()).is_err(), "{bad}");
        }
        assert!(RunConfiguration::from_yaml("a: [").is_err());
    }

    #[test]
    fn values_are_found_where_they_are() {
        let configuration = RunConfiguration::from_json(json!({
            "command": ["echo", "a"], "maxRunDurationSeconds": 5, "nodeCount": 2,
            "environment": {"environmentVariables": {"A": "1", "B": "1"}, "python": {"interpreterPath": "py"}},
            "environmentVariables": {"B": 2}, "history": {"outputCollection": false}
        }))
        .unwrap();
        assert_eq!(configuration.command().as_deref(), Some("echo a"));
        assert_eq!(configuration.max_duration(), Some(Duration::from_secs(5)));
        assert_eq!(configuration.interpreter(), Some("py"));
        assert_eq!(configuration.node_count(), 2);
        assert!(!configuration.collects_outputs());
        let variables = configuration.environment_variables();
        assert_eq!(variables.last(), Some(&("B".to_owned(), "2".to_owned())));
        assert_eq!(RunConfiguration::default().command(), None);
        assert_eq!(RunConfiguration::default().script(), None);
    }
}

//! The settings files of the original client, `~/.azureml/settings.json` and `settings.ini`.
//!
//! Reads values as they are; what they mean, and which source wins, is `workspace`'s business.

use std::path::Path;

use serde::{Deserialize, Deserializer};

use crate::{Error, Result};

/// Directory of the files below the home directory.
const DIRECTORY: &str = ".azureml";
/// Section of the ini file and object of the JSON file that hold the settings.
const SECTION: &str = "workspace";

/// What a settings file says. No `Debug`: the token is among it.
#[derive(Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    #[serde(deserialize_with = "one_or_array")]
    pub(crate) id: Option<String>,
    #[serde(deserialize_with = "one_or_array")]
    pub(crate) authorization_token: Option<String>,
    #[serde(deserialize_with = "one_or_array")]
    pub(crate) api_endpoint: Option<String>,
    #[serde(deserialize_with = "one_or_array")]
    pub(crate) management_endpoint: Option<String>,
}

impl Settings {
    /// Reads the JSON file below `home`, or the ini file if there is no JSON file, or nothing.
    pub(crate) fn read(home: &Path) -> Result<Self> {
        let directory = home.join(DIRECTORY);
        let json = directory.join("settings.json");
        if let Some(text) = read_if_present(&json)? {
            return Self::from_json(&text).map_err(|reason| Error::Settings { path: json, reason });
        }
        let ini = directory.join("settings.ini");
        match read_if_present(&ini)? {
            Some(text) => {
                Self::from_ini(&text).map_err(|reason| Error::Settings { path: ini, reason })
            }
            None => Ok(Self::default()),
        }
    }

    fn from_json(text: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct File {
            workspace: Settings,
        }
        serde_json::from_str::<File>(text)
            .map(|file| file.workspace)
            .map_err(|error| error.to_string())
    }

    fn from_ini(text: &str) -> Result<Self, String> {
        let mut settings = Self::default();
        for (key, value) in ini_section(text, SECTION)? {
            let slot = match key.as_str() {
                "id" => &mut settings.id,
                "authorization_token" => &mut settings.authorization_token,
                "api_endpoint" => &mut settings.api_endpoint,
                "management_endpoint" => &mut settings.management_endpoint,
                _ => continue,
            };
            *slot = Some(unescape_percent(&value)?);
        }
        Ok(settings)
    }
}

/// The R client writes values as arrays of one element.
fn one_or_array<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrArray {
        One(Option<String>),
        Array([String; 1]),
    }
    Ok(match OneOrArray::deserialize(deserializer)? {
        OneOrArray::One(value) => value,
        OneOrArray::Array([value]) => Some(value),
    })
}

fn read_if_present(path: &Path) -> Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text.trim_start_matches('\u{feff}').to_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::Settings {
            path: path.to_owned(),
            reason: error.to_string(),
        }),
    }
}

/// Keys and values of one section, by the rules of Python's `configparser`, which the original
/// client reads the file with: `=` or `:`, whole-line comments with `#` or `;`, keys in any letter
/// case, a further indented line continues the value.
fn ini_section(text: &str, wanted: &str) -> Result<Vec<(String, String)>, String> {
    let mut options: Vec<(String, String)> = Vec::new();
    let mut section: Option<&str> = None;
    let mut indent_of_option = None;
    for (number, line) in (1..).zip(text.lines()) {
        let content = line.trim();
        if content.is_empty() || content.starts_with(['#', ';']) {
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        let in_wanted = section == Some(wanted);
        if indent_of_option.is_some_and(|of_option| indent > of_option) {
            if let Some((_, value)) = options.last_mut().filter(|_| in_wanted) {
                value.push('\n');
                value.push_str(content);
            }
            continue;
        }
        if let Some(name) = content
            .strip_prefix('[')
            .and_then(|rest| rest.split_once(']'))
            .map(|(name, _)| name)
        {
            section = Some(name);
            indent_of_option = None;
            continue;
        }
        if section.is_none() {
            return Err(format!("line {number} stands before any section"));
        }
        let (key, value) = content
            .split_once(['=', ':'])
            .ok_or_else(|| format!("line {number} is neither a section nor `key=value`"))?;
        indent_of_option = Some(indent);
        if in_wanted {
            let key = key.trim_end().to_lowercase();
            if options.iter().any(|(known, _)| *known == key) {
                return Err(format!("line {number} gives `{key}` a second time"));
            }
            options.push((key, value.trim_start().to_owned()));
        }
    }
    Ok(options)
}

/// `%%` stands for one `%`; the original client's parser takes any other `%` for a reference.
fn unescape_percent(value: &str) -> Result<String, String> {
    if value.replace("%%", "").contains('%') {
        return Err("a `%` in a value must be written `%%`".to_owned());
    }
    Ok(value.replace("%%", "%"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = r#"{"workspace": {"id": "j", "authorization_token": "t",
        "api_endpoint": ["http://h/api"], "management_endpoint": null, "more": 1}}"#;
    const INI: &str = "# comment\n[other]\nid=o\n[workspace]\nID = i\nauthorization_token: a=b:c\n\
                       ; comment\napi_endpoint=http://h/%%20\nunknown=1\n";

    #[test]
    fn json_with_array_values() {
        // studio S-003 and 2.1
        let settings = Settings::from_json(JSON).expect("valid");
        assert_eq!(settings.id.as_deref(), Some("j"));
        assert_eq!(settings.api_endpoint.as_deref(), Some("http://h/api"));
        assert_eq!(settings.management_endpoint, None);
        for bad in [
            "",
            "{}",
            r#"{"workspace": {"id": 5}}"#,
            r#"{"workspace": {"id": []}}"#,
        ] {
            assert!(Settings::from_json(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn ini_by_the_rules_of_configparser() {
        // studio S-002
        let settings = Settings::from_ini(INI).expect("valid");
        assert_eq!(settings.id.as_deref(), Some("i"));
        assert_eq!(settings.authorization_token.as_deref(), Some("a=b:c"));
        assert_eq!(settings.api_endpoint.as_deref(), Some("http://h/%20"));
        let indented =
            Settings::from_ini("[workspace]\n  id=i\n  authorization_token=t\n").expect("valid");
        assert_eq!(indented.authorization_token.as_deref(), Some("t"));
        let continued = Settings::from_ini("[workspace]\nid=i\n  j\n").expect("valid");
        assert_eq!(continued.id.as_deref(), Some("i\nj"));
    }

    #[test]
    fn malformed_ini_names_the_line() {
        for (text, reason) in [
            ("id=1", "line 1"),
            ("[workspace]\nnonsense", "line 2"),
            ("[workspace]\nid=1\nid=2", "line 3"),
            ("[workspace]\nid=50%", "`%`"),
        ] {
            let error = Settings::from_ini(text).err().expect(text);
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn json_hides_ini() {
        // studio S-003
        let home = tempfile::tempdir().expect("a directory");
        assert!(Settings::read(home.path()).expect("no file") == Settings::default());
        let directory = home.path().join(DIRECTORY);
        std::fs::create_dir(&directory).expect("created");
        std::fs::write(directory.join("settings.ini"), INI).expect("written");
        assert_eq!(
            Settings::read(home.path()).expect("ini").id.as_deref(),
            Some("i")
        );
        std::fs::write(directory.join("settings.json"), JSON).expect("written");
        assert_eq!(
            Settings::read(home.path()).expect("json").id.as_deref(),
            Some("j")
        );
        std::fs::write(directory.join("settings.json"), "{").expect("written");
        let error = Settings::read(home.path())
            .err()
            .expect("malformed")
            .to_string();
        assert!(error.contains("settings.json"), "{error}");
    }
}

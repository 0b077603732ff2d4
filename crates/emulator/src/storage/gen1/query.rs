//! Parameters of file-system requests: names in any letter case, values with their types.

use std::collections::HashMap;

use super::error::{FsError, Result};

/// The query of one request.
#[derive(Clone, Debug, Default)]
pub(super) struct Query(HashMap<String, String>);

impl Query {
    /// Reads the raw query. A plus is a plus: these clients write spaces as `%20`.
    pub(super) fn read(raw: Option<&str>) -> Result<Self> {
        let mut values = HashMap::new();
        for pair in raw
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !pair.is_empty())
        {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            values
                .entry(decode(name)?.to_ascii_lowercase())
                .or_insert(decode(value)?);
        }
        Ok(Self(values))
    }

    /// A value that is there and not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    pub(super) fn required(&self, name: &str) -> Result<&str> {
        self.get(name).ok_or_else(|| {
            FsError::argument(format!("The required parameter '{name}' is missing."))
        })
    }

    /// `true` or `false` in any letter case.
    pub(super) fn flag(&self, name: &str) -> Result<bool> {
        match self.get(name) {
            None => Ok(false),
            Some(value) if value.eq_ignore_ascii_case("true") => Ok(true),
            Some(value) if value.eq_ignore_ascii_case("false") => Ok(false),
            Some(value) => Err(invalid(name, value)),
        }
    }

    /// A whole number.
    pub(super) fn number(&self, name: &str) -> Result<Option<u64>> {
        self.get(name)
            .map(|value| value.parse().map_err(|_| invalid(name, value)))
            .transpose()
    }
}

pub(super) fn decode(text: &str) -> Result<String> {
    percent_encoding::percent_decode_str(text)
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| FsError::argument("The request is not valid UTF-8."))
}

pub(super) fn invalid(name: &str, value: &str) -> FsError {
    FsError::argument(format!(
        "Invalid value '{value}' for the parameter '{name}'."
    ))
}

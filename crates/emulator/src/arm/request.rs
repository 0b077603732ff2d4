//! A request to Resource Manager, taken apart: scope, path, query, body, caller.
//! Also the reading of JSON bodies with errors that name the field.

use std::collections::HashMap;

use axum::body::Bytes;
use axum::http::Method;
use serde_json::{Map, Value};

use super::error::ArmError;
use crate::authority::Caller;
use crate::http::Origin;

/// A checked request below a provider's namespace.
#[derive(Clone, Debug)]
pub(crate) struct ArmRequest {
    pub(crate) method: Method,
    /// Subscription id; empty for requests that name none.
    pub(crate) subscription: String,
    /// Resource group as it was created; `None` for requests that name none.
    pub(crate) group: Option<String>,
    /// The path as it was asked for.
    pub(crate) address: String,
    /// Decoded segments below the namespace.
    pub(crate) path: Vec<String>,
    pub(crate) query: HashMap<String, String>,
    pub(crate) body: Bytes,
    pub(crate) caller: Caller,
    pub(crate) origin: Origin,
}

impl ArmRequest {
    /// The path for matching: resource types and actions, which are every other segment, in lower case.
    pub(crate) fn route(&self) -> Vec<String> {
        self.path
            .iter()
            .enumerate()
            .map(|(at, segment)| {
                if at % 2 == 0 {
                    segment.to_ascii_lowercase()
                } else {
                    segment.clone()
                }
            })
            .collect()
    }

    /// `api-version`; it was checked to be there.
    pub(crate) fn api_version(&self) -> &str {
        self.query.get("api-version").map_or("", String::as_str)
    }

    /// Refuses versions that the provider does not speak.
    pub(crate) fn require_version(&self, supported: &[&str]) -> Result<(), ArmError> {
        let version = self.api_version();
        if supported.contains(&version) {
            return Ok(());
        }
        Err(ArmError::bad_request(
            "InvalidApiVersionParameter",
            format!(
                "The api-version '{version}' is invalid. The supported versions are '{}'.",
                supported.join(",")
            ),
        ))
    }

    /// The body as a JSON object.
    pub(crate) fn json(&self) -> Result<Body, ArmError> {
        Body::read(&self.body)
    }

    /// The body as a JSON object, an absent one as an empty object.
    pub(crate) fn optional_json(&self) -> Result<Body, ArmError> {
        if self.body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Body::default());
        }
        self.json()
    }
}

/// A JSON object of a request, read member by member. Null and missing are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Body(Map<String, Value>);

impl Body {
    fn read(bytes: &[u8]) -> Result<Self, ArmError> {
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(members)) => Ok(Self(members)),
            Ok(_) => Err(ArmError::bad_request(
                "InvalidRequestContent",
                "The request content was invalid: a JSON object is expected.",
            )),
            Err(error) => Err(ArmError::bad_request(
                "InvalidRequestContent",
                format!(
                    "The request content was invalid and could not be deserialized: '{error}'."
                ),
            )),
        }
    }

    /// A member that is neither missing nor null.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub(crate) fn string(&self, name: &str) -> Result<Option<&str>, ArmError> {
        self.get(name)
            .map(|value| value.as_str().ok_or_else(|| wrong_type(name, "a string")))
            .transpose()
    }

    pub(crate) fn required_string(&self, name: &str) -> Result<&str, ArmError> {
        self.string(name)?
            .filter(|text| !text.trim().is_empty())
            .ok_or_else(|| ArmError::missing_parameter(name))
    }

    /// A whole number of at least one.
    pub(crate) fn positive(&self, name: &str) -> Result<Option<u64>, ArmError> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        if !value.is_number() {
            return Err(wrong_type(name, "a whole number"));
        }
        match value.as_u64() {
            Some(number) if number >= 1 => Ok(Some(number)),
            _ => Err(ArmError::invalid_value(
                name,
                "a whole number of at least 1 is expected",
            )),
        }
    }

    /// One of the given names; they compare without case and come back in their usual spelling.
    pub(crate) fn choice(
        &self,
        name: &str,
        choices: &[&'static str],
    ) -> Result<Option<&'static str>, ArmError> {
        let Some(text) = self.string(name)? else {
            return Ok(None);
        };
        choices
            .iter()
            .find(|choice| choice.eq_ignore_ascii_case(text))
            .copied()
            .map(Some)
            .ok_or_else(|| {
                ArmError::invalid_value(name, &format!("one of {} is expected", choices.join(", ")))
            })
    }

    /// A member that is an object; a missing one is empty.
    pub(crate) fn object(&self, name: &str) -> Result<Self, ArmError> {
        match self.get(name) {
            None => Ok(Self::default()),
            Some(Value::Object(members)) => Ok(Self(members.clone())),
            Some(_) => Err(wrong_type(name, "an object")),
        }
    }

    /// A member that is a list of objects.
    pub(crate) fn list(&self, name: &str) -> Result<Option<Vec<Self>>, ArmError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Array(items)) => items
                .iter()
                .map(|item| match item {
                    Value::Object(members) => Ok(Self(members.clone())),
                    _ => Err(wrong_type(name, "a list of objects")),
                })
                .collect::<Result<_, _>>()
                .map(Some),
            Some(_) => Err(wrong_type(name, "a list")),
        }
    }

    /// Tags: an object of strings.
    pub(crate) fn tags(&self) -> Result<Option<Map<String, Value>>, ArmError> {
        match self.get("tags") {
            None => Ok(None),
            Some(Value::Object(tags)) if tags.values().all(Value::is_string) => {
                Ok(Some(tags.clone()))
            }
            Some(_) => Err(wrong_type("tags", "an object of strings")),
        }
    }
}

fn wrong_type(name: &str, expected: &str) -> ArmError {
    ArmError::bad_request(
        "InvalidParameter",
        format!("The value of the parameter '{name}' has the wrong type: {expected} is expected."),
    )
}

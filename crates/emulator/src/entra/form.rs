//! The fields of a token request: the form body and the client's HTTP Basic credentials.
//! Reads only; which fields a grant needs is decided in `grant`.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, header::AUTHORIZATION};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::error::TokenError;

/// Form fields by name; the first of several with one name counts.
#[derive(Default)]
pub(super) struct TokenForm {
    fields: BTreeMap<String, String>,
    basic: Option<(String, String)>,
}

impl TokenForm {
    /// Reads the body and the `Authorization` header.
    pub(super) fn read(headers: &HeaderMap, body: &[u8]) -> Self {
        let mut fields = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(body) {
            fields
                .entry(name.into_owned())
                .or_insert_with(|| value.into_owned());
        }
        Self {
            fields,
            basic: basic(headers),
        }
    }

    /// A field that is there and not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.fields
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// A field that the grant cannot do without.
    pub(super) fn required(&self, name: &str) -> Result<&str, TokenError> {
        self.get(name)
            .ok_or_else(|| TokenError::missing_parameter(name))
    }

    /// The client id: from the body, else from HTTP Basic.
    pub(super) fn client_id(&self) -> Result<&str, TokenError> {
        self.get("client_id")
            .or_else(|| {
                self.basic
                    .as_ref()
                    .map(|(id, _)| id.as_str())
                    .filter(|id| !id.is_empty())
            })
            .ok_or_else(|| TokenError::missing_parameter("client_id"))
    }

    /// The client's secret: from the body, else from HTTP Basic. The older clients send an empty
    /// Basic password with the password grant, which means none.
    pub(super) fn client_secret(&self) -> Option<&str> {
        self.get("client_secret").or_else(|| {
            self.basic
                .as_ref()
                .map(|(_, secret)| secret.as_str())
                .filter(|secret| !secret.is_empty())
        })
    }
}

fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

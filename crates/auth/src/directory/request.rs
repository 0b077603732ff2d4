//! Requests to the second generation of token endpoints, and how their answers are read.

use azml_core::http::{ErrorResponse, HttpClient, HttpClientParts, Repeat};
use azml_core::{Error, ErrorKind, Result, redact};
use azure_core::http::{Method, Request, Url, headers};
use serde::{Deserialize, Deserializer};
use time::{Duration, OffsetDateTime};

use super::CredentialOptions;
use crate::Secret;

/// What a token endpoint answered.
#[derive(Deserialize)]
pub(super) struct TokenResponse {
    access_token: String,
    #[serde(default, deserialize_with = "number")]
    expires_in: Option<i64>,
    #[serde(default, deserialize_with = "number")]
    expires_on: Option<i64>,
    pub(super) refresh_token: Option<String>,
}

impl TokenResponse {
    /// The token and when it expires.
    pub(super) fn into_token(self, now: OffsetDateTime) -> Result<(Secret, OffsetDateTime)> {
        let expires_on = match (self.expires_in, self.expires_on) {
            (Some(seconds), _) => Some(now + Duration::seconds(seconds)),
            (None, Some(at)) => OffsetDateTime::from_unix_timestamp(at).ok(),
            (None, None) => None,
        };
        let expires_on = expires_on.ok_or_else(|| {
            Error::new(
                ErrorKind::InvalidData,
                "the directory's answer does not say when the token expires",
            )
        })?;
        Ok((self.access_token.into(), expires_on))
    }
}

/// A number, or a text of digits: the generations differ.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Number(i64),
        Text(String),
    }
    Ok(match Option::<Either>::deserialize(deserializer)? {
        None => None,
        Some(Either::Number(number)) => Some(number),
        Some(Either::Text(text)) => text.parse().ok(),
    })
}

/// A token endpoint of one tenant.
#[derive(Debug)]
pub(super) struct TokenEndpoint {
    http: HttpClient,
    address: Url,
}

impl TokenEndpoint {
    pub(super) fn new(tenant: &str, options: &CredentialOptions) -> Result<Self> {
        options.check_authority()?;
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
        if tenant.is_empty() || !tenant.bytes().all(allowed) {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                "the tenant is not an id or a domain name",
            ));
        }
        let path = [tenant, "oauth2", "v2.0", "token"];
        Ok(Self {
            address: azml_core::endpoint::join(&options.authority_host, &path)?,
            http: HttpClient::new(HttpClientParts {
                crate_name: env!("CARGO_PKG_NAME"),
                crate_version: env!("CARGO_PKG_VERSION"),
                options: options.client_options.clone(),
                per_call: Vec::new(),
                per_try: Vec::new(),
                map_error: refusal,
            }),
        })
    }

    /// Sends one token request.
    pub(super) async fn ask(&self, fields: &[(&str, &str)]) -> Result<TokenResponse> {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let mut request = Request::new(self.address.clone(), Method::Post);
        request.insert_header(headers::CONTENT_TYPE, "application/x-www-form-urlencoded");
        request.insert_header(headers::ACCEPT, "application/json");
        request.set_body(form);
        // Asking for a token changes nothing: it may be repeated.
        self.http.send_json(request, Repeat::Always).await
    }
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
    #[serde(default)]
    error_description: String,
    #[serde(default)]
    error_codes: Vec<u32>,
}

/// A refusal of the directory as an error: its codes and its text, without what it was asked with.
fn refusal(response: &ErrorResponse) -> Error {
    let Ok(refusal) = serde_json::from_slice::<Refusal>(&response.body) else {
        return response
            .to_error()
            .while_doing("get a token from the directory");
    };
    let text = redact::text(refusal.error_description.trim());
    let message = match text.split(" Trace ID:").next() {
        Some(first) if !first.is_empty() => {
            format!("the directory refused to give a token: {first}")
        }
        _ => format!("the directory refused to give a token: {}", refusal.error),
    };
    let mut error = Error::new(ErrorKind::Unauthorized, message).with_status(response.status);
    error = match refusal.error_codes.first() {
        Some(code) => error.with_code(format!("AADSTS{code}")),
        None => error.with_code(refusal.error),
    };
    if refusal
        .error_codes
        .iter()
        .any(|code| matches!(code, 50076 | 50079))
    {
        error = error.with_hint("the account needs a second factor: sign in with a device code");
    }
    error
}

//! Requests to the second generation of token endpoints, and how their answers are read.

use azml_core::http::{ErrorResponse, HttpClient, HttpClientParts, Repeat};
use azml_core::{Error, ErrorDetail, ErrorKind, Result, redact};
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

/// What a device authorization endpoint answered.
#[derive(Deserialize)]
pub(super) struct DeviceAuthorization {
    pub(super) device_code: String,
    pub(super) user_code: String,
    #[serde(alias = "verification_url")]
    pub(super) verification_uri: String,
    #[serde(default, deserialize_with = "number")]
    pub(super) expires_in: Option<i64>,
    #[serde(default, deserialize_with = "number")]
    pub(super) interval: Option<i64>,
    #[serde(default)]
    pub(super) message: String,
}

/// The endpoints of one tenant that give tokens and device codes.
#[derive(Debug)]
pub(super) struct TokenEndpoint {
    http: HttpClient,
    tokens: Url,
    device_codes: Url,
}

impl TokenEndpoint {
    pub(super) fn new(tenant: &str, options: &CredentialOptions) -> Result<Self> {
        options.check_authority()?;
        check_tenant(tenant)?;
        let address = |last: &str| {
            let path = [tenant, "oauth2", "v2.0", last];
            azml_core::endpoint::join(&options.authority_host, &path)
        };
        Ok(Self {
            tokens: address("token")?,
            device_codes: address("devicecode")?,
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
        // Asking for a token changes nothing: it may be repeated.
        let request = form(&self.tokens, fields);
        self.http.send_json(request, Repeat::Always).await
    }

    /// Asks for a code that a person confirms on a page of the directory.
    pub(super) async fn device_code(
        &self,
        client_id: &str,
        scope: &str,
    ) -> Result<DeviceAuthorization> {
        let fields = [("client_id", client_id), ("scope", scope)];
        let request = form(&self.device_codes, &fields);
        self.http.send_json(request, Repeat::Always).await
    }
}

/// Refuses a tenant that would change the address.
pub(super) fn check_tenant(tenant: &str) -> Result<()> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    if !tenant.is_empty() && tenant.bytes().all(allowed) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::InvalidArgument,
        "the tenant is not an id or a domain name",
    ))
}

fn form(address: &Url, fields: &[(&str, &str)]) -> Request {
    let form = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    let mut request = Request::new(address.clone(), Method::Post);
    request.insert_header(headers::CONTENT_TYPE, "application/x-www-form-urlencoded");
    request.insert_header(headers::ACCEPT, "application/json");
    request.set_body(form);
    request
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
    #[serde(default)]
    error_description: String,
    #[serde(default)]
    error_codes: Vec<u32>,
}

/// A refusal of the directory as an error: its codes and its text, without what it was asked with. The protocol's own
/// word for it is the code of the only detail.
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
    // A directory that cannot answer now says nothing about who asks.
    let kind = match response.status {
        429 | 500.. => ErrorKind::from_status(response.status),
        _ => ErrorKind::Unauthorized,
    };
    let mut error = Error::new(kind, message).with_status(response.status);
    error = match refusal.error_codes.first() {
        Some(code) => error.with_code(format!("AADSTS{code}")),
        None => error.with_code(refusal.error.clone()),
    };
    let hint = match refusal.error_codes.first() {
        Some(50076 | 50079) => {
            Some("the account needs a second factor: sign in with a device code")
        }
        Some(65001) => Some("let an administrator consent to the application, or sign in there"),
        Some(7000222) => Some("the secret has expired: make a new one for the application"),
        _ => None,
    };
    if let Some(hint) = hint {
        error = error.with_hint(hint);
    }
    error.with_details(vec![ErrorDetail::new(Some(refusal.error), None, "")])
}

/// The protocol's word for a refusal, such as `authorization_pending`.
pub(super) fn protocol_error(error: &Error) -> Option<&str> {
    error.details().first()?.code.as_deref()
}

#[cfg(test)]
mod tests {
    use azure_core::http::headers::Headers;

    use super::*;

    fn refused(status: u16, body: &str) -> Error {
        refusal(&ErrorResponse {
            status,
            headers: Headers::new(),
            body: body.to_owned().into(),
        })
    }

    /// auth T3, T5: code and text of the directory, the protocol's word, and no trace ids.
    #[test]
    fn refusals_keep_the_directorys_words() {
        let error = refused(
            400,
            r#"{"error":"invalid_grant","error_description":"AADSTS50076: More is needed. Trace ID: x Correlation ID: y","error_codes":[50076]}"#,
        );
        assert_eq!(error.code(), Some("AADSTS50076"));
        assert_eq!(protocol_error(&error), Some("invalid_grant"));
        assert!(error.message().ends_with("AADSTS50076: More is needed."));
        assert!(
            error
                .hint()
                .is_some_and(|hint| hint.contains("device code"))
        );
        let error = refused(400, r#"{"error":"slow_down"}"#);
        assert_eq!(
            (error.code(), protocol_error(&error)),
            (Some("slow_down"), Some("slow_down"))
        );
        let error = refused(
            503,
            r#"{"error":"temporarily_unavailable","error_codes":[90033]}"#,
        );
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert_eq!(refused(502, "<html>").kind(), ErrorKind::Unavailable);
    }

    /// Numbers come as numbers or as text; without one there is no knowing when a token ends.
    #[test]
    fn expiry_is_read_in_every_form() {
        let now = OffsetDateTime::UNIX_EPOCH;
        for (body, seconds) in [
            (r#"{"access_token":"t","expires_in":3599}"#, 3599),
            (r#"{"access_token":"t","expires_in":"3599"}"#, 3599),
            (r#"{"access_token":"t","expires_on":"7200"}"#, 7200),
        ] {
            let response: TokenResponse = serde_json::from_str(body).unwrap();
            let (token, expires_on) = response.into_token(now).unwrap();
            assert_eq!(
                (token.expose(), expires_on.unix_timestamp()),
                ("t", seconds)
            );
        }
        let response: TokenResponse = serde_json::from_str(r#"{"access_token":"t"}"#).unwrap();
        assert!(response.into_token(now).is_err());
    }
}

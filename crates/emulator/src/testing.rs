//! An emulator in this process and a client for it, for the tests of services behind HTTP.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{Builder, Emulator};

/// A client of an ephemeral emulator, which stops with it.
pub(crate) struct Client {
    emulator: std::sync::Arc<Emulator>,
    http: reqwest::Client,
    token: Option<String>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    request: String,
    pub(crate) status: u16,
    headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Client {
    pub(crate) async fn start() -> Self {
        Self::start_with(|builder| builder).await
    }

    pub(crate) async fn start_with(options: impl FnOnce(Builder) -> Builder) -> Self {
        let builder = options(Emulator::builder().ephemeral().port_base(0));
        Self::of(builder.start().await.unwrap())
    }

    /// A client of an emulator that was started otherwise.
    pub(crate) fn of(emulator: Emulator) -> Self {
        let environment: BTreeMap<String, String> = emulator.environment().into_iter().collect();
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        Self {
            emulator: std::sync::Arc::new(emulator),
            http,
            token: environment.get(azml_core::env::TOKEN).cloned(),
        }
    }

    /// What the emulator's environment says under this name.
    pub(crate) fn variable(&self, name: &str) -> String {
        let environment = self.emulator.environment();
        let found = environment.into_iter().find(|(found, _)| found == name);
        found.map(|(_, value)| value).unwrap_or_default()
    }

    /// Stops the emulator and gives its directory free.
    pub(crate) async fn stop(self) {
        let emulator = std::sync::Arc::into_inner(self.emulator).unwrap();
        emulator.shutdown().await;
    }

    /// The same client with another token, or none.
    pub(crate) fn with_token(&self, token: Option<String>) -> Self {
        Self {
            emulator: std::sync::Arc::clone(&self.emulator),
            http: self.http.clone(),
            token,
        }
    }

    /// A token of the development application for another resource.
    pub(crate) async fn token(&self, resource: &str) -> String {
        self.sign_in(&[
            ("grant_type", "client_credentials"),
            ("client_secret", "azml-emulator-secret"),
            ("resource", resource),
        ])
        .await
    }

    /// A token of the development user.
    pub(crate) async fn user_token(&self, resource: &str) -> String {
        self.sign_in(&[
            ("grant_type", "password"),
            ("username", "dev@azml.localhost"),
            ("password", "azml-emulator-password"),
            ("resource", resource),
        ])
        .await
    }

    async fn sign_in(&self, fields: &[(&str, &str)]) -> String {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("client_id", "33333333-3333-3333-3333-333333333333");
        form.extend_pairs(fields);
        let path = "/11111111-1111-1111-1111-111111111111/oauth2/token";
        let body = self
            .send("POST", path, Some(form.finish()))
            .await
            .expect(200, "");
        body["access_token"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None).await
    }

    pub(crate) async fn head(&self, path: &str) -> Answer {
        self.send("HEAD", path, None).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send("PUT", path, Some(body.to_string())).await
    }

    /// Sends a request; `path` may be a whole address of the emulator.
    pub(crate) async fn send(&self, method: &str, path: &str, body: Option<String>) -> Answer {
        self.send_bytes(method, path, body.unwrap_or_default().into_bytes())
            .await
    }

    pub(crate) async fn send_bytes(&self, method: &str, path: &str, body: Vec<u8>) -> Answer {
        self.send_as(method, path, body, "application/octet-stream")
            .await
    }

    pub(crate) async fn send_json(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.send_as(
            method,
            path,
            body.to_string().into_bytes(),
            "application/json",
        )
        .await
    }

    /// A GET with one more header.
    pub(crate) async fn get_with(&self, path: &str, header: (&'static str, &str)) -> Answer {
        let url = self.emulator.http_endpoint().join(path).unwrap();
        let request = self.http.get(url).header(header.0, header.1);
        Self::answer(format!("GET {path}"), request).await
    }

    async fn send_as(&self, method: &str, path: &str, body: Vec<u8>, kind: &str) -> Answer {
        let url = self.emulator.http_endpoint().join(path).unwrap();
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self
            .http
            .request(method.clone(), url)
            .header("content-type", kind)
            .body(body);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        Self::answer(format!("{method} {path}"), request).await
    }

    async fn answer(shown: String, request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        Answer {
            request: shown,
            status: response.status().as_u16(),
            headers: response
                .headers()
                .iter()
                .map(|(name, value)| {
                    let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                    (name.as_str().to_owned(), value)
                })
                .collect(),
            body: response.bytes().await.unwrap().to_vec(),
        }
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The JSON body, once the status is `status` and, where `code` is not empty, the error's
    /// code is `code`.
    #[track_caller]
    pub(crate) fn expect(self, status: u16, code: &str) -> Value {
        let text = String::from_utf8_lossy(&self.body).into_owned();
        assert_eq!(self.status, status, "{}: {text}", self.request);
        let body: Value = if text.trim().is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&text).unwrap_or(Value::Null)
        };
        if !code.is_empty() {
            assert_eq!(body["error"]["code"], code, "{}: {text}", self.request);
        }
        body
    }
}

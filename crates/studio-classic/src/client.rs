//! Requests to the Studio API and to the blobs it points to.
//!
//! Knows addresses, headers and which calls may be repeated; what the answers mean is the business
//! of the callers. The token goes to the Studio endpoint only; blobs are opened by the signature in
//! their address.

use std::fmt;
use std::sync::Arc;

use azml_auth::{WorkspaceToken, WorkspaceTokenPolicy};
use azml_core::clock::Clock;
use azml_core::http::{HttpClient, HttpClientParts, Repeat};
use azml_core::{endpoint, redact};
use azure_core::http::policies::Policy;
use azure_core::http::{AsyncRawResponse, ClientOptions, Method, Request, Url};
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::http_error;
use crate::{Error, Result};

/// The original client's spelling; the service knows no other.
const JSON: &str = "application/json;charset=UTF8";

/// A connection to one workspace. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Client(Arc<Inner>);

struct Inner {
    credential: WorkspaceToken,
    endpoint: Url,
    management_endpoint: Url,
    api: HttpClient,
    blobs: HttpClient,
    clock: Arc<dyn Clock>,
}

impl Client {
    pub(crate) fn new(
        credential: WorkspaceToken,
        endpoint: Url,
        management_endpoint: Url,
        options: ClientOptions,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let client = |per_try: Vec<Arc<dyn Policy>>| {
            HttpClient::new(HttpClientParts {
                crate_name: env!("CARGO_PKG_NAME"),
                crate_version: env!("CARGO_PKG_VERSION"),
                options: options.clone(),
                per_call: Vec::new(),
                per_try,
                map_error: http_error::map_error,
            })
        };
        let token = WorkspaceTokenPolicy::new(credential.clone(), endpoint.clone());
        Self(Arc::new(Inner {
            api: client(vec![Arc::new(token)]),
            blobs: client(Vec::new()),
            credential,
            endpoint,
            management_endpoint,
            clock,
        }))
    }

    pub(crate) fn credential(&self) -> &WorkspaceToken {
        &self.0.credential
    }

    pub(crate) fn workspace_id(&self) -> &str {
        self.0.credential.workspace_id()
    }

    pub(crate) fn endpoint(&self) -> &Url {
        &self.0.endpoint
    }

    pub(crate) fn management_endpoint(&self) -> &Url {
        &self.0.management_endpoint
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        self.0.clock.as_ref()
    }

    /// Address of something in the workspace: `api/workspaces/{workspace}/{segments}`.
    pub(crate) fn url(&self, segments: &[&str]) -> Result<Url> {
        let mut all = vec!["api", "workspaces", self.workspace_id()];
        all.extend(segments);
        self.join(&all)
    }

    /// Address below the endpoint.
    pub(crate) fn join(&self, segments: &[&str]) -> Result<Url> {
        endpoint::join(self.endpoint(), segments)
            .map_err(|error| Error::argument("id", error.message()))
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, attempted: &str, url: Url) -> Result<T> {
        let body = self.get_bytes(attempted, url).await?;
        parse(attempted, &body)
    }

    /// The whole body. A download that breaks off is started again.
    pub(crate) async fn get_bytes(&self, attempted: &str, url: Url) -> Result<Bytes> {
        let request = api_request(url, Method::Get);
        send(&self.0.api, attempted, request, Repeat::ByMethod).await
    }

    pub(crate) async fn stream(&self, attempted: &str, url: Url) -> Result<AsyncRawResponse> {
        let request = api_request(url, Method::Get);
        stream(&self.0.api, attempted, request).await
    }

    pub(crate) async fn delete(&self, attempted: &str, url: Url) -> Result<()> {
        let request = api_request(url, Method::Delete);
        send(&self.0.api, attempted, request, Repeat::ByMethod)
            .await
            .map(drop)
    }

    /// Creates something. Never repeated: the first try may have done it.
    pub(crate) async fn post<B: Serialize, T: DeserializeOwned>(
        &self,
        attempted: &str,
        url: Url,
        body: &B,
    ) -> Result<T> {
        let body = serde_json::to_vec(body).expect("bodies are structs of text and numbers");
        let mut request = api_request(url, Method::Post);
        request.insert_header("content-type", JSON);
        request.set_body(body);
        let answer = send(&self.0.api, attempted, request, Repeat::Never).await?;
        parse(attempted, &answer)
    }

    /// Sends bytes; `repeat` says whether the service may get them twice.
    pub(crate) async fn post_bytes(
        &self,
        attempted: &str,
        url: Url,
        body: Bytes,
        repeat: Repeat,
    ) -> Result<Bytes> {
        let mut request = api_request(url, Method::Post);
        request.insert_header("content-type", "application/octet-stream");
        request.set_body(body);
        send(&self.0.api, attempted, request, repeat).await
    }

    /// The whole blob, without the token.
    pub(crate) async fn get_blob(&self, attempted: &str, url: Url) -> Result<Bytes> {
        let request = Request::new(url, Method::Get);
        send(&self.0.blobs, attempted, request, Repeat::ByMethod).await
    }

    /// The blob as it arrives, without the token.
    pub(crate) async fn stream_blob(&self, attempted: &str, url: Url) -> Result<AsyncRawResponse> {
        stream(&self.0.blobs, attempted, Request::new(url, Method::Get)).await
    }
}

/// Neither token nor endpoint policies: only what tells one workspace from another.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("workspace_id", &self.workspace_id())
            .field("endpoint", &self.endpoint().as_str())
            .finish_non_exhaustive()
    }
}

fn api_request(url: Url, method: Method) -> Request {
    let mut request = Request::new(url, method);
    request.insert_header("x-ms-client-session-id", "DefaultSession");
    request
}

async fn send(
    http: &HttpClient,
    attempted: &str,
    request: Request,
    repeat: Repeat,
) -> Result<Bytes> {
    let response = http
        .send(request, repeat)
        .await
        .map_err(|error| Error::from_core(attempted, error))?;
    let (_, _, body) = response.deconstruct();
    Ok(body.into())
}

async fn stream(http: &HttpClient, attempted: &str, request: Request) -> Result<AsyncRawResponse> {
    http.stream(request, Repeat::ByMethod)
        .await
        .map_err(|error| Error::from_core(attempted, error))
}

/// Reads JSON of the service.
pub(crate) fn parse<T: DeserializeOwned>(attempted: &str, body: &[u8]) -> Result<T> {
    serde_json::from_slice(body).map_err(|error| Error::UnexpectedResponse {
        attempted: attempted.to_owned(),
        reason: redact::text(&error.to_string()),
    })
}

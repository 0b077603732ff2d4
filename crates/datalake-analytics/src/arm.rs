//! Requests below one base address: paths, the api-version, JSON in and out.

use std::sync::Arc;

use azml_auth::directory::BearerPolicy;
use azml_core::{
    clock::Clock,
    endpoint,
    http::{ErrorMapper, HttpClient, HttpClientParts, Repeat},
    operation::Operation,
    paging,
};
use azure_core::{
    credentials::TokenCredential,
    http::{Method, RawResponse, Request, Url, headers},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::{ClientOptions, Items, Result};

/// A service at one base address, with one api-version.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    pub(crate) http: HttpClient,
    base: Url,
    version: &'static str,
    clock: Arc<dyn Clock>,
}

impl Service {
    pub(crate) fn new(
        base: Url,
        version: &'static str,
        scope: &str,
        credential: &Arc<dyn TokenCredential>,
        options: &ClientOptions,
        map_error: ErrorMapper,
    ) -> Self {
        let policy = BearerPolicy::new(
            Arc::clone(credential),
            scope,
            base.clone(),
            options.insecure_loopback,
        );
        Self {
            http: HttpClient::new(HttpClientParts {
                crate_name: env!("CARGO_PKG_NAME"),
                crate_version: env!("CARGO_PKG_VERSION"),
                options: options.client_options.clone(),
                per_call: Vec::new(),
                per_try: vec![Arc::new(policy)],
                map_error,
            }),
            base,
            version,
            clock: Arc::clone(&options.clock),
        }
    }

    /// The same service with another api-version.
    pub(crate) fn with_version(&self, version: &'static str) -> Self {
        Self {
            version,
            ..self.clone()
        }
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    pub(crate) fn url(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Url> {
        let mut url = endpoint::join(&self.base, path)?;
        url.query_pairs_mut()
            .append_pair("api-version", self.version)
            .extend_pairs(query);
        Ok(url)
    }

    fn request(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<&impl Serialize>,
    ) -> Result<Request> {
        let mut request = Request::new(self.url(path, query)?, method);
        request.insert_header(headers::ACCEPT, "application/json");
        match body {
            Some(body) => {
                let text = serde_json::to_vec(body).map_err(|error| {
                    azml_core::Error::new(
                        azml_core::ErrorKind::InvalidArgument,
                        "the request cannot be written as JSON",
                    )
                    .with_source(error)
                })?;
                request.insert_header(headers::CONTENT_TYPE, "application/json");
                request.set_body(text);
            }
            None if method != Method::Get && method != Method::Head => {
                request.insert_header(headers::CONTENT_LENGTH, "0");
            }
            None => {}
        }
        Ok(request)
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &[&str]) -> Result<T> {
        self.get_with(path, &[]).await
    }

    pub(crate) async fn put<T: DeserializeOwned>(
        &self,
        path: &[&str],
        body: &impl Serialize,
    ) -> Result<T> {
        let request = self.request(Method::Put, path, &[], Some(body))?;
        Ok(self.http.send_json(request, Repeat::ByMethod).await?)
    }

    pub(crate) async fn patch<T: DeserializeOwned>(
        &self,
        path: &[&str],
        body: &impl Serialize,
    ) -> Result<T> {
        let request = self.request(Method::Patch, path, &[], Some(body))?;
        // Every change here names the values that are to be: twice is once.
        Ok(self.http.send_json(request, Repeat::Always).await?)
    }

    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &[&str],
        body: &impl Serialize,
    ) -> Result<T> {
        let request = self.request(Method::Post, path, &[], Some(body))?;
        Ok(self.http.send_json(request, Repeat::Always).await?)
    }

    pub(crate) async fn get_with<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<T> {
        let request = self.request(Method::Get, path, query, None::<&()>)?;
        Ok(self.http.send_json(request, Repeat::ByMethod).await?)
    }

    /// A request whose answer has no body that matters.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<&impl Serialize>,
        repeat: Repeat,
    ) -> Result<RawResponse> {
        let request = self.request(method, path, query, body)?;
        Ok(self.http.send(request, repeat).await?)
    }

    /// A request without a body that is answered without one.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &[&str],
        repeat: Repeat,
    ) -> Result<RawResponse> {
        self.send(method, path, &[], None::<&()>, repeat).await
    }

    /// Begins a long-running operation.
    pub(crate) async fn begin<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &[&str],
        body: Option<&impl Serialize>,
    ) -> Result<Operation<T>> {
        let request = self.request(method, path, &[], body)?;
        Ok(Operation::begin(&self.http, request, Arc::clone(&self.clock)).await?)
    }

    /// The items of a list.
    pub(crate) fn list<T: DeserializeOwned + Send + 'static>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Items<T>> {
        use futures::{StreamExt as _, TryStreamExt as _};
        let items = paging::items(self.http.clone(), self.url(path, query)?);
        Ok(items.map_err(crate::Error::from).boxed())
    }
}

//! The HTTP clients of a workspace: Azure Resource Manager, and the services that
//! discovery names.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use azml_core::clock::Clock;
use azml_core::endpoint;
use azml_core::http::{ErrorResponse, HttpClient, HttpClientParts, Repeat};
use azure_core::credentials::TokenCredential;
use azure_core::http::policies::auth::BearerTokenAuthorizationPolicy;
use azure_core::http::{ClientOptions, Method, Request, Url};
use time::{Duration, OffsetDateTime};
use tokio::sync::Mutex;

use super::{WorkspaceDetails, WorkspaceScope};
use crate::error::{Error, Result};

/// The version of the workspace resource that is asked for.
pub(super) const WORKSPACE_VERSION: &str = "2022-05-01";
/// How long discovered addresses are kept.
const DISCOVERED_FOR: Duration = Duration::hours(1);
/// The name under which discovery lists the service of the datastores.
const HISTORY: &str = "history";

/// The clients and what was discovered.
pub(crate) struct Services {
    arm: Url,
    fixed: Option<Url>,
    signed: HttpClient,
    unsigned: HttpClient,
    clock: Arc<dyn Clock>,
    discovered: Mutex<Option<(OffsetDateTime, Url)>>,
}

impl Services {
    pub(super) fn new(
        arm: Url,
        fixed: Option<Url>,
        (credential, scopes): (Arc<dyn TokenCredential>, String),
        options: ClientOptions,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let client = |per_try| {
            HttpClient::new(HttpClientParts {
                crate_name: env!("CARGO_PKG_NAME"),
                crate_version: env!("CARGO_PKG_VERSION"),
                options: options.clone(),
                per_call: Vec::new(),
                per_try,
                map_error: ErrorResponse::to_error,
            })
        };
        let bearer = BearerTokenAuthorizationPolicy::new(credential, [scopes]);
        Self {
            arm,
            fixed,
            signed: client(vec![Arc::new(bearer)]),
            unsigned: client(Vec::new()),
            clock,
            discovered: Mutex::new(None),
        }
    }

    /// Azure Resource Manager.
    pub(super) fn arm(&self) -> &Url {
        &self.arm
    }

    /// The client that signs, for both contracts.
    pub(crate) fn client(&self) -> &HttpClient {
        &self.signed
    }

    /// The client without a credential, for addresses that carry their own.
    pub(crate) fn anonymous(&self) -> &HttpClient {
        &self.unsigned
    }

    /// An address below the workspace in Azure Resource Manager.
    pub(crate) fn arm_url(
        &self,
        scope: &WorkspaceScope,
        segments: &[&str],
        version: &str,
    ) -> Result<Url> {
        let all: Vec<&str> = scope.segments().iter().chain(segments).copied().collect();
        let mut url = endpoint::join(&self.arm, &all)?;
        url.query_pairs_mut().append_pair("api-version", version);
        Ok(url)
    }

    /// Whether an address that a server gave is Azure Resource Manager's own, so that the
    /// token may go there.
    pub(crate) fn is_arm(&self, url: &Url) -> bool {
        endpoint::same_origin(url, &self.arm)
    }

    /// The base address of the service that keeps the datastores.
    pub(crate) async fn history(&self, scope: &WorkspaceScope) -> Result<Url> {
        if let Some(url) = &self.fixed {
            return Ok(endpoint::parse(url.as_str())?);
        }
        let now = self.clock.now();
        let mut discovered = self.discovered.lock().await;
        if let Some((at, url)) = &*discovered
            && *at + DISCOVERED_FOR > now
        {
            return Ok(url.clone());
        }
        let url = self.discover(scope).await?;
        *discovered = Some((now, url.clone()));
        Ok(url)
    }

    async fn discover(&self, scope: &WorkspaceScope) -> Result<Url> {
        let details = self.details(scope).await?;
        let invalid = |text: &str| {
            Error::Service(azml_core::Error::new(
                azml_core::ErrorKind::InvalidData,
                text,
            ))
        };
        let discovery = details
            .properties
            .discovery_url
            .as_deref()
            .and_then(|text| Url::parse(text).ok())
            .ok_or_else(|| invalid("the workspace names no discovery address"))?;
        // Without the token: the address may be anywhere.
        let request = Request::new(discovery, Method::Get);
        let services: HashMap<String, String> =
            self.unsigned.send_json(request, Repeat::ByMethod).await?;
        let history = services
            .get(HISTORY)
            .ok_or_else(|| invalid("discovery names no history service"))?;
        Ok(endpoint::parse(history)?)
    }

    /// The workspace's resource.
    pub(super) async fn details(&self, scope: &WorkspaceScope) -> Result<WorkspaceDetails> {
        let url = self.arm_url(scope, &[], WORKSPACE_VERSION)?;
        let request = Request::new(url, Method::Get);
        Ok(self.signed.send_json(request, Repeat::ByMethod).await?)
    }
}

impl fmt::Debug for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Services")
            .field("arm", &self.arm.as_str())
            .finish_non_exhaustive()
    }
}

//! What a service can ask about the request it serves, beside its own parts.

use std::{convert::Infallible, net::IpAddr};

use axum::{
    extract::FromRequestParts,
    http::{Uri, header, request::Parts},
};
use uuid::Uuid;

/// The scheme the client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// Without TLS.
    Http,
    /// With TLS.
    Https,
}

impl Scheme {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// The address a request came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// The id of one request, also sent in `x-ms-request-id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RequestId(pub(crate) Uuid);

/// The first label of the host name, for services that are told apart by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostLabel(pub(crate) String);

/// Scheme and authority as the client wrote them: absolute URLs in answers
/// begin with it, so that the client can reach them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) scheme: Scheme,
    pub(crate) authority: String,
}

impl Origin {
    /// `scheme://authority`, without a slash at the end.
    pub(crate) fn base(&self) -> String {
        format!("{}://{}", self.scheme.as_str(), self.authority)
    }
}

/// The authority a request names: its own in HTTP/2, the `Host` header before.
pub(super) fn authority<'a>(uri: &'a Uri, headers: &'a header::HeaderMap) -> Option<&'a str> {
    uri.authority()
        .map(axum::http::uri::Authority::as_str)
        .or_else(|| headers.get(header::HOST)?.to_str().ok())
        .filter(|authority| !authority.is_empty())
}

impl<S: Sync> FromRequestParts<S> for Origin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts
            .extensions
            .get::<Self>()
            .cloned()
            .unwrap_or_else(|| Self {
                scheme: Scheme::Http,
                authority: "localhost".to_owned(),
            }))
    }
}

impl<S: Sync> FromRequestParts<S> for RequestId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts
            .extensions
            .get::<Self>()
            .copied()
            .unwrap_or(Self(Uuid::nil())))
    }
}

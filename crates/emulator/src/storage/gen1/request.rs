//! One request: what its query and body ask for.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::acl::parse_permission;
use super::error::{FsError, Result};
use super::namespace::{Operation, WriteOptions};
use super::query::{Query, decode, invalid};
use super::tree::{Actor, Path};
use crate::http::ToAccount;

/// A request to the file system of a store.
pub(super) struct Request {
    pub(super) query: Query,
    pub(super) path: Path,
    pub(super) received: ToAccount,
    pub(super) actor: Actor,
    /// Id under which the store's nodes are kept.
    pub(super) store: String,
}

#[derive(Deserialize)]
struct Sources {
    sources: Vec<String>,
}

impl Request {
    pub(super) fn operation(&self) -> Operation<'_> {
        Operation {
            store: &self.store,
            actor: &self.actor,
        }
    }

    pub(super) fn address(&self) -> String {
        let path = self
            .received
            .uri
            .path_and_query()
            .map_or("/", |it| it.as_str());
        format!("{}{path}", self.received.origin.base())
    }

    /// Asks for the same request again with the flag that carries data.
    pub(super) fn redirect(&self, flag: &str) -> Response {
        let mut response = StatusCode::TEMPORARY_REDIRECT.into_response();
        if let Ok(location) = HeaderValue::from_str(&format!("{}&{flag}=true", self.address())) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        response
    }

    pub(super) fn permission(&self) -> Result<Option<u16>> {
        self.query
            .get("permission")
            .map(parse_permission)
            .transpose()
    }

    pub(super) fn write_options(&self) -> Result<WriteOptions> {
        let close = match self
            .query
            .get("syncflag")
            .map(str::to_ascii_uppercase)
            .as_deref()
        {
            None | Some("CLOSE") => true,
            Some("DATA" | "METADATA") => false,
            Some(other) => return Err(invalid("syncflag", other)),
        };
        Ok(WriteOptions {
            overwrite: self.query.flag("overwrite")?,
            permission: self.permission()?,
            lease: self.query.get("leaseid").map(str::to_owned),
            close,
        })
    }

    /// Sources of a concatenation: in the query, as JSON, or as `sources=a,b` text.
    pub(super) fn sources(&self) -> Result<Vec<Path>> {
        if let Some(sources) = self.query.get("sources") {
            return sources.split(',').map(Path::parse).collect();
        }
        let refuse = || FsError::argument("The sources to concatenate are missing or malformed.");
        let json = self
            .received
            .headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.starts_with("application/json"));
        let text = std::str::from_utf8(&self.received.body).map_err(|_| refuse())?;
        if json {
            let body: Sources = serde_json::from_str(text).map_err(|_| refuse())?;
            return body
                .sources
                .iter()
                .map(|source| Path::parse(source))
                .collect();
        }
        let list = text.trim().strip_prefix("sources=").ok_or_else(refuse)?;
        list.split(',')
            .map(|source| Path::parse(&decode(source)?))
            .collect()
    }
}

//! Operations that only look: contents, listings, status, access.

use axum::Json;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::acl::parse_rights;
use super::error::Result;
use super::query::invalid;
use super::request::Request;
use super::routes::Gen1;
use super::tree::Node;

/// Most entries of one listing.
const MAX_PAGE: usize = 4000;
const BLOCK_SIZE: u64 = 268_435_456;

impl Gen1 {
    pub(super) fn open(&self, request: Request) -> Result<Response> {
        if !request.query.flag("read")? {
            return Ok(request.redirect("read"));
        }
        let offset = request.query.number("offset")?.unwrap_or(0);
        let length = request.query.number("length")?;
        let (plan, range) = self.state.store.read(|snapshot| {
            request
                .operation()
                .read(snapshot, &request.path, offset, length)
        })?;
        let mut response = Body::from_stream(plan.stream(self.state.files.clone())).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/octet-stream"),
        );
        headers.insert(
            header::CONTENT_LENGTH,
            HeaderValue::from(range.end - range.start),
        );
        Ok(response)
    }

    pub(super) fn list(&self, request: &Request) -> Result<Response> {
        let query = &request.query;
        let wanted = query
            .number("listsize")?
            .and_then(|size| usize::try_from(size).ok());
        let size = wanted.unwrap_or(MAX_PAGE).clamp(1, MAX_PAGE);
        let mut entries = self.state.store.read(|snapshot| {
            request.operation().list(
                snapshot,
                &request.path,
                query.get("listafter"),
                query.get("listbefore"),
                size + 1,
            )
        })?;
        let more = entries.len() > size;
        entries.truncate(size);
        let token = entries
            .last()
            .filter(|_| more)
            .map(|(name, _)| name.clone())
            .unwrap_or_default();
        let shown: Vec<Value> = entries
            .iter()
            .map(|(name, node)| status(name, node))
            .collect();
        Ok(
            Json(json!({ "FileStatuses": { "continuationToken": token, "FileStatus": shown } }))
                .into_response(),
        )
    }

    pub(super) fn status(&self, request: &Request) -> Result<Response> {
        let node = self.node(request)?;
        Ok(Json(json!({ "FileStatus": status("", &node) })).into_response())
    }

    fn node(&self, request: &Request) -> Result<Node> {
        let (_, node) = self
            .state
            .store
            .read(|snapshot| request.operation().open(snapshot, &request.path, 0))?;
        Ok(node)
    }

    pub(super) fn summary(&self, request: &Request) -> Result<Response> {
        let summary = self
            .state
            .store
            .read(|snapshot| request.operation().summary(snapshot, &request.path))?;
        Ok(Json(json!({
            "ContentSummary": {
                "directoryCount": summary.directories,
                "fileCount": summary.files,
                "length": summary.length,
                "quota": -1,
                "spaceConsumed": summary.length,
                "spaceQuota": -1,
            }
        }))
        .into_response())
    }

    pub(super) fn acl_status(&self, request: &Request) -> Result<Response> {
        let node = self.node(request)?;
        Ok(Json(json!({
            "AclStatus": {
                "entries": node.acl.entries(),
                "owner": node.owner,
                "group": node.group,
                "permission": node.acl.permission(),
                "stickyBit": node.acl.sticky,
            }
        }))
        .into_response())
    }

    pub(super) fn check_access(&self, request: &Request) -> Result<Response> {
        let text = request.query.required("fsaction")?;
        let rights = parse_rights(text).ok_or_else(|| invalid("fsaction", text))?;
        let node = self.node(request)?;
        request.operation().check(&node, rights, &request.path)?;
        Ok(StatusCode::OK.into_response())
    }
}

/// One `FileStatus`.
fn status(name: &str, node: &Node) -> Value {
    let mut shown = json!({
        "length": node.length.unwrap_or(0),
        "pathSuffix": name,
        "type": if node.is_directory() { "DIRECTORY" } else { "FILE" },
        "blockSize": if node.is_directory() { 0 } else { BLOCK_SIZE },
        "accessTime": node.accessed,
        "modificationTime": node.modified,
        "replication": i32::from(!node.is_directory()),
        "permission": node.acl.permission(),
        "owner": node.owner,
        "group": node.group,
        "aclBit": node.acl.is_extended(),
    });
    if !node.is_directory() {
        shown["msExpirationTime"] = node.expires.into();
    }
    shown
}

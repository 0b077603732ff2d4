//! Download links: signed blob URLs that need no token, until they expire.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Path, Request, State as AxumState},
    http::{HeaderMap, HeaderValue, Response, StatusCode, header},
    response::IntoResponse,
};
use azml_auth::storage::{
    AccountKey, SasBuilder, SasFields, SasPermissions, SasService, SasTarget, SharedKey, http_date,
};
use time::OffsetDateTime;

use super::{Studio, content, model::Dataset, refusal::Refusal, tables, wire::Location};
use crate::{
    StartError,
    http::{Origin, RequestId, Wanted},
};

/// The path below which the blobs are.
pub(super) const BLOBS: &str = "/studio-storage";
/// The account that links are signed for; a name only.
const ACCOUNT: &str = "azmlstudio";
const CONTAINER: &str = "uploadedresources";

/// Signs and checks links.
#[derive(Debug, Clone)]
pub(super) struct Links {
    key: Arc<SharedKey>,
}

/// Signs links that begin as the client's own request did.
pub(super) struct LinksFrom<'a> {
    links: &'a Links,
    base: String,
    expires: OffsetDateTime,
}

impl Links {
    /// `key` is base64.
    pub(super) fn new(key: &str) -> Result<Self, StartError> {
        let key = AccountKey::from_base64(key).map_err(|error| StartError::Service {
            service: "studio",
            reason: error.to_string(),
        })?;
        Ok(Self {
            key: Arc::new(SharedKey::new(ACCOUNT, key)),
        })
    }

    /// Links for one answer; all of them expire at the same time.
    pub(super) fn until(&self, expires: OffsetDateTime, origin: &Origin) -> LinksFrom<'_> {
        LinksFrom {
            links: self,
            base: format!("{}{BLOBS}/", origin.base()),
            expires,
        }
    }

    /// Whether `query` allows to read the blob now.
    fn check(&self, query: &str, container: &str, blob: &str, now: OffsetDateTime) -> bool {
        let Ok(Some((fields, signature))) = SasFields::parse(query) else {
            return false;
        };
        let target = SasTarget {
            service: SasService::Blob,
            container,
            path: blob,
            snapshot: "",
        };
        let alive =
            matches!(SasFields::parse_time(fields.get("se")), Ok(Some(expiry)) if now < expiry);
        let readable = fields
            .permissions()
            .is_ok_and(|permissions| permissions.contains(SasPermissions::READ));
        let signed = fields
            .resource_string_to_sign(ACCOUNT, &target)
            .is_ok_and(|text| self.key.key().verify(&text, &signature));
        alive && readable && signed
    }
}

impl LinksFrom<'_> {
    /// The location of the blob at `path`, which is `container/blob`.
    pub(super) fn location(&self, path: &str, size: u64) -> Location {
        let (container, blob) = path.split_once('/').unwrap_or((CONTAINER, path));
        let signed = SasBuilder::blob(container, blob)
            .permissions(SasPermissions::READ)
            .expires(self.expires)
            .sign(&self.links.key);
        let credential = match signed {
            Ok(token) => format!("?{}", token.expose()),
            Err(error) => {
                tracing::error!(%error, "a download link could not be signed");
                String::new()
            }
        };
        Location {
            base_uri: self.base.clone(),
            size,
            name: String::new(),
            endpoint_type: "AzureBlobContainer",
            credential_container: String::new(),
            access_credential: credential,
            location: path.to_owned(),
            file_type: String::new(),
            is_auxiliary: false,
        }
    }
}

/// Serves a blob to whoever has its link.
pub(super) async fn download(
    AxumState(studio): AxumState<Studio>,
    Path((container, blob)): Path<(String, String)>,
    id: RequestId,
    request: Request,
) -> Response<Body> {
    let now = studio.context.state.clock.now();
    let query = request.uri().query().unwrap_or_default();
    let allowed = !studio.context.config.check_credentials
        || studio.links.check(query, &container, &blob, now);
    if !allowed {
        return BlobError::AuthenticationFailed.render(id, now);
    }
    let dataset = studio
        .context
        .state
        .store
        .read(|txn| tables::dataset(txn, &blob));
    match dataset {
        Ok(Some(dataset)) if container == CONTAINER => {
            send(&studio, &dataset, request.headers(), id).await
        }
        Ok(_) => BlobError::BlobNotFound.render(id, now),
        Err(error) => Refusal::from(error).render(id, now),
    }
}

async fn send(
    studio: &Studio,
    dataset: &Dataset,
    headers: &HeaderMap,
    id: RequestId,
) -> Response<Body> {
    let now = studio.context.state.clock.now();
    let length = dataset.content.length();
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let wanted = Wanted::parse(header("x-ms-range").or(header("range")), length);
    let (status, range) = match wanted {
        Wanted::Whole => (StatusCode::OK, 0..length),
        Wanted::Part(range) => (StatusCode::PARTIAL_CONTENT, range),
        Wanted::Nothing => return BlobError::InvalidRange(length).render(id, now),
    };
    let body =
        match content::send(&studio.context.state.files, &dataset.content, range.clone()).await {
            Ok(body) => body,
            Err(refusal) => return refusal.render(id, now),
        };
    let created = OffsetDateTime::from_unix_timestamp(dataset.created.0 / 1000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let mut response = (
        status,
        [
            (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
            (
                header::CONTENT_LENGTH,
                (range.end - range.start).to_string(),
            ),
            (header::ACCEPT_RANGES, "bytes".to_owned()),
            (header::LAST_MODIFIED, http_date(created)),
            (
                header::ETAG,
                format!("\"0x{:X}{:04X}\"", dataset.created.0, dataset.version),
            ),
        ],
        body,
    )
        .into_response();
    let extra = response.headers_mut();
    extra.insert("x-ms-blob-type", HeaderValue::from_static("BlockBlob"));
    if status == StatusCode::PARTIAL_CONTENT
        && let Ok(value) =
            HeaderValue::from_str(&format!("bytes {}-{}/{length}", range.start, range.end - 1))
    {
        extra.insert(header::CONTENT_RANGE, value);
    }
    response
}

/// Errors in the form of blob storage.
enum BlobError {
    AuthenticationFailed,
    BlobNotFound,
    /// With the length of the blob.
    InvalidRange(u64),
}

impl BlobError {
    fn render(&self, id: RequestId, now: OffsetDateTime) -> Response<Body> {
        let (status, code, message) = match self {
            Self::AuthenticationFailed => (
                StatusCode::FORBIDDEN,
                "AuthenticationFailed",
                "Server failed to authenticate the request. Make sure the link is complete and \
                 has not expired.",
            ),
            Self::BlobNotFound => (
                StatusCode::NOT_FOUND,
                "BlobNotFound",
                "The specified blob does not exist.",
            ),
            Self::InvalidRange(_) => (
                StatusCode::RANGE_NOT_SATISFIABLE,
                "InvalidRange",
                "The range specified is invalid for the current size of the resource.",
            ),
        };
        let time = now
            .format(&time::format_description::well_known::Rfc3339)
            .unwrap_or_default();
        let text = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{code}</Code>\
             <Message>{message}\nRequestId:{}\nTime:{time}</Message></Error>",
            id.0
        );
        let mut response =
            (status, [(header::CONTENT_TYPE, "application/xml")], text).into_response();
        let headers = response.headers_mut();
        headers.insert("x-ms-error-code", HeaderValue::from_static(code));
        if let Self::InvalidRange(length) = self
            && let Ok(value) = HeaderValue::from_str(&format!("bytes */{length}"))
        {
            headers.insert(header::CONTENT_RANGE, value);
        }
        response
    }
}

//! A blob service that only remembers: no checks, no disk, so that clients are what is measured.
//! With a delay it answers as one does that is far away.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use azml_core::clock::{Clock, SystemClock};
use percent_encoding::percent_decode_str;

const PAGE: usize = 5000;
const DATE: &str = "Sat, 01 Aug 2026 00:00:00 GMT";
const ETAG: &str = "\"0x1\"";

#[derive(Default)]
struct Stored {
    /// Each in the pieces that it was sent in.
    blobs: BTreeMap<String, Vec<Bytes>>,
    /// Blocks that belong to no blob yet, by blob and id.
    blocks: HashMap<String, HashMap<String, Bytes>>,
}

#[derive(Clone)]
struct Server {
    stored: Arc<Mutex<Stored>>,
    delay: Duration,
}

/// Serves until the process ends; prints the address first.
#[expect(clippy::print_stdout, reason = "the address is for whoever started it")]
pub(super) async fn serve(delay: Duration) -> Result<()> {
    let server = Server {
        stored: Arc::default(),
        delay,
    };
    let router = Router::new()
        .fallback(answer)
        .layer(DefaultBodyLimit::disable())
        .with_state(server);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    let listener = axum::serve::ListenerExt::tap_io(listener, |stream| {
        // Small answers must not wait for the next one.
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, router).await?;
    Ok(())
}

async fn answer(
    State(server): State<Server>,
    Query(query): Query<HashMap<String, String>>,
    request: Request,
) -> Response {
    if !server.delay.is_zero() {
        SystemClock.sleep(server.delay).await;
    }
    let (parts, body) = request.into_parts();
    // The account, the container, and the name.
    let path = parts.uri.path().trim_start_matches('/');
    let mut path = path.splitn(3, '/').skip(2);
    let name = path.next().unwrap_or_default();
    let name = percent_decode_str(name).decode_utf8_lossy().into_owned();
    let comp = query.get("comp").map_or("", String::as_str);
    match (parts.method.clone(), comp) {
        (Method::PUT, _) => {
            let Ok(body) = axum::body::to_bytes(body, usize::MAX).await else {
                return StatusCode::BAD_REQUEST.into_response();
            };
            server.put(&name, &query, body, &parts.headers)
        }
        (Method::GET, "list") => server.list(&query),
        (Method::GET | Method::HEAD, _) => server.get(&name, &parts.method, &parts.headers),
        (Method::DELETE, _) => {
            server.stored().blobs.remove(&name);
            StatusCode::ACCEPTED.into_response()
        }
        _ => StatusCode::NOT_IMPLEMENTED.into_response(),
    }
}

impl Server {
    fn stored(&self) -> MutexGuard<'_, Stored> {
        self.stored.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(
        &self,
        name: &str,
        query: &HashMap<String, String>,
        body: Bytes,
        headers: &HeaderMap,
    ) -> Response {
        let mut stored = self.stored();
        let keep = headers.get(header::IF_NONE_MATCH).is_some();
        match query.get("comp").map(String::as_str) {
            _ if query.get("restype").is_some() => {}
            Some("block") => {
                let id = query.get("blockid").cloned().unwrap_or_default();
                stored
                    .blocks
                    .entry(name.to_owned())
                    .or_default()
                    .insert(id, body);
            }
            Some("blocklist") => {
                let list = String::from_utf8_lossy(&body).into_owned();
                let mut blocks = stored.blocks.remove(name).unwrap_or_default();
                let ids = list.split('<').filter_map(|element| {
                    let (kind, id) = element.split_once('>')?;
                    matches!(kind, "Latest" | "Uncommitted").then_some(id.trim())
                });
                let pieces = ids.filter_map(|id| blocks.remove(id)).collect();
                stored.blobs.insert(name.to_owned(), pieces);
            }
            _ if keep && stored.blobs.contains_key(name) => {
                let code = [("x-ms-error-code", "BlobAlreadyExists")];
                return (StatusCode::CONFLICT, code).into_response();
            }
            _ => {
                stored.blobs.insert(name.to_owned(), vec![body]);
            }
        }
        let said = [(header::ETAG, ETAG), (header::LAST_MODIFIED, DATE)];
        (StatusCode::CREATED, said).into_response()
    }

    fn get(&self, name: &str, method: &Method, headers: &HeaderMap) -> Response {
        let Some(pieces) = self.stored().blobs.get(name).cloned() else {
            let code = [("x-ms-error-code", "BlobNotFound")];
            return (StatusCode::NOT_FOUND, code).into_response();
        };
        let length: usize = pieces.iter().map(Bytes::len).sum();
        let range = headers.get("x-ms-range").or(headers.get(header::RANGE));
        let range = range.and_then(|range| {
            let (first, last) = range
                .to_str()
                .ok()?
                .strip_prefix("bytes=")?
                .split_once('-')?;
            let last = last.parse().map_or(length, |last: usize| last + 1);
            Some(first.parse().ok()?..last.min(length))
        });
        let (status, range) = match range {
            Some(range) => (StatusCode::PARTIAL_CONTENT, range),
            None => (StatusCode::OK, 0..length),
        };
        let mut response = Response::new(if *method == Method::HEAD {
            Body::empty()
        } else {
            body(&pieces, range.clone())
        });
        *response.status_mut() = status;
        let mut say = |name: &'static str, value: String| {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(name, value);
            }
        };
        say("content-length", range.len().to_string());
        say("etag", ETAG.to_owned());
        say("last-modified", DATE.to_owned());
        say("x-ms-blob-type", "BlockBlob".to_owned());
        say("content-type", "application/octet-stream".to_owned());
        say("accept-ranges", "bytes".to_owned());
        if status == StatusCode::PARTIAL_CONTENT {
            let (first, last) = (range.start, range.end.saturating_sub(1));
            say("content-range", format!("bytes {first}-{last}/{length}"));
        }
        response
    }

    fn list(&self, query: &HashMap<String, String>) -> Response {
        let text = |name: &str| query.get(name).map_or("", String::as_str);
        let (prefix, marker) = (text("prefix"), text("marker"));
        let page = text("maxresults").parse().unwrap_or(PAGE).min(PAGE);
        let first = if marker > prefix { marker } else { prefix };
        let stored = self.stored();
        let from = (Bound::Included(first.to_owned()), Bound::Unbounded);
        let found = stored.blobs.range(from);
        let mut found = found.take_while(|(name, _)| name.starts_with(prefix));
        let mut xml =
            String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults><Blobs>");
        for (name, pieces) in found.by_ref().take(page) {
            let length: usize = pieces.iter().map(Bytes::len).sum();
            // Names of the measurement have nothing that XML would have to escape.
            let _ = write!(
                xml,
                "<Blob><Name>{name}</Name><Properties><Creation-Time>{DATE}</Creation-Time>\
                 <Last-Modified>{DATE}</Last-Modified><Etag>0x1</Etag>\
                 <Content-Length>{length}</Content-Length>\
                 <Content-Type>application/octet-stream</Content-Type>\
                 <BlobType>BlockBlob</BlobType><AccessTier>Hot</AccessTier>\
                 <LeaseStatus>unlocked</LeaseStatus><LeaseState>available</LeaseState>\
                 <ServerEncrypted>true</ServerEncrypted></Properties></Blob>"
            );
        }
        let next = found.next().map_or("", |(name, _)| name);
        let _ = write!(
            xml,
            "</Blobs><NextMarker>{next}</NextMarker></EnumerationResults>"
        );
        ([(header::CONTENT_TYPE, "application/xml")], xml).into_response()
    }
}

/// The bytes of a range, without a copy of them.
fn body(pieces: &[Bytes], range: std::ops::Range<usize>) -> Body {
    let mut start = 0;
    let mut parts = Vec::new();
    for piece in pieces {
        let end = start + piece.len();
        let (first, last) = (range.start.max(start), range.end.min(end));
        if first < last {
            parts.push(Ok::<_, std::convert::Infallible>(
                piece.slice(first - start..last - start),
            ));
        }
        start = end;
    }
    Body::from_stream(futures::stream::iter(parts))
}

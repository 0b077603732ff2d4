//! The WebHDFS surface of a store: one entry for every path, told apart by method and `op`.

use std::sync::Arc;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use serde::Deserialize;
use serde_json::{Value, json};

use super::acl::{parse_permission, parse_rights, parse_spec};
use super::content::Received;
use super::error::{FsError, Kind, Result};
use super::namespace::{Operation, WriteOptions, change_acl, set_owner};
use super::query::{Query, decode, invalid};
use super::tree::{Actor, Node, Path};
use crate::arm::accounts::{DATA_LAKE_STORES, find};
use crate::authority::{Authority, Plane};
use crate::http::{HostLabel, Origin, RequestId, Routes};
use crate::state::{State, WriteTxn};

/// Largest body of one request.
const MAX_BODY: usize = 30 << 20;
/// Most entries of one listing.
const MAX_PAGE: usize = 4000;
const BLOCK_SIZE: u64 = 268_435_456;
const VERSION: &str = "17.04.24.00";

/// What the file systems work with.
pub(crate) struct Gen1 {
    pub(crate) state: State,
    pub(crate) authority: Arc<Authority>,
    /// Whether access control lists bind callers; else everyone is super-user.
    pub(crate) enforce_acls: bool,
}

/// Path style: `/adls/{store}/webhdfs/v1/..`
pub(crate) fn routes(gen1: &Arc<Gen1>) -> Routes {
    let entry = {
        let gen1 = Arc::clone(gen1);
        any(move |uri: Uri, parts: Parts, body: Bytes| {
            let gen1 = Arc::clone(&gen1);
            async move {
                let mut segments = uri.path().trim_start_matches('/').splitn(3, '/');
                let store = segments.nth(1).unwrap_or_default().to_owned();
                let rest = segments.next().unwrap_or_default().to_owned();
                gen1.serve(&store, &rest, &uri, parts, body).await
            }
        })
    };
    Routes::new()
        .route("/adls/{store}/{*path}", entry)
        .map(|router| router.layer(DefaultBodyLimit::max(MAX_BODY)))
}

/// Host style: `{store}.azuredatalakestore.localhost/webhdfs/v1/..`
pub(crate) fn host_routes(gen1: &Arc<Gen1>) -> Routes {
    let entry = {
        let gen1 = Arc::clone(gen1);
        any(
            move |axum::Extension(label): axum::Extension<HostLabel>,
                  uri: Uri,
                  parts: Parts,
                  body: Bytes| {
                let gen1 = Arc::clone(&gen1);
                async move {
                    let rest = uri.path().trim_start_matches('/').to_owned();
                    gen1.serve(&label.0, &rest, &uri, parts, body).await
                }
            },
        )
    };
    Routes::new()
        .route("/{*path}", entry)
        .map(|router| router.layer(DefaultBodyLimit::max(MAX_BODY)))
}

/// What a request carries beside path and body.
#[derive(axum::extract::FromRequestParts)]
struct Parts {
    method: Method,
    headers: HeaderMap,
    origin: Origin,
    id: RequestId,
}

/// Which of the two prefixes a request came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Surface {
    WebHdfs,
    Extended,
}

impl Gen1 {
    async fn serve(
        &self,
        store: &str,
        rest: &str,
        uri: &Uri,
        parts: Parts,
        body: Bytes,
    ) -> Response {
        let now = self.state.clock.now();
        let time = now
            .format(&time::format_description::well_known::Rfc3339)
            .unwrap_or_default();
        let stamp = format!("[{}][{time}]", parts.id.0);
        let caller = match self.authority.authenticate(&parts.headers, Plane::DataLake) {
            Ok(caller) => caller,
            Err(refusal) => {
                let mut response =
                    FsError::new(Kind::Security, refusal.to_string()).respond(&stamp);
                let challenge = self.authority.challenge(&parts.origin.base(), &refusal);
                if let Ok(challenge) = HeaderValue::from_str(&challenge) {
                    response
                        .headers_mut()
                        .insert(header::WWW_AUTHENTICATE, challenge);
                }
                return response;
            }
        };
        let actor = Actor {
            object_id: caller.object_id,
            groups: caller.groups,
            restricted: self.enforce_acls,
            now: i64::try_from(now.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX),
        };
        match self.run(store, rest, uri, &parts, body, actor).await {
            Ok(mut response) => {
                let headers = response.headers_mut();
                headers.insert(
                    HeaderName::from_static("status"),
                    HeaderValue::from_static("0x0"),
                );
                headers.insert(
                    HeaderName::from_static("x-ms-webhdfs-version"),
                    HeaderValue::from_static(VERSION),
                );
                response
            }
            Err(error) => error.respond(&stamp),
        }
    }

    async fn run(
        &self,
        store: &str,
        rest: &str,
        uri: &Uri,
        parts: &Parts,
        body: Bytes,
        actor: Actor,
    ) -> Result<Response> {
        let (surface, path) = split(rest)?;
        let query = Query::read(uri.query())?;
        let store = self.store(store)?;
        let request = Request {
            query,
            path,
            uri,
            parts,
            body,
            actor,
            store,
        };
        let op = request
            .query
            .get("op")
            .ok_or_else(|| FsError::new(Kind::Unsupported, "The parameter 'op' is missing."))?
            .to_ascii_uppercase();
        match (surface, parts.method.as_str(), op.as_str()) {
            (_, "GET", "OPEN") => self.open(request),
            (_, "GET", "LISTSTATUS") => self.list(&request),
            (_, "GET", "GETFILESTATUS") => self.status(&request),
            (_, "GET", "GETCONTENTSUMMARY") => self.summary(&request),
            (_, "GET", "GETACLSTATUS" | "MSGETACLSTATUS") => self.acl_status(&request),
            (_, "GET", "CHECKACCESS") => self.check_access(&request),
            (_, "PUT", "MKDIRS") => self.make_directories(request).await,
            (_, "PUT", "CREATE") => self.create(request).await,
            (_, "PUT", "RENAME") => self.rename(request).await,
            (_, "PUT", "SETEXPIRY") => self.set_expiry(request).await,
            (
                _,
                "PUT",
                "SETPERMISSION" | "SETOWNER" | "SETACL" | "MODIFYACLENTRIES" | "REMOVEACLENTRIES"
                | "REMOVEACL" | "REMOVEDEFAULTACL",
            ) => self.change(request, &op).await,
            (_, "POST", "APPEND") => self.append(request).await,
            (Surface::Extended, "POST", "CONCURRENTAPPEND") => {
                self.concurrent_append(request).await
            }
            (_, "POST", "CONCAT" | "MSCONCAT") => self.concat(request).await,
            (_, "DELETE", "DELETE") => self.delete(request).await,
            _ => Err(FsError::new(
                Kind::Unsupported,
                format!(
                    "The operation {op} is not supported with the method {}.",
                    parts.method
                ),
            )),
        }
    }

    /// The id under which a store's nodes are kept.
    fn store(&self, name: &str) -> Result<String> {
        let found = self
            .state
            .store
            .read(|snapshot| find(snapshot, DATA_LAKE_STORES, name))?;
        found.map(|account| account.id).ok_or_else(|| {
            FsError::new(
                Kind::NotFound,
                format!("The Data Lake Store account '{name}' does not exist."),
            )
        })
    }

    async fn write<T: Send + 'static>(
        &self,
        request: &Request<'_>,
        work: impl FnOnce(&Operation<'_>, &mut WriteTxn<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (store, actor) = (request.store.clone(), request.actor.clone());
        self.state
            .store
            .write(move |transaction| {
                work(
                    &Operation {
                        store: &store,
                        actor: &actor,
                    },
                    transaction,
                )
            })
            .await
    }

    fn open(&self, request: Request<'_>) -> Result<Response> {
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

    fn list(&self, request: &Request<'_>) -> Result<Response> {
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

    fn status(&self, request: &Request<'_>) -> Result<Response> {
        let node = self.node(request)?;
        Ok(Json(json!({ "FileStatus": status("", &node) })).into_response())
    }

    fn node(&self, request: &Request<'_>) -> Result<Node> {
        let (_, node) = self
            .state
            .store
            .read(|snapshot| request.operation().open(snapshot, &request.path, 0))?;
        Ok(node)
    }

    fn summary(&self, request: &Request<'_>) -> Result<Response> {
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

    fn acl_status(&self, request: &Request<'_>) -> Result<Response> {
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

    fn check_access(&self, request: &Request<'_>) -> Result<Response> {
        let text = request.query.required("fsaction")?;
        let rights = parse_rights(text).ok_or_else(|| invalid("fsaction", text))?;
        let node = self.node(request)?;
        request.operation().check(&node, rights, &request.path)?;
        Ok(StatusCode::OK.into_response())
    }

    async fn make_directories(&self, request: Request<'_>) -> Result<Response> {
        let permission = request.permission()?;
        let (path, ids) = (request.path.clone(), self.state.ids.clone());
        self.write(&request, move |operation, transaction| {
            operation.make_directories(transaction, &ids, &path, permission)
        })
        .await?;
        Ok(boolean(true))
    }

    async fn create(&self, request: Request<'_>) -> Result<Response> {
        if !request.query.flag("write")? {
            return Ok(request.redirect("write"));
        }
        let options = request.write_options()?;
        let location = request.address();
        let body = Received::take(&self.state.files, request.body.clone()).await?;
        let (path, ids) = (request.path.clone(), self.state.ids.clone());
        self.write(&request, move |operation, transaction| {
            operation.create(transaction, &ids, &path, &options, body)
        })
        .await?;
        let mut response = StatusCode::CREATED.into_response();
        if let Ok(location) = HeaderValue::from_str(&location) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        Ok(response)
    }

    async fn append(&self, request: Request<'_>) -> Result<Response> {
        if !request.query.flag("append")? {
            return Ok(request.redirect("append"));
        }
        let options = request.write_options()?;
        let offset = request.query.number("offset")?;
        let body = Received::take(&self.state.files, request.body.clone()).await?;
        let path = request.path.clone();
        self.write(&request, move |operation, transaction| {
            operation.append(transaction, &path, offset, &options, body)
        })
        .await?;
        Ok(StatusCode::OK.into_response())
    }

    /// Appends without an offset, making the file when asked to.
    async fn concurrent_append(&self, request: Request<'_>) -> Result<Response> {
        let autocreate = request
            .query
            .get("appendmode")
            .is_some_and(|mode| mode.eq_ignore_ascii_case("autocreate"));
        let options = WriteOptions {
            close: true,
            ..request.write_options()?
        };
        let body = Received::take(&self.state.files, request.body.clone()).await?;
        let (path, ids) = (request.path.clone(), self.state.ids.clone());
        self.write(&request, move |operation, transaction| {
            match operation.open(transaction, &path, 0) {
                Err(error) if autocreate && error.kind == Kind::NotFound => {
                    operation.create(transaction, &ids, &path, &options, body)
                }
                Err(error) => Err(error),
                Ok(_) => operation.append(transaction, &path, None, &options, body),
            }
        })
        .await?;
        Ok(StatusCode::OK.into_response())
    }

    async fn concat(&self, request: Request<'_>) -> Result<Response> {
        let sources = request.sources()?;
        let remove_directory = request.query.flag("deletesourcedirectory")?;
        let (path, ids) = (request.path.clone(), self.state.ids.clone());
        self.write(&request, move |operation, transaction| {
            operation.concat(transaction, &ids, &path, &sources, remove_directory)
        })
        .await?;
        Ok(StatusCode::OK.into_response())
    }

    async fn delete(&self, request: Request<'_>) -> Result<Response> {
        let recursive = request.query.flag("recursive")?;
        let path = request.path.clone();
        self.write(&request, move |operation, transaction| {
            operation.delete(transaction, &path, recursive)
        })
        .await?;
        Ok(boolean(true))
    }

    async fn rename(&self, request: Request<'_>) -> Result<Response> {
        let to = Path::parse(request.query.required("destination")?)?;
        let overwrite = request
            .query
            .get("renameoptions")
            .is_some_and(|option| option.eq_ignore_ascii_case("overwrite"));
        let (path, ids) = (request.path.clone(), self.state.ids.clone());
        let moved = self
            .write(&request, move |operation, transaction| {
                operation.rename(transaction, &ids, &path, &to, overwrite)
            })
            .await?;
        Ok(boolean(moved))
    }

    async fn set_expiry(&self, request: Request<'_>) -> Result<Response> {
        let option = request.query.required("expiryoption")?.to_ascii_lowercase();
        let time = request
            .query
            .number("expiretime")?
            .and_then(|time| i64::try_from(time).ok());
        let now = request.actor.now;
        let path = request.path.clone();
        self.write(&request, move |operation, transaction| {
            operation.change(transaction, &path, |node| {
                if node.is_directory() {
                    return Err(FsError::argument("Only files can expire."));
                }
                let needed = || {
                    time.ok_or_else(|| {
                        FsError::argument("The required parameter 'expiretime' is missing.")
                    })
                };
                node.expires = match option.as_str() {
                    "neverexpire" => 0,
                    "relativetonow" => now.saturating_add(needed()?),
                    "relativetocreationdate" => node.created.saturating_add(needed()?),
                    "absolute" => needed()?,
                    other => return Err(invalid("expiryoption", other)),
                };
                Ok(())
            })
        })
        .await?;
        Ok(StatusCode::OK.into_response())
    }

    /// The operations that change one record: permissions, owner, access control.
    async fn change(&self, request: Request<'_>, op: &str) -> Result<Response> {
        let query = request.query.clone();
        let op = op.to_owned();
        let path = request.path.clone();
        let super_user = !request.actor.restricted;
        self.write(&request, move |operation, transaction| {
            operation.change(transaction, &path, |node| match op.as_str() {
                "SETPERMISSION" => {
                    let permission = parse_permission(query.required("permission")?)?;
                    node.acl.set_permission(permission);
                    Ok(())
                }
                "SETOWNER" => {
                    if !super_user {
                        return Err(FsError::new(
                            Kind::AccessControl,
                            "Only a super-user changes owners.",
                        ));
                    }
                    set_owner(node, query.get("owner"), query.get("group"));
                    Ok(())
                }
                "REMOVEACL" => {
                    node.acl.strip();
                    Ok(())
                }
                "REMOVEDEFAULTACL" => {
                    node.acl.strip_default();
                    Ok(())
                }
                _ => {
                    let spec = parse_spec(query.required("aclspec")?)?;
                    change_acl(node, |acl, directory| match op.as_str() {
                        "SETACL" => acl.replace(&spec, directory),
                        "MODIFYACLENTRIES" => acl.modify(&spec, directory),
                        _ => acl.remove(&spec),
                    })
                }
            })
        })
        .await?;
        Ok(StatusCode::OK.into_response())
    }
}

struct Request<'a> {
    query: Query,
    path: Path,
    uri: &'a Uri,
    parts: &'a Parts,
    body: Bytes,
    actor: Actor,
    store: String,
}

#[derive(Deserialize)]
struct Sources {
    sources: Vec<String>,
}

impl Request<'_> {
    fn operation(&self) -> Operation<'_> {
        Operation {
            store: &self.store,
            actor: &self.actor,
        }
    }

    fn address(&self) -> String {
        let path = self.uri.path_and_query().map_or("/", |it| it.as_str());
        format!("{}{path}", self.parts.origin.base())
    }

    /// Asks for the same request again with the flag that carries data.
    fn redirect(&self, flag: &str) -> Response {
        let mut response = StatusCode::TEMPORARY_REDIRECT.into_response();
        if let Ok(location) = HeaderValue::from_str(&format!("{}&{flag}=true", self.address())) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        response
    }

    fn permission(&self) -> Result<Option<u16>> {
        self.query
            .get("permission")
            .map(parse_permission)
            .transpose()
    }

    fn write_options(&self) -> Result<WriteOptions> {
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
    fn sources(&self) -> Result<Vec<Path>> {
        if let Some(sources) = self.query.get("sources") {
            return sources.split(',').map(Path::parse).collect();
        }
        let refuse = || FsError::argument("The sources to concatenate are missing or malformed.");
        let json = self
            .parts
            .headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.starts_with("application/json"));
        let text = std::str::from_utf8(&self.body).map_err(|_| refuse())?;
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

/// `webhdfs/v1/a/b` or `webhdfsext/a/b`: the surface and the path below it.
fn split(rest: &str) -> Result<(Surface, Path)> {
    let (first, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (surface, path) = if first.eq_ignore_ascii_case("webhdfsext") {
        (Surface::Extended, path)
    } else if first.eq_ignore_ascii_case("webhdfs") {
        let (version, path) = path.split_once('/').unwrap_or((path, ""));
        if !version.eq_ignore_ascii_case("v1") {
            return Err(FsError::new(
                Kind::Unsupported,
                "Only version v1 of WebHDFS is offered.",
            ));
        }
        (Surface::WebHdfs, path)
    } else {
        return Err(FsError::new(
            Kind::NotFound,
            format!("There is nothing at /{rest}."),
        ));
    };
    Ok((surface, Path::parse(&decode(path)?)?))
}

fn boolean(value: bool) -> Response {
    Json(json!({ "boolean": value })).into_response()
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

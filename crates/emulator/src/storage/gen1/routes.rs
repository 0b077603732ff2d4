//! The WebHDFS surface of a store: one entry for every path, told apart by method and `op`.

use std::sync::Arc;

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::Response;

use super::error::{FsError, Kind, Result};
use super::namespace::Operation;
use super::query::{Query, decode};
use super::request::Request;
use super::tree::{Actor, Path};
use crate::arm::accounts::{DATA_LAKE_STORES, find};
use crate::authority::{Authority, Plane};
use crate::http::{Routes, ToAccount, account_routes};
use crate::state::{State, WriteTxn};

/// Largest body of one request.
const MAX_BODY: usize = 30 << 20;
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
    account_routes("/adls/{store}/{*path}", MAX_BODY, gen1, serve)
}

/// Host style: `{store}.azuredatalakestore.localhost/webhdfs/v1/..`
pub(crate) fn host_routes(gen1: &Arc<Gen1>) -> Routes {
    account_routes("/{*path}", MAX_BODY, gen1, serve)
}

async fn serve(gen1: Arc<Gen1>, request: ToAccount) -> Response {
    gen1.serve(request).await
}

/// Which of the two prefixes a request came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Surface {
    WebHdfs,
    Extended,
}

impl Gen1 {
    async fn serve(&self, received: ToAccount) -> Response {
        let now = self.state.clock.now();
        let time = now
            .format(&time::format_description::well_known::Rfc3339)
            .unwrap_or_default();
        let stamp = format!("[{}][{time}]", received.id.0);
        let caller = match self
            .authority
            .authenticate(&received.headers, Plane::DataLake)
        {
            Ok(caller) => caller,
            Err(refusal) => {
                let mut response =
                    FsError::new(Kind::Security, refusal.to_string()).respond(&stamp);
                let challenge = self.authority.challenge(&received.origin.base(), &refusal);
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
        match self.run(received, actor).await {
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

    async fn run(&self, received: ToAccount, actor: Actor) -> Result<Response> {
        let (surface, path) = split(&received.rest)?;
        let request = Request {
            query: Query::read(received.uri.query())?,
            path,
            store: self.store(&received.account)?,
            received,
            actor,
        };
        let method = request.received.method.clone();
        let op = request
            .query
            .get("op")
            .ok_or_else(|| FsError::new(Kind::Unsupported, "The parameter 'op' is missing."))?
            .to_ascii_uppercase();
        match (surface, method.as_str(), op.as_str()) {
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
                format!("The operation {op} is not supported with the method {method}."),
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

    pub(super) async fn write<T: Send + 'static>(
        &self,
        request: &Request,
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

//! Operations that change a store: files, directories, and who may do what with them.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::acl::{parse_permission, parse_spec};
use super::content::Received;
use super::error::{FsError, Kind, Result};
use super::namespace::{WriteOptions, change_acl, set_owner};
use super::query::invalid;
use super::request::Request;
use super::routes::Gen1;
use super::tree::Path;

impl Gen1 {
    pub(super) async fn make_directories(&self, request: Request) -> Result<Response> {
        let permission = request.permission()?;
        let (path, ids) = (request.path.clone(), self.state.ids.clone());
        self.write(&request, move |operation, transaction| {
            operation.make_directories(transaction, &ids, &path, permission)
        })
        .await?;
        Ok(boolean(true))
    }

    pub(super) async fn create(&self, request: Request) -> Result<Response> {
        if !request.query.flag("write")? {
            return Ok(request.redirect("write"));
        }
        let options = request.write_options()?;
        let location = request.address();
        let body = Received::take(&self.state.files, request.received.body.clone()).await?;
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

    pub(super) async fn append(&self, request: Request) -> Result<Response> {
        if !request.query.flag("append")? {
            return Ok(request.redirect("append"));
        }
        let options = request.write_options()?;
        let offset = request.query.number("offset")?;
        let body = Received::take(&self.state.files, request.received.body.clone()).await?;
        let path = request.path.clone();
        self.write(&request, move |operation, transaction| {
            operation.append(transaction, &path, offset, &options, body)
        })
        .await?;
        Ok(StatusCode::OK.into_response())
    }

    /// Appends without an offset, making the file when asked to.
    pub(super) async fn concurrent_append(&self, request: Request) -> Result<Response> {
        let autocreate = request
            .query
            .get("appendmode")
            .is_some_and(|mode| mode.eq_ignore_ascii_case("autocreate"));
        let options = WriteOptions {
            close: true,
            ..request.write_options()?
        };
        let body = Received::take(&self.state.files, request.received.body.clone()).await?;
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

    pub(super) async fn concat(&self, request: Request) -> Result<Response> {
        let sources = request.sources()?;
        let remove_directory = request.query.flag("deletesourcedirectory")?;
        let (path, ids) = (request.path.clone(), self.state.ids.clone());
        self.write(&request, move |operation, transaction| {
            operation.concat(transaction, &ids, &path, &sources, remove_directory)
        })
        .await?;
        Ok(StatusCode::OK.into_response())
    }

    pub(super) async fn delete(&self, request: Request) -> Result<Response> {
        let recursive = request.query.flag("recursive")?;
        let path = request.path.clone();
        self.write(&request, move |operation, transaction| {
            operation.delete(transaction, &path, recursive)
        })
        .await?;
        Ok(boolean(true))
    }

    pub(super) async fn rename(&self, request: Request) -> Result<Response> {
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

    pub(super) async fn set_expiry(&self, request: Request) -> Result<Response> {
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
    pub(super) async fn change(&self, request: Request, op: &str) -> Result<Response> {
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

fn boolean(value: bool) -> Response {
    Json(json!({ "boolean": value })).into_response()
}

//! Which operation of the data lake service a request asks for. What is none of them is
//! left to the blob service: clients send both kinds to the same address.

use axum::http::Method;
use azml_auth::storage::{SasPermissions, SasService};

use crate::storage::authorize::{Level, Wanted};
use crate::storage::error::{Result, StorageError};
use crate::storage::request::Call;

/// An operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    ListFilesystems,
    CreateFilesystem,
    GetFilesystem,
    SetFilesystem,
    DeleteFilesystem,
    ListPaths,
    CreateFile,
    CreateDirectory,
    Rename,
    Append,
    Flush,
    GetStatus,
    GetAccessControl,
    SetAccessControl,
    SetAccessControlRecursive,
    SetProperties,
    Delete,
}

impl Operation {
    /// The operation of a request; `None` when it is one of the blob service.
    ///
    /// # Errors
    /// An operation of the service that is not implemented.
    pub(crate) fn of(call: &Call) -> Result<Option<Self>> {
        let resource = call.query.get("resource");
        let action = call.query.get("action");
        if call.query.optional("restype").is_some() || call.query.optional("comp").is_some() {
            return Ok(None);
        }
        let target = &call.target;
        let operation = if target.container.is_empty() {
            match (&call.method, resource) {
                (&Method::GET, "account") => Self::ListFilesystems,
                _ => return Ok(None),
            }
        } else if target.path.trim_matches('/').is_empty() && resource == "filesystem" {
            match call.method {
                Method::PUT => Self::CreateFilesystem,
                Method::HEAD => Self::GetFilesystem,
                Method::PATCH => Self::SetFilesystem,
                Method::DELETE => Self::DeleteFilesystem,
                Method::GET => Self::ListPaths,
                _ => return Ok(None),
            }
        } else {
            match (&call.method, resource, action) {
                (&Method::PUT, "file", _) => Self::CreateFile,
                (&Method::PUT, "directory", _) => Self::CreateDirectory,
                (&Method::PUT, "", _) if call.optional_header("x-ms-rename-source").is_some() => {
                    Self::Rename
                }
                (&Method::PATCH, _, "append") => Self::Append,
                (&Method::PATCH, _, "flush") => Self::Flush,
                (&Method::PATCH, _, "setAccessControl") => Self::SetAccessControl,
                (&Method::PATCH, _, "setAccessControlRecursive") => Self::SetAccessControlRecursive,
                (&Method::PATCH, _, "setProperties") => Self::SetProperties,
                (&Method::HEAD, _, "getStatus") => Self::GetStatus,
                (&Method::HEAD, _, "getAccessControl") => Self::GetAccessControl,
                (&Method::HEAD | &Method::PATCH, _, action) if !action.is_empty() => {
                    return Err(StorageError::not_implemented(&format!("action={action}")));
                }
                (&Method::DELETE, _, _) => Self::Delete,
                (&Method::POST, _, _) => {
                    return Err(StorageError::not_implemented("A lease of a path"));
                }
                _ => return Ok(None),
            }
        };
        Ok(Some(operation))
    }

    /// What authorisation has to look at.
    pub(crate) fn wanted(self) -> Wanted {
        Wanted {
            service: SasService::Blob,
            level: match self {
                Self::ListFilesystems => Level::Service,
                Self::CreateFilesystem
                | Self::GetFilesystem
                | Self::SetFilesystem
                | Self::DeleteFilesystem
                | Self::ListPaths => Level::Container,
                _ => Level::Object,
            },
            permissions: self.permissions(),
            in_container: self == Self::ListPaths,
            public: None,
        }
    }

    fn permissions(self) -> SasPermissions {
        match self {
            Self::ListFilesystems | Self::ListPaths => SasPermissions::LIST,
            Self::GetFilesystem => SasPermissions::READ,
            Self::CreateFilesystem | Self::CreateFile | Self::CreateDirectory => {
                SasPermissions::CREATE | SasPermissions::WRITE
            }
            Self::Append | Self::Flush => SasPermissions::ADD | SasPermissions::WRITE,
            Self::SetFilesystem | Self::SetProperties => SasPermissions::WRITE,
            Self::DeleteFilesystem | Self::Delete => SasPermissions::DELETE,
            Self::Rename => SasPermissions::MOVE | SasPermissions::WRITE,
            Self::GetStatus | Self::GetAccessControl => {
                SasPermissions::READ | SasPermissions::EXECUTE
            }
            Self::SetAccessControl | Self::SetAccessControlRecursive => {
                SasPermissions::OWNERSHIP | SasPermissions::PERMISSIONS
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::error::Code;

    fn of(method: &str, uri: &str) -> Result<Option<Operation>, Code> {
        let builder = axum::http::Request::builder().method(method).uri(uri);
        let (parts, ()) = builder.body(()).unwrap().into_parts();
        Operation::of(&Call::new(&parts).unwrap()).map_err(|error| error.code())
    }

    #[test]
    fn requests_are_told_from_those_of_the_blob_service() {
        assert_eq!(
            of("GET", "/a/fs?resource=filesystem&recursive=true"),
            Ok(Some(Operation::ListPaths))
        );
        assert_eq!(
            of("PATCH", "/a/fs/f?action=append&position=0"),
            Ok(Some(Operation::Append))
        );
        assert_eq!(of("GET", "/a/fs/f"), Ok(None));
        assert_eq!(of("HEAD", "/a/fs/f"), Ok(None));
        assert_eq!(of("PUT", "/a/fs?restype=container"), Ok(None));
        assert_eq!(of("DELETE", "/a/fs?restype=container"), Ok(None));
        assert_eq!(of("DELETE", "/a/fs/f"), Ok(Some(Operation::Delete)));
        assert_eq!(of("POST", "/a/fs/f"), Err(Code::NotImplemented));
        assert_eq!(
            of("PATCH", "/a/fs/f?action=checkAccess"),
            Err(Code::NotImplemented)
        );
    }
}

//! Which operation of the file service a request asks for, and what a shared access
//! signature must permit for it.

use axum::http::Method;
use azml_auth::storage::{SasPermissions, SasService};

use crate::storage::authorize::{Level, Wanted};
use crate::storage::error::{Code, Result, StorageError};
use crate::storage::request::Call;

/// An operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    ListShares,
    GetServiceProperties,
    CreateShare,
    GetShareProperties,
    SetShareProperties,
    SetShareMetadata,
    GetShareAcl,
    SetShareAcl,
    GetShareStats,
    DeleteShare,
    ListDirectory,
    CreateDirectory,
    GetDirectory,
    SetDirectoryProperties,
    SetDirectoryMetadata,
    DeleteDirectory,
    RenameDirectory,
    CreateFile,
    GetFile,
    GetFileProperties,
    SetFileProperties,
    SetFileMetadata,
    DeleteFile,
    RenameFile,
    CopyFile,
    PutRange,
    LeaseFile,
    ListRanges,
    ListHandles,
    CloseHandles,
}

impl Operation {
    /// Reads the operation off a request.
    ///
    /// # Errors
    /// A request that is no operation of the service, or one that is not implemented.
    pub(crate) fn of(call: &Call) -> Result<Self> {
        if call.query.optional("sharesnapshot").is_some() {
            return Err(StorageError::not_implemented("A share snapshot"));
        }
        if call.target.container.is_empty() {
            return service(call);
        }
        match call.query.get("restype") {
            "share" => share(call),
            "directory" => directory(call),
            "" if call.target.path.trim_matches('/').is_empty() => {
                Err(Code::UnsupportedHttpVerb.into())
            }
            "" => file(call),
            _ => Err(StorageError::query("restype")),
        }
    }

    /// What authorisation has to look at.
    pub(crate) fn wanted(self) -> Wanted {
        Wanted {
            service: SasService::File,
            level: self.level(),
            permissions: self.permissions(),
            in_container: self == Self::ListDirectory,
            public: None,
        }
    }

    fn level(self) -> Level {
        match self {
            Self::ListShares | Self::GetServiceProperties => Level::Service,
            Self::CreateShare
            | Self::GetShareProperties
            | Self::SetShareProperties
            | Self::SetShareMetadata
            | Self::GetShareAcl
            | Self::SetShareAcl
            | Self::GetShareStats
            | Self::DeleteShare
            | Self::ListDirectory => Level::Container,
            _ => Level::Object,
        }
    }

    fn permissions(self) -> SasPermissions {
        match self {
            Self::ListShares | Self::ListDirectory | Self::ListHandles => SasPermissions::LIST,
            Self::GetServiceProperties
            | Self::GetShareProperties
            | Self::GetShareStats
            | Self::GetDirectory
            | Self::GetFile
            | Self::GetFileProperties
            | Self::ListRanges => SasPermissions::READ,
            Self::CreateShare | Self::CreateDirectory | Self::CreateFile | Self::CopyFile => {
                SasPermissions::CREATE | SasPermissions::WRITE
            }
            Self::SetShareProperties
            | Self::SetShareMetadata
            | Self::SetDirectoryProperties
            | Self::SetDirectoryMetadata
            | Self::SetFileProperties
            | Self::SetFileMetadata
            | Self::RenameDirectory
            | Self::RenameFile
            | Self::CloseHandles
            | Self::LeaseFile
            | Self::PutRange => SasPermissions::WRITE,
            Self::DeleteShare | Self::DeleteDirectory | Self::DeleteFile => SasPermissions::DELETE,
            // No signature reaches these: they hand out rights.
            Self::GetShareAcl | Self::SetShareAcl => SasPermissions::default(),
        }
    }
}

fn service(call: &Call) -> Result<Operation> {
    match (
        &call.method,
        call.query.get("restype"),
        call.query.get("comp"),
    ) {
        (&Method::GET, "", "list") => Ok(Operation::ListShares),
        (&Method::GET, "service", "properties") => Ok(Operation::GetServiceProperties),
        (_, _, comp) => Err(other("service", comp)),
    }
}

fn share(call: &Call) -> Result<Operation> {
    match (&call.method, call.query.get("comp")) {
        (&Method::PUT, "") => Ok(Operation::CreateShare),
        (&Method::GET | &Method::HEAD, "" | "metadata") => Ok(Operation::GetShareProperties),
        (&Method::DELETE, "") => Ok(Operation::DeleteShare),
        (&Method::PUT, "properties") => Ok(Operation::SetShareProperties),
        (&Method::PUT, "metadata") => Ok(Operation::SetShareMetadata),
        (&Method::GET | &Method::HEAD, "acl") => Ok(Operation::GetShareAcl),
        (&Method::PUT, "acl") => Ok(Operation::SetShareAcl),
        (&Method::GET, "stats") => Ok(Operation::GetShareStats),
        (_, comp) => Err(other("share", comp)),
    }
}

fn directory(call: &Call) -> Result<Operation> {
    match (&call.method, call.query.get("comp")) {
        (&Method::GET, "list") => Ok(Operation::ListDirectory),
        (&Method::PUT, "") => Ok(Operation::CreateDirectory),
        (&Method::GET | &Method::HEAD, "" | "metadata") => Ok(Operation::GetDirectory),
        (&Method::DELETE, "") => Ok(Operation::DeleteDirectory),
        (&Method::PUT, "properties") => Ok(Operation::SetDirectoryProperties),
        (&Method::PUT, "metadata") => Ok(Operation::SetDirectoryMetadata),
        (&Method::PUT, "rename") => Ok(Operation::RenameDirectory),
        (&Method::GET, "listhandles") => Ok(Operation::ListHandles),
        (&Method::PUT, "forceclosehandles") => Ok(Operation::CloseHandles),
        (_, comp) => Err(other("directory", comp)),
    }
}

fn file(call: &Call) -> Result<Operation> {
    let copy = call.optional_header("x-ms-copy-source").is_some();
    match (&call.method, call.query.get("comp")) {
        (&Method::PUT, "") if copy => Ok(Operation::CopyFile),
        (&Method::PUT, "") => Ok(Operation::CreateFile),
        (&Method::GET, "") => Ok(Operation::GetFile),
        (&Method::HEAD, "" | "metadata") | (&Method::GET, "metadata") => {
            Ok(Operation::GetFileProperties)
        }
        (&Method::DELETE, "") => Ok(Operation::DeleteFile),
        (&Method::PUT, "range") if copy => Err(StorageError::not_implemented("Put Range From URL")),
        (&Method::PUT, "range") => Ok(Operation::PutRange),
        (&Method::PUT, "lease") => Ok(Operation::LeaseFile),
        (&Method::GET, "rangelist") => Ok(Operation::ListRanges),
        (&Method::PUT, "properties") => Ok(Operation::SetFileProperties),
        (&Method::PUT, "metadata") => Ok(Operation::SetFileMetadata),
        (&Method::PUT, "rename") => Ok(Operation::RenameFile),
        (&Method::GET, "listhandles") => Ok(Operation::ListHandles),
        (&Method::PUT, "forceclosehandles") => Ok(Operation::CloseHandles),
        (_, comp) => Err(other("file", comp)),
    }
}

/// Operations that the service has and this emulator does not, by name.
fn other(level: &str, comp: &str) -> StorageError {
    match comp {
        "lease" | "snapshot" | "copy" | "undelete" | "filepermission" | "properties"
        | "symboliclink" | "hardlink" => {
            StorageError::not_implemented(&format!("The {level} operation comp={comp}"))
        }
        "" => Code::UnsupportedHttpVerb.into(),
        _ => StorageError::query("comp"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(method: &str, uri: &str) -> Result<Operation, Code> {
        let builder = axum::http::Request::builder().method(method).uri(uri);
        let (parts, ()) = builder.body(()).unwrap().into_parts();
        Operation::of(&Call::new(&parts).unwrap()).map_err(|error| error.code())
    }

    #[test]
    fn requests_are_told_apart() {
        assert_eq!(of("GET", "/a?comp=list"), Ok(Operation::ListShares));
        assert_eq!(of("PUT", "/a/s?restype=share"), Ok(Operation::CreateShare));
        assert_eq!(
            of("GET", "/a/s?restype=directory&comp=list"),
            Ok(Operation::ListDirectory)
        );
        assert_eq!(
            of("PUT", "/a/s/d/?restype=directory"),
            Ok(Operation::CreateDirectory)
        );
        assert_eq!(of("PUT", "/a/s/f?comp=range"), Ok(Operation::PutRange));
        assert_eq!(of("HEAD", "/a/s/f"), Ok(Operation::GetFileProperties));
        assert_eq!(of("GET", "/a/s/"), Err(Code::UnsupportedHttpVerb));
        assert_eq!(of("PUT", "/a/s/f?comp=copy"), Err(Code::NotImplemented));
    }
}

//! Which operation of the blob service a request asks for, and what a shared access
//! signature must permit for it.

use axum::http::Method;
use azml_auth::storage::{SasPermissions, SasService};

use crate::storage::authorize::{Level, Wanted};
use crate::storage::error::{Code, Result, StorageError};
use crate::storage::request::Call;
use crate::storage::tree::PublicAccess;

/// An operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    ListContainers,
    GetServiceProperties,
    GetAccountInformation,
    CreateContainer,
    GetContainerProperties,
    SetContainerMetadata,
    GetContainerAcl,
    SetContainerAcl,
    DeleteContainer,
    ListBlobs,
    PutBlob,
    GetBlob,
    GetBlobProperties,
    SetBlobProperties,
    GetBlobMetadata,
    SetBlobMetadata,
    DeleteBlob,
    CopyBlob,
    PutBlock,
    PutBlockList,
    GetBlockList,
    LeaseContainer,
    LeaseBlob,
    SnapshotBlob,
    PutBlobFromUrl,
    PutBlockFromUrl,
    AppendBlock,
    AppendBlockFromUrl,
    PutPages,
    ListPages,
    SetBlobTier,
    GetBlobTags,
    SetBlobTags,
    FindBlobsByTags,
    FindBlobsInContainer,
    Batch,
    ContainerBatch,
    GetUserDelegationKey,
}

impl Operation {
    /// Reads the operation off a request.
    ///
    /// # Errors
    /// A request that is no operation of the service, or one that is not implemented.
    pub(crate) fn of(call: &Call) -> Result<Self> {
        let target = &call.target;
        if target.container.is_empty() {
            return service(call);
        }
        if target.path.is_empty() {
            return container(call);
        }
        blob(call)
    }

    /// What authorisation has to look at.
    pub(crate) fn wanted(self) -> Wanted {
        Wanted {
            service: SasService::Blob,
            level: self.level(),
            permissions: self.permissions(),
            in_container: matches!(
                self,
                Self::ListBlobs | Self::FindBlobsInContainer | Self::ContainerBatch
            ),
            public: self.public(),
        }
    }

    fn level(self) -> Level {
        match self {
            Self::ListContainers | Self::GetServiceProperties | Self::GetUserDelegationKey => {
                Level::Service
            }
            // Each part of a batch is looked at by itself, and is about a blob.
            Self::Batch | Self::ContainerBatch => Level::Object,
            Self::FindBlobsByTags => Level::Object,
            Self::GetAccountInformation
            | Self::CreateContainer
            | Self::GetContainerProperties
            | Self::SetContainerMetadata
            | Self::GetContainerAcl
            | Self::SetContainerAcl
            | Self::DeleteContainer
            | Self::LeaseContainer
            | Self::FindBlobsInContainer
            | Self::ListBlobs => Level::Container,
            _ => Level::Object,
        }
    }

    fn permissions(self) -> SasPermissions {
        match self {
            Self::ListContainers | Self::ListBlobs => SasPermissions::LIST,
            Self::GetServiceProperties
            | Self::GetContainerProperties
            | Self::GetBlob
            | Self::GetBlobProperties
            | Self::GetBlobMetadata
            | Self::ListPages
            | Self::GetBlockList => SasPermissions::READ,
            Self::CreateContainer
            | Self::PutBlob
            | Self::CopyBlob
            | Self::PutBlobFromUrl
            | Self::SnapshotBlob
            | Self::PutBlockFromUrl
            | Self::PutBlock
            | Self::PutBlockList => SasPermissions::CREATE | SasPermissions::WRITE,
            Self::SetContainerMetadata
            | Self::SetBlobProperties
            | Self::SetBlobMetadata
            | Self::SetBlobTier
            | Self::LeaseContainer
            | Self::LeaseBlob
            | Self::PutPages => SasPermissions::WRITE,
            Self::AppendBlock | Self::AppendBlockFromUrl => {
                SasPermissions::ADD | SasPermissions::WRITE
            }
            Self::GetBlobTags | Self::SetBlobTags => SasPermissions::TAGS,
            Self::FindBlobsByTags | Self::FindBlobsInContainer => SasPermissions::FILTER,
            Self::Batch | Self::ContainerBatch => SasPermissions::DELETE | SasPermissions::WRITE,
            Self::DeleteContainer | Self::DeleteBlob => SasPermissions::DELETE,
            // No signature reaches these: they hand out rights.
            Self::GetContainerAcl | Self::SetContainerAcl | Self::GetUserDelegationKey => {
                SasPermissions::default()
            }
            Self::GetAccountInformation => {
                SasPermissions::READ | SasPermissions::LIST | SasPermissions::WRITE
            }
        }
    }

    fn public(self) -> Option<PublicAccess> {
        match self {
            Self::GetBlob | Self::GetBlobProperties | Self::GetBlobMetadata => {
                Some(PublicAccess::Blob)
            }
            Self::ListBlobs | Self::GetContainerProperties => Some(PublicAccess::Container),
            _ => None,
        }
    }
}

fn service(call: &Call) -> Result<Operation> {
    let restype = call.query.get("restype");
    let comp = call.query.get("comp");
    match (&call.method, restype, comp) {
        (&Method::GET, "", "list") => Ok(Operation::ListContainers),
        (&Method::GET, "service", "properties") => Ok(Operation::GetServiceProperties),
        (&Method::GET | &Method::HEAD, "account", "properties") => {
            Ok(Operation::GetAccountInformation)
        }
        (&Method::GET, "", "blobs") => Ok(Operation::FindBlobsByTags),
        (&Method::POST, "", "batch") => Ok(Operation::Batch),
        (&Method::POST, "service", "userdelegationkey") => Ok(Operation::GetUserDelegationKey),
        (_, _, comp) => Err(other("service", comp)),
    }
}

fn container(call: &Call) -> Result<Operation> {
    let restype = call.query.get("restype");
    let comp = call.query.get("comp");
    match (&call.method, restype, comp) {
        (&Method::PUT, "container", "") => Ok(Operation::CreateContainer),
        (&Method::GET | &Method::HEAD, "container", "" | "metadata") => {
            Ok(Operation::GetContainerProperties)
        }
        (&Method::PUT, "container", "metadata") => Ok(Operation::SetContainerMetadata),
        (&Method::GET | &Method::HEAD, "container", "acl") => Ok(Operation::GetContainerAcl),
        (&Method::PUT, "container", "acl") => Ok(Operation::SetContainerAcl),
        (&Method::DELETE, "container", "") => Ok(Operation::DeleteContainer),
        (&Method::GET, "container", "list") => Ok(Operation::ListBlobs),
        (&Method::GET, "container", "blobs") => Ok(Operation::FindBlobsInContainer),
        (&Method::POST, "container", "batch") => Ok(Operation::ContainerBatch),
        (&Method::PUT, "container", "lease") => Ok(Operation::LeaseContainer),
        (&Method::GET | &Method::HEAD, "account", "properties") => {
            Ok(Operation::GetAccountInformation)
        }
        (_, _, comp) => Err(other("container", comp)),
    }
}

fn blob(call: &Call) -> Result<Operation> {
    if call.query.optional("versionid").is_some() {
        return Err(StorageError::not_implemented("versionid"));
    }
    let of_snapshot = call.query.optional("snapshot").is_some();
    let reads = matches!(call.method, Method::GET | Method::HEAD | Method::DELETE);
    if of_snapshot && (!reads || call.query.get("comp") == "blocklist") {
        return Err(StorageError::not_implemented(
            "This operation on a snapshot",
        ));
    }
    let copy = call.optional_header("x-ms-copy-source").is_some();
    match (&call.method, call.query.get("comp")) {
        (&Method::GET, "") => Ok(Operation::GetBlob),
        (&Method::HEAD, "") => Ok(Operation::GetBlobProperties),
        (&Method::GET | &Method::HEAD, "metadata") => Ok(Operation::GetBlobMetadata),
        (&Method::GET, "blocklist") => Ok(Operation::GetBlockList),
        (&Method::DELETE, "") => Ok(Operation::DeleteBlob),
        (&Method::PUT, "") if !copy => Ok(Operation::PutBlob),
        (&Method::PUT, "") if call.optional_header("x-ms-blob-type").is_some() => {
            Ok(Operation::PutBlobFromUrl)
        }
        (&Method::PUT, "") => Ok(Operation::CopyBlob),
        (&Method::PUT, "block") if !copy => Ok(Operation::PutBlock),
        (&Method::PUT, "block") => Ok(Operation::PutBlockFromUrl),
        (&Method::PUT, "appendblock") if copy => Ok(Operation::AppendBlockFromUrl),
        (&Method::PUT, "appendblock") => Ok(Operation::AppendBlock),
        (&Method::PUT, "page") if !copy => Ok(Operation::PutPages),
        (&Method::GET, "pagelist") => Ok(Operation::ListPages),
        (&Method::PUT, "lease") => Ok(Operation::LeaseBlob),
        (&Method::PUT, "snapshot") => Ok(Operation::SnapshotBlob),
        (&Method::PUT, "tier") => Ok(Operation::SetBlobTier),
        (&Method::GET, "tags") => Ok(Operation::GetBlobTags),
        (&Method::PUT, "tags") => Ok(Operation::SetBlobTags),
        (&Method::PUT, "blocklist") => Ok(Operation::PutBlockList),
        (&Method::PUT, "properties") => Ok(Operation::SetBlobProperties),
        (&Method::PUT, "metadata") => Ok(Operation::SetBlobMetadata),
        (_, comp) => Err(other("blob", comp)),
    }
}

/// Operations that the service has and this emulator does not, by name; all else is no
/// request of the service.
fn other(level: &str, comp: &str) -> StorageError {
    match comp {
        "acl"
        | "lease"
        | "batch"
        | "snapshot"
        | "tier"
        | "tags"
        | "blobs"
        | "appendblock"
        | "page"
        | "pagelist"
        | "copy"
        | "seal"
        | "undelete"
        | "immutabilityPolicies"
        | "legalhold"
        | "incrementalcopy"
        | "query"
        | "userdelegationkey"
        | "stats"
        | "properties"
        | "expiry"
        | "rename" => StorageError::not_implemented(&format!("The {level} operation comp={comp}")),
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
        Operation::of(&Call::new(&parts).unwrap()).map_err(|e| e.code())
    }

    #[test]
    fn requests_are_told_apart() {
        assert_eq!(of("GET", "/a?comp=list"), Ok(Operation::ListContainers));
        assert_eq!(of("GET", "/a/?comp=list"), Ok(Operation::ListContainers));
        assert_eq!(
            of("PUT", "/a/c?restype=container"),
            Ok(Operation::CreateContainer)
        );
        assert_eq!(
            of("GET", "/a/c?restype=container&comp=list"),
            Ok(Operation::ListBlobs)
        );
        assert_eq!(of("HEAD", "/a/c/b"), Ok(Operation::GetBlobProperties));
        assert_eq!(
            of("PUT", "/a/c/b?comp=block&blockid=x"),
            Ok(Operation::PutBlock)
        );
    }

    #[test]
    fn what_is_not_there_is_refused_by_name() {
        assert_eq!(of("PUT", "/a/c/b?comp=seal"), Err(Code::NotImplemented));
        assert_eq!(of("GET", "/a/c/b?versionid=x"), Err(Code::NotImplemented));
        assert_eq!(
            of("PUT", "/a/c/b?comp=metadata&snapshot=x"),
            Err(Code::NotImplemented)
        );
        assert_eq!(
            of("PUT", "/a/c/b?comp=nonsense"),
            Err(Code::InvalidQueryParameterValue)
        );
        assert_eq!(of("PATCH", "/a/c/b"), Err(Code::UnsupportedHttpVerb));
    }
}

//! Refusals of the storage services: the service's code, its HTTP status and a text.
//! How they are written (XML or JSON) is for the service that answers.

use std::borrow::Cow;

use crate::state;

/// A result with [`StorageError`] as its error.
pub(crate) type Result<T, E = StorageError> = std::result::Result<T, E>;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $status:literal $text:literal,)*) => {
        /// The error codes of the storage services that are given here.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// The name on the wire.
            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// The HTTP status that goes with it.
            pub(crate) fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

codes! {
    AppendPositionConditionNotMet = 412 "The append position condition specified was not met.",
    AuthenticationFailed = 403 "Server failed to authenticate the request. Make sure the value of the Authorization header is formed correctly including the signature.",
    AuthorizationFailure = 403 "This request is not authorized to perform this operation.",
    AuthorizationPermissionMismatch = 403 "This request is not authorized to perform this operation using this permission.",
    AuthorizationProtocolMismatch = 403 "This request is not authorized to perform this operation using this protocol.",
    AuthorizationResourceTypeMismatch = 403 "This request is not authorized to perform this operation using this resource type.",
    AuthorizationServiceMismatch = 403 "This request is not authorized to perform this operation using this service.",
    AuthorizationSourceIPMismatch = 403 "This request is not authorized to perform this operation using this source IP.",
    BatchTooLarge = 400 "A batch may not hold more than 256 requests.",
    BlobAlreadyExists = 409 "The specified blob already exists.",
    BlobNotFound = 404 "The specified blob does not exist.",
    BlockCountExceedsLimit = 409 "The committed block count cannot exceed the maximum limit of 50,000 blocks.",
    BlockListTooLong = 400 "The block list may not contain more than 50,000 blocks.",
    BothCrc64AndMd5HeaderPresent = 400 "Both x-ms-content-crc64 header and Content-MD5 header are present.",
    CannotVerifyCopySource = 404 "The specified copy source does not exist or cannot be read.",
    ConditionNotMet = 412 "The condition specified using HTTP conditional header(s) is not met.",
    ContainerAlreadyExists = 409 "The specified container already exists.",
    ContainerNotFound = 404 "The specified container does not exist.",
    Crc64Mismatch = 400 "The CRC64 value specified in the request did not match with the CRC64 value calculated by the server.",
    DirectoryNotEmpty = 409 "The specified directory is not empty.",
    FilesystemAlreadyExists = 409 "The specified filesystem already exists.",
    FilesystemNotFound = 404 "The specified filesystem does not exist.",
    InternalError = 500 "The server encountered an internal error. Please retry the request.",
    InvalidAuthenticationInfo = 401 "Authentication information is not given in the correct format. Check the value of Authorization header.",
    InvalidBlobOrBlock = 400 "The specified blob or block content is invalid.",
    InvalidBlobType = 409 "The blob type is invalid for this operation.",
    InvalidBlockList = 400 "The specified block list is invalid.",
    InvalidFlushPosition = 400 "The uploaded data is not contiguous or the position query parameter value is not equal to the length of the file after appending the uploaded data.",
    InvalidHeaderValue = 400 "The value for one of the HTTP headers is not in the correct format.",
    InvalidInput = 400 "One of the request inputs is not valid.",
    InvalidMetadata = 400 "The metadata specified is invalid. It has characters that are not permitted.",
    InvalidQueryParameterValue = 400 "Value for one of the query parameters specified in the request URI is invalid.",
    InvalidPageRange = 416 "The page range specified is invalid.",
    InvalidRange = 416 "The range specified is invalid for the current size of the resource.",
    InvalidRenameSourcePath = 409 "The source directory cannot be the same as the destination directory, nor can the destination be a subdirectory of the source directory.",
    InvalidResourceName = 400 "The specified resource name contains invalid characters.",
    InvalidTags = 400 "The tags specified are invalid. They contain characters that are not permitted, or a name twice.",
    InvalidUri = 400 "The requested URI does not represent any resource on the server.",
    InvalidXmlDocument = 400 "XML specified is not syntactically valid.",
    LeaseAlreadyPresent = 409 "There is already a lease present.",
    LeaseIdMismatchWithBlobOperation = 412 "The lease ID specified did not match the lease ID for the blob.",
    LeaseIdMismatchWithContainerOperation = 412 "The lease ID specified did not match the lease ID for the container.",
    LeaseIdMismatchWithFileOperation = 412 "The lease ID specified did not match the lease ID for the file.",
    LeaseIdMismatchWithLeaseOperation = 409 "The lease ID specified did not match the lease ID for the resource.",
    LeaseIdMissing = 412 "There is currently a lease on the resource and no lease ID was specified in the request.",
    LeaseIsBreakingAndCannotBeAcquired = 409 "The lease ID matched, but the lease is currently in breaking state and cannot be acquired until it is broken.",
    LeaseIsBreakingAndCannotBeChanged = 409 "The lease ID matched, but the lease is currently in breaking state and cannot be changed.",
    LeaseIsBrokenAndCannotBeRenewed = 409 "The lease ID matched, but the lease has been broken explicitly and cannot be renewed.",
    LeaseLost = 412 "A lease ID was specified, but the lease for the resource has expired.",
    LeaseNotPresentWithBlobOperation = 412 "There is currently no lease on the blob.",
    LeaseNotPresentWithContainerOperation = 412 "There is currently no lease on the container.",
    LeaseNotPresentWithFileOperation = 412 "There is currently no lease on the file.",
    LeaseNotPresentWithLeaseOperation = 409 "There is currently no lease on the resource.",
    MaxBlobSizeConditionNotMet = 412 "The max blob size condition specified was not met.",
    Md5Mismatch = 400 "The MD5 value specified in the request did not match with the MD5 value calculated by the server.",
    MetadataTooLarge = 400 "The metadata specified exceeds the maximum permissible limit (8KB).",
    MissingRequiredHeader = 400 "An HTTP header that's mandatory for this request is not specified.",
    MissingRequiredQueryParameter = 400 "A query parameter that's mandatory for this request is not specified.",
    NotImplemented = 501 "The requested operation is not implemented on the specified resource.",
    OutOfRangeInput = 400 "One of the request inputs is out of range.",
    OutOfRangeQueryParameterValue = 400 "One of the query parameters specified in the request URI is outside the permissible range.",
    ParentNotFound = 404 "The specified parent path does not exist.",
    PathAlreadyExists = 409 "The specified path already exists.",
    PathNotFound = 404 "The specified path does not exist.",
    RenameDestinationParentPathNotFound = 404 "The parent directory of the destination path does not exist.",
    RequestBodyTooLarge = 413 "The request body is too large and exceeds the maximum permissible limit.",
    ResourceAlreadyExists = 409 "The specified resource already exists.",
    ResourceNotFound = 404 "The specified resource does not exist.",
    ResourceTypeMismatch = 409 "The specified resource type does not match the type of the existing resource.",
    ShareAlreadyExists = 409 "The specified share already exists.",
    ShareNotFound = 404 "The specified share does not exist.",
    SnapshotsPresent = 409 "This operation is not permitted while the blob has snapshots.",
    SourcePathNotFound = 404 "The source path for a rename operation does not exist.",
    SourceConditionNotMet = 412 "The source condition specified using HTTP conditional header(s) is not met.",
    TagsTooLarge = 400 "The tags specified exceed the maximum permissible limit of 10.",
    UnsupportedHttpVerb = 405 "The resource doesn't support specified Http Verb.",
}

/// A refusal.
#[derive(Clone, Debug)]
pub(crate) struct StorageError {
    code: Code,
    message: Cow<'static, str>,
    /// What exactly was wrong with the credential.
    detail: Option<String>,
    /// Headers beside the usual ones.
    headers: Vec<(&'static str, String)>,
}

impl StorageError {
    /// A refusal with its own text in place of the code's.
    pub(crate) fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
            detail: None,
            headers: Vec::new(),
        }
    }

    /// An operation or feature that this emulator does not have, by name.
    pub(crate) fn not_implemented(what: &str) -> Self {
        Self::new(
            Code::NotImplemented,
            format!("{what} is not implemented by this emulator."),
        )
    }

    /// A header whose value cannot be used.
    pub(crate) fn header(name: &str) -> Self {
        Self::new(
            Code::InvalidHeaderValue,
            format!("{} HeaderName: {name}", Code::InvalidHeaderValue.text()),
        )
    }

    /// A query parameter whose value cannot be used.
    pub(crate) fn query(name: &str) -> Self {
        Self::new(
            Code::InvalidQueryParameterValue,
            format!(
                "{} QueryParameterName: {name}",
                Code::InvalidQueryParameterValue.text()
            ),
        )
    }

    /// Says what exactly was wrong with the credential.
    pub(crate) fn with_detail(mut self, detail: &str) -> Self {
        self.detail = Some(detail.to_owned());
        self
    }

    /// The same refusal under the name that the data lake service has for it.
    pub(crate) fn in_data_lake(self) -> Self {
        let code = match self.code {
            Code::ContainerNotFound => Code::FilesystemNotFound,
            Code::ContainerAlreadyExists => Code::FilesystemAlreadyExists,
            Code::BlobNotFound => Code::PathNotFound,
            Code::BlobAlreadyExists => Code::PathAlreadyExists,
            _ => return self,
        };
        Self {
            headers: self.headers,
            ..code.into()
        }
    }

    /// Adds a header to the answer.
    pub(crate) fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The service's code.
    pub(crate) fn code(&self) -> Code {
        self.code
    }

    /// The text.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// What exactly was wrong with the credential.
    pub(crate) fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// Headers beside the usual ones.
    pub(crate) fn headers(&self) -> &[(&'static str, String)] {
        &self.headers
    }
}

impl From<Code> for StorageError {
    fn from(code: Code) -> Self {
        Self::new(code, code.text())
    }
}

impl From<state::Error> for StorageError {
    fn from(error: state::Error) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "storage failed");
        Code::InternalError.into()
    }
}

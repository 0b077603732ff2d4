//! The way to a container, share or file system: its address, and the pipeline that signs
//! with the datastore's credential.

use std::fmt;
use std::sync::Arc;

use azml_auth::directory::{self, CredentialOptions};
use azml_auth::storage::{AccountKey, SasToken, SharedKey, StorageCredential};
use azml_core::endpoint;
use azml_core::http::{HttpClient, HttpClientParts, Repeat};
use azure_core::credentials::TokenCredential;
use azure_core::http::headers::{CONTENT_LENGTH, ETAG, HeaderName, Headers, LAST_MODIFIED};
use azure_core::http::{AsyncRawResponse, ClientOptions, Method, RawResponse, Request, Url};

use super::endpoint::service_url;
use super::errors;
use super::store::{Item, SOURCE_HEADER};
use crate::error::{Error, Result};
use crate::registry::{Credential, Location, Record};
use crate::workspace::Inner;

/// The version of the services that our own requests speak.
const VERSION: &str = "2024-11-04";

const CONTENT_MD5: HeaderName = HeaderName::from_static("content-md5");
const CONTENT_RANGE: HeaderName = HeaderName::from_static("content-range");

/// The services of a storage account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    Blob,
    File,
    Dfs,
}

impl Service {
    fn name(self) -> &'static str {
        match self {
            Self::Blob => "blob",
            Self::File => "file",
            Self::Dfs => "dfs",
        }
    }
}

/// A container, share or file system that can be asked.
#[derive(Clone)]
pub(super) struct Connection {
    root: Url,
    client: HttpClient,
    options: ClientOptions,
    /// The signature that other requests have to carry in addresses they name.
    sas: Option<SasToken>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("root", &self.root.as_str())
            .finish_non_exhaustive()
    }
}

impl Connection {
    /// The container of a datastore, in this service.
    pub(super) fn open(workspace: &Inner, record: &Record, service: Service) -> Result<Self> {
        let Location::Storage {
            account,
            container,
            endpoint,
            protocol,
        } = &record.location
        else {
            return Err(Error::usage("the datastore names no container"));
        };
        let base = match workspace.storage_endpoints.of(service.name()) {
            Some(url) => endpoint::parse(url.as_str())?,
            None => service_url(
                service.name(),
                account,
                endpoint.as_deref(),
                protocol.as_deref(),
            )?,
        };
        let credential = credential(workspace, account, &record.credential)?;
        let sas = match &credential {
            StorageCredential::Sas(sas) => Some(sas.clone()),
            _ => None,
        };
        let mut options = workspace.storage_options.clone();
        options
            .per_try_policies
            .extend(credential.policies(&workspace.clock));
        let mut per_call: Vec<Arc<dyn azure_core::http::policies::Policy>> = Vec::new();
        if service == Service::File && matches!(credential, StorageCredential::Token(_)) {
            // Tokens open a share only for who says that it is meant as a backup.
            per_call.push(Arc::new(BackupIntent));
        }
        let client = HttpClient::new(HttpClientParts {
            crate_name: env!("CARGO_PKG_NAME"),
            crate_version: env!("CARGO_PKG_VERSION"),
            options: options.clone(),
            per_call,
            per_try: Vec::new(),
            map_error: errors::map,
        });
        Ok(Self {
            root: endpoint::join(&base, &[container])?,
            client,
            options,
            sas,
        })
    }

    /// The address of the container.
    pub(super) fn root(&self) -> &Url {
        &self.root
    }

    /// Options with the policies that sign, for clients of other crates.
    pub(super) fn options(&self) -> &ClientOptions {
        &self.options
    }

    /// The address of what has this name, as one segment: no part of it is taken for `..`.
    pub(super) fn url(&self, name: &str) -> Result<Url> {
        endpoint::join(&self.root, &[name]).map_err(|_| unusable(name))
    }

    /// The address of a path, part by part.
    pub(super) fn path_url(&self, path: &str) -> Result<Url> {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        endpoint::join(&self.root, &parts).map_err(|_| unusable(path))
    }

    /// An address that the service itself can read, as the source of a copy or a move.
    pub(super) fn signed(&self, mut url: Url) -> String {
        if let Some(sas) = &self.sas {
            sas.apply_to(&mut url);
        }
        url.into()
    }

    /// A request that speaks our version.
    pub(super) fn request(&self, url: Url, method: Method) -> Request {
        let mut request = Request::new(url, method);
        request.insert_header("x-ms-version", VERSION);
        request
    }

    /// Sends a request and reads the whole answer.
    pub(super) async fn send(&self, request: Request) -> azml_core::Result<RawResponse> {
        self.client.send(request, Repeat::ByMethod).await
    }

    /// Makes the container; gives whether it was not there. `existing` is the code of the
    /// refusal that says so.
    pub(super) async fn create_root(&self, query: (&str, &str), existing: &str) -> Result<bool> {
        let url = with_query(self.root.clone(), &[query]);
        match self.send(self.request(url, Method::Put)).await {
            Ok(_) => Ok(true),
            Err(error) if error.code() == Some(existing) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Sends a request and hands the body out as it arrives.
    pub(super) async fn stream(&self, request: Request) -> azml_core::Result<AsyncRawResponse> {
        self.client.stream(request, Repeat::ByMethod).await
    }
}

/// Says that tokens are used for a backup or restore, which is what file shares ask for.
#[derive(Debug)]
struct BackupIntent;

#[async_trait::async_trait]
impl azure_core::http::policies::Policy for BackupIntent {
    async fn send(
        &self,
        ctx: &azure_core::http::Context,
        request: &mut Request,
        next: &[Arc<dyn azure_core::http::policies::Policy>],
    ) -> azure_core::http::policies::PolicyResult {
        request.insert_header("x-ms-file-request-intent", "backup");
        let (first, rest) = next
            .split_first()
            .expect("the transport policy is always last");
        first.send(ctx, request, rest).await
    }
}

fn unusable(name: &str) -> Error {
    Error::usage(format!(
        "'{}' cannot be the name of a file on a datastore",
        name.escape_debug()
    ))
}

fn credential(
    workspace: &Inner,
    account: &str,
    credential: &Credential,
) -> Result<StorageCredential> {
    match credential {
        Credential::AccountKey(key) => {
            let key = AccountKey::from_base64(key.as_ref().ok_or_else(missing)?.expose())?;
            Ok(StorageCredential::SharedKey(SharedKey::new(account, key)))
        }
        Credential::Sas(sas) => {
            let sas = SasToken::new(sas.as_ref().ok_or_else(missing)?.expose())?;
            Ok(StorageCredential::Sas(sas))
        }
        Credential::ServicePrincipal { .. } | Credential::None => {
            let application = principal(workspace, credential)?;
            let identity = application.unwrap_or_else(|| Arc::clone(&workspace.credential));
            Ok(StorageCredential::Token(identity))
        }
        Credential::SqlLogin { .. } => Err(Error::Unsupported {
            operation: "reading or writing files",
            what: format!("a credential of kind {}", credential.kind()),
        }),
    }
}

/// The application that a datastore is registered with; `None` without one, where the caller's
/// own identity counts.
pub(crate) fn principal(
    workspace: &Inner,
    credential: &Credential,
) -> Result<Option<Arc<dyn TokenCredential>>> {
    let Credential::ServicePrincipal {
        tenant_id,
        client_id,
        secret,
        authority,
        ..
    } = credential
    else {
        return Ok(None);
    };
    let secret = secret.as_ref().ok_or_else(missing)?;
    let mut options = CredentialOptions::from_env(&workspace.environment)?;
    // The emulator's directory stands in for whatever the registration names.
    if workspace
        .environment
        .get(azml_core::env::AAD_ENDPOINT)
        .is_none()
        && let Some(authority) = authority.as_deref().filter(|text| !text.is_empty())
    {
        options.authority_host = endpoint::parse(authority)?;
    }
    let application = directory::client_secret(tenant_id, client_id, secret, options)?;
    Ok(Some(application))
}

fn missing() -> Error {
    Error::usage("the datastore came without its credential")
}

/// A storage service reads a plus sign in a query as one, not as a space.
pub(super) fn encode_spaces(url: &mut Url) {
    if let Some(query) = url.query().filter(|query| query.contains('+')) {
        let query = query.replace('+', "%20");
        url.set_query(Some(&query));
    }
}

/// Adds parameters to an address; empty ones are left out.
pub(super) fn with_query(mut url: Url, parameters: &[(&str, &str)]) -> Url {
    for (name, value) in parameters.iter().filter(|(_, value)| !value.is_empty()) {
        url.query_pairs_mut().append_pair(name, value);
    }
    encode_spaces(&mut url);
    url
}

/// What the headers of an answer say about a file; of a part of it, too.
pub(super) fn item(name: &str, headers: &Headers) -> Result<Item> {
    let text = |name: &HeaderName| headers.get_optional_string(name).unwrap_or_default();
    // `bytes 0-1/20`: the answer's own length is that of the part.
    let whole = text(&CONTENT_RANGE);
    let length = match whole
        .rsplit_once('/')
        .and_then(|(_, whole)| whole.parse().ok())
    {
        Some(length) => length,
        None => headers.get_as(&CONTENT_LENGTH)?,
    };
    Ok(Item {
        name: name.to_owned(),
        length,
        etag: text(&ETAG),
        last_modified: text(&LAST_MODIFIED),
        md5: headers.get_optional_string(&CONTENT_MD5),
        source: headers.get_optional_string(&HeaderName::from_static(SOURCE_HEADER)),
    })
}

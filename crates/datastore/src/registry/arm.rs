//! Azure Resource Manager's contract for datastores.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use azml_auth::Secret;
use azml_core::ErrorKind;
use azml_core::http::Repeat;
use azure_core::http::{Method, Request, Url};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::api::{DatastoreService, Page, PutOptions};
use super::data_plane::not_found;
use super::record::{Credential, Kind, Location, Record};
use crate::error::{Error, Result};
use crate::workspace::Inner;

/// The version of the contract that is spoken.
const VERSION: &str = "2024-10-01";
const WHAT: &str = "the Resource Manager contract for datastores";

/// A client of the contract.
#[derive(Debug)]
pub(super) struct ArmService {
    workspace: Arc<Inner>,
}

impl ArmService {
    pub(super) fn new(workspace: Arc<Inner>) -> Self {
        Self { workspace }
    }

    fn url(&self, segments: &[&str]) -> Result<Url> {
        let all: Vec<&str> = ["datastores"].iter().chain(segments).copied().collect();
        let services = &self.workspace.services;
        services.arm_url(&self.workspace.scope, &all, VERSION)
    }

    async fn fetch(&self, url: Url) -> Result<Resources> {
        let request = Request::new(url, Method::Get);
        let client = self.workspace.services.client();
        Ok(client.send_json(request, Repeat::ByMethod).await?)
    }

    async fn read(&self, name: &str) -> Result<Record> {
        let request = Request::new(self.url(&[name])?, Method::Get);
        let client = self.workspace.services.client();
        let resource: Resource = client
            .send_json(request, Repeat::ByMethod)
            .await
            .map_err(|error| not_found(name)(error.into()))?;
        Ok(resource.into_record())
    }

    /// Adds the secrets, which this contract gives only when asked for.
    async fn with_secrets(&self, mut record: Record) -> Result<Record> {
        if matches!(record.credential, Credential::None) {
            return Ok(record);
        }
        let url = self.url(&[&record.name, "listSecrets"])?;
        let request = Request::new(url, Method::Post);
        let client = self.workspace.services.client();
        let secrets: Secrets = client.send_json(request, Repeat::Always).await?;
        secrets.add_to(&mut record.credential);
        Ok(record)
    }

    async fn exists(&self, name: &str) -> Result<bool> {
        match self.read(name).await {
            Ok(_) => Ok(true),
            Err(Error::NotFound(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

#[async_trait]
impl DatastoreService for ArmService {
    async fn list(&self, token: &str) -> Result<Page> {
        let url = if token.is_empty() {
            self.url(&[])?
        } else {
            next_url(token, &self.workspace)?
        };
        let page = self.fetch(url).await?;
        Ok(Page {
            records: page.value.into_iter().map(Resource::into_record).collect(),
            next: page.next_link.filter(|link| !link.is_empty()),
        })
    }

    async fn get(&self, name: &str) -> Result<Record> {
        let record = self.read(name).await?;
        self.with_secrets(record).await
    }

    async fn put(&self, record: &Record, options: PutOptions) -> Result<()> {
        let body = to_body(record)?;
        // The contract has no condition for "new", so that a race cannot be excluded.
        if !options.overwrite && self.exists(&record.name).await? {
            return Err(Error::Exists(record.name.clone()));
        }
        let mut url = self.url(&[&record.name])?;
        let skip = if options.skip_validation {
            "true"
        } else {
            "false"
        };
        url.query_pairs_mut().append_pair("skipValidation", skip);
        let mut request = Request::new(url, Method::Put);
        request.insert_header("content-type", "application/json");
        request.set_json(&body)?;
        let client = self.workspace.services.client();
        client.send(request, Repeat::ByMethod).await?;
        Ok(())
    }

    async fn delete(&self, name: &str) -> Result<bool> {
        let request = Request::new(self.url(&[name])?, Method::Delete);
        let client = self.workspace.services.client();
        match client.send(request, Repeat::ByMethod).await {
            Ok(response) => Ok(u16::from(response.status()) != 204),
            Err(error) if error.status() == Some(404) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    async fn default(&self) -> Result<Record> {
        let mut url = self.url(&[])?;
        url.query_pairs_mut().append_pair("isDefault", "true");
        let first = self.fetch(url).await?.value.into_iter().next();
        let record = first.map(Resource::into_record).ok_or_else(|| {
            azml_core::Error::new(
                ErrorKind::NotFound,
                "the workspace has no default datastore",
            )
        })?;
        self.with_secrets(record).await
    }

    async fn set_default(&self, _: &str) -> Result<()> {
        Err(Error::Unsupported {
            operation: "setting the default datastore",
            what: WHAT.to_owned(),
        })
    }
}

/// The link is followed only where the token may go.
fn next_url(link: &str, workspace: &Inner) -> Result<Url> {
    Url::parse(link)
        .ok()
        .filter(|url| workspace.services.is_arm(url))
        .ok_or_else(|| {
            let text = "the link to the next page leads away from the service";
            azml_core::Error::new(ErrorKind::InvalidData, text).into()
        })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Resources {
    value: Vec<Resource>,
    #[serde(default)]
    next_link: Option<String>,
}

#[derive(Deserialize)]
struct Resource {
    name: String,
    properties: Map<String, Value>,
}

impl Resource {
    fn into_record(self) -> Record {
        let text = |name: &str| {
            self.properties
                .get(name)
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        let required = |name: &str| text(name).unwrap_or_default();
        let kind = Kind::from_name(&required("datastoreType"));
        let storage = |container: &str| Location::Storage {
            account: required("accountName"),
            container: required(container),
            endpoint: text("endpoint"),
            protocol: text("protocol"),
        };
        let location = match kind {
            Kind::AzureBlob => storage("containerName"),
            Kind::AzureFile => storage("fileShareName"),
            Kind::AzureDataLakeGen2 => storage("filesystem"),
            Kind::AzureDataLakeGen1 => Location::DataLakeStore {
                name: required("storeName"),
            },
            _ => Location::Other(Value::Object(self.properties.clone())),
        };
        let tags = self.properties.get("tags").and_then(Value::as_object);
        let tags: BTreeMap<String, String> = tags
            .into_iter()
            .flatten()
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect();
        let identity = text("serviceDataAccessAuthIdentity").filter(|it| it != "None");
        Record {
            description: text("description"),
            tags,
            credential: shown_credential(self.properties.get("credentials")),
            identity,
            ..Record::new(self.name, kind, location)
        }
    }
}

fn shown_credential(credentials: Option<&Value>) -> Credential {
    let text = |name: &str| {
        credentials
            .and_then(|it| it.get(name)?.as_str())
            .map(str::to_owned)
    };
    match text("credentialsType").as_deref() {
        Some("AccountKey") => Credential::AccountKey(None),
        Some("Sas") => Credential::Sas(None),
        Some("ServicePrincipal") => Credential::ServicePrincipal {
            tenant_id: text("tenantId").unwrap_or_default(),
            client_id: text("clientId").unwrap_or_default(),
            secret: None,
            authority: text("authorityUrl"),
            resource: text("resourceUrl"),
        },
        _ => Credential::None,
    }
}

/// The answer of `listSecrets`. Its own type decides: for a key the service may give a SAS.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Secrets {
    secrets_type: String,
    key: Option<String>,
    sas_token: Option<String>,
    client_secret: Option<String>,
}

impl Secrets {
    fn add_to(self, credential: &mut Credential) {
        match self.secrets_type.as_str() {
            "AccountKey" => *credential = Credential::AccountKey(self.key.map(Secret::new)),
            "Sas" => *credential = Credential::Sas(self.sas_token.map(Secret::new)),
            _ => {
                if let Credential::ServicePrincipal { secret, .. } = credential {
                    *secret = self.client_secret.map(Secret::new);
                }
            }
        }
    }
}

fn to_body(record: &Record) -> Result<Value> {
    let unsupported = || Error::Unsupported {
        operation: "registering a datastore of this kind",
        what: WHAT.to_owned(),
    };
    let mut properties = match &record.location {
        Location::Storage {
            account,
            container,
            endpoint,
            protocol,
        } => {
            let member = match record.kind {
                Kind::AzureBlob => "containerName",
                Kind::AzureFile => "fileShareName",
                Kind::AzureDataLakeGen2 => "filesystem",
                _ => return Err(unsupported()),
            };
            let mut properties = json!({ "accountName": account });
            properties[member] = container.clone().into();
            properties["endpoint"] = json!(endpoint);
            properties["protocol"] = json!(protocol);
            properties
        }
        Location::DataLakeStore { name } => json!({ "storeName": name }),
        _ => return Err(unsupported()),
    };
    properties["datastoreType"] = match record.kind {
        Kind::AzureDataLakeGen1 => "AzureDataLakeGen1",
        ref kind => kind.name(),
    }
    .into();
    properties["credentials"] = match &record.credential {
        Credential::None => json!({ "credentialsType": "None" }),
        Credential::AccountKey(key) => json!({
            "credentialsType": "AccountKey",
            "secrets": { "secretsType": "AccountKey", "key": key.as_ref().map(Secret::expose) },
        }),
        Credential::Sas(sas) => json!({
            "credentialsType": "Sas",
            "secrets": { "secretsType": "Sas", "sasToken": sas.as_ref().map(Secret::expose) },
        }),
        Credential::ServicePrincipal {
            tenant_id,
            client_id,
            secret,
            authority,
            resource,
        } => json!({
            "credentialsType": "ServicePrincipal",
            "tenantId": tenant_id,
            "clientId": client_id,
            "authorityUrl": authority,
            "resourceUrl": resource,
            "secrets": {
                "secretsType": "ServicePrincipal",
                "clientSecret": secret.as_ref().map(Secret::expose),
            },
        }),
        Credential::SqlLogin { .. } => return Err(unsupported()),
    };
    if let Some(description) = &record.description {
        properties["description"] = description.clone().into();
    }
    if !record.tags.is_empty() {
        properties["tags"] = json!(record.tags);
    }
    if let Some(identity) = &record.identity {
        properties["serviceDataAccessAuthIdentity"] = identity.clone().into();
    }
    remove_nulls(&mut properties);
    Ok(json!({ "properties": properties }))
}

fn remove_nulls(value: &mut Value) {
    if let Value::Object(members) = value {
        members.retain(|_, member| !member.is_null());
        members.values_mut().for_each(remove_nulls);
    }
}

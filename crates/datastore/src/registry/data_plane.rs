//! The workspace data plane's contract (v1).

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use azml_auth::Secret;
use azml_core::endpoint;
use azml_core::http::Repeat;
use azure_core::http::{Method, Request, Url};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::api::{DatastoreService, Page, PutOptions};
use super::record::{Credential, Kind, Location, Record};
use crate::error::{Error, Result};
use crate::workspace::Inner;

/// What the service says when a name is taken, with status 400.
const CONFLICT: &str = "Another datastore with the same name already exists";
/// Datastores of one page.
const PAGE: &str = "100";
/// What stands for "none" in Gen1 credentials.
const NO_ID: &str = "00000000-0000-0000-0000-000000000000";

/// A client of the contract.
#[derive(Debug)]
pub(super) struct DataPlane {
    workspace: Arc<Inner>,
}

impl DataPlane {
    pub(super) fn new(workspace: Arc<Inner>) -> Self {
        Self { workspace }
    }

    async fn url(&self, segments: &[&str]) -> Result<Url> {
        let scope = &self.workspace.scope;
        let base = self.workspace.services.history(scope).await?;
        let parts = scope.segments();
        let all: Vec<&str> = ["datastore", "v1.0"]
            .iter()
            .chain(&parts)
            .chain(segments)
            .copied()
            .collect();
        Ok(endpoint::join(&base, &all)?)
    }

    async fn send(&self, request: Request) -> Result<()> {
        self.workspace
            .services
            .client()
            .send(request, Repeat::ByMethod)
            .await?;
        Ok(())
    }

    async fn read(&self, url: Url) -> Result<Record> {
        let request = Request::new(url, Method::Get);
        let client = self.workspace.services.client();
        let wire: Wire = client.send_json(request, Repeat::ByMethod).await?;
        Ok(wire.into_record())
    }

    async fn write(&self, method: Method, record: &Record, options: PutOptions) -> Result<()> {
        let mut url = match method {
            Method::Put => self.url(&["datastores", &record.name]).await?,
            _ => self.url(&["datastores"]).await?,
        };
        let flag = |value: bool| if value { "true" } else { "false" };
        url.query_pairs_mut()
            .append_pair("createIfNotExists", flag(options.create_if_not_exists))
            .append_pair("skipValidation", flag(options.skip_validation));
        let mut request = Request::new(url, method);
        request.insert_header("content-type", "application/json; charset=utf-8");
        request.set_json(&Wire::from_record(record))?;
        self.send(request).await
    }
}

/// A 404 about a datastore by its name; anything else as it came.
pub(super) fn not_found(name: &str) -> impl FnOnce(Error) -> Error {
    let name = name.to_owned();
    move |error| match error.status() {
        Some(404) => Error::NotFound(name),
        _ => error,
    }
}

fn is_conflict(error: &Error) -> bool {
    matches!(error, Error::Service(error)
        if error.status() == Some(400) && error.message().contains(CONFLICT))
}

#[async_trait]
impl DatastoreService for DataPlane {
    async fn list(&self, token: &str) -> Result<Page> {
        let mut url = self.url(&["datastores"]).await?;
        url.query_pairs_mut()
            .append_pair("count", PAGE)
            .append_pair("includeSecret", "false");
        if !token.is_empty() {
            url.query_pairs_mut()
                .append_pair("continuationToken", token);
        }
        let request = Request::new(url, Method::Get);
        let client = self.workspace.services.client();
        let page: WirePage = client.send_json(request, Repeat::ByMethod).await?;
        Ok(Page {
            records: page.value.into_iter().map(Wire::into_record).collect(),
            next: page.continuation_token.filter(|token| !token.is_empty()),
        })
    }

    async fn get(&self, name: &str) -> Result<Record> {
        let url = self.url(&["datastores", name]).await?;
        self.read(url).await.map_err(not_found(name))
    }

    async fn put(&self, record: &Record, options: PutOptions) -> Result<()> {
        match self.write(Method::Post, record, options).await {
            Err(error) if is_conflict(&error) && options.overwrite => {
                self.write(Method::Put, record, options).await
            }
            Err(error) if is_conflict(&error) => Err(Error::Exists(record.name.clone())),
            other => other,
        }
    }

    async fn delete(&self, name: &str) -> Result<bool> {
        let url = self.url(&["datastores", name]).await?;
        let request = Request::new(url, Method::Delete);
        let client = self.workspace.services.client();
        match client.send(request, Repeat::ByMethod).await {
            Ok(response) => Ok(u16::from(response.status()) != 204),
            Err(error) if error.status() == Some(404) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    async fn default(&self) -> Result<Record> {
        let url = self.url(&["default"]).await?;
        self.read(url).await
    }

    async fn set_default(&self, name: &str) -> Result<()> {
        let url = self.url(&["default", name]).await?;
        self.send(Request::new(url, Method::Put))
            .await
            .map_err(not_found(name))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WirePage {
    value: Vec<Wire>,
    #[serde(default)]
    continuation_token: Option<String>,
}

/// A datastore on the wire. What is absent is left out.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Wire {
    name: String,
    data_store_type: String,
    #[serde(skip_serializing)]
    has_been_validated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    azure_storage_section: Option<WireStorage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    azure_data_lake_section: Option<WireDataLake>,
    #[serde(skip_serializing_if = "Option::is_none")]
    azure_sql_database_section: Option<WireDatabase>,
    #[serde(skip_serializing_if = "Option::is_none")]
    azure_postgre_sql_section: Option<WireDatabase>,
    #[serde(skip_serializing_if = "Option::is_none")]
    azure_my_sql_section: Option<WireDatabase>,
    #[serde(flatten, skip_serializing)]
    other: BTreeMap<String, Value>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireStorage {
    account_name: String,
    container_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credential_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credential: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_credentials: Option<WirePrincipal>,
    #[serde(skip_serializing)]
    account_key: Option<String>,
    #[serde(skip_serializing)]
    sas_token: Option<String>,
    are_workspace_managed_identities_allowed: Option<bool>,
    #[serde(
        rename(serialize = "ServiceDataAccessAuthIdentity"),
        skip_serializing_if = "Option::is_none"
    )]
    service_data_access_auth_identity: Option<String>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WirePrincipal {
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    is_cert_auth: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authority_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_uri: Option<String>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireDataLake {
    store_name: String,
    #[serde(flatten)]
    principal: WirePrincipal,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireDatabase {
    server_name: String,
    database_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_password: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port_number: Option<String>,
    #[serde(rename = "enableSSL", skip_serializing_if = "Option::is_none")]
    enable_ssl: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credential_type: Option<String>,
    #[serde(flatten)]
    principal: WirePrincipal,
}

fn exposed(secret: Option<&Secret>) -> Option<String> {
    secret.map(|secret| secret.expose().to_owned())
}

fn secret(text: Option<String>) -> Option<Secret> {
    text.filter(|text| !text.is_empty()).map(Secret::new)
}

impl WirePrincipal {
    fn from_credential(credential: &Credential) -> Self {
        match credential {
            Credential::ServicePrincipal {
                tenant_id,
                client_id,
                secret,
                authority,
                resource,
            } => Self {
                tenant_id: Some(tenant_id.clone()),
                client_id: Some(client_id.clone()),
                is_cert_auth: false,
                client_secret: exposed(secret.as_ref()),
                authority_url: authority.clone(),
                resource_uri: resource.clone(),
            },
            _ => Self::default(),
        }
    }

    fn into_credential(self) -> Credential {
        let there = |text: Option<String>| text.filter(|text| !text.is_empty() && text != NO_ID);
        match (there(self.tenant_id), there(self.client_id)) {
            (Some(tenant_id), Some(client_id)) => Credential::ServicePrincipal {
                tenant_id,
                client_id,
                secret: secret(there(self.client_secret)),
                authority: self.authority_url,
                resource: self.resource_uri,
            },
            _ => Credential::None,
        }
    }
}

impl WireStorage {
    fn into_parts(self) -> (Location, Credential, Option<String>) {
        let credential = match self.credential_type.as_deref() {
            Some("AccountKey") => Credential::AccountKey(secret(self.account_key)),
            Some("Sas") => Credential::Sas(secret(self.sas_token)),
            _ => self
                .client_credentials
                .map(WirePrincipal::into_credential)
                .unwrap_or_default(),
        };
        let location = Location::Storage {
            account: self.account_name,
            container: self.container_name,
            endpoint: self.endpoint,
            protocol: self.protocol,
        };
        (location, credential, self.service_data_access_auth_identity)
    }
}

impl WireDatabase {
    fn into_parts(self) -> (Location, Credential) {
        let credential = match self.user_id.filter(|user| !user.is_empty()) {
            Some(user) => Credential::SqlLogin {
                user,
                password: secret(self.user_password),
            },
            None => self.principal.into_credential(),
        };
        let location = Location::Database {
            server: self.server_name,
            database: self.database_name,
            endpoint: self.endpoint,
            port: self.port_number,
            enforce_tls: self.enable_ssl,
        };
        (location, credential)
    }
}

impl Wire {
    fn from_record(record: &Record) -> Self {
        let mut wire = Self {
            name: record.name.clone(),
            data_store_type: record.kind.name().to_owned(),
            tags: (!record.tags.is_empty()).then(|| record.tags.clone()),
            ..Self::default()
        };
        match &record.location {
            Location::Storage {
                account,
                container,
                endpoint,
                protocol,
            } => {
                let (credential_type, credential) = match &record.credential {
                    Credential::AccountKey(key) => ("AccountKey", exposed(key.as_ref())),
                    Credential::Sas(sas) => ("Sas", exposed(sas.as_ref())),
                    Credential::ServicePrincipal { .. } => ("ClientCredentials", None),
                    _ => ("None", None),
                };
                // The original client sends the object for Gen2 even when it says nothing.
                let gen2 = record.kind == Kind::AzureDataLakeGen2;
                wire.azure_storage_section = Some(WireStorage {
                    account_name: account.clone(),
                    container_name: container.clone(),
                    endpoint: endpoint.clone(),
                    protocol: protocol.clone(),
                    credential_type: Some(credential_type.to_owned()),
                    credential,
                    client_credentials: gen2
                        .then(|| WirePrincipal::from_credential(&record.credential)),
                    are_workspace_managed_identities_allowed: Some(false),
                    service_data_access_auth_identity: Some(
                        record.identity.clone().unwrap_or_else(|| "None".to_owned()),
                    ),
                    ..WireStorage::default()
                });
            }
            Location::DataLakeStore { name } => {
                wire.azure_data_lake_section = Some(WireDataLake {
                    store_name: name.clone(),
                    principal: WirePrincipal::from_credential(&record.credential),
                });
            }
            Location::Database {
                server,
                database,
                endpoint,
                port,
                enforce_tls,
            } => {
                let mut section = WireDatabase {
                    server_name: server.clone(),
                    database_name: database.clone(),
                    endpoint: endpoint.clone(),
                    port_number: port.clone(),
                    enable_ssl: *enforce_tls,
                    principal: WirePrincipal::from_credential(&record.credential),
                    ..WireDatabase::default()
                };
                let credential_type = match &record.credential {
                    Credential::SqlLogin { user, password } => {
                        section.user_id = Some(user.clone());
                        section.user_password = exposed(password.as_ref());
                        "SqlAuthentication"
                    }
                    Credential::ServicePrincipal { .. } => "ServicePrincipal",
                    _ => "None",
                };
                match record.kind {
                    Kind::AzurePostgreSql => wire.azure_postgre_sql_section = Some(section),
                    Kind::AzureMySql => wire.azure_my_sql_section = Some(section),
                    _ => {
                        section.credential_type = Some(credential_type.to_owned());
                        wire.azure_sql_database_section = Some(section);
                    }
                }
            }
            Location::Databricks | Location::Other(_) => {}
        }
        wire
    }

    fn into_record(self) -> Record {
        let kind = Kind::from_name(&self.data_store_type);
        let mut identity = None;
        let (location, credential) = if let Some(section) = self.azure_storage_section {
            let (location, credential, of_section) = section.into_parts();
            identity = of_section.filter(|identity| identity != "None");
            (location, credential)
        } else if let Some(section) = self.azure_data_lake_section {
            let location = Location::DataLakeStore {
                name: section.store_name,
            };
            (location, section.principal.into_credential())
        } else if let Some(section) = self
            .azure_sql_database_section
            .or(self.azure_postgre_sql_section)
            .or(self.azure_my_sql_section)
        {
            section.into_parts()
        } else if kind == Kind::Databricks {
            (Location::Databricks, Credential::None)
        } else {
            let other = Value::Object(self.other.into_iter().collect());
            (Location::Other(other), Credential::None)
        };
        Record {
            name: self.name,
            kind,
            description: None,
            tags: self.tags.unwrap_or_default(),
            has_been_validated: self.has_been_validated,
            location,
            credential,
            identity,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::registry::{AzureBlob, AzureDataLakeGen2, AzureSql, Registration};

    fn sent(registration: Registration) -> Value {
        serde_json::to_value(Wire::from_record(&registration.record)).unwrap()
    }

    /// storage RW-01: exactly the example of the protocol notes, section 1.2.
    #[test]
    fn a_blob_container_is_sent_as_the_original_client_does() {
        let builder = AzureBlob::new("photos", "acct1", "raw").account_key("QUJD");
        assert_eq!(
            sent(builder.try_into().unwrap()),
            json!({"name":"photos","dataStoreType":"AzureBlob","azureStorageSection":{
                "accountName":"acct1","containerName":"raw","credentialType":"AccountKey",
                "credential":"QUJD","areWorkspaceManagedIdentitiesAllowed":false,
                "ServiceDataAccessAuthIdentity":"None"}})
        );
    }

    /// storage RW-02.
    #[test]
    fn gen2_always_sends_its_client_credentials() {
        let builder = AzureDataLakeGen2::new("lake", "acct1", "raw");
        let wire = sent(builder.try_into().unwrap());
        let section = &wire["azureStorageSection"];
        assert_eq!(section["credentialType"], "None");
        assert_eq!(section["clientCredentials"], json!({"isCertAuth": false}));
    }

    /// storage RW-03: every kind comes back as it was registered.
    #[test]
    fn records_survive_the_wire() {
        let builder = AzureSql::new("s", "srv", "db").service_principal("t", "c", "hush");
        let registration: Registration = builder.try_into().unwrap();
        let record = serde_json::from_value::<Wire>(sent(registration))
            .unwrap()
            .into_record();
        assert_eq!(record.kind, Kind::AzureSql);
        let Credential::ServicePrincipal {
            secret, tenant_id, ..
        } = record.credential
        else {
            panic!("{record:?}");
        };
        assert_eq!(
            (tenant_id.as_str(), secret.unwrap().expose()),
            ("t", "hush")
        );
    }

    /// storage RW-04: what this version does not know is kept and fails nothing.
    #[test]
    fn unknown_kinds_are_kept() {
        let wire = json!({"name":"x","dataStoreType":"Tape","tapeSection":{"reel":7}});
        let record = serde_json::from_value::<Wire>(wire).unwrap().into_record();
        assert_eq!(record.kind, Kind::Other("Tape".into()));
        let Location::Other(other) = record.location else {
            panic!("{record:?}");
        };
        assert_eq!(other["tapeSection"]["reel"], 7);
    }

    /// storage RW-05: the texts that stand for "none" in Gen1 credentials.
    #[test]
    fn empty_ids_are_no_credential() {
        let wire = json!({"name":"x","dataStoreType":"AzureDataLake","azureDataLakeSection":{
            "storeName":"s","tenantId":NO_ID,"clientId":"","clientSecret":""}});
        let record = serde_json::from_value::<Wire>(wire).unwrap().into_record();
        assert_eq!(record.credential.kind(), "None");
    }
}

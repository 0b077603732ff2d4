//! A datastore as the workspace data plane reads, stores and shows it. Members that this
//! emulator does not know are kept and given back.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A registered datastore.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Datastore {
    pub(crate) name: String,
    pub(crate) data_store_type: String,
    pub(crate) has_been_validated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tags: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) properties: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) azure_storage_section: Option<StorageSection>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) azure_data_lake_section: Option<DataLakeSection>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) azure_sql_database_section: Option<DatabaseSection>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) azure_postgre_sql_section: Option<DatabaseSection>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) azure_my_sql_section: Option<DatabaseSection>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hdfs_section: Option<Map<String, Value>>,
    /// Sections of other kinds.
    #[serde(flatten)]
    pub(crate) other: Map<String, Value>,
}

/// The identities that the service may use for itself.
const NO_IDENTITY: &str = "None";

/// Blob container, file share or file system.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct StorageSection {
    pub(crate) account_name: String,
    pub(crate) container_name: String,
    pub(crate) endpoint: Option<String>,
    pub(crate) protocol: Option<String>,
    pub(crate) credential_type: Option<String>,
    /// Key or signature in a request; never shown.
    #[serde(skip_serializing)]
    pub(crate) credential: Option<String>,
    pub(crate) client_credentials: Option<Principal>,
    pub(crate) blob_cache_timeout: Option<i64>,
    pub(crate) is_sas: bool,
    pub(crate) account_key: Option<String>,
    pub(crate) sas_token: Option<String>,
    pub(crate) are_workspace_managed_identities_allowed: Option<bool>,
    pub(crate) subscription_id: Option<String>,
    pub(crate) resource_group: Option<String>,
    #[serde(alias = "ServiceDataAccessAuthIdentity")]
    pub(crate) service_data_access_auth_identity: Option<String>,
    #[serde(flatten)]
    pub(crate) other: Map<String, Value>,
}

/// An application of the directory, with its secret or certificate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Principal {
    pub(crate) client_id: Option<String>,
    pub(crate) tenant_id: Option<String>,
    pub(crate) is_cert_auth: bool,
    pub(crate) certificate: Option<String>,
    pub(crate) thumbprint: Option<String>,
    pub(crate) client_secret: Option<String>,
    pub(crate) authority_url: Option<String>,
    pub(crate) resource_uri: Option<String>,
    pub(crate) subscription_id: Option<String>,
    pub(crate) resource_group: Option<String>,
}

/// Data Lake Store Gen1.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct DataLakeSection {
    pub(crate) store_name: String,
    #[serde(flatten)]
    pub(crate) principal: Principal,
    #[serde(alias = "ServiceDataAccessAuthIdentity")]
    pub(crate) service_data_access_auth_identity: Option<String>,
}

/// SQL Database, PostgreSQL or MySQL.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct DatabaseSection {
    pub(crate) server_name: String,
    pub(crate) database_name: String,
    pub(crate) endpoint: Option<String>,
    pub(crate) user_id: Option<String>,
    pub(crate) user_password: Option<String>,
    pub(crate) port_number: Option<String>,
    #[serde(rename = "enableSSL", skip_serializing_if = "Option::is_none")]
    pub(crate) enable_ssl: Option<bool>,
    pub(crate) credential_type: Option<String>,
    #[serde(flatten)]
    pub(crate) principal: Principal,
    #[serde(alias = "ServiceDataAccessAuthIdentity")]
    pub(crate) service_data_access_auth_identity: Option<String>,
}

/// Members that are secrets, whatever section they stand in.
const SECRETS: [&str; 7] = [
    "accountKey",
    "sasToken",
    "clientSecret",
    "userPassword",
    "certificate",
    "credential",
    "credentialValue",
];

impl Datastore {
    /// The datastore as an answer shows it.
    pub(crate) fn show(&self, secrets: bool) -> Value {
        let mut shown = serde_json::to_value(self).unwrap_or_default();
        if !secrets {
            remove_secrets(&mut shown);
        }
        shown
    }
}

impl StorageSection {
    /// Moves the written credential to where it is shown.
    pub(crate) fn settle_credential(&mut self) {
        let Some(credential) = self.credential.take() else {
            return;
        };
        let credential = credential
            .strip_prefix('?')
            .unwrap_or(&credential)
            .to_owned();
        self.is_sas = self.credential_type.as_deref() == Some("Sas");
        self.account_key = None;
        self.sas_token = None;
        if self.is_sas {
            self.sas_token = Some(credential);
        } else {
            self.account_key = Some(credential);
        }
    }

    /// Fills in what the service fills in.
    pub(crate) fn fill(&mut self, endpoint: &str) {
        fill(&mut self.endpoint, endpoint);
        fill(&mut self.protocol, "https");
        fill(&mut self.credential_type, "None");
        fill(&mut self.service_data_access_auth_identity, NO_IDENTITY);
        if let Some(principal) = &mut self.client_credentials {
            principal.fill();
        }
    }
}

impl Principal {
    fn fill(&mut self) {
        fill(&mut self.authority_url, "https://login.microsoftonline.com");
    }
}

impl DataLakeSection {
    /// Fills in what the service fills in.
    pub(crate) fn fill(&mut self) {
        self.principal.fill();
        fill(&mut self.service_data_access_auth_identity, NO_IDENTITY);
    }
}

impl DatabaseSection {
    /// Fills in what the service fills in.
    pub(crate) fn fill(&mut self, endpoint: &str, port: Option<&str>, resource: Option<&str>) {
        fill(&mut self.endpoint, endpoint);
        if let Some(port) = port {
            fill(&mut self.port_number, port);
        }
        if let Some(resource) = resource {
            fill(&mut self.principal.resource_uri, resource);
            fill(&mut self.service_data_access_auth_identity, NO_IDENTITY);
        }
        self.principal.fill();
    }
}

fn fill(field: &mut Option<String>, default: &str) {
    if field.as_deref().is_none_or(str::is_empty) {
        *field = Some(default.to_owned());
    }
}

fn remove_secrets(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| !SECRETS.contains(&name.as_str()));
            members.values_mut().for_each(remove_secrets);
        }
        Value::Array(items) => items.iter_mut().for_each(remove_secrets),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The example request of the protocol notes, section 1.2 (storage DS-04, DS-13).
    #[test]
    fn a_request_becomes_what_the_client_reads_back() {
        let request = json!({"name":"photos","dataStoreType":"AzureBlob","azureStorageSection":{
            "accountName":"acct1","containerName":"raw","credentialType":"AccountKey",
            "credential":"QUJD","areWorkspaceManagedIdentitiesAllowed":false,
            "ServiceDataAccessAuthIdentity":"WorkspaceSystemAssignedIdentity"}});
        let mut datastore: Datastore = serde_json::from_value(request).unwrap();
        let section = datastore.azure_storage_section.as_mut().unwrap();
        section.settle_credential();
        section.fill("core.windows.net");
        let shown = datastore.show(true);
        let section = &shown["azureStorageSection"];
        assert_eq!(section["accountKey"], "QUJD");
        assert_eq!(section["sasToken"], Value::Null);
        assert_eq!(section["endpoint"], "core.windows.net");
        assert_eq!(section["protocol"], "https");
        assert_eq!(
            section["serviceDataAccessAuthIdentity"],
            "WorkspaceSystemAssignedIdentity"
        );
        assert_eq!(section.get("credential"), None);
        let hidden = datastore.show(false).to_string();
        assert!(
            !hidden.contains("QUJD") && !hidden.contains("accountKey"),
            "{hidden}"
        );
    }

    #[test]
    fn a_signature_loses_its_question_mark_and_is_shown_as_one() {
        let mut section = StorageSection {
            credential_type: Some("Sas".into()),
            credential: Some("?sv=1&sig=x".into()),
            ..StorageSection::default()
        };
        section.settle_credential();
        assert!(section.is_sas);
        assert_eq!(section.sas_token.as_deref(), Some("sv=1&sig=x"));
        assert_eq!(section.account_key, None);
    }

    #[test]
    fn unknown_kinds_and_members_come_back() {
        let stored = json!({"name":"x","dataStoreType":"Custom","hasBeenValidated":false,
            "customSection":{"a":[1,{"credentialValue":"s","b":2}]}});
        let datastore: Datastore = serde_json::from_value(stored.clone()).unwrap();
        assert_eq!(datastore.show(true), stored);
        let hidden = datastore.show(false);
        assert_eq!(hidden["customSection"]["a"][1], json!({"b":2}));
    }
}

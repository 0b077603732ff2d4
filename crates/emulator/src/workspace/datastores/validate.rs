//! What a datastore must say, what the service adds, and trying its credential against
//! the emulator's own accounts.

use azml_auth::storage::{AccountKey, SasFields, SasKind, SasService, SasTarget};

use super::super::error::PlaneError;
use super::model::{DatabaseSection, Datastore, StorageSection};
use crate::storage::Storage;

/// The kinds that the data plane knows.
const KINDS: [&str; 13] = [
    "AzureBlob",
    "AzureFile",
    "GlusterFs",
    "AzureDataLake",
    "AzureMySql",
    "AzureSqlDatabase",
    "AzurePostgreSql",
    "DBFS",
    "AzureDataLakeGen2",
    "Hdfs",
    "Custom",
    "Git",
    "OneLake",
];

const LONGEST_NAME: usize = 255;

/// Where storage of accounts that are not the emulator's is.
const PUBLIC_STORAGE: &str = "core.windows.net";

/// Checks what a request says and fills in the rest.
pub(super) fn complete(datastore: &mut Datastore, storage: &Storage) -> Result<(), PlaneError> {
    let name = &datastore.name;
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(good) {
        return Err(PlaneError::bad_request(format!(
            "The datastore name '{name}' is invalid: letters, digits and underscores are \
             allowed, at most {LONGEST_NAME} of them."
        )));
    }
    let kind = datastore.data_store_type.as_str();
    if !KINDS.contains(&kind) {
        return Err(PlaneError::bad_request(format!(
            "The dataStoreType '{kind}' is not known."
        )));
    }
    let missing =
        || PlaneError::bad_request(format!("A datastore of type {kind} needs its section."));
    match kind {
        "AzureBlob" | "AzureFile" | "AzureDataLakeGen2" => {
            let section = datastore
                .azure_storage_section
                .as_mut()
                .ok_or_else(missing)?;
            require("accountName", &section.account_name)?;
            require("containerName", &section.container_name)?;
            section.settle_credential();
            let own = storage.has_account(&section.account_name);
            let suffix = if own {
                storage.suffix()
            } else {
                PUBLIC_STORAGE.to_owned()
            };
            section.fill(&suffix);
        }
        "AzureDataLake" => {
            let section = datastore
                .azure_data_lake_section
                .as_mut()
                .ok_or_else(missing)?;
            require("storeName", &section.store_name)?;
            section.fill();
        }
        "AzureSqlDatabase" => {
            let section = datastore.azure_sql_database_section.as_mut();
            let resource = "https://database.windows.net/";
            let section = database(section.ok_or_else(missing)?)?;
            section.fill("database.windows.net", None, Some(resource));
        }
        "AzurePostgreSql" => {
            let section = datastore.azure_postgre_sql_section.as_mut();
            let section = database(section.ok_or_else(missing)?)?;
            section.fill("postgres.database.azure.com", Some("5432"), None);
        }
        "AzureMySql" => {
            let section = datastore.azure_my_sql_section.as_mut();
            let section = database(section.ok_or_else(missing)?)?;
            section.fill("mysql.database.azure.com", Some("3306"), None);
        }
        _ => {}
    }
    Ok(())
}

fn database(section: &mut DatabaseSection) -> Result<&mut DatabaseSection, PlaneError> {
    require("serverName", &section.server_name)?;
    require("databaseName", &section.database_name)?;
    Ok(section)
}

fn require(name: &str, value: &str) -> Result<(), PlaneError> {
    if value.is_empty() {
        return Err(PlaneError::bad_request(format!(
            "The field {name} is missing."
        )));
    }
    Ok(())
}

/// Tries the credential of a storage datastore, and makes its container if that is asked
/// for. Databases are never connected to.
pub(super) async fn try_credential(
    datastore: &Datastore,
    storage: &Storage,
    create: bool,
) -> Result<(), PlaneError> {
    let Some(section) = &datastore.azure_storage_section else {
        return Ok(());
    };
    let account = &section.account_name;
    let credential_type = section.credential_type.as_deref().unwrap_or("None");
    if !matches!(credential_type, "AccountKey" | "Sas") {
        return Ok(());
    }
    if !storage.has_account(account) {
        return Err(PlaneError::bad_request(format!(
            "The storage account '{account}' does not exist in the emulator. Skip the validation \
             to register an account that is elsewhere."
        )));
    }
    let service = match datastore.data_store_type.as_str() {
        "AzureFile" => SasService::File,
        _ => SasService::Blob,
    };
    if !is_accepted(section, storage, service) {
        return Err(PlaneError::bad_request(format!(
            "The credentials for the storage account '{account}' were rejected (403 Forbidden). \
             Check the account key or the SAS token, and its expiry."
        )));
    }
    let container = &section.container_name;
    let there = storage
        .ensure_container(service, account, container, create)
        .await
        .map_err(PlaneError::bad_request)?;
    if there {
        return Ok(());
    }
    Err(PlaneError::bad_request(format!(
        "The container '{container}' does not exist in the storage account '{account}'. Create it \
         first, or register with create_if_not_exists."
    )))
}

fn is_accepted(section: &StorageSection, storage: &Storage, service: SasService) -> bool {
    let account = &section.account_name;
    let Some(expected) = storage.account_key(account) else {
        return false;
    };
    if let Some(key) = &section.account_key {
        // Compared by what they sign, which takes the same time for every wrong key.
        return AccountKey::from_base64(key)
            .is_ok_and(|key| expected.verify(account, &key.sign(account)));
    }
    let sas = section.sas_token.as_deref().unwrap_or_default();
    let Ok(Some((fields, signature))) = SasFields::parse(sas) else {
        return false;
    };
    let target = SasTarget {
        service,
        container: &section.container_name,
        path: "",
        snapshot: "",
    };
    let text = match fields.kind() {
        SasKind::Account => fields.account_string_to_sign(account),
        _ => match fields.resource_string_to_sign(account, &target) {
            Ok(text) => text,
            Err(_) => return false,
        },
    };
    let valid = SasFields::parse_time(fields.get("se"))
        .is_ok_and(|expiry| expiry.is_none_or(|expiry| expiry > storage.now()));
    valid && expected.verify(&text, &signature)
}

//! Containers of the storage accounts that an analytics account is linked to, and signatures for them.
//! The emulator knows its own storage accounts only, and only by their right key.

use axum::Json;
use axum::http::Method;
use axum::response::{IntoResponse, Response};
use azml_auth::storage::{SasBuilder, SasPermissions, SharedKey};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::account::STORAGE_LINKS;
use crate::arm::ArmError;
use crate::arm::accounts::{Account, show_time};
use crate::storage::Storage;

/// How long a signature is valid.
const SIGNATURE_LIFETIME: Duration = Duration::days(1);

/// Answers a request below the links to storage accounts; `None` when nothing has that address.
pub(super) fn answer(
    storage: &Storage,
    account: &Account,
    method: &Method,
    rest: &[&str],
) -> Option<Result<Response, ArmError>> {
    let (wanted, link, container, sign) = match rest {
        [link, name] if is_containers(name) => (Method::GET, link, None, false),
        [link, name, container] if is_containers(name) => {
            (Method::GET, link, Some(*container), false)
        }
        [link, name, container, action]
            if is_containers(name) && action.eq_ignore_ascii_case("listSasTokens") =>
        {
            (Method::POST, link, Some(*container), true)
        }
        _ => return None,
    };
    if *method != wanted {
        return Some(Err(ArmError::method_not_allowed()));
    }
    let answer = || -> Result<Value, ArmError> {
        let key = linked_key(storage, account, link)?;
        let containers = storage.containers(key.account()).map_err(failed)?;
        let shown =
            |(name, modified): &(String, OffsetDateTime)| show(account, link, name, *modified);
        let Some(container) = container else {
            let items: Vec<Value> = containers.iter().map(shown).collect();
            return Ok(json!({ "count": items.len(), "value": items }));
        };
        let found = containers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(container))
            .ok_or_else(|| missing(account, &format!("{link}/containers/{container}")))?;
        if !sign {
            return Ok(shown(found));
        }
        let signature = SasBuilder::container(found.0.as_str())
            .permissions(
                SasPermissions::READ
                    | SasPermissions::WRITE
                    | SasPermissions::DELETE
                    | SasPermissions::LIST,
            )
            .expires(storage.now() + SIGNATURE_LIFETIME)
            .sign(&key)
            .map_err(|error| failed(error.to_string()))?;
        Ok(json!({ "value": [{ "accessToken": signature.expose() }] }))
    };
    Some(answer().map(|body| Json(body).into_response()))
}

fn is_containers(name: &str) -> bool {
    name.eq_ignore_ascii_case("containers")
}

/// The key of a linked storage account: what the link says must be what the account has.
fn linked_key(storage: &Storage, account: &Account, link: &str) -> Result<SharedKey, ArmError> {
    let child = account
        .child(STORAGE_LINKS, link)
        .ok_or_else(|| missing(account, link))?;
    let name = child.name.to_lowercase();
    let key = storage.account_key(&name).ok_or_else(|| {
        ArmError::not_found(
            "StorageAccountNotFound",
            format!("The storage account '{name}' could not be found."),
        )
    })?;
    let given = child.properties.get("accessKey").and_then(Value::as_str);
    if !given.is_some_and(|given| crate::identity::same_secret(given, &key.to_base64())) {
        return Err(ArmError::bad_request(
            "InvalidStorageAccountAccessKey",
            format!("The key of the link to the storage account '{name}' is not the account's."),
        ));
    }
    Ok(SharedKey::new(name, key))
}

fn show(account: &Account, link: &str, name: &str, modified: OffsetDateTime) -> Value {
    let kind = format!(
        "accounts/{}/{STORAGE_LINKS}/{link}/containers/{name}",
        account.name
    );
    json!({
        "id": format!(
            "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.DataLakeAnalytics/{kind}",
            account.subscription, account.group
        ),
        "name": name,
        "type": "Microsoft.DataLakeAnalytics/accounts/storageAccounts/containers",
        "properties": { "lastModifiedTime": show_time(modified) },
    })
}

fn missing(account: &Account, rest: &str) -> ArmError {
    let resource = format!(
        "Microsoft.DataLakeAnalytics/accounts/{}/{STORAGE_LINKS}/{rest}",
        account.name
    );
    ArmError::resource_not_found(&resource, &account.group)
}

fn failed(reason: String) -> ArmError {
    tracing::error!(reason, "the storage failed");
    ArmError::internal()
}

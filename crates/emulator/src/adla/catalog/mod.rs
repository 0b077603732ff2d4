//! The catalog surface of an account: what U-SQL scripts made, read from the account's default store.
//!
//! Objects come and go through definitions in scripts only; credentials, secrets and access control
//! are kept beside them.

mod access;
mod preview;
mod show;

use std::sync::Arc;

use axum::Json;
use axum::http::Method;
use axum::response::{IntoResponse, Response};
use azml_usql::{Catalog, FileStore};
use serde_json::{Value, json};

use self::show::Shown;
use crate::arm::accounts::Account;
use crate::arm::{ArmError, ArmRequest};
use crate::odata::{FieldType, ListOptions, next_link};
use crate::state::State;
use crate::storage::gen1::LakeFiles;

const VERSIONS: &[&str] = &["2016-11-01", "2015-10-01-preview"];

/// Lists of a database that are not of a schema, with their key and the code of a missing item.
const IN_DATABASE: &[(&str, &str, &str)] = &[
    ("schemas", "schemaName", "SchemaNotFound"),
    ("assemblies", "assemblyClrName", "AssemblyNotFound"),
    (
        "externaldatasources",
        "externalDataSourceName",
        "ExternalDataSourceNotFound",
    ),
    ("tables", "tableName", "TableNotFound"),
    ("views", "viewName", "ViewNotFound"),
    (
        "tablevaluedfunctions",
        "tvfName",
        "TableValuedFunctionNotFound",
    ),
    ("statistics", "statisticsName", "TableStatisticsNotFound"),
];
/// Lists of a schema.
const IN_SCHEMA: &[(&str, &str, &str)] = &[
    ("tables", "tableName", "TableNotFound"),
    ("tabletypes", "typeName", "TableTypeNotFound"),
    ("types", "typeName", "TypeNotFound"),
    ("views", "viewName", "ViewNotFound"),
    ("procedures", "procName", "ProcedureNotFound"),
    ("packages", "packageName", "PackageNotFound"),
    (
        "tablevaluedfunctions",
        "tvfName",
        "TableValuedFunctionNotFound",
    ),
    ("statistics", "statisticsName", "TableStatisticsNotFound"),
];
/// Lists of a table.
const IN_TABLE: &[(&str, &str, &str)] = &[
    ("partitions", "partitionName", "TablePartitionNotFound"),
    ("tablefragments", "fragmentId", "TableFragmentNotFound"),
    ("statistics", "statisticsName", "TableStatisticsNotFound"),
];

const FIELDS: &[(&str, FieldType)] = &[
    ("computeAccountName", FieldType::Name),
    ("version", FieldType::Name),
    ("databaseName", FieldType::Name),
    ("schemaName", FieldType::Name),
    ("assemblyClrName", FieldType::Name),
    ("clrName", FieldType::Name),
    ("tableName", FieldType::Name),
    ("viewName", FieldType::Name),
    ("procName", FieldType::Name),
    ("tvfName", FieldType::Name),
    ("typeName", FieldType::Name),
    ("packageName", FieldType::Name),
    ("statisticsName", FieldType::Name),
    ("credentialName", FieldType::Name),
    ("externalDataSourceName", FieldType::Name),
    ("partitionName", FieldType::Name),
    ("fragmentId", FieldType::Name),
];

/// Answers a request; `None` when it is not for the catalog.
pub(super) async fn handle(
    state: &State,
    account: &Account,
    request: &ArmRequest,
) -> Option<Result<Response, ArmError>> {
    let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
    match path.as_slice() {
        [first, second, rest @ ..]
            if first.eq_ignore_ascii_case("catalog") && second.eq_ignore_ascii_case("usql") =>
        {
            Some(serve(state, account, request, rest).await)
        }
        _ => None,
    }
}

async fn serve(
    state: &State,
    account: &Account,
    request: &ArmRequest,
    path: &[&str],
) -> Result<Response, ArmError> {
    request.require_version(VERSIONS)?;
    // Kinds of objects are at even places, names of them between.
    let parts: Vec<String> = path
        .iter()
        .enumerate()
        .map(|(at, part)| {
            if at % 2 == 0 {
                part.to_ascii_lowercase()
            } else {
                (*part).to_owned()
            }
        })
        .collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let part = access::part(&parts);
    if let Some((None, part)) = part {
        return access::handle(state, account, request, None, part).await;
    }
    let (catalog, store) = load(state, account).await?;
    let shown = Shown {
        account: &account.name,
        catalog: &catalog,
    };
    if let Some((Some(database), part)) = part {
        let database = shown.database_name(database)?;
        return access::handle(state, account, request, Some(database), part).await;
    }
    if request.method != Method::GET {
        return Err(ArmError::method_not_allowed());
    }
    match parts.as_slice() {
        ["databases"] => list(request, "databaseName", shown.databases()),
        ["databases", database] => item(
            shown.databases(),
            "databaseName",
            database,
            "DatabaseNotFound",
        ),
        ["databases", database, kind, rest @ ..] => {
            let database = shown.database_name(database)?;
            if let ("schemas", [schema, kind, rest @ ..]) = (*kind, rest) {
                let schema = shown.schema_name(database, schema)?;
                if let ("tables", [table, part, rest @ ..]) = (*kind, rest) {
                    let table = shown.table(database, schema, table)?;
                    return match (*part, rest) {
                        ("previewrows", []) => {
                            preview::rows(store, table.table.clone(), &request.query).await
                        }
                        ("partitions", [name, "previewrows"]) => {
                            preview::rows(store, table.partition(name)?, &request.query).await
                        }
                        (part, rest) => pick(request, IN_TABLE, part, rest, || {
                            shown.in_table(&table, part)
                        }),
                    };
                }
                return pick(request, IN_SCHEMA, kind, rest, || {
                    shown.in_schema(database, schema, kind)
                });
            }
            // An assembly by itself is shown in another form than in the list.
            if let ("assemblies", [name]) = (*kind, rest) {
                return item(
                    shown.assemblies(database),
                    "assemblyName",
                    name,
                    "AssemblyNotFound",
                );
            }
            pick(request, IN_DATABASE, kind, rest, || {
                shown.in_database(database, kind)
            })
        }
        _ => Err(ArmError::unknown_type(&request.address)),
    }
}

/// The catalog of the account's default store as it is now.
async fn load(state: &State, account: &Account) -> Result<(Catalog, Arc<dyn FileStore>), ArmError> {
    let name = account
        .text("defaultDataLakeStoreAccount")
        .unwrap_or_default();
    let unreadable = |error: &dyn std::fmt::Display| {
        ArmError::new(
            axum::http::StatusCode::INTERNAL_SERVER_ERROR,
            "CatalogNotReadable",
            format!("The catalog in the store '{name}' cannot be read: {error}"),
        )
    };
    let store = LakeFiles::open(state, name).map_err(|error| unreadable(&error))?;
    let store: Arc<dyn FileStore> = Arc::new(store);
    let files = Arc::clone(&store);
    let loaded = tokio::task::spawn_blocking(move || Catalog::load(&*files)).await;
    let catalog = loaded
        .map_err(|error| unreadable(&error))?
        .map_err(|error| unreadable(&error))?;
    Ok((catalog, store))
}

/// A list of one of the known kinds, or an item of it.
fn pick(
    request: &ArmRequest,
    known: &[(&str, &'static str, &'static str)],
    kind: &str,
    rest: &[&str],
    items: impl FnOnce() -> Vec<Value>,
) -> Result<Response, ArmError> {
    let found = known.iter().find(|(name, ..)| *name == kind);
    match (found, rest) {
        (Some((_, key, _)), []) => list(request, key, items()),
        (Some((_, key, code)), [name]) => item(items(), key, name, code),
        _ => Err(ArmError::unknown_type(&request.address)),
    }
}

fn item(
    items: Vec<Value>,
    key: &str,
    name: &str,
    code: &'static str,
) -> Result<Response, ArmError> {
    let is = |found: &str| found.eq_ignore_ascii_case(name);
    let found = items
        .into_iter()
        .find(|item| item[key].as_str().is_some_and(is));
    found
        .map(|item| Json(item).into_response())
        .ok_or_else(|| missing(code, name))
}

fn missing(code: &'static str, name: &str) -> ArmError {
    ArmError::not_found(
        code,
        format!("The catalog object '{name}' could not be found."),
    )
}

/// Lists are in the order of names, whatever their case.
fn list(request: &ArmRequest, key: &str, mut items: Vec<Value>) -> Result<Response, ArmError> {
    items.sort_by_cached_key(|item| item[key].as_str().unwrap_or_default().to_lowercase());
    let options = ListOptions::read(&request.query, FIELDS, "computeAccountName")
        .map_err(|error| ArmError::bad_request("InvalidODataQuery", error.to_string()))?;
    let page = options.apply(items);
    let mut body = json!({ "value": page.items, "count": page.count });
    if let Some(skip) = page.next_skip {
        let address = format!("{}{}", request.origin.base(), request.address);
        body["nextLink"] = next_link(&address, &request.query, skip).into();
    }
    Ok(Json(body).into_response())
}

//! The catalog surface of an account: what every new account has.
//!
//! Objects come into being through U-SQL definitions, which no runner here carries out: there is the
//! database `master` with its schemas, and nothing in them beside credentials and secrets.

mod access;

use axum::Json;
use axum::http::Method;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::arm::accounts::Account;
use crate::arm::{ArmError, ArmRequest};
use crate::odata::{FieldType, ListOptions, next_link};
use crate::state::State;

const VERSIONS: &[&str] = &["2016-11-01", "2015-10-01-preview"];
const DATABASE: &str = "master";
/// In the order of names, as lists are.
const SCHEMAS: &[&str] = &["dbo", "INFORMATION_SCHEMA", "sys", "usql"];

/// Lists of a database that are not of a schema, with the code of a missing item.
const IN_DATABASE: &[(&str, &str)] = &[
    ("assemblies", "AssemblyNotFound"),
    ("externaldatasources", "ExternalDataSourceNotFound"),
    ("tables", "TableNotFound"),
    ("views", "ViewNotFound"),
    ("tablevaluedfunctions", "TableValuedFunctionNotFound"),
    ("statistics", "TableStatisticsNotFound"),
];
/// Lists of a schema, with the code of a missing item.
const IN_SCHEMA: &[(&str, &str)] = &[
    ("tables", "TableNotFound"),
    ("tabletypes", "TableTypeNotFound"),
    ("types", "TypeNotFound"),
    ("views", "ViewNotFound"),
    ("procedures", "ProcedureNotFound"),
    ("packages", "PackageNotFound"),
    ("tablevaluedfunctions", "TableValuedFunctionNotFound"),
    ("statistics", "TableStatisticsNotFound"),
];

const FIELDS: &[(&str, FieldType)] = &[
    ("computeAccountName", FieldType::Name),
    ("version", FieldType::Name),
    ("databaseName", FieldType::Name),
    ("schemaName", FieldType::Name),
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
    let kinds: Vec<String> = path
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
    let kinds: Vec<&str> = kinds.iter().map(String::as_str).collect();
    if let Some((database, part)) = access::part(&kinds) {
        database.map_or(Ok(()), check_database)?;
        let database = database.map(|_| DATABASE);
        return access::handle(state, account, request, database, part).await;
    }
    if request.method != Method::GET {
        return Err(ArmError::method_not_allowed());
    }
    match kinds.as_slice() {
        ["databases"] => list(request, vec![database(account)]),
        ["databases", name] => {
            check_database(name)?;
            Ok(Json(database(account)).into_response())
        }
        ["databases", name, "schemas"] => {
            check_database(name)?;
            list(
                request,
                SCHEMAS.iter().map(|name| schema(account, name)).collect(),
            )
        }
        ["databases", database, "schemas", name] => {
            check_database(database)?;
            Ok(Json(schema(account, check_schema(name)?)).into_response())
        }
        ["databases", database, "schemas", schema, kind, rest @ ..] => {
            check_database(database)?;
            check_schema(schema)?;
            empty(request, IN_SCHEMA, kind, rest)
        }
        ["databases", database, kind, rest @ ..] => {
            check_database(database)?;
            empty(request, IN_DATABASE, kind, rest)
        }
        _ => Err(ArmError::unknown_type(&request.address)),
    }
}

/// A list without items, or the item of it that is not there.
fn empty(
    request: &ArmRequest,
    known: &[(&str, &'static str)],
    kind: &str,
    rest: &[&str],
) -> Result<Response, ArmError> {
    let (_, code) = known
        .iter()
        .find(|(name, _)| *name == kind)
        .ok_or_else(|| ArmError::unknown_type(&request.address))?;
    match rest.first() {
        None => list(request, Vec::new()),
        Some(name) => Err(ArmError::not_found(
            code,
            format!("The catalog object '{name}' could not be found."),
        )),
    }
}

fn list(request: &ArmRequest, items: Vec<Value>) -> Result<Response, ArmError> {
    let options = ListOptions::read(&request.query, FIELDS, "databaseName")
        .map_err(|error| ArmError::bad_request("InvalidODataQuery", error.to_string()))?;
    let page = options.apply(items);
    let mut body = json!({ "value": page.items, "count": page.count });
    if let Some(skip) = page.next_skip {
        let address = format!("{}{}", request.origin.base(), request.address);
        body["nextLink"] = next_link(&address, &request.query, skip).into();
    }
    Ok(Json(body).into_response())
}

/// An item of this account; its version is the account's, for it never changes.
fn item(account: &Account) -> Value {
    json!({ "computeAccountName": account.name, "version": account.id, "databaseName": DATABASE })
}

fn database(account: &Account) -> Value {
    item(account)
}

fn schema(account: &Account, name: &str) -> Value {
    let mut shown = item(account);
    shown["schemaName"] = name.into();
    shown
}

fn check_database(name: &str) -> Result<(), ArmError> {
    if name.eq_ignore_ascii_case(DATABASE) {
        return Ok(());
    }
    Err(ArmError::not_found(
        "DatabaseNotFound",
        format!("The database '{name}' could not be found."),
    ))
}

fn check_schema(name: &str) -> Result<&'static str, ArmError> {
    SCHEMAS
        .iter()
        .find(|known| known.eq_ignore_ascii_case(name))
        .copied()
        .ok_or_else(|| {
            ArmError::not_found(
                "SchemaNotFound",
                format!("The schema '{name}' could not be found."),
            )
        })
}

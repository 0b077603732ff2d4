//! Requests to a provider of accounts: which of them is which, and those about no single account.

use std::sync::Arc;

use async_trait::async_trait;
use axum::Json;
use axum::http::Method;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::AccountType;
use super::model::Account;
use crate::arm::ResourceProvider;
use crate::arm::error::ArmError;
use crate::arm::groups::normalise_location;
use crate::arm::operations::LroPolls;
use crate::arm::request::ArmRequest;
use crate::odata::{FieldType, ListOptions, next_link};
use crate::state::{self, Key, KeyRange, Read, State, WriteTxn};

/// Regions where the cloud had these services; `capability` knows no others.
const LOCATIONS: &[&str] = &["centralus", "eastus2", "northeurope", "westeurope"];

/// Accounts that a subscription may have.
pub(crate) const MOST_ACCOUNTS: usize = 500;

/// What lists can be filtered and sorted by.
const LIST_FIELDS: &[(&str, FieldType)] = &[
    ("id", FieldType::Name),
    ("name", FieldType::Name),
    ("type", FieldType::Name),
    ("location", FieldType::Name),
    ("tags", FieldType::Text),
    ("properties", FieldType::Text),
    ("properties/accountId", FieldType::Name),
    ("properties/provisioningState", FieldType::Name),
    ("properties/state", FieldType::Name),
    ("properties/endpoint", FieldType::Name),
    ("properties/creationTime", FieldType::Time),
    ("properties/lastModifiedTime", FieldType::Time),
];

/// The provider of one kind of account.
pub(crate) struct Accounts<T> {
    pub(super) kind: Arc<T>,
    pub(super) state: State,
    pub(super) lro_polls: LroPolls,
    pub(super) https_port: u16,
}

impl<T: AccountType> Accounts<T> {
    pub(crate) fn new(kind: T, state: State, lro_polls: LroPolls, https_port: u16) -> Self {
        Self {
            kind: Arc::new(kind),
            state,
            lro_polls,
            https_port,
        }
    }

    pub(super) fn kind(&self) -> &dyn AccountType {
        self.kind.as_ref()
    }

    pub(super) fn show(&self, account: &Account) -> Value {
        account.show(self.kind(), self.https_port)
    }
}

/// An account by name, whatever its group: names are unique across the emulator.
pub(crate) fn find(
    read: &impl Read,
    table: &str,
    name: &str,
) -> Result<Option<Account>, state::Error> {
    read.get_json(table, key(name))
}

pub(super) fn key(name: &str) -> Key {
    Key::of([name.to_ascii_lowercase()])
}

pub(super) fn save(
    transaction: &mut WriteTxn<'_>,
    table: &str,
    account: &Account,
) -> Result<(), state::Error> {
    transaction.put_json(table, key(&account.name), account)
}

#[async_trait]
impl<T: AccountType> ResourceProvider for Accounts<T> {
    fn namespace(&self) -> &'static str {
        self.kind.namespace()
    }

    fn resource_types(&self) -> &'static [&'static str] {
        &["accounts", "locations", "operations"]
    }

    async fn handle(&self, request: ArmRequest) -> Result<Response, ArmError> {
        request.require_version(self.kind.api_versions())?;
        let route = request.route();
        let route: Vec<&str> = route.iter().map(String::as_str).collect();
        let in_subscription = !request.subscription.is_empty();
        match (request.method.clone(), route.as_slice()) {
            (Method::GET, ["operations"]) => Ok(self.operations()),
            (Method::GET, ["accounts"]) if in_subscription => self.list(&request),
            (Method::POST, ["locations", _, "checknameavailability"]) if in_subscription => {
                self.check_name(&request)
            }
            (Method::GET, ["locations", _, "operationresults", id]) if in_subscription => {
                self.poll_operation(id).await
            }
            (Method::GET, ["locations", location, name]) if in_subscription => {
                self.location(&request, location, name)
            }
            (method, ["accounts", name, rest @ ..]) if request.group.is_some() => {
                self.account(&request, method, name, rest).await
            }
            (_, ["operations" | "accounts"] | ["locations", ..]) => {
                Err(ArmError::method_not_allowed())
            }
            _ => Err(ArmError::unknown_type(&request.address)),
        }
    }

    fn group_removed(&self) {
        self.kind.changed();
    }

    fn remove_group(
        &self,
        transaction: &mut WriteTxn<'_>,
        subscription: &str,
        group: &str,
    ) -> Result<(), state::Error> {
        let accounts: Vec<Account> = transaction.scan_json(self.kind.table(), &KeyRange::all())?;
        for account in accounts {
            if account.subscription == subscription && account.group.eq_ignore_ascii_case(group) {
                transaction.remove(self.kind.table(), key(&account.name))?;
                self.kind.removed(&account, transaction)?;
            }
        }
        Ok(())
    }
}

impl<T: AccountType> Accounts<T> {
    async fn account(
        &self,
        request: &ArmRequest,
        method: Method,
        name: &str,
        rest: &[&str],
    ) -> Result<Response, ArmError> {
        match (method, rest) {
            (Method::GET, []) => self.get(request, name).await,
            (Method::PUT, []) => self.put(request, name).await,
            (Method::PATCH, []) => self.patch(request, name).await,
            (Method::DELETE, []) => self.delete(request, name).await,
            (Method::GET, ["operationresults", _]) => self.poll_location(request, name).await,
            (method, [collection, rest @ ..]) => {
                let kind = self
                    .kind
                    .children()
                    .iter()
                    .find(|it| it.collection.eq_ignore_ascii_case(collection));
                match (kind, rest) {
                    (Some(kind), []) if method == Method::GET => {
                        self.list_children(request, name, kind)
                    }
                    (Some(kind), [child]) => self.child(request, name, kind, child).await,
                    _ => self.action(request, name, &[&[*collection], rest].concat()),
                }
            }
            _ => Err(ArmError::method_not_allowed()),
        }
    }

    pub(super) fn not_found(&self, request: &ArmRequest, name: &str) -> ArmError {
        ArmError::resource_not_found(
            &format!("{}/accounts/{name}", self.kind.namespace()),
            request.group.as_deref().unwrap_or_default(),
        )
    }

    /// The account of this name in the request's group.
    pub(super) fn load(
        &self,
        read: &impl Read,
        request: &ArmRequest,
        name: &str,
    ) -> Result<Account, ArmError> {
        find(read, self.kind.table(), name)?
            .filter(|account| {
                account.subscription == request.subscription
                    && request
                        .group
                        .as_ref()
                        .is_some_and(|group| account.group.eq_ignore_ascii_case(group))
            })
            .ok_or_else(|| self.not_found(request, name))
    }

    fn list(&self, request: &ArmRequest) -> Result<Response, ArmError> {
        let options = ListOptions::read(&request.query, LIST_FIELDS, "name")
            .map_err(|error| ArmError::bad_request("InvalidODataQuery", error.to_string()))?;
        let accounts: Vec<Account> = self
            .state
            .store
            .read(|snapshot| snapshot.scan_json(self.kind.table(), &KeyRange::all()))?;
        let items = accounts
            .iter()
            .filter(|account| account.subscription == request.subscription)
            .filter(|account| {
                request
                    .group
                    .as_ref()
                    .is_none_or(|group| account.group.eq_ignore_ascii_case(group))
            })
            .map(|account| account.show_basic(self.kind(), self.https_port));
        let page = options.apply(items);
        let mut body = json!({ "value": page.items, "count": page.count });
        if let Some(skip) = page.next_skip {
            let address = format!("{}{}", request.origin.base(), request.address);
            body["nextLink"] = next_link(&address, &request.query, skip).into();
        }
        Ok(Json(body).into_response())
    }

    fn action(
        &self,
        request: &ArmRequest,
        name: &str,
        action: &[&str],
    ) -> Result<Response, ArmError> {
        let account = self
            .state
            .store
            .read(|snapshot| self.load(snapshot, request, name))?;
        self.kind
            .action(&account, &request.method, action)
            .unwrap_or_else(|| Err(ArmError::unknown_type(&request.address)))
    }

    fn check_name(&self, request: &ArmRequest) -> Result<Response, ArmError> {
        let body = request.json()?;
        let name = body.required_string("name")?;
        let expected = format!("{}/accounts", self.kind.namespace());
        if !body
            .required_string("type")?
            .eq_ignore_ascii_case(&expected)
        {
            return Err(ArmError::invalid_value(
                "type",
                &format!("'{expected}' is expected"),
            ));
        }
        let answer = if let Err(error) = check_account_name(name) {
            json!({ "nameAvailable": false, "reason": "Invalid", "message": error.message })
        } else if self
            .state
            .store
            .read(|snapshot| find(snapshot, self.kind.table(), name))?
            .is_some()
        {
            json!({
                "nameAvailable": false,
                "reason": "AlreadyExists",
                "message": format!("An account named '{name}' already exists."),
            })
        } else {
            json!({ "nameAvailable": true })
        };
        Ok(Json(answer).into_response())
    }

    /// What is told of a location: its capability, and what the kind adds.
    fn location(
        &self,
        request: &ArmRequest,
        location: &str,
        name: &str,
    ) -> Result<Response, ArmError> {
        if !LOCATIONS.contains(&normalise_location(location).as_str()) {
            return Err(ArmError::not_found(
                "LocationNotFound",
                format!(
                    "The location '{location}' does not offer {}.",
                    self.kind.namespace()
                ),
            ));
        }
        let accounts: Vec<Account> = self
            .state
            .store
            .read(|snapshot| snapshot.scan_json(self.kind.table(), &KeyRange::all()))?;
        let told = match name {
            "capability" => Some(json!({
                "subscriptionId": request.subscription,
                "state": "Registered",
                "maxAccountCount": MOST_ACCOUNTS,
                "accountCount": accounts.len(),
                "migrationState": false,
            })),
            other => self.kind.in_location(accounts.len(), other),
        };
        told.map(|body| Json(body).into_response())
            .ok_or_else(|| ArmError::unknown_type(&request.address))
    }

    fn operations(&self) -> Response {
        let namespace = self.kind.namespace();
        let value: Vec<Value> = self
            .kind
            .operations()
            .iter()
            .map(|(name, resource, text)| {
                json!({
                    "name": format!("{namespace}/{name}"),
                    "display": {
                        "provider": namespace,
                        "resource": resource,
                        "operation": text,
                        "description": text,
                    },
                    "origin": "user,system",
                })
            })
            .collect();
        Json(json!({ "value": value })).into_response()
    }
}

pub(super) fn check_account_name(name: &str) -> Result<(), ArmError> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    if (3..=24).contains(&name.len()) && name.bytes().all(allowed) {
        return Ok(());
    }
    Err(ArmError::bad_request(
        "InvalidAccountName",
        format!(
            "The account name '{name}' is invalid: 3 to 24 lower-case letters and digits are expected."
        ),
    ))
}

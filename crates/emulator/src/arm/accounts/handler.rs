//! Requests to a provider of accounts: the account itself, its operations, its children.
//! Every change is one transaction; an operation's end shows after a number of polls.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use axum::Json;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::AccountType;
use super::children::{ChildKind, check_child_name};
use super::model::{Account, Child, show_time};
use crate::arm::ResourceProvider;
use crate::arm::error::ArmError;
use crate::arm::groups;
use crate::arm::operations::{self, LroPolls};
use crate::arm::request::{ArmRequest, Body};
use crate::odata::{FieldType, ListOptions, next_link};
use crate::state::{self, Key, KeyRange, Read, State, WriteTxn};

const ASYNC_OPERATION: HeaderName = HeaderName::from_static("azure-asyncoperation");

/// Regions where the cloud had these services; `capability` knows no others.
const LOCATIONS: &[&str] = &["centralus", "eastus2", "northeurope", "westeurope"];

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
    kind: Arc<T>,
    state: State,
    lro_polls: LroPolls,
    https_port: u16,
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

    fn kind(&self) -> &dyn AccountType {
        self.kind.as_ref()
    }

    fn show(&self, account: &Account) -> Value {
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

fn key(name: &str) -> Key {
    Key::of([name.to_ascii_lowercase()])
}

fn save(
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
            (Method::GET, ["locations", location, "capability"]) if in_subscription => {
                self.capability(&request, location)
            }
            (Method::GET, ["locations", _, "operationresults", id]) if in_subscription => {
                self.poll_operation(id).await
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

    fn not_found(&self, request: &ArmRequest, name: &str) -> ArmError {
        ArmError::resource_not_found(
            &format!("{}/accounts/{name}", self.kind.namespace()),
            request.group.as_deref().unwrap_or_default(),
        )
    }

    /// The account of this name in the request's group.
    fn load(
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

    async fn get(&self, request: &ArmRequest, name: &str) -> Result<Response, ArmError> {
        let account = self
            .state
            .store
            .read(|snapshot| self.load(snapshot, request, name))?;
        let account = self.advance(account).await?;
        Ok(Json(self.show(&account)).into_response())
    }

    /// Counts one poll of an account that is being created.
    async fn advance(&self, account: Account) -> Result<Account, ArmError> {
        if account.polls_left == 0 {
            return Ok(account);
        }
        let table = self.kind.table();
        self.state
            .store
            .write(move |transaction| {
                let Some(mut current) = find(transaction, table, &account.name)? else {
                    return Ok(account);
                };
                if current.polls_left > 0 {
                    current.polls_left -= 1;
                    save(transaction, table, &current)?;
                }
                Ok(current)
            })
            .await
    }

    async fn put(&self, request: &ArmRequest, name: &str) -> Result<Response, ArmError> {
        check_account_name(name)?;
        let body = request.json()?;
        let location = body.required_string("location")?.to_owned();
        let (kind, table) = (Arc::clone(&self.kind), self.kind.table());
        let now = self.state.clock.now();
        let fresh = Account {
            id: self.state.ids.uuid().to_string(),
            name: name.to_owned(),
            subscription: request.subscription.clone(),
            group: request.group.clone().unwrap_or_default(),
            location,
            tags: body.tags()?,
            created: now,
            modified: now,
            polls_left: self.lro_polls.0,
            properties: Map::new(),
            children: BTreeMap::new(),
        };
        let properties = body.object("properties")?;
        let (created, account) = self
            .state
            .store
            .write(move |transaction| {
                let old = find(transaction, table, &fresh.name)?;
                if let Some(old) = old {
                    let mut account = replaceable(old, &fresh)?;
                    change(kind.as_ref(), &mut account, &properties, transaction)?;
                    account.tags = fresh.tags;
                    account.modified = now;
                    save(transaction, table, &account)?;
                    return Ok((false, account));
                }
                let mut account = fresh;
                // The group was there when the request came; it may be gone by now.
                if groups::group_exists(transaction, &account.subscription, &account.group)?
                    .is_none()
                {
                    return Err(ArmError::group_not_found(&account.group));
                }
                set_children(kind.as_ref(), &mut account, &properties, transaction)?;
                kind.create(&mut account, &properties, transaction)?;
                save(transaction, table, &account)?;
                Ok((true, account))
            })
            .await?;
        self.kind.changed();
        let status = if created {
            StatusCode::CREATED
        } else {
            StatusCode::OK
        };
        let mut response = (status, Json(self.show(&account))).into_response();
        if account.polls_left > 0 {
            self.add_operation_links(request, &account, &mut response);
        }
        Ok(response)
    }

    fn add_operation_links(
        &self,
        request: &ArmRequest,
        account: &Account,
        response: &mut Response,
    ) {
        let base = request.origin.base();
        let version = request.api_version();
        let location: String = account
            .location
            .chars()
            .filter(|c| !c.is_whitespace())
            .collect();
        let operation = format!(
            "{base}/subscriptions/{}/providers/{}/locations/{}/operationResults/{}_0?api-version={version}",
            account.subscription,
            self.kind.namespace(),
            percent_encoding::utf8_percent_encode(
                &location.to_lowercase(),
                percent_encoding::NON_ALPHANUMERIC
            ),
            account.id,
        );
        let resource = format!(
            "{base}{}/operationresults/0?api-version={version}",
            request.address.trim_end_matches('/')
        );
        let headers = response.headers_mut();
        for (name, value) in [(ASYNC_OPERATION, operation), (header::LOCATION, resource)] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
        headers.extend(operations::poll_now());
    }

    /// A poll of the `Azure-AsyncOperation` address.
    async fn poll_operation(&self, id: &str) -> Result<Response, ArmError> {
        let wanted = id.strip_suffix("_0").unwrap_or(id);
        let accounts: Vec<Account> = self
            .state
            .store
            .read(|snapshot| snapshot.scan_json(self.kind.table(), &KeyRange::all()))?;
        let account = accounts
            .into_iter()
            .find(|account| account.id.eq_ignore_ascii_case(wanted))
            .ok_or_else(|| {
                ArmError::not_found(
                    "OperationNotFound",
                    format!("The operation '{id}' was not found."),
                )
            })?;
        let account = self.advance(account).await?;
        let ended = account
            .is_ready()
            .then(|| show_time(self.state.clock.now()));
        Ok(operations::status_body(
            &show_time(account.created),
            ended.as_deref(),
        ))
    }

    /// A poll of the `Location` address.
    async fn poll_location(&self, request: &ArmRequest, name: &str) -> Result<Response, ArmError> {
        let account = self
            .state
            .store
            .read(|snapshot| self.load(snapshot, request, name))?;
        let account = self.advance(account).await?;
        if account.is_ready() {
            return Ok((operations::poll_now(), Json(self.show(&account))).into_response());
        }
        Ok((StatusCode::ACCEPTED, operations::poll_now()).into_response())
    }

    async fn patch(&self, request: &ArmRequest, name: &str) -> Result<Response, ArmError> {
        let body = request.optional_json()?;
        let (tags, properties) = (body.tags()?, body.object("properties")?);
        let now = self.state.clock.now();
        let kind = Arc::clone(&self.kind);
        let account = self
            .change_account(request, name, move |account, transaction| {
                change(kind.as_ref(), account, &properties, transaction)?;
                if tags.is_some() {
                    account.tags = tags;
                }
                account.modified = now;
                Ok(())
            })
            .await?;
        self.kind.changed();
        Ok(Json(self.show(&account)).into_response())
    }

    async fn delete(&self, request: &ArmRequest, name: &str) -> Result<Response, ArmError> {
        let loaded = self
            .state
            .store
            .read(|snapshot| self.load(snapshot, request, name));
        let account = match loaded {
            Ok(account) => account,
            Err(error) if error.status == StatusCode::NOT_FOUND => {
                return Ok(StatusCode::NO_CONTENT.into_response());
            }
            Err(error) => return Err(error),
        };
        let (kind, table) = (Arc::clone(&self.kind), self.kind.table());
        self.state
            .store
            .write(move |transaction| {
                if transaction.remove(table, key(&account.name))? {
                    kind.removed(&account, transaction)?;
                }
                Ok::<_, ArmError>(())
            })
            .await?;
        self.kind.changed();
        Ok(StatusCode::OK.into_response())
    }

    /// Loads, changes and saves an account in one transaction.
    async fn change_account(
        &self,
        request: &ArmRequest,
        name: &str,
        change: impl FnOnce(&mut Account, &mut WriteTxn<'_>) -> Result<(), ArmError> + Send + 'static,
    ) -> Result<Account, ArmError> {
        let found = self
            .state
            .store
            .read(|snapshot| self.load(snapshot, request, name))?;
        let table = self.kind.table();
        let missing = self.not_found(request, name);
        self.state
            .store
            .write(move |transaction| {
                let mut account = find(transaction, table, &found.name)?
                    .filter(|account| account.id == found.id)
                    .ok_or(missing)?;
                change(&mut account, transaction)?;
                save(transaction, table, &account)?;
                Ok(account)
            })
            .await
    }

    fn list_children(
        &self,
        request: &ArmRequest,
        name: &str,
        kind: &ChildKind,
    ) -> Result<Response, ArmError> {
        let account = self
            .state
            .store
            .read(|snapshot| self.load(snapshot, request, name))?;
        let items: Vec<Value> = account
            .list(kind.collection)
            .map(|child| account.show_child(self.kind(), kind, child))
            .collect();
        Ok(Json(json!({ "count": items.len(), "value": items })).into_response())
    }

    async fn child(
        &self,
        request: &ArmRequest,
        name: &str,
        kind: &'static ChildKind,
        child: &str,
    ) -> Result<Response, ArmError> {
        let loaded = self
            .state
            .store
            .read(|snapshot| self.load(snapshot, request, name));
        let account = loaded.map_err(|error| self.as_parent(request, name, error))?;
        let missing = self.child_not_found(request, name, kind, child);
        match request.method {
            Method::GET => {
                let item = account.child(kind.collection, child).ok_or(missing)?;
                Ok(Json(account.show_child(self.kind(), kind, item)).into_response())
            }
            Method::PUT | Method::PATCH => {
                check_child_name(child)?;
                let properties = request.optional_json()?.object("properties")?;
                let must_exist = request.method == Method::PATCH;
                let wanted = child.to_owned();
                let accounts = Arc::clone(&self.kind);
                let account = self
                    .change_account(request, name, move |account, transaction| {
                        let old = account.child(kind.collection, &wanted).cloned();
                        if must_exist && old.is_none() {
                            return Err(missing);
                        }
                        // A PUT replaces what was there; a PATCH merges into it.
                        let base = old
                            .as_ref()
                            .filter(|_| must_exist)
                            .map(|old| &old.properties);
                        let properties = (kind.read)(&properties, base)?;
                        let name = old.as_ref().map_or(wanted, |old| old.name.clone());
                        let item = Child { name, properties };
                        accounts.check_child(kind, &item, transaction)?;
                        account.put_child(kind.collection, item);
                        Ok(())
                    })
                    .await?;
                let item = account.child(kind.collection, child);
                let shown = item.map(|item| account.show_child(self.kind(), kind, item));
                Ok(Json(shown.unwrap_or(Value::Null)).into_response())
            }
            Method::DELETE => self.delete_child(request, name, kind, child, missing).await,
            _ => Err(ArmError::method_not_allowed()),
        }
    }

    async fn delete_child(
        &self,
        request: &ArmRequest,
        name: &str,
        kind: &'static ChildKind,
        child: &str,
        missing: ArmError,
    ) -> Result<Response, ArmError> {
        let account = self
            .state
            .store
            .read(|snapshot| self.load(snapshot, request, name))?;
        if account.child(kind.collection, child).is_none() {
            return if kind.must_exist {
                Err(missing)
            } else {
                Ok(StatusCode::NO_CONTENT.into_response())
            };
        }
        let (wanted, accounts) = (child.to_owned(), Arc::clone(&self.kind));
        self.change_account(request, name, move |account, _| {
            accounts.check_removal(account, kind, &wanted)?;
            if let Some(items) = account.children.get_mut(kind.collection) {
                items.remove(&wanted.to_lowercase());
            }
            Ok(())
        })
        .await?;
        Ok(StatusCode::OK.into_response())
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
            .action(&self.state, &account, action)
            .unwrap_or_else(|| Err(ArmError::unknown_type(&request.address)))
    }

    fn as_parent(&self, request: &ArmRequest, name: &str, error: ArmError) -> ArmError {
        if error.status != StatusCode::NOT_FOUND {
            return error;
        }
        ArmError::parent_not_found(
            &format!("{}/accounts/{name}", self.kind.namespace()),
            request.group.as_deref().unwrap_or_default(),
        )
    }

    fn child_not_found(
        &self,
        request: &ArmRequest,
        name: &str,
        kind: &ChildKind,
        child: &str,
    ) -> ArmError {
        ArmError::resource_not_found(
            &format!(
                "{}/accounts/{name}/{}/{child}",
                self.kind.namespace(),
                kind.collection
            ),
            request.group.as_deref().unwrap_or_default(),
        )
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

    fn capability(&self, request: &ArmRequest, location: &str) -> Result<Response, ArmError> {
        let normal: String = location
            .chars()
            .filter(|c| !c.is_whitespace())
            .collect::<String>()
            .to_lowercase();
        if !LOCATIONS.contains(&normal.as_str()) {
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
        Ok(Json(json!({
            "subscriptionId": request.subscription,
            "state": "Registered",
            "maxAccountCount": 500,
            "accountCount": accounts.len(),
            "migrationState": false,
        }))
        .into_response())
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

/// An existing account that a PUT may replace: same group and location.
fn replaceable(old: Account, new: &Account) -> Result<Account, ArmError> {
    if old.subscription != new.subscription || !old.group.eq_ignore_ascii_case(&new.group) {
        return Err(ArmError::conflict(
            "AccountNameInUse",
            format!(
                "An account named '{}' already exists in another resource group.",
                old.name
            ),
        ));
    }
    let normal = |text: &str| {
        text.chars()
            .filter(|c| !c.is_whitespace())
            .collect::<String>()
            .to_lowercase()
    };
    if normal(&old.location) != normal(&new.location) {
        return Err(ArmError::conflict(
            "InvalidResourceLocation",
            format!(
                "The resource '{}' already exists in location '{}'. A resource with the same name cannot be created in location '{}'.",
                old.name, old.location, new.location
            ),
        ));
    }
    Ok(old)
}

fn change(
    kind: &dyn AccountType,
    account: &mut Account,
    properties: &Body,
    transaction: &WriteTxn<'_>,
) -> Result<(), ArmError> {
    set_children(kind, account, properties, transaction)?;
    kind.update(account, properties, transaction)
}

/// Replaces the collections that the request names.
fn set_children(
    kind: &dyn AccountType,
    account: &mut Account,
    properties: &Body,
    transaction: &WriteTxn<'_>,
) -> Result<(), ArmError> {
    for child in kind.children() {
        if let Some(items) = child.read_list(properties)? {
            account
                .children
                .insert(child.collection.to_owned(), BTreeMap::new());
            for item in items {
                kind.check_child(child, &item, transaction)?;
                account.put_child(child.collection, item);
            }
        }
    }
    Ok(())
}

fn check_account_name(name: &str) -> Result<(), ArmError> {
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

//! What happens to an account itself: created with a long-running operation, shown, changed, deleted.
//! Every change is one transaction; an operation's end shows after a number of polls.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Map;

use super::AccountType;
use super::handler::{Accounts, check_account_name, find, key, save};
use super::model::{Account, show_time};
use crate::arm::error::ArmError;
use crate::arm::groups::{self, normalise_location};
use crate::arm::operations;
use crate::arm::request::{ArmRequest, Body};
use crate::state::{KeyRange, Read as _, WriteTxn};

const ASYNC_OPERATION: HeaderName = HeaderName::from_static("azure-asyncoperation");

impl<T: AccountType> Accounts<T> {
    pub(super) async fn get(&self, request: &ArmRequest, name: &str) -> Result<Response, ArmError> {
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

    pub(super) async fn put(&self, request: &ArmRequest, name: &str) -> Result<Response, ArmError> {
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
        let operation = format!(
            "{base}/subscriptions/{}/providers/{}/locations/{}/operationResults/{}_0?api-version={version}",
            account.subscription,
            self.kind.namespace(),
            percent_encoding::utf8_percent_encode(
                &normalise_location(&account.location),
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
    pub(super) async fn poll_operation(&self, id: &str) -> Result<Response, ArmError> {
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
    pub(super) async fn poll_location(
        &self,
        request: &ArmRequest,
        name: &str,
    ) -> Result<Response, ArmError> {
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

    pub(super) async fn patch(
        &self,
        request: &ArmRequest,
        name: &str,
    ) -> Result<Response, ArmError> {
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

    pub(super) async fn delete(
        &self,
        request: &ArmRequest,
        name: &str,
    ) -> Result<Response, ArmError> {
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
    pub(super) async fn change_account(
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
    if normalise_location(&old.location) != normalise_location(&new.location) {
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

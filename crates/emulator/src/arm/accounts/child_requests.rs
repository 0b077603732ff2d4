//! Requests about the resources below an account: lists of them, and one by its name.

use std::sync::Arc;

use axum::Json;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::AccountType;
use super::children::{ChildKind, check_child_name};
use super::handler::Accounts;
use super::model::Child;
use crate::arm::error::ArmError;
use crate::arm::request::ArmRequest;

impl<T: AccountType> Accounts<T> {
    pub(super) fn list_children(
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

    pub(super) async fn child(
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
}

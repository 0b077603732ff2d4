//! Resource providers whose resources are accounts with child resources: create with a long-running
//! operation, show, list, change, delete, and the lists below an account.
//!
//! Says how accounts behave in Resource Manager; what an account holds is the [`AccountType`]'s.

mod child_requests;
mod children;
mod handler;
mod lifecycle;
mod model;

pub(crate) use children::{ChildKind, InAccount, all_visible};
pub(crate) use handler::{Accounts, MOST_ACCOUNTS, find};
pub(crate) use model::{Account, Child, show_time};

use axum::http::Method;
use serde_json::{Map, Value};

use super::error::ArmError;
use super::request::Body;
use crate::state::{self, WriteTxn};

/// Table of the Data Lake Store accounts, which Data Lake Analytics accounts refer to.
pub(crate) const DATA_LAKE_STORES: &str = "arm/accounts/datalakestore";
/// Table of the Data Lake Analytics accounts.
pub(crate) const DATA_LAKE_ANALYTICS: &str = "arm/accounts/datalakeanalytics";

/// One kind of account.
pub(crate) trait AccountType: Send + Sync + 'static {
    /// `Microsoft.DataLakeStore`
    fn namespace(&self) -> &'static str;

    /// Table of the accounts, by lower-case name.
    fn table(&self) -> &'static str;

    /// Versions that requests may name.
    fn api_versions(&self) -> &'static [&'static str];

    /// The host name that the cloud appends to account names, without a leading dot.
    fn host_suffix(&self) -> &'static str;

    /// The types of child resources.
    fn children(&self) -> &'static [ChildKind];

    /// Operations for the provider's description: name below the namespace, resource, text.
    fn operations(&self) -> &'static [(&'static str, &'static str, &'static str)];

    /// Fills in an account from the `properties` of a create request. Child resources were read already.
    fn create(
        &self,
        account: &mut Account,
        properties: &Body,
        transaction: &WriteTxn<'_>,
    ) -> Result<(), ArmError>;

    /// Changes an account by the `properties` of an update request.
    fn update(
        &self,
        account: &mut Account,
        properties: &Body,
        transaction: &WriteTxn<'_>,
    ) -> Result<(), ArmError>;

    /// The `properties` that only this kind of account has, for the whole account (not for lists).
    fn show(&self, account: &Account) -> Map<String, Value>;

    /// Whether a child that was read may be stored; an error says why not.
    fn check_child(
        &self,
        kind: &ChildKind,
        child: &Child,
        transaction: &WriteTxn<'_>,
    ) -> Result<(), ArmError>;

    /// Whether a child may go; an error says why not.
    fn check_removal(
        &self,
        account: &Account,
        kind: &ChildKind,
        name: &str,
    ) -> Result<(), ArmError>;

    /// Called when an account of this kind was created, changed or removed.
    fn changed(&self) {}

    /// Removes what an account holds, in the transaction that removes the account.
    fn removed(
        &self,
        account: &Account,
        transaction: &mut WriteTxn<'_>,
    ) -> Result<(), state::Error>;

    /// Answers a request below an account that only this kind has, such as `POST enableKeyVault`; `None` if there is
    /// none of that name.
    fn action(
        &self,
        account: &Account,
        method: &Method,
        action: &[&str],
    ) -> Option<Result<axum::response::Response, ArmError>>;

    /// Answers a GET below a location that only this kind has, such as `usages`; `None` if there is none of that name.
    fn in_location(&self, _accounts: usize, _name: &str) -> Option<Value> {
        None
    }
}

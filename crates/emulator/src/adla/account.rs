//! Data Lake Analytics accounts in Resource Manager: limits, linked stores, compute policies.

use std::sync::Arc;

use axum::http::Method;
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::containers;
use super::job::Jobs;
use super::tables;
use crate::arm::accounts::{
    Account, AccountType, Child, ChildKind, DATA_LAKE_ANALYTICS, DATA_LAKE_STORES, InAccount,
    all_visible, find,
};
use crate::arm::{ArmError, Body};
use crate::state::{self, WriteTxn};
use crate::storage::Storage;

const SWITCH: &[&str] = &["Enabled", "Disabled"];
const TIERS: &[&str] = &[
    "Consumption",
    "Commitment_100AUHours",
    "Commitment_500AUHours",
    "Commitment_1000AUHours",
    "Commitment_5000AUHours",
    "Commitment_10000AUHours",
    "Commitment_50000AUHours",
    "Commitment_100000AUHours",
    "Commitment_500000AUHours",
];
const SYSTEM_MAX_DEGREE_OF_PARALLELISM: u64 = 250;
const SYSTEM_MAX_JOB_COUNT: u64 = 20;
const MAX_RETENTION_DAYS: u64 = 180;

const STORE_LINKS: &str = "dataLakeStoreAccounts";
pub(super) const STORAGE_LINKS: &str = "storageAccounts";
pub(super) const POLICIES: &str = "computePolicies";

const CHILDREN: &[ChildKind] = &[
    ChildKind {
        collection: STORE_LINKS,
        read: |body, old| suffix(body, old, "azuredatalakestore.net"),
        visible: all_visible,
        in_account: InAccount::NameAndProperties,
        must_exist: true,
    },
    ChildKind {
        collection: STORAGE_LINKS,
        read: read_storage_link,
        visible: without_key,
        in_account: InAccount::NameAndProperties,
        must_exist: true,
    },
    ChildKind {
        collection: POLICIES,
        read: read_policy,
        visible: all_visible,
        in_account: InAccount::Resource,
        must_exist: false,
    },
    ChildKind::FIREWALL_RULES,
];

/// `Microsoft.DataLakeAnalytics/accounts`
pub(super) struct AnalyticsAccounts {
    pub(super) jobs: Arc<Jobs>,
    pub(super) storage: Arc<Storage>,
}

/// The limits of an account that jobs are held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) running_jobs: u64,
    pub(crate) parallelism: u64,
    pub(crate) parallelism_per_job: u64,
    pub(crate) least_priority: u64,
}

impl Limits {
    /// The limits as set, else their defaults; the limit per job follows the account's until it is set.
    pub(crate) fn of(account: &Account) -> Self {
        let parallelism = account.number("maxDegreeOfParallelism").unwrap_or(30);
        Self {
            running_jobs: account.number("maxJobCount").unwrap_or(3),
            parallelism,
            parallelism_per_job: account
                .number("maxDegreeOfParallelismPerJob")
                .unwrap_or(parallelism)
                .min(parallelism),
            least_priority: account.number("minPriorityPerJob").unwrap_or(1),
        }
    }
}

impl AccountType for AnalyticsAccounts {
    fn namespace(&self) -> &'static str {
        "Microsoft.DataLakeAnalytics"
    }

    fn table(&self) -> &'static str {
        DATA_LAKE_ANALYTICS
    }

    fn api_versions(&self) -> &'static [&'static str] {
        &["2016-11-01", "2019-11-01-preview"]
    }

    fn host_suffix(&self) -> &'static str {
        "azuredatalakeanalytics.net"
    }

    fn children(&self) -> &'static [ChildKind] {
        CHILDREN
    }

    fn operations(&self) -> &'static [(&'static str, &'static str, &'static str)] {
        &[
            (
                "operations/read",
                "Available Operations",
                "Get the available operations of Data Lake Analytics.",
            ),
            (
                "accounts/read",
                "Data Lake Analytics Account",
                "Get information about a Data Lake Analytics account.",
            ),
            (
                "accounts/write",
                "Data Lake Analytics Account",
                "Create or update a Data Lake Analytics account.",
            ),
            (
                "accounts/delete",
                "Data Lake Analytics Account",
                "Delete a Data Lake Analytics account.",
            ),
        ]
    }

    fn create(
        &self,
        account: &mut Account,
        properties: &Body,
        _: &WriteTxn<'_>,
    ) -> Result<(), ArmError> {
        let default = properties
            .required_string("defaultDataLakeStoreAccount")?
            .to_owned();
        if properties.get(STORE_LINKS).is_none() {
            return Err(ArmError::missing_parameter(STORE_LINKS));
        }
        account
            .properties
            .insert("defaultDataLakeStoreAccount".to_owned(), default.into());
        set_common(account, properties)?;
        check_default_link(account)
    }

    fn update(
        &self,
        account: &mut Account,
        properties: &Body,
        _: &WriteTxn<'_>,
    ) -> Result<(), ArmError> {
        set_common(account, properties)?;
        check_default_link(account)
    }

    fn show(&self, account: &Account) -> Map<String, Value> {
        let stored = |name: &str, default: &str| account.text(name).unwrap_or(default).to_owned();
        let limits = Limits::of(account);
        let tier = stored("newTier", "Consumption");
        let shown = json!({
            "defaultDataLakeStoreAccount": account.text("defaultDataLakeStoreAccount"),
            "publicDataLakeStoreAccounts": [],
            "firewallState": stored("firewallState", "Disabled"),
            "firewallAllowAzureIps": stored("firewallAllowAzureIps", "Disabled"),
            "newTier": tier,
            "currentTier": tier,
            "maxJobCount": limits.running_jobs,
            "maxDegreeOfParallelism": limits.parallelism,
            "maxDegreeOfParallelismPerJob": limits.parallelism_per_job,
            "minPriorityPerJob": limits.least_priority,
            "queryStoreRetention": account.number("queryStoreRetention").unwrap_or(30),
            "systemMaxJobCount": SYSTEM_MAX_JOB_COUNT,
            "systemMaxDegreeOfParallelism": SYSTEM_MAX_DEGREE_OF_PARALLELISM,
            "debugDataAccessLevel": stored("debugDataAccessLevel", "All"),
            "virtualNetworkRules": [],
            "hiveMetastores": [],
        });
        match shown {
            Value::Object(members) => members,
            _ => Map::new(),
        }
    }

    fn check_child(
        &self,
        kind: &ChildKind,
        child: &Child,
        transaction: &WriteTxn<'_>,
    ) -> Result<(), ArmError> {
        if kind.collection == STORE_LINKS
            && find(transaction, DATA_LAKE_STORES, &child.name)?.is_none()
        {
            return Err(ArmError::bad_request(
                "DataLakeStoreAccountNotFound",
                format!(
                    "The Data Lake Store account '{}' could not be found.",
                    child.name
                ),
            ));
        }
        Ok(())
    }

    fn check_removal(
        &self,
        account: &Account,
        kind: &ChildKind,
        name: &str,
    ) -> Result<(), ArmError> {
        let default = account
            .text("defaultDataLakeStoreAccount")
            .unwrap_or_default();
        if kind.collection == STORE_LINKS && default.eq_ignore_ascii_case(name) {
            return Err(ArmError::bad_request(
                "CannotRemoveDefaultDataLakeStoreAccount",
                format!(
                    "The account '{name}' is the default Data Lake Store account and cannot be removed."
                ),
            ));
        }
        Ok(())
    }

    /// Waiting jobs may fit into new limits.
    fn changed(&self) {
        self.jobs.recheck();
    }

    fn removed(
        &self,
        account: &Account,
        transaction: &mut WriteTxn<'_>,
    ) -> Result<(), state::Error> {
        tables::remove_account(transaction, &account.id)
    }

    fn action(
        &self,
        account: &Account,
        method: &Method,
        action: &[&str],
    ) -> Option<Result<Response, ArmError>> {
        let (collection, rest) = action.split_first()?;
        if !collection.eq_ignore_ascii_case(STORAGE_LINKS) {
            return None;
        }
        containers::answer(&self.storage, account, method, rest)
    }
}

fn set_common(account: &mut Account, properties: &Body) -> Result<(), ArmError> {
    let limits = [
        ("maxJobCount", SYSTEM_MAX_JOB_COUNT),
        ("maxDegreeOfParallelism", SYSTEM_MAX_DEGREE_OF_PARALLELISM),
        (
            "maxDegreeOfParallelismPerJob",
            SYSTEM_MAX_DEGREE_OF_PARALLELISM,
        ),
        ("minPriorityPerJob", u64::from(i32::MAX.unsigned_abs())),
        ("queryStoreRetention", MAX_RETENTION_DAYS),
    ];
    for (name, most) in limits {
        if let Some(value) = properties.positive(name)? {
            if value > most {
                return Err(ArmError::invalid_value(
                    name,
                    &format!("it is above the maximum of {most}"),
                ));
            }
            account.properties.insert(name.to_owned(), value.into());
        }
    }
    for name in ["firewallState", "firewallAllowAzureIps"] {
        if let Some(value) = properties.choice(name, SWITCH)? {
            account.properties.insert(name.to_owned(), value.into());
        }
    }
    if let Some(tier) = properties.choice("newTier", TIERS)? {
        account.properties.insert("newTier".to_owned(), tier.into());
    }
    if let Some(level) = properties.choice("debugDataAccessLevel", &["All", "Customer", "None"])? {
        account
            .properties
            .insert("debugDataAccessLevel".to_owned(), level.into());
    }
    Ok(())
}

fn check_default_link(account: &Account) -> Result<(), ArmError> {
    let default = account
        .text("defaultDataLakeStoreAccount")
        .unwrap_or_default();
    if account.child(STORE_LINKS, default).is_some() {
        return Ok(());
    }
    Err(ArmError::invalid_value(
        STORE_LINKS,
        &format!("the default Data Lake Store account '{default}' is not among them"),
    ))
}

fn suffix(
    body: &Body,
    old: Option<&Map<String, Value>>,
    default: &str,
) -> Result<Map<String, Value>, ArmError> {
    let mut properties = old.cloned().unwrap_or_default();
    if let Some(suffix) = body.string("suffix")? {
        properties.insert("suffix".to_owned(), suffix.into());
    } else if !properties.contains_key("suffix") {
        properties.insert("suffix".to_owned(), default.into());
    }
    Ok(properties)
}

fn read_storage_link(
    body: &Body,
    old: Option<&Map<String, Value>>,
) -> Result<Map<String, Value>, ArmError> {
    let mut properties = suffix(body, old, "core.windows.net")?;
    match body.string("accessKey")? {
        Some(key) => {
            properties.insert("accessKey".to_owned(), key.into());
        }
        None if properties.contains_key("accessKey") => {}
        None => return Err(ArmError::missing_parameter("accessKey")),
    }
    Ok(properties)
}

fn without_key(properties: &Map<String, Value>) -> Map<String, Value> {
    properties
        .iter()
        .filter(|(name, _)| *name != "accessKey")
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect()
}

fn read_policy(
    body: &Body,
    old: Option<&Map<String, Value>>,
) -> Result<Map<String, Value>, ArmError> {
    let mut properties = old.cloned().unwrap_or_default();
    if let Some(id) = body.string("objectId")? {
        let id = uuid::Uuid::try_parse(id)
            .map_err(|_| ArmError::invalid_value("objectId", "a uuid is expected"))?;
        properties.insert("objectId".to_owned(), json!(id.to_string()));
    }
    if let Some(kind) = body.choice("objectType", &["User", "Group", "ServicePrincipal"])? {
        properties.insert("objectType".to_owned(), kind.into());
    }
    for name in ["maxDegreeOfParallelismPerJob", "minPriorityPerJob"] {
        if let Some(value) = body.positive(name)? {
            properties.insert(name.to_owned(), value.into());
        }
    }
    for name in ["objectId", "objectType"] {
        if !properties.contains_key(name) {
            return Err(ArmError::missing_parameter(name));
        }
    }
    Ok(properties)
}

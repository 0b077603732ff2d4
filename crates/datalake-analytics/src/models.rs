//! What the services answer. Members that are not known are ignored; `properties` of Resource Manager are laid flat.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::{open_enum::open_enum, times};

open_enum! {
    /// Whether an account takes requests.
    AccountState {
        /// It does.
        Active = "Active",
        /// It is suspended.
        Suspended = "Suspended",
    }
}

open_enum! {
    /// Where a job is on its way.
    JobState {
        /// Received.
        New = "New",
        /// Accepted for compilation.
        Accepted = "Accepted",
        /// Being compiled.
        Compiling = "Compiling",
        /// Waiting for its turn.
        Queued = "Queued",
        /// Being handed to the cluster.
        Scheduling = "Scheduling",
        /// About to run.
        Starting = "Starting",
        /// Running.
        Running = "Running",
        /// Waiting for units.
        WaitingForCapacity = "WaitingForCapacity",
        /// Paused.
        Paused = "Paused",
        /// Writing its outputs.
        Finalizing = "Finalizing",
        /// Taken off its units.
        Yielded = "Yielded",
        /// Ended; see its result.
        Ended = "Ended",
    }
}

open_enum! {
    /// How a job ended.
    JobResult {
        /// Not yet.
        None = "None",
        /// Well.
        Succeeded = "Succeeded",
        /// By a user.
        Cancelled = "Cancelled",
        /// In an error.
        Failed = "Failed",
    }
}

open_enum! {
    /// Whom a compute policy is for.
    ObjectType {
        /// A user.
        User = "User",
        /// A group.
        Group = "Group",
        /// An application.
        ServicePrincipal = "ServicePrincipal",
    }
}

/// The envelope of Resource Manager.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<P> {
    #[serde(default)]
    id: String,
    name: String,
    #[serde(default)]
    location: String,
    #[serde(default)]
    tags: Option<BTreeMap<String, String>>,
    properties: Option<P>,
}

/// A resource group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", from = "Envelope<GroupProperties>")]
#[non_exhaustive]
pub struct ResourceGroup {
    /// Its address in Resource Manager.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its location, such as `eastus2`.
    pub location: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// `Succeeded` when it can be used.
    pub provisioning_state: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GroupProperties {
    provisioning_state: String,
}

impl From<Envelope<GroupProperties>> for ResourceGroup {
    fn from(envelope: Envelope<GroupProperties>) -> Self {
        Self {
            id: envelope.id,
            name: envelope.name,
            location: envelope.location,
            tags: envelope.tags.unwrap_or_default(),
            provisioning_state: envelope.properties.unwrap_or_default().provisioning_state,
        }
    }
}

/// A Data Lake Store account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", from = "Envelope<StoreProperties>")]
#[non_exhaustive]
pub struct StoreAccount {
    /// Its address in Resource Manager.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its location.
    pub location: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Its unique id.
    pub account_id: String,
    /// `Creating`, `Succeeded` and so on.
    pub provisioning_state: String,
    /// Whether it takes requests; absent while it is being created.
    pub state: Option<AccountState>,
    /// Its host name; absent while it is being created.
    pub endpoint: Option<String>,
    /// When it was created.
    #[serde(with = "time::serde::rfc3339::option")]
    pub creation_time: Option<OffsetDateTime>,
    /// `Enabled` or `Disabled`; absent in lists.
    pub encryption_state: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct StoreProperties {
    account_id: Option<String>,
    provisioning_state: Option<String>,
    state: Option<AccountState>,
    endpoint: Option<String>,
    #[serde(deserialize_with = "times::optional")]
    creation_time: Option<OffsetDateTime>,
    encryption_state: Option<String>,
}

impl From<Envelope<StoreProperties>> for StoreAccount {
    fn from(envelope: Envelope<StoreProperties>) -> Self {
        let properties = envelope.properties.unwrap_or_default();
        Self {
            id: envelope.id,
            name: envelope.name,
            location: envelope.location,
            tags: envelope.tags.unwrap_or_default(),
            account_id: properties.account_id.unwrap_or_default(),
            provisioning_state: properties.provisioning_state.unwrap_or_default(),
            state: properties.state,
            endpoint: properties.endpoint,
            creation_time: properties.creation_time,
            encryption_state: properties.encryption_state,
        }
    }
}

/// A store or storage account that an analytics account uses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Linked {
    /// Its name.
    pub name: String,
}

/// Limits of an analytics account; those that are `None` are not changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AccountLimits {
    /// Most jobs that run at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_job_count: Option<u32>,
    /// Most analytics units that run at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_degree_of_parallelism: Option<u32>,
    /// Most analytics units of one job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_degree_of_parallelism_per_job: Option<u32>,
    /// The smallest priority number, which is the highest priority, of one job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_priority_per_job: Option<u32>,
    /// How many days jobs are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query_store_retention: Option<u32>,
}

/// A Data Lake Analytics account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", from = "Envelope<AccountProperties>")]
#[non_exhaustive]
pub struct Account {
    /// Its address in Resource Manager.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its location.
    pub location: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Its unique id.
    pub account_id: String,
    /// `Creating`, `Succeeded` and so on.
    pub provisioning_state: String,
    /// Whether it takes requests; absent while it is being created.
    pub state: Option<AccountState>,
    /// Its host name; absent while it is being created.
    pub endpoint: Option<String>,
    /// When it was created.
    #[serde(with = "time::serde::rfc3339::option")]
    pub creation_time: Option<OffsetDateTime>,
    /// The store that paths without a store name are in; absent in lists.
    pub default_data_lake_store_account: Option<String>,
    /// The stores it uses; empty in lists.
    pub data_lake_store_accounts: Vec<Linked>,
    /// The storage accounts it uses; empty in lists.
    pub storage_accounts: Vec<Linked>,
    /// Its limits; absent in lists.
    pub limits: AccountLimits,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct AccountProperties {
    #[serde(flatten)]
    common: StoreProperties,
    default_data_lake_store_account: Option<String>,
    data_lake_store_accounts: Option<Vec<Linked>>,
    storage_accounts: Option<Vec<Linked>>,
    #[serde(flatten)]
    limits: AccountLimits,
}

impl From<Envelope<AccountProperties>> for Account {
    fn from(envelope: Envelope<AccountProperties>) -> Self {
        let properties = envelope.properties.unwrap_or_default();
        Self {
            id: envelope.id,
            name: envelope.name,
            location: envelope.location,
            tags: envelope.tags.unwrap_or_default(),
            account_id: properties.common.account_id.unwrap_or_default(),
            provisioning_state: properties.common.provisioning_state.unwrap_or_default(),
            state: properties.common.state,
            endpoint: properties.common.endpoint,
            creation_time: properties.common.creation_time,
            default_data_lake_store_account: properties.default_data_lake_store_account,
            data_lake_store_accounts: properties.data_lake_store_accounts.unwrap_or_default(),
            storage_accounts: properties.storage_accounts.unwrap_or_default(),
            limits: properties.limits,
        }
    }
}

/// Limits of a compute policy; without one, the account's holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PolicyLimits {
    /// Most analytics units of one job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_degree_of_parallelism_per_job: Option<u32>,
    /// The smallest priority number, which is the highest priority.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_priority_per_job: Option<u32>,
}

/// A compute policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", from = "Envelope<PolicyProperties>")]
#[non_exhaustive]
pub struct Policy {
    /// Its address in Resource Manager.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The directory's id of whom it is for.
    pub object_id: String,
    /// What kind of identity that is.
    pub object_type: Option<ObjectType>,
    /// What it allows.
    pub limits: PolicyLimits,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PolicyProperties {
    object_id: String,
    object_type: Option<ObjectType>,
    #[serde(flatten)]
    limits: PolicyLimits,
}

impl From<Envelope<PolicyProperties>> for Policy {
    fn from(envelope: Envelope<PolicyProperties>) -> Self {
        let properties = envelope.properties.unwrap_or_default();
        Self {
            id: envelope.id,
            name: envelope.name,
            object_id: properties.object_id,
            object_type: properties.object_type,
            limits: properties.limits,
        }
    }
}

/// A job, whole or as in lists.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct JobInformation {
    /// Its id.
    pub job_id: String,
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// Who submitted it.
    #[serde(default)]
    pub submitter: Option<String>,
    /// Its analytics units.
    #[serde(default)]
    pub degree_of_parallelism: u32,
    /// Its priority; smaller numbers run first.
    #[serde(default)]
    pub priority: u32,
    /// When it was submitted; absent for a build.
    #[serde(
        default,
        deserialize_with = "times::optional",
        serialize_with = "time::serde::rfc3339::option::serialize"
    )]
    pub submit_time: Option<OffsetDateTime>,
    /// When it began to run.
    #[serde(
        default,
        deserialize_with = "times::optional",
        serialize_with = "time::serde::rfc3339::option::serialize"
    )]
    pub start_time: Option<OffsetDateTime>,
    /// When it ended.
    #[serde(
        default,
        deserialize_with = "times::optional",
        serialize_with = "time::serde::rfc3339::option::serialize"
    )]
    pub end_time: Option<OffsetDateTime>,
    /// Where it is on its way.
    pub state: JobState,
    /// How it ended.
    pub result: JobResult,
    /// The folder of its files.
    #[serde(default)]
    pub log_folder: Option<String>,
    /// Why it failed or who ended it; empty in lists.
    #[serde(default)]
    pub error_message: Vec<JobError>,
    /// Which states it was in; empty in lists.
    #[serde(default)]
    pub state_audit_records: Vec<AuditRecord>,
    /// What only whole jobs have.
    #[serde(default)]
    pub properties: JobProperties,
}

/// What only whole jobs have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct JobProperties {
    /// Its script; absent in the answer to a submission.
    pub script: Option<String>,
    /// What the compiler found.
    pub diagnostics: Vec<Diagnostic>,
    /// Time in the compiler, as an ISO 8601 duration.
    pub total_compilation_time: Option<String>,
    /// Time in the queue.
    pub total_queued_time: Option<String>,
    /// Time running.
    pub total_running_time: Option<String>,
}

/// Why a job failed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct JobError {
    /// The published code, such as `E_CSC_USER_SYNTAXERROR`.
    pub error_id: String,
    /// `Error`, `Warning`, `Info`.
    pub severity: String,
    /// The sentence.
    pub message: String,
    /// More of it.
    pub description: Option<String>,
    /// The surroundings of the place in the script.
    pub details: Option<String>,
    /// The line in the script, from 1; 0 for none.
    pub line_number: u32,
    /// What to do about it.
    pub resolution: Option<String>,
}

/// Something that the compiler found in a script.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Diagnostic {
    /// `Error`, `Warning`, `Info`.
    pub severity: String,
    /// From 1.
    pub line_number: u32,
    /// From 1.
    pub column_number: u32,
    /// Offset in characters, from 0.
    pub start: u32,
    /// The offset behind it.
    pub end: u32,
    /// Code and sentence.
    pub message: String,
}

/// A state that a job was in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AuditRecord {
    /// The state.
    pub new_state: JobState,
    /// When it was entered.
    #[serde(
        default,
        deserialize_with = "times::optional",
        serialize_with = "time::serde::rfc3339::option::serialize"
    )]
    pub time_stamp: Option<OffsetDateTime>,
    /// The service's notes.
    #[serde(default)]
    pub details: Option<String>,
}

/// Jobs of one pipeline, added up.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Pipeline {
    /// Its id.
    pub pipeline_id: String,
    /// Its name.
    pub pipeline_name: Option<String>,
    /// Jobs that succeeded.
    pub num_jobs_succeeded: u32,
    /// Jobs that failed.
    pub num_jobs_failed: u32,
    /// Jobs that were cancelled.
    pub num_jobs_canceled: u32,
    /// Units times hours of those that succeeded.
    pub au_hours_succeeded: f64,
    /// The last submission.
    #[serde(
        deserialize_with = "times::optional",
        serialize_with = "time::serde::rfc3339::option::serialize"
    )]
    pub last_submit_time: Option<OffsetDateTime>,
    /// Its recurrences; absent in lists.
    pub recurrences: Vec<String>,
}

/// Jobs of one recurrence, added up.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Recurrence {
    /// Its id.
    pub recurrence_id: String,
    /// Its name.
    pub recurrence_name: Option<String>,
    /// Jobs that succeeded.
    pub num_jobs_succeeded: u32,
    /// Jobs that failed.
    pub num_jobs_failed: u32,
    /// Jobs that were cancelled.
    pub num_jobs_canceled: u32,
    /// Units times hours of those that succeeded.
    pub au_hours_succeeded: f64,
    /// The last submission.
    #[serde(
        deserialize_with = "times::optional",
        serialize_with = "time::serde::rfc3339::option::serialize"
    )]
    pub last_submit_time: Option<OffsetDateTime>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// adla L2: unknown values and members are accepted.
    #[test]
    fn answers_may_grow() {
        let job: JobInformation = serde_json::from_str(
            r#"{"jobId":"1","name":"n","state":"Teleporting","result":"None","submitTime":"0001-01-01T00:00:00+00:00",
                "extra":{"a":1},"properties":{"type":"USql","yarnApplicationId":7}}"#,
        )
        .unwrap();
        assert_eq!(job.state, JobState::Unknown("Teleporting".to_owned()));
        assert_eq!(job.submit_time, None);
    }

    #[test]
    fn properties_are_laid_flat() {
        let account: Account = serde_json::from_str(
            r#"{"id":"/x","name":"a","location":"eastus2","tags":null,"properties":{"accountId":"i","state":"Active",
                "provisioningState":"Succeeded","maxJobCount":3,"dataLakeStoreAccounts":[{"name":"s","properties":{}}]}}"#,
        )
        .unwrap();
        assert_eq!(
            (account.state, account.limits.max_job_count),
            (Some(AccountState::Active), Some(3))
        );
        assert_eq!(account.data_lake_store_accounts[0].name, "s");
    }
}

#![doc = include_str!("../README.md")]

mod accounts;
mod arm;
mod catalog;
mod client;
mod error;
mod filesystem;
mod groups;
mod jobs;
mod models;
mod open_enum;
mod options;
mod times;
mod transfer;

pub use accounts::{
    Accounts, FirewallRules, NamedRules, Policies, StorageLinks, StoreLinks, Stores,
};
pub use azml_core::operation::{Operation, OperationStatus};
pub use catalog::{AclOf, Catalog};
pub use client::DataLake;
pub use error::{Error, Items, Result};
pub use filesystem::{
    AclChange, AclReport, AclStatus, ContentSummary, Entry, Expiry, FileStatus, FileSystem,
    FileType,
};
pub use groups::ResourceGroups;
pub use jobs::{Job, JobChange, JobFilter, Jobs, Relation};
pub use models::{
    Account, AccountLimits, AccountSettings, AccountState, Ace, AcePermission, AceType, Assembly,
    AssemblyDependency, AssemblyFile, AssemblyFileType, AuditRecord, Capability, CatalogCredential,
    CatalogSecret, CatalogType, Column, CompileMode, Database, Diagnostic, Distribution, EntityId,
    EntityName, ExternalDataSource, ExternalTable, FirewallRule, Index, IndexKey, JobDataPath,
    JobError, JobInformation, JobProperties, JobRelation, JobResource, JobResult, JobState,
    JobStatistics, JobType, Linked, NameAvailability, NamedRule, ObjectType, OperationDisplay,
    Package, Pipeline, PipelineRun, Policy, PolicyLimits, Procedure, ProviderOperation,
    ProvisioningState, Recurrence, ResourceGroup, SasToken, Schema, Severity, StageStatistics,
    StorageContainer, StoreAccount, StoreSettings, StoreTier, SubscriptionState, Switch, Table,
    TableFragment, TablePartition, TablePreview, TableStatistics, TableType, TableValuedFunction,
    Tier, Usage, View,
};
pub use options::{ClientOptions, Endpoint};
pub use transfer::{Download, Progress, TransferSummary, Upload};

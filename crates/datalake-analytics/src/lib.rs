#![doc = include_str!("../README.md")]

mod accounts;
mod arm;
mod client;
mod error;
mod filesystem;
mod groups;
mod jobs;
mod models;
mod open_enum;
mod options;
mod policies;
mod stores;
mod times;

pub use accounts::Accounts;
pub use azml_core::operation::{Operation, OperationStatus};
pub use client::DataLake;
pub use error::{Error, Items, Result};
pub use filesystem::{AclStatus, ContentSummary, FileStatus, FileSystem, FileType};
pub use groups::ResourceGroups;
pub use jobs::{Job, JobFilter, Jobs, Relation};
pub use models::{
    Account, AccountLimits, AccountState, AuditRecord, Diagnostic, JobError, JobInformation,
    JobProperties, JobResult, JobState, Linked, ObjectType, Pipeline, Policy, PolicyLimits,
    Recurrence, ResourceGroup, StoreAccount,
};
pub use options::{ClientOptions, Endpoint};
pub use policies::Policies;
pub use stores::Stores;

//! Leases of blobs and containers.

use axum::http::StatusCode;

use super::BlobService;
use super::objects::address;
use crate::storage::answer::Answer;
use crate::storage::conditions::Conditions;
use crate::storage::error::{Code, Result, StorageError};
use crate::storage::request::Call;
use crate::storage::tree::{LeaseAction, LeaseAnswer};

/// What a request wants of a lease, and the status of success.
fn action(call: &Call) -> Result<(LeaseAction, StatusCode)> {
    let id = || -> Result<String> {
        Ok(guid(call, "x-ms-lease-id")?.ok_or(Code::MissingRequiredHeader)?)
    };
    let proposed = || guid(call, "x-ms-proposed-lease-id");
    Ok(match call.header("x-ms-lease-action") {
        "acquire" => {
            let seconds = match call.header("x-ms-lease-duration") {
                "" => return Err(Code::MissingRequiredHeader.into()),
                "-1" => None,
                text => match text.parse::<u64>() {
                    Ok(seconds @ 15..=60) => Some(seconds),
                    _ => return Err(StorageError::header("x-ms-lease-duration")),
                },
            };
            (
                LeaseAction::Acquire(seconds, proposed()?),
                StatusCode::CREATED,
            )
        }
        "renew" => (LeaseAction::Renew(id()?), StatusCode::OK),
        "change" => {
            let proposed = proposed()?.ok_or(Code::MissingRequiredHeader)?;
            (LeaseAction::Change(id()?, proposed), StatusCode::OK)
        }
        "release" => (LeaseAction::Release(id()?), StatusCode::OK),
        "break" => {
            let seconds = match call.header("x-ms-lease-break-period") {
                "" => None,
                text => match text.parse::<u64>() {
                    Ok(seconds @ 0..=60) => Some(seconds),
                    _ => return Err(StorageError::header("x-ms-lease-break-period")),
                },
            };
            (LeaseAction::Break(seconds), StatusCode::ACCEPTED)
        }
        "" => return Err(Code::MissingRequiredHeader.into()),
        _ => return Err(StorageError::header("x-ms-lease-action")),
    })
}

fn guid(call: &Call, name: &str) -> Result<Option<String>> {
    match call.header(name) {
        "" => Ok(None),
        text => match uuid::Uuid::parse_str(text) {
            Ok(id) => Ok(Some(id.to_string())),
            Err(_) => Err(StorageError::header(name)),
        },
    }
}

/// The answer to a request about a lease.
fn answered(status: StatusCode, lease: &LeaseAnswer) -> Answer {
    let seconds = lease.seconds.map(|seconds| seconds.to_string());
    Answer::new(status)
        .version(lease.etag, lease.modified)
        .header("x-ms-lease-id", lease.id.as_deref().unwrap_or_default())
        .header("x-ms-lease-time", seconds.as_deref().unwrap_or_default())
}

impl BlobService {
    pub(super) async fn lease_blob(&self, call: &Call) -> Result<Answer> {
        let (action, status) = action(call)?;
        let conditions = Conditions::parse(call)?;
        let lease = self
            .tree
            .lease_blob(address(call), conditions, action)
            .await?;
        Ok(answered(status, &lease))
    }

    pub(super) async fn lease_container(&self, call: &Call) -> Result<Answer> {
        let (action, status) = action(call)?;
        let target = &call.target;
        let lease = self
            .tree
            .lease_container(
                &target.account,
                &target.container,
                Conditions::parse(call)?,
                action,
            )
            .await?;
        Ok(answered(status, &lease))
    }
}

//! Requests about leases, which blobs, containers and files have alike.

use axum::http::StatusCode;

use super::answer::Answer;
use super::error::{Code, Result, StorageError};
use super::request::Call;
use super::tree::{LeaseAction, LeaseAnswer};

/// What a request wants of a lease, and the status of success.
pub(crate) fn action(call: &Call) -> Result<(LeaseAction, StatusCode)> {
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
pub(crate) fn answered(status: StatusCode, lease: &LeaseAnswer) -> Answer {
    let seconds = lease.seconds.map(|seconds| seconds.to_string());
    Answer::new(status)
        .version(lease.etag, lease.modified)
        .header("x-ms-lease-id", lease.id.as_deref().unwrap_or_default())
        .header("x-ms-lease-time", seconds.as_deref().unwrap_or_default())
}

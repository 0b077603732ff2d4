//! Long-running operations of resource groups, and how many polls an operation takes.
//! The work itself is done when the request is answered; polls only show its end.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use time::{Duration, OffsetDateTime};

use super::error::ArmError;
use crate::state::{self, Key, KeyRange, Read as _, State, WriteTxn};

const TABLE: &str = "arm/operations";
/// How long the end of an operation can be asked for.
const KEPT: Duration = Duration::hours(1);

/// How many polls an operation takes until it shows its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LroPolls(pub(crate) u32);

impl Default for LroPolls {
    fn default() -> Self {
        Self(2)
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Operation {
    remaining: u32,
    #[serde(with = "time::serde::timestamp")]
    started: OffsetDateTime,
}

/// Records an operation that began now; forgets those that ended long ago.
pub(super) fn start(
    transaction: &mut WriteTxn<'_>,
    token: &str,
    polls: LroPolls,
    now: OffsetDateTime,
) -> Result<(), state::Error> {
    for (key, value) in transaction.scan(TABLE, &KeyRange::all(), usize::MAX)? {
        let old =
            serde_json::from_slice::<Operation>(&value).is_ok_and(|it| it.started + KEPT < now);
        if old {
            transaction.remove(TABLE, key)?;
        }
    }
    let operation = Operation {
        remaining: polls.0.saturating_sub(1),
        started: now,
    };
    transaction.put_json(TABLE, Key::of([token]), &operation)
}

/// Answers a poll: 202 while in progress, 200 without a body at the end.
pub(super) async fn poll(state: &State, token: String) -> Result<Response, ArmError> {
    let remaining = state
        .store
        .write(move |transaction| {
            let key = Key::of([token.as_str()]);
            let Some(mut operation) = transaction.get_json::<Operation>(TABLE, &key)? else {
                return Err(ArmError::not_found(
                    "OperationNotFound",
                    format!("The operation '{token}' was not found; it may have ended long ago."),
                ));
            };
            let remaining = operation.remaining;
            operation.remaining = remaining.saturating_sub(1);
            transaction.put_json(TABLE, &key, &operation)?;
            Ok(remaining)
        })
        .await?;
    let status = if remaining > 0 {
        StatusCode::ACCEPTED
    } else {
        StatusCode::OK
    };
    Ok((status, poll_now()).into_response())
}

/// `Retry-After: 0`: without it the original clients wait half a minute between polls.
pub(super) fn poll_now() -> [(header::HeaderName, HeaderValue); 1] {
    [(header::RETRY_AFTER, HeaderValue::from_static("0"))]
}

/// The body of a poll of an `Azure-AsyncOperation` address.
pub(super) fn status_body(started: &str, ended: Option<&str>) -> Response {
    let body = match ended {
        None => json!({ "status": "InProgress", "startTime": started }),
        Some(ended) => json!({ "status": "Succeeded", "startTime": started, "endTime": ended }),
    };
    (poll_now(), Json(body)).into_response()
}

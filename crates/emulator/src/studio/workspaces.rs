//! The workspace itself: its metadata, its people, its empty lists.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State as AxumState},
    http::StatusCode,
};
use serde_json::Value;

use super::{
    Studio,
    access::InWorkspace,
    lenient,
    model::User,
    refusal::Refusal,
    tables::{self, USERS},
    wire::{Invite, Invited, UserInfo, WorkspaceInfo},
};
use crate::state::{Key, KeyRange, Read, WriteTxn};

/// Metadata and tokens.
pub(super) async fn get(
    AxumState(studio): AxumState<Studio>,
    InWorkspace(workspace): InWorkspace,
) -> Result<Json<WorkspaceInfo>, Refusal> {
    let store = &studio.context.state.store;
    let workspace = store
        .read(|txn| tables::workspace(txn, &workspace))?
        .ok_or_else(Refusal::unauthorized)?;
    Ok(Json(workspace.into()))
}

/// The people of the workspace.
pub(super) async fn users(
    AxumState(studio): AxumState<Studio>,
    InWorkspace(workspace): InWorkspace,
) -> Result<Json<Vec<UserInfo>>, Refusal> {
    let store = &studio.context.state.store;
    let users = store.read(|txn| people(txn, &workspace))?;
    Ok(Json(users.into_iter().map(Into::into).collect()))
}

/// Adds people, each on its own: one bad address does not stop the others.
pub(super) async fn invite(
    AxumState(studio): AxumState<Studio>,
    InWorkspace(workspace): InWorkspace,
    body: Bytes,
) -> Result<Json<Vec<Invited>>, Refusal> {
    let Invite { role, emails } = lenient::parse(&body).map_err(|error| {
        Refusal::bad_request(format!("The request body is not valid: {error}."))
    })?;
    let role = ["Owner", "User"]
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(&role))
        .ok_or_else(|| Refusal::bad_request("The member Role is neither Owner nor User."))?;
    if emails.is_empty() {
        return Err(Refusal::bad_request("The member Emails is empty."));
    }
    let ids = studio.context.state.ids.clone();
    let invited = studio
        .context
        .state
        .store
        .write(move |txn| {
            emails
                .into_iter()
                .map(|email| {
                    let outcome = add(txn, &workspace, &email, role, ids.hex())?;
                    Ok(Invited {
                        email,
                        failed: outcome.is_some(),
                        error_message: outcome.map(str::to_owned),
                    })
                })
                .collect::<Result<_, Refusal>>()
        })
        .await?;
    Ok(Json(invited))
}

/// Removes a person; who is to become owner is removed and invited anew.
pub(super) async fn remove_user(
    AxumState(studio): AxumState<Studio>,
    InWorkspace(workspace): InWorkspace,
    Path((_, id)): Path<(String, String)>,
) -> Result<StatusCode, Refusal> {
    let store = &studio.context.state.store;
    store
        .write(move |txn| {
            if txn.remove(USERS, Key::of([&workspace, &id]))? {
                return Ok(StatusCode::NO_CONTENT);
            }
            Err(Refusal::not_found("There is no user with this id."))
        })
        .await
}

/// A list of things that the emulator never has.
pub(super) async fn nothing() -> Json<[Value; 0]> {
    Json([])
}

pub(super) fn people(txn: &impl Read, workspace: &str) -> Result<Vec<User>, Refusal> {
    Ok(txn.scan_json(USERS, &KeyRange::prefix(Key::of([workspace])))?)
}

/// Adds one person; gives the reason where that is not possible.
fn add(
    txn: &mut WriteTxn<'_>,
    workspace: &str,
    email: &str,
    role: &str,
    id: String,
) -> Result<Option<&'static str>, Refusal> {
    let is_address = email
        .split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
    if !is_address || email.contains(char::is_whitespace) {
        return Ok(Some("This is not an e-mail address."));
    }
    let known = people(txn, workspace)?
        .iter()
        .any(|user| user.email.eq_ignore_ascii_case(email));
    if known {
        return Ok(Some("This person is a user of the workspace already."));
    }
    let user = User {
        id,
        email: email.to_owned(),
        name: email.to_owned(),
        role: role.to_owned(),
        status: "Invited".to_owned(),
    };
    txn.put_json(USERS, Key::of([workspace, &user.id]), &user)?;
    Ok(None)
}

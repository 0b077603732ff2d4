//! Resource groups: create, show, list, change, delete with everything inside.

use std::collections::HashMap;

use axum::Json;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::dispatch::Arm;
use super::error::ArmError;
use super::operations;
use super::request::{ArmRequest, Body};
use crate::state::{self, Key, KeyRange, Read, State};

const TABLE: &str = "arm/groups";
const SEEDED: &str = "arm/seeded";

/// The resource group that a new emulator has.
pub(crate) const DEFAULT_GROUP: &str = "azml";
const DEFAULT_LOCATION: &str = "eastus2";
const MAX_NAME: usize = 90;

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Group {
    name: String,
    location: String,
    tags: Option<Map<String, Value>>,
    managed_by: Option<String>,
}

impl Group {
    fn show(&self, subscription: &str) -> Value {
        let mut shown = json!({
            "id": format!("/subscriptions/{subscription}/resourceGroups/{}", self.name),
            "name": self.name,
            "type": "Microsoft.Resources/resourceGroups",
            "location": self.location,
            "properties": { "provisioningState": "Succeeded" },
        });
        if let Some(tags) = &self.tags {
            shown["tags"] = Value::Object(tags.clone());
        }
        if let Some(manager) = &self.managed_by {
            shown["managedBy"] = manager.clone().into();
        }
        shown
    }
}

fn key(subscription: &str, name: &str) -> Key {
    Key::of([subscription.to_ascii_lowercase(), name.to_lowercase()])
}

fn find(read: &impl Read, subscription: &str, name: &str) -> Result<Option<Group>, state::Error> {
    read.get_json(TABLE, key(subscription, name))
}

/// The name of a group in its original spelling, if there is one.
pub(crate) fn group_exists(
    read: &impl Read,
    subscription: &str,
    name: &str,
) -> Result<Option<String>, state::Error> {
    Ok(find(read, subscription, name)?.map(|group| group.name))
}

/// Gives a new emulator its default group; once only, so that a deleted one stays deleted.
pub(crate) async fn seed(state: &State, subscription: &str) -> Result<(), state::Error> {
    let subscription = subscription.to_owned();
    state
        .store
        .write(move |transaction| {
            let marker = Key::of([DEFAULT_GROUP]);
            if transaction.contains(SEEDED, &marker)? {
                return Ok(());
            }
            let group = Group {
                name: DEFAULT_GROUP.to_owned(),
                location: DEFAULT_LOCATION.to_owned(),
                tags: None,
                managed_by: None,
            };
            transaction.put_json(TABLE, key(&subscription, DEFAULT_GROUP), &group)?;
            transaction.put(SEEDED, marker, "")
        })
        .await
}

/// `/subscriptions/{id}/resourceGroups`
pub(super) fn list(state: &State, request: &ArmRequest) -> Result<Response, ArmError> {
    let tag = tag_filter(&request.query)?;
    let top = request
        .query
        .get("$top")
        .map(|top| {
            top.parse::<usize>()
                .map_err(|_| ArmError::invalid_value("$top", "a whole number is expected"))
        })
        .transpose()?;
    let subscription = &request.subscription;
    let range = KeyRange::prefix(Key::of([subscription.to_ascii_lowercase()]));
    let groups: Vec<Group> = state
        .store
        .read(|snapshot| snapshot.scan_json(TABLE, &range))?;
    let shown: Vec<Value> = groups
        .iter()
        .filter(|group| tag.as_ref().is_none_or(|tag| tag.matches(group)))
        .take(top.unwrap_or(usize::MAX))
        .map(|group| group.show(subscription))
        .collect();
    Ok(Json(json!({ "value": shown })).into_response())
}

/// `/subscriptions/{id}/resourceGroups/{name}`
pub(super) async fn handle(
    arm: &Arm,
    request: &ArmRequest,
    name: &str,
) -> Result<Response, ArmError> {
    match request.method {
        Method::HEAD => head(&arm.state, request, name),
        Method::GET => Ok(
            Json(existing(&arm.state, request, name)?.show(&request.subscription)).into_response(),
        ),
        Method::PUT => put(&arm.state, request, name).await,
        Method::PATCH => patch(&arm.state, request, name).await,
        Method::DELETE => delete(arm, request, name).await,
        _ => Err(ArmError::method_not_allowed()),
    }
}

fn existing(state: &State, request: &ArmRequest, name: &str) -> Result<Group, ArmError> {
    state
        .store
        .read(|snapshot| find(snapshot, &request.subscription, name))?
        .ok_or_else(|| ArmError::group_not_found(name))
}

fn head(state: &State, request: &ArmRequest, name: &str) -> Result<Response, ArmError> {
    let found = state
        .store
        .read(|snapshot| find(snapshot, &request.subscription, name))?;
    let status = if found.is_some() {
        StatusCode::NO_CONTENT
    } else {
        StatusCode::NOT_FOUND
    };
    Ok(status.into_response())
}

async fn put(state: &State, request: &ArmRequest, name: &str) -> Result<Response, ArmError> {
    check_name(name)?;
    let body = request.json()?;
    let location = normalise_location(body.string("location")?.unwrap_or_default());
    if location.is_empty() {
        return Err(ArmError::bad_request(
            "LocationRequired",
            "The location property is required for this definition.",
        ));
    }
    let group = Group {
        name: name.to_owned(),
        location,
        tags: body.tags()?,
        managed_by: body.string("managedBy")?.map(str::to_owned),
    };
    let subscription = request.subscription.clone();
    let (created, group) = state
        .store
        .write(move |transaction| {
            let old = find(transaction, &subscription, &group.name)?;
            let mut group = group;
            if let Some(old) = &old {
                if old.location != group.location {
                    return Err(ArmError::conflict(
                        "InvalidResourceGroupLocation",
                        format!(
                            "Invalid resource group location '{}'. The Resource group already exists in location '{}'.",
                            group.location, old.location
                        ),
                    ));
                }
                group.name.clone_from(&old.name);
            }
            transaction.put_json(TABLE, key(&subscription, &group.name), &group)?;
            Ok((old.is_none(), group))
        })
        .await?;
    let status = if created {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok((status, Json(group.show(&request.subscription))).into_response())
}

async fn patch(state: &State, request: &ArmRequest, name: &str) -> Result<Response, ArmError> {
    let body: Body = request.json()?;
    let tags = body.tags()?;
    let subscription = request.subscription.clone();
    let name = name.to_owned();
    let group = state
        .store
        .write(move |transaction| {
            let mut group = find(transaction, &subscription, &name)?
                .ok_or_else(|| ArmError::group_not_found(&name))?;
            if tags.is_some() {
                group.tags = tags;
            }
            transaction.put_json(TABLE, key(&subscription, &group.name), &group)?;
            Ok::<_, ArmError>(group)
        })
        .await?;
    Ok(Json(group.show(&request.subscription)).into_response())
}

async fn delete(arm: &Arm, request: &ArmRequest, name: &str) -> Result<Response, ArmError> {
    let providers = arm.providers.all();
    let removing = providers.clone();
    let subscription = request.subscription.clone();
    let name = name.to_owned();
    let token = arm.state.ids.hex();
    let (polls, now, recorded) = (arm.lro_polls, arm.state.clock.now(), token.clone());
    arm.state
        .store
        .write(move |transaction| {
            let group = find(transaction, &subscription, &name)?
                .ok_or_else(|| ArmError::group_not_found(&name))?;
            for provider in &removing {
                provider.remove_group(transaction, &subscription, &group.name)?;
            }
            transaction.remove(TABLE, key(&subscription, &group.name))?;
            Ok::<_, ArmError>(operations::start(transaction, &recorded, polls, now)?)
        })
        .await?;
    for provider in providers {
        provider.group_removed();
    }
    let location = format!(
        "{}/subscriptions/{}/operationresults/{token}?api-version={}",
        request.origin.base(),
        request.subscription,
        request.api_version(),
    );
    let mut response = (StatusCode::ACCEPTED, operations::poll_now()).into_response();
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

fn check_name(name: &str) -> Result<(), ArmError> {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '(' | ')');
    let count = name.chars().count();
    if (1..=MAX_NAME).contains(&count) && name.chars().all(allowed) && !name.ends_with('.') {
        return Ok(());
    }
    Err(ArmError::bad_request(
        "InvalidResourceGroup",
        format!(
            "The resource group name '{name}' is invalid: 1 to {MAX_NAME} letters, digits, '-', '_', '.', '(' and ')' that do not end in '.' are expected."
        ),
    ))
}

/// `East US 2` is `eastus2`.
pub(super) fn normalise_location(location: &str) -> String {
    location
        .chars()
        .filter(|c| !c.is_whitespace())
        .flat_map(char::to_lowercase)
        .collect()
}

struct TagFilter {
    name: String,
    value: Option<String>,
}

impl TagFilter {
    fn matches(&self, group: &Group) -> bool {
        let tag = group.tags.as_ref().and_then(|tags| {
            tags.iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(&self.name))
                .map(|(_, value)| value)
        });
        match (tag, &self.value) {
            (Some(_), None) => true,
            (Some(tag), Some(value)) => tag.as_str() == Some(value),
            (None, _) => false,
        }
    }
}

/// `tagName eq 'a'`, alone or with `and tagValue eq 'b'`: the only filters the service has here.
fn tag_filter(query: &HashMap<String, String>) -> Result<Option<TagFilter>, ArmError> {
    let Some(text) = query
        .get("$filter")
        .map(|text| text.trim())
        .filter(|text| !text.is_empty())
    else {
        return Ok(None);
    };
    let refuse = || {
        ArmError::bad_request(
            "InvalidFilterInQueryString",
            format!(
                "Invalid $filter '{text}': tagName eq 'name' and tagValue eq 'value' is expected."
            ),
        )
    };
    let quoted = |part: &str, name: &str| -> Option<String> {
        let value = part
            .trim()
            .strip_prefix(name)?
            .trim_start()
            .strip_prefix("eq")?
            .trim();
        let inner = value.strip_prefix('\'')?.strip_suffix('\'')?;
        Some(inner.replace("''", "'"))
    };
    let (first, second) = match text.split_once(" and ") {
        Some((first, second)) => (first, Some(second)),
        None => (text, None),
    };
    let name = quoted(first, "tagName").ok_or_else(refuse)?;
    let value = second
        .map(|part| quoted(part, "tagValue").ok_or_else(refuse))
        .transpose()?;
    Ok(Some(TagFilter { name, value }))
}

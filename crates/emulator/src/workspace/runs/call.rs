//! A request to the services of runs: who sends it and about which workspace.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::http::HeaderMap;
use serde_json::Value;

use super::Runs;
use crate::authority::{Caller, Plane};
use crate::http::Origin;
use crate::workspace::error::PlaneError;
use crate::workspace::workspaces::{self, Scope, Workspace};

/// A request whose sender is known and whose workspace is there.
pub(super) struct Call {
    pub(super) runs: Arc<Runs>,
    pub(super) caller: Caller,
    pub(super) workspace: Workspace,
    names: HashMap<String, String>,
    query: HashMap<String, String>,
    pub(super) body: Bytes,
}

impl Call {
    pub(super) fn enter(
        runs: Arc<Runs>,
        headers: &HeaderMap,
        origin: &Origin,
        names: HashMap<String, String>,
        query: HashMap<String, String>,
        body: Bytes,
    ) -> Result<Self, PlaneError> {
        let authority = &runs.authority;
        let caller = authority
            .authenticate(headers, Plane::ResourceManager)
            .map_err(|refusal| {
                let challenge = authority.challenge(&origin.base(), &refusal);
                PlaneError::unauthorized(refusal.to_string(), challenge)
            })?;
        let name = |name: &str| names.get(name).cloned().unwrap_or_default();
        let scope = Scope {
            subscription: name("subscription"),
            group: name("group"),
            name: name("workspace"),
        };
        let workspace = runs.read(|view| workspaces::existing(view, &scope))?;
        Ok(Self {
            caller,
            workspace,
            names,
            query,
            body,
            runs,
        })
    }

    /// A part of the path.
    pub(super) fn name(&self, name: &str) -> &str {
        self.names.get(name).map_or("", String::as_str)
    }

    /// A parameter, if it says something. The original client writes nothing as `None`.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let value = self.query.get(name).map(String::as_str);
        value.filter(|text| !matches!(*text, "" | "None" | "null"))
    }

    /// The body as JSON; an empty one is `null`.
    pub(super) fn json(&self) -> Result<Value, PlaneError> {
        if self.body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&self.body)
            .map_err(|error| PlaneError::bad_request(format!("The body is not JSON: {error}")))
    }
}

impl Runs {
    /// Reads from one view of the state.
    pub(super) fn read<T>(
        &self,
        read: impl FnOnce(&crate::state::Snapshot) -> Result<T, PlaneError>,
    ) -> Result<T, PlaneError> {
        self.datastores.state.store.read(read)
    }
}

/// What `find` found, or that it is not there.
pub(super) fn existing<T>(
    found: Result<Option<T>, crate::state::Error>,
    what: &str,
    name: &str,
) -> Result<T, PlaneError> {
    found?.ok_or_else(|| PlaneError::not_found(format!("There is no {what} '{name}'.")))
}

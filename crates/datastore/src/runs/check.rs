//! What is checked and named before anything is sent or started: the experiment, the run's
//! id, and its datastores with what the compute target can do with them.

use std::collections::BTreeMap;

use azml_core::clock::Clock;
use azml_runs::RunConfiguration;
use azml_runs::access::{self, Compute, StoreKind};

use crate::data::Datastore;
use crate::error::{Error, Result};
use crate::workspace::Workspace;

/// The datastores that a run names, by the names it uses. With `compute`, every use of them
/// is checked against the table of what works where.
pub(super) async fn datastores(
    workspace: &Workspace,
    configuration: &RunConfiguration,
    compute: Option<Compute>,
) -> Result<BTreeMap<String, Datastore>> {
    let all = workspace.datastores();
    let mut found: BTreeMap<String, Datastore> = BTreeMap::new();
    for reference in configuration.references()? {
        let name = reference.datastore();
        let datastore = match found.get(name) {
            Some(datastore) => datastore.clone(),
            None => all.get(name).await?,
        };
        if let Some(compute) = compute {
            let kind = datastore.kind().name();
            let store = StoreKind::from_type(kind).ok_or_else(|| Error::Unsupported {
                operation: "using data in a run",
                what: format!("a datastore of kind {kind}"),
            })?;
            let checked = access::check(compute, store, reference.mode().into());
            checked.map_err(azml_runs::Error::from)?;
        }
        found.insert(name.to_owned(), datastore);
    }
    Ok(found)
}

/// A letter or digit, then at most 254 letters, digits, underscores and dashes.
pub(super) fn experiment(name: &str) -> Result<()> {
    let mut chars = name.chars();
    let good = chars.next().is_some_and(|c| c.is_ascii_alphanumeric())
        && name.len() <= 255
        && chars.all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    if good {
        return Ok(());
    }
    Err(Error::usage(format!(
        "'{name}' cannot be the name of an experiment: letters, digits, underscores and dashes are allowed, at most 255, a letter or digit first"
    )))
}

/// An id as the original client makes it.
pub(super) fn new_id(experiment: &str, clock: &dyn Clock) -> String {
    let random = uuid::Uuid::new_v4().simple().to_string();
    let now = clock.now().unix_timestamp();
    format!("{experiment}_{now}_{}", &random[..8])
}

//! Azure Machine Learning workspaces: the resource, discovery, datastores under both of
//! their contracts, and runs.

mod datastores;
mod discovery;
mod error;
mod resources;
mod runs;
mod workspaces;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use azml_core::env;
use futures::FutureExt;

use crate::StartError;
use crate::arm::DEFAULT_GROUP;
use crate::services::{Context, Definition, Service};
use crate::state::{Key, Read};
use datastores::Datastores;
use datastores::dataplane::{self, DataPlane};
use runs::Runs;
use workspaces::Workspace;

/// The workspaces.
pub(crate) const SERVICE: Definition = Definition {
    name: "workspace",
    ports: &[],
    start: |context| start(context).boxed(),
};

/// The workspace that a new emulator has.
const DEFAULT_WORKSPACE: &str = "azml";
const DEFAULT_LOCATION: &str = "eastus2";

/// Tells that the default workspace was made, so that a deleted one stays deleted.
const SEEDED: &str = "workspace/seeded";

async fn start(context: Context) -> Result<Service, StartError> {
    let datastores = Datastores {
        state: context.state.clone(),
        storage: Arc::clone(&context.storage),
    };
    let directory = context.authority.directory();
    seed(&datastores, &directory.subscription_id).await?;
    context.providers.register(resources::Workspaces {
        datastores: datastores.clone(),
        tenant: directory.tenant_id.clone(),
    });
    let runs = Runs::start(&context, &datastores).await?;
    let plane = DataPlane {
        datastores,
        authority: context.authority,
    };
    Ok(Service {
        routes: dataplane::routes(plane)
            .merge(discovery::routes())
            .merge(runs::routes(runs)),
        environment: Some(Box::new(|| {
            Ok(vec![(env::WORKSPACE, DEFAULT_WORKSPACE.to_owned())])
        })),
        ..Service::default()
    })
}

async fn seed(datastores: &Datastores, subscription: &str) -> Result<(), StartError> {
    let state = &datastores.state;
    let marker = Key::of([DEFAULT_WORKSPACE]);
    if state
        .store
        .read(|snapshot| snapshot.contains(SEEDED, &marker))?
    {
        return Ok(());
    }
    let storage_account = datastores.storage.default_account().to_owned();
    let workspace = Workspace {
        id: state.ids.uuid().to_string(),
        subscription: subscription.to_owned(),
        group: DEFAULT_GROUP.to_owned(),
        name: DEFAULT_WORKSPACE.to_owned(),
        location: DEFAULT_LOCATION.to_owned(),
        tags: serde_json::Map::new(),
        sku: "basic".to_owned(),
        properties: serde_json::Map::new(),
        created: state.clock.now(),
        storage_account,
        default_datastore: "workspaceblobstore".to_owned(),
    };
    resources::create(datastores, workspace)
        .await
        .map_err(|error| StartError::Service {
            service: SERVICE.name,
            reason: error.message,
        })?;
    state
        .store
        .write(move |txn| txn.put(SEEDED, marker, ""))
        .await?;
    Ok(())
}

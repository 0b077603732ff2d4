//! The one place where services are registered. Each brings its routes, its
//! ports, its environment entries; this file joins them and knows no more.

use std::{path::PathBuf, sync::Arc};

use futures::future::BoxFuture;
use tokio::net::TcpStream;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    StartError, adla, admin, arm,
    authority::Authority,
    config::Config,
    entra,
    http::Routes,
    identity::Identities,
    ports::{Endpoints, Port},
    sql,
    state::{self, State},
    storage::{self, Storage, gen1},
    studio,
    tls::Certificates,
    workspace,
};

/// Every service of the emulator, in the order of its environment entries.
pub(crate) const SERVICES: &[Definition] = &[
    admin::SERVICE,
    studio::SERVICE,
    entra::SERVICE,
    arm::SERVICE,
    storage::SERVICE,
    workspace::SERVICE,
    gen1::SERVICE,
    adla::SERVICE,
    sql::SERVICE,
];

/// What is known of a service before it runs.
pub(crate) struct Definition {
    /// Its name in messages and in the status.
    pub(crate) name: &'static str,
    /// The ports it needs beside http and https.
    pub(crate) ports: &'static [Port],
    /// Prepares its data and gives what it serves.
    pub(crate) start: fn(Context) -> BoxFuture<'static, Result<Service, StartError>>,
}

/// What a service gets to work with.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    pub(crate) state: State,
    pub(crate) data_dir: PathBuf,
    pub(crate) config: Arc<Config>,
    pub(crate) endpoints: Endpoints,
    pub(crate) identities: Identities,
    pub(crate) certificates: Certificates,
    /// The directory: who a bearer token speaks for.
    pub(crate) authority: Arc<Authority>,
    /// Services with resources in Resource Manager register here.
    pub(crate) providers: arm::Registry,
    /// The storage accounts, for services that keep data in them.
    pub(crate) storage: Arc<Storage>,
    /// Background work of the service is spawned here and ends with `stopping`.
    pub(crate) tasks: TaskTracker,
    pub(crate) stopping: CancellationToken,
    /// What the administration endpoints may do to the emulator.
    pub(crate) control: admin::Control,
}

/// What a service serves.
#[derive(Default)]
pub(crate) struct Service {
    /// On the shared http and https listeners.
    pub(crate) routes: Routes,
    /// On the shared listeners by host suffix, such as `.blob.localhost`.
    pub(crate) hosts: Vec<(&'static str, Routes)>,
    /// On ports of its own, which its definition names.
    pub(crate) ports: Vec<(Port, Routes)>,
    /// On a port of its own that does not speak HTTP.
    pub(crate) streams: Option<(Port, StreamHandler)>,
    /// Its environment variables as they are now, if it has any.
    pub(crate) environment: Option<Environment>,
}

/// Serves one connection to its end.
pub(crate) type StreamHandler = Arc<dyn Fn(TcpStream) -> BoxFuture<'static, ()> + Send + Sync>;

/// Gives environment variables.
pub(crate) type Environment =
    Box<dyn Fn() -> Result<Vec<(&'static str, String)>, state::Error> + Send + Sync>;

/// All ports that the registered services need, each once.
pub(crate) fn ports() -> Vec<Port> {
    let mut ports = vec![Port::Http, Port::Https];
    ports.extend(SERVICES.iter().flat_map(|service| service.ports));
    ports.sort_unstable();
    ports.dedup();
    ports
}

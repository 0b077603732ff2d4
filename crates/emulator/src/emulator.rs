//! A running emulator: what it consists of, in which order it starts and stops.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use axum::{
    body::Body,
    http::{HeaderValue, Request, Response, StatusCode, header},
};
use azml_core::env;
use futures::{FutureExt, future::BoxFuture};
use tokio::{
    net::TcpStream,
    sync::{Semaphore, mpsc},
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use url::Url;

use crate::{
    Builder, Running, StartError,
    admin::{self, Control, Reset},
    arm,
    authority::Authority,
    config::Config,
    environment,
    http::{Dispatch, Listener, Protocol, Routes, Scheme},
    identity::Identities,
    ports::{self, Bound, Endpoints, Port},
    services::{self, Context, Environment, SERVICES, StreamHandler},
    state::{DataDir, State, random_hex},
    storage::Storage,
    tls::Certificates,
};

/// How long a reset waits for the requests in progress.
const RESET_GRACE: Duration = Duration::from_secs(5);

/// A running emulator. Dropped without [`Emulator::shutdown`], it stops at
/// once; nothing that was acknowledged is lost.
pub struct Emulator {
    shared: Arc<Shared>,
    http_endpoint: Url,
    https_endpoint: Url,
    run_file: PathBuf,
    listeners: TaskTracker,
    stopping: CancellationToken,
    stopped: CancellationToken,
}

/// What outlives a reset.
struct Shared {
    config: Arc<Config>,
    directory: DataDir,
    state: State,
    identities: Identities,
    certificates: Certificates,
    authority: Arc<Authority>,
    storage: Arc<Storage>,
    endpoints: Endpoints,
    control: Control,
    /// `None` while a reset is going on.
    current: RwLock<Option<Arc<Generation>>>,
}

/// The services from one start or reset to the next.
struct Generation {
    dispatch: BTreeMap<Port, Arc<Dispatch>>,
    streams: BTreeMap<Port, StreamHandler>,
    environment: Vec<Environment>,
    requests: TaskTracker,
    tasks: TaskTracker,
    stopping: CancellationToken,
}

impl Emulator {
    /// Options for a new emulator.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), azml_emulator::StartError> {
    /// use azml_emulator::Emulator;
    ///
    /// let emulator = Emulator::builder().ephemeral().port_base(0).start().await?;
    /// println!("{}", emulator.http_endpoint());
    /// emulator.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub(crate) async fn start(config: Config) -> Result<Self, StartError> {
        let config = Arc::new(config);
        let directory = match &config.data_dir {
            Some(path) => DataDir::open(path)?,
            None => DataDir::temporary()?,
        };
        let mut names = config.names.clone();
        if !config.bind.is_loopback() && !config.bind.is_unspecified() {
            names.push(config.bind.to_string());
        }
        let certificates = Certificates::load(&directory, config.clock.as_ref(), &names)?;
        let state = State::open(&directory, config.ids.clone(), Arc::clone(&config.clock))?;
        let (bound, endpoints) = ports::bind(&config, &services::ports()).await?;
        let (resets, reset_requests) = mpsc::channel(1);
        let control = Control {
            secret: state
                .secrets
                .get_or_create("admin", random_hex::<32>)?
                .into(),
            stop: CancellationToken::new(),
            resets,
        };
        let identities = Identities::new(&config, state.secrets.clone());
        let authority = Authority::load(&config, &identities, &state.secrets)?;
        let storage = Storage::load(state.clone(), &identities, &endpoints)?;
        let shared = Arc::new(Shared {
            identities,
            authority: Arc::new(authority),
            storage: Arc::new(storage),
            config,
            directory,
            state,
            certificates,
            endpoints,
            control,
            current: RwLock::new(None),
        });
        let generation = shared.start_services().await?;
        shared.replace(Some(generation));
        let emulator = Self {
            http_endpoint: Endpoints::url(&shared.endpoints.http(Port::Http))?,
            https_endpoint: Endpoints::url(&shared.endpoints.https())?,
            run_file: shared.directory.path().join(Running::FILE_NAME),
            shared,
            listeners: TaskTracker::new(),
            stopping: CancellationToken::new(),
            stopped: CancellationToken::new(),
        };
        for bound in bound {
            emulator.listen(bound);
        }
        emulator.listeners.spawn(Shared::serve_resets(
            Arc::clone(&emulator.shared),
            emulator.stopping.clone(),
            reset_requests,
        ));
        emulator.running()?.write(&emulator.run_file)?;
        if let Some(path) = &emulator.shared.config.env_file {
            environment::write(path, &emulator.environment())?;
        }
        Ok(emulator)
    }

    fn listen(&self, bound: Bound) {
        let shared = Arc::clone(&self.shared);
        let listener = Listener {
            protocol: match bound.port {
                Port::Https => {
                    let mut config = self.shared.certificates.server.as_ref().clone();
                    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
                    Protocol::Https(Arc::new(config))
                }
                Port::Sql => {
                    let shared = Arc::clone(&self.shared);
                    let port = bound.port;
                    Protocol::Stream(Arc::new(move |stream| shared.serve_stream(port, stream)))
                }
                _ => Protocol::Http,
            },
            handler: Arc::new(move |scheme, request| {
                let shared = Arc::clone(&shared);
                async move { shared.serve(bound.port, scheme, request).await }.boxed()
            }),
            connections: Arc::new(Semaphore::new(self.shared.config.max_connections)),
            stopping: self.stopping.clone(),
            stopped: self.stopped.clone(),
            tasks: self.listeners.clone(),
        };
        for socket in bound.sockets {
            listener.spawn(socket);
        }
    }

    /// The plain listener.
    #[must_use]
    pub fn http_endpoint(&self) -> &Url {
        &self.http_endpoint
    }

    /// The TLS listener; its certificate is for `localhost`, 127.0.0.1 and
    /// ::1 among others, and signed by [`Emulator::ca_pem`].
    #[must_use]
    pub fn https_endpoint(&self) -> &Url {
        &self.https_endpoint
    }

    /// The certificate authority to trust, as PEM.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.shared.certificates.ca_pem
    }

    /// The file with [`Emulator::ca_pem`].
    #[must_use]
    pub fn ca_path(&self) -> &Path {
        &self.shared.certificates.ca_path
    }

    /// Where the state is kept; a temporary directory when ephemeral.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        self.shared.directory.path()
    }

    /// The environment variables that point clients at this emulator, as they
    /// are now.
    #[must_use]
    pub fn environment(&self) -> Vec<(String, String)> {
        self.shared.environment()
    }

    /// What other processes need to know; also in the run file of
    /// [`Emulator::data_dir`].
    ///
    /// # Errors
    ///
    /// Never in practice: the addresses are URLs.
    pub fn running(&self) -> Result<Running, StartError> {
        Ok(Running {
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            http_endpoint: self.http_endpoint.clone(),
            https_endpoint: self.https_endpoint.clone(),
            ca_bundle: self.ca_path().to_owned(),
            data_dir: self.data_dir().to_owned(),
            ephemeral: !self.shared.directory.is_durable(),
            admin_secret: self.shared.control.secret.to_string(),
            environment: self.environment().into_iter().collect(),
        })
    }

    /// Returns when another process asked the emulator to stop.
    pub async fn stop_requested(&self) {
        self.shared.control.stop.cancelled().await;
    }

    /// Forgets everything but the certificates and the generated secrets, and
    /// begins anew with the default content.
    ///
    /// # Errors
    ///
    /// When the state cannot be cleared or a service does not start again.
    pub async fn reset(&self) -> Result<(), StartError> {
        self.shared.reset().await
    }

    /// Stops listening, lets the requests in progress finish for as long as
    /// the builder said, and releases the data directory.
    pub async fn shutdown(self) {
        self.stopping.cancel();
        self.listeners.close();
        let grace = self.shared.config.shutdown_grace;
        if timeout(grace, self.listeners.wait()).await.is_err() {
            tracing::warn!("some requests did not finish in time and are cut off");
            self.stopped.cancel();
            self.listeners.wait().await;
        }
        if let Some(generation) = self.shared.replace(None) {
            generation.stop().await;
        }
        self.shared.state.store.close().await;
        // Without it nobody tries to reach a process that is gone.
        let _ = std::fs::remove_file(&self.run_file);
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.stopping.cancel();
        self.stopped.cancel();
        if let Some(generation) = self.shared.replace(None) {
            generation.stopping.cancel();
        }
        // Tasks that are still ending hold clones of it.
        self.shared.directory.discard();
    }
}

impl fmt::Debug for Emulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emulator")
            .field("http_endpoint", &self.http_endpoint.as_str())
            .field("https_endpoint", &self.https_endpoint.as_str())
            .finish_non_exhaustive()
    }
}

impl Shared {
    async fn start_services(&self) -> Result<Generation, StartError> {
        let mut shared = Routes::new();
        let mut hosts = Vec::new();
        let mut ports: BTreeMap<Port, Routes> = BTreeMap::new();
        let mut streams = BTreeMap::new();
        let mut environment = Vec::new();
        let tasks = TaskTracker::new();
        let stopping = CancellationToken::new();
        let providers = arm::Registry::default();
        for definition in SERVICES {
            let context = Context {
                state: self.state.clone(),
                data_dir: self.directory.path().to_owned(),
                config: Arc::clone(&self.config),
                endpoints: self.endpoints.clone(),
                identities: self.identities.clone(),
                certificates: self.certificates.clone(),
                authority: Arc::clone(&self.authority),
                storage: Arc::clone(&self.storage),
                providers: providers.clone(),
                tasks: tasks.clone(),
                stopping: stopping.clone(),
                control: self.control.clone(),
            };
            let service = (definition.start)(context).await?;
            tracing::debug!(service = definition.name, "started");
            shared = shared.merge(service.routes);
            hosts.extend(service.hosts);
            environment.extend(service.environment);
            streams.extend(service.streams);
            for (port, routes) in service.ports {
                let all = ports.remove(&port).unwrap_or_default();
                ports.insert(port, all.merge(routes));
            }
        }
        let dispatch =
            |routes, hosts| Arc::new(Dispatch::new(routes, hosts, self.state.ids.clone()));
        let shared = dispatch(shared, hosts);
        let mut by_port: BTreeMap<Port, Arc<Dispatch>> = ports
            .into_iter()
            .map(|(port, routes)| (port, dispatch(routes, Vec::new())))
            .collect();
        by_port.insert(Port::Http, Arc::clone(&shared));
        by_port.insert(Port::Https, shared);
        Ok(Generation {
            dispatch: by_port,
            streams,
            environment,
            requests: TaskTracker::new(),
            tasks,
            stopping,
        })
    }

    async fn serve(&self, port: Port, scheme: Scheme, request: Request<Body>) -> Response<Body> {
        let generation = self.current();
        let target = generation
            .as_ref()
            .and_then(|generation| Some((generation, generation.dispatch.get(&port)?)));
        let Some((generation, dispatch)) = target else {
            return unavailable();
        };
        // A reset waits for the requests in progress, itself excepted.
        let _in_progress =
            (request.uri().path() != admin::RESET).then(|| generation.requests.token());
        let authority = || format!("{}:{}", self.endpoints.host(), self.endpoints.number(port));
        dispatch.call(scheme, authority, request).await
    }

    /// Serves a connection that does not speak HTTP, until it or its generation ends.
    fn serve_stream(&self, port: Port, stream: TcpStream) -> BoxFuture<'static, ()> {
        let generation = self.current();
        async move {
            let Some(generation) = generation else { return };
            if let Some(handler) = generation.streams.get(&port) {
                let _in_progress = generation.requests.token();
                tokio::select! {
                    () = handler(stream) => {}
                    () = generation.stopping.cancelled() => {}
                }
            }
        }
        .boxed()
    }

    async fn serve_resets(
        shared: Arc<Self>,
        stopping: CancellationToken,
        mut requests: mpsc::Receiver<Reset>,
    ) {
        loop {
            let request = tokio::select! {
                () = stopping.cancelled() => return,
                request = requests.recv() => request,
            };
            let Some(answer) = request else { return };
            let outcome = shared.reset().await;
            // A caller that went away needs no answer.
            let _ = answer.send(outcome.map_err(|error| error.to_string()));
        }
    }

    async fn reset(&self) -> Result<(), StartError> {
        if let Some(generation) = self.replace(None) {
            generation.stop().await;
        }
        self.state.clear().await?;
        let generation = self.start_services().await?;
        self.replace(Some(generation));
        Ok(())
    }

    fn environment(&self) -> Vec<(String, String)> {
        let mut entries = vec![
            (env::HTTP_ENDPOINT, self.endpoints.http(Port::Http)),
            (env::HTTPS_ENDPOINT, self.endpoints.https()),
            (
                env::CA_BUNDLE,
                self.certificates.ca_path.display().to_string(),
            ),
        ];
        if let Some(generation) = self.current() {
            for service in &generation.environment {
                match service() {
                    Ok(more) => entries.extend(more),
                    Err(error) => tracing::warn!(%error, "environment entries are missing"),
                }
            }
        }
        entries
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    fn current(&self) -> Option<Arc<Generation>> {
        self.current
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn replace(&self, next: Option<Generation>) -> Option<Arc<Generation>> {
        std::mem::replace(
            &mut self.current.write().unwrap_or_else(PoisonError::into_inner),
            next.map(Arc::new),
        )
    }
}

impl Generation {
    /// Ends the background work, and waits for it and for requests in progress.
    async fn stop(&self) {
        self.stopping.cancel();
        self.requests.close();
        self.tasks.close();
        let ended = async {
            self.tasks.wait().await;
            self.requests.wait().await;
        };
        if timeout(RESET_GRACE, ended).await.is_err() {
            tracing::warn!("some work of the services did not end in time");
        }
    }
}

fn unavailable() -> Response<Body> {
    let mut response = Response::new(Body::from("the emulator is being reset\n"));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

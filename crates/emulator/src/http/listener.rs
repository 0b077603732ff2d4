//! Accepting connections: plain or TLS, HTTP/1.1 or HTTP/2, a bounded number
//! of them, until told to stop.

use std::{convert::Infallible, fmt, io, sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{Request, Response},
};
use futures::future::BoxFuture;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Peer, Scheme};
use crate::services::StreamHandler;

const HANDSHAKE: Duration = Duration::from_secs(10);
const HEADERS: Duration = Duration::from_secs(30);
/// How long to wait when the process is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

type Handler =
    Arc<dyn Fn(Scheme, Request<Body>) -> BoxFuture<'static, Response<Body>> + Send + Sync>;

/// What is spoken on a listener.
#[derive(Clone)]
pub(crate) enum Protocol {
    /// HTTP over plain TCP.
    Http,
    /// HTTP over TLS.
    Https(Arc<ServerConfig>),
    /// Something else, which the handler of the connection knows.
    Stream(StreamHandler),
}

impl fmt::Debug for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "Http",
            Self::Https(_) => "Https",
            Self::Stream(_) => "Stream",
        })
    }
}

/// A listener's way of serving; one per bound port, shared by its sockets.
#[derive(Clone)]
pub(crate) struct Listener {
    pub(crate) protocol: Protocol,
    pub(crate) handler: Handler,
    pub(crate) connections: Arc<Semaphore>,
    /// Cancelled when no new request may begin.
    pub(crate) stopping: CancellationToken,
    /// Cancelled when the requests in progress have had their time.
    pub(crate) stopped: CancellationToken,
    pub(crate) tasks: TaskTracker,
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener")
            .field("protocol", &self.protocol)
            .finish_non_exhaustive()
    }
}

impl Listener {
    /// Accepts from `socket` in a task until the listener stops.
    pub(crate) fn spawn(&self, socket: TcpListener) {
        let listener = self.clone();
        self.tasks.spawn(async move {
            let stopping = listener.stopping.clone();
            tokio::select! {
                () = stopping.cancelled() => {}
                () = listener.accept(socket) => {}
            }
        });
    }

    async fn accept(&self, socket: TcpListener) {
        loop {
            let Ok(permit) = Arc::clone(&self.connections).acquire_owned().await else {
                return;
            };
            let (stream, peer) = match socket.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a connection was not accepted");
                    // Nothing to tell the client; let others finish first.
                    let _ = timeout(ACCEPT_PAUSE, std::future::pending::<()>()).await;
                    continue;
                }
            };
            let listener = self.clone();
            self.tasks.spawn(async move {
                let stopped = listener.stopped.clone();
                tokio::select! {
                    () = stopped.cancelled() => {}
                    outcome = listener.serve(stream, Peer(peer.ip())) => {
                        if let Err(error) = outcome {
                            tracing::debug!(%error, "a connection ended early");
                        }
                    }
                }
                drop(permit);
            });
        }
    }

    async fn serve(
        &self,
        stream: TcpStream,
        peer: Peer,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        stream.set_nodelay(true)?;
        match &self.protocol {
            Protocol::Http => self.serve_http(stream, Scheme::Http, peer).await,
            Protocol::Https(config) => {
                let handshake = TlsAcceptor::from(Arc::clone(config)).accept(stream);
                let stream = timeout(HANDSHAKE, handshake)
                    .await
                    .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
                self.serve_http(stream, Scheme::Https, peer).await
            }
            Protocol::Stream(handler) => {
                tokio::select! {
                    () = handler(stream) => {}
                    () = self.stopping.cancelled() => {}
                }
                Ok(())
            }
        }
    }

    async fn serve_http(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        scheme: Scheme,
        peer: Peer,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let handler = Arc::clone(&self.handler);
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            let response = handler(scheme, request.map(Body::new));
            async move { Ok::<_, Infallible>(response.await) }
        });
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADERS);
        builder.http2().timer(TokioTimer::new());
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        tokio::pin!(connection);
        tokio::select! {
            outcome = connection.as_mut() => return outcome,
            () = self.stopping.cancelled() => connection.as_mut().graceful_shutdown(),
        }
        connection.await
    }
}

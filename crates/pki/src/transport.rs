//! gRPC over TLS: the listener of a node and the channel of an engine, each
//! pinned to the other, and the ordinary TLS of a coordinator.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use tokio_rustls::{TlsAcceptor, TlsConnector, server::TlsStream};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::{Channel, ClientTlsConfig, Endpoint, Uri, server::Connected};

use crate::{
    certificate::{Certificate, Fingerprint, fingerprint},
    tls::client_config,
};

/// A handshake that takes longer is dropped, so that idle sockets hold nothing.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Handshakes under way at once.
const HANDSHAKES: usize = 64;
/// HTTP/2 windows: the default of 64 KiB starves bulk data on any real latency.
pub const WINDOW_BYTES: u32 = 8 * 1024 * 1024;

/// Why a node cannot be reached.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The registered endpoint is not `host:port`.
    #[error("the node's endpoint '{0}' is not host:port")]
    Endpoint(String),
    /// Not the address of a coordinator.
    #[error("'{0}' is not a URL like https://host:50051")]
    Url(String),
    /// The certificate does not fit its key.
    #[error("own certificate: {0}")]
    Certificate(#[from] rustls::Error),
    /// Nothing answers there, or not the right one.
    #[error("connect to the node at {endpoint}: {reason}")]
    Unreachable {
        /// Where.
        endpoint: String,
        /// The innermost reason.
        reason: String,
    },
}

/// What a connection is known by, found in a request's extensions.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Where it comes from.
    pub address: SocketAddr,
    /// Its client certificate.
    pub fingerprint: Fingerprint,
}

/// A connection whose handshake is done.
pub struct Connection {
    stream: TlsStream<TcpStream>,
    peer: Peer,
}

impl Connected for Connection {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        self.peer.clone()
    }
}

/// Accepts connections for `tonic::transport::Server::serve_with_incoming`. A
/// failed or slow handshake costs only itself; accepting ends when the stream is dropped.
pub fn incoming(
    listener: TcpListener,
    config: ServerConfig,
) -> ReceiverStream<io::Result<Connection>> {
    let (ready, connections) = mpsc::channel(HANDSHAKES);
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        let slots = Arc::new(tokio::sync::Semaphore::new(HANDSHAKES));
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = ready.closed() => return,
            };
            let (stream, address) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of descriptors, mostly: give others time to end.
                    tracing::warn!(%error, "failed to accept a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let Ok(slot) = Arc::clone(&slots).acquire_owned().await else {
                return;
            };
            let (acceptor, ready) = (acceptor.clone(), ready.clone());
            tokio::spawn(async move {
                let _slot = slot;
                match tokio::time::timeout(HANDSHAKE, handshake(acceptor, stream, address)).await {
                    Ok(Ok(connection)) => {
                        // Fails only when the server has ended.
                        let _ = ready.send(Ok(connection)).await;
                    }
                    Ok(Err(error)) => tracing::debug!(%address, %error, "handshake failed"),
                    Err(_) => tracing::debug!(%address, "handshake timed out"),
                }
            });
        }
    });
    ReceiverStream::new(connections)
}

async fn handshake(
    acceptor: TlsAcceptor,
    stream: TcpStream,
    address: SocketAddr,
) -> io::Result<Connection> {
    stream.set_nodelay(true)?;
    let stream = acceptor.accept(stream).await?;
    let shown = stream.get_ref().1.peer_certificates().unwrap_or_default();
    let certificate = shown
        .first()
        .ok_or_else(|| io::Error::other("no client certificate"))?;
    let peer = Peer {
        address,
        fingerprint: fingerprint(certificate),
    };
    Ok(Connection { stream, peer })
}

/// Opens a channel to the node at `endpoint` (`host:port`) that shows
/// `certificate` and accepts only the certificate with fingerprint `server`.
///
/// # Errors
/// [`ConnectError`].
pub async fn connect(
    endpoint: &str,
    certificate: &Certificate,
    server: Fingerprint,
) -> Result<Channel, ConnectError> {
    let bad = || ConnectError::Endpoint(endpoint.to_owned());
    // The scheme is http because TLS happens in the connector below.
    let channel: Endpoint = format!("http://{endpoint}")
        .parse::<Uri>()
        .map_err(|_| bad())?
        .into();
    channel.uri().port().ok_or_else(bad)?;
    let connector = TlsConnector::from(Arc::new(client_config(certificate, server)?));
    let address = endpoint.to_owned();
    let dial = tower::service_fn(move |_: Uri| {
        let (connector, address) = (connector.clone(), address.clone());
        async move {
            let stream = TcpStream::connect(&address).await?;
            stream.set_nodelay(true)?;
            let name =
                rustls_pki_types::ServerName::try_from("localhost").expect("localhost is a name");
            let stream = connector.connect(name, stream).await?;
            io::Result::Ok(TokioIo::new(stream))
        }
    });
    channel
        .connect_timeout(HANDSHAKE)
        .http2_keep_alive_interval(Duration::from_secs(10))
        .keep_alive_timeout(Duration::from_secs(20))
        .keep_alive_while_idle(true)
        .initial_stream_window_size(WINDOW_BYTES)
        .initial_connection_window_size(WINDOW_BYTES)
        .connect_with_connector(dial)
        .await
        .map_err(|error| ConnectError::Unreachable {
            endpoint: endpoint.to_owned(),
            reason: innermost(&error),
        })
}

/// The endpoint of the coordinator at `url`: `https://` with the system's
/// certificate authorities (`SSL_CERT_FILE` names others), or `http://` in the
/// clear, for one machine or a network of one's own.
///
/// # Errors
/// [`ConnectError::Url`].
pub fn coordinator(url: &str) -> Result<Endpoint, ConnectError> {
    let bad = || ConnectError::Url(url.to_owned());
    let endpoint = Endpoint::from_shared(url.to_owned()).map_err(|_| bad())?;
    endpoint.uri().host().ok_or_else(bad)?;
    let endpoint = endpoint
        .connect_timeout(HANDSHAKE)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(Duration::from_secs(10))
        .keep_alive_timeout(Duration::from_secs(20))
        .keep_alive_while_idle(true);
    match endpoint.uri().scheme_str() {
        Some("http") => Ok(endpoint),
        Some("https") => endpoint
            .tls_config(ClientTlsConfig::new().with_native_roots())
            .map_err(|_| bad()),
        _ => Err(bad()),
    }
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

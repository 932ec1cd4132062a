//! The gRPC services. A handler reads the message into domain types, calls one
//! function, and turns the answer, or the one error, back.

mod auth;
mod convert;
mod job;
mod metrics;
mod node;

use std::{path::Path, sync::Arc};

use anyhow::Context as _;
use cyxwiz_proto::{
    FILE_DESCRIPTOR_SET, auth::v1::auth_service_server::AuthServiceServer,
    job::v1::job_service_server::JobServiceServer,
    node::v1::node_service_server::NodeServiceServer,
};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Identity, Server, ServerTlsConfig};

use crate::{app::App, settings::TlsSettings};

/// A spec is text: more than this is no spec.
const MAX_MESSAGE_BYTES: usize = 4 * 1024 * 1024;

/// Serves until the app shuts down, then ends the calls under way.
///
/// # Errors
/// When the listener fails.
pub async fn serve(app: Arc<App>, listener: TcpListener) -> anyhow::Result<()> {
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter
        .set_serving::<AuthServiceServer<auth::Auth>>()
        .await;
    reporter.set_serving::<JobServiceServer<job::Jobs>>().await;
    reporter
        .set_serving::<NodeServiceServer<node::Nodes>>()
        .await;
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()?;
    let shutdown = app.shutdown.clone();
    let mut server = Server::builder();
    if let Some(tls) = &app.settings.server.tls {
        server = server.tls_config(tls_config(tls)?)?;
    }
    server
        .http2_keepalive_interval(Some(std::time::Duration::from_secs(20)))
        .layer(metrics::CountCalls)
        .add_service(health)
        .add_service(reflection)
        .add_service(AuthServiceServer::new(auth::Auth(Arc::clone(&app))))
        .add_service(
            JobServiceServer::new(job::Jobs(Arc::clone(&app)))
                .max_decoding_message_size(MAX_MESSAGE_BYTES),
        )
        .add_service(NodeServiceServer::new(node::Nodes(app)))
        .serve_with_incoming_shutdown(TcpListenerStream::new(listener), async move {
            shutdown.cancelled().await;
        })
        .await?;
    Ok(())
}

fn tls_config(files: &TlsSettings) -> anyhow::Result<ServerTlsConfig> {
    let read = |path: &Path| {
        std::fs::read(path).with_context(|| format!("read {} (setting server.tls)", path.display()))
    };
    let identity = Identity::from_pem(read(&files.certificate)?, read(&files.key)?);
    Ok(ServerTlsConfig::new().identity(identity))
}

//! What is not gRPC: health, metrics, keys.

mod keys;
mod operated;

use std::sync::Arc;

use axum::{Router, routing::get};
use cyxwiz_telemetry::{PrometheusHandle, http};
use tokio::net::TcpListener;

use crate::app::App;

/// Serves until the app shuts down.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    app: Arc<App>,
    listener: TcpListener,
    prometheus: PrometheusHandle,
) -> anyhow::Result<()> {
    let shutdown = app.shutdown.clone().cancelled_owned();
    let keys = Router::new()
        .route("/.well-known/jwks.json", get(keys::jwks))
        .with_state(Arc::clone(&app));
    let pages = http::pages(app, prometheus).merge(keys);
    http::serve(listener, pages, shutdown).await
}

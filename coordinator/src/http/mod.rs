//! What is not gRPC: health, metrics, keys.

mod health;
mod keys;
mod metrics;

use std::sync::Arc;

use axum::{Router, routing::get};
use cyxwiz_telemetry::PrometheusHandle;
use tokio::net::TcpListener;

use crate::app::App;

/// What the pages need.
#[derive(Clone)]
struct Pages {
    app: Arc<App>,
    prometheus: PrometheusHandle,
}

/// Serves until the app shuts down.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    app: Arc<App>,
    listener: TcpListener,
    prometheus: PrometheusHandle,
) -> anyhow::Result<()> {
    let shutdown = app.shutdown.clone();
    let pages = Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::metrics))
        .route("/.well-known/jwks.json", get(keys::jwks))
        .with_state(Pages { app, prometheus });
    axum::serve(listener, pages)
        .with_graceful_shutdown(async move { shutdown.cancelled().await })
        .await?;
    Ok(())
}

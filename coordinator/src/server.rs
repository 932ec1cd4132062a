//! The service as a whole: everything that `serve` starts, in order, and ends in
//! reverse.

use std::{net::SocketAddr, sync::Arc};

use anyhow::Context as _;
use cyxwiz_pki::Wallet;
use cyxwiz_telemetry::PrometheusHandle;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{app::App, db, grpc, http, settings::Settings, workers};

/// A running coordinator.
pub struct Server {
    /// Where gRPC listens.
    pub grpc: SocketAddr,
    /// Where HTTP listens.
    pub http: SocketAddr,
    /// What its parts share.
    pub app: Arc<App>,
    stop_workers: CancellationToken,
    workers: TaskTracker,
    listening: JoinHandle<()>,
    services: Vec<JoinHandle<anyhow::Result<()>>>,
}

impl Server {
    /// Opens everything and starts to work. When it returns, calls are answered.
    ///
    /// # Errors
    /// Says what could not be opened.
    pub async fn start(settings: Settings, prometheus: PrometheusHandle) -> anyhow::Result<Self> {
        let wallet = Wallet::read(&settings.wallet.path)
            .context("the coordinator's key (setting wallet.path)")?;
        let pool = db::connect(&settings.database)
            .await
            .context("connect to Postgres (setting database.url)")?;
        db::migrate(&pool)
            .await
            .context("bring the database up to date")?;
        let (grpc_listen, http_listen) = (settings.server.grpc_listen, settings.server.http_listen);
        let app = App::new(settings, pool, &wallet, CancellationToken::new())?;
        check_key(&app).await;

        let grpc_listener = bind(grpc_listen, "server.grpc_listen").await?;
        let http_listener = bind(http_listen, "server.http_listen").await?;
        let (grpc, http) = (grpc_listener.local_addr()?, http_listener.local_addr()?);

        let stop_workers = CancellationToken::new();
        let listening = app
            .events
            .clone()
            .listen(app.pool.clone(), stop_workers.clone());
        let listening = tokio::spawn(listening);
        let workers = TaskTracker::new();
        workers::start(&app, &workers, &stop_workers);
        let services = vec![
            tokio::spawn(grpc::serve(Arc::clone(&app), grpc_listener)),
            tokio::spawn(http::serve(Arc::clone(&app), http_listener, prometheus)),
        ];
        tracing::info!(%grpc, %http, key = %app.signer.address(), "ready");
        Ok(Self {
            grpc,
            http,
            app,
            stop_workers,
            workers,
            listening,
            services,
        })
    }

    /// Returns when a service has ended by itself, which it should not.
    pub async fn failed(&mut self) -> anyhow::Error {
        let (ended, ..) = futures::future::select_all(&mut self.services).await;
        match ended {
            Ok(Ok(())) => anyhow::anyhow!("a service ended by itself"),
            Ok(Err(error)) => error,
            Err(error) => anyhow::anyhow!("a service panicked: {error}"),
        }
    }

    /// Lets calls and writes under way come to their end, within the grace of
    /// the settings.
    pub async fn stop(self) {
        let grace = self.app.settings.server.shutdown_grace;
        let all = async {
            self.app.shutdown.cancel();
            for service in self.services {
                if !service.is_finished() {
                    let _ = service.await;
                }
            }
            self.stop_workers.cancel();
            self.workers.close();
            self.workers.wait().await;
            let _ = self.listening.await;
            self.app.pool.close().await;
        };
        if tokio::time::timeout(grace, all).await.is_err() {
            tracing::warn!(?grace, "calls were still under way when the grace was over");
        }
    }
}

async fn bind(address: SocketAddr, setting: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("listen on {address} (setting {setting})"))
}

/// Warns when the chain is not there or names another coordinator: nothing could
/// be assigned. It may be set up later, so the service starts all the same.
async fn check_key(app: &App) {
    let own = app.signer.address();
    match app.chain.escrow_config().await {
        Ok(config) if config.coordinator == own => {}
        Ok(config) => tracing::error!(
            %own,
            on_chain = %config.coordinator,
            "the chain names another coordinator; assignments will be refused"
        ),
        Err(error) => tracing::error!(%error, "cannot read the programs' configuration"),
    }
}

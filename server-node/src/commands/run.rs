//! `run`: everything a node is, in the order it comes to life.

use std::{
    net::SocketAddr,
    path::Path,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use anyhow::{Context as _, Result};
use chrono::Utc;
use cyxwiz_chain::Chain;
use cyxwiz_telemetry::{PrometheusHandle, http};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::mpsc,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::lock;
use crate::{
    chain_heartbeat,
    cli::RunArgs,
    config::Settings,
    coordinator_client, grpc,
    identity::Identity,
    jobs::{Jobs, UsedTokens, files},
    ledger::{ChainLedger, Counted},
    metrics,
    node::Node,
    provers::Provers,
    steps::{preflight, registered},
};

/// News for the coordinator that may wait.
const REPORTS: usize = 256;
/// How long everything may take to end: a trainer saves its state.
const SHUTDOWN: Duration = Duration::from_secs(20);

pub(super) async fn run(settings: Settings, args: RunArgs) -> Result<()> {
    // A trainer of the same user must not read this process's memory.
    nix::sys::prctl::set_dumpable(false).context("protect the node's memory")?;
    let _lock = lock(&settings.data_dir)?;
    let identity = Identity::load(&settings)?;
    let chain = Chain::new(&settings.rpc_url);
    let findings = preflight::check(&settings, &chain).await?;
    let listener = preflight::listen(&settings).await?;
    let endpoint = settings.endpoint(preflight::remember_port(&settings, &listener)?);

    let fingerprint = identity.fingerprint();
    let profile = registered::profile(&settings, &endpoint, fingerprint, &findings.benchmark);
    let account = registered::ensure(&chain, &identity, &profile, args.register).await?;
    if let Some(stake) = args.stake {
        registered::ensure_stake(&chain, &identity, &account, stake).await?;
    }

    let pages = open_pages(&settings).await?;
    let (reports, outgoing) = mpsc::channel(REPORTS);
    let used_tokens = settings.data_dir.join("used-tokens");
    let ledger = ChainLedger::new(chain, identity.signer.clone());
    let node = Arc::new(Node {
        ledger: Arc::new(Counted(Arc::new(ledger))),
        jobs: Jobs::load(&settings.data_dir.join("jobs"))?,
        used_tokens: UsedTokens::open(&used_tokens, Utc::now().timestamp())?,
        runtime_classes: findings.runtime_classes,
        circuits: findings.proofs.registered(),
        provers: Provers::new(settings.keys_path(), settings.jobs.provers),
        reports,
        line_up: AtomicBool::new(false),
        shutdown: CancellationToken::new(),
        tasks: TaskTracker::new(),
        settings,
        identity,
    });
    for job in node.jobs.all() {
        tracing::info!(job = %job.id(), phase = ?job.record().phase, "taken up again");
        node.start_driving(job);
    }
    let server = node.tasks.spawn(grpc::serve(Arc::clone(&node), listener));
    node.tasks
        .spawn(coordinator_client::keep_line(Arc::clone(&node), outgoing));
    node.tasks.spawn(chain_heartbeat::keep(Arc::clone(&node)));
    let http = pages.map(|pages| pages.serve(&node));
    if let Some(path) = &args.port_file {
        write_port_file(path, &node, &endpoint, http)?;
    }
    tracing::info!(endpoint, ?http, wallet = %node.identity.address(), "serving");

    let result = until_ended(server).await;
    node.shutdown.cancel();
    node.tasks.close();
    if tokio::time::timeout(SHUTDOWN, node.tasks.wait())
        .await
        .is_err()
    {
        tracing::warn!("some tasks did not end in time");
    }
    result
}

/// Waits for a signal, or for the server to fail.
async fn until_ended(server: tokio::task::JoinHandle<Result<()>>) -> Result<()> {
    let (mut terminate, mut interrupt) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        ended = server => return ended.context("the server panicked")?.context("serve engines"),
    }
    tracing::info!("going down; jobs go on when the node is back");
    Ok(())
}

/// Where the operator's pages will be.
struct Pages {
    listener: TcpListener,
    address: SocketAddr,
    prometheus: PrometheusHandle,
}

/// Opens the operator's port and starts to count, if that is wanted. Before jobs go
/// on, so that none of them goes uncounted.
async fn open_pages(settings: &Settings) -> Result<Option<Pages>> {
    let Some(address) = settings.http_listen else {
        return Ok(None);
    };
    let context = || format!("listen on {address} for the operator (setting http_listen)");
    let listener = TcpListener::bind(address).await.with_context(context)?;
    let address = listener.local_addr().with_context(context)?;
    let prometheus = cyxwiz_telemetry::init_metrics()?;
    metrics::describe();
    Ok(Some(Pages {
        listener,
        address,
        prometheus,
    }))
}

impl Pages {
    /// Serves them until the node goes down; where.
    fn serve(self, node: &Arc<Node>) -> SocketAddr {
        let pages = http::pages(Arc::clone(node) as _, self.prometheus);
        let shutdown = node.shutdown.clone().cancelled_owned();
        let serving = http::serve(self.listener, pages, shutdown);
        node.tasks.spawn(async {
            if let Err(error) = serving.await {
                tracing::error!(%error, "the operator's pages are gone");
            }
        });
        self.address
    }
}

fn write_port_file(
    path: &Path,
    node: &Node,
    endpoint: &str,
    http: Option<SocketAddr>,
) -> Result<()> {
    let document = serde_json::json!({
        "endpoint": endpoint,
        "http": http,
        "pid": std::process::id(),
        "wallet": node.identity.address(),
    });
    Ok(files::write_json(path, &document)?)
}

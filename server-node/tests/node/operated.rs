//! What the operator sees.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::{Arc, OnceLock, atomic::Ordering},
};

use cyxwiz_chain::NodeAccount;
use cyxwiz_domain::Amount;
use cyxwiz_node::{ledger::Balances, metrics};
use cyxwiz_telemetry::{PrometheusHandle, http};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::{
    coordinator::{Coordinator, stand_with},
    engine::{Engine, chunks},
    escrows::node_account,
    stand::{Stand, until},
};

/// The pages of a node, over HTTP. They go with the node.
struct Pages(SocketAddr);

impl Pages {
    async fn open(stand: &Stand) -> Self {
        // One recorder a process, whichever test is first.
        static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
        let prometheus = RECORDER.get_or_init(|| {
            let prometheus = cyxwiz_telemetry::init_metrics().expect("metrics");
            metrics::describe();
            prometheus
        });
        let node = &stand.node.node;
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind");
        let address = listener.local_addr().expect("address");
        let pages = http::pages(Arc::clone(node) as _, prometheus.clone());
        let shutdown = node.shutdown.clone().cancelled_owned();
        node.tasks.spawn(http::serve(listener, pages, shutdown));
        Self(address)
    }

    /// Status line to body.
    async fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.0).await.expect("connect");
        let request = format!("GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("send");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("receive");
        answer
    }

    async fn metrics(&self) -> Metrics {
        Metrics(self.get("/metrics").await)
    }
}

/// A scrape.
struct Metrics(String);

impl Metrics {
    /// The value of a metric with its labels.
    fn value(&self, name: &str) -> f64 {
        let mut lines = self.0.lines();
        let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok());
        value.unwrap_or_else(|| panic!("no {name} in {}", self.0))
    }

    /// All names.
    fn names(&self) -> BTreeSet<String> {
        let lines = self.0.lines();
        let types = lines.filter_map(|line| line.strip_prefix("# TYPE "));
        types
            .filter_map(|line| Some(line.split_once(' ')?.0.to_owned()))
            .collect()
    }
}

fn line_up(stand: &Stand) -> bool {
    stand.node.node.line_up.load(Ordering::SeqCst)
}

#[tokio::test]
async fn a_node_is_ready_when_it_can_be_given_jobs() {
    let coordinator = Coordinator::default();
    let (stand, _serving) = stand_with(&coordinator).await;
    let pages = Pages::open(&stand).await;
    assert!(pages.get("/healthz").await.starts_with("HTTP/1.1 200"));
    until("a line", || line_up(&stand)).await;
    let unregistered = pages.get("/readyz").await;
    assert!(unregistered.starts_with("HTTP/1.1 503"), "{unregistered}");
    assert!(unregistered.contains(r#""stake":"not registered"#));

    let good = NodeAccount {
        stake: Amount::tokens(50),
        ..node_account(stand.node.node.identity.address())
    };
    stand.escrows.register(good.clone());
    let ready = pages.get("/readyz").await;
    assert!(ready.starts_with("HTTP/1.1 200"), "{ready}");
    let all = r#"{"chain":"ok","coordinator":"ok","machine":"ok","stake":"ok"}"#;
    assert!(ready.ends_with(all), "{ready}");

    let now = stand.escrows.now.load(Ordering::SeqCst);
    // what is wrong, and what is said
    type Wrong = fn(&mut NodeAccount, i64);
    let cases: [(Wrong, &str); 4] = [
        (
            |node, _| node.stake = Amount(49_999_999_999),
            "49.999999999 CYXWIZ are staked, the smallest jobs need 50",
        ),
        (|node, _| node.unstake_amount = Amount(1), "are staked"),
        (
            |node, now| node.suspended_until = now + 1,
            "suspended until 1970-01-12",
        ),
        (|node, _| node.banned = true, "banned"),
    ];
    for (wrong, told) in cases {
        let mut account = good.clone();
        wrong(&mut account, now);
        stand.escrows.register(account);
        let page = pages.get("/readyz").await;
        assert!(page.starts_with("HTTP/1.1 503"), "{page}");
        assert!(page.contains(told), "{told}: {page}");
    }
    // One that is over, and stake that a job has locked, keep nothing away.
    stand.escrows.register(NodeAccount {
        suspended_until: now,
        locked: good.stake,
        ..good
    });
    let page = pages.get("/readyz").await;
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");

    stand.escrows.set_unreachable(true);
    let page = pages.get("/readyz").await;
    assert!(page.starts_with("HTTP/1.1 503"), "{page}");
    assert!(
        page.contains(r#""chain":"chain: nobody answers""#),
        "{page}"
    );
}

#[tokio::test]
async fn a_lost_line_shows() {
    let coordinator = Coordinator::default();
    let (stand, serving) = stand_with(&coordinator).await;
    until("a line", || line_up(&stand)).await;
    drop(serving);
    until("no line", || !line_up(&stand)).await;
    let page = Pages::open(&stand).await.get("/readyz").await;
    assert!(page.contains("no line to the coordinator"), "{page}");
}

#[tokio::test]
async fn a_scrape_tells_work_and_money() {
    let coordinator = Coordinator::default();
    let (stand, _serving) = stand_with(&coordinator).await;
    let pages = Pages::open(&stand).await;
    stand.escrows.register(NodeAccount {
        stake: Amount::tokens(200),
        locked: Amount::tokens(50),
        unstake_amount: Amount::tokens(10),
        ..node_account(stand.node.node.identity.address())
    });
    stand.escrows.set_balances(Balances {
        tokens: Amount(7_500_000_000),
        lamports: 250_000_000,
    });
    let before = pages.metrics().await;
    let alone = std::env::var_os("NEXTEST").is_some();
    if alone {
        assert_eq!(before.value("cyxwiz_node_epochs_total"), 0.0);
    }
    assert_eq!(before.value(r#"cyxwiz_node_jobs{phase="submitted"}"#), 0.0);

    until("a line", || line_up(&stand)).await;
    stand.assign().await.expect("assigned");
    let (mut engine, _) = Engine::open(&stand).await;
    engine.upload(chunks(&stand.data)).await.expect("upload");
    until("the completion", || {
        coordinator.seen(|seen| !seen.completed.is_empty())
    })
    .await;
    let weights = engine.download(0, 0).await.expect("weights");

    let after = pages.metrics().await;
    let expected = [
        (r#"cyxwiz_node_jobs{phase="submitted"}"#, 1.0),
        (r#"cyxwiz_node_jobs{phase="training"}"#, 0.0),
        // Nobody has signed for any of the four.
        ("cyxwiz_node_receipt_lag_epochs", 4.0),
        ("cyxwiz_node_epochs_total", 4.0),
        ("cyxwiz_node_epoch_seconds_count", 4.0),
        ("cyxwiz_node_received_bytes_total", stand.data.len() as f64),
        ("cyxwiz_node_sent_bytes_total", weights.len() as f64),
        (r#"cyxwiz_node_stake_cyxwiz{part="staked"}"#, 200.0),
        (r#"cyxwiz_node_stake_cyxwiz{part="locked"}"#, 50.0),
        (r#"cyxwiz_node_stake_cyxwiz{part="free"}"#, 140.0),
        ("cyxwiz_node_balance_cyxwiz", 7.5),
        ("cyxwiz_node_balance_sol", 0.25),
        ("cyxwiz_node_coordinator_up", 1.0),
        ("cyxwiz_node_chain_up", 1.0),
        (r#"cyxwiz_node_chain_errors_total{kind="unreachable"}"#, 0.0),
    ];
    // Counters are the process's: where other tests run in it, they count too.
    let is_counter = |name: &str| name.contains("_total") || name.ends_with("_count");
    for (name, value) in expected {
        let measured = after.value(name);
        if alone || !is_counter(name) {
            assert_eq!(measured, value, "{name}");
        } else {
            assert!(measured >= value, "{name}: {measured}");
        }
    }
    assert!(after.value("cyxwiz_node_epoch_seconds_sum") > 0.0);

    // The operator's guide lists these metrics and no others.
    let guide = include_str!("../../../docs/OPERATING.md");
    let listed = guide
        .lines()
        .filter_map(|line| line.strip_prefix("| `cyxwiz_node_")?.split_once('`'))
        .map(|(name, _)| format!("cyxwiz_node_{}", name.split('{').next().unwrap_or(name)));
    assert_eq!(listed.collect::<BTreeSet<_>>(), after.names());

    // Without the chain the rest is still told, and the money as it was.
    stand.escrows.set_unreachable(true);
    let blind = pages.metrics().await;
    assert_eq!(blind.value("cyxwiz_node_chain_up"), 0.0);
    assert_eq!(blind.value("cyxwiz_node_balance_cyxwiz"), 7.5);
    let errors = r#"cyxwiz_node_chain_errors_total{kind="unreachable"}"#;
    assert!(blind.value(errors) >= 1.0);
}

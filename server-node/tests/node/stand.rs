//! A node with one job, and everything around it.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::Utc;
use cyxwiz_chain::{EscrowAccount, EscrowState, TranscriptAccount, Verification, pda};
use cyxwiz_domain::{
    Address, Amount, Digest, JobId,
    dataset::Manifest,
    spec::{JobSpec, RuntimeClass},
    training::SplitMix64,
};
use cyxwiz_node::{
    config::{Device, Settings},
    coordinator_client::keep_line,
    grpc,
    identity::Identity,
    jobs::{Job, Jobs, UsedTokens},
    ledger::Counted,
    node::Node,
    provers::Provers,
    steps::{assigned, preflight::provable},
};
use cyxwiz_pki::{
    Certificate, Wallet,
    token::{Confirmation, JobClaims, Purpose, TokenSigner},
};
use cyxwiz_proof::keys::KeyStore;
use cyxwiz_proto::node::v1::Assignment;
use cyxwiz_statement::Registered;
use cyxwiz_test_support::escrow_account;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::mpsc};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use crate::{escrows::Escrows, transcripts};

/// No test waits longer for anything.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// The parties and the job.
pub struct Stand {
    _dir: tempfile::TempDir,
    pub coordinator: TokenSigner,
    pub user: Wallet,
    pub escrows: Arc<Escrows>,
    pub job_id: JobId,
    pub escrow: Address,
    pub spec: JobSpec,
    pub data: Vec<u8>,
    pub node: Running,
    settings: Settings,
}

/// A node that serves.
pub struct Running {
    pub node: Arc<Node>,
    pub endpoint: String,
    stopped: AtomicBool,
}

impl Running {
    async fn start(settings: &Settings, escrows: &Arc<Escrows>) -> Self {
        let identity = Identity::load(settings).expect("identity");
        let dir = &settings.data_dir;
        let used = UsedTokens::open(&dir.join("used-tokens"), Utc::now().timestamp());
        // Without a line nobody reads the reports: that must not matter.
        let (reports, outgoing) = mpsc::channel(64);
        let node = Arc::new(Node {
            settings: settings.clone(),
            identity,
            ledger: Arc::new(Counted(Arc::clone(escrows) as _)),
            jobs: Jobs::load(&dir.join("jobs")).expect("jobs"),
            used_tokens: used.expect("tokens"),
            runtime_classes: RuntimeClass::all().collect(),
            circuits: provable(settings).registered(),
            provers: Provers::new(settings.keys_path(), settings.jobs.provers),
            reports,
            line_up: AtomicBool::new(false),
            shutdown: CancellationToken::new(),
            tasks: TaskTracker::new(),
        });
        for job in node.jobs.all() {
            node.start_driving(job);
        }
        if !settings.coordinator.is_empty() {
            node.tasks.spawn(keep_line(Arc::clone(&node), outgoing));
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind");
        let endpoint = listener.local_addr().expect("address").to_string();
        node.tasks.spawn(grpc::serve(Arc::clone(&node), listener));
        Self {
            node,
            endpoint,
            stopped: AtomicBool::new(false),
        }
    }

    /// Ends everything in this process and waits for it.
    pub async fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        self.node.shutdown.cancel();
        self.node.tasks.close();
        tokio::time::timeout(DEADLINE, self.node.tasks.wait())
            .await
            .expect("the node ends");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.node.shutdown.cancel();
    }
}

/// How the job differs from the usual.
pub struct Setup {
    pub epochs: u32,
    pub optimizer: Value,
    pub data: Vec<u8>,
    pub format: &'static str,
    pub timeout_seconds: u32,
    /// Another trainer than this release's.
    pub trainer: Option<PathBuf>,
    pub receipt_lag: u32,
    pub hidden: u32,
    /// Between the two linear layers.
    pub activation: Value,
    /// Where a line is kept to, if anywhere.
    pub coordinator: Option<String>,
    /// The spec's section of that name; null for a job without a proof.
    pub verification: Value,
}

impl Setup {
    /// The smallest job that trains in integers and has to be proven.
    pub fn proven() -> Self {
        Self {
            epochs: 3,
            optimizer: json!({ "type": "int_sgd", "rate": 6 }),
            data: clouds(),
            format: "csv",
            receipt_lag: 100,
            verification: json!({ "tier": "zk-exact", "circuit": "z16x4-ci" }),
            ..Self::default()
        }
    }

    /// A job in floats whose transcript has to be proven.
    pub fn audited() -> Self {
        Self {
            receipt_lag: 100,
            verification: json!({ "tier": "audited", "circuit": "t100x16" }),
            ..Self::default()
        }
    }
}

/// 150 rows of 16 numbers from -16 to 16 and a class, a cloud of points for each of four.
fn clouds() -> Vec<u8> {
    let mut random = SplitMix64::of(&["clouds"], &[7]);
    let mut rows = String::new();
    for row in 0..150 {
        let class = row % 4;
        for column in 0..16 {
            let centre = if column % 4 == class { 8 } else { -4 };
            let number = centre + random.below(9) as i32 - 4;
            rows.push_str(&format!("{number},"));
        }
        rows.push_str(&format!("{class}\n"));
    }
    rows.into_bytes()
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            epochs: 4,
            optimizer: json!({ "type": "adam", "lr": 0.01 }),
            data: digits(),
            format: "csv.gz",
            timeout_seconds: 3_600,
            trainer: None,
            receipt_lag: 3,
            hidden: 16,
            activation: json!({ "type": "relu" }),
            coordinator: None,
            verification: Value::Null,
        }
    }
}

fn digits() -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/digits/digits.csv.gz");
    std::fs::read(path).expect("the digits")
}

impl Stand {
    /// A node that has been told of its job.
    pub async fn new(setup: Setup) -> Self {
        let stand = Self::unassigned(setup).await;
        stand.assign().await.expect("assigned");
        stand
    }

    /// A node that has not been told yet.
    pub async fn unassigned(setup: Setup) -> Self {
        let dir = tempfile::tempdir().expect("dir");
        let (coordinator, user) = (Wallet::generate(), Wallet::generate());
        let owner = Wallet::generate();
        owner
            .write_new(&dir.path().join("wallet.json"))
            .expect("wallet");
        let mint = Address([9; 32]);
        let escrows = Arc::new(Escrows::new(coordinator.address(), mint));
        let mut settings = Settings {
            data_dir: dir.path().to_owned(),
            coordinator: setup.coordinator.clone().unwrap_or_default(),
            ..Settings::default()
        };
        settings.trainer.launcher = env!("CARGO_BIN_EXE_cyxwiz-node").into();
        settings.trainer.path = Some(setup.trainer.clone().unwrap_or_else(trainer));
        settings.trainer.device = Device::Cpu;
        settings.trainer.threads = Some(1);
        settings.jobs.poll = Duration::from_millis(50);
        settings.jobs.anchor_every = 2;
        settings.jobs.receipt_lag = setup.receipt_lag;
        settings.proof.keys = Some(built_keys());
        if !setup.verification.is_null() {
            // The trainer writes the time into the transcript.
            escrows.now.store(Utc::now().timestamp(), Ordering::SeqCst);
        }

        let spec = spec(&setup);
        let job_id = JobId(Uuid::new_v4());
        let escrow = pda::escrow(user.address(), job_id);
        let manifest = Manifest::of(setup.data.as_slice()).expect("manifest");
        let now = escrows.now.load(Ordering::SeqCst);
        let account = EscrowAccount {
            address: escrow,
            user: user.address(),
            node: Some(owner.address()),
            job_id,
            mint,
            rent_payer: user.address(),
            amount: Amount::tokens(100),
            spec_hash: Digest(spec.spec_hash()),
            dataset_root: Digest(manifest.root()),
            required_epochs: setup.epochs,
            estimated_seconds: 30,
            timeout_seconds: setup.timeout_seconds,
            created_at: now,
            assigned_at: now,
            deadline: now + i64::from(setup.timeout_seconds),
            verification: Verification::of(&spec),
            ..escrow_account(EscrowState::Assigned)
        };
        if !setup.verification.is_null() {
            escrows.put_transcript(transcripts::opened(&spec, &setup.data, &account));
        }
        escrows.put(account);
        Self {
            node: Running::start(&settings, &escrows).await,
            coordinator: TokenSigner::new(&coordinator),
            data: setup.data,
            _dir: dir,
            user,
            escrows,
            job_id,
            escrow,
            spec,
            settings,
        }
    }

    /// The coordinator's message.
    pub fn assignment(&self) -> Assignment {
        Assignment {
            job_id: self.job_id.to_vec(),
            escrow: self.escrow.to_vec(),
            spec: self.spec.canonical_bytes(),
            user: self.user.address().to_vec(),
            dataset_bytes: self.data.len() as u64,
            ended: false,
        }
    }

    pub async fn assign(&self) -> Result<bool, assigned::AssignmentError> {
        assigned::take_on(&self.node.node, &self.assignment()).await
    }

    /// The node goes down and comes back, from its disk alone.
    pub async fn restart(&mut self) {
        self.restart_with(|_| {}).await;
    }

    /// As [`Self::restart`], after a change of what the operator has set.
    pub async fn restart_with(&mut self, change: impl FnOnce(&mut Settings)) {
        self.node.stop().await;
        change(&mut self.settings);
        self.node = Running::start(&self.settings, &self.escrows).await;
    }

    pub fn job(&self) -> Arc<Job> {
        self.node.node.jobs.get(self.job_id).expect("the job")
    }

    pub fn manifest(&self) -> Manifest {
        Manifest::of(self.data.as_slice()).expect("manifest")
    }

    pub fn account(&self) -> EscrowAccount {
        self.escrows.get(self.escrow)
    }

    pub fn transcript(&self) -> TranscriptAccount {
        self.escrows.transcript_of(self.escrow)
    }

    /// Claims that are right in everything.
    pub fn claims(&self, certificate: &Certificate) -> JobClaims {
        let now = Utc::now().timestamp();
        JobClaims {
            iss: Purpose::Job.issuer(self.coordinator.address()),
            sub: self.user.address(),
            aud: self.node.node.identity.address(),
            job: self.job_id,
            escrow: self.escrow,
            spec: Digest(self.spec.spec_hash()),
            cnf: Confirmation::of(certificate.fingerprint()),
            node_cert: self.node.node.identity.fingerprint(),
            jti: Uuid::new_v4(),
            exp: now + 300,
            iat: now,
        }
    }
}

fn spec(setup: &Setup) -> JobSpec {
    if setup.optimizer["type"] == "int_sgd" {
        return spec_in_integers(setup);
    }
    let mut document = json!({
        "job": { "name": "test", "epochs": setup.epochs, "seed": 3, "checkpoint_every": 2 },
        "dataset": { "format": setup.format, "shape": [1, 8, 8], "scale": 16.0, "split": { "test": 0.2, "seed": 1 } },
        "model": { "layers": [
            { "type": "flatten" },
            { "type": "linear", "out": setup.hidden },
            setup.activation,
            { "type": "linear", "out": 10 },
        ]},
        "training": { "loss": "cross_entropy", "batch": 16 },
        "optimizer": setup.optimizer,
    });
    if !setup.verification.is_null() {
        document["verification"] = setup.verification.clone();
    }
    JobSpec::from_json(document.to_string().as_bytes()).expect("spec")
}

fn spec_in_integers(setup: &Setup) -> JobSpec {
    let circuit = setup.verification["circuit"].as_str();
    let circuit = circuit.and_then(Registered::by_name).expect("registered");
    let training = circuit.circuit.training.expect("recomputes steps");
    let document = json!({
        "job": { "name": "test", "epochs": setup.epochs, "seed": 3, "checkpoint_every": 2 },
        "dataset": { "format": setup.format, "shape": [training.inputs], "scale": 16.0, "split": { "test": 0.2, "seed": 1 } },
        "model": { "layers": [{ "type": "linear", "out": training.outputs, "bias": false }] },
        "training": { "loss": "hard_sigmoid", "batch": training.batch },
        "optimizer": setup.optimizer,
        "verification": setup.verification,
    });
    JobSpec::from_json(document.to_string().as_bytes()).expect("spec")
}

/// Keys that all tests share: making one takes seconds.
fn built_keys() -> PathBuf {
    let circuit = Registered::by_name("z16x4-ci").expect("registered");
    let key = KeyStore::of_build().path(&circuit.circuit);
    key.parent().expect("a folder").to_owned()
}

/// The trainer beside the node's binary; built if it is not there yet.
fn trainer() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT
        .get_or_init(|| {
            let node = Path::new(env!("CARGO_BIN_EXE_cyxwiz-node"));
            let trainer = node.with_file_name("cyxwiz-trainer");
            if !trainer.exists() {
                let built = Command::new(env!("CARGO"))
                    .args([
                        "build",
                        "--quiet",
                        "-p",
                        "cyxwiz-trainer",
                        "--bin",
                        "cyxwiz-trainer",
                    ])
                    .current_dir(env!("CARGO_MANIFEST_DIR"))
                    .status();
                assert!(built.expect("run cargo").success(), "build the trainer");
            }
            trainer
        })
        .clone()
}

/// Waits until `done` holds.
pub async fn until(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < DEADLINE, "still waiting: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

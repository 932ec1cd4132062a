//! A coordinator on a chain with the real programs, and parties that do to it what they like.

mod genesis;
mod specs;

use std::time::Duration;

use chrono::Utc;
use cyxwiz_chain::{
    Chain, EscrowAccount, Instruction, Signer, TranscriptAccount, Verification,
    instructions::{
        escrow::{self, NewEscrow},
        proof::{self, OpenTranscript},
    },
    nonce_hash, pda,
};
use cyxwiz_coordinator::{server::Server, settings::Settings};
use cyxwiz_domain::{Address, Amount, Digest, JobId, spec::JobSpec};
use cyxwiz_localnet::{ChainConfig, Config, Localnet};
use cyxwiz_pki::{
    Wallet,
    token::{Purpose, SessionClaims, TokenSigner},
};
use cyxwiz_proof::{field::to_word, intsgd::Weights};
use cyxwiz_proto::{
    job::v1::{
        CancelJobRequest, ConfirmEscrowRequest, GetJobRequest, Job, ListNodesRequest, NodeInfo,
        SubmitJobRequest, SubmitJobResponse, job_service_client::JobServiceClient,
    },
    node::v1::{RegisterRequest, ReportProgressRequest, node_service_client::NodeServiceClient},
};
use tonic::{Request, Status, metadata::AsciiMetadataValue, transport::Channel};
use uuid::Uuid;

use crate::{
    fixture::{Database, FREE, HOUR},
    grpc::prometheus,
};
pub use specs::{audited, exact, plain};

/// Generous: the machine may be busy with other tests.
const DEADLINE: Duration = Duration::from_secs(120);
const SOL: u64 = 100_000_000_000;
/// The user's nonce.
pub const USER_NONCE: [u8; 32] = [3; 32];

/// A market with one user and one node.
pub struct Market {
    pub chain: Chain,
    pub database: Database,
    pub user: Wallet,
    pub node: Wallet,
    /// May become a node too, see [`Market::join`]; of two alike, this one is chosen.
    pub rival: Wallet,
    pub mint: Address,
    coordinator: Wallet,
    settings: Settings,
    localnet: Localnet,
    running: Option<(Server, Channel)>,
    #[cfg_attr(
        not(feature = "failpoints"),
        expect(dead_code, reason = "kept until the end")
    )]
    dir: tempfile::TempDir,
}

/// A job that was submitted, and what its user has to fund and to open.
#[derive(Clone)]
pub struct Submitted {
    pub id: JobId,
    pub escrow: Address,
    pub new: NewEscrow,
    pub open: OpenTranscript,
}

impl Market {
    pub async fn start() -> Self {
        let [admin, mint, coordinator, user] = std::array::from_fn(|_| Wallet::generate());
        // Addresses decide between nodes that are alike otherwise.
        let mut nodes: [_; 2] = std::array::from_fn(|_| Wallet::generate());
        nodes.sort_by_key(Wallet::address);
        let [rival, node] = nodes;
        let localnet = Localnet::start(Config {
            allow_time_travel: true,
            chain: ChainConfig {
                programs: genesis::images(admin.address()),
                ..Config::default().chain
            },
            ..Config::default()
        });
        let localnet = localnet.await.expect("a chain");
        let chain = Chain::new(&localnet.rpc_url);
        for wallet in [&admin, &coordinator, &user, &node, &rival] {
            chain
                .airdrop(wallet.address(), SOL)
                .await
                .expect("lamports");
        }
        let dir = tempfile::tempdir().expect("tempdir");
        let database = Database::new().await;
        let mut settings = Settings::default();
        settings.wallet.path = dir.path().join("coordinator.json");
        coordinator
            .write_new(&settings.wallet.path)
            .expect("wallet");
        settings.database = database.settings.clone();
        settings.server.grpc_listen.set_port(0);
        settings.server.http_listen.set_port(0);
        settings.chain.rpc_url.clone_from(&localnet.rpc_url);
        settings.nodes.stale_after = HOUR;
        settings.jobs.per_day = 100;
        settings.workers.transcripts = Duration::from_millis(100);
        settings.workers.indexer = Duration::from_millis(100);
        settings.workers.crank_grace = Duration::ZERO;
        settings.workers.lease = Duration::from_secs(1);
        let mut market = Self {
            chain,
            database,
            user,
            node,
            rival,
            mint: mint.address(),
            coordinator,
            settings,
            localnet,
            running: None,
            dir,
        };
        market.establish(&admin, &mint).await;
        market.start_coordinator().await;
        market
    }

    /// Sends a transaction of `by`.
    pub async fn execute(&self, by: &Wallet, instructions: &[Instruction]) {
        let sent = self.chain.execute(instructions, &signer(by), &[]).await;
        sent.expect("the transaction lands");
    }

    /// Starts the coordinator, which is not running.
    pub async fn start_coordinator(&mut self) {
        let server = Server::start(self.settings.clone(), prometheus()).await;
        let server = server.expect("start");
        let channel = Channel::from_shared(format!("http://{}", server.grpc)).expect("URI");
        let channel = channel.connect().await.expect("connect");
        self.running = Some((server, channel));
    }

    /// Ends the coordinator. What it has told nobody is in its database.
    pub async fn stop_coordinator(&mut self) {
        let (server, _) = self.running.take().expect("running");
        server.stop().await;
    }

    /// Runs the coordinator, which is not running, in a process of its own until it dies at `point` of its first
    /// chain write.
    #[cfg(feature = "failpoints")]
    pub async fn die_at(&self, point: &str) {
        use std::os::unix::process::ExitStatusExt as _;
        let file = self.dir.path().join("coordinator.toml");
        let settings = toml::to_string(&self.settings).expect("settings are TOML");
        std::fs::write(&file, settings).expect("the directory is writable");
        let process = tokio::process::Command::new(env!("CARGO_BIN_EXE_cyxwiz-coordinator"))
            .arg("--config")
            .arg(&file)
            .env("FAILPOINTS", format!("chain_write.{point}=1*return"))
            .stderr(std::process::Stdio::null())
            .stdout(std::process::Stdio::null())
            .kill_on_drop(true)
            .status();
        let ended = tokio::time::timeout(DEADLINE, process).await;
        let status = ended.expect("it dies").expect("it starts");
        assert!(
            status.core_dumped() || status.signal().is_some(),
            "{status}"
        );
    }

    /// Begins so many slots at once.
    pub async fn advance_slots(&self, slots: u64) {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let host = self.localnet.rpc_url.trim_start_matches("http://");
        let body = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"cyxwiz_advanceSlots","params":[{slots}]}}"#
        );
        let request = format!(
            "POST / HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        let mut stream = tokio::net::TcpStream::connect(host).await.expect("connect");
        stream.write_all(request.as_bytes()).await.expect("send");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("receive");
        assert!(answer.contains("unixTimestamp"), "{answer}");
    }

    fn channel(&self) -> Channel {
        self.running.as_ref().expect("running").1.clone()
    }

    fn request<T>(&self, by: &Wallet, message: T) -> Request<T> {
        let now = Utc::now().timestamp();
        let claims = SessionClaims {
            iss: Purpose::Session.issuer(self.coordinator.address()),
            aud: "cyxwiz".into(),
            sub: by.address(),
            exp: now + 3_600,
            iat: now,
        };
        let token = TokenSigner::new(&self.coordinator).sign(&claims);
        let header: AsciiMetadataValue = format!("Bearer {token}").parse().expect("a header");
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", header);
        request
    }

    pub async fn submit_as(&self, id: JobId, spec: &JobSpec) -> SubmitJobResponse {
        let answer = self.try_submit(id, spec).await;
        answer.expect("a node is free")
    }

    pub async fn try_submit(&self, id: JobId, spec: &JobSpec) -> Result<SubmitJobResponse, Status> {
        let message = SubmitJobRequest {
            job_id: id.to_vec(),
            spec: spec.canonical_bytes(),
            rows: 120,
            dataset_root: Digest([4; 32]).to_vec(),
            dataset_bytes: 5_000,
        };
        let mut jobs = JobServiceClient::new(self.channel());
        let answer = jobs.submit_job(self.request(&self.user, message)).await?;
        Ok(answer.into_inner())
    }

    pub async fn submit(&self, spec: &JobSpec) -> Submitted {
        let id = JobId(Uuid::new_v4());
        let answer = self.submit_as(id, spec).await;
        let estimate = answer.estimate.expect("an estimate");
        let escrow = pda::escrow(self.user.address(), id);
        let (dataset, initial, rate) = match spec.integer_training() {
            Some(integers) => {
                let zero = to_word(Weights::zero(&integers.training).commitment());
                (Digest([0; 32]), Digest(zero), integers.rate)
            }
            None => {
                let opening = cyxwiz_proof::job::opening(spec, None, Digest([4; 32]));
                let opening = opening.expect("follows from the spec").expect("a tier");
                (Digest(opening.dataset), Digest(opening.initial), 0)
            }
        };
        let verification = Verification::of(spec);
        let ours = Digest::from_slice(&answer.coordinator_nonce_hash).unwrap_or_default();
        Submitted {
            id,
            escrow,
            new: NewEscrow {
                job_id: id,
                amount: Amount(estimate.amount),
                spec_hash: Digest(spec.spec_hash()),
                dataset_root: Digest([4; 32]),
                required_epochs: spec.job.epochs,
                estimated_seconds: estimate.estimated_seconds,
                timeout_seconds: estimate.timeout_seconds,
                verification,
            },
            open: OpenTranscript {
                circuit: verification.circuit,
                dataset,
                initial,
                rate,
                user_nonce_hash: nonce_hash(escrow, &USER_NONCE),
                coordinator_nonce_hash: ours,
            },
        }
    }

    /// Funds the job, and opens its transcript in the same transaction.
    pub async fn fund(&self, job: &Submitted) {
        let by = self.user.address();
        let create = escrow::create(by, self.mint, &job.new);
        let open = proof::open(by, job.escrow, &job.open);
        self.execute(&self.user, &[create, open]).await;
    }

    pub async fn confirm(&self, id: JobId) -> Result<Job, Status> {
        let message = ConfirmEscrowRequest {
            job_id: id.to_vec(),
            signature: String::new(),
        };
        let mut jobs = JobServiceClient::new(self.channel());
        let answer = jobs
            .confirm_escrow(self.request(&self.user, message))
            .await?;
        Ok(answer.into_inner().job.expect("a job"))
    }

    /// Gives up the reservation.
    pub async fn give_up(&self, id: JobId) {
        let message = CancelJobRequest {
            job_id: id.to_vec(),
        };
        let mut jobs = JobServiceClient::new(self.channel());
        let answer = jobs.cancel_job(self.request(&self.user, message)).await;
        answer.expect("given up");
    }

    /// The nodes that are online, as anyone may list them.
    pub async fn nodes(&self) -> Vec<NodeInfo> {
        let mut jobs = JobServiceClient::new(self.channel());
        let request = self.request(&self.user, ListNodesRequest {});
        let answer = jobs.list_nodes(request).await.expect("listed");
        answer.into_inner().nodes
    }

    pub async fn job(&self, id: JobId) -> Job {
        let message = GetJobRequest {
            job_id: id.to_vec(),
        };
        let mut jobs = JobServiceClient::new(self.channel());
        let answer = jobs.get_job(self.request(&self.user, message)).await;
        answer.expect("the job").into_inner()
    }

    /// Reports heads as `by`; how many are held.
    pub async fn report(
        &self,
        by: &Wallet,
        id: JobId,
        from: u32,
        heads: &[Digest],
    ) -> Result<u32, Status> {
        let message = ReportProgressRequest {
            job_id: id.to_vec(),
            epochs_done: 1,
            loss: 1.0,
            heads_from: from,
            heads: heads.iter().map(|head| head.to_vec()).collect(),
        };
        let mut nodes = NodeServiceClient::new(self.channel());
        let answer = nodes.report_progress(self.request(by, message)).await?;
        Ok(answer.into_inner().heads_held)
    }

    /// Announces `node`, as it does itself when it comes online: with ids of circuits and hashes of runtime classes.
    pub async fn announce(
        &self,
        node: &Wallet,
        circuits: impl IntoIterator<Item = Vec<u8>>,
        runtime_classes: impl IntoIterator<Item = Vec<u8>>,
    ) -> Result<(), Status> {
        let message = RegisterRequest {
            free_vram_mib: FREE.vram_mib,
            free_ram_mib: FREE.ram_mib,
            version: "test".into(),
            circuits: circuits.into_iter().collect(),
            runtime_classes: runtime_classes.into_iter().collect(),
        };
        let mut nodes = NodeServiceClient::new(self.channel());
        let answer = nodes.register(self.request(node, message)).await;
        answer.map(|_| ())
    }

    /// A job of `spec` that the coordinator has assigned.
    pub async fn assigned(&self, spec: &JobSpec) -> (Submitted, EscrowAccount) {
        let job = self.submit(spec).await;
        self.fund(&job).await;
        self.confirm(job.id).await.expect("confirmed");
        let chain = &self.chain;
        let escrow = eventually("the assignment", || async {
            let escrow = chain.escrow(job.escrow).await.ok()??;
            escrow.node.is_some().then_some(escrow)
        });
        let escrow = escrow.await;
        // The node hears of it from the coordinator, once that has seen it.
        eventually("the coordinator to see it", || async {
            (Some(self.job(job.id).await.node) == escrow.node.map(Address::to_vec)
                && self.database.job(job.id).await.state.as_str() == "assigned")
                .then_some(())
        })
        .await;
        (job, escrow)
    }

    /// The transcript, once it is as `wanted`.
    pub async fn transcript(
        &self,
        what: &str,
        job: &Submitted,
        wanted: impl Fn(&TranscriptAccount) -> bool,
    ) -> TranscriptAccount {
        let (chain, wanted) = (&self.chain, &wanted);
        eventually(what, || async move {
            let found = chain.transcript(job.escrow).await.ok()??;
            wanted(&found).then_some(found)
        })
        .await
    }
}

fn signer(wallet: &Wallet) -> Signer {
    Signer::from_keypair_bytes(&wallet.to_keypair_bytes()).expect("a key")
}

/// Polls `probe` until it answers.
pub async fn eventually<T, F>(what: &str, mut probe: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let deadline = tokio::time::Instant::now() + DEADLINE;
    loop {
        if let Some(answer) = probe().await {
            return answer;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "waited in vain for {what}"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

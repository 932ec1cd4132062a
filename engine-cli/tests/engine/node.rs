//! A node that trains nothing but keeps to the protocol, except where it is told
//! to break connections or to lie.

mod proving;

use std::{
    collections::BTreeSet,
    pin::Pin,
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use cyxwiz::flow::input::Input;
use cyxwiz_chain::{
    Chain, EscrowAccount, EscrowState, Instruction, Receipt, Signer, instructions::escrow, pda,
    receipt_message,
};
use cyxwiz_domain::{
    Address, Digest, JobId,
    training::{chain_genesis, chain_next},
};
use cyxwiz_pki::{Certificate, tls::server_config, transport::incoming, wallet::verify};
use cyxwiz_proto::training::v1::{
    self as pb,
    train_event::Body,
    training_service_server::{TrainingService, TrainingServiceServer},
};
use tokio::{net::TcpListener, sync::mpsc};
use tokio_stream::{Stream, StreamExt as _, wrappers::ReceiverStream};
use tonic::{Request, Response, Status, Streaming, metadata::MetadataValue, transport::Server};

use crate::{
    work::Work,
    world::{CHECKPOINT_EVERY, EPOCHS, World, signer},
};

/// Longest wait for the engine or the chain.
const DEADLINE: Duration = Duration::from_secs(60);

/// Size of every weights file.
pub const WEIGHTS_BYTES: usize = 300 * 1024;

/// How the node misbehaves.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    /// Breaks the connection after these epochs, once each.
    pub cut_after: BTreeSet<u32>,
    /// Breaks the first download of the final weights in its middle.
    pub cut_download: bool,
    /// Reports a checkpoint hash that does not follow, at this epoch.
    pub forge_at: Option<u32>,
    /// Serves other bytes than it promised.
    pub other_weights: bool,
    /// Delivers other integers than its proof speaks of.
    pub other_integers: bool,
    /// Signs a proof that is false.
    pub false_proof: bool,
    /// Streams another head than it commits to, of this epoch.
    pub other_head_at: Option<u32>,
    /// Keeps the transcript of its work to itself, or shows another.
    pub transcript: Shown,
    /// Commits to another hash of its leaves than theirs.
    pub other_leaves_hash: bool,
    /// So many downloads find that the receipt has not come yet.
    pub receipts_pending: usize,
    /// Calls that it never answers.
    pub silent: Silent,
    /// Delivers, and then neither proves nor submits.
    pub never_finishes: bool,
    /// Keeps the final weights to itself, and proves and submits all the same.
    pub keeps_weights: bool,
    /// Hands the job back instead of training, and gives this as its reason.
    pub hands_back: Option<&'static str>,
}

/// Which calls a node takes and never answers, while its connection is alive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Silent {
    /// None.
    #[default]
    Never,
    /// To open a session.
    AtOpening,
    /// To take the dataset.
    AtUpload,
    /// To train.
    AtTraining,
    /// To open a session, once it has committed to its work and broken the connection.
    OnceCommitted,
}

/// What a node shows of the transcript of its work.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Shown {
    /// All of it.
    #[default]
    Whole,
    /// The same, but the first time only half of it comes.
    CutOnce,
    /// Nothing.
    Nothing,
    /// Nothing before the completion is on the chain.
    Late,
    /// More bytes than there can be.
    TooMuch,
    /// A leaf that was never committed to.
    OtherLeaf,
    /// A whole transcript that holds together, of another run.
    OtherRun,
    /// Another state beside the last weights.
    OtherState,
}

/// What came.
#[derive(Debug, Default)]
pub struct Seen {
    /// `after_seq` of each attachment.
    pub attached: Vec<u64>,
    /// Receipts with a good signature.
    pub receipts: Vec<Receipt>,
    /// Receipts with a bad one.
    pub bad_receipts: usize,
    /// Refused downloads of final weights that it keeps.
    pub refused_weights: Vec<u64>,
    /// Downloads of work that was not signed for yet, or was said not to be.
    pub refused_downloads: Vec<u32>,
    /// Epoch and offset of each download.
    pub downloads: Vec<(u32, u64)>,
    /// Offset of each download of the transcript.
    pub transcripts: Vec<u64>,
    /// Chunks of the dataset.
    pub chunks: Vec<(u32, usize)>,
    /// Calls that wait for an answer for ever.
    pub unanswered: usize,
    committed: bool,
    resumed: usize,
    cuts: BTreeSet<u32>,
    download_was_cut: bool,
    job: Option<JobId>,
    submitted: bool,
    declined: bool,
    /// Events after the training, in order.
    late: Vec<Body>,
}

/// The node.
#[derive(Clone)]
pub struct Node {
    chain: Chain,
    signer: Signer,
    user: Address,
    rpc_url: String,
    faults: Faults,
    /// The job with a proof that it serves; jobs without one need not be known.
    proven: Option<Input>,
    work: Arc<OnceLock<Work>>,
    seen: Arc<Mutex<Seen>>,
}

impl Node {
    /// Serves over mutual TLS and registers itself on the chain.
    pub async fn start(world: &World, faults: Faults) -> Self {
        Self::serve(world, faults, None).await
    }

    /// The same for the job of `input`, which has a proof.
    pub async fn start_proving(world: &World, faults: Faults, input: &Input) -> Self {
        Self::serve(world, faults, Some(input.clone())).await
    }

    async fn serve(world: &World, faults: Faults, proven: Option<Input>) -> Self {
        let node = Self {
            rpc_url: world.rpc_url().to_owned(),
            proven,
            work: Arc::default(),
            chain: world.chain.clone(),
            signer: signer(&world.wallets.nodes[0]),
            user: world.wallets.user.address(),
            faults,
            seen: Arc::default(),
        };
        let certificate = Certificate::generate().expect("certificate");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind");
        let endpoint = listener.local_addr().expect("address").to_string();
        let connections = incoming(listener, server_config(&certificate).expect("tls"));
        let server = Server::builder()
            .add_service(TrainingServiceServer::new(node.clone()))
            .serve_with_incoming(connections);
        tokio::spawn(server);
        world
            .register_node(&endpoint, certificate.fingerprint())
            .await;
        node
    }

    /// Looks at what came.
    pub fn seen<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.seen.lock().expect("lock"))
    }

    fn change<T>(&self, change: impl FnOnce(&mut Seen) -> T) -> T {
        change(&mut self.seen.lock().expect("lock"))
    }

    fn escrow(&self) -> Address {
        let job = self.seen(|seen| seen.job).expect("a session");
        pda::escrow(self.user, job)
    }

    async fn account(&self) -> EscrowAccount {
        let escrow = self.chain.escrow(self.escrow()).await;
        escrow.expect("read").expect("escrow")
    }

    async fn execute(&self, instruction: Instruction) -> String {
        let sent = self.chain.execute(&[instruction], &self.signer, &[]).await;
        sent.expect("landed")
    }

    /// The weights file of an epoch.
    fn weights(&self, epoch: u32) -> Vec<u8> {
        let work = self.work.get();
        work.map_or_else(|| weights(epoch), |work| work.file(epoch))
    }

    /// All events of the training, in order.
    async fn events(&self) -> Vec<pb::TrainEvent> {
        let at = self.escrow();
        let escrow = self.account().await;
        let work = self.work(&escrow);
        let mut hash = chain_genesis(at.0, escrow.spec_hash.0, escrow.dataset_root.0);
        let mut events = Vec::new();
        for epoch in 1..=EPOCHS {
            let file = self.weights(epoch);
            let weights = Digest::of(&file);
            let mut head = work.map(|work| work.head(epoch));
            if let Some((head, _)) = &mut head
                && self.faults.other_head_at == Some(epoch)
            {
                head.0[31] ^= 1;
            }
            hash = chain_next(hash, epoch, weights.0);
            let mut shown = hash;
            if self.faults.forge_at == Some(epoch) {
                shown[0] ^= 1;
            }
            events.push(Body::Epoch(pb::Epoch {
                epoch,
                train_loss: 1.0 / f64::from(epoch),
                train_accuracy: 0.5,
                test_loss: f64::NAN,
                test_accuracy: 0.9,
                seconds: 0.1,
                checkpoint_hash: shown.to_vec(),
                weights_sha256: weights.to_vec(),
                weights_bytes: file.len() as u64,
                head: head.map_or(Vec::new(), |(head, _)| head.to_vec()),
                ended_at: head.map_or(0, |(_, ended_at)| ended_at),
            }));
        }
        let last = self.weights(EPOCHS);
        events.push(Body::Completed(pb::Completed {
            epochs: EPOCHS,
            test_accuracy: 0.975,
            weights_sha256: Digest::of(&last).to_vec(),
            weights_bytes: last.len() as u64,
            training_seconds: 1.0,
        }));
        let numbered = events.into_iter().zip(1..);
        numbered
            .map(|(body, seq)| pb::TrainEvent {
                seq,
                body: Some(body),
            })
            .collect()
    }

    /// Tells everything after `after`, an epoch only once the one before is signed for.
    async fn tell(&self, after: u64, out: mpsc::Sender<Result<pb::TrainEvent, Status>>) {
        if let Some(reason) = self.faults.hands_back {
            let changed = pb::PhaseChanged {
                phase: pb::Phase::Failed.into(),
                message: reason.to_owned(),
            };
            let body = Some(Body::Phase(changed));
            let _ = out.send(Ok(pb::TrainEvent { seq: 1, body })).await;
            if !self.change(|seen| std::mem::replace(&mut seen.declined, true)) {
                self.decline(&self.account().await).await;
            }
            return;
        }
        for event in self.events().await {
            let epoch = match &event.body {
                Some(Body::Epoch(epoch)) => epoch.epoch,
                _ => EPOCHS + 1,
            };
            // The last one known is told again: it must not count twice.
            if event.seq < after {
                continue;
            }
            self.signed_for(epoch - 1).await;
            let sample = pb::Metrics {
                epoch,
                loss: 1.0,
                ..pb::Metrics::default()
            };
            let sample = pb::TrainEvent {
                seq: 0,
                body: Some(Body::Metrics(sample)),
            };
            for event in [sample, event] {
                if out.send(Ok(event)).await.is_err() {
                    return;
                }
            }
            let cut = self.faults.cut_after.contains(&epoch);
            if cut && self.change(|seen| seen.cuts.insert(epoch)) {
                let _ = out.send(Err(Status::unavailable("cut"))).await;
                return;
            }
        }
        // Delivered when the last receipt says that all is held.
        loop {
            let held = self.seen(|seen| seen.receipts.last().map_or(0, |r| r.epochs_held));
            let kept = self.faults.keeps_weights && !self.seen(|s| s.refused_weights.is_empty());
            if held == EPOCHS || kept || out.is_closed() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        if out.is_closed() {
            return;
        }
        if !self.change(|seen| std::mem::replace(&mut seen.submitted, true)) {
            let node = self.clone();
            // Goes on whether or not anyone listens.
            tokio::spawn(async move { node.finish().await });
        }
        let mut told = 0;
        while !out.is_closed() {
            let cut = self.faults.silent == Silent::OnceCommitted;
            if cut && self.seen(|seen| seen.committed) {
                let _ = out.send(Err(Status::unavailable("cut"))).await;
                return;
            }
            if let Some(body) = self.seen(|seen| seen.late.get(told).cloned()) {
                told += 1;
                let seq = u64::from(EPOCHS) + 1 + told as u64;
                let body = Some(body);
                if seq > after && out.send(Ok(pb::TrainEvent { seq, body })).await.is_err() {
                    return;
                }
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits until the engine has signed for `epoch`, and holds the checkpoint that was due before it.
    async fn signed_for(&self, epoch: u32) {
        let due = epoch.saturating_sub(1) / CHECKPOINT_EVERY * CHECKPOINT_EVERY;
        let signed = |receipt: &Receipt| receipt.epochs_seen >= epoch && receipt.epochs_held >= due;
        let wait = async {
            while epoch > 0 && !self.seen(|seen| seen.receipts.last().is_some_and(signed)) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let waited = tokio::time::timeout(DEADLINE, wait).await;
        waited.expect("the engine signs for what it sees");
    }

    /// Hands the job of `account` back.
    pub async fn decline(&self, account: &EscrowAccount) {
        self.change(|seen| seen.declined = true);
        let payer = self.chain.lock_payer(account.address).await;
        let decline = escrow::decline(account, payer.expect("a lock"));
        self.execute(decline.expect("a node")).await;
    }

    async fn submit(&self) -> String {
        let account = self.account().await;
        let Some(Body::Epoch(last)) = self.events().await[EPOCHS as usize - 1].body.clone() else {
            panic!("no epoch");
        };
        let completion = escrow::Completion {
            final_root: Digest::from_slice(&last.checkpoint_hash).expect("hash"),
            weights_hash: Digest::from_slice(&last.weights_sha256).expect("hash"),
            epochs: EPOCHS,
            training_seconds: 1,
        };
        let submit = escrow::submit(&account, &completion).expect("submit");
        self.execute(submit).await
    }

    fn take_receipt(&self, message: &pb::Receipt) {
        let receipt = Receipt {
            epochs_seen: message.epochs_seen,
            epochs_held: message.epochs_held,
            checkpoint_hash: Digest::from_slice(&message.checkpoint_hash).expect("hash"),
        };
        let signed = receipt_message(self.escrow(), &receipt);
        self.change(|seen| {
            if verify(self.user, &signed, &message.signature) {
                seen.receipts.push(receipt);
            } else {
                seen.bad_receipts += 1;
            }
        });
    }
}

/// The weights after `epoch`.
pub fn weights(epoch: u32) -> Vec<u8> {
    vec![u8::try_from(epoch).expect("small"); WEIGHTS_BYTES]
}

type Events = Pin<Box<dyn Stream<Item = Result<pb::TrainEvent, Status>> + Send>>;
type Chunks = Pin<Box<dyn Stream<Item = Result<pb::FileChunk, Status>> + Send>>;

#[tonic::async_trait]
impl TrainingService for Node {
    type TrainStream = Events;
    type DownloadWeightsStream = Chunks;
    type DownloadTranscriptStream = Chunks;

    async fn open_session(
        &self,
        request: Request<pb::OpenSessionRequest>,
    ) -> Result<Response<pb::OpenSessionResponse>, Status> {
        let committed = self.seen(|seen| seen.committed);
        match self.faults.silent {
            Silent::AtOpening => self.say_nothing().await,
            Silent::OnceCommitted if committed => self.say_nothing().await,
            _ => {}
        }
        let request = request.into_inner();
        let chunks = request.manifest.expect("manifest").hashes.len();
        let by_token = matches!(
            request.credential,
            Some(pb::open_session_request::Credential::ResumeToken(token)) if token == "resume"
        );
        let held = self.change(|seen| {
            seen.job = Some(JobId::from_slice(&request.job_id).expect("job"));
            seen.resumed += usize::from(by_token);
            seen.chunks.len()
        });
        let all = 0..u32::try_from(chunks).expect("few");
        Ok(Response::new(pb::OpenSessionResponse {
            resume_token: "resume".into(),
            phase: pb::Phase::Training.into(),
            missing_chunks: if held == 0 { all.collect() } else { Vec::new() },
            last_seq: 0,
        }))
    }

    async fn upload_dataset(
        &self,
        request: Request<Streaming<pb::DatasetChunk>>,
    ) -> Result<Response<pb::UploadDatasetResponse>, Status> {
        if self.faults.silent == Silent::AtUpload {
            self.say_nothing().await;
        }
        let mut chunks = request.into_inner();
        while let Some(chunk) = chunks.message().await? {
            self.change(|seen| seen.chunks.push((chunk.index, chunk.data.len())));
        }
        let held = self.seen(|seen| seen.chunks.len());
        Ok(Response::new(pb::UploadDatasetResponse {
            chunks_held: u32::try_from(held).expect("few"),
        }))
    }

    async fn train(
        &self,
        request: Request<Streaming<pb::TrainRequest>>,
    ) -> Result<Response<Events>, Status> {
        if self.faults.silent == Silent::AtTraining {
            self.say_nothing().await;
        }
        let mut requests = request.into_inner();
        let first = requests.message().await?.and_then(|request| request.body);
        let Some(pb::train_request::Body::Attach(attach)) = first else {
            return Err(Status::invalid_argument("attach first"));
        };
        self.change(|seen| seen.attached.push(attach.after_seq));
        let (out, events) = mpsc::channel(8);
        let teller = self.clone();
        tokio::spawn(async move { teller.tell(attach.after_seq, out).await });
        let listener = self.clone();
        tokio::spawn(async move {
            while let Some(Ok(request)) = requests.next().await {
                if let Some(pb::train_request::Body::Receipt(receipt)) = request.body {
                    listener.take_receipt(&receipt);
                }
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(events))))
    }

    async fn download_weights(
        &self,
        request: Request<pb::DownloadWeightsRequest>,
    ) -> Result<Response<Chunks>, Status> {
        let pb::DownloadWeightsRequest { epoch, offset } = request.into_inner();
        let needed = if epoch == 0 { EPOCHS } else { epoch };
        self.require_receipt(epoch, needed)?;
        if self.faults.keeps_weights && epoch == 0 {
            self.change(|seen| seen.refused_weights.push(offset));
            let status = Status::not_found("the weights are not kept (any more)");
            return Err(coded(status, "weights_gone"));
        }
        let mut data = self.weights(needed);
        let total = data.len();
        if self.faults.other_weights && epoch == 0 {
            data[total - 1] ^= 1;
        }
        let cut = self.change(|seen| {
            seen.downloads.push((epoch, offset));
            let first = epoch == 0 && !seen.download_was_cut;
            seen.download_was_cut |= first;
            self.faults.cut_download && first
        });
        Ok(Response::new(pieces(&data, offset, cut)))
    }

    async fn download_transcript(
        &self,
        request: Request<pb::DownloadTranscriptRequest>,
    ) -> Result<Response<Chunks>, Status> {
        let offset = request.into_inner().offset;
        self.require_receipt(0, EPOCHS)?;
        let first = self.change(|seen| {
            seen.transcripts.push(offset);
            seen.transcripts.len() == 1
        });
        let shown = self.faults.transcript;
        let late = shown == Shown::Late && self.account().await.state == EscrowState::Assigned;
        if shown == Shown::Nothing || late {
            let status = Status::not_found("the transcript is not kept (any more)");
            return Err(coded(status, "transcript_gone"));
        }
        let work = self.work.get().expect("it has trained");
        let cut = shown == Shown::CutOnce && first;
        Ok(Response::new(pieces(&work.shown(shown), offset, cut)))
    }
}

impl Node {
    /// Leaves a call without an answer.
    async fn say_nothing(&self) {
        self.change(|seen| seen.unanswered += 1);
        std::future::pending().await
    }

    /// Refuses work that was not signed for yet, or that is to be taken as such.
    fn require_receipt(&self, epoch: u32, needed: u32) -> Result<(), Status> {
        let refused = self.change(|seen| {
            let signed = seen.receipts.last().map_or(0, |r| r.epochs_seen) >= needed;
            let refuse = !signed || seen.refused_downloads.len() < self.faults.receipts_pending;
            if refuse {
                seen.refused_downloads.push(epoch);
            }
            refuse
        });
        match refused {
            false => Ok(()),
            true => {
                let status = Status::unavailable("no receipt for it has come yet");
                Err(coded(status, "receipt_pending"))
            }
        }
    }
}

fn coded(mut status: Status, code: &'static str) -> Status {
    let code = MetadataValue::from_static(code);
    status.metadata_mut().insert("cyxwiz-code", code);
    status
}

/// A file from `offset` on; broken off after a third if it is `cut`.
fn pieces(data: &[u8], offset: u64, cut: bool) -> Chunks {
    let (total, piece) = (data.len(), (data.len() / 5).clamp(1, 64 * 1024));
    let mut chunks = Vec::new();
    let mut at = usize::try_from(offset).expect("small");
    while at < total {
        if cut && at > total / 3 {
            chunks.push(Err(Status::unavailable("cut")));
            break;
        }
        let end = total.min(at + piece);
        chunks.push(Ok(pb::FileChunk {
            offset: at as u64,
            data: data[at..end].to_vec().into(),
            total_bytes: total as u64,
        }));
        at = end;
    }
    Box::pin(tokio_stream::iter(chunks))
}

impl Seen {
    /// Sessions that were opened with the node's own token.
    pub fn resumed(&self) -> usize {
        self.resumed
    }
}

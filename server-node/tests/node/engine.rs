//! An engine: opens sessions, uploads, follows the training, signs receipts.

use cyxwiz_chain::{Receipt, receipt_message};
use cyxwiz_domain::{
    Address, Digest,
    dataset::{CHUNK_BYTES, Manifest},
};
use cyxwiz_pki::{Certificate, Wallet, transport};
use cyxwiz_proto::training::v1::{
    self as pb, DatasetChunk, DownloadTranscriptRequest, DownloadWeightsRequest, FileChunk,
    OpenSessionRequest, OpenSessionResponse, TrainEvent, TrainRequest,
    open_session_request::Credential, train_event, train_request::Body,
    training_service_client::TrainingServiceClient,
};
use tokio::sync::mpsc;
use tokio_stream::{StreamExt as _, wrappers::ReceiverStream};
use tonic::{Request, Status, Streaming, transport::Channel};

use crate::stand::{DEADLINE, Stand};

/// A connection with one certificate.
pub struct Engine {
    pub certificate: Certificate,
    pub client: TrainingServiceClient<Channel>,
    pub token: String,
}

/// One `Train` stream.
pub struct Attached {
    pub events: Streaming<TrainEvent>,
    requests: mpsc::Sender<TrainRequest>,
}

impl Engine {
    pub async fn connect(stand: &Stand) -> Self {
        Self::connect_as(stand, Certificate::generate().expect("certificate")).await
    }

    pub async fn connect_as(stand: &Stand, certificate: Certificate) -> Self {
        let fingerprint = stand.node.node.identity.fingerprint();
        let channel = transport::connect(&stand.node.endpoint, &certificate, fingerprint)
            .await
            .expect("connect");
        Self {
            certificate,
            client: TrainingServiceClient::new(channel),
            token: String::new(),
        }
    }

    /// Connects and opens a session with a job token that is right.
    pub async fn open(stand: &Stand) -> (Self, OpenSessionResponse) {
        let mut engine = Self::connect(stand).await;
        let token = stand.coordinator.sign(&stand.claims(&engine.certificate));
        let credential = Credential::JobToken(token);
        let opened = engine.session(stand, credential, &stand.manifest()).await;
        let opened = opened.expect("open a session");
        (engine, opened)
    }

    /// Connects again with the same certificate and the resume token.
    pub async fn resume(self, stand: &Stand) -> (Self, OpenSessionResponse) {
        let credential = Credential::ResumeToken(self.token);
        let mut engine = Self::connect_as(stand, self.certificate).await;
        let opened = engine.session(stand, credential, &stand.manifest()).await;
        let opened = opened.expect("resume the session");
        (engine, opened)
    }

    pub async fn session(
        &mut self,
        stand: &Stand,
        credential: Credential,
        manifest: &Manifest,
    ) -> Result<OpenSessionResponse, Status> {
        let request = OpenSessionRequest {
            job_id: stand.job_id.to_vec(),
            credential: Some(credential),
            manifest: Some(pb::Manifest {
                bytes: manifest.len(),
                chunk_bytes: manifest.chunk_size(),
                hashes: manifest.hashes().iter().map(|hash| hash.to_vec()).collect(),
            }),
        };
        let opened = self.client.open_session(request).await?.into_inner();
        self.token.clone_from(&opened.resume_token);
        Ok(opened)
    }

    pub fn authorized<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        let bearer = format!("Bearer {}", self.token).parse().expect("header");
        request.metadata_mut().insert("authorization", bearer);
        request
    }

    pub async fn upload(&mut self, chunks: Vec<DatasetChunk>) -> Result<u32, Status> {
        let request = self.authorized(tokio_stream::iter(chunks));
        let uploaded = self.client.upload_dataset(request).await?;
        Ok(uploaded.into_inner().chunks_held)
    }

    pub async fn attach(&mut self, after_seq: u64) -> Result<Attached, Status> {
        let (requests, outgoing) = mpsc::channel(16);
        let attached = Attach { after_seq };
        requests
            .try_send(body(Body::Attach(attached)))
            .expect("room for one");
        let request = self.authorized(ReceiverStream::new(outgoing));
        let events = self.client.train(request).await?.into_inner();
        Ok(Attached { events, requests })
    }

    pub async fn download(&mut self, epoch: u32, offset: u64) -> Result<Vec<u8>, Status> {
        let request = self.authorized(DownloadWeightsRequest { epoch, offset });
        let chunks = self.client.download_weights(request).await?.into_inner();
        whole(chunks, offset).await
    }

    pub async fn transcript(&mut self, offset: u64) -> Result<Vec<u8>, Status> {
        let request = self.authorized(DownloadTranscriptRequest { offset });
        let chunks = self.client.download_transcript(request).await?;
        whole(chunks.into_inner(), offset).await
    }
}

async fn whole(mut chunks: Streaming<FileChunk>, offset: u64) -> Result<Vec<u8>, Status> {
    let mut bytes = Vec::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk?;
        assert_eq!(chunk.offset, offset + bytes.len() as u64);
        bytes.extend_from_slice(&chunk.data);
    }
    Ok(bytes)
}

use pb::Attach;

fn body(body: Body) -> TrainRequest {
    TrainRequest { body: Some(body) }
}

impl Attached {
    pub async fn send(&self, message: Body) {
        self.requests
            .send(body(message))
            .await
            .expect("stream open");
    }

    pub async fn command(&self, command: pb::Command) {
        self.send(Body::Command(command.into())).await;
    }

    /// The next kept event; samples are passed over. `None` at the stream's end.
    pub async fn kept(&mut self) -> Result<Option<(u64, train_event::Body)>, Status> {
        loop {
            let next = tokio::time::timeout(DEADLINE, self.events.message());
            match next.await.expect("an event in time")? {
                None => return Ok(None),
                Some(event) if event.seq > 0 => {
                    return Ok(Some((event.seq, event.body.expect("a body"))));
                }
                Some(_) => {}
            }
        }
    }

    /// Skips to the next epoch.
    pub async fn epoch(&mut self) -> pb::Epoch {
        loop {
            let (_, body) = self.kept().await.expect("stream").expect("an epoch");
            if let train_event::Body::Epoch(epoch) = body {
                return epoch;
            }
        }
    }

    /// Skips to the next phase that is `phase`.
    pub async fn phase(&mut self, phase: pb::Phase) -> String {
        loop {
            let (_, body) = self.kept().await.expect("stream").expect("a phase");
            if let train_event::Body::Phase(change) = body
                && change.phase == phase as i32
            {
                return change.message;
            }
        }
    }
}

/// A receipt as the user signs it.
pub fn receipt(user: &Wallet, escrow: Address, seen: u32, held: u32, hash: &[u8]) -> Body {
    let receipt = Receipt {
        epochs_seen: seen,
        epochs_held: held,
        checkpoint_hash: Digest::from_slice(hash).expect("32 bytes"),
    };
    Body::Receipt(pb::Receipt {
        epochs_seen: seen,
        epochs_held: held,
        checkpoint_hash: hash.to_vec(),
        signature: user.sign(&receipt_message(escrow, &receipt)).to_vec(),
    })
}

/// The dataset as chunks.
pub fn chunks(data: &[u8]) -> Vec<DatasetChunk> {
    let parts = data.chunks(CHUNK_BYTES as usize).enumerate();
    parts
        .map(|(index, part)| DatasetChunk {
            index: index as u32,
            data: part.to_vec().into(),
        })
        .collect()
}

/// The machine-readable code of a refusal.
pub fn code(status: &Status) -> &str {
    let value = status.metadata().get(cyxwiz_node::grpc::CODE_KEY);
    value.and_then(|value| value.to_str().ok()).unwrap_or("")
}

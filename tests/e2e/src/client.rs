//! Clients that can do what the engine would never do.

use cyxwiz_chain::{
    EscrowAccount, NodeAccount, Signer, Verification,
    instructions::escrow::{self, NewEscrow},
    pda,
};
use cyxwiz_domain::{Address, Amount, Digest, JobId, dataset::Manifest, spec::JobSpec};
use cyxwiz_pki::{Certificate, Wallet, transport};
use cyxwiz_proto::{
    auth::v1::{ChallengeRequest, SignInRequest, auth_service_client::AuthServiceClient},
    job::v1::{self as job, job_service_client::JobServiceClient},
    training::v1::{self as training, training_service_client::TrainingServiceClient},
};
use tonic::{Request, Status, transport::Channel};

use crate::{JobFile, Stack, blobs, eventually_async};

/// A signed-in user of the coordinator.
#[derive(Clone)]
pub struct CoordinatorClient {
    channel: Channel,
    token: String,
    /// Who is signed in.
    pub wallet: Wallet,
}

/// A job that the coordinator has matched, and what it would escrow.
pub struct SubmittedJob {
    /// Its id.
    pub id: JobId,
    /// The node reserved.
    pub node: Address,
    /// What the coordinator asks for.
    pub escrow: NewEscrow,
    /// The dataset.
    pub data: Vec<u8>,
    /// Its manifest.
    pub manifest: Manifest,
    /// What is trained.
    pub spec: JobSpec,
    /// Hash of the coordinator's nonce; absent without a proof.
    pub coordinator_nonce_hash: Option<Digest>,
}

impl CoordinatorClient {
    /// Signs in with a wallet of the stack.
    pub async fn sign_in(stack: &Stack, wallet: &str) -> Self {
        let wallet = stack.wallet(wallet);
        let channel = Channel::from_shared(stack.coordinator_url())
            .expect("an address")
            .connect()
            .await
            .expect("the coordinator answers");
        let mut auth = AuthServiceClient::new(channel.clone());
        let challenge = auth
            .challenge(ChallengeRequest {
                wallet: wallet.address().to_vec(),
            })
            .await
            .expect("a challenge")
            .into_inner();
        let session = auth
            .sign_in(SignInRequest {
                challenge_id: challenge.challenge_id,
                wallet: wallet.address().to_vec(),
                signature: wallet.sign(&challenge.message).to_vec(),
            })
            .await
            .expect("a session")
            .into_inner();
        Self {
            channel,
            token: session.session_token,
            wallet,
        }
    }

    /// The job service.
    pub fn jobs(&self) -> JobServiceClient<Channel> {
        JobServiceClient::new(self.channel.clone())
    }

    /// A request with the session's token.
    pub fn request<T>(&self, message: T) -> Request<T> {
        with_token(message, &self.token)
    }

    /// Submits the digits job with so many epochs.
    pub async fn submit(&self, epochs: u32) -> SubmittedJob {
        let data =
            std::fs::read(crate::job_file::repository().join("examples/digits/digits.csv.gz"))
                .expect("the example's data exist");
        let spec = JobFile::digits().epochs(epochs).spec();
        self.submit_spec(spec, 1797, data).await
    }

    /// Submits a job that trains in integers, and is paid through a proof.
    pub async fn submit_integers(&self, stack: &Stack) -> SubmittedJob {
        let spec = JobFile::integers(stack.dir()).spec();
        let rows = blobs::ROWS as u64;
        self.submit_spec(spec, rows, blobs::csv().into_bytes())
            .await
    }

    async fn submit_spec(&self, spec: JobSpec, rows: u64, data: Vec<u8>) -> SubmittedJob {
        let manifest = Manifest::of(data.as_slice()).expect("bytes can be read");
        let id = JobId(uuid::Uuid::new_v4());
        let answer = self
            .jobs()
            .submit_job(self.request(job::SubmitJobRequest {
                job_id: id.to_vec(),
                spec: spec.canonical_bytes(),
                rows,
                dataset_root: manifest.root().to_vec(),
                dataset_bytes: data.len() as u64,
            }))
            .await
            .expect("the job is matched")
            .into_inner();
        let (matched, estimate) = (
            answer.job.expect("a job"),
            answer.estimate.expect("an estimate"),
        );
        SubmittedJob {
            id,
            node: Address::from_slice(&matched.node).expect("a node"),
            escrow: NewEscrow {
                job_id: id,
                amount: Amount(estimate.amount),
                spec_hash: Digest(spec.spec_hash()),
                dataset_root: Digest::from_slice(&matched.dataset_root).expect("a root"),
                required_epochs: spec.job.epochs,
                estimated_seconds: estimate.estimated_seconds,
                timeout_seconds: estimate.timeout_seconds,
                verification: Verification::of(&spec),
            },
            data,
            manifest,
            spec,
            coordinator_nonce_hash: Digest::from_slice(&answer.coordinator_nonce_hash).ok(),
        }
    }

    /// Says that the escrow is funded.
    ///
    /// # Errors
    /// What the coordinator answers.
    pub async fn confirm(&self, id: JobId) -> Result<job::Job, Status> {
        let request = job::ConfirmEscrowRequest {
            job_id: id.to_vec(),
            signature: String::new(),
        };
        let answer = self.jobs().confirm_escrow(self.request(request)).await?;
        Ok(answer.into_inner().job.expect("a job"))
    }

    /// A job token bound to `certificate`.
    ///
    /// # Errors
    /// What the coordinator answers.
    pub async fn job_token(&self, id: JobId, certificate: &Certificate) -> Result<String, Status> {
        let request = job::IssueJobTokenRequest {
            job_id: id.to_vec(),
            client_certificate_sha256: certificate.fingerprint().to_vec(),
        };
        let answer = self.jobs().issue_job_token(self.request(request)).await?;
        Ok(answer.into_inner().job_token)
    }

    /// Funds `new` as the user of `stack`; the escrow's address.
    pub async fn fund(&self, stack: &Stack, new: &NewEscrow) -> Address {
        let chain = stack.chain();
        let mint = chain.escrow_config().await.expect("a configuration").mint;
        let signer = Signer::from_keypair_bytes(&self.wallet.to_keypair_bytes()).expect("a key");
        let create = escrow::create(self.wallet.address(), mint, new);
        chain
            .execute(&[create], &signer, &[])
            .await
            .expect("the escrow is funded");
        pda::escrow(self.wallet.address(), new.job_id)
    }

    /// Submits, funds and confirms a job, and waits for its assignment.
    pub async fn assigned_job(&self, stack: &Stack, epochs: u32) -> (SubmittedJob, EscrowAccount) {
        let submitted = self.submit(epochs).await;
        let address = self.fund(stack, &submitted.escrow).await;
        self.confirm(submitted.id)
            .await
            .expect("the escrow is right");
        let chain = stack.chain();
        let escrow = eventually_async("the assignment", || async {
            let escrow = chain.escrow(address).await.ok()??;
            escrow.node.is_some().then_some(escrow)
        })
        .await;
        (submitted, escrow)
    }
}

/// A connection to a node.
pub struct NodeSession {
    /// The service, before or after `open`.
    pub service: TrainingServiceClient<Channel>,
    /// Empty until `open` succeeds.
    pub resume_token: String,
}

impl NodeSession {
    /// Connects to the job's node, as the chain knows it, with `certificate`.
    pub async fn connect(stack: &Stack, owner: Address, certificate: &Certificate) -> Self {
        let chain = stack.chain();
        let node: NodeAccount = chain
            .node(owner)
            .await
            .expect("the chain")
            .expect("registered");
        let now = chain.unix_time().await.expect("the chain's clock");
        let channel = transport::connect(&node.endpoint, certificate, node.fingerprint_at(now))
            .await
            .expect("the node answers");
        Self {
            service: TrainingServiceClient::new(channel),
            resume_token: String::new(),
        }
    }

    /// Opens the job's session with `token`, waiting while the node has not
    /// heard of the job yet.
    ///
    /// # Errors
    /// What the node answers.
    pub async fn open(
        &mut self,
        job: &SubmittedJob,
        token: &str,
    ) -> Result<training::OpenSessionResponse, Status> {
        self.open_with(job.id, token, message(&job.manifest)).await
    }

    /// The same with a manifest of one's own.
    ///
    /// # Errors
    /// What the node answers.
    pub async fn open_with(
        &mut self,
        id: JobId,
        token: &str,
        manifest: training::Manifest,
    ) -> Result<training::OpenSessionResponse, Status> {
        let request = training::OpenSessionRequest {
            job_id: id.to_vec(),
            manifest: Some(manifest),
            credential: Some(training::open_session_request::Credential::JobToken(
                token.to_owned(),
            )),
        };
        let answer = self.service.open_session(request).await?.into_inner();
        self.resume_token.clone_from(&answer.resume_token);
        Ok(answer)
    }

    /// Opens the job's session with a fresh token of `user`'s, waiting until the node has heard of the job.
    ///
    /// # Errors
    /// What the node answers.
    pub async fn open_once_known(
        &mut self,
        user: &CoordinatorClient,
        certificate: &Certificate,
        job: &SubmittedJob,
        manifest: training::Manifest,
    ) -> Result<training::OpenSessionResponse, Status> {
        let token = user.job_token(job.id, certificate).await.expect("a token");
        let service = self.service.clone();
        let (outcome, opened) = eventually_async("the assignment at the node", || {
            let (token, manifest) = (token.clone(), manifest.clone());
            let mut session = Self {
                service: service.clone(),
                resume_token: String::new(),
            };
            async move {
                let outcome = session.open_with(job.id, &token, manifest).await;
                match outcome {
                    Err(status) if status.code() == tonic::Code::Unavailable => None,
                    outcome => Some((outcome, session)),
                }
            }
        })
        .await;
        *self = opened;
        outcome
    }

    /// Sends chunks of the dataset; how many the node holds then.
    ///
    /// # Errors
    /// What the node answers.
    pub async fn upload(&mut self, chunks: Vec<training::DatasetChunk>) -> Result<u32, Status> {
        let request = self.request(tokio_stream::iter(chunks));
        let answer = self.service.upload_dataset(request).await?;
        Ok(answer.into_inner().chunks_held)
    }

    /// A request with the session's token.
    pub fn request<T>(&self, message: T) -> Request<T> {
        with_token(message, &self.resume_token)
    }
}

/// A manifest as it is sent.
pub fn message(manifest: &Manifest) -> training::Manifest {
    training::Manifest {
        bytes: manifest.len(),
        chunk_bytes: manifest.chunk_size(),
        hashes: manifest.hashes().iter().map(|hash| hash.to_vec()).collect(),
    }
}

fn with_token<T>(message: T, token: &str) -> Request<T> {
    let mut request = Request::new(message);
    let value = format!("Bearer {token}").parse().expect("tokens are ASCII");
    request.metadata_mut().insert("authorization", value);
    request
}

/// The stable code of a refusal.
pub fn code_of(status: &Status) -> String {
    let code = status.metadata().get("cyxwiz-code");
    let code = code.and_then(|code| code.to_str().ok());
    code.unwrap_or_default().to_owned()
}

//! A coordinator that does what it is told: prices, and assigns at once.

use std::{
    pin::Pin,
    sync::{Arc, Mutex},
};

use cyxwiz::flow::input::Input;
use cyxwiz_chain::{Chain, Signer, instructions::escrow, nonce_hash, pda};
use cyxwiz_domain::{Address, Amount, Digest, JobId, spec::JobSpec};
use cyxwiz_pki::challenge::Challenge;
use cyxwiz_proto::{
    auth::v1::{
        ChallengeRequest, ChallengeResponse, SignInRequest, SignInResponse,
        auth_service_server::{AuthService, AuthServiceServer},
    },
    job::v1::{
        self as pb,
        job_service_server::{JobService, JobServiceServer},
    },
};
use tokio::net::TcpListener;
use tokio_stream::{Stream, wrappers::TcpListenerStream};
use tonic::{Request, Response, Status, transport::Server};

use crate::world::{World, signer};

/// Its part in the challenge of every proof.
pub const COORDINATOR_NONCE: [u8; 32] = [9; 32];

/// What it is told, and what it saw.
#[derive(Clone)]
pub struct Coordinator {
    chain: Chain,
    signer: Signer,
    node: Address,
    user: Address,
    /// Price of every job, in base units.
    pub price: u64,
    /// Asks the wallet to sign this instead of a sign-in.
    pub trick: Option<Vec<u8>>,
    seen: Arc<Mutex<Seen>>,
}

/// Calls that came.
#[derive(Default)]
pub struct Seen {
    /// Jobs submitted.
    pub submitted: Vec<pb::SubmitJobRequest>,
    /// Sign-ins that were answered with a signature.
    pub signatures: usize,
    /// `ConfirmEscrow` calls.
    pub confirmed: usize,
    /// `CancelJob` calls.
    pub cancelled: usize,
    assign_signature: String,
}

impl Coordinator {
    /// Asks for one CYXWIZ.
    pub fn new(world: &World) -> Self {
        Self {
            chain: world.chain.clone(),
            signer: signer(&world.wallets.coordinator),
            node: world.node(),
            user: world.wallets.user.address(),
            price: 1_000_000_000,
            trick: None,
            seen: Arc::default(),
        }
    }

    /// Serves; returns the URL.
    pub async fn serve(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind");
        let url = format!("http://{}", listener.local_addr().expect("address"));
        let server = Server::builder()
            .add_service(AuthServiceServer::new(self.clone()))
            .add_service(JobServiceServer::new(self.clone()))
            .serve_with_incoming(TcpListenerStream::new(listener));
        tokio::spawn(server);
        url
    }

    /// Looks at what came.
    pub fn seen<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.seen.lock().expect("lock"))
    }

    /// Knows `job` as if it had been submitted.
    pub fn remember(&self, input: &Input, job: JobId) {
        let request = pb::SubmitJobRequest {
            job_id: job.to_vec(),
            spec: input.canonical.clone(),
            rows: input.rows,
            dataset_root: input.dataset_root.to_vec(),
            dataset_bytes: input.manifest.len(),
        };
        self.seen.lock().expect("lock").submitted.push(request);
    }

    fn estimate(&self) -> pb::Estimate {
        pb::Estimate {
            amount: self.price,
            estimated_seconds: 10,
            timeout_seconds: 600,
            lines: Vec::new(),
        }
    }

    /// What was agreed on, whatever the escrow says.
    fn terms(&self, job: JobId) -> escrow::NewEscrow {
        let estimate = self.estimate();
        self.seen(|seen| {
            let is_it = |request: &&pb::SubmitJobRequest| request.job_id == job.to_vec();
            let row = seen.submitted.iter().rfind(is_it).expect("submitted");
            let spec = JobSpec::from_json(&row.spec).expect("spec");
            escrow::NewEscrow {
                job_id: job,
                amount: Amount(estimate.amount),
                spec_hash: Digest(spec.spec_hash()),
                dataset_root: Digest::from_slice(&row.dataset_root).expect("root"),
                required_epochs: spec.job.epochs,
                estimated_seconds: estimate.estimated_seconds,
                timeout_seconds: estimate.timeout_seconds,
                verification: cyxwiz_chain::Verification::of(&spec),
            }
        })
    }

    fn job(&self, id: &[u8], state: pb::JobState) -> pb::Job {
        pb::Job {
            job_id: id.to_vec(),
            state: state.into(),
            user: self.user.to_vec(),
            node: self.node.to_vec(),
            amount: self.price,
            assign_signature: self.seen(|seen| seen.assign_signature.clone()),
            ..pb::Job::default()
        }
    }
}

#[tonic::async_trait]
impl AuthService for Coordinator {
    async fn challenge(
        &self,
        request: Request<ChallengeRequest>,
    ) -> Result<Response<ChallengeResponse>, Status> {
        let challenge = Challenge {
            audience: "test".into(),
            wallet: Address::from_slice(&request.get_ref().wallet).expect("wallet"),
            nonce: [7; 16],
            expires_at: i64::MAX,
        };
        Ok(Response::new(ChallengeResponse {
            challenge_id: vec![1; 16],
            message: self.trick.clone().unwrap_or_else(|| challenge.message()),
            expires_at: challenge.expires_at,
        }))
    }

    async fn sign_in(&self, _: Request<SignInRequest>) -> Result<Response<SignInResponse>, Status> {
        self.seen.lock().expect("lock").signatures += 1;
        Ok(Response::new(SignInResponse {
            session_token: "session".into(),
            expires_at: i64::MAX,
        }))
    }
}

type JobStream = Pin<Box<dyn Stream<Item = Result<pb::Job, Status>> + Send>>;

#[tonic::async_trait]
impl JobService for Coordinator {
    type WatchJobStream = JobStream;

    async fn estimate_cost(
        &self,
        _: Request<pb::EstimateCostRequest>,
    ) -> Result<Response<pb::EstimateCostResponse>, Status> {
        Ok(Response::new(pb::EstimateCostResponse {
            estimate: Some(self.estimate()),
            node: self.node.to_vec(),
            refusals: Vec::new(),
        }))
    }

    async fn submit_job(
        &self,
        request: Request<pb::SubmitJobRequest>,
    ) -> Result<Response<pb::SubmitJobResponse>, Status> {
        let request = request.into_inner();
        let job = self.job(&request.job_id, pb::JobState::Reserved);
        let spec = JobSpec::from_json(&request.spec).expect("spec");
        let nonce_hash = spec.verification.map_or(Vec::new(), |_| {
            let id = JobId::from_slice(&request.job_id).expect("job");
            nonce_hash(pda::escrow(self.user, id), &COORDINATOR_NONCE).to_vec()
        });
        self.seen.lock().expect("lock").submitted.push(request);
        Ok(Response::new(pb::SubmitJobResponse {
            job: Some(job),
            estimate: Some(self.estimate()),
            coordinator_nonce_hash: nonce_hash,
        }))
    }

    async fn confirm_escrow(
        &self,
        request: Request<pb::ConfirmEscrowRequest>,
    ) -> Result<Response<pb::ConfirmEscrowResponse>, Status> {
        let id = request.into_inner().job_id;
        let job = JobId::from_slice(&id).expect("job");
        self.seen.lock().expect("lock").confirmed += 1;
        let at = pda::escrow(self.user, job);
        let account = self.chain.escrow(at).await.expect("read").expect("escrow");
        let records = escrow::Records {
            node: true,
            user: self
                .chain
                .user_reputation(self.user)
                .await
                .expect("read")
                .is_some(),
        };
        let terms = self.terms(job);
        let owner = self.signer.address();
        let assign = escrow::assign(owner, &account, &terms, self.node, records);
        let signature = self
            .chain
            .execute(&assign, &self.signer, &[])
            .await
            .expect("assign");
        self.seen.lock().expect("lock").assign_signature = signature;
        Ok(Response::new(pb::ConfirmEscrowResponse {
            job: Some(self.job(&id, pb::JobState::Funded)),
        }))
    }

    async fn issue_job_token(
        &self,
        _: Request<pb::IssueJobTokenRequest>,
    ) -> Result<Response<pb::IssueJobTokenResponse>, Status> {
        Ok(Response::new(pb::IssueJobTokenResponse {
            job_token: "job".into(),
            expires_at: i64::MAX,
        }))
    }

    async fn get_job(
        &self,
        request: Request<pb::GetJobRequest>,
    ) -> Result<Response<pb::Job>, Status> {
        let job = self.job(&request.into_inner().job_id, pb::JobState::Assigned);
        Ok(Response::new(job))
    }

    async fn list_jobs(
        &self,
        _: Request<pb::ListJobsRequest>,
    ) -> Result<Response<pb::ListJobsResponse>, Status> {
        Ok(Response::new(pb::ListJobsResponse::default()))
    }

    async fn watch_job(
        &self,
        request: Request<pb::GetJobRequest>,
    ) -> Result<Response<JobStream>, Status> {
        // One word and then silence: the engine has to look at the chain itself.
        let job = self.job(&request.into_inner().job_id, pb::JobState::Funded);
        Ok(Response::new(Box::pin(tokio_stream::once(Ok(job)))))
    }

    async fn cancel_job(
        &self,
        request: Request<pb::CancelJobRequest>,
    ) -> Result<Response<pb::Job>, Status> {
        self.seen.lock().expect("lock").cancelled += 1;
        let job = self.job(&request.into_inner().job_id, pb::JobState::Expired);
        Ok(Response::new(job))
    }

    async fn list_nodes(
        &self,
        _: Request<pb::ListNodesRequest>,
    ) -> Result<Response<pb::ListNodesResponse>, Status> {
        Ok(Response::new(pb::ListNodesResponse::default()))
    }
}

//! The coordinator's client: signs in with the wallet, renews the session, and
//! repeats calls that did not arrive (all of them are harmless to repeat).

use std::{cell::RefCell, time::Duration};

use backon::{BackoffBuilder as _, ExponentialBuilder};
use cyxwiz_domain::{Address, JobId};
use cyxwiz_pki::{Wallet, challenge::is_sign_in_for, transport};
use cyxwiz_proto::{
    auth::v1::{ChallengeRequest, SignInRequest, auth_service_client::AuthServiceClient},
    job::v1::{self as pb, job_service_client::JobServiceClient},
};
use tonic::{Code, Request, Response, Status, Streaming, transport::Channel};

use crate::{
    error::{Error, Result},
    rpc,
};

const WHO: &str = "the coordinator";
/// A session that ends sooner is renewed first.
const RENEW_BEFORE_SECONDS: i64 = 30;
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// A signed-in client. Signing in happens with the first call.
pub struct Coordinator {
    url: String,
    channel: Channel,
    wallet: Wallet,
    session: RefCell<Option<Session>>,
}

#[derive(Clone)]
struct Session {
    token: String,
    expires_at: i64,
}

impl Coordinator {
    /// A client of the coordinator at `url` for `wallet`; connects when first used.
    ///
    /// # Errors
    /// [`Error::Usage`] if `url` is not a URL.
    pub fn new(url: &str, wallet: Wallet) -> Result<Self> {
        let channel = transport::coordinator(url)
            .map_err(|error| Error::Usage(format!("coordinator: {error}")))?
            .connect_lazy();
        Ok(Self {
            url: url.to_owned(),
            channel,
            wallet,
            session: RefCell::new(None),
        })
    }

    /// Prices a job.
    ///
    /// # Errors
    /// As of every call here: [`Error::Refused`] and [`Error::Unreachable`].
    pub async fn estimate(&self, spec: Vec<u8>, rows: u64) -> Result<pb::EstimateCostResponse> {
        let message = pb::EstimateCostRequest { spec, rows };
        self.call("price the job", message, async |mut client, request| {
            client.estimate_cost(request).await
        })
        .await
    }

    /// Reserves a node.
    ///
    /// # Errors
    /// As [`Coordinator::estimate`].
    pub async fn submit(&self, message: pb::SubmitJobRequest) -> Result<pb::SubmitJobResponse> {
        self.call("take the job", message, async |mut client, request| {
            client.submit_job(request).await
        })
        .await
    }

    /// Says that the escrow is funded.
    ///
    /// # Errors
    /// As [`Coordinator::estimate`].
    pub async fn confirm(&self, job: JobId, signature: &str) -> Result<pb::Job> {
        let message = pb::ConfirmEscrowRequest {
            job_id: job.to_vec(),
            signature: signature.to_owned(),
        };
        let answer = self
            .call(
                "confirm the escrow",
                message,
                async |mut client, request| client.confirm_escrow(request).await,
            )
            .await?;
        present(answer.job)
    }

    /// A token for the node of an assigned job.
    ///
    /// # Errors
    /// As [`Coordinator::estimate`].
    pub async fn job_token(&self, job: JobId, certificate: Vec<u8>) -> Result<String> {
        let message = pb::IssueJobTokenRequest {
            job_id: job.to_vec(),
            client_certificate_sha256: certificate,
        };
        self.call("issue a job token", message, async |mut client, request| {
            client.issue_job_token(request).await
        })
        .await
        .map(|answer| answer.job_token)
    }

    /// One job.
    ///
    /// # Errors
    /// As [`Coordinator::estimate`].
    pub async fn job(&self, job: JobId) -> Result<pb::Job> {
        let message = pb::GetJobRequest {
            job_id: job.to_vec(),
        };
        self.call("show the job", message, async |mut client, request| {
            client.get_job(request).await
        })
        .await
    }

    /// The newest jobs.
    ///
    /// # Errors
    /// As [`Coordinator::estimate`].
    pub async fn jobs(&self, limit: u32) -> Result<Vec<pb::Job>> {
        let message = pb::ListJobsRequest {
            limit,
            before_job_id: Vec::new(),
        };
        self.call("list the jobs", message, async |mut client, request| {
            client.list_jobs(request).await
        })
        .await
        .map(|answer| answer.jobs)
    }

    /// The job now and at each change.
    ///
    /// # Errors
    /// As [`Coordinator::estimate`].
    pub async fn watch(&self, job: JobId) -> Result<Streaming<pb::Job>> {
        let message = pb::GetJobRequest {
            job_id: job.to_vec(),
        };
        self.call("watch the job", message, async |mut client, request| {
            client.watch_job(request).await
        })
        .await
    }

    /// Gives up a reservation.
    ///
    /// # Errors
    /// As [`Coordinator::estimate`].
    pub async fn cancel(&self, job: JobId) -> Result<pb::Job> {
        let message = pb::CancelJobRequest {
            job_id: job.to_vec(),
        };
        self.call("cancel the job", message, async |mut client, request| {
            client.cancel_job(request).await
        })
        .await
    }

    /// Nodes that are online.
    ///
    /// # Errors
    /// As [`Coordinator::estimate`].
    pub async fn nodes(&self) -> Result<Vec<pb::NodeInfo>> {
        self.call(
            "list the nodes",
            pb::ListNodesRequest {},
            async |mut client, request| client.list_nodes(request).await,
        )
        .await
        .map(|answer| answer.nodes)
    }

    async fn call<Q, R>(
        &self,
        what: &'static str,
        message: Q,
        method: impl AsyncFn(JobServiceClient<Channel>, Request<Q>) -> Result<Response<R>, Status>,
    ) -> Result<R>
    where
        Q: Clone,
    {
        let mut delays = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(100))
            .with_max_delay(Duration::from_secs(2))
            .with_max_times(5)
            .with_jitter()
            .build();
        loop {
            let attempt = async {
                let token = self.session().await?;
                let client = JobServiceClient::new(self.channel.clone());
                let mut request = rpc::authorized(message.clone(), &token);
                request.set_timeout(CALL_TIMEOUT);
                method(client, request).await.map(Response::into_inner)
            };
            let status = match attempt.await {
                Ok(answer) => return Ok(answer),
                Err(status) => status,
            };
            // The coordinator may have changed its key: sign in again, once per try.
            let session_refused = status.code() == Code::Unauthenticated
                && self.session.borrow_mut().take().is_some();
            if (session_refused || rpc::is_transient(&status))
                && let Some(delay) = delays.next()
            {
                tracing::debug!(what, %status, "call repeated");
                tokio::time::sleep(delay).await;
                continue;
            }
            return Err(rpc::error(WHO, &self.url, what, &status));
        }
    }

    /// The session's token; signs in where there is none or it ends soon.
    async fn session(&self) -> Result<String, Status> {
        let held = self.session.borrow().clone();
        let now = chrono::Utc::now().timestamp();
        if let Some(session) = held
            && session.expires_at - RENEW_BEFORE_SECONDS > now
        {
            return Ok(session.token);
        }
        let session = self.sign_in().await?;
        let token = session.token.clone();
        *self.session.borrow_mut() = Some(session);
        Ok(token)
    }

    async fn sign_in(&self) -> Result<Session, Status> {
        let mut client = AuthServiceClient::new(self.channel.clone());
        let wallet = self.wallet.address();
        let timed = |mut request: Request<ChallengeRequest>| {
            request.set_timeout(CALL_TIMEOUT);
            request
        };
        let request = timed(Request::new(ChallengeRequest {
            wallet: wallet.to_vec(),
        }));
        let challenge = client.challenge(request).await?.into_inner();
        // A coordinator must not get anything else signed, like a receipt.
        if !is_sign_in_for(&challenge.message, wallet) {
            return Err(Status::failed_precondition(
                "its challenge is not a sign-in for this wallet; nothing was signed",
            ));
        }
        let answer = client
            .sign_in(SignInRequest {
                challenge_id: challenge.challenge_id,
                wallet: wallet.to_vec(),
                signature: self.wallet.sign(&challenge.message).to_vec(),
            })
            .await?
            .into_inner();
        Ok(Session {
            token: answer.session_token,
            expires_at: answer.expires_at,
        })
    }
}

/// The job that an answer must contain.
///
/// # Errors
/// [`Error::Protocol`].
pub fn present(job: Option<pb::Job>) -> Result<pb::Job> {
    job.ok_or_else(|| nonsense("an answer without a job"))
}

/// The state in a job.
///
/// # Errors
/// [`Error::Protocol`].
pub fn state_of(job: &pb::Job) -> Result<cyxwiz_domain::JobState> {
    cyxwiz_domain::JobState::try_from(job.state()).map_err(nonsense)
}

/// The node in a job, if there is one.
///
/// # Errors
/// [`Error::Protocol`].
pub fn node_of(job: &pb::Job) -> Result<Option<Address>> {
    if job.node.is_empty() {
        return Ok(None);
    }
    Address::from_slice(&job.node).map(Some).map_err(nonsense)
}

fn nonsense(problem: impl ToString) -> Error {
    Error::Protocol {
        who: WHO,
        problem: problem.to_string(),
    }
}

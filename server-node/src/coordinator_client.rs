//! The line to the coordinator: sign-in with the wallet, heartbeats up,
//! assignments down, and news. Lost, it is taken up again; training goes on.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use chrono::Utc;
use cyxwiz_domain::JobId;
use cyxwiz_pki::{challenge::is_sign_in_for, transport};
use cyxwiz_proto::{
    auth::v1::{ChallengeRequest, SignInRequest, auth_service_client::AuthServiceClient},
    node::v1::{
        HeartbeatRequest, RegisterRequest, ReportCompletionRequest, ReportProgressRequest,
        node_service_client::NodeServiceClient,
    },
};
use rand::Rng as _;
use tokio::{sync::mpsc, time::sleep};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    transport::Channel,
};

use crate::{
    jobs::{Job, Phase},
    machine,
    node::Node,
    steps::assigned,
};

/// First wait after a lost line; it doubles up to [`MAX_BACKOFF`].
const BACKOFF: Duration = Duration::from_millis(500);
const MAX_BACKOFF: Duration = Duration::from_secs(5);
/// A call that takes longer has failed.
const CALL: Duration = Duration::from_secs(20);
/// Seconds before its expiry at which a session is renewed.
const RENEW: i64 = 60;

/// News for the coordinator. It decides nothing by them.
#[derive(Debug, Clone)]
pub enum Report {
    /// An epoch is done.
    Progress {
        /// Of this job.
        job: JobId,
        /// So many are.
        epochs_done: u32,
        /// Of the rows trained on.
        loss: f64,
    },
    /// The completion is on the chain.
    Completion {
        /// Of this job.
        job: JobId,
        /// Of the transaction, base58.
        signature: String,
    },
}

/// Why there is no line.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// Nobody answers.
    #[error("connect to the coordinator at {url}: {reason}")]
    Connect {
        /// Where.
        url: String,
        /// The innermost reason.
        reason: String,
    },
    /// The coordinator refuses.
    #[error("the coordinator says: {}", .0.message())]
    Refused(Box<Status>),
    /// It asks for a signature under something else than a sign-in.
    #[error("the coordinator's challenge is no sign-in for this wallet; it was not signed")]
    Challenge,
    /// It has closed the line.
    #[error("the coordinator closed the line")]
    Closed,
}

impl From<Status> for LineError {
    fn from(status: Status) -> Self {
        Self::Refused(Box::new(status))
    }
}

type Bearer = MetadataValue<Ascii>;

/// Keeps the line up until the node ends.
pub async fn keep_line(node: Arc<Node>, mut reports: mpsc::Receiver<Report>) {
    let mut backoff = BACKOFF;
    while !node.shutdown.is_cancelled() {
        let mut was_up = false;
        let ended = tokio::select! {
            ended = line(&node, &mut reports, &mut was_up) => ended,
            () = node.shutdown.cancelled() => return,
        };
        if was_up {
            backoff = BACKOFF;
        }
        match ended {
            // The session is to be renewed.
            Ok(()) => continue,
            Err(error) => {
                node.line_up.store(false, Ordering::Relaxed);
                tracing::warn!(%error, retry_in = ?backoff, "no line to the coordinator");
            }
        }
        // Not all nodes at once, when the coordinator comes back.
        let jitter = rand::thread_rng().gen_range(0.5..1.5);
        tokio::select! {
            () = sleep(backoff.mul_f64(jitter)) => {}
            () = node.shutdown.cancelled() => return,
        }
        backoff = (backoff * 2).min(MAX_BACKOFF);
    }
}

async fn line(
    node: &Arc<Node>,
    reports: &mut mpsc::Receiver<Report>,
    was_up: &mut bool,
) -> Result<(), LineError> {
    let channel = connect(&node.settings.coordinator).await?;
    let (bearer, expires_at) = sign_in(node, channel.clone()).await?;
    let mut client = NodeServiceClient::new(channel);
    let registered = client
        .register(authorized(register_request(node), &bearer))
        .await?;
    let every = registered.into_inner().heartbeat_seconds.clamp(1, 300);

    // Room for one: a heartbeat that cannot leave is a line that is down.
    let (beats, outgoing) = mpsc::channel(1);
    let _ = beats.try_send(heartbeat(node));
    let mut request = Request::new(ReceiverStream::new(outgoing));
    request
        .metadata_mut()
        .insert("authorization", bearer.clone());
    let mut answers = client.heartbeat(request).await?.into_inner();
    tracing::info!(coordinator = node.settings.coordinator, every, "online");
    *was_up = true;
    node.line_up.store(true, Ordering::Relaxed);

    // What was reported while there was no line is lost; heads are not.
    send_heads(node, &client, &bearer);
    let mut ticks = tokio::time::interval(Duration::from_secs(every.into()));
    ticks.tick().await;
    loop {
        tokio::select! {
            answer = answers.message() => {
                let answer = answer?.ok_or(LineError::Closed)?;
                for assignment in answer.assignments {
                    let node = Arc::clone(node);
                    node.tasks.clone().spawn(async move {
                        if let Err(error) = assigned::take_on(&node, &assignment).await {
                            tracing::warn!(%error, "refused an assignment");
                        }
                    });
                }
            }
            Some(report) = reports.recv() => spawn_report(node, &client, &bearer, report),
            _ = ticks.tick() => {
                send_heads(node, &client, &bearer);
                if Utc::now().timestamp() + RENEW >= expires_at {
                    return Ok(());
                }
                if beats.send(heartbeat(node)).await.is_err() {
                    return Err(LineError::Closed);
                }
            }
        }
    }
}

async fn connect(url: &str) -> Result<Channel, LineError> {
    let failed = |reason| LineError::Connect {
        url: url.to_owned(),
        reason,
    };
    transport::coordinator(url)
        .map_err(|error| failed(error.to_string()))?
        .connect()
        .await
        .map_err(|error| failed(innermost(&error)))
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

async fn sign_in(node: &Node, channel: Channel) -> Result<(Bearer, i64), LineError> {
    let mut client = AuthServiceClient::new(channel);
    let wallet = node.identity.address();
    let request = limited(ChallengeRequest {
        wallet: wallet.to_vec(),
    });
    let challenge = client.challenge(request).await?.into_inner();
    if !is_sign_in_for(&challenge.message, wallet) {
        return Err(LineError::Challenge);
    }
    let request = limited(SignInRequest {
        challenge_id: challenge.challenge_id,
        wallet: wallet.to_vec(),
        signature: node.identity.wallet.sign(&challenge.message).to_vec(),
    });
    let session = client.sign_in(request).await?.into_inner();
    let bearer = format!("Bearer {}", session.session_token)
        .parse()
        .map_err(|_| Status::internal("the session token is no header value"))?;
    Ok((bearer, session.expires_at))
}

/// Sends every head that the coordinator does not hold, of jobs that are not over: the heads must be
/// its before anyone knows what a proof must show.
fn send_heads(node: &Arc<Node>, client: &NodeServiceClient<Channel>, bearer: &Bearer) {
    for job in node.jobs.all() {
        if job.record().phase == Phase::Settled || job.heads_to_send().is_none() {
            continue;
        }
        if let Some((epochs_done, loss)) = job.newest_epoch() {
            let job = job.id();
            let report = Report::Progress {
                job,
                epochs_done,
                loss,
            };
            spawn_report(node, client, bearer, report);
        }
    }
}

fn spawn_report(
    node: &Arc<Node>,
    client: &NodeServiceClient<Channel>,
    bearer: &Bearer,
    report: Report,
) {
    let (client, bearer) = (client.clone(), bearer.clone());
    let sender = Arc::clone(node);
    node.tasks.spawn(async move {
        if let Err(error) = send_report(&sender, client, &bearer, report).await {
            tracing::debug!(%error, "failed to report");
        }
    });
}

async fn send_report(
    node: &Node,
    mut client: NodeServiceClient<Channel>,
    bearer: &Bearer,
    report: Report,
) -> Result<(), Status> {
    match report {
        Report::Progress {
            job,
            epochs_done,
            loss,
        } => {
            let held = node.jobs.get(job);
            let request = progress(job, epochs_done, loss, held.as_deref());
            let sent = client.report_progress(authorized(request, bearer)).await?;
            if let Some(held) = held {
                held.set_heads_held(sent.into_inner().heads_held);
            }
        }
        Report::Completion { job, signature } => {
            let request = ReportCompletionRequest {
                job_id: job.to_vec(),
                signature,
            };
            client
                .report_completion(authorized(request, bearer))
                .await?;
        }
    }
    Ok(())
}

/// How far a job is, with all heads of it that the coordinator does not hold yet.
fn progress(id: JobId, epochs_done: u32, loss: f64, job: Option<&Job>) -> ReportProgressRequest {
    let heads = job.and_then(Job::heads_to_send);
    let (heads_from, heads) = heads.unwrap_or_default();
    ReportProgressRequest {
        job_id: id.to_vec(),
        epochs_done,
        loss,
        heads_from,
        heads: heads.into_iter().map(|head| head.to_vec()).collect(),
    }
}

fn register_request(node: &Node) -> RegisterRequest {
    let circuits = node.circuits.iter();
    let classes = node.runtime_classes.iter();
    RegisterRequest {
        free_vram_mib: 0,
        free_ram_mib: free_ram_mib(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        circuits: circuits.map(|circuit| circuit.id.to_vec()).collect(),
        runtime_classes: classes.map(|class| class.hash().to_vec()).collect(),
    }
}

fn heartbeat(node: &Node) -> HeartbeatRequest {
    let held = node.jobs.all().into_iter();
    HeartbeatRequest {
        free_vram_mib: 0,
        free_ram_mib: free_ram_mib(),
        job_ids: held
            .filter(|job| job.record().phase != Phase::Settled)
            .map(|job| job.id().to_vec())
            .collect(),
    }
}

fn free_ram_mib() -> u32 {
    u32::try_from(machine::available_memory_mib()).unwrap_or(u32::MAX)
}

fn authorized<T>(message: T, bearer: &Bearer) -> Request<T> {
    let mut request = limited(message);
    request
        .metadata_mut()
        .insert("authorization", bearer.clone());
    request
}

fn limited<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(CALL);
    request
}

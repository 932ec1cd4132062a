//! A session with a node: where it is and which certificate it has come from the
//! chain, so that not even the coordinator can put another in its place.

use std::{collections::BTreeSet, future::Future, path::Path, time::Duration};

use cyxwiz_chain::EscrowAccount;
use cyxwiz_domain::{Digest, dataset::Manifest};
use cyxwiz_pki::{
    Certificate,
    transport::{self, ConnectError},
};
use cyxwiz_proto::training::v1::{
    self as pb, open_session_request::Credential, training_service_client::TrainingServiceClient,
};
use tokio::time::timeout;
use tonic::{Code, Status, transport::Channel};

use super::why::plain;
use crate::{
    engine::Engine,
    error::{Error, Result},
    rpc,
};

/// Who is meant in errors.
pub const WHO: &str = "the node";
/// How long a node may take to answer a call.
const ANSWER: Duration = Duration::from_secs(30);

/// An open session.
#[derive(Clone)]
pub struct Session {
    /// The connection.
    pub client: TrainingServiceClient<Channel>,
    /// Resume token, which every further call shows.
    pub token: String,
    /// `host:port` of the node.
    pub endpoint: String,
    /// Chunks that the node lacks, as it says.
    pub missing: BTreeSet<u32>,
    /// Number of the newest event that the node has kept.
    pub last_seq: u64,
}

impl Session {
    /// Connects to the node of `escrow`, with the certificate in `job_dir` (made
    /// there the first time). `resume` is the token of an earlier session; where it
    /// is missing or no longer good, the coordinator is asked for a new job token.
    ///
    /// # Errors
    /// Transient while the node is away or has not heard of the job yet.
    pub async fn open(
        engine: &Engine,
        job_dir: &Path,
        escrow: &EscrowAccount,
        manifest: &Manifest,
        resume: Option<&str>,
    ) -> Result<Self> {
        let owner = escrow.node.ok_or_else(|| Error::Protocol {
            who: "the chain",
            problem: format!("escrow {} has no node", escrow.address),
        })?;
        let node = engine
            .chain
            .node(owner)
            .await?
            .ok_or_else(|| Error::Protocol {
                who: "the chain",
                problem: format!("node {owner} is not registered"),
            })?;
        let certificate = Certificate::read_or_create(&job_dir.join("certificate"))?;
        let now = engine.chain.unix_time().await?;
        let channel = connect(&node.endpoint, &certificate, &node.fingerprints(now)).await?;
        let mut client = TrainingServiceClient::new(channel);

        let mut request = pb::OpenSessionRequest {
            job_id: escrow.job_id.to_vec(),
            credential: None,
            manifest: Some(pb::Manifest {
                bytes: manifest.len(),
                chunk_bytes: manifest.chunk_size(),
                hashes: manifest.hashes().iter().map(|hash| hash.to_vec()).collect(),
            }),
        };
        if let Some(token) = resume {
            request.credential = Some(Credential::ResumeToken(token.to_owned()));
            match answered(client.open_session(request.clone())).await {
                Ok(answer) => return Ok(Self::new(client, node.endpoint, answer.into_inner())),
                Err(status) if is_about_token(&status) => {
                    tracing::debug!(%status, "resume token refused; asking for a job token");
                }
                Err(status) => return Err(refusal(&node.endpoint, "resume the session", &status)),
            }
        }
        let fingerprint = certificate.fingerprint().to_vec();
        let token = engine
            .coordinator
            .job_token(escrow.job_id, fingerprint)
            .await?;
        request.credential = Some(Credential::JobToken(token));
        match answered(client.open_session(request)).await {
            Ok(answer) => Ok(Self::new(client, node.endpoint, answer.into_inner())),
            Err(status) => Err(refusal(&node.endpoint, "open the session", &status)),
        }
    }

    fn new(
        client: TrainingServiceClient<Channel>,
        endpoint: String,
        answer: pb::OpenSessionResponse,
    ) -> Self {
        Self {
            client,
            last_seq: answer.last_seq,
            token: answer.resume_token,
            endpoint,
            missing: answer.missing_chunks.into_iter().collect(),
        }
    }

    /// The error of a failed call in this session.
    pub fn error(&self, what: &'static str, status: &Status) -> Error {
        refusal(&self.endpoint, what, status)
    }
}

/// Connects to the first of these certificates that the node shows: it may be changing over.
async fn connect(
    endpoint: &str,
    certificate: &Certificate,
    fingerprints: &[Digest],
) -> std::result::Result<Channel, ConnectError> {
    let mut last = None;
    for fingerprint in fingerprints {
        match transport::connect(endpoint, certificate, *fingerprint).await {
            Ok(channel) => return Ok(channel),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| ConnectError::Endpoint(endpoint.to_owned())))
}

/// What `call` gives. A node that does not answer is like one that is out of reach.
pub(super) async fn answered<T>(
    call: impl Future<Output = std::result::Result<T, Status>>,
) -> std::result::Result<T, Status> {
    within(ANSWER, call).await
}

async fn within<T>(
    limit: Duration,
    call: impl Future<Output = std::result::Result<T, Status>>,
) -> std::result::Result<T, Status> {
    let answer = timeout(limit, call).await;
    answer.unwrap_or_else(|_| Err(Status::deadline_exceeded("it does not answer")))
}

fn refusal(endpoint: &str, what: &'static str, status: &Status) -> Error {
    let mut error = rpc::error(WHO, endpoint, what, status);
    if let Error::Refused { message: told, .. } | Error::Unreachable { reason: told, .. } =
        &mut error
    {
        *told = plain(told);
    }
    error
}

fn is_about_token(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unauthenticated | Code::PermissionDenied
    )
}

#[cfg(test)]
mod tests {
    use cyxwiz_pki::tls;
    use tokio::net::TcpListener;
    use tokio_stream::StreamExt as _;

    use super::*;

    #[tokio::test]
    async fn a_node_that_changes_its_certificate_is_known_by_either() {
        let [present, announced, own] =
            [(); 3].map(|()| Certificate::generate().expect("certificate"));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind");
        let endpoint = listener.local_addr().expect("address").to_string();
        let config = tls::server_config(&announced).expect("config");
        let mut connections = transport::incoming(listener, config);
        tokio::spawn(async move { while connections.next().await.is_some() {} });

        let both = [present.fingerprint(), announced.fingerprint()];
        connect(&endpoint, &own, &both)
            .await
            .expect("the announced one is shown");
        let error = connect(&endpoint, &own, &both[..1])
            .await
            .expect_err("nobody shows the present one");
        assert!(
            error.to_string().contains("not the registered one"),
            "{error}"
        );
        let none = connect(&endpoint, &own, &[]).await;
        none.expect_err("no certificate is good");
    }

    #[tokio::test]
    async fn a_call_that_is_never_answered_is_tried_again() {
        let never = std::future::pending::<std::result::Result<(), Status>>();
        let status = within(Duration::from_millis(5), never).await;
        let error = refusal(
            "node:1",
            "open the session",
            &status.expect_err("no answer"),
        );
        assert!(error.is_transient(), "{error}");
        assert!(error.to_string().contains("does not answer"), "{error}");
    }

    #[test]
    fn a_nodes_refusal_does_nothing_to_a_terminal() {
        for status in [
            Status::not_found("gone\n\u{1b}[2J"),
            Status::unavailable("gone\n\u{1b}[2J"),
        ] {
            let error = refusal("node:1", "send the weights", &status).to_string();
            assert!(
                error.contains("gone") && !error.contains(char::is_control),
                "{error}"
            );
        }
    }
}

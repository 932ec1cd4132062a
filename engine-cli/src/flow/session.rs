//! A session with a node: where it is and which certificate it has come from the
//! chain, so that not even the coordinator can put another in its place.

use std::path::Path;

use cyxwiz_chain::EscrowAccount;
use cyxwiz_domain::{Digest, dataset::Manifest};
use cyxwiz_pki::{
    Certificate,
    transport::{self, ConnectError},
};
use cyxwiz_proto::training::v1::{
    self as pb, open_session_request::Credential, training_service_client::TrainingServiceClient,
};
use tonic::{Code, Status, transport::Channel};

use crate::{
    engine::Engine,
    error::{Error, Result},
    rpc,
};

/// Who is meant in errors.
pub const WHO: &str = "the node";

/// An open session.
#[derive(Clone)]
pub struct Session {
    /// The connection.
    pub client: TrainingServiceClient<Channel>,
    /// Resume token, which every further call shows.
    pub token: String,
    /// `host:port` of the node.
    pub endpoint: String,
    /// Chunks that the node lacks.
    pub missing: Vec<u32>,
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
            match client.open_session(request.clone()).await {
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
        match client.open_session(request).await {
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
            missing: answer.missing_chunks,
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

fn refusal(endpoint: &str, what: &'static str, status: &Status) -> Error {
    rpc::error(WHO, endpoint, what, status)
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
}

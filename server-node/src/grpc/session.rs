//! Who may speak: the coordinator's job token once, then this node's resume
//! token, both only from the client certificate that they name.

use std::sync::Arc;

use chrono::Utc;
use cyxwiz_chain::{EscrowAccount, EscrowState};
use cyxwiz_domain::{Digest, JobId, dataset};
use cyxwiz_pki::{
    Fingerprint,
    token::{Confirmation, JobClaims, Purpose, ResumeClaims, TokenError, TokenVerifier},
    transport::Peer,
};
use cyxwiz_proto::training::v1::{
    Manifest, OpenSessionRequest, OpenSessionResponse, open_session_request::Credential,
};
use tonic::{Code, Request, Response, Status};

use super::refusal::{self, refuse};
use crate::{jobs::Job, node::Node};

/// Seconds that a resume token is good for.
const RESUME_SECONDS: i64 = 24 * 3_600;

pub(super) async fn open(
    node: &Arc<Node>,
    request: Request<OpenSessionRequest>,
) -> Result<Response<OpenSessionResponse>, Status> {
    let certificate = certificate_of(&request)?;
    let request = request.into_inner();
    let id = JobId::from_slice(&request.job_id).map_err(|e| refusal::malformed(&e))?;
    let manifest = request.manifest.map(read_manifest).transpose()?;
    let job = match request.credential {
        None => {
            return Err(refuse(
                Code::Unauthenticated,
                "token_missing",
                "show a job token",
            ));
        }
        Some(Credential::JobToken(token)) => {
            let claims = check_job_token(node, &token, id, certificate).await?;
            let job = job_of(node, id, Code::Unavailable, "assignment_pending")?;
            take_manifest(node, &job, manifest.as_ref())?;
            // Last, so that a refusal above does not spend the token.
            node.used_tokens
                .use_once(claims.jti, claims.exp)
                .map_err(|error| refusal::used(&error))?;
            job
        }
        Some(Credential::ResumeToken(token)) => {
            check_resume_token(node, &token, Some(id), certificate)?;
            let job = job_of(node, id, Code::NotFound, "job_gone")?;
            take_manifest(node, &job, manifest.as_ref())?;
            job
        }
    };
    let missing = if job.record().phase.may_lack_data() {
        job.missing_chunks()
    } else {
        Some(Vec::new())
    };
    let missing_chunks = missing.ok_or_else(|| {
        refuse(
            Code::FailedPrecondition,
            "no_manifest",
            "the first session needs the dataset's manifest",
        )
    })?;
    tracing::info!(job = %id, missing = missing_chunks.len(), "an engine has opened a session");
    Ok(Response::new(OpenSessionResponse {
        resume_token: resume_token(node, id, certificate),
        phase: job.phase().into(),
        missing_chunks,
        last_seq: job.last_seq(),
    }))
}

/// The job that a call with a resume token is about.
pub(super) fn authorize<T>(node: &Node, request: &Request<T>) -> Result<Arc<Job>, Status> {
    let certificate = certificate_of(request)?;
    let header = request.metadata().get("authorization");
    let token = header
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
        .ok_or_else(|| {
            let message = "send the session's resume token as `authorization: Bearer ...`";
            refuse(Code::Unauthenticated, "token_missing", message)
        })?;
    let claims = check_resume_token(node, token, None, certificate)?;
    job_of(node, claims.job, Code::NotFound, "job_gone")
}

fn certificate_of<T>(request: &Request<T>) -> Result<Fingerprint, Status> {
    let peer = request.extensions().get::<Peer>();
    peer.map(|peer| peer.fingerprint).ok_or_else(|| {
        refuse(
            Code::Unauthenticated,
            "no_certificate",
            "connect with a client certificate",
        )
    })
}

fn job_of(node: &Node, id: JobId, code: Code, machine: &'static str) -> Result<Arc<Job>, Status> {
    node.jobs.get(id).ok_or_else(|| {
        let message = match code {
            Code::Unavailable => {
                "the coordinator has not told this node of the job yet; try again in a moment"
            }
            _ => "this node does not hold the job (any more)",
        };
        refuse(code, machine, message)
    })
}

/// Checks the token against the chain's coordinator, this connection and this
/// node, then its escrow on the chain.
async fn check_job_token(
    node: &Node,
    token: &str,
    id: JobId,
    certificate: Fingerprint,
) -> Result<JobClaims, Status> {
    let config = node
        .ledger
        .escrow_config()
        .await
        .map_err(|e| refusal::chain(&e))?;
    let claims = TokenVerifier::new(config.coordinator)
        .job(token, node.identity.address(), certificate)
        .map_err(|error| refusal::token(&error))?;
    if claims.job != id {
        return Err(refusal::token(&TokenError::Job));
    }
    if !is_own_certificate(node, claims.node_cert).await? {
        let message = "the token names another certificate of this node; ask for a new one";
        return Err(refuse(
            Code::Unauthenticated,
            "token_wrong_node_certificate",
            message,
        ));
    }
    let escrow = node.ledger.escrow(claims.escrow).await;
    let escrow = escrow.map_err(|error| refusal::chain(&error))?;
    check_escrow(node, &claims, escrow.as_ref())?;
    Ok(claims)
}

/// Whether a token that names this certificate means this node: it is the one shown here, or one of
/// them replaces the other just now.
async fn is_own_certificate(node: &Node, named: Fingerprint) -> Result<bool, Status> {
    let shown = node.identity.fingerprint();
    if named == shown {
        return Ok(true);
    }
    let account = node.ledger.node().await.map_err(|e| refusal::chain(&e))?;
    let now = node.ledger.unix_time().await;
    let now = now.map_err(|error| refusal::chain(&error))?;
    Ok(account.is_some_and(|account| account.accepts(named, now) && account.accepts(shown, now)))
}

fn check_escrow(
    node: &Node,
    claims: &JobClaims,
    escrow: Option<&EscrowAccount>,
) -> Result<(), Status> {
    let wrong = |machine, what: &str| {
        let message = format!("the escrow {} {what}", claims.escrow);
        refuse(Code::PermissionDenied, machine, message)
    };
    let escrow = escrow.ok_or_else(|| wrong("escrow_missing", "does not exist"))?;
    if escrow.job_id != claims.job {
        return Err(wrong("escrow_wrong_job", "is that of another job"));
    }
    if escrow.user != claims.sub {
        return Err(wrong("escrow_wrong_user", "belongs to another user"));
    }
    if escrow.spec_hash != claims.spec {
        return Err(wrong("escrow_wrong_spec", "is for another spec"));
    }
    if escrow.state == EscrowState::Open {
        let message = "the chain does not name this node yet; try again in a moment";
        return Err(refuse(Code::Unavailable, "assignment_pending", message));
    }
    if escrow.node != Some(node.identity.address()) {
        return Err(wrong("escrow_wrong_node", "names another node"));
    }
    if escrow.state.is_settled() {
        return Err(wrong("escrow_settled", "is settled"));
    }
    Ok(())
}

fn check_resume_token(
    node: &Node,
    token: &str,
    job: Option<JobId>,
    certificate: Fingerprint,
) -> Result<ResumeClaims, Status> {
    let claims = node
        .identity
        .own_tokens()
        .resume(token, certificate)
        .map_err(|error| refusal::token(&error))?;
    match job {
        Some(job) if job != claims.job => Err(refusal::token(&TokenError::Job)),
        _ => Ok(claims),
    }
}

fn resume_token(node: &Node, job: JobId, certificate: Fingerprint) -> String {
    let own = node.identity.address();
    node.identity.tokens.sign(&ResumeClaims {
        iss: Purpose::Resume.issuer(own),
        aud: own,
        job,
        cnf: Confirmation::of(certificate),
        exp: Utc::now().timestamp() + RESUME_SECONDS,
    })
}

fn read_manifest(message: Manifest) -> Result<dataset::Manifest, Status> {
    let hashes: Result<Vec<Digest>, _> = message
        .hashes
        .iter()
        .map(|h| Digest::from_slice(h))
        .collect();
    let hashes = hashes.map_err(|error| refusal::malformed(&error))?;
    dataset::Manifest::new(message.bytes, message.chunk_bytes, hashes)
        .map_err(|error| refusal::manifest(&error))
}

fn take_manifest(
    node: &Node,
    job: &Job,
    manifest: Option<&dataset::Manifest>,
) -> Result<(), Status> {
    let Some(manifest) = manifest else {
        return Ok(());
    };
    job.set_manifest(manifest, node.settings.limits.dataset_mib)
        .map_err(|error| refusal::job(&error))
}

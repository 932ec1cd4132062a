//! A fresh job token for a job that is assigned.

use chrono::Utc;
use cyxwiz_chain::EscrowState;
use cyxwiz_domain::{Address, Digest, JobId};
use cyxwiz_pki::token::{Confirmation, JobClaims, Purpose};
use cyxwiz_proto::job::v1::{IssueJobTokenRequest, IssueJobTokenResponse};
use uuid::Uuid;

use crate::{
    app::{App, seconds},
    db,
    error::Error,
};

pub async fn issue(
    app: &App,
    user: Address,
    request: IssueJobTokenRequest,
) -> Result<IssueJobTokenResponse, Error> {
    let id = JobId::from_slice(&request.job_id)?;
    let certificate = Digest::from_slice(&request.client_certificate_sha256)?;
    let job = db::jobs::get_of(&app.pool, id, user).await?;
    // The chain says who the node is and what its key is; nothing here does.
    let escrow = app.chain.escrow(job.submission.escrow).await?;
    let assigned = escrow.filter(|escrow| {
        // A result that awaits acceptance can still be fetched.
        matches!(
            escrow.state,
            EscrowState::Assigned | EscrowState::Submitted | EscrowState::Disputed
        )
    });
    let (escrow, owner) = assigned
        .and_then(|escrow| escrow.node.map(|node| (escrow, node)))
        .ok_or(Error::JobState {
            state: job.state,
            needed: "a job token needs one that the chain has assigned to a node",
        })?;
    let node = app
        .chain
        .node(owner)
        .await?
        .ok_or(Error::NodeUnregistered)?;
    let now = Utc::now().timestamp();
    let expires_at = now + seconds(app.settings.auth.job_token_ttl);
    let claims = JobClaims {
        iss: Purpose::Job.issuer(app.tokens.address()),
        sub: user,
        aud: owner,
        job: id,
        escrow: escrow.address,
        spec: escrow.spec_hash,
        cnf: Confirmation::of(certificate),
        node_cert: node.fingerprint_at(app.chain.unix_time().await?),
        jti: Uuid::new_v4(),
        exp: expires_at,
        iat: now,
    };
    Ok(IssueJobTokenResponse {
        job_token: app.tokens.sign(&claims),
        expires_at,
    })
}

//! `cyxwiz job dispute`.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

use cyxwiz_chain::{EscrowAccount, EscrowState, instructions::escrow::open_dispute};
use cyxwiz_domain::{Digest, JobId};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::{
    engine::Engine,
    error::{Error, Result},
    flow::price::covers,
    printer::utc,
};

/// Disputes a delivered job for a bond out of the wallet. `evidence` is hashed; without any, the hash
/// on the chain is zero, which says so.
///
/// # Errors
/// [`Error::Refused`] where there is nothing to dispute (any more), [`Error::AmountAboveBalance`] for a
/// wallet that does not hold the bond, [`Error::File`] for evidence that cannot be read.
pub async fn run(engine: &Engine, job: JobId, evidence: Option<PathBuf>) -> Result<()> {
    let digest = evidence.as_deref().map(hash).transpose()?;
    let escrow = engine.funded_escrow(job).await?;
    check(&escrow, engine.chain.unix_time().await?)?;
    let config = engine.chain.escrow_config().await?;
    let bond = config
        .dispute_bond(escrow.amount)
        .ok_or_else(|| Error::Protocol {
            who: "the chain",
            problem: format!("a job of {} CYXWIZ has no bond", escrow.amount),
        })?;
    let user = engine.user();
    let balance = engine.chain.token_balance(user, escrow.mint).await?;
    covers("the bond of the dispute is", bond, balance, user)?;

    let instruction = open_dispute(&escrow, digest.unwrap_or_default());
    let signature = engine
        .chain
        .execute(&[instruction], &engine.signer, &[])
        .await?;
    let disputed = engine.funded_escrow(job).await?;
    let (authority, ends_at) = (config.dispute_authority, disputed.dispute_ends_at);
    let value = json!({
        "job_id": job, "escrow": escrow.address, "bond": bond.0, "evidence_sha256": digest,
        "dispute_authority": authority, "dispute_ends_at": ends_at, "signature": signature,
    });
    engine.printer.result(&value, || {
        format!(
            "job {job} is disputed, for a bond of {bond} CYXWIZ that the node gets if it is right: transaction {signature}\n\
             {authority} decides about escrow {} until {}",
            escrow.address,
            utc(ends_at)
        )
    });
    if let (Some(path), Some(digest)) = (evidence, digest) {
        engine.printer.note(format_args!(
            "keep {} as it is, and send it to the authority: its SHA-256 {digest} is on the chain",
            path.display()
        ));
    }
    Ok(())
}

/// Says why the chain would refuse a dispute at `now`; the chain decides all the same.
///
/// # Errors
/// [`Error::Refused`].
pub fn check(escrow: &EscrowAccount, now: i64) -> Result<()> {
    let job = escrow.job_id;
    let refused = |why: String| {
        let message = format!("job {job} {why}");
        Err(Error::would_refuse("dispute", "not_disputable", message))
    };
    match escrow.state {
        EscrowState::Submitted if now < escrow.release_at => Ok(()),
        EscrowState::Submitted if escrow.release_at <= escrow.submitted_at => {
            refused("was done by a node of the Diamond tier, whose results are final".into())
        }
        EscrowState::Submitted => refused(format!(
            "could be disputed until {}: what may be released may not be disputed any more",
            utc(escrow.release_at)
        )),
        EscrowState::Open | EscrowState::Assigned => refused(format!(
            "is not delivered: there is nothing to dispute yet, and `cyxwiz job cancel {job}` stops it"
        )),
        EscrowState::Cancelling => refused("is being cancelled already".into()),
        EscrowState::Disputed => refused(format!(
            "is disputed already, until {}",
            utc(escrow.dispute_ends_at)
        )),
        settled => refused(format!("is settled: {}", settled.job_state())),
    }
}

/// SHA-256 of the file, however large.
fn hash(path: &Path) -> Result<Digest> {
    let unread = || Error::file("evidence", path);
    let mut file = File::open(path).map_err(unread())?;
    let mut hasher = Sha256::new();
    io::copy(&mut file, &mut hasher).map_err(unread())?;
    Ok(Digest(hasher.finalize().into()))
}

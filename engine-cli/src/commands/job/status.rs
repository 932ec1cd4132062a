//! `cyxwiz job status`.

use cyxwiz_chain::{EscrowAccount, EscrowState, TranscriptAccount};
use cyxwiz_domain::{Amount, JobId};
use serde_json::json;

use super::{next::next, view::JobView};
use crate::{
    engine::Engine,
    error::{Error, Result},
    flow::{ending::Ending, journal, proof::stage_words},
    printer::{table, utc},
};

/// Shows a job as the coordinator and the chain have it.
///
/// # Errors
/// [`Error::UnknownJob`] where neither knows it.
pub async fn run(engine: &Engine, job: JobId) -> Result<()> {
    let escrow = engine.escrow(job).await?;
    // The chain's word is enough when the coordinator is away.
    let view = match engine.coordinator.job(job).await {
        Ok(found) => Some(JobView::try_from(&found)?),
        Err(Error::Refused { .. }) if escrow.is_none() => return Err(Error::UnknownJob(job)),
        Err(error) if escrow.is_none() => return Err(error),
        Err(error) => {
            engine
                .printer
                .warn(format_args!("{error}; showing the chain's view only"));
            None
        }
    };
    let next = match &escrow {
        Some(escrow) if !escrow.state.is_settled() => {
            let authority = engine.chain.escrow_config().await?.dispute_authority;
            next(escrow, authority, engine.chain.unix_time().await?)
        }
        _ => None,
    };
    let transcript = match &escrow {
        Some(escrow) if escrow.verification.tier.is_proven() => {
            engine.chain.transcript(escrow.address).await?
        }
        _ => None,
    };
    // Known only where the job was begun.
    let journal = journal::read(&engine.settings.data_dir, job).ok();
    let reason = journal.and_then(|journal| journal.given_up);
    let value = json!({
        "job": view, "escrow": escrow.as_ref().map(escrow_json),
        "proof": transcript.as_ref().map(transcript_json), "next": next,
        "reason": reason,
    });
    engine.printer.result(&value, || {
        let mut rows = table(&["job", &job.to_string()]);
        if let Some(view) = &view {
            rows.add_row(["name", &view.name]);
            rows.add_row(["state", view.standing()]);
            rows.add_row(["epochs", &view.progress()]);
            rows.add_row(["price", &view.price()]);
            rows.add_row(["created", &view.created()]);
            let node = view.node.map_or("-".to_owned(), |node| node.to_string());
            rows.add_row(["node", &node]);
            if !view.message.is_empty() {
                rows.add_row(["message", &view.message]);
            }
        }
        if let Some(escrow) = &escrow {
            rows.add_row(["escrow", &escrow.address.to_string()]);
            let ending = Ending::new(escrow, None);
            let state = match ending.is_handed_back() {
                true => "refunded: its node handed the job back",
                false => escrow.state.job_state().as_str(),
            };
            rows.add_row(["on the chain", state]);
            if let Some(reason) = &reason {
                rows.add_row(["reason", reason]);
            }
            rows.add_row([
                "receipt",
                &format!("{} seen, {} held", escrow.receipt_seen, escrow.receipt_held),
            ]);
            rows.add_row(["paid", &paid(escrow)]);
            if escrow.state == EscrowState::Disputed {
                rows.add_row(["disputed until", &utc(escrow.dispute_ends_at)]);
                rows.add_row(["bond", &format!("{} CYXWIZ", escrow.bond)]);
            }
        }
        if let Some(transcript) = &transcript {
            rows.add_row(["proof", stage_words(transcript.stage)]);
        }
        if let Some(next) = &next {
            rows.add_row(["next", next]);
        }
        rows.trim_fmt()
    });
    Ok(())
}

/// Who got what, for people.
pub(in crate::commands) fn paid(escrow: &EscrowAccount) -> String {
    format!(
        "{} to the node, {} to the platform, {} back, of {}",
        escrow.paid_node, escrow.paid_platform, escrow.paid_user, escrow.amount
    )
}

fn escrow_json(escrow: &EscrowAccount) -> serde_json::Value {
    let units = |amount: Amount| amount.0;
    json!({
        "address": escrow.address,
        "state": escrow.state,
        "node": escrow.node,
        "amount": units(escrow.amount),
        "paid_node": units(escrow.paid_node),
        "paid_user": units(escrow.paid_user),
        "paid_platform": units(escrow.paid_platform),
        "receipt_seen": escrow.receipt_seen,
        "receipt_held": escrow.receipt_held,
        "deadline": escrow.deadline,
        "release_at": escrow.release_at,
        "bond": units(escrow.bond),
        "dispute_ends_at": escrow.dispute_ends_at,
        "tier": escrow.verification.tier,
        "weights_sha256": escrow.weights_hash,
        "seq": escrow.seq,
        "slot": escrow.slot,
    })
}

fn transcript_json(transcript: &TranscriptAccount) -> serde_json::Value {
    json!({
        "address": transcript.address,
        "stage": transcript.stage,
        "circuit": transcript.circuit,
        "samples": transcript.samples,
        "epochs": transcript.epochs,
        "root": transcript.root,
        "trained": transcript.trained,
        "verified_at": transcript.verified_at,
        "seq": transcript.seq,
    })
}

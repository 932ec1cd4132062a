//! `cyxwiz job status`.

use cyxwiz_chain::{EscrowAccount, EscrowState, TranscriptAccount, TranscriptStage};
use cyxwiz_domain::{Amount, JobId};
use serde_json::json;

use super::{next::next, proven::ProofStanding, view::JobView};
use crate::{
    engine::Engine,
    error::{Error, Result},
    flow::{ending::Ending, journal},
    printer::{facts, utc},
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
    let plan = journal.as_ref().and_then(|journal| journal.proof.as_ref());
    let state = view.as_ref().map(|view| view.state);
    let standing = ProofStanding::of(transcript.as_ref(), escrow.as_ref(), plan, state);
    let reason = journal
        .as_ref()
        .and_then(|journal| journal.given_up.clone());
    let value = json!({
        "job": view, "escrow": escrow.as_ref().map(escrow_json),
        "proof": standing.map(|standing| proof_json(standing, transcript.as_ref())), "next": next,
        "reason": reason,
    });
    engine.printer.result(&value, || {
        let mut rows = Vec::new();
        let mut row = |name: &str, text: String| rows.push([name.to_owned(), text]);
        if let Some(view) = &view {
            row("name", view.name.clone());
            row("state", view.standing().to_owned());
            row("epochs", view.progress());
            row("price", view.price());
            row("created", view.created());
            row(
                "node",
                view.node.map_or("-".to_owned(), |node| node.to_string()),
            );
            if !view.message.is_empty() {
                row("message", view.message.clone());
            }
        }
        if let Some(escrow) = &escrow {
            row("escrow", escrow.address.to_string());
            let ending = Ending::new(escrow, None);
            let state = match ending.is_handed_back() {
                true => "refunded: its node handed the job back",
                false => escrow.state.job_state().as_str(),
            };
            row("on the chain", state.to_owned());
            if let Some(reason) = reason {
                row("reason", reason);
            }
            let (seen, held) = (escrow.receipt_seen, escrow.receipt_held);
            row("receipt", format!("{seen} seen, {held} held"));
            row("paid", paid(escrow));
            if escrow.state == EscrowState::Disputed {
                row("disputed until", utc(escrow.dispute_ends_at));
                row("bond", format!("{} CYXWIZ", escrow.bond));
            }
        }
        if let Some(standing) = standing {
            row("proof", standing.words());
        }
        if let Some(next) = next {
            row("next", next);
        }
        facts(["job", &job.to_string()], &rows)
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

/// Where a proof stands, with what its transcript says while that is there.
fn proof_json(
    standing: ProofStanding,
    transcript: Option<&TranscriptAccount>,
) -> serde_json::Value {
    let mut value = json!({
        "stage": standing.stage,
        "circuit_name": standing.circuit,
        "insecure_dev_key": standing.insecure_dev_key,
        "verified": standing.stage == TranscriptStage::Verified,
        "paid": standing.paid,
    });
    if let Some(transcript) = transcript {
        value["address"] = json!(transcript.address);
        value["circuit"] = json!(transcript.circuit);
        value["samples"] = json!(transcript.samples);
        value["epochs"] = json!(transcript.epochs);
        value["root"] = json!(transcript.root);
        value["trained"] = json!(transcript.trained);
        value["verified_at"] = json!(transcript.verified_at);
        value["seq"] = json!(transcript.seq);
    }
    value
}

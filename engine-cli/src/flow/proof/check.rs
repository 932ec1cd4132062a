//! Whether what was verified on the chain is what this user ordered, saw and received.

use cyxwiz_chain::{EscrowAccount, TranscriptAccount, TranscriptStage};
use cyxwiz_domain::{
    Digest, JobId,
    spec::{JobSpec, VerificationTier},
};
use cyxwiz_proof::job::{heads_root, trained_commitment};

use super::{Committed, ProofPlan, Received};
use crate::{
    error::{Error, Result},
    flow::journal::Weights,
};

/// Compares the verified transcript of `escrow` with the plan and with the heads of all epochs as they were
/// seen. The weights are another matter ([`check_weights`]).
///
/// # Errors
/// What does not fit, for people.
pub fn check(
    transcript: &TranscriptAccount,
    escrow: &EscrowAccount,
    plan: &ProofPlan,
    heads: &[Digest],
) -> Result<(), String> {
    if !transcript.belongs_to(escrow) || transcript.node != escrow.node {
        return Err("the transcript on the chain is of another job or another node".into());
    }
    let ordered = (plan.circuit, plan.dataset, plan.initial, plan.rate);
    let (dataset, initial) = (transcript.dataset, transcript.initial);
    if (transcript.circuit, dataset, initial, transcript.rate) != ordered {
        return Err(
            "the transcript on the chain is about other data, weights or rules than ordered".into(),
        );
    }
    if transcript.stage != TranscriptStage::Verified {
        return Err(format!(
            "its proof is not verified on the chain, but {}",
            stage_words(transcript.stage)
        ));
    }
    check_root(transcript.root, plan, heads)
}

/// Whether the node has committed to the heads that it had streamed.
///
/// # Errors
/// As [`check`].
pub fn check_root(root: Digest, plan: &ProofPlan, heads: &[Digest]) -> Result<(), String> {
    let circuit = plan.registered().map_err(|error| error.to_string())?;
    let words: Vec<_> = heads.iter().map(|head| head.0).collect();
    let seen = heads_root(&circuit.circuit, &words).map_err(|error| error.to_string())?;
    if root.0 != seen {
        return Err(format!(
            "it has committed to the transcript {root}, but the epochs seen make it {}",
            Digest(seen)
        ));
    }
    Ok(())
}

/// Whether the transcript that came with the weights is the one that the chain was told of. Of training in
/// floats the end was compared with the weights when it came.
///
/// # Errors
/// As [`check`].
pub fn check_received(committed: &Committed, received: &Received) -> Result<(), String> {
    let shown = received.leaves_hash;
    if let Some(told) = committed.leaves_hash
        && told != shown
    {
        return Err(format!(
            "it has committed to steps with the hash {told}, but those that it shows have {shown}"
        ));
    }
    let (told, shown) = (committed.trained, received.trained);
    if told != shown {
        return Err(format!(
            "its proof speaks of weights with the commitment {told}, but its transcript ends with {shown}"
        ));
    }
    Ok(())
}

/// Whether the job trains in integers, so that anyone can commit to its weights again.
pub fn is_in_integers(spec: &JobSpec) -> bool {
    let tier = spec.verification.as_ref().map(|v| v.tier);
    tier == Some(VerificationTier::ZkExact)
}

/// Whether these `weights` are those that the proof of a job speaks of. Only training in integers has weights that
/// anyone can commit to again; in other jobs the transcript is compared with them
/// ([`Expected::check`](super::Expected::check)).
///
/// # Errors
/// [`Error::Dishonest`]; [`Error::Content`] for a file that is gone or was changed since it came.
pub fn check_weights(job: JobId, spec: &JobSpec, trained: Digest, weights: &Weights) -> Result<()> {
    if !is_in_integers(spec) {
        return Ok(());
    }
    let lost = |problem: String| {
        let problem = format!("{problem}; `cyxwiz job watch {job}` fetches them again");
        Error::content("weights", &weights.path, problem)
    };
    let file = std::fs::read(&weights.path)
        .map_err(|error| lost(format!("cannot be read any more ({error})")))?;
    if Digest::of(&file) != weights.sha256 {
        return Err(lost("were changed since they came".into()));
    }
    let received = trained_commitment(spec, &file)
        .map_err(|error| Error::dishonest(job, &error.to_string()))?;
    if received != trained.0 {
        let problem = format!(
            "its proof speaks of weights with the commitment {trained}, but those received have {}",
            Digest(received)
        );
        return Err(Error::dishonest(job, &problem));
    }
    Ok(())
}

/// Where a proof stands, in a word or two.
pub fn stage_name(stage: TranscriptStage) -> &'static str {
    match stage {
        TranscriptStage::Opened => "opened",
        TranscriptStage::Committed => "committed",
        TranscriptStage::Revealed => "revealed",
        TranscriptStage::Verified => "verified",
        TranscriptStage::FullAudit => "full audit",
        TranscriptStage::Refuted => "refuted",
    }
}

/// A stage for people, as the end of a sentence.
pub fn stage_words(stage: TranscriptStage) -> &'static str {
    match stage {
        TranscriptStage::Opened => "opened: the node has not committed to its work yet",
        TranscriptStage::Committed => {
            "committed: the challenge is drawn when the chain's randomness is there"
        }
        TranscriptStage::Revealed => "revealed: the challenge is drawn and the node proves",
        TranscriptStage::Verified => "verified on-chain",
        TranscriptStage::FullAudit => {
            "lost: nobody drew the challenge in time, so no proof can be made and nothing is paid for"
        }
        TranscriptStage::Refuted => {
            "refuted: the node signed a false proof; you get everything back and it loses stake"
        }
    }
}

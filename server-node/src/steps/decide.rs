//! What to do next about a job: a pure function of what the node holds, what the
//! chain says, and the chain's clock.

mod proof;

use cyxwiz_chain::{EscrowAccount, EscrowState, TranscriptAccount, TranscriptStage};
use cyxwiz_domain::Address;

use crate::jobs::{Local, Phase, adds_to};

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Nothing now; look again later.
    Wait,
    /// Start a trainer.
    Train,
    /// Kill the trainer: what it does is worth nothing any more.
    StopTraining,
    /// The user's stop was not followed by a cancellation: go on as before it.
    GoOn,
    /// Anchor the checkpoint of this epoch.
    Anchor(u32),
    /// Show a receipt that says more than the chain knows.
    PresentReceipt,
    /// Put on the chain what the training came to, before anyone knows what will be asked about it.
    Commit,
    /// Have the challenge drawn.
    Reveal,
    /// Make the proof.
    Prove,
    /// Have the proof verified by the chain.
    Verify,
    /// The chain says that this node's proof shows nothing: it is for others to end the job.
    Concede,
    /// Put the completion on the chain.
    Submit,
    /// Note that the completion is on the chain.
    NoteSubmitted,
    /// Split the cancelled job.
    SettleCancel,
    /// Hand the job back for this reason: nobody is paid, and nobody is to blame.
    Decline(GiveUp),
    /// Give the job up for this reason, which counts as a failure.
    Fail(GiveUp),
    /// Take the payment that nobody has accepted in time.
    Release,
    /// Note that the money has moved.
    NoteSettled,
}

/// Why a job is handed back or given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GiveUp {
    /// This node cannot do it, or the training cannot go on: the job's record says why.
    Failed,
    /// The user has not sent all of the dataset in time.
    NoData,
    /// The deadline is so near that only giving up avoids the slash.
    Deadline,
    /// Nobody asked for the challenge in time, so that no proof can be made any more.
    NoChallenge,
    /// The memory that the proof takes has not come free in time.
    NoMemory,
}

impl GiveUp {
    /// The reason for people, where the job itself does not know it yet.
    pub fn message(self) -> Option<&'static str> {
        match self {
            Self::Failed => None,
            Self::NoData => Some("the dataset did not arrive in time"),
            Self::Deadline => Some("the deadline is too near to finish the job"),
            Self::NoChallenge => Some(
                "the hash that the proof's challenge needs is no longer on the chain, so there can be no proof",
            ),
            Self::NoMemory => Some(
                "this machine has not had the memory free that the proof takes; its operator has to free some",
            ),
        }
    }
}

/// What the chain says, all of it read at about the same time.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The escrow; `None` when the account is gone, which happens only after settlement.
    pub escrow: Option<&'a EscrowAccount>,
    /// The transcript of a job with a proof, where it matters.
    pub transcript: Option<&'a TranscriptAccount>,
    /// The chain's clock, Unix seconds.
    pub now: i64,
}

/// What the operator decided, and what the machine allows.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    /// This node's owner.
    pub node: Address,
    /// Epochs between anchors.
    pub anchor_every: u32,
    /// Seconds that a stop holds without a cancellation.
    pub stop_grace: i64,
    /// Seconds from the assignment within which the dataset must be here.
    pub upload_timeout: i64,
    /// Seconds that challenge and proof may take.
    pub proof_allowance: i64,
    /// Whether the memory that the job's proof takes is not free now.
    pub lacks_memory: bool,
    /// Whether jobs may be handed back at all: not where the chain has refused it again and again.
    pub declines: bool,
}

/// Decides.
pub fn next_step(local: &Local, view: &View<'_>, policy: &Policy) -> Action {
    let now = view.now;
    if local.phase == Phase::Settled {
        return Action::Wait;
    }
    let escrow = match view.escrow {
        Some(escrow) if !escrow.state.is_settled() && escrow.node == Some(policy.node) => escrow,
        _ if local.training => return Action::StopTraining,
        _ => return Action::NoteSettled,
    };
    match escrow.state {
        EscrowState::Cancelling if local.training => Action::StopTraining,
        EscrowState::Cancelling if has_higher_receipt(local, escrow) => Action::PresentReceipt,
        EscrowState::Cancelling => Action::SettleCancel,
        EscrowState::Submitted if local.phase != Phase::Submitted => Action::NoteSubmitted,
        EscrowState::Submitted if now >= escrow.release_at => Action::Release,
        EscrowState::Submitted => Action::Wait,
        // Undecided, it is split by what the receipts show as held.
        EscrowState::Disputed if has_higher_receipt(local, escrow) => Action::PresentReceipt,
        EscrowState::Disputed => Action::Wait,
        EscrowState::Assigned if now > escrow.deadline => overdue(local, escrow, view, policy),
        EscrowState::Assigned => assigned(local, escrow, view, policy),
        // Not possible for an escrow that names a node.
        _ => Action::Wait,
    }
}

fn assigned(local: &Local, escrow: &EscrowAccount, view: &View<'_>, policy: &Policy) -> Action {
    let now = view.now;
    match local.phase {
        // On the chain the completion is not: it never landed.
        Phase::Trained | Phase::Proving | Phase::Submitted => {
            return match escrow.verification.tier.is_proven() {
                true => proof::next(local, escrow, view, policy),
                false => Action::Submit,
            };
        }
        Phase::Failed if local.training => return Action::StopTraining,
        // The chain refuses to let this node give up; anyone may end the job.
        Phase::Failed if is_at(view.transcript, TranscriptStage::Refuted) => return Action::Wait,
        Phase::Failed if receipt_pays(local, escrow) => return Action::PresentReceipt,
        Phase::Failed => return give_up(GiveUp::Failed, local, escrow, view, policy),
        _ => {}
    }
    if now >= escrow.deadline - give_up_margin(escrow) {
        return if local.training {
            Action::StopTraining
        } else if receipt_pays(local, escrow) {
            Action::PresentReceipt
        } else {
            match local.phase {
                Phase::AwaitingData => give_up(GiveUp::NoData, local, escrow, view, policy),
                // Too slow: that is this node's doing.
                _ => Action::Fail(GiveUp::Deadline),
            }
        };
    }
    let anchored = local.epochs_done - local.epochs_done % policy.anchor_every.max(1);
    match local.phase {
        Phase::AwaitingData if lacks_data(escrow, view, policy) => Action::Decline(GiveUp::NoData),
        Phase::Stopped if now >= held_until(local, escrow, policy) => Action::GoOn,
        Phase::Training if !local.training => Action::Train,
        Phase::Training if anchored > escrow.checkpoint_epoch => Action::Anchor(anchored),
        _ => Action::Wait,
    }
}

/// The deadline has passed: anyone may end the job, and the user pays for what a
/// receipt shows as held. Only what is nobody's fault can still be handed back.
fn overdue(local: &Local, escrow: &EscrowAccount, view: &View<'_>, policy: &Policy) -> Action {
    if local.training {
        Action::StopTraining
    } else if receipt_pays(local, escrow) {
        Action::PresentReceipt
    } else if is_at(view.transcript, TranscriptStage::FullAudit)
        && can_hand_back(escrow, view, policy)
    {
        Action::Decline(GiveUp::NoChallenge)
    } else {
        Action::Wait
    }
}

/// The end of a job that will not be done: handed back while the chain allows it, else given up. Where
/// the user has signed for epochs that it holds, the node is paid for them by giving up alone.
fn give_up(
    why: GiveUp,
    local: &Local,
    escrow: &EscrowAccount,
    view: &View<'_>,
    policy: &Policy,
) -> Action {
    match !is_earning(local, escrow) && can_hand_back(escrow, view, policy) {
        true => Action::Decline(why),
        false => Action::Fail(why),
    }
}

/// Whether the chain lets this node hand the job back, and still will when the transaction lands.
fn can_hand_back(escrow: &EscrowAccount, view: &View<'_>, policy: &Policy) -> bool {
    let stage = view.transcript.map(|transcript| transcript.stage);
    let landed = view.now + give_up_margin(escrow) / 2;
    policy.declines && escrow.can_be_declined(stage, landed)
}

/// Whether the user had its time to send the data, and the node can still leave without blame. Where it
/// cannot it waits: a failure is early enough shortly before the deadline.
fn lacks_data(escrow: &EscrowAccount, view: &View<'_>, policy: &Policy) -> bool {
    view.now >= data_due(escrow, policy.upload_timeout) && can_hand_back(escrow, view, policy)
}

/// When the dataset must be here: `upload_timeout` seconds from the assignment, and before half of the job's
/// time is over, so that it can be trained on in time.
fn data_due(escrow: &EscrowAccount, upload_timeout: i64) -> i64 {
    let half = i64::from(escrow.timeout_seconds / 2) - give_up_margin(escrow);
    escrow.assigned_at.saturating_add(half.min(upload_timeout))
}

/// When a stop ends that no cancellation followed. One before the data are due does not put them off: later the
/// job could not be handed back without them.
fn held_until(local: &Local, escrow: &EscrowAccount, policy: &Policy) -> i64 {
    let due = data_due(escrow, policy.upload_timeout);
    match local.stopped_at {
        None => i64::MIN,
        Some(at) if at < due => due.min(at + policy.stop_grace),
        Some(at) => at + policy.stop_grace,
    }
}

/// Seconds that are left to train and prove a job if its data come as late as they may, and that would be needed.
pub fn time_to_prove(escrow: &EscrowAccount, policy: &Policy) -> (i64, i64) {
    let due = data_due(escrow, policy.upload_timeout);
    let left = escrow.deadline - give_up_margin(escrow) - due;
    let work = f64::from(escrow.estimated_seconds) + policy.proof_allowance as f64;
    (left, with_slack(work).ceil() as i64)
}

/// Seconds before the deadline at which an unfinished job is given up: a failure
/// on record costs less than a slash.
pub fn give_up_margin(escrow: &EscrowAccount) -> i64 {
    i64::from(escrow.timeout_seconds / 20).clamp(5, 60)
}

/// Whether training must no longer wait for anyone if it is to end in time, given
/// the seconds it still needs.
pub fn is_hurried(escrow: &EscrowAccount, now: i64, seconds_needed: f64) -> bool {
    let left = escrow.deadline - give_up_margin(escrow) - now;
    (left as f64) < with_slack(seconds_needed)
}

fn with_slack(seconds: f64) -> f64 {
    seconds * 1.5 + 10.0
}

/// Whether receipts make an unfinished job pay, which is by the epochs held. Where a proof is asked for,
/// none do.
fn is_earning(local: &Local, escrow: &EscrowAccount) -> bool {
    let (_, held) = local.receipt;
    !escrow.verification.tier.is_proven() && held > 0
}

/// Whether a receipt raises what an unfinished job pays.
fn receipt_pays(local: &Local, escrow: &EscrowAccount) -> bool {
    let (_, held) = local.receipt;
    is_earning(local, escrow) && held > escrow.receipt_held
}

fn is_at(transcript: Option<&TranscriptAccount>, stage: TranscriptStage) -> bool {
    transcript.is_some_and(|transcript| transcript.stage == stage)
}

fn has_higher_receipt(local: &Local, escrow: &EscrowAccount) -> bool {
    adds_to(local.receipt, (escrow.receipt_seen, escrow.receipt_held))
}

#[cfg(test)]
pub(crate) mod tests;

//! Which of the model's reasons a program's refusal stands for.

use cyxwiz_tests_model::Reason;
use job_escrow::EscrowError as Escrow;
use node_registry::RegistryError as Registry;
use solana_instruction::error::InstructionError;
use solana_transaction_error::TransactionError;
use training_proof::ProofError as Proof;

use crate::world::Sent;

/// The reason that a refusal gives; `None` for an accepted transaction, and for errors that no party may
/// ever see.
pub fn class(sent: &Sent) -> Option<Reason> {
    let failed = sent.as_ref().err()?;
    let TransactionError::InstructionError(_, InstructionError::Custom(code)) = failed.err else {
        return None;
    };
    match code {
        // the system program: an account that is to be created is there already
        0 => Some(Reason::Exists),
        // the token program: not enough of them
        1 => Some(Reason::Funds),
        // Anchor: an account is missing, empty, or another than it must be
        2_000..4_000 => Some(Reason::Missing),
        _ => ours(code),
    }
}

fn ours(code: u32) -> Option<Reason> {
    let escrow = [
        (Escrow::NotCoordinator, Reason::WrongSigner),
        (Escrow::NotEscrowUser, Reason::WrongSigner),
        (Escrow::NotAssignedNode, Reason::WrongSigner),
        (Escrow::NotDisputeAuthority, Reason::WrongSigner),
        (Escrow::Paused, Reason::Paused),
        (Escrow::ZeroAmount, Reason::Argument),
        (Escrow::TimeoutOutOfBounds, Reason::Argument),
        (Escrow::InvalidCheckpoint, Reason::Argument),
        (Escrow::InvalidReceipt, Reason::Argument),
        (Escrow::InvalidVerdict, Reason::Argument),
        (Escrow::WrongState, Reason::WrongState),
        (Escrow::AssignWindowOver, Reason::TooLate),
        (Escrow::DeadlinePassed, Reason::TooLate),
        (Escrow::DisputeTooLate, Reason::TooLate),
        (Escrow::DisputeOver, Reason::TooLate),
        (Escrow::AssignWindowOpen, Reason::TooEarly),
        (Escrow::DeadlineNotPassed, Reason::TooEarly),
        (Escrow::AcceptanceWindowOpen, Reason::TooEarly),
        (Escrow::ReceiptWindowOpen, Reason::TooEarly),
        (Escrow::AuditWindowOpen, Reason::TooEarly),
        (Escrow::TranscriptStage, Reason::Evidence),
        (Escrow::CloseTooEarly, Reason::TooEarly),
        (Escrow::DisputeRunning, Reason::TooEarly),
        (Escrow::StaleReceipt, Reason::Stale),
        (Escrow::NothingToDistribute, Reason::NothingDue),
        (Escrow::MathOverflow, Reason::Overflow),
        (Escrow::OwnNode, Reason::OwnNode),
        (Escrow::DeclineTooLate, Reason::TooLate),
        (Escrow::WorkHeld, Reason::WorkHeld),
        (Escrow::CreatedJustNow, Reason::TooEarly),
    ];
    let registry = [
        (Registry::NotNodeOwner, Reason::WrongSigner),
        (Registry::Paused, Reason::Paused),
        (Registry::ZeroAmount, Reason::Argument),
        (Registry::InsufficientStake, Reason::Stake),
        (Registry::NothingRequested, Reason::NothingDue),
        (Registry::NoReward, Reason::NothingDue),
        (Registry::RewardVaultEmpty, Reason::Funds),
        (Registry::StillLocked, Reason::TooEarly),
        (Registry::Suspended, Reason::Suspended),
        (Registry::Banned, Reason::Banned),
        (Registry::MathOverflow, Reason::Overflow),
        (Registry::PayoutAboveJob, Reason::Insurance),
        (Registry::PayoutAbovePool, Reason::Insurance),
    ];
    let proof = [(Proof::DeadlinePassed, Reason::TooLate)];
    let escrow = escrow.map(|(error, reason)| (u32::from(error), reason));
    let registry = registry.map(|(error, reason)| (u32::from(error), reason));
    let proof = proof.map(|(error, reason)| (u32::from(error), reason));
    let mut known = escrow.into_iter().chain(registry).chain(proof);
    known.find_map(|(known, reason)| (known == code).then_some(reason))
}

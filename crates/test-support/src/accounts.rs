//! Accounts as they are read from a chain that is not there.

use cyxwiz_chain::{
    EscrowAccount, EscrowState, TranscriptAccount, TranscriptStage, Verification, pda,
};
use cyxwiz_domain::{Address, Amount, Digest, JobId};

/// An escrow in `state`: 1 CYXWIZ for 20 epochs without a proof, created at 0. It names no node, and nothing has
/// come of it yet; what a test looks at, it sets itself.
pub fn escrow_account(state: EscrowState) -> EscrowAccount {
    let user = Address([2; 32]);
    EscrowAccount {
        address: Address([1; 32]),
        user,
        node: None,
        job_id: JobId::from_slice(&[1; 16]).expect("16 bytes"),
        mint: Address([3; 32]),
        rent_payer: user,
        state,
        amount: Amount::tokens(1),
        paid_node: Amount::ZERO,
        paid_user: Amount::ZERO,
        paid_platform: Amount::ZERO,
        spec_hash: Digest([4; 32]),
        dataset_root: Digest([5; 32]),
        required_epochs: 20,
        estimated_seconds: 100,
        timeout_seconds: 1_000,
        created_at: 0,
        assigned_at: 0,
        deadline: 0,
        submitted_at: 0,
        release_at: 0,
        cancel_at: 0,
        dispute_ends_at: 0,
        settled_at: 0,
        checkpoint_epoch: 0,
        checkpoint_root: Digest::default(),
        receipt_seen: 0,
        receipt_held: 0,
        receipt_hash: Digest::default(),
        epochs_done: 0,
        training_seconds: 0,
        final_root: Digest::default(),
        weights_hash: Digest::default(),
        fee_bps: 1_000,
        bond: Amount::ZERO,
        verification: Verification::default(),
        seq: 1,
        slot: 1,
    }
}

/// The transcript of `escrow` at `stage`, of the circuit that is pinned there and with nothing that belongs to a
/// stage.
pub fn transcript_account(escrow: &EscrowAccount, stage: TranscriptStage) -> TranscriptAccount {
    let zero = Digest::default();
    TranscriptAccount {
        address: pda::transcript(escrow.address),
        stage,
        samples: escrow.verification.samples,
        escrow: escrow.address,
        escrow_created_at: escrow.created_at,
        node: None,
        circuit: escrow.verification.circuit,
        trained: zero,
        root: zero,
        user: escrow.user,
        rent_payer: escrow.user,
        dataset: zero,
        initial: zero,
        context: zero,
        leaves_hash: zero,
        user_nonce_hash: zero,
        coordinator_nonce_hash: zero,
        user_nonce: None,
        coordinator_nonce: None,
        target_slot: 0,
        commit_slot: 0,
        challenge_seed: zero,
        starts_at: 0,
        ends_at: 0,
        verified_at: 0,
        rate: 0,
        epochs: 0,
        seq: 1,
        slot: 1,
    }
}

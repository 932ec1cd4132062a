//! What unit tests read from a chain that is not there.

use cyxwiz_chain::{
    EscrowAccount, EscrowConfig, EscrowState, Tier, TranscriptAccount, TranscriptStage,
    Verification, pda,
};
use cyxwiz_domain::{Address, Amount, Digest, JobId};

/// An escrow in `state`.
pub fn escrow(state: EscrowState, node: Option<Address>) -> EscrowAccount {
    EscrowAccount {
        address: Address([9; 32]),
        user: Address([8; 32]),
        node,
        job_id: JobId(uuid::Uuid::from_u128(1)),
        mint: Address([7; 32]),
        rent_payer: Address([8; 32]),
        state,
        amount: Amount::tokens(1),
        paid_node: Amount::ZERO,
        paid_user: Amount::ZERO,
        paid_platform: Amount::ZERO,
        spec_hash: Digest([2; 32]),
        dataset_root: Digest([3; 32]),
        required_epochs: 20,
        estimated_seconds: 30,
        timeout_seconds: 600,
        created_at: 1,
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
        verification: Verification {
            tier: Tier::ZkExact,
            samples: 1,
            circuit: Digest([6; 32]),
            runtime_class: Digest::default(),
        },
        seq: 1,
        slot: 1,
    }
}

/// The transcript of [`escrow`], at `stage` and with nothing that belongs to one.
pub fn transcript(stage: TranscriptStage) -> TranscriptAccount {
    let zero = Digest::default();
    let escrow = escrow(EscrowState::Open, None);
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
        rate: 6,
        epochs: 20,
        seq: 1,
        slot: 1,
    }
}

/// A configuration whose token is [`escrow`]'s.
pub fn config() -> EscrowConfig {
    EscrowConfig {
        admin: Address([4; 32]),
        coordinator: Address([5; 32]),
        mint: Address([7; 32]),
        dispute_authority: Address([4; 32]),
        development: Address([4; 32]),
        liquidity: Address([4; 32]),
        paused: false,
        fee_bps: 1_000,
        fee_bps_diamond: 500,
        cancel_fee_bps: 1_000,
        acceptance_seconds: [1; 4],
        assign_window_seconds: 600,
        receipt_window_seconds: 60,
        min_timeout_seconds: 1,
        max_timeout_seconds: 86_400,
        dispute_bond_bps: 500,
        dispute_window_seconds: 86_400,
    }
}

//! What unit tests read from a chain that is not there.

use cyxwiz_chain::{
    EscrowAccount, EscrowConfig, EscrowState, Tier, TranscriptAccount, TranscriptStage,
    Verification,
};
use cyxwiz_domain::{Address, Digest};
use cyxwiz_test_support::{escrow_account, transcript_account};

/// An escrow in `state`, of a job with a proof.
pub fn escrow(state: EscrowState, node: Option<Address>) -> EscrowAccount {
    EscrowAccount {
        node,
        verification: Verification {
            tier: Tier::ZkExact,
            samples: 1,
            circuit: Digest([6; 32]),
            runtime_class: Digest::default(),
        },
        ..escrow_account(state)
    }
}

/// The transcript of [`escrow`], at `stage` and with nothing that belongs to one.
pub fn transcript(stage: TranscriptStage) -> TranscriptAccount {
    transcript_account(&escrow(EscrowState::Open, None), stage)
}

/// A configuration whose token is [`escrow`]'s.
pub fn config() -> EscrowConfig {
    EscrowConfig {
        admin: Address([4; 32]),
        coordinator: Address([5; 32]),
        mint: escrow(EscrowState::Open, None).mint,
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

//! What vesting tells indexers. Every event carries the state after the change.

use anchor_lang::prelude::*;

use crate::Vesting;

/// An allocation after a change.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug, PartialEq, Eq)]
pub struct VestingPost {
    /// The allocation.
    pub vesting: Pubkey,
    /// Who may claim.
    pub beneficiary: Pubkey,
    /// Base units allocated.
    pub total: u64,
    /// Base units paid so far.
    pub claimed: u64,
    /// The allocation's change counter.
    pub seq: u64,
    /// Slot of the change.
    pub slot: u64,
    /// Unix time of the change.
    pub unix_timestamp: i64,
}

impl VestingPost {
    /// Counts the change and describes the allocation after it.
    pub(crate) fn after_change(vesting: &mut Account<Vesting>, clock: &Clock) -> Self {
        vesting.seq = vesting.seq.wrapping_add(1);
        Self {
            vesting: vesting.key(),
            beneficiary: vesting.beneficiary,
            total: vesting.total,
            claimed: vesting.claimed,
            seq: vesting.seq,
            slot: clock.slot,
            unix_timestamp: clock.unix_timestamp,
        }
    }
}

/// An allocation was created and funded.
#[event]
pub struct VestingCreated {
    /// Who funded it.
    pub funder: Pubkey,
    /// Its token.
    pub mint: Pubkey,
    /// The funder's number for it.
    pub id: u64,
    /// Unix time that the schedule counts from.
    pub start: i64,
    /// Seconds from the start before which nothing vests.
    pub cliff_seconds: u64,
    /// Seconds from the start after which all has vested.
    pub duration_seconds: u64,
    /// After the change.
    pub post: VestingPost,
}

/// The beneficiary was paid.
#[event]
pub struct VestingClaimed {
    /// Base units paid.
    pub amount: u64,
    /// The token account that got them.
    pub to: Pubkey,
    /// After the change.
    pub post: VestingPost,
}

/// Another beneficiary was proposed.
#[event]
pub struct BeneficiaryProposed {
    /// Who may accept.
    pub next: Pubkey,
    /// After the change.
    pub post: VestingPost,
}

/// The allocation has another beneficiary.
#[event]
pub struct BeneficiaryChanged {
    /// Who it was before.
    pub previous: Pubkey,
    /// After the change.
    pub post: VestingPost,
}

/// An allocation that was paid in full is gone.
#[event]
pub struct VestingClosed {
    /// Base units that strangers had sent to the vault, paid to the beneficiary.
    pub dust: u64,
    /// After the change.
    pub post: VestingPost,
}

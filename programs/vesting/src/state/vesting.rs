use anchor_lang::prelude::*;

use crate::{VestingError, math::Schedule};

/// An allocation, at PDA ["vesting", mint, funder, first beneficiary, id]; its tokens lie in the token account
/// at PDA ["vault", vesting]. With the funder in the seed nobody can take its place.
///
/// Only this program creates accounts of this type: where an instruction takes one, the type is check enough.
#[account]
#[derive(InitSpace, Debug)]
pub struct Vesting {
    /// Layout version, 1.
    pub version: u8,
    /// Bump of this PDA.
    pub bump: u8,
    /// Bump of the vault.
    pub vault_bump: u8,
    /// The token.
    pub mint: Pubkey,
    /// Who funded it.
    pub funder: Pubkey,
    /// Who it was created for.
    pub first_beneficiary: Pubkey,
    /// The funder's number for it, in little-endian order in the seed.
    pub id: u64,
    /// The token account with what is still to be paid.
    pub vault: Pubkey,
    /// Who paid the rent and gets it back.
    pub rent_payer: Pubkey,
    /// Who may claim.
    pub beneficiary: Pubkey,
    /// Base units allocated.
    pub total: u64,
    /// Base units paid so far.
    pub claimed: u64,
    /// Unix time that the schedule counts from.
    pub start: i64,
    /// Seconds from the start before which nothing vests.
    pub cliff_seconds: u64,
    /// Seconds from the start after which all has vested.
    pub duration_seconds: u64,
    /// Counts this account's changes; events carry it, so that an indexer sees gaps.
    pub seq: u64,
    /// Who may become the beneficiary by accepting.
    pub pending_beneficiary: Option<Pubkey>,
    /// For later versions.
    pub reserved: [u8; 64],
}

impl Vesting {
    /// First seed.
    pub const SEED: &'static [u8] = b"vesting";
    /// Seed of the vault before this account's address.
    pub const VAULT_SEED: &'static [u8] = b"vault";

    /// When how much of it vests.
    pub fn schedule(&self) -> Schedule {
        Schedule {
            total: self.total,
            start: self.start,
            cliff_seconds: self.cliff_seconds,
            duration_seconds: self.duration_seconds,
        }
    }

    /// Counts what has vested by `now` and was not claimed as claimed; refuses where that is nothing.
    pub fn claim(&mut self, now: i64) -> Result<u64> {
        let vested = self.schedule().vested(now);
        let amount = vested.saturating_sub(self.claimed);
        require!(amount > 0, VestingError::NothingVested);
        self.claimed = vested;
        Ok(amount)
    }

    /// Refuses where the vault, with `held` base units, does not cover what is still to be paid.
    pub fn invariant(&self, held: u64) -> Result<()> {
        let owed = self.total.checked_sub(self.claimed);
        require!(
            owed.is_some_and(|owed| held >= owed),
            VestingError::InvariantViolated
        );
        Ok(())
    }
}

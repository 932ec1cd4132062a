//! The reward for stake that stays and is not slashed.

use anchor_lang::prelude::*;

use crate::{
    RegistryError,
    math::reward,
    state::{Node, Params},
};

impl Node {
    /// Unix time since which the node is staked without a slash.
    pub fn clean_since(&self) -> i64 {
        self.staked_since.max(self.last_slash_at)
    }

    /// Accrues the reward up to `now` for the stake as it stands, less what is requested back. Call
    /// before the stake or the request changes. Nothing accrues in the first `reward_after_seconds`
    /// of being clean, nor for a banned node.
    pub fn accrue(&mut self, now: i64, params: &Params) {
        let begins = self
            .clean_since()
            .saturating_add(params.reward_after_seconds);
        let seconds = now.saturating_sub(self.reward_accrued_at.max(begins));
        if !self.banned {
            let earning = self.stake.saturating_sub(self.unstake_amount);
            let earned = reward(earning, params.reward_bps, seconds);
            self.reward_accrued = self.reward_accrued.saturating_add(earned);
        }
        self.reward_accrued_at = self.reward_accrued_at.max(now);
    }

    /// Accrues up to `now` and books out what can be paid of it where the reward vault holds
    /// `available` base units; the rest stays accrued. The base units to pay.
    pub fn claim(&mut self, available: u64, now: i64, params: &Params) -> Result<u64> {
        self.accrue(now, params);
        require!(self.reward_accrued > 0, RegistryError::NoReward);
        require!(available > 0, RegistryError::RewardVaultEmpty);
        let amount = self.reward_accrued.min(available);
        self.reward_accrued = self.reward_accrued.saturating_sub(amount);
        Ok(amount)
    }

    /// Drops what has accrued: the node was slashed.
    pub(super) fn forfeit_reward(&mut self, now: i64) {
        self.reward_accrued = 0;
        self.reward_accrued_at = now;
    }
}

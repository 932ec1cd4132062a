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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::YEAR;

    fn staked(stake: u64) -> (Node, Params) {
        let params = Params::default();
        let mut node = Node::new(Pubkey::default(), 0, Pubkey::default(), 0);
        node.deposit(stake, 0, &params).expect("it fits");
        (node, params)
    }

    #[test]
    fn no_reward_is_so_large_that_stake_could_not_leave() {
        let (mut node, params) = staked(u64::MAX);
        let (stake, now) = (node.stake, 100 * YEAR);
        node.request_unstake(stake, now, &params)
            .expect("all is free");
        assert_eq!(node.reward_accrued, u64::MAX);
        let later = now + params.cooldown_seconds;
        assert_eq!(node.withdraw(later, &params).expect("it is due"), u64::MAX);
        assert_eq!(node.claim(7, later, &params).expect("accrued"), 7);
        assert_eq!(node.reward_accrued, u64::MAX - 7);
    }

    #[test]
    fn a_clock_that_goes_back_accrues_nothing_twice() {
        let (mut node, params) = staked(1_000_000_000);
        let start = params.reward_after_seconds;
        node.accrue(start + YEAR, &params);
        assert_eq!(node.reward_accrued, 50_000_000);
        for now in [start, start + YEAR, i64::MIN] {
            node.accrue(now, &params);
            assert_eq!(node.reward_accrued, 50_000_000);
        }
    }

    #[test]
    fn a_node_without_stake_earns_nothing() {
        let params = Params::default();
        let mut node = Node::new(Pubkey::default(), 0, Pubkey::default(), 0);
        node.accrue(i64::MAX, &params);
        assert_eq!(node.reward_accrued, 0);
        let refused = node.claim(u64::MAX, i64::MAX, &params);
        assert_eq!(refused, Err(RegistryError::NoReward.into()));
    }

    #[test]
    fn accruing_often_never_earns_more() {
        let (mut often, params) = staked(999_999_937);
        let (mut once, _) = staked(999_999_937);
        let (start, day) = (params.reward_after_seconds, 86_400);
        for days in 1..=365 {
            often.accrue(start + days * day, &params);
        }
        once.accrue(start + 365 * day, &params);
        assert!(often.reward_accrued <= once.reward_accrued);
        assert!(once.reward_accrued - often.reward_accrued <= 365);
    }
}

use anchor_lang::prelude::*;
use anchor_spl::token::Token;

use super::unlock::*;
use crate::{
    Params, RegistryError, SlashReason,
    events::{NodeBalance, StakeSlashed},
    math::SlashSplit,
    tokens::{balance, burn_exact, move_exact},
};

/// Accounts of what ends a job's lock and may cut the stake: `unlock_failed` and `slash`.
#[derive(Accounts)]
pub struct Release<'info> {
    pub unlock: Unlock<'info>,
    /// CHECK: the config's mint; the token program reads it to burn.
    #[account(mut, address = unlock.config.mint @ RegistryError::MintMismatch)]
    pub mint: UncheckedAccount<'info>,
    /// CHECK: the token account that `register` made for the node.
    #[account(mut, address = unlock.node.stake_vault @ RegistryError::VaultMismatch)]
    pub stake_vault: UncheckedAccount<'info>,
    /// CHECK: the token account that `initialize` made.
    #[account(mut, address = unlock.config.insurance_vault @ RegistryError::VaultMismatch)]
    pub insurance_vault: UncheckedAccount<'info>,
    pub token_program: Program<'info, Token>,
}

/// Releases the lock of a job that the node has failed, and notes the failure: the third within the
/// window suspends and slashes.
pub fn unlock_failed(ctx: Context<Release>) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = ctx.accounts;
    let params = accounts.unlock.config.params;
    let node = &mut accounts.unlock.node;
    node.unlock(&accounts.unlock.lock)?;
    if node.fail(clock.unix_timestamp, &params)? {
        return accounts.cut(SlashReason::RepeatedFailure, &clock);
    }
    accounts.unlock.announce(true, &clock)
}

/// Releases the lock and cuts the stake for `reason`, a failure too: the third within the window
/// suspends and makes the larger of the two cuts, so that a node never fares better by letting the
/// deadline pass, or by signing a false proof, than by giving up.
pub fn slash(ctx: Context<Release>, reason: SlashReason) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = ctx.accounts;
    let params = accounts.unlock.config.params;
    let node = &mut accounts.unlock.node;
    node.unlock(&accounts.unlock.lock)?;
    let third = node.fail(clock.unix_timestamp, &params)?;
    let reason = if third && params.slash_failures_bps >= cut_bps(&params, reason)? {
        SlashReason::RepeatedFailure
    } else {
        reason
    };
    accounts.cut(reason, &clock)
}

/// What is cut for `reason`.
fn cut_bps(params: &Params, reason: SlashReason) -> Result<u16> {
    Ok(match reason {
        SlashReason::Timeout => params.slash_timeout_bps,
        SlashReason::InvalidProof => params.slash_invalid_proof_bps,
        SlashReason::RepeatedFailure => params.slash_failures_bps,
        SlashReason::DisputeLost => return err!(RegistryError::WrongSlash),
    })
}

impl<'info> Release<'info> {
    fn cut(&mut self, reason: SlashReason, clock: &Clock) -> Result<()> {
        let params = self.unlock.config.params;
        let bps = cut_bps(&params, reason)?;
        let accounts = &mut self.unlock;
        let split = accounts
            .node
            .slash(&accounts.lock, bps, clock.unix_timestamp, &params)?;
        self.pay_out(reason, split, None, clock)
    }

    /// Moves the parts of a cut that the node's books already show, and emits it. `user_token` gets
    /// the user's part; there is none where it is `None`.
    pub(super) fn pay_out(
        &mut self,
        reason: SlashReason,
        split: SlashSplit,
        user_token: Option<&AccountInfo<'info>>,
        clock: &Clock,
    ) -> Result<()> {
        let node = &self.unlock.node;
        let vault = self.stake_vault.to_account_info();
        let owner = node.owner;
        let seeds: &[&[u8]] = &[crate::Node::SEED, owner.as_ref(), &[node.bump]];
        let authority = node.to_account_info();
        match user_token {
            Some(to) => move_exact(&vault, to, authority.clone(), &[seeds], split.user)?,
            None => require_eq!(split.user, 0, RegistryError::InvariantViolated),
        }
        let mint = self.mint.to_account_info();
        burn_exact(&vault, &mint, authority.clone(), &[seeds], split.burned)?;
        let insurance = self.insurance_vault.to_account_info();
        move_exact(&vault, &insurance, authority, &[seeds], split.insured)?;
        node.invariant(balance(&vault)?)?;
        emit!(StakeSlashed {
            escrow: self.unlock.lock.escrow,
            reason,
            unlocked: self.unlock.lock.amount,
            to_user: split.user,
            burned: split.burned,
            insured: split.insured,
            suspended_until: self.unlock.node.suspended_until,
            banned: self.unlock.node.banned,
            post: NodeBalance::after_change(&mut self.unlock.node, clock),
        });
        Ok(())
    }
}

use anchor_lang::prelude::*;
use anchor_spl::token::{Mint, Token, TokenAccount, accessor};

use crate::{
    Config, JobLock, Node, RegistryError, SlashReason,
    events::{NodeBalance, StakeSlashed, StakeUnlocked},
    tokens::{burn_exact, transfer_exact},
};

/// Accounts of `unlock` and `slash`, the two ends of a job's lock. Both close it.
#[derive(Accounts)]
pub struct Release<'info> {
    /// job-escrow's signer.
    pub settlement_authority: Signer<'info>,
    #[account(
        seeds = [Config::SEED],
        bump = config.bump,
        has_one = settlement_authority @ RegistryError::NotSettlementAuthority,
        has_one = mint @ RegistryError::MintMismatch,
    )]
    pub config: Box<Account<'info, Config>>,
    #[account(mut)]
    pub mint: Box<Account<'info, Mint>>,
    #[account(mut)]
    pub node: Box<Account<'info, Node>>,
    #[account(
        mut,
        close = payer,
        has_one = node @ RegistryError::LockNodeMismatch,
        has_one = payer @ RegistryError::LockPayerMismatch,
    )]
    pub lock: Box<Account<'info, JobLock>>,
    /// CHECK: who paid the lock's rent, as the lock says.
    #[account(mut)]
    pub payer: UncheckedAccount<'info>,
    #[account(mut, seeds = [Node::STAKE_SEED, node.key().as_ref()], bump = node.stake_bump)]
    pub stake_vault: Box<Account<'info, TokenAccount>>,
    #[account(mut, seeds = [Config::INSURANCE_SEED], bump = config.insurance_bump)]
    pub insurance_vault: Box<Account<'info, TokenAccount>>,
    pub token_program: Program<'info, Token>,
}

/// Releases the lock; with `failed`, notes the failure, and the third within the window slashes.
pub fn unlock(ctx: Context<Release>, failed: bool) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = ctx.accounts;
    accounts.node.unlock(&accounts.lock)?;
    let params = accounts.config.params;
    if failed && accounts.node.fail(clock.unix_timestamp, &params)? {
        return accounts.cut(SlashReason::RepeatedFailure, &clock);
    }
    accounts.node.invariant(accounts.stake_vault.amount)?;
    emit!(StakeUnlocked {
        escrow: accounts.lock.escrow,
        amount: accounts.lock.amount,
        failed,
        post: NodeBalance::after_change(&mut accounts.node, &clock),
    });
    Ok(())
}

/// Releases the lock and cuts the stake for `reason`. A timeout is a failure too: the third within
/// the window suspends and makes the larger of the two cuts, so that a node never fares better by
/// letting the deadline pass than by giving up.
pub fn slash(ctx: Context<Release>, reason: SlashReason) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = ctx.accounts;
    accounts.node.unlock(&accounts.lock)?;
    let params = accounts.config.params;
    let third =
        reason == SlashReason::Timeout && accounts.node.fail(clock.unix_timestamp, &params)?;
    let reason = if third && params.slash_failures_bps >= params.slash_timeout_bps {
        SlashReason::RepeatedFailure
    } else {
        reason
    };
    accounts.cut(reason, &clock)
}

impl Release<'_> {
    fn cut(&mut self, reason: SlashReason, clock: &Clock) -> Result<()> {
        let params = self.config.params;
        let bps = match reason {
            SlashReason::Timeout => params.slash_timeout_bps,
            SlashReason::InvalidProof => params.slash_invalid_proof_bps,
            SlashReason::RepeatedFailure => params.slash_failures_bps,
        };
        let split = self
            .node
            .slash(&self.lock, bps, clock.unix_timestamp, &params)?;

        let vault = self.stake_vault.to_account_info();
        let owner = self.node.owner;
        let seeds: &[&[u8]] = &[Node::SEED, owner.as_ref(), &[self.node.bump]];
        let authority = self.node.to_account_info();
        burn_exact(
            &vault,
            &self.mint,
            authority.clone(),
            &[seeds],
            split.burned,
        )?;
        transfer_exact(
            &vault,
            &self.insurance_vault.to_account_info(),
            &self.mint,
            authority,
            &[seeds],
            split.insured,
        )?;
        self.node.invariant(accessor::amount(&vault)?)?;
        emit!(StakeSlashed {
            escrow: self.lock.escrow,
            reason,
            unlocked: self.lock.amount,
            burned: split.burned,
            insured: split.insured,
            suspended_until: self.node.suspended_until,
            post: NodeBalance::after_change(&mut self.node, clock),
        });
        Ok(())
    }
}

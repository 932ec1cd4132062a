use anchor_lang::prelude::*;
use anchor_spl::token::TokenAccount;
use cyxwiz_economics::portion;

use super::release::*;
use crate::{
    Config, RegistryError, SlashReason,
    events::InsurancePaid,
    tokens::{balance, move_exact},
};

/// Accounts of `slash_dispute`.
#[derive(Accounts)]
pub struct SlashDispute<'info> {
    pub release: Release<'info>,
    /// The user's tokens; job-escrow, who signs, says whose.
    #[account(mut, dup, token::mint = release.mint)]
    pub user_token: Box<Account<'info, TokenAccount>>,
}

/// Releases the lock, cuts the stake for a lost dispute and bans the node. Half of the cut goes to
/// the user, the rest is burned and insured. Then pays `insurance_payout` base units to the user out
/// of the insurance vault: at most what the job was funded with, and at most the configured part of
/// what the vault held before this cut.
pub fn slash_dispute(ctx: Context<SlashDispute>, insurance_payout: u64) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = ctx.accounts;
    accounts.require_payable(insurance_payout)?;

    let release = &mut accounts.release;
    let user_token = accounts.user_token.to_account_info();
    let params = release.unlock.config.params;
    let (node, lock) = (&mut release.unlock.node, &release.unlock.lock);
    node.unlock(lock)?;
    let split = node.slash_dispute(lock, clock.unix_timestamp, &params)?;
    release.pay_out(SlashReason::DisputeLost, split, Some(&user_token), &clock)?;
    accounts.pay_insurance(insurance_payout, &clock)
}

impl SlashDispute<'_> {
    fn require_payable(&self, payout: u64) -> Result<()> {
        let unlock = &self.release.unlock;
        require!(
            payout <= unlock.lock.job_amount,
            RegistryError::PayoutAboveJob
        );
        let held = balance(&self.release.insurance_vault.to_account_info())?;
        let most = portion(held, unlock.config.params.insurance_payout_max_bps)
            .ok_or(RegistryError::MathOverflow)?;
        require!(payout <= most, RegistryError::PayoutAbovePool);
        Ok(())
    }

    fn pay_insurance(&self, payout: u64, clock: &Clock) -> Result<()> {
        if payout == 0 {
            return Ok(());
        }
        let config = &self.release.unlock.config;
        let vault = self.release.insurance_vault.to_account_info();
        move_exact(
            &vault,
            &self.user_token.to_account_info(),
            config.to_account_info(),
            &[&[Config::SEED, &[config.bump]]],
            payout,
        )?;
        emit!(InsurancePaid {
            escrow: self.release.unlock.lock.escrow,
            to: self.user_token.key(),
            amount: payout,
            insurance_left: balance(&vault)?,
            slot: clock.slot,
            unix_timestamp: clock.unix_timestamp,
        });
        Ok(())
    }
}

use anchor_lang::prelude::*;
use anchor_spl::token::{Mint, Token, TokenAccount, accessor};
use node_registry::tokens::transfer_exact;

use crate::{Config, EscrowError, events::FeesCollected};

/// Accounts of `collect_fees`.
#[derive(Accounts)]
pub struct CollectFees<'info> {
    pub admin: Signer<'info>,
    #[account(
        seeds = [Config::SEED],
        bump = config.bump,
        has_one = admin @ EscrowError::NotAdmin,
        has_one = mint @ EscrowError::MintMismatch,
    )]
    pub config: Box<Account<'info, Config>>,
    pub mint: Box<Account<'info, Mint>>,
    #[account(mut, seeds = [Config::PLATFORM_SEED], bump = config.platform_bump)]
    pub platform_vault: Box<Account<'info, TokenAccount>>,
    /// Where the fees go; the admin signs, so any account of the mint will do.
    #[account(mut, token::mint = mint)]
    pub to: Box<Account<'info, TokenAccount>>,
    pub token_program: Program<'info, Token>,
}

/// Moves `amount` base units of collected fees.
pub fn collect_fees(ctx: Context<CollectFees>, amount: u64) -> Result<()> {
    require!(amount > 0, EscrowError::ZeroAmount);
    let accounts = ctx.accounts;
    let vault = accounts.platform_vault.to_account_info();
    transfer_exact(
        &vault,
        &accounts.to.to_account_info(),
        &accounts.mint,
        accounts.config.to_account_info(),
        &[&[Config::SEED, &[accounts.config.bump]]],
        amount,
    )?;
    let clock = Clock::get()?;
    emit!(FeesCollected {
        amount,
        to: accounts.to.key(),
        left: accessor::amount(&vault)?,
        slot: clock.slot,
        unix_timestamp: clock.unix_timestamp,
    });
    Ok(())
}

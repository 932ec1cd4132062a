use anchor_lang::prelude::*;
use anchor_spl::token::{Mint, Token, TokenAccount, accessor};
use node_registry::tokens::transfer_exact;

use crate::{
    Config, Escrow, EscrowError, State,
    events::{EscrowPost, EscrowToppedUp},
};

/// Accounts of `top_up`.
#[derive(Accounts)]
pub struct TopUp<'info> {
    /// Whoever adds to the job; what is not earned goes back to the escrow's user.
    pub payer: Signer<'info>,
    #[account(
        seeds = [Config::SEED],
        bump = config.bump,
        constraint = !config.paused @ EscrowError::Paused,
    )]
    pub config: Box<Account<'info, Config>>,
    #[account(mut, has_one = mint @ EscrowError::MintMismatch)]
    pub escrow: Box<Account<'info, Escrow>>,
    pub mint: Box<Account<'info, Mint>>,
    #[account(mut, seeds = [Escrow::VAULT_SEED, escrow.key().as_ref()], bump = escrow.vault_bump)]
    pub vault: Box<Account<'info, TokenAccount>>,
    /// The payer's tokens.
    #[account(mut, token::mint = mint, token::authority = payer)]
    pub payer_token: Box<Account<'info, TokenAccount>>,
    pub token_program: Program<'info, Token>,
}

/// Moves `amount` base units from the payer into the vault.
pub fn top_up(ctx: Context<TopUp>, amount: u64) -> Result<()> {
    require!(amount > 0, EscrowError::ZeroAmount);
    let accounts = ctx.accounts;
    let escrow = &mut accounts.escrow;
    let takes_more = matches!(escrow.state, State::Open | State::Assigned);
    require!(takes_more, EscrowError::WrongState);
    escrow.amount = escrow
        .amount
        .checked_add(amount)
        .ok_or(EscrowError::MathOverflow)?;

    let vault = accounts.vault.to_account_info();
    transfer_exact(
        &accounts.payer_token.to_account_info(),
        &vault,
        &accounts.mint,
        accounts.payer.to_account_info(),
        &[],
        amount,
    )?;
    accounts.escrow.invariant(accessor::amount(&vault)?)?;
    emit!(EscrowToppedUp {
        added: amount,
        post: EscrowPost::after_change(&mut accounts.escrow, &Clock::get()?),
    });
    Ok(())
}

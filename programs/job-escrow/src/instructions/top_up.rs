use anchor_lang::prelude::*;
use anchor_spl::token::{Token, TokenAccount};
use node_registry::tokens::{balance, move_exact};

use crate::{
    Config, Escrow, EscrowError, State,
    events::{EscrowPost, EscrowToppedUp},
};

/// Accounts of `top_up`.
#[derive(Accounts)]
pub struct TopUp<'info> {
    /// Whoever adds to the job; what is not earned goes back to the escrow's user.
    pub payer: Signer<'info>,
    #[account(constraint = !config.paused @ EscrowError::Paused)]
    pub config: Box<Account<'info, Config>>,
    #[account(mut, dup, has_one = vault @ EscrowError::AddressMismatch)]
    pub escrow: Box<Account<'info, Escrow>>,
    /// CHECK: the escrow's token account since `create_escrow`, by its address.
    #[account(mut)]
    pub vault: UncheckedAccount<'info>,
    /// The payer's tokens.
    #[account(mut, dup, token::mint = escrow.mint, token::authority = payer)]
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

    move_exact(
        &accounts.payer_token.to_account_info(),
        &accounts.vault,
        accounts.payer.to_account_info(),
        &[],
        amount,
    )?;
    let held = balance(&accounts.vault)?;
    accounts.escrow.invariant(held)?;
    emit!(EscrowToppedUp {
        added: amount,
        post: EscrowPost::after_change(&mut accounts.escrow, &Clock::get()?),
    });
    Ok(())
}

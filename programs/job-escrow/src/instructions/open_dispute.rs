use anchor_lang::prelude::*;
use anchor_spl::token::{Token, TokenAccount};
use node_registry::tokens::{balance, move_exact};

use crate::{
    Config, Escrow, EscrowError,
    events::{DisputeOpened, EscrowPost},
    math::dispute_bond,
};

/// Accounts of `open_dispute`.
#[derive(Accounts)]
pub struct OpenDispute<'info> {
    pub user: Signer<'info>,
    pub config: Box<Account<'info, Config>>,
    #[account(
        mut,
        dup,
        has_one = user @ EscrowError::NotEscrowUser,
        has_one = vault @ EscrowError::AddressMismatch,
    )]
    pub escrow: Box<Account<'info, Escrow>>,
    /// CHECK: the escrow's token account since `create_escrow`, by its address.
    #[account(mut)]
    pub vault: UncheckedAccount<'info>,
    /// The user's tokens, of which the bond is taken.
    #[account(mut, dup, token::mint = escrow.mint, token::authority = user)]
    pub user_token: Box<Account<'info, TokenAccount>>,
    pub token_program: Program<'info, Token>,
}

/// Takes the bond into the vault and leaves the decision to the dispute authority. `evidence` is the
/// SHA-256 of whatever the parties show it, kept in the event alone. A way out, so no pause stops it.
pub fn open_dispute(ctx: Context<OpenDispute>, evidence: [u8; 32]) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = ctx.accounts;
    let params = &accounts.config.params;
    let escrow = &mut accounts.escrow;
    let bond =
        dispute_bond(escrow.amount, params.dispute_bond_bps).ok_or(EscrowError::MathOverflow)?;
    escrow.open_dispute(bond, params.dispute_window_seconds, clock.unix_timestamp)?;

    move_exact(
        &accounts.user_token.to_account_info(),
        &accounts.vault,
        accounts.user.to_account_info(),
        &[],
        bond,
    )?;
    escrow.invariant(balance(&accounts.vault)?)?;
    emit!(DisputeOpened {
        evidence,
        ends_at: escrow.dispute_ends_at,
        post: EscrowPost::after_change(escrow, &clock),
    });
    Ok(())
}

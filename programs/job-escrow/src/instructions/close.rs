use anchor_lang::prelude::*;
use anchor_spl::token::{self, CloseAccount, Token, TokenAccount};
use node_registry::tokens::balance;

use crate::{
    Escrow, EscrowError,
    events::{EscrowClosed, EscrowPost},
    instructions::settlement::pay_from_vault,
};

/// Accounts of `close`.
#[derive(Accounts)]
pub struct Close<'info> {
    /// The user, or anyone 30 days after settlement.
    pub signer: Signer<'info>,
    #[account(
        mut,
        dup,
        close = rent_payer,
        has_one = vault @ EscrowError::AddressMismatch,
        has_one = rent_payer @ EscrowError::RentPayerMismatch,
    )]
    pub escrow: Box<Account<'info, Escrow>>,
    /// CHECK: the escrow's token account since `create_escrow`, by its address.
    #[account(mut)]
    pub vault: UncheckedAccount<'info>,
    /// Any token account of the user.
    #[account(mut, dup, token::mint = escrow.mint, token::authority = escrow.user)]
    pub user_token: Box<Account<'info, TokenAccount>>,
    /// CHECK: who paid the rent, as the escrow says.
    #[account(mut)]
    pub rent_payer: UncheckedAccount<'info>,
    pub token_program: Program<'info, Token>,
}

/// Gives what strangers sent to the vault to the user, and the rent of vault and escrow back. Not in the second in
/// which the escrow was created: address and time of creation together say which escrow is meant, so that nothing
/// that was checked of one, nor its transcript, passes for another's.
pub fn close(ctx: Context<Close>) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = ctx.accounts;
    require!(accounts.escrow.state.is_settled(), EscrowError::WrongState);
    let free_for_all =
        crate::state::later(accounts.escrow.settled_at, Escrow::CLOSE_AFTER_SECONDS)?;
    let may_close =
        accounts.signer.key() == accounts.escrow.user || clock.unix_timestamp >= free_for_all;
    require!(may_close, EscrowError::CloseTooEarly);
    let told_apart = clock.unix_timestamp > accounts.escrow.created_at;
    require!(told_apart, EscrowError::CreatedJustNow);

    let dust = balance(&accounts.vault)?;
    pay_from_vault(
        &accounts.escrow,
        &accounts.vault,
        &accounts.user_token.to_account_info(),
        dust,
    )?;
    let post = EscrowPost::after_change(&mut accounts.escrow, &clock);
    let escrow = &accounts.escrow;
    let seeds: &[&[u8]] = &[
        Escrow::SEED,
        escrow.user.as_ref(),
        &escrow.job_id,
        &[escrow.bump],
    ];
    let close = CloseAccount {
        account: accounts.vault.to_account_info(),
        destination: accounts.rent_payer.to_account_info(),
        authority: escrow.to_account_info(),
    };
    token::close_account(CpiContext::new_with_signer(token::ID, close, &[seeds]))?;
    emit!(EscrowClosed { dust, post });
    Ok(())
}

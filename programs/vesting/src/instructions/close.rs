use anchor_lang::prelude::*;
use anchor_spl::token::{self, CloseAccount, Token, TokenAccount, accessor};

use crate::{
    Vesting, VestingError,
    events::{VestingClosed, VestingPost},
    instructions::{pay_from_vault, with_seeds},
};

/// Accounts of `close`. Needs no signature: where tokens and rent go is fixed.
#[derive(Accounts)]
pub struct Close<'info> {
    #[account(
        mut,
        dup,
        close = rent_payer,
        has_one = vault @ VestingError::AddressMismatch,
        has_one = rent_payer @ VestingError::RentPayerMismatch,
        constraint = vesting.claimed == vesting.total @ VestingError::NotEmpty,
    )]
    pub vesting: Box<Account<'info, Vesting>>,
    /// CHECK: the allocation's token account since `create_vesting`, by its address.
    #[account(mut)]
    pub vault: UncheckedAccount<'info>,
    /// Any token account of the beneficiary.
    #[account(mut, dup, token::mint = vesting.mint, token::authority = vesting.beneficiary)]
    pub beneficiary_token: Box<Account<'info, TokenAccount>>,
    /// CHECK: who paid the rent, as the allocation says.
    #[account(mut)]
    pub rent_payer: UncheckedAccount<'info>,
    pub token_program: Program<'info, Token>,
}

/// Gives what strangers sent to the vault to the beneficiary, and the rent of vault and allocation back.
pub fn close(ctx: Context<Close>) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = ctx.accounts;
    let dust = accessor::amount(&accounts.vault)?;
    pay_from_vault(
        &accounts.vesting,
        &accounts.vault,
        &accounts.beneficiary_token.to_account_info(),
        dust,
    )?;
    let close = CloseAccount {
        account: accounts.vault.to_account_info(),
        destination: accounts.rent_payer.to_account_info(),
        authority: accounts.vesting.to_account_info(),
    };
    with_seeds(&accounts.vesting, |seeds| {
        token::close_account(CpiContext::new_with_signer(token::ID, close, &[seeds]))
    })?;
    emit!(VestingClosed {
        dust,
        post: VestingPost::after_change(&mut accounts.vesting, &clock),
    });
    Ok(())
}

use anchor_lang::prelude::*;
use anchor_spl::token::{Token, TokenAccount};

use crate::{
    Vesting, VestingError,
    events::{VestingClaimed, VestingPost},
    instructions::pay_from_vault,
};

/// Accounts of `claim`.
#[derive(Accounts)]
pub struct Claim<'info> {
    pub beneficiary: Signer<'info>,
    #[account(
        mut,
        dup,
        has_one = beneficiary @ VestingError::NotBeneficiary,
        has_one = vault @ VestingError::AddressMismatch,
    )]
    pub vesting: Box<Account<'info, Vesting>>,
    /// CHECK: the allocation's token account since `create_vesting`, by its address.
    #[account(mut)]
    pub vault: UncheckedAccount<'info>,
    /// Where the tokens go; the beneficiary signs, so any account of the mint but the vault will do.
    #[account(
        mut,
        dup,
        token::mint = vesting.mint,
        constraint = to.key() != vault.key() @ VestingError::AddressMismatch,
    )]
    pub to: Box<Account<'info, TokenAccount>>,
    pub token_program: Program<'info, Token>,
}

/// Pays the beneficiary what has vested since the last claim.
pub fn claim(ctx: Context<Claim>) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = ctx.accounts;
    let amount = accounts.vesting.claim(clock.unix_timestamp)?;
    pay_from_vault(
        &accounts.vesting,
        &accounts.vault,
        &accounts.to.to_account_info(),
        amount,
    )?;
    emit!(VestingClaimed {
        amount,
        to: accounts.to.key(),
        post: VestingPost::after_change(&mut accounts.vesting, &clock),
    });
    Ok(())
}

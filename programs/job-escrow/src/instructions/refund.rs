use anchor_lang::prelude::*;
use anchor_spl::token::{Mint, Token, TokenAccount, accessor};

use crate::{
    Config, Escrow, EscrowError, State,
    events::{EscrowPost, EscrowSettled},
    instructions::settlement::pay_from_vault,
    math::Split,
};

/// What refunding an escrow without a node takes.
#[derive(Accounts)]
pub struct Refund<'info> {
    #[account(seeds = [Config::SEED], bump = config.bump)]
    pub config: Box<Account<'info, Config>>,
    #[account(mut, has_one = mint @ EscrowError::MintMismatch)]
    pub escrow: Box<Account<'info, Escrow>>,
    #[account(mut, seeds = [Escrow::VAULT_SEED, escrow.key().as_ref()], bump = escrow.vault_bump)]
    pub vault: Box<Account<'info, TokenAccount>>,
    pub mint: Box<Account<'info, Mint>>,
    /// Any token account of the user.
    #[account(mut, token::mint = mint, token::authority = escrow.user)]
    pub user_token: Box<Account<'info, TokenAccount>>,
    pub token_program: Program<'info, Token>,
}

impl Refund<'_> {
    /// `Open` -> `Refunded`: everything back to the user.
    pub(crate) fn refund(&mut self, clock: &Clock) -> Result<()> {
        self.escrow.require_state(State::Open)?;
        let split = Split {
            user: self.escrow.held()?,
            ..Split::default()
        };
        self.escrow
            .settle(State::Refunded, split, clock.unix_timestamp)?;
        let user_token = self.user_token.to_account_info();
        pay_from_vault(
            &self.escrow,
            &self.vault,
            &self.mint,
            &user_token,
            split.user,
        )?;
        self.escrow
            .invariant(accessor::amount(&self.vault.to_account_info())?)?;
        emit!(EscrowSettled {
            post: EscrowPost::after_change(&mut self.escrow, clock),
        });
        Ok(())
    }
}

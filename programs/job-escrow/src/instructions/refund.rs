use anchor_lang::prelude::*;
use anchor_spl::token::{Token, TokenAccount};
use node_registry::tokens::balance;

use crate::{
    Config, Escrow, EscrowError, State,
    events::{EscrowPost, EscrowSettled},
    instructions::settlement::pay_from_vault,
    math::Split,
};

/// What refunding an escrow without a node takes. The types of config and escrow are check enough, as in
/// `Settlement`.
#[derive(Accounts)]
pub struct Refund<'info> {
    pub config: Box<Account<'info, Config>>,
    #[account(mut, dup, has_one = vault @ EscrowError::AddressMismatch)]
    pub escrow: Box<Account<'info, Escrow>>,
    /// CHECK: the escrow's token account since `create_escrow`, by its address.
    #[account(mut)]
    pub vault: UncheckedAccount<'info>,
    /// Any token account of the user.
    #[account(mut, dup, token::mint = escrow.mint, token::authority = escrow.user)]
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
        pay_from_vault(&self.escrow, &self.vault, &user_token, split.user)?;
        self.escrow.invariant(balance(&self.vault)?)?;
        emit!(EscrowSettled {
            post: EscrowPost::after_change(&mut self.escrow, clock),
        });
        Ok(())
    }
}

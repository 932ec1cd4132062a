use anchor_lang::prelude::*;
use anchor_spl::token::{Token, TokenAccount};

use crate::{
    Config, Node, RegistryError,
    events::{NodeBalance, StakeDeposited},
    tokens::{balance, move_exact},
};

/// Accounts of `stake`.
#[derive(Accounts)]
pub struct Stake<'info> {
    pub owner: Signer<'info>,
    pub config: Box<Account<'info, Config>>,
    #[account(mut, dup, has_one = owner @ RegistryError::NotNodeOwner)]
    pub node: Box<Account<'info, Node>>,
    /// CHECK: the token account that `register` made for the node.
    #[account(mut, address = node.stake_vault @ RegistryError::VaultMismatch)]
    pub stake_vault: UncheckedAccount<'info>,
    /// The owner's tokens.
    #[account(mut, dup, token::mint = config.mint, token::authority = owner)]
    pub owner_token: Box<Account<'info, TokenAccount>>,
    pub token_program: Program<'info, Token>,
}

/// Moves `amount` base units from the owner into the stake vault.
pub fn stake(ctx: Context<Stake>, amount: u64) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = ctx.accounts;
    accounts
        .node
        .deposit(amount, clock.unix_timestamp, &accounts.config.params)?;
    let vault = accounts.stake_vault.to_account_info();
    move_exact(
        &accounts.owner_token.to_account_info(),
        &vault,
        accounts.owner.to_account_info(),
        &[],
        amount,
    )?;
    accounts.node.invariant(balance(&vault)?)?;
    emit!(StakeDeposited {
        amount,
        post: NodeBalance::after_change(&mut accounts.node, &clock),
    });
    Ok(())
}

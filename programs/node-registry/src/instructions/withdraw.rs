use anchor_lang::prelude::*;
use anchor_spl::token::{Token, TokenAccount};

use crate::{
    Config, Node, RegistryError,
    events::{NodeBalance, StakeWithdrawn},
    tokens::{balance, move_exact},
};

/// Accounts of `withdraw`.
#[derive(Accounts)]
pub struct Withdraw<'info> {
    pub owner: Signer<'info>,
    pub config: Box<Account<'info, Config>>,
    #[account(mut, dup, has_one = owner @ RegistryError::NotNodeOwner)]
    pub node: Box<Account<'info, Node>>,
    /// CHECK: the token account that `register` made for the node.
    #[account(mut, address = node.stake_vault @ RegistryError::VaultMismatch)]
    pub stake_vault: UncheckedAccount<'info>,
    /// Where the stake goes; the owner signs, so any account of the mint will do.
    #[account(mut, dup, token::mint = config.mint)]
    pub owner_token: Box<Account<'info, TokenAccount>>,
    pub token_program: Program<'info, Token>,
}

/// Pays out the requested stake.
pub fn withdraw(ctx: Context<Withdraw>) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = ctx.accounts;
    let params = &accounts.config.params;
    let amount = accounts.node.withdraw(clock.unix_timestamp, params)?;
    let vault = accounts.stake_vault.to_account_info();
    let node = &accounts.node;
    move_exact(
        &vault,
        &accounts.owner_token.to_account_info(),
        node.to_account_info(),
        &[&[Node::SEED, node.owner.as_ref(), &[node.bump]]],
        amount,
    )?;
    node.invariant(balance(&vault)?)?;
    emit!(StakeWithdrawn {
        amount,
        post: NodeBalance::after_change(&mut accounts.node, &clock),
    });
    Ok(())
}

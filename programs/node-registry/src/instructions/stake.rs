use anchor_lang::prelude::*;
use anchor_spl::token::{Mint, Token, TokenAccount, accessor};

use crate::{
    Config, Node, RegistryError,
    events::{NodeBalance, StakeDeposited},
    tokens::transfer_exact,
};

/// Accounts of `stake`.
#[derive(Accounts)]
pub struct Stake<'info> {
    pub owner: Signer<'info>,
    #[account(seeds = [Config::SEED], bump = config.bump, has_one = mint @ RegistryError::MintMismatch)]
    pub config: Box<Account<'info, Config>>,
    pub mint: Box<Account<'info, Mint>>,
    #[account(
        mut,
        seeds = [Node::SEED, node.owner.as_ref()],
        bump = node.bump,
        has_one = owner @ RegistryError::NotNodeOwner,
    )]
    pub node: Box<Account<'info, Node>>,
    #[account(mut, seeds = [Node::STAKE_SEED, node.key().as_ref()], bump = node.stake_bump)]
    pub stake_vault: Box<Account<'info, TokenAccount>>,
    /// The owner's tokens.
    #[account(mut, token::mint = mint, token::authority = owner)]
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
    transfer_exact(
        &accounts.owner_token.to_account_info(),
        &vault,
        &accounts.mint,
        accounts.owner.to_account_info(),
        &[],
        amount,
    )?;
    accounts.node.invariant(accessor::amount(&vault)?)?;
    emit!(StakeDeposited {
        amount,
        post: NodeBalance::after_change(&mut accounts.node, &clock),
    });
    Ok(())
}

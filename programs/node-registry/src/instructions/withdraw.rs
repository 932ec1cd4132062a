use anchor_lang::prelude::*;
use anchor_spl::token::{Mint, Token, TokenAccount, accessor};

use crate::{
    Config, Node, RegistryError,
    events::{NodeBalance, StakeWithdrawn},
    tokens::transfer_exact,
};

/// Accounts of `withdraw`.
#[derive(Accounts)]
pub struct Withdraw<'info> {
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
    /// Where the stake goes; the owner signs, so any account of the mint will do.
    #[account(mut, token::mint = mint)]
    pub owner_token: Box<Account<'info, TokenAccount>>,
    pub token_program: Program<'info, Token>,
}

/// Pays out the requested stake.
pub fn withdraw(ctx: Context<Withdraw>) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = ctx.accounts;
    let amount = accounts.node.withdraw(clock.unix_timestamp)?;
    let vault = accounts.stake_vault.to_account_info();
    transfer_exact(
        &vault,
        &accounts.owner_token.to_account_info(),
        &accounts.mint,
        accounts.node.to_account_info(),
        &[&[
            Node::SEED,
            accounts.node.owner.as_ref(),
            &[accounts.node.bump],
        ]],
        amount,
    )?;
    accounts.node.invariant(accessor::amount(&vault)?)?;
    emit!(StakeWithdrawn {
        amount,
        post: NodeBalance::after_change(&mut accounts.node, &clock),
    });
    Ok(())
}

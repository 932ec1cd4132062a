use anchor_lang::prelude::*;
use anchor_spl::token::{Mint, Token, TokenAccount};

use crate::{
    Config, Node, NodeProfile, RegistryError, VERSION,
    events::{NodeBalance, NodeRegistered},
};

/// Accounts of `register`.
#[derive(Accounts)]
pub struct Register<'info> {
    /// Owns the node from now on, and pays its rent.
    #[account(mut)]
    pub owner: Signer<'info>,
    #[account(
        has_one = mint @ RegistryError::MintMismatch,
        constraint = !config.paused @ RegistryError::Paused,
    )]
    pub config: Box<Account<'info, Config>>,
    pub mint: Box<Account<'info, Mint>>,
    #[account(
        init,
        payer = owner,
        space = 8 + Node::INIT_SPACE,
        seeds = [Node::SEED, owner.key().as_ref()],
        bump,
    )]
    pub node: Box<Account<'info, Node>>,
    #[account(
        init,
        payer = owner,
        seeds = [Node::STAKE_SEED, node.key().as_ref()],
        bump,
        token::mint = mint,
        token::authority = node,
        token::token_program = token_program,
    )]
    pub stake_vault: Box<Account<'info, TokenAccount>>,
    pub token_program: Program<'info, Token>,
    pub system_program: Program<'info, System>,
}

/// Creates the signer's node, without stake.
pub fn register(ctx: Context<Register>, profile: NodeProfile) -> Result<()> {
    let clock = Clock::get()?;
    let node = &mut ctx.accounts.node;
    node.version = VERSION;
    node.bump = ctx.bumps.node;
    node.owner = ctx.accounts.owner.key();
    node.stake_vault = ctx.accounts.stake_vault.key();
    node.registered_at = clock.unix_timestamp;
    node.describe(profile, clock.unix_timestamp, &ctx.accounts.config.params)?;
    emit!(NodeRegistered {
        post: NodeBalance::after_change(node, &clock),
    });
    Ok(())
}

use anchor_lang::prelude::*;
use anchor_spl::token::Token;

use crate::{
    Config, Node, NodeProfile, RegistryError,
    creation::{create, create_vault},
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
    /// CHECK: the config's mint.
    pub mint: UncheckedAccount<'info>,
    /// CHECK: created here, at PDA ["node", owner].
    #[account(mut)]
    pub node: UncheckedAccount<'info>,
    /// CHECK: created here, at PDA ["stake", node].
    #[account(mut)]
    pub stake_vault: UncheckedAccount<'info>,
    pub token_program: Program<'info, Token>,
    pub system_program: Program<'info, System>,
}

/// Creates the signer's node, without stake.
pub fn register(ctx: Context<Register>, profile: NodeProfile) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = ctx.accounts;
    let (owner, address) = (accounts.owner.key(), accounts.node.key());
    let stake_vault = accounts.stake_vault.key();
    let node = create(
        &accounts.node,
        &accounts.owner,
        &[Node::SEED, owner.as_ref()],
        |bump| {
            let mut node = Node::new(owner, bump, stake_vault, clock.unix_timestamp);
            node.describe(profile, clock.unix_timestamp, &accounts.config.params)?;
            Ok(node)
        },
    )?;
    create_vault(
        &crate::ID,
        &accounts.stake_vault,
        &accounts.owner,
        &[Node::STAKE_SEED, address.as_ref()],
        accounts.mint.to_account_info(),
        accounts.node.to_account_info(),
    )?;
    emit!(NodeRegistered {
        post: NodeBalance::of(address, &node, &clock),
    });
    Ok(())
}

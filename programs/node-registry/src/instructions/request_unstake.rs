use anchor_lang::prelude::*;

use crate::{
    Config, Node, RegistryError,
    events::{NodeBalance, UnstakeRequested},
};

/// Accounts of `request_unstake`.
#[derive(Accounts)]
pub struct RequestUnstake<'info> {
    pub owner: Signer<'info>,
    pub config: Box<Account<'info, Config>>,
    #[account(mut, dup, has_one = owner @ RegistryError::NotNodeOwner)]
    pub node: Box<Account<'info, Node>>,
}

/// Starts the cool-down for `amount` base units of the free stake.
pub fn request_unstake(ctx: Context<RequestUnstake>, amount: u64) -> Result<()> {
    let clock = Clock::get()?;
    let node = &mut ctx.accounts.node;
    node.request_unstake(amount, clock.unix_timestamp, &ctx.accounts.config.params)?;
    node.books_balance()?;
    emit!(UnstakeRequested {
        amount,
        unstake_at: node.unstake_at,
        post: NodeBalance::after_change(node, &clock),
    });
    Ok(())
}

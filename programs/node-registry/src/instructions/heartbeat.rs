use anchor_lang::prelude::*;

use crate::{
    Node, RegistryError,
    events::{NodeBalance, NodeSeen},
};

/// Accounts of `heartbeat`.
#[derive(Accounts)]
pub struct Heartbeat<'info> {
    pub owner: Signer<'info>,
    #[account(mut, dup, has_one = owner @ RegistryError::NotNodeOwner)]
    pub node: Box<Account<'info, Node>>,
}

/// Notes a sign of life, at most one an hour. The frequent ones go to the coordinator.
pub fn heartbeat(ctx: Context<Heartbeat>) -> Result<()> {
    let clock = Clock::get()?;
    let node = &mut ctx.accounts.node;
    node.heartbeat(clock.unix_timestamp)?;
    emit!(NodeSeen {
        post: NodeBalance::after_change(node, &clock),
    });
    Ok(())
}

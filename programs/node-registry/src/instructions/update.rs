use anchor_lang::prelude::*;

use crate::{
    Node, NodeProfile, RegistryError,
    events::{NodeBalance, NodeUpdated},
};

/// Accounts of `update`.
#[derive(Accounts)]
pub struct Update<'info> {
    pub owner: Signer<'info>,
    #[account(
        mut,
        seeds = [Node::SEED, node.owner.as_ref()],
        bump = node.bump,
        has_one = owner @ RegistryError::NotNodeOwner,
    )]
    pub node: Box<Account<'info, Node>>,
}

/// Replaces the node's profile.
pub fn update(ctx: Context<Update>, profile: NodeProfile) -> Result<()> {
    let node = &mut ctx.accounts.node;
    node.describe(profile)?;
    emit!(NodeUpdated {
        post: NodeBalance::after_change(node, &Clock::get()?),
    });
    Ok(())
}

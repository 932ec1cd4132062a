use anchor_lang::prelude::*;

use crate::{
    Config, Node, NodeProfile, RegistryError,
    events::{NodeBalance, NodeUpdated},
};

/// Accounts of `update`.
#[derive(Accounts)]
pub struct Update<'info> {
    pub owner: Signer<'info>,
    pub config: Box<Account<'info, Config>>,
    #[account(mut, dup, has_one = owner @ RegistryError::NotNodeOwner)]
    pub node: Box<Account<'info, Node>>,
}

/// Replaces the node's profile. Another fingerprint is announced, and counts after the notice.
pub fn update(ctx: Context<Update>, profile: NodeProfile) -> Result<()> {
    let clock = Clock::get()?;
    let node = &mut ctx.accounts.node;
    let params = &ctx.accounts.config.params;
    node.describe(profile, clock.unix_timestamp, params)?;
    emit!(NodeUpdated {
        tls_fingerprint: node.tls_fingerprint,
        next_tls_fingerprint: node.next_tls_fingerprint,
        rotates_at: node.rotates_at,
        post: NodeBalance::after_change(node, &clock),
    });
    Ok(())
}

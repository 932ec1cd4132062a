use anchor_lang::prelude::*;

use crate::{Config, ReputationError};

/// Accounts of `accept_admin`.
#[derive(Accounts)]
pub struct AcceptAdmin<'info> {
    pub new_admin: Signer<'info>,
    #[account(
        mut,
        dup,
        constraint = config.pending_admin == Some(new_admin.key()) @ ReputationError::NotPendingAdmin,
    )]
    pub config: Box<Account<'info, Config>>,
}

/// Makes the proposed admin the admin.
pub fn accept_admin(ctx: Context<AcceptAdmin>) -> Result<()> {
    let config = &mut ctx.accounts.config;
    config.admin = ctx.accounts.new_admin.key();
    config.pending_admin = None;
    config.announce()
}

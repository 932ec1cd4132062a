use anchor_lang::prelude::*;

use crate::{
    Config, JobLock, Node, RegistryError, VERSION,
    events::{NodeBalance, StakeLocked},
};

/// Accounts of `lock_for_job`.
#[derive(Accounts)]
pub struct LockForJob<'info> {
    /// job-escrow's signer.
    pub settlement_authority: Signer<'info>,
    /// Pays the lock's rent, and gets it back at settlement.
    #[account(mut)]
    pub payer: Signer<'info>,
    #[account(
        has_one = settlement_authority @ RegistryError::NotSettlementAuthority,
        constraint = !config.paused @ RegistryError::Paused,
    )]
    pub config: Box<Account<'info, Config>>,
    // Only this program creates nodes, and only at their address: the account's type is check enough.
    #[account(mut, dup)]
    pub node: Box<Account<'info, Node>>,
    /// CHECK: names the lock; job-escrow, who signs, passes its own escrow.
    pub escrow: UncheckedAccount<'info>,
    #[account(
        init,
        payer = payer,
        space = 8 + JobLock::INIT_SPACE,
        seeds = [JobLock::SEED, escrow.key().as_ref()],
        bump,
    )]
    pub lock: Box<Account<'info, JobLock>>,
    pub system_program: Program<'info, System>,
}

/// Locks the stake that a job of `job_amount` base units requires.
pub fn lock_for_job(ctx: Context<LockForJob>, job_amount: u64) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = ctx.accounts;
    let stake_at_assignment = accounts.node.stake;
    let amount = accounts
        .node
        .lock(job_amount, clock.unix_timestamp, &accounts.config.params)?;
    accounts.node.books_balance()?;
    accounts.lock.set_inner(JobLock {
        version: VERSION,
        bump: ctx.bumps.lock,
        node: accounts.node.key(),
        escrow: accounts.escrow.key(),
        payer: accounts.payer.key(),
        amount,
        stake_at_assignment,
        job_amount,
        reserved: [0; 24],
    });
    emit!(StakeLocked {
        escrow: accounts.escrow.key(),
        amount,
        post: NodeBalance::after_change(&mut accounts.node, &clock),
    });
    Ok(())
}

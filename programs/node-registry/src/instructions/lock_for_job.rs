use anchor_lang::prelude::*;

use crate::{
    Config, JobLock, Node, RegistryError, VERSION,
    creation::create,
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
    /// CHECK: created here, at PDA ["lock", escrow].
    #[account(mut)]
    pub lock: UncheckedAccount<'info>,
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
    let escrow = accounts.escrow.key();
    create(
        &accounts.lock,
        &accounts.payer,
        &[JobLock::SEED, escrow.as_ref()],
        |bump| {
            Ok(JobLock {
                version: VERSION,
                bump,
                node: accounts.node.key(),
                escrow,
                payer: accounts.payer.key(),
                amount,
                stake_at_assignment,
                job_amount,
                reserved: [0; 24],
            })
        },
    )?;
    emit!(StakeLocked {
        escrow,
        amount,
        post: NodeBalance::after_change(&mut accounts.node, &clock),
    });
    Ok(())
}

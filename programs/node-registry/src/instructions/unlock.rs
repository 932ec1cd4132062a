use anchor_lang::prelude::*;

use crate::{
    Config, JobLock, Node, RegistryError,
    events::{NodeBalance, StakeUnlocked},
};

/// Accounts of `unlock`, and the first ones of everything that ends a job's lock. All close it.
///
/// Only this program creates these accounts, and only at their addresses: their type is check enough.
/// None of them can be another, hence `dup`, which spares the runtime check.
#[derive(Accounts)]
pub struct Unlock<'info> {
    /// job-escrow's signer.
    pub settlement_authority: Signer<'info>,
    #[account(has_one = settlement_authority @ RegistryError::NotSettlementAuthority)]
    pub config: Box<Account<'info, Config>>,
    #[account(mut, dup)]
    pub node: Box<Account<'info, Node>>,
    #[account(
        mut,
        dup,
        close = payer,
        has_one = node @ RegistryError::LockNodeMismatch,
        has_one = payer @ RegistryError::LockPayerMismatch,
    )]
    pub lock: Box<Account<'info, JobLock>>,
    /// CHECK: who paid the lock's rent, as the lock says.
    #[account(mut)]
    pub payer: UncheckedAccount<'info>,
}

/// Releases the lock of a job that the node has not failed.
pub fn unlock(ctx: Context<Unlock>) -> Result<()> {
    let clock = Clock::get()?;
    ctx.accounts.node.unlock(&ctx.accounts.lock)?;
    ctx.accounts.announce(false, &clock)
}

impl Unlock<'_> {
    /// Checks the books and emits what was released.
    pub(super) fn announce(&mut self, failed: bool, clock: &Clock) -> Result<()> {
        self.node.books_balance()?;
        emit!(StakeUnlocked {
            escrow: self.lock.escrow,
            amount: self.lock.amount,
            failed,
            post: NodeBalance::after_change(&mut self.node, clock),
        });
        Ok(())
    }
}

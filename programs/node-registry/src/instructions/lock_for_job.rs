use anchor_lang::{
    prelude::*,
    solana_program::{instruction::Instruction, program::invoke_signed_unchecked},
    system_program::{self, Allocate, Assign, Transfer},
};

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
    let bump = accounts.create_lock()?;
    let lock = JobLock {
        version: VERSION,
        bump,
        node: accounts.node.key(),
        escrow: accounts.escrow.key(),
        payer: accounts.payer.key(),
        amount,
        stake_at_assignment,
        job_amount,
        reserved: [0; 24],
    };
    lock.try_serialize(&mut &mut accounts.lock.try_borrow_mut_data()?[..])?;
    emit!(StakeLocked {
        escrow: accounts.escrow.key(),
        amount,
        post: NodeBalance::after_change(&mut accounts.node, &clock),
    });
    Ok(())
}

impl LockForJob<'_> {
    /// Creates the lock's account and gives back its bump. What Anchor's `init` does, for a tenth less
    /// of the whole assignment's compute units.
    fn create_lock(&self) -> Result<u8> {
        const SPACE: u64 = 8 + JobLock::INIT_SPACE as u64;
        let (lock, escrow) = (self.lock.to_account_info(), self.escrow.key());
        let (address, bump) =
            Pubkey::find_program_address(&[JobLock::SEED, escrow.as_ref()], &crate::ID);
        if lock.key() != address {
            let wrong = Error::from(ErrorCode::ConstraintSeeds).with_account_name("lock");
            return Err(wrong.with_pubkeys((lock.key(), address)));
        }
        let seeds: &[&[&[u8]]] = &[&[JobLock::SEED, escrow.as_ref(), &[bump]]];
        let rent = Rent::get()?.minimum_balance(SPACE as usize);
        let system = system_program::ID;
        let payer = self.payer.to_account_info();
        if lock.lamports() == 0 {
            let create = Instruction {
                program_id: system,
                accounts: vec![
                    AccountMeta::new(payer.key(), true),
                    AccountMeta::new(address, true),
                ],
                data: create_account_data(rent, SPACE),
            };
            // nothing of the two accounts is borrowed here
            invoke_signed_unchecked(&create, &[payer, lock], seeds)?;
            return Ok(bump);
        }
        // somebody has sent lamports to the address, where the system program creates nothing
        let missing = rent.saturating_sub(lock.lamports());
        if missing > 0 {
            let (from, to) = (payer, lock.clone());
            let fund = Transfer { from, to };
            system_program::transfer(CpiContext::new(system, fund), missing)?;
        }
        let account_to_allocate = lock.clone();
        let allocate = Allocate {
            account_to_allocate,
        };
        let context = CpiContext::new_with_signer(system, allocate, seeds);
        system_program::allocate(context, SPACE)?;
        let assign = Assign {
            account_to_assign: lock,
        };
        let context = CpiContext::new_with_signer(system, assign, seeds);
        system_program::assign(context, &crate::ID).map(|()| bump)
    }
}

/// The system program's `CreateAccount` for an account of this program: number 0, lamports, space,
/// owner. Written out, because the general encoder takes 600 compute units.
fn create_account_data(lamports: u64, space: u64) -> Vec<u8> {
    let mut data = vec![0; 4];
    data.extend(lamports.to_le_bytes());
    data.extend(space.to_le_bytes());
    data.extend(crate::ID.as_ref());
    data
}

#[cfg(test)]
mod tests {
    use anchor_lang::solana_program::system_instruction;

    use super::*;

    #[test]
    fn the_written_out_instruction_is_the_system_programs() {
        let (from, to) = (Pubkey::new_unique(), Pubkey::new_unique());
        let built = system_instruction::create_account(&from, &to, 1_234, 154, &crate::ID);
        assert_eq!(create_account_data(1_234, 154), built.data);
    }
}

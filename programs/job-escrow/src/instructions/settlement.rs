use anchor_lang::{InstructionData, prelude::*};
use anchor_spl::token::{Token, TokenAccount};
use node_registry::{
    JobLock,
    program::NodeRegistry,
    tokens::{balance, move_exact},
};
use reputation::{Outcome, Reputation as NodeReputation, UserReputation, program::Reputation};

use crate::{
    Config, Escrow, EscrowError, State,
    calls::{Grant, call},
    events::{EscrowPost, EscrowSettled},
    math::Split,
};

/// What ends an assigned job: the money, the lock on the node's stake, both reputations. All exits after
/// assignment take these accounts, those that may cut the stake more: see `Slashing`.
///
/// Only this program creates configs and escrows, and only at their addresses: their type is check
/// enough. No two of the accounts can be the same, hence `dup`, which spares the runtime check.
#[derive(Accounts)]
pub struct Settlement<'info> {
    #[account(
        has_one = authority @ EscrowError::AddressMismatch,
        has_one = platform_vault @ EscrowError::AddressMismatch,
    )]
    pub config: Box<Account<'info, Config>>,
    #[account(
        mut,
        dup,
        has_one = vault @ EscrowError::AddressMismatch,
    )]
    pub escrow: Box<Account<'info, Escrow>>,
    /// CHECK: the escrow's token account since `create_escrow`, by its address.
    #[account(mut)]
    pub vault: UncheckedAccount<'info>,
    /// Any token account of the node's owner.
    #[account(mut, dup, token::mint = escrow.mint, token::authority = escrow.node)]
    pub node_token: Box<Account<'info, TokenAccount>>,
    /// Any token account of the user.
    #[account(mut, dup, token::mint = escrow.mint, token::authority = escrow.user)]
    pub user_token: Box<Account<'info, TokenAccount>>,
    /// CHECK: the token account that `initialize` made, by its address.
    #[account(mut)]
    pub platform_vault: UncheckedAccount<'info>,
    /// CHECK: only an address, which signs towards the other programs.
    pub authority: UncheckedAccount<'info>,
    /// CHECK: checked by node-registry.
    pub registry_config: UncheckedAccount<'info>,
    /// CHECK: node-registry checks that it is the lock's.
    #[account(mut)]
    pub node: UncheckedAccount<'info>,
    #[account(mut, dup, constraint = lock.escrow == escrow.key() @ EscrowError::LockMismatch)]
    pub lock: Box<Account<'info, JobLock>>,
    /// CHECK: node-registry checks that it is the lock's.
    #[account(mut)]
    pub lock_payer: UncheckedAccount<'info>,
    /// CHECK: checked by reputation.
    pub reputation_config: UncheckedAccount<'info>,
    #[account(
        mut,
        constraint = node_reputation.load()?.owner == escrow.node @ EscrowError::NodeMismatch,
    )]
    pub node_reputation: AccountLoader<'info, NodeReputation>,
    #[account(
        mut,
        constraint = user_reputation.load()?.user == escrow.user @ EscrowError::UserMismatch,
    )]
    pub user_reputation: AccountLoader<'info, UserReputation>,
    pub registry_program: Program<'info, NodeRegistry>,
    pub reputation_program: Program<'info, Reputation>,
    pub token_program: Program<'info, Token>,
}

impl<'info> Settlement<'info> {
    /// Ends a job that the node has not failed: the whole of its settlement.
    pub(crate) fn end(
        &mut self,
        state: State,
        split: Option<Split>,
        outcome: Outcome,
        clock: &Clock,
    ) -> Result<()> {
        self.unlock()?;
        let post = self.settle(state, split, outcome, clock)?;
        emit!(EscrowSettled { post });
        Ok(())
    }

    /// Pays `split`, and the bond to whom the dispute has wronged, records `outcome` and closes the
    /// books in `state`. The caller ends the stake's lock, and emits what this returns.
    pub(crate) fn settle(
        &mut self,
        state: State,
        split: Option<Split>,
        outcome: Outcome,
        clock: &Clock,
    ) -> Result<EscrowPost> {
        let split = split.ok_or(EscrowError::MathOverflow)?;
        let bond = self.escrow.settle(state, split, clock.unix_timestamp)?;
        let (to_node, to_user) = match outcome {
            Outcome::DisputeWon { .. } => (split.node.checked_add(bond), Some(split.user)),
            _ => (Some(split.node), split.user.checked_add(bond)),
        };
        let (to_node, to_user) = to_node.zip(to_user).ok_or(EscrowError::MathOverflow)?;
        self.pay(&self.node_token.to_account_info(), to_node)?;
        self.pay(&self.user_token.to_account_info(), to_user)?;
        self.pay(&self.platform_vault, split.platform)?;
        self.escrow.invariant(balance(&self.vault)?)?;
        self.record(outcome)?;
        Ok(EscrowPost::after_change(&mut self.escrow, clock))
    }

    /// Releases the node's stake.
    pub(crate) fn unlock(&self) -> Result<()> {
        call(
            node_registry::ID,
            &self.authority,
            self.config.authority_bump,
            &[
                (&self.registry_config, Grant::Read),
                (&self.node, Grant::Write),
                (self.lock.as_ref().as_ref(), Grant::Write),
                (&self.lock_payer, Grant::Write),
            ],
            node_registry::instruction::Unlock {}.data(),
        )
    }

    fn pay(&self, to: &AccountInfo<'info>, amount: u64) -> Result<()> {
        pay_from_vault(&self.escrow, &self.vault, to, amount)
    }

    fn record(&self, outcome: Outcome) -> Result<()> {
        call(
            reputation::ID,
            &self.authority,
            self.config.authority_bump,
            &[
                (&self.reputation_config, Grant::Read),
                (self.node_reputation.as_ref(), Grant::Write),
                (self.user_reputation.as_ref(), Grant::Write),
            ],
            reputation::instruction::Record { outcome }.data(),
        )
    }
}

/// Pays `amount` base units out of an escrow's vault.
pub(crate) fn pay_from_vault<'info>(
    escrow: &Account<'info, Escrow>,
    vault: &AccountInfo<'info>,
    to: &AccountInfo<'info>,
    amount: u64,
) -> Result<()> {
    let seeds: &[&[u8]] = &[
        Escrow::SEED,
        escrow.user.as_ref(),
        &escrow.job_id,
        &[escrow.bump],
    ];
    move_exact(vault, to, escrow.to_account_info(), &[seeds], amount)
}

/// Accounts of the exits without a failure that need no particular key: `release`, `expire_dispute`, and
/// `settle_cancel`, whose handler looks at who signed.
#[derive(Accounts)]
pub struct SettleByAnyone<'info> {
    pub signer: Signer<'info>,
    pub settlement: Settlement<'info>,
}

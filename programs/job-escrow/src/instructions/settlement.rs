use anchor_lang::prelude::*;
use anchor_spl::token::{Token, TokenAccount, accessor};
use node_registry::{
    JobLock, SlashReason,
    cpi::accounts::{Release, SlashDispute, Unlock},
    program::NodeRegistry,
    tokens::move_exact,
};
use reputation::{
    Outcome, Reputation as NodeReputation, UserReputation, cpi::accounts::Record,
    program::Reputation,
};

use crate::{
    Config, Escrow, EscrowError, State,
    events::{EscrowPost, EscrowSettled},
    math::Split,
};

/// What happens to the node's stake when its job ends.
#[derive(Clone, Copy)]
pub(crate) enum StakeEnd {
    /// It is released.
    Unlock,
    /// It is released, and the failure counted.
    UnlockFailed,
    /// It is cut for a passed deadline, then released.
    SlashTimeout,
    /// It is cut for a lost dispute, partly to the user's benefit, then released; the node is banned.
    SlashDispute {
        /// What the user gets from the insurance vault, in base units.
        insurance_payout: u64,
    },
}

/// Everything that ends an assigned job: the money, the node's stake, both reputations. All exits
/// after assignment take these accounts, so that a client builds them in one place.
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
        has_one = mint @ EscrowError::MintMismatch,
        has_one = vault @ EscrowError::AddressMismatch,
    )]
    pub escrow: Box<Account<'info, Escrow>>,
    /// CHECK: the escrow's token account since `create_escrow`, by its address.
    #[account(mut)]
    pub vault: UncheckedAccount<'info>,
    /// CHECK: the escrow's mint, by its address. Writable, because a slash burns.
    #[account(mut)]
    pub mint: UncheckedAccount<'info>,
    /// Any token account of the node's owner.
    #[account(mut, dup, token::mint = mint, token::authority = escrow.node)]
    pub node_token: Box<Account<'info, TokenAccount>>,
    /// Any token account of the user.
    #[account(mut, dup, token::mint = mint, token::authority = escrow.user)]
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
    /// CHECK: checked by node-registry.
    #[account(mut)]
    pub stake_vault: UncheckedAccount<'info>,
    /// CHECK: checked by node-registry.
    #[account(mut)]
    pub insurance_vault: UncheckedAccount<'info>,
    /// CHECK: checked by reputation.
    pub reputation_config: UncheckedAccount<'info>,
    #[account(mut, dup, constraint = node_reputation.owner == escrow.node @ EscrowError::NodeMismatch)]
    pub node_reputation: Box<Account<'info, NodeReputation>>,
    #[account(mut, dup, constraint = user_reputation.user == escrow.user @ EscrowError::UserMismatch)]
    pub user_reputation: Box<Account<'info, UserReputation>>,
    pub registry_program: Program<'info, NodeRegistry>,
    pub reputation_program: Program<'info, Reputation>,
    pub token_program: Program<'info, Token>,
}

impl<'info> Settlement<'info> {
    /// [`Self::settle`] outside of a dispute.
    pub(crate) fn end(
        &mut self,
        state: State,
        split: Option<Split>,
        stake: StakeEnd,
        outcome: Outcome,
        clock: &Clock,
    ) -> Result<()> {
        let post = self.settle(state, split, stake, outcome, clock)?;
        emit!(EscrowSettled { post });
        Ok(())
    }

    /// Pays `split`, and the bond to whom the dispute has wronged, ends the stake's lock, records
    /// `outcome` and closes the books in `state`. The caller emits what it returns.
    pub(crate) fn settle(
        &mut self,
        state: State,
        split: Option<Split>,
        stake: StakeEnd,
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
        self.pay(&self.platform_vault.to_account_info(), split.platform)?;
        self.escrow.invariant(accessor::amount(&self.vault)?)?;
        self.end_stake(stake)?;
        self.record(outcome)?;
        Ok(EscrowPost::after_change(&mut self.escrow, clock))
    }

    fn pay(&self, to: &AccountInfo<'info>, amount: u64) -> Result<()> {
        pay_from_vault(&self.escrow, &self.vault, to, amount)
    }

    fn end_stake(&self, stake: StakeEnd) -> Result<()> {
        let unlock = Unlock {
            settlement_authority: self.authority.to_account_info(),
            config: self.registry_config.to_account_info(),
            node: self.node.to_account_info(),
            lock: self.lock.to_account_info(),
            payer: self.lock_payer.to_account_info(),
        };
        let release = |unlock| Release {
            unlock,
            mint: self.mint.to_account_info(),
            stake_vault: self.stake_vault.to_account_info(),
            insurance_vault: self.insurance_vault.to_account_info(),
            token_program: self.token_program.to_account_info(),
        };
        let bump = [self.config.authority_bump];
        let seeds: &[&[&[u8]]] = &[&[Config::AUTHORITY_SEED, &bump]];
        let registry = node_registry::ID;
        match stake {
            StakeEnd::Unlock => {
                node_registry::cpi::unlock(CpiContext::new_with_signer(registry, unlock, seeds))
            }
            StakeEnd::UnlockFailed => node_registry::cpi::unlock_failed(
                CpiContext::new_with_signer(registry, release(unlock), seeds),
            ),
            StakeEnd::SlashTimeout => node_registry::cpi::slash(
                CpiContext::new_with_signer(registry, release(unlock), seeds),
                SlashReason::Timeout,
            ),
            StakeEnd::SlashDispute { insurance_payout } => {
                let accounts = SlashDispute {
                    release: release(unlock),
                    user_token: self.user_token.to_account_info(),
                };
                node_registry::cpi::slash_dispute(
                    CpiContext::new_with_signer(registry, accounts, seeds),
                    insurance_payout,
                )
            }
        }
    }

    fn record(&self, outcome: Outcome) -> Result<()> {
        let accounts = Record {
            settlement_authority: self.authority.to_account_info(),
            config: self.reputation_config.to_account_info(),
            reputation: self.node_reputation.to_account_info(),
            user_reputation: self.user_reputation.to_account_info(),
        };
        let bump = [self.config.authority_bump];
        reputation::cpi::record(
            CpiContext::new_with_signer(
                reputation::ID,
                accounts,
                &[&[Config::AUTHORITY_SEED, &bump]],
            ),
            outcome,
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

/// Accounts of the exits that need no particular key: `release`, `timeout_refund`, `expire_dispute`, and
/// those whose handler looks at who signed: `settle_cancel` and `fail`.
#[derive(Accounts)]
pub struct SettleByAnyone<'info> {
    pub signer: Signer<'info>,
    pub settlement: Settlement<'info>,
}

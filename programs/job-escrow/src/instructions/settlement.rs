use anchor_lang::prelude::*;
use anchor_spl::token::{Mint, Token, TokenAccount, accessor};
use node_registry::tokens::transfer_exact;
use node_registry::{JobLock, SlashReason, cpi::accounts::Release, program::NodeRegistry};
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
    /// It is cut, then released.
    SlashTimeout,
}

/// Everything that ends an assigned job: the money, the node's stake, both reputations. All exits
/// after assignment take these accounts, so that a client builds them in one place.
#[derive(Accounts)]
pub struct Settlement<'info> {
    #[account(seeds = [Config::SEED], bump = config.bump)]
    pub config: Box<Account<'info, Config>>,
    // Only this program creates escrows, and only at their address: the account's type is check enough.
    #[account(mut, has_one = mint @ EscrowError::MintMismatch)]
    pub escrow: Box<Account<'info, Escrow>>,
    #[account(mut, seeds = [Escrow::VAULT_SEED, escrow.key().as_ref()], bump = escrow.vault_bump)]
    pub vault: Box<Account<'info, TokenAccount>>,
    /// Writable, because a slash burns.
    #[account(mut)]
    pub mint: Box<Account<'info, Mint>>,
    /// Any token account of the node's owner.
    #[account(mut, token::mint = mint, token::authority = escrow.node)]
    pub node_token: Box<Account<'info, TokenAccount>>,
    /// Any token account of the user.
    #[account(mut, token::mint = mint, token::authority = escrow.user)]
    pub user_token: Box<Account<'info, TokenAccount>>,
    #[account(mut, seeds = [Config::PLATFORM_SEED], bump = config.platform_bump)]
    pub platform_vault: Box<Account<'info, TokenAccount>>,
    /// CHECK: only an address, which signs towards the other programs.
    #[account(seeds = [Config::AUTHORITY_SEED], bump = config.authority_bump)]
    pub authority: UncheckedAccount<'info>,
    /// CHECK: checked by node-registry.
    pub registry_config: UncheckedAccount<'info>,
    /// CHECK: node-registry checks that it is the lock's.
    #[account(mut)]
    pub node: UncheckedAccount<'info>,
    #[account(mut, constraint = lock.escrow == escrow.key() @ EscrowError::LockMismatch)]
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
    #[account(mut, constraint = node_reputation.owner == escrow.node @ EscrowError::NodeMismatch)]
    pub node_reputation: Box<Account<'info, NodeReputation>>,
    #[account(mut, constraint = user_reputation.user == escrow.user @ EscrowError::UserMismatch)]
    pub user_reputation: Box<Account<'info, UserReputation>>,
    pub registry_program: Program<'info, NodeRegistry>,
    pub reputation_program: Program<'info, Reputation>,
    pub token_program: Program<'info, Token>,
}

impl<'info> Settlement<'info> {
    /// Pays `split`, ends the stake's lock, records `outcome` and closes the books in `state`.
    pub(crate) fn settle(
        &mut self,
        state: State,
        split: Option<Split>,
        stake: StakeEnd,
        outcome: Outcome,
        clock: &Clock,
    ) -> Result<()> {
        let split = split.ok_or(EscrowError::MathOverflow)?;
        self.escrow.settle(state, split, clock.unix_timestamp)?;
        self.pay(&self.node_token.to_account_info(), split.node)?;
        self.pay(&self.user_token.to_account_info(), split.user)?;
        self.pay(&self.platform_vault.to_account_info(), split.platform)?;
        self.escrow
            .invariant(accessor::amount(&self.vault.to_account_info())?)?;
        self.end_stake(stake)?;
        self.record(outcome)?;
        emit!(EscrowSettled {
            post: EscrowPost::after_change(&mut self.escrow, clock),
        });
        Ok(())
    }

    fn pay(&self, to: &AccountInfo<'info>, amount: u64) -> Result<()> {
        pay_from_vault(&self.escrow, &self.vault, &self.mint, to, amount)
    }

    fn end_stake(&self, stake: StakeEnd) -> Result<()> {
        let accounts = Release {
            settlement_authority: self.authority.to_account_info(),
            config: self.registry_config.to_account_info(),
            mint: self.mint.to_account_info(),
            node: self.node.to_account_info(),
            lock: self.lock.to_account_info(),
            payer: self.lock_payer.to_account_info(),
            stake_vault: self.stake_vault.to_account_info(),
            insurance_vault: self.insurance_vault.to_account_info(),
            token_program: self.token_program.to_account_info(),
        };
        let bump = [self.config.authority_bump];
        let seeds: &[&[u8]] = &[Config::AUTHORITY_SEED, &bump];
        let signers = [seeds];
        let context = CpiContext::new_with_signer(node_registry::ID, accounts, &signers);
        match stake {
            StakeEnd::Unlock => node_registry::cpi::unlock(context, false),
            StakeEnd::UnlockFailed => node_registry::cpi::unlock(context, true),
            StakeEnd::SlashTimeout => node_registry::cpi::slash(context, SlashReason::Timeout),
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
    vault: &Account<'info, TokenAccount>,
    mint: &Account<'info, Mint>,
    to: &AccountInfo<'info>,
    amount: u64,
) -> Result<()> {
    let seeds: &[&[u8]] = &[
        Escrow::SEED,
        escrow.user.as_ref(),
        &escrow.job_id,
        &[escrow.bump],
    ];
    transfer_exact(
        &vault.to_account_info(),
        to,
        mint,
        escrow.to_account_info(),
        &[seeds],
        amount,
    )
}

/// Accounts of the exits that need no particular key: `release`, `timeout_refund`, and those whose
/// handler looks at who signed: `settle_cancel` and `fail`.
#[derive(Accounts)]
pub struct SettleByAnyone<'info> {
    pub signer: Signer<'info>,
    pub settlement: Settlement<'info>,
}

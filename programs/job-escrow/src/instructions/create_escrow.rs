use anchor_lang::prelude::*;
use anchor_spl::token::{Token, TokenAccount};
use node_registry::{
    creation::{allocate, create_vault},
    tokens::{balance, move_exact},
};

use crate::{
    Config, Escrow, EscrowError, State, VERSION, Verification,
    events::{EscrowCreated, EscrowPost},
};

/// The job that an escrow pays for.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug)]
pub struct CreateEscrowArgs {
    /// The user's name for the job. Use a fresh one for every job: receipts are bound to the escrow's
    /// address, so one signed for a closed job would count for its namesake.
    pub job_id: [u8; 16],
    /// Base units to fund it with.
    pub amount: u64,
    /// SHA-256 of the canonical job spec.
    pub spec_hash: [u8; 32],
    /// Root of the dataset's chunk manifest.
    pub dataset_root: [u8; 32],
    /// Epochs that make the job complete.
    pub required_epochs: u32,
    /// How long the job should take, in seconds.
    pub estimated_seconds: u32,
    /// How long the job may take from assignment, in seconds.
    pub timeout_seconds: u32,
    /// What the job's proof must be.
    pub verification: Verification,
}

impl CreateEscrowArgs {
    fn validate(&self, config: &Config) -> Result<()> {
        require!(self.amount > 0, EscrowError::ZeroAmount);
        let complete = self.required_epochs > 0
            && self.estimated_seconds > 0
            && self.spec_hash != [0; 32]
            && self.dataset_root != [0; 32];
        require!(complete, EscrowError::IncompleteJob);
        self.verification.validate()?;
        let params = &config.params;
        let allowed = params.min_timeout_seconds..=params.max_timeout_seconds;
        require!(
            allowed.contains(&self.timeout_seconds),
            EscrowError::TimeoutOutOfBounds
        );
        Ok(())
    }
}

/// Accounts of `create_escrow`.
#[derive(Accounts)]
pub struct CreateEscrow<'info> {
    /// Funds the escrow and pays its rent.
    #[account(mut)]
    pub user: Signer<'info>,
    #[account(
        has_one = mint @ EscrowError::MintMismatch,
        constraint = !config.paused @ EscrowError::Paused,
    )]
    pub config: Box<Account<'info, Config>>,
    /// CHECK: the config's mint, by its address.
    pub mint: UncheckedAccount<'info>,
    /// CHECK: created here, at PDA ["escrow", user, job_id].
    #[account(mut)]
    pub escrow: UncheckedAccount<'info>,
    /// CHECK: created here, at PDA ["vault", escrow].
    #[account(mut)]
    pub vault: UncheckedAccount<'info>,
    /// The user's tokens.
    #[account(mut, dup, token::mint = mint, token::authority = user)]
    pub user_token: Box<Account<'info, TokenAccount>>,
    pub token_program: Program<'info, Token>,
    pub system_program: Program<'info, System>,
}

/// Creates the escrow and moves `args.amount` from the user into its vault.
pub fn create_escrow(ctx: Context<CreateEscrow>, args: CreateEscrowArgs) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = ctx.accounts;
    args.validate(&accounts.config)?;

    let address = accounts.escrow.key();
    let (bump, vault_bump) = accounts.create(&args.job_id)?;
    let mut escrow = Box::new(Escrow {
        version: VERSION,
        bump,
        state: State::Open,
        vault_bump,
        user: accounts.user.key(),
        job_id: args.job_id,
        mint: accounts.mint.key(),
        rent_payer: accounts.user.key(),
        amount: args.amount,
        spec_hash: args.spec_hash,
        dataset_root: args.dataset_root,
        required_epochs: args.required_epochs,
        estimated_seconds: args.estimated_seconds,
        timeout_seconds: args.timeout_seconds,
        created_at: clock.unix_timestamp,
        vault: accounts.vault.key(),
        verification: args.verification,
        ..Escrow::EMPTY
    });
    move_exact(
        &accounts.user_token.to_account_info(),
        &accounts.vault,
        accounts.user.to_account_info(),
        &[],
        args.amount,
    )?;
    escrow.invariant(balance(&accounts.vault)?)?;
    emit!(EscrowCreated {
        spec_hash: args.spec_hash,
        dataset_root: args.dataset_root,
        required_epochs: args.required_epochs,
        verification: args.verification,
        post: EscrowPost::at(address, &mut escrow, &clock),
    });
    let mut data = accounts.escrow.try_borrow_mut_data()?;
    escrow.try_serialize(&mut &mut data[..])
}

impl CreateEscrow<'_> {
    /// Creates the escrow's account, still empty, and its vault; their bumps.
    fn create(&self, job_id: &[u8; 16]) -> Result<(u8, u8)> {
        let (user, escrow) = (self.user.key(), self.escrow.key());
        let bump = allocate(
            &crate::ID,
            &self.escrow,
            &self.user,
            &[Escrow::SEED, user.as_ref(), job_id],
            8 + Escrow::INIT_SPACE,
            &crate::ID,
        )?;
        let vault_bump = create_vault(
            &crate::ID,
            &self.vault,
            &self.user,
            &[Escrow::VAULT_SEED, escrow.as_ref()],
            self.mint.to_account_info(),
            self.escrow.to_account_info(),
        )?;
        Ok((bump, vault_bump))
    }
}

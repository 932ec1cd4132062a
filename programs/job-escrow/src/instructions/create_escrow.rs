use anchor_lang::prelude::*;
use anchor_spl::token::{Mint, Token, TokenAccount};
use node_registry::tokens::{balance, move_exact};

use crate::{
    Config, Escrow, EscrowError, State, VERSION,
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
}

impl CreateEscrowArgs {
    fn validate(&self, config: &Config) -> Result<()> {
        require!(self.amount > 0, EscrowError::ZeroAmount);
        let complete = self.required_epochs > 0
            && self.estimated_seconds > 0
            && self.spec_hash != [0; 32]
            && self.dataset_root != [0; 32];
        require!(complete, EscrowError::IncompleteJob);
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
#[instruction(args: CreateEscrowArgs)]
pub struct CreateEscrow<'info> {
    /// Funds the escrow and pays its rent.
    #[account(mut)]
    pub user: Signer<'info>,
    #[account(
        has_one = mint @ EscrowError::MintMismatch,
        constraint = !config.paused @ EscrowError::Paused,
    )]
    pub config: Box<Account<'info, Config>>,
    pub mint: Box<Account<'info, Mint>>,
    #[account(
        init,
        payer = user,
        space = 8 + Escrow::INIT_SPACE,
        seeds = [Escrow::SEED, user.key().as_ref(), &args.job_id],
        bump,
    )]
    pub escrow: Box<Account<'info, Escrow>>,
    #[account(
        init,
        payer = user,
        seeds = [Escrow::VAULT_SEED, escrow.key().as_ref()],
        bump,
        token::mint = mint,
        token::authority = escrow,
        token::token_program = token_program,
    )]
    pub vault: Box<Account<'info, TokenAccount>>,
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

    // Field by field: the account is zeroed, and a whole Escrow would not fit the stack twice.
    let escrow = &mut accounts.escrow;
    escrow.version = VERSION;
    escrow.bump = ctx.bumps.escrow;
    escrow.state = State::Open;
    escrow.vault_bump = ctx.bumps.vault;
    escrow.user = accounts.user.key();
    escrow.job_id = args.job_id;
    escrow.mint = accounts.mint.key();
    escrow.rent_payer = accounts.user.key();
    escrow.amount = args.amount;
    escrow.spec_hash = args.spec_hash;
    escrow.dataset_root = args.dataset_root;
    escrow.required_epochs = args.required_epochs;
    escrow.estimated_seconds = args.estimated_seconds;
    escrow.timeout_seconds = args.timeout_seconds;
    escrow.created_at = clock.unix_timestamp;
    escrow.vault = accounts.vault.key();

    let vault = accounts.vault.to_account_info();
    move_exact(
        &accounts.user_token.to_account_info(),
        &vault,
        accounts.user.to_account_info(),
        &[],
        args.amount,
    )?;
    accounts.escrow.invariant(balance(&vault)?)?;
    emit!(EscrowCreated {
        spec_hash: args.spec_hash,
        dataset_root: args.dataset_root,
        required_epochs: args.required_epochs,
        post: EscrowPost::after_change(&mut accounts.escrow, &clock),
    });
    Ok(())
}

use anchor_lang::prelude::*;
use anchor_spl::token::{Mint, Token, TokenAccount, accessor};
use node_registry::tokens::move_exact;

use crate::{
    VERSION, Vesting, VestingError,
    events::{VestingCreated, VestingPost},
    math::{MAX_DURATION_SECONDS, MAX_START_DISTANCE_SECONDS},
};

/// What is allocated, and when it vests.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug, PartialEq, Eq)]
pub struct CreateVestingArgs {
    /// The funder's number for it.
    pub id: u64,
    /// Base units.
    pub total: u64,
    /// Unix time that the schedule counts from; may lie in the past.
    pub start: i64,
    /// Seconds from the start before which nothing vests; at most the duration.
    pub cliff_seconds: u64,
    /// Seconds from the start after which all has vested; with 0, all vests at the start.
    pub duration_seconds: u64,
}

impl CreateVestingArgs {
    // It cannot be taken back, so a time in other units must not pass.
    fn validate(&self, now: i64) -> Result<()> {
        require!(self.total > 0, VestingError::ZeroTotal);
        let ordered = self.cliff_seconds <= self.duration_seconds
            && self.duration_seconds <= MAX_DURATION_SECONDS;
        require!(ordered, VestingError::ScheduleOutOfBounds);
        require!(
            self.start.abs_diff(now) <= MAX_START_DISTANCE_SECONDS,
            VestingError::StartOutOfBounds
        );
        Ok(())
    }
}

/// Accounts of `create_vesting`.
#[derive(Accounts)]
#[instruction(args: CreateVestingArgs)]
pub struct CreateVesting<'info> {
    /// Whose tokens they are.
    pub funder: Signer<'info>,
    /// Pays the rent, and gets it back at the end.
    #[account(mut)]
    pub payer: Signer<'info>,
    /// CHECK: only an address; it signs when it claims.
    #[account(constraint = beneficiary.key() != Pubkey::default() @ VestingError::NoBeneficiary)]
    pub beneficiary: UncheckedAccount<'info>,
    #[account(constraint = mint.freeze_authority.is_none() @ VestingError::UnsuitableMint)]
    pub mint: Box<Account<'info, Mint>>,
    #[account(
        init,
        payer = payer,
        space = 8 + Vesting::INIT_SPACE,
        seeds = [
            Vesting::SEED,
            mint.key().as_ref(),
            funder.key().as_ref(),
            beneficiary.key().as_ref(),
            &args.id.to_le_bytes(),
        ],
        bump,
    )]
    pub vesting: Box<Account<'info, Vesting>>,
    #[account(
        init,
        payer = payer,
        seeds = [Vesting::VAULT_SEED, vesting.key().as_ref()],
        bump,
        token::mint = mint,
        token::authority = vesting,
        token::token_program = token_program,
    )]
    pub vault: Box<Account<'info, TokenAccount>>,
    /// The funder's tokens.
    #[account(mut, dup, token::mint = mint, token::authority = funder)]
    pub funder_token: Box<Account<'info, TokenAccount>>,
    pub token_program: Program<'info, Token>,
    pub system_program: Program<'info, System>,
}

/// Creates the allocation and moves `args.total` from the funder into its vault, for good.
pub fn create_vesting(ctx: Context<CreateVesting>, args: CreateVestingArgs) -> Result<()> {
    let clock = Clock::get()?;
    args.validate(clock.unix_timestamp)?;
    let accounts = ctx.accounts;
    accounts.vesting.set_inner(Vesting {
        version: VERSION,
        bump: ctx.bumps.vesting,
        vault_bump: ctx.bumps.vault,
        mint: accounts.mint.key(),
        funder: accounts.funder.key(),
        first_beneficiary: accounts.beneficiary.key(),
        id: args.id,
        vault: accounts.vault.key(),
        rent_payer: accounts.payer.key(),
        beneficiary: accounts.beneficiary.key(),
        total: args.total,
        claimed: 0,
        start: args.start,
        cliff_seconds: args.cliff_seconds,
        duration_seconds: args.duration_seconds,
        seq: 0,
        pending_beneficiary: None,
        reserved: [0; 64],
    });
    let vault = accounts.vault.to_account_info();
    move_exact(
        &accounts.funder_token.to_account_info(),
        &vault,
        accounts.funder.to_account_info(),
        &[],
        args.total,
    )?;
    accounts.vesting.invariant(accessor::amount(&vault)?)?;
    emit!(VestingCreated {
        funder: accounts.funder.key(),
        mint: accounts.mint.key(),
        id: args.id,
        start: args.start,
        cliff_seconds: args.cliff_seconds,
        duration_seconds: args.duration_seconds,
        post: VestingPost::after_change(&mut accounts.vesting, &clock),
    });
    Ok(())
}

use anchor_lang::prelude::*;
use anchor_spl::token::{Mint, Token, TokenAccount};

use crate::{Config, EscrowError, Params, VERSION, program::JobEscrow};

/// What the admin sets.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug)]
pub struct ConfigArgs {
    /// Who may assign nodes.
    pub coordinator: Pubkey,
    /// Fees and windows.
    pub params: Params,
}

/// Accounts of `initialize`.
#[derive(Accounts)]
pub struct Initialize<'info> {
    /// The upgrade authority; pays, and becomes the admin.
    #[account(mut)]
    pub admin: Signer<'info>,
    #[account(init, payer = admin, space = 8 + Config::INIT_SPACE, seeds = [Config::SEED], bump)]
    pub config: Box<Account<'info, Config>>,
    #[account(
        constraint = mint.decimals == 9 && mint.freeze_authority.is_none() @ EscrowError::UnsuitableMint,
    )]
    pub mint: Box<Account<'info, Mint>>,
    #[account(
        init,
        payer = admin,
        seeds = [Config::PLATFORM_SEED],
        bump,
        token::mint = mint,
        token::authority = config,
        token::token_program = token_program,
    )]
    pub platform_vault: Box<Account<'info, TokenAccount>>,
    /// CHECK: only an address, which signs towards the other programs.
    #[account(seeds = [Config::AUTHORITY_SEED], bump)]
    pub authority: UncheckedAccount<'info>,
    #[account(
        constraint = program.programdata_address()? == Some(program_data.key()) @ EscrowError::NotUpgradeAuthority,
    )]
    pub program: Program<'info, JobEscrow>,
    #[account(
        constraint = program_data.upgrade_authority_address == Some(admin.key()) @ EscrowError::NotUpgradeAuthority,
    )]
    pub program_data: Box<Account<'info, ProgramData>>,
    pub token_program: Program<'info, Token>,
    pub system_program: Program<'info, System>,
}

/// Creates the config and the platform vault.
pub fn initialize(ctx: Context<Initialize>, args: ConfigArgs) -> Result<()> {
    args.params.validate()?;
    ctx.accounts.config.set_inner(Config {
        version: VERSION,
        bump: ctx.bumps.config,
        platform_bump: ctx.bumps.platform_vault,
        authority_bump: ctx.bumps.authority,
        paused: false,
        admin: ctx.accounts.admin.key(),
        pending_admin: None,
        coordinator: args.coordinator,
        mint: ctx.accounts.mint.key(),
        params: args.params,
        reserved: [0; 128],
    });
    ctx.accounts.config.announce()
}

use anchor_lang::prelude::*;
use anchor_spl::token::{Mint, Token, TokenAccount};

use crate::{Config, Params, RegistryError, VERSION, program::NodeRegistry};

/// What the registry starts with.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug)]
pub struct InitializeArgs {
    /// job-escrow's signer, PDA ["authority"] of that program; fixed for good.
    pub settlement_authority: Pubkey,
    /// Times and slashes.
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
        constraint = mint.decimals == 9 && mint.freeze_authority.is_none() @ RegistryError::UnsuitableMint,
    )]
    pub mint: Box<Account<'info, Mint>>,
    #[account(
        init,
        payer = admin,
        seeds = [Config::INSURANCE_SEED],
        bump,
        token::mint = mint,
        token::authority = config,
        token::token_program = token_program,
    )]
    pub insurance_vault: Box<Account<'info, TokenAccount>>,
    #[account(
        constraint = program.programdata_address()? == Some(program_data.key()) @ RegistryError::NotUpgradeAuthority,
    )]
    pub program: Program<'info, NodeRegistry>,
    #[account(
        constraint = program_data.upgrade_authority_address == Some(admin.key()) @ RegistryError::NotUpgradeAuthority,
    )]
    pub program_data: Box<Account<'info, ProgramData>>,
    pub token_program: Program<'info, Token>,
    pub system_program: Program<'info, System>,
}

/// Creates the config and the insurance vault.
pub fn initialize(ctx: Context<Initialize>, args: InitializeArgs) -> Result<()> {
    args.params.validate()?;
    ctx.accounts.config.set_inner(Config {
        version: VERSION,
        bump: ctx.bumps.config,
        insurance_bump: ctx.bumps.insurance_vault,
        paused: false,
        admin: ctx.accounts.admin.key(),
        pending_admin: None,
        mint: ctx.accounts.mint.key(),
        settlement_authority: args.settlement_authority,
        params: args.params,
        reserved: [0; 128],
    });
    ctx.accounts.config.announce()
}

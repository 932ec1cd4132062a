use anchor_lang::prelude::*;
use anchor_spl::token::{Mint, Token, TokenAccount};

use crate::{Config, Params, RegistryError, VERSION, program::NodeRegistry};

/// What the registry starts with.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug)]
pub struct InitializeArgs {
    /// job-escrow's signer, PDA ["authority"] of that program; fixed for good.
    pub settlement_authority: Pubkey,
    /// Times, slashes and the reward.
    pub params: Params,
}

/// Accounts of `initialize`.
#[derive(Accounts)]
pub struct Initialize<'info> {
    /// The upgrade authority, which becomes the admin.
    pub admin: Signer<'info>,
    /// Pays the rent: the admin may be a program's address, which cannot.
    #[account(mut)]
    pub payer: Signer<'info>,
    #[account(init, payer = payer, space = 8 + Config::INIT_SPACE, seeds = [Config::SEED], bump)]
    pub config: Box<Account<'info, Config>>,
    #[account(
        constraint = mint.decimals == 9 && mint.freeze_authority.is_none() @ RegistryError::UnsuitableMint,
    )]
    pub mint: Box<Account<'info, Mint>>,
    #[account(
        init,
        payer = payer,
        seeds = [Config::INSURANCE_SEED],
        bump,
        token::mint = mint,
        token::authority = config,
        token::token_program = token_program,
    )]
    pub insurance_vault: Box<Account<'info, TokenAccount>>,
    #[account(
        init,
        payer = payer,
        seeds = [Config::REWARD_SEED],
        bump,
        token::mint = mint,
        token::authority = config,
        token::token_program = token_program,
    )]
    pub reward_vault: Box<Account<'info, TokenAccount>>,
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

/// Creates the config, the insurance vault and the reward vault.
pub fn initialize(ctx: Context<Initialize>, args: InitializeArgs) -> Result<()> {
    args.params.validate()?;
    ctx.accounts.config.set_inner(Config {
        version: VERSION,
        bump: ctx.bumps.config,
        paused: false,
        admin: ctx.accounts.admin.key(),
        pending_admin: None,
        mint: ctx.accounts.mint.key(),
        settlement_authority: args.settlement_authority,
        insurance_vault: ctx.accounts.insurance_vault.key(),
        reward_vault: ctx.accounts.reward_vault.key(),
        params: args.params,
        reserved: [0; 128],
    });
    ctx.accounts.config.announce()
}

use anchor_lang::prelude::*;
use anchor_spl::token::{Mint, Token, TokenAccount};

use crate::{Config, EscrowError, Params, VERSION, program::JobEscrow};

/// What the admin sets.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug)]
pub struct ConfigArgs {
    /// Who may assign nodes.
    pub coordinator: Pubkey,
    /// Who decides disputes: a key, a multisig's or a governance program's.
    pub dispute_authority: Pubkey,
    /// The wallet whose token accounts get the development share of the fees.
    pub development: Pubkey,
    /// The wallet whose token accounts get the liquidity share of the fees.
    pub liquidity: Pubkey,
    /// Shares and windows.
    pub params: Params,
}

impl ConfigArgs {
    /// Refuses parameters outside their bounds, and a zero key, which nobody could sign for.
    pub fn validate(&self) -> Result<()> {
        let keys = [
            self.coordinator,
            self.dispute_authority,
            self.development,
            self.liquidity,
        ];
        let named = keys.iter().all(|key| *key != Pubkey::default());
        require!(named, EscrowError::MissingKey);
        self.params.validate()
    }
}

/// Accounts of `initialize`.
#[derive(Accounts)]
pub struct Initialize<'info> {
    /// The upgrade authority; becomes the admin.
    pub admin: Signer<'info>,
    /// Pays the rent; the admin may be a multisig that pays nothing.
    #[account(mut)]
    pub payer: Signer<'info>,
    #[account(init, payer = payer, space = 8 + Config::INIT_SPACE, seeds = [Config::SEED], bump)]
    pub config: Box<Account<'info, Config>>,
    #[account(
        constraint = mint.decimals == 9 && mint.freeze_authority.is_none() @ EscrowError::UnsuitableMint,
    )]
    pub mint: Box<Account<'info, Mint>>,
    #[account(
        init,
        payer = payer,
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
    args.validate()?;
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
        authority: ctx.accounts.authority.key(),
        platform_vault: ctx.accounts.platform_vault.key(),
        dispute_authority: args.dispute_authority,
        development: args.development,
        liquidity: args.liquidity,
        params: args.params,
        reserved: [0; 128],
    });
    ctx.accounts.config.announce()
}

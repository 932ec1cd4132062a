use anchor_lang::prelude::*;

use crate::{Config, ReputationError, VERSION, program::Reputation};

/// Who may write here.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug)]
pub struct InitializeArgs {
    /// job-escrow's signer, PDA ["authority"] of that program; fixed for good.
    pub settlement_authority: Pubkey,
    /// job-escrow; fixed for good.
    pub escrow_program: Pubkey,
    /// Who may report uptime; the admin may name another.
    pub coordinator: Pubkey,
}

/// Accounts of `initialize`.
#[derive(Accounts)]
pub struct Initialize<'info> {
    /// The upgrade authority; becomes the admin.
    pub admin: Signer<'info>,
    /// Pays the rent: an admin that is a program's address cannot.
    #[account(mut)]
    pub payer: Signer<'info>,
    #[account(init, payer = payer, space = 8 + Config::INIT_SPACE, seeds = [Config::SEED], bump)]
    pub config: Box<Account<'info, Config>>,
    #[account(
        constraint = program.programdata_address()? == Some(program_data.key()) @ ReputationError::NotUpgradeAuthority,
    )]
    pub program: Program<'info, Reputation>,
    #[account(
        constraint = program_data.upgrade_authority_address == Some(admin.key()) @ ReputationError::NotUpgradeAuthority,
    )]
    pub program_data: Box<Account<'info, ProgramData>>,
    pub system_program: Program<'info, System>,
}

/// Creates the config.
pub fn initialize(ctx: Context<Initialize>, args: InitializeArgs) -> Result<()> {
    ctx.accounts.config.set_inner(Config {
        version: VERSION,
        bump: ctx.bumps.config,
        paused: false,
        admin: ctx.accounts.admin.key(),
        pending_admin: None,
        settlement_authority: args.settlement_authority,
        escrow_program: args.escrow_program,
        coordinator: args.coordinator,
        reserved: [0; 128],
    });
    ctx.accounts.config.announce()
}

use anchor_lang::prelude::*;
use anchor_spl::token::{Mint, Token};

use crate::{
    Config, Params, RegistryError, VERSION,
    creation::{create, create_vault},
    upgrade::is_upgrade_authority,
};

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
    /// CHECK: created here, at PDA ["config"].
    #[account(mut)]
    pub config: UncheckedAccount<'info>,
    #[account(
        constraint = mint.decimals == 9 && mint.freeze_authority.is_none() @ RegistryError::UnsuitableMint,
    )]
    pub mint: Box<Account<'info, Mint>>,
    /// CHECK: created here, at PDA ["insurance"].
    #[account(mut)]
    pub insurance_vault: UncheckedAccount<'info>,
    /// CHECK: created here, at PDA ["rewards"].
    #[account(mut)]
    pub reward_vault: UncheckedAccount<'info>,
    /// CHECK: the loader's account of this program, read by `is_upgrade_authority`.
    #[account(
        constraint = is_upgrade_authority(&admin, &program_data, &crate::ID)? @ RegistryError::NotUpgradeAuthority,
    )]
    pub program_data: UncheckedAccount<'info>,
    pub token_program: Program<'info, Token>,
    pub system_program: Program<'info, System>,
}

/// Creates the config, the insurance vault and the reward vault.
pub fn initialize(ctx: Context<Initialize>, args: InitializeArgs) -> Result<()> {
    args.params.validate()?;
    let accounts = ctx.accounts;
    let config = create(&accounts.config, &accounts.payer, &[Config::SEED], |bump| {
        Ok(Config {
            version: VERSION,
            bump,
            paused: false,
            admin: accounts.admin.key(),
            pending_admin: None,
            mint: accounts.mint.key(),
            settlement_authority: args.settlement_authority,
            insurance_vault: accounts.insurance_vault.key(),
            reward_vault: accounts.reward_vault.key(),
            params: args.params,
            reserved: [0; 128],
        })
    })?;
    for (vault, seed) in [
        (&accounts.insurance_vault, Config::INSURANCE_SEED),
        (&accounts.reward_vault, Config::REWARD_SEED),
    ] {
        create_vault(
            &crate::ID,
            vault,
            &accounts.payer,
            &[seed],
            accounts.mint.to_account_info(),
            accounts.config.to_account_info(),
        )?;
    }
    config.announce()
}

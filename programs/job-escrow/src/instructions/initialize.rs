use anchor_lang::prelude::*;
use anchor_spl::token::{Mint, Token};
use node_registry::{
    creation::{create, create_vault},
    upgrade::is_upgrade_authority,
};

use crate::{Config, EscrowError, Params, VERSION};

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
    /// CHECK: created here, at PDA ["config"].
    #[account(mut)]
    pub config: UncheckedAccount<'info>,
    #[account(
        constraint = mint.decimals == 9 && mint.freeze_authority.is_none() @ EscrowError::UnsuitableMint,
    )]
    pub mint: Box<Account<'info, Mint>>,
    /// CHECK: created here, at PDA ["platform"].
    #[account(mut)]
    pub platform_vault: UncheckedAccount<'info>,
    /// CHECK: only an address, which signs towards the other programs.
    #[account(seeds = [Config::AUTHORITY_SEED], bump)]
    pub authority: UncheckedAccount<'info>,
    /// CHECK: the loader's account of this program, read by `is_upgrade_authority`.
    #[account(
        constraint = is_upgrade_authority(&admin, &program_data, &crate::ID)? @ EscrowError::NotUpgradeAuthority,
    )]
    pub program_data: UncheckedAccount<'info>,
    pub token_program: Program<'info, Token>,
    pub system_program: Program<'info, System>,
}

/// Creates the config and the platform vault.
pub fn initialize(ctx: Context<Initialize>, args: ConfigArgs) -> Result<()> {
    args.validate()?;
    let accounts = ctx.accounts;
    let platform_bump = create_vault(
        &crate::ID,
        &accounts.platform_vault,
        &accounts.payer,
        &[Config::PLATFORM_SEED],
        accounts.mint.to_account_info(),
        accounts.config.to_account_info(),
    )?;
    let config = create(&accounts.config, &accounts.payer, &[Config::SEED], |bump| {
        Ok(Config {
            version: VERSION,
            bump,
            platform_bump,
            authority_bump: ctx.bumps.authority,
            paused: false,
            admin: accounts.admin.key(),
            pending_admin: None,
            coordinator: args.coordinator,
            mint: accounts.mint.key(),
            authority: accounts.authority.key(),
            platform_vault: accounts.platform_vault.key(),
            dispute_authority: args.dispute_authority,
            development: args.development,
            liquidity: args.liquidity,
            params: args.params,
            reserved: [0; 128],
        })
    })?;
    config.announce()
}

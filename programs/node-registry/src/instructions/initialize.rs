use anchor_lang::{prelude::*, solana_program::bpf_loader_upgradeable};
use anchor_spl::token::{Mint, Token};

use crate::{
    Config, Params, RegistryError, VERSION,
    creation::{create, create_vault},
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
        constraint = is_upgrade_authority(&admin, &program_data)? @ RegistryError::NotUpgradeAuthority,
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
            vault,
            &accounts.payer,
            &[seed],
            accounts.mint.to_account_info(),
            accounts.config.to_account_info(),
        )?;
    }
    config.announce()
}

/// Whether `key` may upgrade this program, as the loader's account `program_data` says.
fn is_upgrade_authority(key: &AccountInfo, program_data: &AccountInfo) -> Result<bool> {
    // the loader's `ProgramData`: number 3 (u32), slot (u64), the authority if any
    const PROGRAM_DATA: [u8; 4] = [3, 0, 0, 0];
    const AUTHORITY: core::ops::Range<usize> = 12..45;
    let (address, _) =
        Pubkey::find_program_address(&[crate::ID.as_ref()], &bpf_loader_upgradeable::ID);
    let data = program_data.try_borrow_data()?;
    let authority = data.get(AUTHORITY).and_then(|option| option.split_first());
    Ok(program_data.key() == address
        && data.starts_with(&PROGRAM_DATA)
        && authority == Some((&1, key.key().as_ref())))
}

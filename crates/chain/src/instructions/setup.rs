//! What a fresh chain needs once: the mint and the programs' configurations.

use cyxwiz_domain::{Address, Amount};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use spl_token_interface::instruction::{
    AuthorityType, initialize_mint2, mint_to_checked, set_authority,
};

use super::{
    build,
    token::{TOKEN, create_account, decimals},
};
use crate::{ChainError, key, pda, programs};

/// Size of a mint account in bytes.
pub const MINT_LEN: u64 = 82;

/// Creates `mint` with all its `supply` in the wallet of `admin`, and nobody who
/// could make more of it or freeze it. Signed by `admin` and `mint`.
/// `rent` is the rent-exempt balance of 82 bytes, in lamports.
///
/// # Errors
/// None that an amount or address can cause; the builder checks the program id.
pub fn create_mint(
    admin: Address,
    mint: Address,
    supply: Amount,
    rent: u64,
) -> Result<Vec<Instruction>, ChainError> {
    let create = solana_system_interface::instruction::create_account(
        &key(admin),
        &key(mint),
        rent,
        MINT_LEN,
        &TOKEN,
    );
    fill_mint(create, admin, mint, supply)
}

/// As [`create_mint`], at the address [`pda::seeded_mint`], for which no further key signs. Signed by `admin`.
/// All of it happens in one transaction, or nothing: no supply is created twice.
///
/// # Errors
/// As [`create_mint`].
pub fn create_seeded_mint(
    admin: Address,
    seed: &str,
    supply: Amount,
    rent: u64,
) -> Result<Vec<Instruction>, ChainError> {
    let mint = pda::seeded_mint(admin, seed)?;
    let create = solana_system_interface::instruction::create_account_with_seed(
        &key(admin),
        &key(mint),
        &key(admin),
        seed,
        rent,
        MINT_LEN,
        &TOKEN,
    );
    fill_mint(create, admin, mint, supply)
}

fn fill_mint(
    mut create: Instruction,
    admin: Address,
    mint: Address,
    supply: Amount,
) -> Result<Vec<Instruction>, ChainError> {
    let (admin_key, mint_key) = (key(admin), key(mint));
    let vault = key(pda::token_account(admin, mint));
    let error = |error| ChainError::Key(format!("build the mint: {error}"));
    create.program_id = solana_sdk_ids::system_program::ID;
    Ok(vec![
        create,
        initialize_mint2(&TOKEN, &mint_key, &admin_key, None, decimals()).map_err(error)?,
        create_account(admin, admin, mint),
        mint_to_checked(
            &TOKEN,
            &mint_key,
            &vault,
            &admin_key,
            &[],
            supply.0,
            decimals(),
        )
        .map_err(error)?,
        set_authority(
            &TOKEN,
            &mint_key,
            None,
            AuthorityType::MintTokens,
            &admin_key,
            &[],
        )
        .map_err(error)?,
    ])
}

/// Configures job-escrow with its default parameters. Signed by `admin`, the
/// program's upgrade authority, who also decides disputes and gets the development
/// and liquidity shares of the fees, until `update_config` names others.
pub fn initialize_escrow(admin: Address, coordinator: Address, mint: Address) -> Instruction {
    build(
        job_escrow::ID,
        &job_escrow::accounts::Initialize {
            admin: key(admin),
            payer: key(admin),
            config: key(pda::escrow_config()),
            mint: key(mint),
            platform_vault: key(pda::platform_vault()),
            authority: key(pda::settlement_authority()),
            program_data: program_data(programs::job_escrow()),
            token_program: TOKEN,
            system_program: solana_sdk_ids::system_program::ID,
        },
        &job_escrow::instruction::Initialize {
            args: job_escrow::ConfigArgs {
                coordinator: key(coordinator),
                dispute_authority: key(admin),
                development: key(admin),
                liquidity: key(admin),
                params: job_escrow::Params::default(),
            },
        },
    )
}

/// Configures node-registry with its default parameters. Signed by `admin`, the
/// program's upgrade authority.
pub fn initialize_registry(admin: Address, mint: Address) -> Instruction {
    build(
        node_registry::ID,
        &node_registry::accounts::Initialize {
            admin: key(admin),
            payer: key(admin),
            config: key(pda::registry_config()),
            mint: key(mint),
            insurance_vault: key(pda::insurance_vault()),
            reward_vault: key(pda::reward_vault()),
            program_data: program_data(programs::node_registry()),
            token_program: TOKEN,
            system_program: solana_sdk_ids::system_program::ID,
        },
        &node_registry::instruction::Initialize {
            args: node_registry::InitializeArgs {
                settlement_authority: key(pda::settlement_authority()),
                params: node_registry::Params::default(),
            },
        },
    )
}

/// Configures reputation. Signed by `admin`, the program's upgrade authority.
pub fn initialize_reputation(admin: Address, coordinator: Address) -> Instruction {
    build(
        reputation::ID,
        &reputation::accounts::Initialize {
            admin: key(admin),
            payer: key(admin),
            config: key(pda::reputation_config()),
            program_data: program_data(programs::reputation()),
            system_program: solana_sdk_ids::system_program::ID,
        },
        &reputation::instruction::Initialize {
            args: reputation::InitializeArgs {
                settlement_authority: key(pda::settlement_authority()),
                escrow_program: job_escrow::ID,
                coordinator: key(coordinator),
            },
        },
    )
}

fn program_data(program: Address) -> Pubkey {
    key(pda::program_data(program))
}

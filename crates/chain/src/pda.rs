//! Addresses that are derived, not drawn.

use cyxwiz_domain::{Address, JobId};
use solana_pubkey::Pubkey;

use crate::{ChainError, address, key};

fn derive(program: &Pubkey, seeds: &[&[u8]]) -> Address {
    address(&Pubkey::find_program_address(seeds, program).0)
}

/// The escrow of a user's job.
pub fn escrow(user: Address, job: JobId) -> Address {
    let seeds = [job_escrow::Escrow::SEED, &user.0, job.as_bytes()];
    derive(&job_escrow::ID, &seeds)
}

/// The token vault of an escrow.
pub fn escrow_vault(escrow: Address) -> Address {
    derive(
        &job_escrow::ID,
        &[job_escrow::Escrow::VAULT_SEED, &escrow.0],
    )
}

/// What is committed, drawn and shown about an escrow's job.
pub fn transcript(escrow: Address) -> Address {
    derive(
        &training_proof::ID,
        &[training_proof::Transcript::SEED, &escrow.0],
    )
}

/// job-escrow's configuration.
pub fn escrow_config() -> Address {
    derive(&job_escrow::ID, &[job_escrow::Config::SEED])
}

/// The token account that collects the platform's fees.
pub fn platform_vault() -> Address {
    derive(&job_escrow::ID, &[job_escrow::Config::PLATFORM_SEED])
}

/// job-escrow's signer towards the other programs.
pub fn settlement_authority() -> Address {
    derive(&job_escrow::ID, &[job_escrow::Config::AUTHORITY_SEED])
}

/// A node of node-registry.
pub fn node(owner: Address) -> Address {
    derive(&node_registry::ID, &[node_registry::Node::SEED, &owner.0])
}

/// The token vault with the stake of the node at address `node`.
pub fn stake_vault(node: Address) -> Address {
    derive(
        &node_registry::ID,
        &[node_registry::Node::STAKE_SEED, &node.0],
    )
}

/// The lock of an escrow on its node's stake.
pub fn job_lock(escrow: Address) -> Address {
    derive(
        &node_registry::ID,
        &[node_registry::JobLock::SEED, &escrow.0],
    )
}

/// node-registry's configuration.
pub fn registry_config() -> Address {
    derive(&node_registry::ID, &[node_registry::Config::SEED])
}

/// The token vault that slashes fill.
pub fn insurance_vault() -> Address {
    derive(&node_registry::ID, &[node_registry::Config::INSURANCE_SEED])
}

/// The token vault that stake rewards are paid from.
pub fn reward_vault() -> Address {
    derive(&node_registry::ID, &[node_registry::Config::REWARD_SEED])
}

/// reputation's configuration.
pub fn reputation_config() -> Address {
    derive(&reputation::ID, &[reputation::Config::SEED])
}

/// The record of a node's owner.
pub fn reputation(owner: Address) -> Address {
    derive(&reputation::ID, &[reputation::Reputation::SEED, &owner.0])
}

/// The record of a user.
pub fn user_reputation(user: Address) -> Address {
    derive(
        &reputation::ID,
        &[reputation::UserReputation::SEED, &user.0],
    )
}

/// That an escrow was rated.
pub fn rating(escrow: Address) -> Address {
    derive(&reputation::ID, &[reputation::Rating::SEED, &escrow.0])
}

/// The associated token account of a wallet.
pub fn token_account(owner: Address, mint: Address) -> Address {
    address(
        &spl_associated_token_account_interface::address::get_associated_token_address(
            &key(owner),
            &key(mint),
        ),
    )
}

/// The mint that `admin` creates under the name `seed`.
///
/// # Errors
/// [`ChainError::Key`] for a seed of more than 32 bytes.
pub fn seeded_mint(admin: Address, seed: &str) -> Result<Address, ChainError> {
    Pubkey::create_with_seed(&key(admin), seed, &spl_token_interface::ID)
        .map(|mint| address(&mint))
        .map_err(|error| ChainError::Key(format!("'{seed}' cannot name a mint: {error}")))
}

/// The allocation of `mint` that `funder` made for `beneficiary` under the number `id`.
pub fn vesting(mint: Address, funder: Address, beneficiary: Address, id: u64) -> Address {
    let id = id.to_le_bytes();
    let seeds: [&[u8]; 5] = [
        vesting::Vesting::SEED,
        &mint.0,
        &funder.0,
        &beneficiary.0,
        &id,
    ];
    derive(&vesting::ID, &seeds)
}

/// The token vault of an allocation.
pub fn vesting_vault(vesting: Address) -> Address {
    derive(&vesting::ID, &[vesting::Vesting::VAULT_SEED, &vesting.0])
}

/// The account with a program's code and upgrade authority.
pub fn program_data(program: Address) -> Address {
    derive(&solana_sdk_ids::bpf_loader_upgradeable::ID, &[&program.0])
}

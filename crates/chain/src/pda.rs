//! Addresses that are derived, not drawn.

use cyxwiz_domain::{Address, JobId};
use solana_pubkey::Pubkey;

use crate::{address, key};

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

/// The account with a program's code and upgrade authority.
pub fn program_data(program: Address) -> Address {
    derive(&solana_sdk_ids::bpf_loader_upgradeable::ID, &[&program.0])
}

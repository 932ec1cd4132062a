//! Where the programs' accounts lie.

use std::{cell::RefCell, collections::HashMap};

use anchor_lang::prelude::Pubkey;
use job_escrow::{Config as EscrowConfig, Escrow};
use node_registry::{Config as RegistryConfig, JobLock, Node};
use reputation::{Config as ReputationConfig, Rating, Reputation, UserReputation};
use training_proof::Transcript;
use vesting::Vesting;

thread_local! {
    // Finding one takes longer than most instructions, and every test asks for the same few.
    static FOUND: RefCell<HashMap<(Vec<u8>, Pubkey), Pubkey>> = RefCell::default();
}

fn pda(seeds: &[&[u8]], program: &Pubkey) -> Pubkey {
    let find = || Pubkey::find_program_address(seeds, program).0;
    FOUND.with_borrow_mut(|found| {
        let name = (seeds.join(&b'/'), *program);
        *found.entry(name).or_insert_with(find)
    })
}

/// job-escrow's config.
pub fn escrow_config() -> Pubkey {
    pda(&[EscrowConfig::SEED], &job_escrow::ID)
}

/// Where fees are collected.
pub fn platform_vault() -> Pubkey {
    pda(&[EscrowConfig::PLATFORM_SEED], &job_escrow::ID)
}

/// job-escrow's signer towards the other programs.
pub fn authority() -> Pubkey {
    pda(&[EscrowConfig::AUTHORITY_SEED], &job_escrow::ID)
}

/// The escrow of a user's job.
pub fn escrow(user: &Pubkey, job_id: &[u8; 16]) -> Pubkey {
    pda(&[Escrow::SEED, user.as_ref(), job_id], &job_escrow::ID)
}

/// The token account of an escrow.
pub fn vault(escrow: &Pubkey) -> Pubkey {
    pda(&[Escrow::VAULT_SEED, escrow.as_ref()], &job_escrow::ID)
}

/// node-registry's config.
pub fn registry_config() -> Pubkey {
    pda(&[RegistryConfig::SEED], &node_registry::ID)
}

/// Where slashed stake is kept.
pub fn insurance_vault() -> Pubkey {
    pda(&[RegistryConfig::INSURANCE_SEED], &node_registry::ID)
}

/// Where stake rewards are paid from.
pub fn reward_vault() -> Pubkey {
    pda(&[RegistryConfig::REWARD_SEED], &node_registry::ID)
}

/// The node of an owner.
pub fn node(owner: &Pubkey) -> Pubkey {
    pda(&[Node::SEED, owner.as_ref()], &node_registry::ID)
}

/// The token account with a node's stake.
pub fn stake_vault(node: &Pubkey) -> Pubkey {
    pda(&[Node::STAKE_SEED, node.as_ref()], &node_registry::ID)
}

/// The lock of an escrow's job.
pub fn lock(escrow: &Pubkey) -> Pubkey {
    pda(&[JobLock::SEED, escrow.as_ref()], &node_registry::ID)
}

/// reputation's config.
pub fn reputation_config() -> Pubkey {
    pda(&[ReputationConfig::SEED], &reputation::ID)
}

/// The record of a node's owner.
pub fn reputation(owner: &Pubkey) -> Pubkey {
    pda(&[Reputation::SEED, owner.as_ref()], &reputation::ID)
}

/// The record of a user.
pub fn user_reputation(user: &Pubkey) -> Pubkey {
    pda(&[UserReputation::SEED, user.as_ref()], &reputation::ID)
}

/// That an escrow was rated.
pub fn rating(escrow: &Pubkey) -> Pubkey {
    pda(&[Rating::SEED, escrow.as_ref()], &reputation::ID)
}

/// What is committed and shown about an escrow's job.
pub fn transcript(escrow: &Pubkey) -> Pubkey {
    pda(&[Transcript::SEED, escrow.as_ref()], &training_proof::ID)
}

/// An allocation, by its funder's number for it.
pub fn vesting(mint: &Pubkey, funder: &Pubkey, beneficiary: &Pubkey, id: u64) -> Pubkey {
    let (mint, funder, beneficiary) = (mint.as_ref(), funder.as_ref(), beneficiary.as_ref());
    let seeds = [Vesting::SEED, mint, funder, beneficiary, &id.to_le_bytes()];
    pda(&seeds, &vesting::ID)
}

/// The token account of an allocation.
pub fn vesting_vault(vesting: &Pubkey) -> Pubkey {
    pda(&[Vesting::VAULT_SEED, vesting.as_ref()], &vesting::ID)
}

/// The loader's account that holds a program's code and names its upgrade authority.
pub fn program_data(program: &Pubkey) -> Pubkey {
    pda(
        &[program.as_ref()],
        &solana_sdk_ids::bpf_loader_upgradeable::ID,
    )
}

//! Instructions of node-registry.

use cyxwiz_domain::{Address, Amount, Digest};
use node_registry::{accounts, instruction};
use solana_instruction::Instruction;

use super::{build, token::TOKEN};
use crate::{key, pda};

/// What an owner says about a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// `host:port` that engines connect to.
    pub endpoint: String,
    /// SHA-256 of the node's TLS certificate.
    pub tls_fingerprint: Digest,
    /// Region name, at most 16 bytes.
    pub region: String,
    /// Device name, at most 64 bytes.
    pub gpu_model: String,
    /// Device memory in MiB.
    pub vram_mib: u32,
    /// Main memory in MiB.
    pub ram_mib: u32,
    /// Speed in thousandths of the reference machine's.
    pub rate_milli: u32,
}

impl Profile {
    fn on_chain(&self) -> node_registry::NodeProfile {
        node_registry::NodeProfile {
            endpoint: self.endpoint.clone(),
            tls_fingerprint: self.tls_fingerprint.0,
            region: self.region.clone(),
            gpu_model: self.gpu_model.clone(),
            vram_mib: self.vram_mib,
            ram_mib: self.ram_mib,
            rate_milli: self.rate_milli,
        }
    }
}

/// Creates the owner's node. Signed by the owner, who pays the rent.
pub fn register(owner: Address, mint: Address, profile: &Profile) -> Instruction {
    let node = pda::node(owner);
    build(
        node_registry::ID,
        &accounts::Register {
            owner: key(owner),
            config: key(pda::registry_config()),
            mint: key(mint),
            node: key(node),
            stake_vault: key(pda::stake_vault(node)),
            token_program: TOKEN,
            system_program: solana_sdk_ids::system_program::ID,
        },
        &instruction::Register {
            profile: profile.on_chain(),
        },
    )
}

/// Replaces the node's description; another fingerprint is announced, and counts alone after the
/// notice. Signed by the owner.
pub fn update(owner: Address, profile: &Profile) -> Instruction {
    build(
        node_registry::ID,
        &accounts::Update {
            owner: key(owner),
            config: key(pda::registry_config()),
            node: key(pda::node(owner)),
        },
        &instruction::Update {
            profile: profile.on_chain(),
        },
    )
}

/// Deposits stake from the owner's token account. Signed by the owner.
pub fn stake(owner: Address, mint: Address, amount: Amount) -> Instruction {
    let node = pda::node(owner);
    build(
        node_registry::ID,
        &accounts::Stake {
            owner: key(owner),
            config: key(pda::registry_config()),
            node: key(node),
            stake_vault: key(pda::stake_vault(node)),
            owner_token: key(pda::token_account(owner, mint)),
            token_program: TOKEN,
        },
        &instruction::Stake { amount: amount.0 },
    )
}

/// Starts the cool-down for part of the free stake. Signed by the owner.
pub fn request_unstake(owner: Address, amount: Amount) -> Instruction {
    build(
        node_registry::ID,
        &accounts::RequestUnstake {
            owner: key(owner),
            config: key(pda::registry_config()),
            node: key(pda::node(owner)),
        },
        &instruction::RequestUnstake { amount: amount.0 },
    )
}

/// Pays out what was requested and is due. Signed by the owner.
pub fn withdraw(owner: Address, mint: Address) -> Instruction {
    let node = pda::node(owner);
    build(
        node_registry::ID,
        &accounts::Withdraw {
            owner: key(owner),
            config: key(pda::registry_config()),
            node: key(node),
            stake_vault: key(pda::stake_vault(node)),
            owner_token: key(pda::token_account(owner, mint)),
            token_program: TOKEN,
        },
        &instruction::Withdraw {},
    )
}

/// Pays the reward that has accrued, as far as the reward vault reaches. Signed by the owner.
pub fn claim_reward(owner: Address, mint: Address) -> Instruction {
    build(
        node_registry::ID,
        &accounts::ClaimReward {
            owner: key(owner),
            config: key(pda::registry_config()),
            node: key(pda::node(owner)),
            reward_vault: key(pda::reward_vault()),
            owner_token: key(pda::token_account(owner, mint)),
            token_program: TOKEN,
        },
        &instruction::ClaimReward {},
    )
}

/// Notes a sign of life, refused within an hour of the last. Signed by the owner.
pub fn heartbeat(owner: Address) -> Instruction {
    build(
        node_registry::ID,
        &accounts::Heartbeat {
            owner: key(owner),
            node: key(pda::node(owner)),
        },
        &instruction::Heartbeat {},
    )
}

//! Instructions of reputation.

use cyxwiz_domain::Address;
use reputation::{UptimeSample, accounts, instruction};
use solana_instruction::{AccountMeta, Instruction};

use super::build;
use crate::{key, pda};

/// Creates the record of a node's owner. Signed by `payer`.
pub fn open_node(payer: Address, owner: Address) -> Instruction {
    build(
        reputation::ID,
        &accounts::OpenNode {
            payer: key(payer),
            config: key(pda::reputation_config()),
            reputation: key(pda::reputation(owner)),
            system_program: solana_sdk_ids::system_program::ID,
        },
        &instruction::OpenNode { owner: key(owner) },
    )
}

/// Creates the record of a user. Signed by `payer`.
pub fn open_user(payer: Address, user: Address) -> Instruction {
    build(
        reputation::ID,
        &accounts::OpenUser {
            payer: key(payer),
            config: key(pda::reputation_config()),
            user_reputation: key(pda::user_reputation(user)),
            system_program: solana_sdk_ids::system_program::ID,
        },
        &instruction::OpenUser { user: key(user) },
    )
}

/// Gives the node of a paid escrow 1 to 5 stars. Signed by the user.
pub fn rate(user: Address, escrow: Address, node_owner: Address, stars: u8) -> Instruction {
    build(
        reputation::ID,
        &accounts::Rate {
            user: key(user),
            config: key(pda::reputation_config()),
            escrow: key(escrow),
            reputation: key(pda::reputation(node_owner)),
            rating: key(pda::rating(escrow)),
            system_program: solana_sdk_ids::system_program::ID,
        },
        &instruction::Rate { stars },
    )
}

/// Gives the rent of a rating back to `payer`, who paid it, once the escrow is closed. Needs no signature.
pub fn close_rating(escrow: Address, payer: Address) -> Instruction {
    build(
        reputation::ID,
        &accounts::CloseRating {
            config: key(pda::reputation_config()),
            rating: key(pda::rating(escrow)),
            escrow: key(escrow),
            payer: key(payer),
        },
        &instruction::CloseRating {},
    )
}

/// Most nodes in a [`batch_uptime`]. As many fit a transaction only where a lookup table shortens their
/// records' addresses; without one, 27 do.
pub const MAX_UPTIME_BATCH: usize = reputation::MAX_BATCH;

/// How often a node was found up, of the times it was asked since the last report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uptime {
    /// The node's owner.
    pub owner: Address,
    /// Samples that found it up; at most `total`.
    pub up: u8,
    /// All samples, 1 to 120.
    pub total: u8,
}

/// Reports on the uptime of nodes, each at most hourly and once. Signed by the coordinator.
pub fn batch_uptime(coordinator: Address, nodes: &[Uptime]) -> Instruction {
    let samples = nodes.iter().map(|node| UptimeSample {
        up: node.up,
        total: node.total,
    });
    let mut batch = build(
        reputation::ID,
        &accounts::BatchUptime {
            coordinator: key(coordinator),
            config: key(pda::reputation_config()),
        },
        &instruction::BatchUptime {
            samples: samples.collect(),
        },
    );
    let records = nodes.iter().map(|node| key(pda::reputation(node.owner)));
    batch
        .accounts
        .extend(records.map(|record| AccountMeta::new(record, false)));
    batch
}

/// Names another coordinator. Signed by the admin.
pub fn update_config(admin: Address, coordinator: Address) -> Instruction {
    build(
        reputation::ID,
        &accounts::Administer {
            admin: key(admin),
            config: key(pda::reputation_config()),
        },
        &instruction::UpdateConfig {
            coordinator: key(coordinator),
        },
    )
}

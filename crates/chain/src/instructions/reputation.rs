//! Instructions of reputation.

use cyxwiz_domain::Address;
use reputation::{accounts, instruction};
use solana_instruction::Instruction;

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

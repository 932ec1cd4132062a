//! The programs' instructions. Signers are named in each function's words; who
//! pays the transaction is the caller's choice.

pub mod escrow;
pub mod proof;
pub mod registry;
pub mod reputation;
pub mod setup;
pub mod token;
pub mod vesting;

use anchor_lang::{InstructionData, ToAccountMetas};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

pub(crate) fn build(
    program: Pubkey,
    accounts: &impl ToAccountMetas,
    data: &impl InstructionData,
) -> Instruction {
    Instruction {
        program_id: program,
        accounts: accounts.to_account_metas(None),
        data: data.data(),
    }
}

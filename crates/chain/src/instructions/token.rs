//! Instructions of the token programs.

use cyxwiz_domain::{Address, Amount, amount::DECIMALS};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use spl_associated_token_account_interface::instruction::create_associated_token_account_idempotent;

use crate::{ChainError, key, pda};

/// The classic SPL Token program.
pub(crate) const TOKEN: Pubkey = spl_token_interface::ID;

/// Creates the owner's associated token account unless it is there. Signed by
/// `payer`, who pays the rent.
pub fn create_account(payer: Address, owner: Address, mint: Address) -> Instruction {
    create_associated_token_account_idempotent(&key(payer), &key(owner), &key(mint), &TOKEN)
}

/// Moves tokens between two wallets' associated token accounts. Signed by `from`.
///
/// # Errors
/// None that an amount or address can cause; the builder checks the program id.
pub fn transfer(
    from: Address,
    to: Address,
    mint: Address,
    amount: Amount,
) -> Result<Instruction, ChainError> {
    spl_token_interface::instruction::transfer_checked(
        &TOKEN,
        &key(pda::token_account(from, mint)),
        &key(mint),
        &key(pda::token_account(to, mint)),
        &key(from),
        &[],
        amount.0,
        decimals(),
    )
    .map_err(|error| ChainError::Key(format!("build a transfer: {error}")))
}

pub(crate) fn decimals() -> u8 {
    u8::try_from(DECIMALS).expect("nine")
}

//! One file per instruction: its accounts, its checks, its handler.
//!
//! `dup` spares Anchor's search for one account in two places: no instruction writes two of one type.

mod accept_beneficiary;
mod claim;
mod close;
mod create_vesting;
mod propose_beneficiary;

pub use accept_beneficiary::*;
pub use claim::*;
pub use close::*;
pub use create_vesting::*;
pub use propose_beneficiary::*;

use anchor_lang::prelude::*;
use anchor_spl::token::accessor;
use node_registry::tokens::move_exact;

use crate::Vesting;

/// Pays `amount` base units out of an allocation's vault.
fn pay_from_vault<'info>(
    vesting: &Account<'info, Vesting>,
    vault: &AccountInfo<'info>,
    to: &AccountInfo<'info>,
    amount: u64,
) -> Result<()> {
    with_seeds(vesting, |seeds| {
        move_exact(vault, to, vesting.to_account_info(), &[seeds], amount)
    })?;
    vesting.invariant(accessor::amount(vault)?)
}

/// Hands over what an allocation signs with.
fn with_seeds<T>(vesting: &Vesting, sign: impl FnOnce(&[&[u8]]) -> T) -> T {
    sign(&[
        Vesting::SEED,
        vesting.mint.as_ref(),
        vesting.funder.as_ref(),
        vesting.first_beneficiary.as_ref(),
        &vesting.id.to_le_bytes(),
        &[vesting.bump],
    ])
}

//! Exact movements of classic SPL tokens. job-escrow moves its tokens with the same functions.

use anchor_lang::prelude::*;
use anchor_spl::token::{self, Burn, Transfer};

use crate::RegistryError;

/// Base units in a token account, read without parsing the rest of it. Fails where there is none.
pub fn balance(account: &AccountInfo) -> Result<u64> {
    const AMOUNT: core::ops::Range<usize> = 64..72;
    let data = account.try_borrow_data()?;
    let bytes = data.get(AMOUNT).and_then(|bytes| bytes.try_into().ok());
    Ok(u64::from_le_bytes(
        bytes.ok_or(RegistryError::NotTokenAccount)?,
    ))
}

/// Moves exactly `amount` base units between two token accounts and proves it by both balances; 0 is
/// no movement at all. The token program checks that both are of one mint.
///
/// `signer` holds the seeds where a PDA is the authority, and is empty where a wallet has signed.
/// Fails when the token program refuses or a balance moved by anything else than `amount`.
pub fn move_exact<'info>(
    from: &AccountInfo<'info>,
    to: &AccountInfo<'info>,
    authority: AccountInfo<'info>,
    signer: &[&[&[u8]]],
    amount: u64,
) -> Result<()> {
    if amount == 0 {
        return Ok(());
    }
    let before = (balance(from)?, balance(to)?);
    let accounts = Transfer {
        from: from.clone(),
        to: to.clone(),
        authority,
    };
    let context = CpiContext::new_with_signer(token::ID, accounts, signer);
    token::transfer(context, amount)?;
    require_moved(before, (balance(from)?, balance(to)?), amount)
}

/// Burns exactly `amount` base units of `from` and proves it by its balance; 0 is no burn at all.
pub fn burn_exact<'info>(
    from: &AccountInfo<'info>,
    mint: &AccountInfo<'info>,
    authority: AccountInfo<'info>,
    signer: &[&[&[u8]]],
    amount: u64,
) -> Result<()> {
    if amount == 0 {
        return Ok(());
    }
    let before = balance(from)?;
    let accounts = Burn {
        mint: mint.clone(),
        from: from.clone(),
        authority,
    };
    let context = CpiContext::new_with_signer(token::ID, accounts, signer);
    token::burn(context, amount)?;
    let burned = before.checked_sub(balance(from)?) == Some(amount);
    require!(burned, RegistryError::InexactMovement);
    Ok(())
}

// Both balances (source, target) before and after.
fn require_moved(before: (u64, u64), after: (u64, u64), amount: u64) -> Result<()> {
    let left = before.0.checked_sub(after.0) == Some(amount);
    let arrived = after.1.checked_sub(before.1) == Some(amount);
    require!(left && arrived, RegistryError::InexactMovement);
    Ok(())
}

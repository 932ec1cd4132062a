//! Exact movements of classic SPL tokens. job-escrow moves its tokens with the same functions.

use anchor_lang::prelude::*;
use anchor_spl::token::{self, Burn, Mint, Transfer, TransferChecked, accessor};

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
    let (source, target) = (accessor::amount(from)?, accessor::amount(to)?);
    let accounts = Transfer {
        from: from.clone(),
        to: to.clone(),
        authority,
    };
    token::transfer(
        CpiContext::new_with_signer(token::ID, accounts, signer),
        amount,
    )?;
    require_eq!(source.saturating_sub(accessor::amount(from)?), amount);
    require_eq!(accessor::amount(to)?.saturating_sub(target), amount);
    Ok(())
}

/// As [`move_exact`], and the token program also compares `mint` and its decimals.
pub fn transfer_exact<'info>(
    from: &AccountInfo<'info>,
    to: &AccountInfo<'info>,
    mint: &Account<'info, Mint>,
    authority: AccountInfo<'info>,
    signer: &[&[&[u8]]],
    amount: u64,
) -> Result<()> {
    if amount == 0 {
        return Ok(());
    }
    let (source, target) = (accessor::amount(from)?, accessor::amount(to)?);
    let accounts = TransferChecked {
        from: from.clone(),
        mint: mint.to_account_info(),
        to: to.clone(),
        authority,
    };
    token::transfer_checked(
        CpiContext::new_with_signer(token::ID, accounts, signer),
        amount,
        mint.decimals,
    )?;
    require_eq!(source.saturating_sub(accessor::amount(from)?), amount);
    require_eq!(accessor::amount(to)?.saturating_sub(target), amount);
    Ok(())
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
    let before = accessor::amount(from)?;
    let accounts = Burn {
        mint: mint.clone(),
        from: from.clone(),
        authority,
    };
    token::burn(
        CpiContext::new_with_signer(token::ID, accounts, signer),
        amount,
    )?;
    require_eq!(before.saturating_sub(accessor::amount(from)?), amount);
    Ok(())
}

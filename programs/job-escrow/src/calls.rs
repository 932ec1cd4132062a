//! Calls of the other programs, signed by the settlement authority.
//!
//! Anchor's clients build a vector per account, and look each account up among all others to check a
//! borrow. On the paths that every job takes, that is worth sparing: here each is named once.

use anchor_lang::{
    prelude::*,
    solana_program::{instruction::Instruction, program::invoke_signed_unchecked},
};

use crate::Config;

/// What a program may do with an account that it is given.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grant {
    /// Read it.
    Read,
    /// Change it.
    Write,
    /// Change it in its name: it has signed the transaction.
    SignAndWrite,
}

/// Calls `program` with `accounts` behind the settlement authority, which signs.
///
/// No account's data or lamports may be borrowed meanwhile: the callee would change them underneath.
pub(crate) fn call<'info>(
    program: Pubkey,
    authority: &AccountInfo<'info>,
    authority_bump: u8,
    accounts: &[(&AccountInfo<'info>, Grant)],
    data: Vec<u8>,
) -> Result<()> {
    let mut metas = Vec::with_capacity(accounts.len() + 1);
    let mut infos = Vec::with_capacity(accounts.len() + 1);
    metas.push(AccountMeta::new_readonly(*authority.key, true));
    infos.push(authority.clone());
    for &(account, grant) in accounts {
        metas.push(AccountMeta {
            pubkey: *account.key,
            is_signer: grant == Grant::SignAndWrite,
            is_writable: grant != Grant::Read,
        });
        infos.push(account.clone());
    }
    let instruction = Instruction {
        program_id: program,
        accounts: metas,
        data,
    };
    let seeds: &[&[u8]] = &[Config::AUTHORITY_SEED, &[authority_bump]];
    Ok(invoke_signed_unchecked(&instruction, &infos, &[seeds])?)
}

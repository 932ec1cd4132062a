//! Creating a program's accounts at their addresses. job-escrow creates its own with the same functions.
//!
//! What Anchor's `init` does, as functions: its expansion for the six accounts made here is a fifth of
//! the program's code, and takes more compute units in what runs for every job.

use anchor_lang::{
    prelude::*,
    solana_program::{instruction::Instruction, program::invoke_signed},
    system_program,
};
use anchor_spl::token::{self, InitializeAccount3, TokenAccount};

/// Creates the account of type `T` at the address of `seeds` and writes `make(bump)` into it. The
/// value as written.
///
/// Fails with Anchor's `ConstraintSeeds` where `account` is not at that address, and as the system
/// program does where it exists.
pub fn create<'info, T: AccountSerialize + Owner + Space>(
    account: &AccountInfo<'info>,
    payer: &AccountInfo<'info>,
    seeds: &[&[u8]],
    make: impl FnOnce(u8) -> Result<T>,
) -> Result<T> {
    let bump = allocate(
        &T::owner(),
        account,
        payer,
        seeds,
        8 + T::INIT_SPACE,
        &T::owner(),
    )?;
    let value = make(bump)?;
    value.try_serialize(&mut &mut account.try_borrow_mut_data()?[..])?;
    Ok(value)
}

/// Creates a token account for `mint` at the address of `seeds` under `program`, which `owner` disposes
/// of; the address's bump.
pub fn create_vault<'info>(
    program: &Pubkey,
    account: &AccountInfo<'info>,
    payer: &AccountInfo<'info>,
    seeds: &[&[u8]],
    mint: AccountInfo<'info>,
    owner: AccountInfo<'info>,
) -> Result<u8> {
    let bump = allocate(
        program,
        account,
        payer,
        seeds,
        TokenAccount::LEN,
        &token::ID,
    )?;
    let initialize = InitializeAccount3 {
        account: account.clone(),
        mint,
        authority: owner,
    };
    token::initialize_account3(CpiContext::new(token::ID, initialize))?;
    Ok(bump)
}

/// Creates an empty account of `owner` at the address of `seeds` under `program`, which must be the one
/// that runs; the address's bump.
///
/// Fails as [`create`] does.
#[inline(never)]
pub fn allocate<'info>(
    program: &Pubkey,
    account: &AccountInfo<'info>,
    payer: &AccountInfo<'info>,
    seeds: &[&[u8]],
    space: usize,
    owner: &Pubkey,
) -> Result<u8> {
    let (address, bump) = Pubkey::find_program_address(seeds, program);
    if account.key() != address {
        let wrong = Error::from(ErrorCode::ConstraintSeeds);
        return Err(wrong.with_pubkeys((account.key(), address)));
    }
    let bump_seed = [bump];
    let seeds: Vec<&[u8]> = seeds.iter().copied().chain([&bump_seed[..]]).collect();
    let signer = [seeds.as_slice()];
    let rent = Rent::get()?.minimum_balance(space);
    if account.lamports() == 0 {
        let create = Instruction {
            program_id: system_program::ID,
            accounts: vec![
                AccountMeta::new(payer.key(), true),
                AccountMeta::new(address, true),
            ],
            data: instruction_data(
                CREATE_ACCOUNT,
                &[
                    &rent.to_le_bytes(),
                    &(space as u64).to_le_bytes(),
                    owner.as_ref(),
                ],
            ),
        };
        invoke_signed(&create, &[payer.clone(), account.clone()], &signer)?;
        return Ok(bump);
    }
    // somebody has sent lamports to the address, where the system program creates nothing
    let missing = rent.saturating_sub(account.lamports());
    if missing > 0 {
        let fund = Instruction {
            program_id: system_program::ID,
            accounts: vec![
                AccountMeta::new(payer.key(), true),
                AccountMeta::new(address, false),
            ],
            data: instruction_data(TRANSFER, &[&missing.to_le_bytes()]),
        };
        invoke_signed(&fund, &[payer.clone(), account.clone()], &[])?;
    }
    for data in [
        instruction_data(ALLOCATE, &[&(space as u64).to_le_bytes()]),
        instruction_data(ASSIGN, &[owner.as_ref()]),
    ] {
        let step = Instruction {
            program_id: system_program::ID,
            accounts: vec![AccountMeta::new(address, true)],
            data,
        };
        invoke_signed(&step, std::slice::from_ref(account), &signer)?;
    }
    Ok(bump)
}

// The system program's numbers of what is asked of it.
const CREATE_ACCOUNT: u32 = 0;
const ASSIGN: u32 = 1;
const TRANSFER: u32 = 2;
const ALLOCATE: u32 = 8;

/// An instruction of the system program: its number and its arguments. Written out, because the general
/// encoder takes 600 compute units, and its code the room of an instruction.
fn instruction_data(number: u32, arguments: &[&[u8]]) -> Vec<u8> {
    let mut data = Vec::with_capacity(52);
    data.extend_from_slice(&number.to_le_bytes());
    for argument in arguments {
        data.extend_from_slice(argument);
    }
    data
}

#[cfg(test)]
mod tests {
    use anchor_lang::solana_program::system_instruction;

    use super::*;

    #[test]
    fn the_written_out_instructions_are_the_system_programs() {
        let (from, to) = (Pubkey::new_unique(), Pubkey::new_unique());
        let amount = 1_234u64.to_le_bytes();
        let space = 154u64.to_le_bytes();
        let owner = crate::ID;
        let pairs = [
            (
                instruction_data(CREATE_ACCOUNT, &[&amount, &space, owner.as_ref()]),
                system_instruction::create_account(&from, &to, 1_234, 154, &owner),
            ),
            (
                instruction_data(TRANSFER, &[&amount]),
                system_instruction::transfer(&from, &to, 1_234),
            ),
            (
                instruction_data(ALLOCATE, &[&space]),
                system_instruction::allocate(&to, 154),
            ),
            (
                instruction_data(ASSIGN, &[owner.as_ref()]),
                system_instruction::assign(&to, &owner),
            ),
        ];
        for (written, built) in pairs {
            assert_eq!(written, built.data);
        }
    }
}

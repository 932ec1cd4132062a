//! What our programs use of the system program.

use anchor_lang::{
    prelude::{AccountInfo, ProgramError, Pubkey},
    solana_program::entrypoint::ProgramResult,
};

use crate::bytes::Bytes;

const IN_USE: ProgramError = ProgramError::Custom(0);
const TOO_POOR: ProgramError = ProgramError::Custom(1);

/// Runs `create_account`, `assign`, `transfer` or `allocate`.
pub fn process(infos: &[AccountInfo], data: &[u8]) -> ProgramResult {
    let mut data = Bytes::new(data);
    let [first, rest @ ..] = infos else {
        return Err(ProgramError::NotEnoughAccountKeys);
    };
    let second = || rest.first().ok_or(ProgramError::NotEnoughAccountKeys);
    match u32::from_le_bytes(data.array()) {
        0 => {
            let (lamports, space) = (
                u64::from_le_bytes(data.array()),
                u64::from_le_bytes(data.array()),
            );
            let to = second()?;
            if to.lamports() > 0 {
                return Err(IN_USE);
            }
            allocate(to, space)?;
            assign(to, &Pubkey::new_from_array(data.array()))?;
            transfer(first, to, lamports)
        }
        1 => assign(first, &Pubkey::new_from_array(data.array())),
        2 => transfer(first, second()?, u64::from_le_bytes(data.array())),
        8 => allocate(first, u64::from_le_bytes(data.array())),
        _ => Err(ProgramError::InvalidInstructionData),
    }
}

fn transfer(from: &AccountInfo, to: &AccountInfo, lamports: u64) -> ProgramResult {
    signed(from)?;
    let left = from.lamports().checked_sub(lamports).ok_or(TOO_POOR)?;
    **from.try_borrow_mut_lamports()? = left;
    let sum = to
        .lamports()
        .checked_add(lamports)
        .ok_or(ProgramError::ArithmeticOverflow)?;
    **to.try_borrow_mut_lamports()? = sum;
    Ok(())
}

fn allocate(account: &AccountInfo, space: u64) -> ProgramResult {
    signed(account)?;
    let fresh = account.data_is_empty() && *account.owner == solana_sdk_ids::system_program::ID;
    if !fresh {
        return Err(IN_USE);
    }
    account.resize(usize::try_from(space).map_err(|_| ProgramError::InvalidRealloc)?)
}

fn assign(account: &AccountInfo, owner: &Pubkey) -> ProgramResult {
    signed(account)?;
    if *account.owner != solana_sdk_ids::system_program::ID {
        return Err(ProgramError::IllegalOwner);
    }
    account.assign(owner);
    Ok(())
}

fn signed(account: &AccountInfo) -> ProgramResult {
    if account.is_signer {
        Ok(())
    } else {
        Err(ProgramError::MissingRequiredSignature)
    }
}

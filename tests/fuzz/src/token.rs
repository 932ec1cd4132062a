//! What our programs use of the token program.

use anchor_lang::{
    prelude::{AccountInfo, ProgramError, Pubkey},
    solana_program::{entrypoint::ProgramResult, program_pack::Pack},
};
use spl_token_interface::{
    instruction::TokenInstruction,
    state::{Account as Tokens, AccountState, Mint},
};

const TOO_FEW: ProgramError = ProgramError::Custom(1);
const MINT_MISMATCH: ProgramError = ProgramError::Custom(3);
const OWNER_MISMATCH: ProgramError = ProgramError::Custom(4);
const NOT_EMPTY: ProgramError = ProgramError::Custom(11);

/// Runs the initialization, a transfer, a burn or a closing of a token account.
pub fn process(infos: &[AccountInfo], data: &[u8]) -> ProgramResult {
    match (TokenInstruction::unpack(data)?, infos) {
        (TokenInstruction::InitializeAccount3 { owner }, [account, mint, ..]) => {
            initialize(account, mint, owner)
        }
        (TokenInstruction::InitializeImmutableOwner, [_, ..]) => Ok(()),
        (TokenInstruction::Transfer { amount }, [from, to, authority, ..]) => {
            transfer(from, to, authority, amount)
        }
        (
            TokenInstruction::TransferChecked { amount, decimals },
            [from, mint, to, authority, ..],
        ) => {
            let of_it = read::<Tokens>(from)?.mint == *mint.key;
            if !of_it || read::<Mint>(mint)?.decimals != decimals {
                return Err(MINT_MISMATCH);
            }
            transfer(from, to, authority, amount)
        }
        (TokenInstruction::Burn { amount }, [from, mint, authority, ..]) => {
            burn(from, mint, authority, amount)
        }
        (TokenInstruction::CloseAccount, [account, to, authority, ..]) => {
            close(account, to, authority)
        }
        _ => Err(ProgramError::InvalidInstructionData),
    }
}

fn read<T: Pack + anchor_lang::solana_program::program_pack::IsInitialized>(
    account: &AccountInfo,
) -> Result<T, ProgramError> {
    if *account.owner != spl_token_interface::ID {
        return Err(ProgramError::IncorrectProgramId);
    }
    T::unpack(&account.try_borrow_data()?)
}

fn write<T: Pack>(account: &AccountInfo, value: T) -> ProgramResult {
    if !account.is_writable {
        return Err(ProgramError::InvalidArgument);
    }
    T::pack(value, &mut account.try_borrow_mut_data()?)
}

fn initialize(account: &AccountInfo, mint: &AccountInfo, owner: Pubkey) -> ProgramResult {
    read::<Mint>(mint)?;
    let ours = *account.owner == spl_token_interface::ID && account.data_len() == Tokens::LEN;
    let blank = account.try_borrow_data()?.iter().all(|byte| *byte == 0);
    if !ours || !blank {
        return Err(ProgramError::AccountAlreadyInitialized);
    }
    let tokens = Tokens {
        mint: *mint.key,
        owner,
        state: AccountState::Initialized,
        ..Tokens::default()
    };
    write(account, tokens)
}

fn require_authority(tokens: &Tokens, authority: &AccountInfo) -> ProgramResult {
    if tokens.owner != *authority.key {
        return Err(OWNER_MISMATCH);
    }
    if authority.is_signer {
        Ok(())
    } else {
        Err(ProgramError::MissingRequiredSignature)
    }
}

fn transfer(
    from: &AccountInfo,
    to: &AccountInfo,
    authority: &AccountInfo,
    amount: u64,
) -> ProgramResult {
    let (mut source, mut target) = (read::<Tokens>(from)?, read::<Tokens>(to)?);
    require_authority(&source, authority)?;
    if source.mint != target.mint {
        return Err(MINT_MISMATCH);
    }
    source.amount = source.amount.checked_sub(amount).ok_or(TOO_FEW)?;
    if from.key == to.key {
        return Ok(());
    }
    target.amount = target
        .amount
        .checked_add(amount)
        .ok_or(ProgramError::ArithmeticOverflow)?;
    write(from, source)?;
    write(to, target)
}

fn burn(
    from: &AccountInfo,
    mint: &AccountInfo,
    authority: &AccountInfo,
    amount: u64,
) -> ProgramResult {
    let (mut tokens, mut of) = (read::<Tokens>(from)?, read::<Mint>(mint)?);
    require_authority(&tokens, authority)?;
    if tokens.mint != *mint.key {
        return Err(MINT_MISMATCH);
    }
    tokens.amount = tokens.amount.checked_sub(amount).ok_or(TOO_FEW)?;
    of.supply = of.supply.checked_sub(amount).ok_or(TOO_FEW)?;
    write(from, tokens)?;
    write(mint, of)
}

fn close(account: &AccountInfo, to: &AccountInfo, authority: &AccountInfo) -> ProgramResult {
    let tokens = read::<Tokens>(account)?;
    require_authority(&tokens, authority)?;
    if tokens.amount > 0 {
        return Err(NOT_EMPTY);
    }
    if account.key == to.key {
        return Err(ProgramError::InvalidArgument);
    }
    let sum = to.lamports().checked_add(account.lamports());
    **to.try_borrow_mut_lamports()? = sum.ok_or(ProgramError::ArithmeticOverflow)?;
    **account.try_borrow_mut_lamports()? = 0;
    account.assign(&solana_sdk_ids::system_program::ID);
    account.resize(0)
}

//! Who may upgrade a program, and so configure it first. job-escrow asks the same.

use anchor_lang::{prelude::*, solana_program::bpf_loader_upgradeable};

/// Whether `key` may upgrade `program`, as the loader's account `program_data` says.
pub fn is_upgrade_authority(
    key: &AccountInfo,
    program_data: &AccountInfo,
    program: &Pubkey,
) -> Result<bool> {
    // the loader's `ProgramData`: number 3 (u32), slot (u64), the authority if any
    const PROGRAM_DATA: [u8; 4] = [3, 0, 0, 0];
    const AUTHORITY: core::ops::Range<usize> = 12..45;
    let (address, _) =
        Pubkey::find_program_address(&[program.as_ref()], &bpf_loader_upgradeable::ID);
    let data = program_data.try_borrow_data()?;
    let authority = data.get(AUTHORITY).and_then(|option| option.split_first());
    Ok(program_data.key() == address
        && data.starts_with(&PROGRAM_DATA)
        && authority == Some((&1, key.key().as_ref())))
}

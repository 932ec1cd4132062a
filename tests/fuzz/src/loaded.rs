//! The accounts of one instruction in memory, as the runtime lays them out for a program.

use std::collections::BTreeMap;

use anchor_lang::{
    prelude::{AccountInfo, Pubkey},
    solana_program::instruction::Instruction,
};
use solana_program_entrypoint::{MAX_PERMITTED_DATA_INCREASE, NON_DUP_MARKER, deserialize};

use crate::bank::{Account, Bank};

/// Alignment of the loader's input.
const ALIGN: usize = 8;

/// The loader's input for a program, and where each account's writable copy lies in it.
pub struct Loaded {
    // of u64, so that it is aligned as the loader's is; boxed, so that it stays where it is
    memory: Box<[u64]>,
}

impl Loaded {
    /// Copies the accounts that `instruction` names out of the bank.
    pub fn new(bank: &Bank, instruction: &Instruction) -> Self {
        let mut bytes = Vec::new();
        let mut first: BTreeMap<Pubkey, u8> = BTreeMap::new();
        bytes.extend((instruction.accounts.len() as u64).to_le_bytes());
        for (index, meta) in instruction.accounts.iter().enumerate() {
            if let Some(first) = first.get(&meta.pubkey) {
                bytes.push(*first);
                bytes.extend([0; ALIGN - 1]);
                continue;
            }
            let index = u8::try_from(index).expect("instructions here name few accounts");
            first.insert(meta.pubkey, index);
            // an account that is passed twice has the privileges of all its metas, as on the chain
            let same = instruction
                .accounts
                .iter()
                .filter(|other| other.pubkey == meta.pubkey);
            let (signer, writable) = same.fold((false, false), |(signer, writable), meta| {
                (signer || meta.is_signer, writable || meta.is_writable)
            });
            let account = bank.accounts.get(&meta.pubkey);
            let account = account.cloned().unwrap_or_else(|| Account::wallet(0));
            bytes.extend([
                NON_DUP_MARKER,
                signer.into(),
                writable.into(),
                account.executable.into(),
            ]);
            bytes.extend([0; 4]);
            bytes.extend(meta.pubkey.as_array());
            bytes.extend(account.owner.as_array());
            bytes.extend(account.lamports.to_le_bytes());
            bytes.extend((account.data.len() as u64).to_le_bytes());
            bytes.extend(&account.data);
            let spare = MAX_PERMITTED_DATA_INCREASE + account.data.len().next_multiple_of(ALIGN)
                - account.data.len();
            bytes.resize(bytes.len() + spare, 0);
            bytes.extend([0; 8]);
        }
        bytes.extend((instruction.data.len() as u64).to_le_bytes());
        bytes.extend(&instruction.data);
        bytes.extend(instruction.program_id.as_array());
        let mut memory = vec![0u64; bytes.len().div_ceil(ALIGN)].into_boxed_slice();
        // SAFETY: any bytes make u64s, and the whole length was asked for.
        let target = unsafe {
            std::slice::from_raw_parts_mut(memory.as_mut_ptr().cast::<u8>(), memory.len() * ALIGN)
        };
        target[..bytes.len()].copy_from_slice(&bytes);
        Self { memory }
    }

    /// The accounts as a program sees them, to be asked for once. They point into `self`, which must
    /// outlive them.
    pub fn infos(&mut self) -> Vec<AccountInfo<'static>> {
        // SAFETY: `memory` is laid out as the loader does, is aligned as it is, and is neither moved nor
        // freed before `self` is dropped; `Bank::run` drops the infos first.
        let (_, infos, _) = unsafe { deserialize(self.memory.as_mut_ptr().cast()) };
        infos
    }
}

/// Writes what a program left in its accounts back into the bank; those without lamports are gone.
pub fn store(infos: &[AccountInfo], bank: &mut Bank) {
    for info in infos {
        let lamports = info.lamports();
        if lamports == 0 {
            bank.accounts.remove(info.key);
            continue;
        }
        let account = Account {
            lamports,
            owner: *info.owner,
            executable: info.executable,
            data: info.data.borrow().to_vec(),
        };
        bank.accounts.insert(*info.key, account);
    }
}

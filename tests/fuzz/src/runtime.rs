//! Calls of programs, from outside and from each other, and the system calls that they make.

use std::cell::{Cell, RefCell};

use anchor_lang::{
    prelude::{AccountInfo, ProgramError, Pubkey},
    solana_program::{entrypoint::ProgramResult, instruction::Instruction},
};
use solana_clock::Clock;
use solana_rent::Rent;
use solana_sysvar::program_stubs::{SyscallStubs, set_syscall_stubs};

use crate::{system, token};

thread_local! {
    static CLOCK: RefCell<Clock> = RefCell::default();
    static CALLER: Cell<Pubkey> = Cell::new(Pubkey::default());
}

static INSTALLED: std::sync::Once = std::sync::Once::new();

/// The chain's slot, always; the hashes of the slots before it are listed.
pub const SLOT: u64 = 5_100;
/// Entries in the list of slots' hashes.
const LISTED: u64 = 512;

/// How many programs may stand in line, the first one included, as on the chain.
const MAX_DEPTH: usize = 5;

/// Runs one instruction at this time.
pub fn run(
    clock: Clock,
    infos: Vec<AccountInfo<'static>>,
    instruction: &Instruction,
) -> ProgramResult {
    INSTALLED.call_once(|| drop(set_syscall_stubs(Box::new(Stubs))));
    CLOCK.set(clock);
    DEPTH.set(0);
    enter(&instruction.program_id, infos, &instruction.data)
}

thread_local! {
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

fn enter(program: &Pubkey, infos: Vec<AccountInfo<'static>>, data: &[u8]) -> ProgramResult {
    if DEPTH.get() == MAX_DEPTH {
        return Err(ProgramError::MaxInstructionTraceLengthExceeded);
    }
    let caller = CALLER.replace(*program);
    DEPTH.set(DEPTH.get() + 1);
    let result = dispatch(program, &infos, data);
    DEPTH.set(DEPTH.get() - 1);
    CALLER.set(caller);
    result
}

fn dispatch(program: &Pubkey, infos: &[AccountInfo<'static>], data: &[u8]) -> ProgramResult {
    // SAFETY: a program borrows what it is given only while it runs, and all of it outlives this call.
    let (program, infos, data): (
        &'static Pubkey,
        &'static [AccountInfo<'static>],
        &'static [u8],
    ) = unsafe {
        (
            &*std::ptr::from_ref(program),
            std::slice::from_raw_parts(infos.as_ptr(), infos.len()),
            std::slice::from_raw_parts(data.as_ptr(), data.len()),
        )
    };
    if *program == job_escrow::ID {
        job_escrow::entry(program, infos, data)
    } else if *program == node_registry::ID {
        node_registry::entry(program, infos, data)
    } else if *program == reputation::ID {
        reputation::entry(program, infos, data)
    } else if *program == training_proof::ID {
        training_proof::entry(program, infos, data)
    } else if *program == vesting::ID {
        vesting::entry(program, infos, data)
    } else if *program == spl_token_interface::ID {
        token::process(infos, data)
    } else if *program == solana_sdk_ids::system_program::ID {
        system::process(infos, data)
    } else {
        Err(ProgramError::IncorrectProgramId)
    }
}

struct Stubs;

impl SyscallStubs for Stubs {
    fn sol_log(&self, _message: &str) {}

    fn sol_get_clock_sysvar(&self, address: *mut u8) -> u64 {
        // SAFETY: the caller passes where its own `Clock` lies.
        CLOCK.with_borrow(|clock| unsafe { address.cast::<Clock>().write(clock.clone()) });
        0
    }

    fn sol_get_rent_sysvar(&self, address: *mut u8) -> u64 {
        // SAFETY: the caller passes where its own `Rent` lies.
        unsafe { address.cast::<Rent>().write(Rent::default()) };
        0
    }

    fn sol_get_sysvar(&self, id: *const u8, target: *mut u8, offset: u64, length: u64) -> u64 {
        // SAFETY: the caller passes where an address lies, and where so many bytes have room.
        let (id, target) = unsafe {
            let target = std::slice::from_raw_parts_mut(target, length as usize);
            (&*id.cast::<Pubkey>(), target)
        };
        let sysvar = slot_hashes();
        let range = offset as usize..offset as usize + target.len();
        match sysvar.get(range) {
            Some(bytes) if *id == solana_sdk_ids::sysvar::slot_hashes::ID => {
                target.copy_from_slice(bytes);
                0
            }
            _ => 1,
        }
    }

    fn sol_invoke_signed(
        &self,
        instruction: &Instruction,
        infos: &[AccountInfo],
        seeds: &[&[&[u8]]],
    ) -> ProgramResult {
        let caller = CALLER.get();
        let signers: Result<Vec<Pubkey>, _> = seeds
            .iter()
            .map(|seeds| Pubkey::create_program_address(seeds, &caller))
            .collect();
        let signers = signers.map_err(|_| ProgramError::InvalidSeeds)?;
        let mut passed = Vec::with_capacity(instruction.accounts.len());
        for meta in &instruction.accounts {
            let info = infos.iter().find(|info| *info.key == meta.pubkey);
            let info = info.ok_or(ProgramError::NotEnoughAccountKeys)?;
            let signs = info.is_signer || signers.contains(info.key);
            if (meta.is_signer && !signs) || (meta.is_writable && !info.is_writable) {
                return Err(ProgramError::MissingRequiredSignature);
            }
            // SAFETY: only the lifetime is changed; the callee is done with it before the caller goes on.
            let mut info: AccountInfo<'static> = unsafe { std::mem::transmute(info.clone()) };
            info.is_signer = meta.is_signer;
            info.is_writable = meta.is_writable;
            passed.push(info);
        }
        enter(&instruction.program_id, passed, &instruction.data)
    }
}

// The sysvar's bytes: how many entries, and slot and hash of each, the latest first.
fn slot_hashes() -> &'static [u8] {
    static BYTES: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| {
        let mut bytes = LISTED.to_le_bytes().to_vec();
        for slot in (SLOT - LISTED..SLOT).rev() {
            bytes.extend(slot.to_le_bytes());
            bytes.extend(cyxwiz_tests_onchain::slot_hash(slot));
        }
        bytes
    });
    &BYTES
}

//! Sets the virtual machine up: features, programs and the sysvars that a running cluster keeps up to date.

use std::path::PathBuf;

use litesvm::LiteSVM;
use litesvm::error::LiteSVMError;
use solana_account::{Account, AccountSharedData, ReadableAccount};
use solana_clock::Clock;
use solana_hash::Hash;
use solana_loader_v3_interface::state::UpgradeableLoaderState;
use solana_pubkey::Pubkey;
use solana_sdk_ids::{bpf_loader_upgradeable, sysvar};
use thiserror::Error;

/// Slots in an epoch; as on a test validator there is no warm-up.
pub const SLOTS_PER_EPOCH: u64 = 432_000;
/// Entries of the SlotHashes sysvar.
const SLOT_HASHES: usize = 512;

/// A program to load at start.
#[derive(Clone, Debug)]
pub struct Program {
    /// Where it lives.
    pub address: Pubkey,
    /// The ELF image.
    pub image: PathBuf,
    /// Who may upgrade it; nobody when absent.
    pub upgrade_authority: Option<Pubkey>,
}

/// Why a program cannot be loaded.
#[derive(Debug, Error)]
pub enum ProgramError {
    /// The image cannot be read.
    #[error("program image {path}: {source}: build the programs first or correct the path")]
    Image {
        /// Where it was looked for.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The image is not one that the virtual machine runs.
    #[error("program {address} from {path} does not load: {source}: was it built for sBPF?")]
    Load {
        /// Its address.
        address: Pubkey,
        /// Its image.
        path: PathBuf,
        /// What the virtual machine said.
        source: LiteSVMError,
    },
}

/// A virtual machine with mainnet's features, the SPL programs and precompiles. It checks neither signatures nor blockhashes nor
/// duplicates: the chain does that itself, because a real cluster knows many blockhashes and this machine only one.
pub fn build() -> LiteSVM {
    let mut svm = LiteSVM::new()
        .with_sigverify(false)
        .with_blockhash_check(false)
        .with_transaction_history(0);
    // The machine's own airdrop account has another key at every start; airdrops come from the genesis faucet instead.
    let airdrop = svm.airdrop_pubkey();
    write(&mut svm, airdrop, Account::default());
    // EpochSchedule: slots per epoch, leader schedule offset, warm-up, first normal epoch, first normal slot.
    let schedule = bincode::serialize(&(SLOTS_PER_EPOCH, SLOTS_PER_EPOCH, false, 0u64, 0u64));
    write_sysvar(
        &mut svm,
        sysvar::epoch_schedule::ID,
        schedule.expect("integers serialize"),
        33,
    );
    svm
}

/// Writes an account that is neither a sysvar nor a program, or one known to be well formed.
pub fn write(svm: &mut LiteSVM, address: Pubkey, account: Account) {
    svm.set_account(address, account)
        .expect("well-formed accounts are accepted");
}

/// Shows `slot` and `unix_timestamp` in the Clock sysvar, and the slots before it, newest first, in SlotHashes.
pub fn set_time<'a>(
    svm: &mut LiteSVM,
    slot: u64,
    unix_timestamp: i64,
    slot_hashes: impl Iterator<Item = (u64, &'a Hash)>,
) {
    let previous: Clock = svm.get_sysvar();
    let epoch = slot / SLOTS_PER_EPOCH;
    let new_epoch = epoch != previous.epoch || previous.unix_timestamp == 0;
    let clock = Clock {
        slot,
        epoch_start_timestamp: if new_epoch {
            unix_timestamp
        } else {
            previous.epoch_start_timestamp
        },
        epoch,
        leader_schedule_epoch: epoch + 1,
        unix_timestamp,
    };
    svm.set_sysvar(&clock);
    let entries: Vec<(u64, &Hash)> = slot_hashes.take(SLOT_HASHES).collect();
    let data = bincode::serialize(&entries).expect("integers and hashes serialize");
    write_sysvar(svm, sysvar::slot_hashes::ID, data, 8 + SLOT_HASHES * 40);
}

/// Loads `program` unless the machine already holds the same image and authority; answers the accounts written.
///
/// # Errors
/// When the image cannot be read or is no program.
pub fn load_program(
    svm: &mut LiteSVM,
    program: &Program,
) -> Result<Vec<(Pubkey, Account)>, ProgramError> {
    let image = std::fs::read(&program.image).map_err(|source| ProgramError::Image {
        path: program.image.clone(),
        source,
    })?;
    let data_address =
        Pubkey::find_program_address(&[program.address.as_ref()], &bpf_loader_upgradeable::ID).0;
    if svm
        .accounts_db()
        .get_account_ref(&data_address)
        .is_some_and(|account| holds(account, &image, program.upgrade_authority))
    {
        return Ok(Vec::new());
    }
    svm.add_program(program.address, &image)
        .map_err(|source| ProgramError::Load {
            address: program.address,
            path: program.image.clone(),
            source,
        })?;
    // The machine loads every program as final; name the authority as a real deployment would.
    let mut data = svm
        .get_account(&data_address)
        .expect("add_program wrote it");
    let metadata = UpgradeableLoaderState::ProgramData {
        slot: svm.get_sysvar::<Clock>().slot,
        upgrade_authority_address: program.upgrade_authority,
    };
    bincode::serialize_into(&mut data.data[..], &metadata)
        .expect("the header fits in front of the image");
    write(svm, data_address, data.clone());
    let account = svm
        .get_account(&program.address)
        .expect("add_program wrote it");
    Ok(vec![(data_address, data), (program.address, account)])
}

fn holds(account: &AccountSharedData, image: &[u8], authority: Option<Pubkey>) -> bool {
    let header = UpgradeableLoaderState::size_of_programdata_metadata();
    let same_authority = matches!(
        bincode::deserialize(account.data()),
        Ok(UpgradeableLoaderState::ProgramData { upgrade_authority_address, .. }) if upgrade_authority_address == authority
    );
    same_authority && account.data().get(header..) == Some(image)
}

fn write_sysvar(svm: &mut LiteSVM, id: Pubkey, mut data: Vec<u8>, size: usize) {
    data.resize(size, 0);
    let lamports = svm.minimum_balance_for_rent_exemption(size);
    write(
        svm,
        id,
        Account {
            lamports,
            data,
            owner: sysvar::ID,
            ..Account::default()
        },
    );
}

//! A chain with the programs on it, and how tests talk to it.

use std::path::PathBuf;

use anchor_lang::{AccountDeserialize, InstructionData, ToAccountMetas, prelude::Pubkey};
use litesvm::{
    LiteSVM,
    types::{FailedTransactionMetadata, TransactionMetadata},
};
use solana_clock::Clock;
use solana_instruction::{Instruction, error::InstructionError};
use solana_keypair::Keypair;
use solana_loader_v3_interface::state::UpgradeableLoaderState;
use solana_message::Message;
use solana_signer::Signer;
use solana_transaction::Transaction;
use solana_transaction_error::TransactionError;

use crate::{address, units::Units};

/// Unix time at which every world starts.
pub const START: i64 = 1_760_000_000;
const LAMPORTS: u64 = 1_000_000_000;

/// What became of a transaction.
pub type Sent = Result<TransactionMetadata, Box<FailedTransactionMetadata>>;

/// A key with a token account of its own.
pub struct Wallet {
    /// Signs.
    pub key: Keypair,
    /// Its associated token account.
    pub token: Pubkey,
}

impl Wallet {
    /// The wallet's address.
    pub fn pubkey(&self) -> Pubkey {
        self.key.pubkey()
    }
}

/// The market under test. All keys are derived from their names, so that every run is the same, down
/// to the compute units.
pub struct World {
    /// The chain.
    pub svm: LiteSVM,
    /// Pays all fees, so that they disturb nobody's balance.
    pub payer: Keypair,
    /// Upgrade authority of the programs, admin of their configs, mint authority.
    pub admin: Keypair,
    /// May assign nodes.
    pub coordinator: Keypair,
    /// The CYXWIZ mint.
    pub mint: Pubkey,
    /// What each instruction took so far, at most.
    pub units: Units,
}

/// The key that this name stands for.
pub fn key(name: &str) -> Keypair {
    let mut seed = [0u8; 32];
    for (index, byte) in name.bytes().enumerate() {
        seed[index % 32] = seed[index % 32].wrapping_mul(31).wrapping_add(byte);
    }
    Keypair::new_from_array(seed)
}

impl World {
    /// Programs deployed, mint created, nothing configured.
    pub fn deployed() -> Self {
        let svm = LiteSVM::new();
        let mut world = Self {
            svm,
            payer: key("payer"),
            admin: key("admin"),
            coordinator: key("coordinator"),
            mint: Pubkey::default(),
            units: Units::default(),
        };
        for funded in ["payer", "admin", "coordinator"] {
            world
                .svm
                .airdrop(&key(funded).pubkey(), 1_000 * LAMPORTS)
                .expect("the faucet is full");
        }
        world.set_time(START);
        for (id, name) in [
            (node_registry::ID, "node_registry"),
            (reputation::ID, "reputation"),
            (job_escrow::ID, "job_escrow"),
            (vesting::ID, "vesting"),
            (training_proof::ID, "training_proof"),
        ] {
            world.deploy(id, name);
        }
        world.mint = world.create_mint("mint", 9, None);
        world
    }

    /// A whole market: programs deployed and configured with their defaults.
    pub fn new() -> Self {
        let mut world = Self::deployed();
        world.do_initialize_registry();
        world.do_initialize_reputation();
        world.do_initialize_escrow();
        world
    }

    // LiteSVM deploys without upgrade authority; the configs are guarded by it, so it is written in.
    fn deploy(&mut self, id: Pubkey, name: &str) {
        let image = image(name);
        self.svm
            .add_program(id, &image)
            .unwrap_or_else(|error| panic!("{name} does not load: {error}"));
        let data_address = address::program_data(&id);
        let mut account = self
            .svm
            .get_account(&data_address)
            .expect("a deployed program has its data account");
        let state = UpgradeableLoaderState::ProgramData {
            slot: 0,
            upgrade_authority_address: Some(self.admin.pubkey()),
        };
        let header = bincode_header(&state);
        account.data[..header.len()].copy_from_slice(&header);
        self.svm
            .set_account(data_address, account)
            .expect("the account was there before");
    }

    /// A funded wallet of that name.
    pub fn wallet(&mut self, name: &str, base_units: u64) -> Wallet {
        let key = key(name);
        self.svm
            .airdrop(&key.pubkey(), 10 * LAMPORTS)
            .expect("the faucet is full");
        let token = self.do_create_token_account(&key.pubkey(), &self.mint.clone());
        if base_units > 0 {
            self.do_mint(&token, base_units);
        }
        Wallet { key, token }
    }

    /// Unix time on this chain.
    pub fn now(&self) -> i64 {
        self.svm.get_sysvar::<Clock>().unix_timestamp
    }

    /// Sets the chain's clock.
    pub fn set_time(&mut self, unix_timestamp: i64) {
        let mut clock = self.svm.get_sysvar::<Clock>();
        clock.unix_timestamp = unix_timestamp;
        self.svm.set_sysvar(&clock);
    }

    /// Moves the chain's clock.
    pub fn advance(&mut self, seconds: i64) {
        self.set_time(self.now() + seconds);
    }

    /// Sends one instruction of a program.
    pub fn call(
        &mut self,
        program: Pubkey,
        accounts: impl ToAccountMetas,
        data: impl InstructionData,
        signers: &[&Keypair],
    ) -> Sent {
        let instruction = instruction(program, accounts, data);
        self.send(&[instruction], signers)
    }

    /// Sends a transaction that the world's payer pays for.
    pub fn send(&mut self, instructions: &[Instruction], signers: &[&Keypair]) -> Sent {
        // a fresh blockhash, so that an equal transaction sent twice is executed twice
        self.svm.expire_blockhash();
        let message = Message::new(instructions, Some(&self.payer.pubkey()));
        let mut all = vec![&self.payer];
        all.extend(
            signers
                .iter()
                .filter(|key| key.pubkey() != self.payer.pubkey()),
        );
        let transaction = Transaction::new(&all, message, self.svm.latest_blockhash());
        let sent = self.svm.send_transaction(transaction).map_err(Box::new)?;
        self.units.record_logs(&sent.logs);
        Ok(sent)
    }

    /// Reads an account of the programs.
    pub fn read<T: AccountDeserialize>(&self, address: &Pubkey) -> T {
        let account = self
            .svm
            .get_account(address)
            .unwrap_or_else(|| panic!("no account at {address}"));
        T::try_deserialize(&mut account.data.as_slice()).expect("the account is of this type")
    }

    /// Whether an account is there.
    pub fn exists(&self, address: &Pubkey) -> bool {
        self.svm
            .get_account(address)
            .is_some_and(|account| account.lamports > 0)
    }

    /// Takes an account away, as if it had never been created.
    pub fn remove(&mut self, address: &Pubkey) {
        self.svm
            .set_account(*address, Default::default())
            .expect("a data account may be replaced");
    }

    /// Lamports at an address.
    pub fn lamports(&self, address: &Pubkey) -> u64 {
        self.svm.get_balance(address).unwrap_or(0)
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

/// The image of a program as scripts/build-programs leaves it.
pub fn image(program: &str) -> Vec<u8> {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../target/deploy")
        .join(format!("{program}.so"));
    std::fs::read(&file).unwrap_or_else(|error| {
        let file = file.display();
        panic!("cannot read {file}: {error}; run scripts/build-programs")
    })
}

/// One instruction of a program.
pub fn instruction(
    program: Pubkey,
    accounts: impl ToAccountMetas,
    data: impl InstructionData,
) -> Instruction {
    Instruction {
        program_id: program,
        accounts: accounts.to_account_metas(None),
        data: data.data(),
    }
}

// The loader's state in the loader's encoding: a u32 variant, a u64 slot, an optional key.
fn bincode_header(state: &UpgradeableLoaderState) -> Vec<u8> {
    let UpgradeableLoaderState::ProgramData {
        slot,
        upgrade_authority_address: Some(authority),
    } = state
    else {
        panic!("only program data with an authority is written here");
    };
    let mut bytes = 3u32.to_le_bytes().to_vec();
    bytes.extend(slot.to_le_bytes());
    bytes.push(1);
    bytes.extend(authority.as_ref());
    bytes
}

/// Success, or a panic with the logs.
pub fn succeed(name: &str, sent: Sent) -> TransactionMetadata {
    sent.unwrap_or_else(|failed| {
        panic!(
            "{name} was refused: {:?}\n{}",
            failed.err,
            failed.meta.logs.join("\n")
        )
    })
}

/// Requires that a program refused the last instruction with exactly this error.
#[track_caller]
pub fn assert_refused(sent: Sent, error: impl Into<u32>) {
    assert_custom(sent, error.into());
}

/// Requires that Anchor refused the last instruction with exactly this error of its own.
#[track_caller]
pub fn assert_anchor_error(sent: Sent, error: anchor_lang::error::ErrorCode) {
    assert_custom(sent, error as u32);
}

#[track_caller]
fn assert_custom(sent: Sent, code: u32) {
    let failed = sent.expect_err("the instruction should have been refused");
    let logs = failed.meta.logs.join("\n");
    match failed.err {
        TransactionError::InstructionError(_, InstructionError::Custom(found)) => {
            assert_eq!(found, code, "refused for another reason:\n{logs}");
        }
        other => panic!("refused with {other:?} instead of error {code}:\n{logs}"),
    }
}

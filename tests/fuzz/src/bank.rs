//! All accounts there are, and transactions on them.

use std::collections::BTreeMap;

use anchor_lang::{
    AccountDeserialize,
    prelude::{ProgramError, Pubkey},
    solana_program::{instruction::Instruction, program_pack::Pack},
};
use cyxwiz_tests_onchain::World;
use solana_clock::Clock;
use spl_token_interface::state::{Account as TokenAccount, Mint};

use crate::{
    loaded::{Loaded, store},
    runtime,
};

/// One account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its balance.
    pub lamports: u64,
    /// The program that may change its data.
    pub owner: Pubkey,
    /// Whether it is a program.
    pub executable: bool,
    /// Its data.
    pub data: Vec<u8>,
}

impl Account {
    /// A wallet.
    pub fn wallet(lamports: u64) -> Self {
        Self {
            lamports,
            owner: solana_sdk_ids::system_program::ID,
            executable: false,
            data: Vec::new(),
        }
    }
}

/// The state of a chain.
#[derive(Clone)]
pub struct Bank {
    /// All accounts, by address.
    pub accounts: BTreeMap<Pubkey, Account>,
    /// The time.
    pub now: i64,
}

impl Bank {
    /// The accounts of a world. Of the programs' code only the header is kept: they run natively.
    pub fn of(world: &World) -> Self {
        const HEADER: usize = 45;
        let loader = solana_sdk_ids::bpf_loader_upgradeable::ID;
        let accounts = world.snapshot().into_iter().map(|(address, account)| {
            let mut data = account.data;
            if account.owner == loader {
                data.truncate(HEADER);
            }
            let account = Account {
                lamports: account.lamports,
                owner: account.owner,
                executable: account.executable,
                data,
            };
            (address, account)
        });
        Self {
            accounts: accounts.collect(),
            now: world.now(),
        }
    }

    /// Tokens in an account, 0 where there is none.
    pub fn tokens(&self, address: &Pubkey) -> u64 {
        let account = self.accounts.get(address);
        let tokens = account.and_then(|account| TokenAccount::unpack(&account.data).ok());
        tokens.map_or(0, |tokens| tokens.amount)
    }

    /// Tokens in existence by the mint's own book.
    pub fn supply(&self, mint: &Pubkey) -> u64 {
        let account = self.accounts.get(mint);
        let mint = account.and_then(|account| Mint::unpack(&account.data).ok());
        mint.map_or(0, |mint| mint.supply)
    }

    /// Lamports of all accounts together.
    pub fn lamports(&self) -> u64 {
        self.accounts.values().map(|account| account.lamports).sum()
    }

    /// Tokens of `mint` in all accounts together.
    pub fn sum_of_tokens(&self, mint: &Pubkey) -> u128 {
        let tokens = self
            .accounts
            .values()
            .filter(|a| a.owner == spl_token_interface::ID);
        let tokens = tokens.filter_map(|account| TokenAccount::unpack(&account.data).ok());
        tokens
            .filter(|tokens| tokens.mint == *mint)
            .map(|tokens| u128::from(tokens.amount))
            .sum()
    }

    /// The accounts of one type, with their addresses.
    pub fn all<T: AccountDeserialize>(&self, owner: &Pubkey) -> Vec<(Pubkey, T)> {
        let owned = self
            .accounts
            .iter()
            .filter(|(_, account)| account.owner == *owner);
        owned
            .filter_map(|(address, account)| {
                let typed = T::try_deserialize(&mut account.data.as_slice()).ok()?;
                Some((*address, typed))
            })
            .collect()
    }

    /// Runs one instruction; every key signs that its metas say. A refusal leaves all as it was.
    pub fn run(&mut self, instruction: &Instruction) -> Result<(), ProgramError> {
        let mut loaded = Loaded::new(self, instruction);
        let infos = loaded.infos();
        let clock = Clock {
            unix_timestamp: self.now,
            slot: runtime::SLOT,
            ..Clock::default()
        };
        runtime::run(clock, infos.clone(), instruction)?;
        store(&infos, self);
        Ok(())
    }
}

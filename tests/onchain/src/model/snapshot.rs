//! The accounts of a world, for what runs programs elsewhere.

use anchor_lang::prelude::Pubkey;
use solana_account::Account;

use crate::world::World;

impl World {
    /// Every account there is.
    pub fn snapshot(&self) -> Vec<(Pubkey, Account)> {
        let accounts = &self.svm.accounts_db().inner;
        let addresses = accounts.keys();
        addresses
            .filter_map(|address| Some((*address, self.svm.get_account(address)?)))
            .collect()
    }
}

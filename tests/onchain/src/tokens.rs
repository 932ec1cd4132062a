//! Mints and token accounts of the classic SPL token program.

use anchor_lang::prelude::Pubkey;
use anchor_lang::solana_program::program_pack::Pack;
use solana_keypair::Keypair;
use solana_signer::Signer;
use spl_associated_token_account_interface::{
    address::get_associated_token_address, instruction::create_associated_token_account_idempotent,
};
use spl_token_interface::{
    ID as TOKEN_PROGRAM,
    instruction::{initialize_account3, initialize_mint2, mint_to, transfer_checked},
    state::{Account as TokenAccount, Mint},
};

use crate::world::{World, key, succeed};

/// Base units in one CYXWIZ.
pub const CYXWIZ: u64 = 1_000_000_000;

impl World {
    /// A new mint; its authority is the world's admin.
    pub fn create_mint(&mut self, name: &str, decimals: u8, freezer: Option<&Pubkey>) -> Pubkey {
        let mint = key(name);
        let create = solana_system_interface::instruction::create_account(
            &self.payer.pubkey(),
            &mint.pubkey(),
            self.svm.minimum_balance_for_rent_exemption(Mint::LEN),
            Mint::LEN as u64,
            &TOKEN_PROGRAM,
        );
        let initialize = initialize_mint2(
            &TOKEN_PROGRAM,
            &mint.pubkey(),
            &self.admin.pubkey(),
            freezer,
            decimals,
        )
        .expect("the token program's id is right");
        succeed("create_mint", self.send(&[create, initialize], &[&mint]));
        mint.pubkey()
    }

    /// Mints that the programs must refuse: one whose accounts could be frozen, one of other decimals.
    pub fn unsuitable_mints(&mut self) -> [Pubkey; 2] {
        let freezer = self.admin.pubkey();
        [
            self.create_mint("frozen", 9, Some(&freezer)),
            self.create_mint("coarse", 6, None),
        ]
    }

    /// The associated token account of `owner`, created where it is missing.
    pub fn do_create_token_account(&mut self, owner: &Pubkey, mint: &Pubkey) -> Pubkey {
        let create = create_associated_token_account_idempotent(
            &self.payer.pubkey(),
            owner,
            mint,
            &TOKEN_PROGRAM,
        );
        succeed("create_token_account", self.send(&[create], &[]));
        get_associated_token_address(owner, mint)
    }

    /// A token account of `owner` that is not its associated one.
    pub fn do_create_other_token_account(&mut self, name: &str, owner: &Pubkey) -> Pubkey {
        let account = key(name);
        let create = solana_system_interface::instruction::create_account(
            &self.payer.pubkey(),
            &account.pubkey(),
            self.svm
                .minimum_balance_for_rent_exemption(TokenAccount::LEN),
            TokenAccount::LEN as u64,
            &TOKEN_PROGRAM,
        );
        let initialize = initialize_account3(&TOKEN_PROGRAM, &account.pubkey(), &self.mint, owner)
            .expect("the token program's id is right");
        let sent = self.send(&[create, initialize], &[&account]);
        succeed("create_other_token_account", sent);
        account.pubkey()
    }

    /// Creates base units out of nothing.
    pub fn do_mint(&mut self, to: &Pubkey, base_units: u64) {
        let admin = self.admin.insecure_clone();
        let mint = mint_to(
            &TOKEN_PROGRAM,
            &self.mint,
            to,
            &admin.pubkey(),
            &[],
            base_units,
        )
        .expect("the token program's id is right");
        succeed("mint", self.send(&[mint], &[&admin]));
    }

    /// Moves base units by a plain transfer, past all programs.
    pub fn do_transfer(&mut self, from: &Pubkey, owner: &Keypair, to: &Pubkey, base_units: u64) {
        let transfer = transfer_checked(
            &TOKEN_PROGRAM,
            from,
            &self.mint,
            to,
            &owner.pubkey(),
            &[],
            base_units,
            9,
        )
        .expect("the token program's id is right");
        succeed("transfer", self.send(&[transfer], &[owner]));
    }

    /// Base units in a token account, 0 where there is none.
    pub fn balance(&self, token_account: &Pubkey) -> u64 {
        self.svm.get_account(token_account).map_or(0, |account| {
            TokenAccount::unpack(&account.data).map_or(0, |account| account.amount)
        })
    }

    /// Base units in existence.
    pub fn supply(&self) -> u64 {
        let account = self.svm.get_account(&self.mint).expect("the mint exists");
        Mint::unpack(&account.data).expect("it is a mint").supply
    }
}

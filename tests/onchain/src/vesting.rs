//! Client of vesting.

use anchor_lang::prelude::Pubkey;
use solana_keypair::Keypair;
use vesting::{CreateVestingArgs, Vesting, accounts, instruction as ix};

use crate::{
    address,
    world::{Sent, Wallet, World, succeed},
};

/// Where one allocation lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allocation {
    /// The allocation.
    pub vesting: Pubkey,
    /// Its token account.
    pub vault: Pubkey,
}

impl World {
    /// The allocation that `funder` calls `id`.
    pub fn allocation(&self, funder: &Pubkey, beneficiary: &Pubkey, id: u64) -> Allocation {
        let vesting = address::vesting(&self.mint, funder, beneficiary, id);
        Allocation {
            vesting,
            vault: address::vesting_vault(&vesting),
        }
    }

    /// What `create_vesting` takes, where the funder pays the rent too.
    pub fn create_vesting_accounts(
        &self,
        funder: &Wallet,
        beneficiary: &Pubkey,
        id: u64,
    ) -> accounts::CreateVesting {
        let allocation = self.allocation(&funder.pubkey(), beneficiary, id);
        accounts::CreateVesting {
            funder: funder.pubkey(),
            payer: funder.pubkey(),
            beneficiary: *beneficiary,
            mint: self.mint,
            vesting: allocation.vesting,
            vault: allocation.vault,
            funder_token: funder.token,
            token_program: spl_token_interface::ID,
            system_program: solana_sdk_ids::system_program::ID,
        }
    }

    /// `create_vesting`.
    pub fn create_vesting(
        &mut self,
        accounts: accounts::CreateVesting,
        args: CreateVestingArgs,
        signers: &[&Keypair],
    ) -> Sent {
        self.call(vesting::ID, accounts, ix::CreateVesting { args }, signers)
    }

    /// `create_vesting` by a funder who pays the rent too.
    pub fn do_create_vesting(
        &mut self,
        funder: &Wallet,
        beneficiary: &Pubkey,
        args: CreateVestingArgs,
    ) -> Allocation {
        let accounts = self.create_vesting_accounts(funder, beneficiary, args.id);
        let allocation = self.allocation(&funder.pubkey(), beneficiary, args.id);
        let sent = self.create_vesting(accounts, args, &[&funder.key]);
        succeed("create_vesting", sent);
        allocation
    }

    /// What `claim` takes.
    pub fn claim_accounts(&self, allocation: &Allocation, beneficiary: &Wallet) -> accounts::Claim {
        accounts::Claim {
            beneficiary: beneficiary.pubkey(),
            vesting: allocation.vesting,
            vault: allocation.vault,
            to: beneficiary.token,
            token_program: spl_token_interface::ID,
        }
    }

    /// `claim`.
    pub fn claim(&mut self, accounts: accounts::Claim, signer: &Keypair) -> Sent {
        self.call(vesting::ID, accounts, ix::Claim {}, &[signer])
    }

    /// `claim` by the beneficiary.
    pub fn do_claim(&mut self, allocation: &Allocation, beneficiary: &Wallet) {
        let accounts = self.claim_accounts(allocation, beneficiary);
        succeed("claim", self.claim(accounts, &beneficiary.key));
    }

    /// `propose_beneficiary`.
    pub fn propose_beneficiary(
        &mut self,
        allocation: &Allocation,
        next: Pubkey,
        signer: &Wallet,
    ) -> Sent {
        let accounts = accounts::ProposeBeneficiary {
            beneficiary: signer.pubkey(),
            vesting: allocation.vesting,
        };
        let data = ix::ProposeBeneficiary { next };
        self.call(vesting::ID, accounts, data, &[&signer.key])
    }

    /// `accept_beneficiary`.
    pub fn accept_beneficiary(&mut self, allocation: &Allocation, signer: &Wallet) -> Sent {
        let accounts = accounts::AcceptBeneficiary {
            new_beneficiary: signer.pubkey(),
            vesting: allocation.vesting,
        };
        let data = ix::AcceptBeneficiary {};
        self.call(vesting::ID, accounts, data, &[&signer.key])
    }

    /// What `close` of vesting takes.
    pub fn close_vesting_accounts(&self, allocation: &Allocation) -> accounts::Close {
        let vesting = self.vesting_of(allocation);
        accounts::Close {
            vesting: allocation.vesting,
            vault: allocation.vault,
            beneficiary_token: self.token_of(&vesting.beneficiary),
            rent_payer: vesting.rent_payer,
            token_program: spl_token_interface::ID,
        }
    }

    /// `close` of vesting, by nobody in particular.
    pub fn close_vesting(&mut self, accounts: accounts::Close) -> Sent {
        self.call(vesting::ID, accounts, ix::Close {}, &[])
    }

    /// The allocation's account.
    pub fn vesting_of(&self, allocation: &Allocation) -> Vesting {
        self.read(&allocation.vesting)
    }
}

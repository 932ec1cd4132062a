//! Client of reputation.

use anchor_lang::prelude::Pubkey;
use reputation::{
    InitializeArgs, Outcome, Reputation, UserReputation, accounts, instruction as ix,
};
use solana_keypair::Keypair;
use solana_signer::Signer;

use crate::{
    address,
    escrow::Job,
    world::{Sent, Wallet, World, succeed},
};

impl World {
    /// What `initialize` of reputation takes.
    pub fn initialize_reputation_accounts(&self) -> accounts::Initialize {
        accounts::Initialize {
            admin: self.admin.pubkey(),
            config: address::reputation_config(),
            program: reputation::ID,
            program_data: address::program_data(&reputation::ID),
            system_program: solana_sdk_ids::system_program::ID,
        }
    }

    /// `initialize` of reputation.
    pub fn initialize_reputation(
        &mut self,
        accounts: accounts::Initialize,
        signers: &[&Keypair],
    ) -> Sent {
        let args = InitializeArgs {
            settlement_authority: address::authority(),
            escrow_program: job_escrow::ID,
        };
        let data = ix::Initialize { args };
        self.call(reputation::ID, accounts, data, signers)
    }

    /// `initialize` of reputation by the upgrade authority.
    pub fn do_initialize_reputation(&mut self) {
        let admin = self.admin.insecure_clone();
        let accounts = self.initialize_reputation_accounts();
        succeed(
            "initialize",
            self.initialize_reputation(accounts, &[&admin]),
        );
    }

    /// `set_paused` of reputation.
    pub fn set_reputation_paused(&mut self, paused: bool, admin: &Keypair) -> Sent {
        let accounts = accounts::Administer {
            admin: admin.pubkey(),
            config: address::reputation_config(),
        };
        let data = ix::SetPaused { paused };
        self.call(reputation::ID, accounts, data, &[admin])
    }

    /// `propose_admin` of reputation.
    pub fn propose_reputation_admin(&mut self, next: Pubkey, admin: &Keypair) -> Sent {
        let accounts = accounts::Administer {
            admin: admin.pubkey(),
            config: address::reputation_config(),
        };
        let data = ix::ProposeAdmin { admin: next };
        self.call(reputation::ID, accounts, data, &[admin])
    }

    /// `accept_admin` of reputation.
    pub fn accept_reputation_admin(&mut self, next: &Keypair) -> Sent {
        let accounts = accounts::AcceptAdmin {
            new_admin: next.pubkey(),
            config: address::reputation_config(),
        };
        let data = ix::AcceptAdmin {};
        self.call(reputation::ID, accounts, data, &[next])
    }

    /// `open_node`, paid by the world's payer.
    pub fn open_node(&mut self, owner: &Pubkey) -> Sent {
        let accounts = accounts::OpenNode {
            payer: self.payer.pubkey(),
            config: address::reputation_config(),
            reputation: address::reputation(owner),
            system_program: solana_sdk_ids::system_program::ID,
        };
        let data = ix::OpenNode { owner: *owner };
        self.call(reputation::ID, accounts, data, &[])
    }

    /// `open_node` that succeeds.
    pub fn do_open_node(&mut self, owner: &Pubkey) {
        succeed("open_node", self.open_node(owner));
    }

    /// `open_user`, paid by the world's payer.
    pub fn open_user(&mut self, user: &Pubkey) -> Sent {
        let accounts = accounts::OpenUser {
            payer: self.payer.pubkey(),
            config: address::reputation_config(),
            user_reputation: address::user_reputation(user),
            system_program: solana_sdk_ids::system_program::ID,
        };
        let data = ix::OpenUser { user: *user };
        self.call(reputation::ID, accounts, data, &[])
    }

    /// `open_user` that succeeds.
    pub fn do_open_user(&mut self, user: &Pubkey) {
        succeed("open_user", self.open_user(user));
    }

    /// `record`, called directly by `authority`.
    pub fn record(&mut self, authority: &Keypair, owner: &Pubkey, user: &Pubkey) -> Sent {
        let accounts = accounts::Record {
            settlement_authority: authority.pubkey(),
            config: address::reputation_config(),
            reputation: address::reputation(owner),
            user_reputation: address::user_reputation(user),
        };
        let data = ix::Record {
            outcome: Outcome::Completed { on_time: true },
        };
        self.call(reputation::ID, accounts, data, &[authority])
    }

    /// What `rate` takes.
    pub fn rate_accounts(&self, job: &Job, node_owner: &Pubkey) -> accounts::Rate {
        accounts::Rate {
            user: job.user,
            config: address::reputation_config(),
            escrow: job.escrow,
            reputation: address::reputation(node_owner),
            rating: address::rating(&job.escrow),
            system_program: solana_sdk_ids::system_program::ID,
        }
    }

    /// `rate`.
    pub fn rate(&mut self, accounts: accounts::Rate, stars: u8, signers: &[&Keypair]) -> Sent {
        let data = ix::Rate { stars };
        self.call(reputation::ID, accounts, data, signers)
    }

    /// The record of a node's owner.
    pub fn reputation_of(&self, owner: &Wallet) -> Reputation {
        self.read(&address::reputation(&owner.pubkey()))
    }

    /// The record of a user.
    pub fn user_reputation_of(&self, user: &Wallet) -> UserReputation {
        self.read(&address::user_reputation(&user.pubkey()))
    }
}

//! Client of reputation.

use anchor_lang::{AccountSerialize, prelude::Pubkey};
use reputation::{
    InitializeArgs, Outcome, Reputation, UptimeSample, UserReputation, accounts, instruction as ix,
};
use solana_instruction::{AccountMeta, Instruction};
use solana_keypair::Keypair;
use solana_signer::Signer;

use crate::{
    address,
    escrow::Job,
    world::{Sent, Wallet, World, instruction, key, succeed},
};

impl World {
    /// What `initialize` of reputation takes.
    pub fn initialize_reputation_accounts(&self) -> accounts::Initialize {
        accounts::Initialize {
            admin: self.admin.pubkey(),
            payer: self.payer.pubkey(),
            config: address::reputation_config(),
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
            coordinator: self.coordinator.pubkey(),
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
            outcome: Outcome::Completed {
                on_time: true,
                proven: false,
            },
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

    /// `close_rating`, by nobody in particular.
    pub fn close_rating(&mut self, accounts: accounts::CloseRating) -> Sent {
        self.call(reputation::ID, accounts, ix::CloseRating {}, &[])
    }

    /// What `close_rating` takes.
    pub fn close_rating_accounts(&self, job: &Job) -> accounts::CloseRating {
        accounts::CloseRating {
            config: address::reputation_config(),
            rating: address::rating(&job.escrow),
            escrow: job.escrow,
            payer: job.user,
        }
    }

    /// `update_config` of reputation.
    pub fn update_reputation_config(&mut self, coordinator: Pubkey, admin: &Keypair) -> Sent {
        let accounts = accounts::Administer {
            admin: admin.pubkey(),
            config: address::reputation_config(),
        };
        let data = ix::UpdateConfig { coordinator };
        self.call(reputation::ID, accounts, data, &[admin])
    }

    /// The instruction `batch_uptime`, for the records at these addresses.
    pub fn batch_uptime_instruction(
        coordinator: Pubkey,
        records: &[Pubkey],
        samples: Vec<UptimeSample>,
    ) -> Instruction {
        let accounts = accounts::BatchUptime {
            coordinator,
            config: address::reputation_config(),
        };
        let mut batch = instruction(reputation::ID, accounts, ix::BatchUptime { samples });
        let records = records.iter().map(|at| AccountMeta::new(*at, false));
        batch.accounts.extend(records);
        batch
    }

    /// `batch_uptime` for the records at these addresses.
    pub fn batch_uptime(
        &mut self,
        records: &[Pubkey],
        samples: Vec<UptimeSample>,
        signer: &Keypair,
    ) -> Sent {
        let batch = Self::batch_uptime_instruction(signer.pubkey(), records, samples);
        self.send(&[batch], &[signer])
    }

    /// Gives a node's record jobs on time of this many different users, all rated so where `stars` is given,
    /// without playing them.
    pub fn earn_reputation(&mut self, owner: &Wallet, users: u8, stars: Option<u8>) {
        let now = self.now();
        let mut record = self.reputation_of(owner);
        let outcome = Outcome::Completed {
            on_time: true,
            proven: false,
        };
        for number in 0..users {
            let user = key(&format!("earlier-{number}")).pubkey();
            record.record(outcome, &user, now);
            if let Some(stars) = stars {
                record.rate(stars, &user, now).expect("1 to 5 stars");
            }
        }
        let at = address::reputation(&owner.pubkey());
        let mut account = self.svm.get_account(&at).expect("the record is open");
        account.data.clear();
        record
            .try_serialize(&mut account.data)
            .expect("a vector takes all");
        self.svm.set_account(at, account).expect("it was there");
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

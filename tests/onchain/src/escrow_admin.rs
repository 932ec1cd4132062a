//! Client of job-escrow: what its admin does.

use anchor_lang::prelude::Pubkey;
use job_escrow::{ConfigArgs, Params, accounts, instruction as ix};
use solana_keypair::Keypair;
use solana_signer::Signer;

use crate::{
    address,
    world::{Sent, World, succeed},
};

impl World {
    /// What `initialize` of job-escrow takes.
    pub fn initialize_escrow_accounts(&self) -> accounts::Initialize {
        accounts::Initialize {
            admin: self.admin.pubkey(),
            config: address::escrow_config(),
            mint: self.mint,
            platform_vault: address::platform_vault(),
            authority: address::authority(),
            program: job_escrow::ID,
            program_data: address::program_data(&job_escrow::ID),
            token_program: spl_token_interface::ID,
            system_program: solana_sdk_ids::system_program::ID,
        }
    }

    /// `initialize` of job-escrow.
    pub fn initialize_escrow(
        &mut self,
        accounts: accounts::Initialize,
        params: Params,
        signers: &[&Keypair],
    ) -> Sent {
        let args = ConfigArgs {
            coordinator: self.coordinator.pubkey(),
            params,
        };
        let data = ix::Initialize { args };
        self.call(job_escrow::ID, accounts, data, signers)
    }

    /// `initialize` of job-escrow by the upgrade authority.
    pub fn do_initialize_escrow(&mut self) {
        let admin = self.admin.insecure_clone();
        let accounts = self.initialize_escrow_accounts();
        let sent = self.initialize_escrow(accounts, Params::default(), &[&admin]);
        succeed("initialize", sent);
    }

    fn administer(admin: &Keypair) -> accounts::Administer {
        accounts::Administer {
            admin: admin.pubkey(),
            config: address::escrow_config(),
        }
    }

    /// `set_paused` of job-escrow.
    pub fn set_escrow_paused(&mut self, paused: bool, admin: &Keypair) -> Sent {
        let (accounts, data) = (Self::administer(admin), ix::SetPaused { paused });
        self.call(job_escrow::ID, accounts, data, &[admin])
    }

    /// `update_config` of job-escrow, leaving the coordinator.
    pub fn update_escrow_config(&mut self, params: Params, admin: &Keypair) -> Sent {
        let args = ConfigArgs {
            coordinator: self.coordinator.pubkey(),
            params,
        };
        let (accounts, data) = (Self::administer(admin), ix::UpdateConfig { args });
        self.call(job_escrow::ID, accounts, data, &[admin])
    }

    /// `propose_admin` of job-escrow.
    pub fn propose_escrow_admin(&mut self, next: Pubkey, admin: &Keypair) -> Sent {
        let (accounts, data) = (Self::administer(admin), ix::ProposeAdmin { admin: next });
        self.call(job_escrow::ID, accounts, data, &[admin])
    }

    /// `accept_admin` of job-escrow.
    pub fn accept_escrow_admin(&mut self, next: &Keypair) -> Sent {
        let accounts = accounts::AcceptAdmin {
            new_admin: next.pubkey(),
            config: address::escrow_config(),
        };
        let data = ix::AcceptAdmin {};
        self.call(job_escrow::ID, accounts, data, &[next])
    }

    /// `collect_fees`.
    pub fn collect_fees(&mut self, to: Pubkey, amount: u64, admin: &Keypair) -> Sent {
        let accounts = accounts::CollectFees {
            admin: admin.pubkey(),
            config: address::escrow_config(),
            mint: self.mint,
            platform_vault: address::platform_vault(),
            to,
            token_program: spl_token_interface::ID,
        };
        let data = ix::CollectFees { amount };
        self.call(job_escrow::ID, accounts, data, &[admin])
    }
}

//! Client of job-escrow: what its admin does.

use anchor_lang::prelude::Pubkey;
use job_escrow::{ConfigArgs, Params, accounts, instruction as ix};
use solana_keypair::Keypair;
use solana_signer::Signer;
use spl_associated_token_account_interface::address::get_associated_token_address;

use crate::{
    address,
    world::{Sent, World, key, succeed},
};

impl World {
    /// What `initialize` of job-escrow takes.
    pub fn initialize_escrow_accounts(&self) -> accounts::Initialize {
        accounts::Initialize {
            admin: self.admin.pubkey(),
            payer: self.payer.pubkey(),
            config: address::escrow_config(),
            mint: self.mint,
            platform_vault: address::platform_vault(),
            authority: address::authority(),
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
        let args = self.escrow_config_args(params);
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

    /// What `initialize` and `update_config` of job-escrow are told in every world.
    pub fn escrow_config_args(&self, params: Params) -> ConfigArgs {
        ConfigArgs {
            coordinator: self.coordinator.pubkey(),
            dispute_authority: key("judge").pubkey(),
            development: key("development").pubkey(),
            liquidity: key("liquidity").pubkey(),
            params,
        }
    }

    /// `update_config` of job-escrow, leaving all keys.
    pub fn update_escrow_config(&mut self, params: Params, admin: &Keypair) -> Sent {
        self.update_escrow_config_to(self.escrow_config_args(params), admin)
    }

    /// `update_config` of job-escrow.
    pub fn update_escrow_config_to(&mut self, args: ConfigArgs, admin: &Keypair) -> Sent {
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

    /// What `distribute` takes: the associated token accounts of both wallets.
    pub fn distribute_accounts(&self) -> accounts::Distribute {
        let token_of = |name: &str| get_associated_token_address(&key(name).pubkey(), &self.mint);
        accounts::Distribute {
            config: address::escrow_config(),
            mint: self.mint,
            platform_vault: address::platform_vault(),
            reward_vault: address::reward_vault(),
            development_token: token_of("development"),
            liquidity_token: token_of("liquidity"),
            token_program: spl_token_interface::ID,
        }
    }

    /// `distribute`.
    pub fn distribute(&mut self, accounts: accounts::Distribute) -> Sent {
        self.call(job_escrow::ID, accounts, ix::Distribute {}, &[])
    }
}

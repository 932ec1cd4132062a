//! Client of node-registry.

use anchor_lang::{AccountSerialize, prelude::Pubkey};
use node_registry::{
    Config, InitializeArgs, Node, NodeProfile, Params, SlashReason, accounts, instruction as ix,
};
use solana_keypair::Keypair;
use solana_signer::Signer;

use crate::{
    address,
    world::{Sent, Wallet, World, key, succeed},
};

/// A node's description that passes all checks.
pub fn profile() -> NodeProfile {
    NodeProfile {
        endpoint: "node.example:7443".to_owned(),
        tls_fingerprint: [7; 32],
        region: "eu-west".to_owned(),
        gpu_model: "NVIDIA H200".to_owned(),
        vram_mib: 143_360,
        ram_mib: 131_072,
        rate_milli: 1_000,
    }
}

impl World {
    /// What `initialize` of node-registry takes.
    pub fn initialize_registry_accounts(&self) -> accounts::Initialize {
        accounts::Initialize {
            admin: self.admin.pubkey(),
            payer: self.payer.pubkey(),
            config: address::registry_config(),
            mint: self.mint,
            insurance_vault: address::insurance_vault(),
            reward_vault: address::reward_vault(),
            program_data: address::program_data(&node_registry::ID),
            token_program: spl_token_interface::ID,
            system_program: solana_sdk_ids::system_program::ID,
        }
    }

    /// `initialize` of node-registry.
    pub fn initialize_registry(
        &mut self,
        accounts: accounts::Initialize,
        params: Params,
        signers: &[&Keypair],
    ) -> Sent {
        let args = InitializeArgs {
            settlement_authority: address::authority(),
            params,
        };
        let data = ix::Initialize { args };
        self.call(node_registry::ID, accounts, data, signers)
    }

    /// `initialize` of node-registry by the upgrade authority.
    pub fn do_initialize_registry(&mut self) {
        let admin = self.admin.insecure_clone();
        let accounts = self.initialize_registry_accounts();
        let sent = self.initialize_registry(accounts, Params::default(), &[&admin]);
        succeed("initialize", sent);
    }

    /// `set_paused` of node-registry.
    pub fn set_registry_paused(&mut self, paused: bool, admin: &Keypair) -> Sent {
        let accounts = accounts::Administer {
            admin: admin.pubkey(),
            config: address::registry_config(),
        };
        let data = ix::SetPaused { paused };
        self.call(node_registry::ID, accounts, data, &[admin])
    }

    /// `update_config` of node-registry.
    pub fn update_registry_config(&mut self, params: Params, admin: &Keypair) -> Sent {
        let accounts = accounts::Administer {
            admin: admin.pubkey(),
            config: address::registry_config(),
        };
        let data = ix::UpdateConfig { params };
        self.call(node_registry::ID, accounts, data, &[admin])
    }

    /// `propose_admin` of node-registry.
    pub fn propose_registry_admin(&mut self, next: Pubkey, admin: &Keypair) -> Sent {
        let accounts = accounts::Administer {
            admin: admin.pubkey(),
            config: address::registry_config(),
        };
        let data = ix::ProposeAdmin { admin: next };
        self.call(node_registry::ID, accounts, data, &[admin])
    }

    /// `accept_admin` of node-registry.
    pub fn accept_registry_admin(&mut self, next: &Keypair) -> Sent {
        let accounts = accounts::AcceptAdmin {
            new_admin: next.pubkey(),
            config: address::registry_config(),
        };
        let data = ix::AcceptAdmin {};
        self.call(node_registry::ID, accounts, data, &[next])
    }

    /// What `register` takes.
    pub fn register_accounts(&self, owner: &Pubkey) -> accounts::Register {
        let node = address::node(owner);
        accounts::Register {
            owner: *owner,
            config: address::registry_config(),
            mint: self.mint,
            node,
            stake_vault: address::stake_vault(&node),
            token_program: spl_token_interface::ID,
            system_program: solana_sdk_ids::system_program::ID,
        }
    }

    /// `register`.
    pub fn register(
        &mut self,
        accounts: accounts::Register,
        profile: NodeProfile,
        signers: &[&Keypair],
    ) -> Sent {
        let data = ix::Register { profile };
        self.call(node_registry::ID, accounts, data, signers)
    }

    /// `register` by a wallet.
    pub fn do_register(&mut self, owner: &Wallet) {
        let accounts = self.register_accounts(&owner.pubkey());
        succeed(
            "register",
            self.register(accounts, profile(), &[&owner.key]),
        );
    }

    /// `update`.
    pub fn update(&mut self, node: Pubkey, profile: NodeProfile, owner: &Keypair) -> Sent {
        let accounts = accounts::Update {
            owner: owner.pubkey(),
            config: address::registry_config(),
            node,
        };
        let data = ix::Update { profile };
        self.call(node_registry::ID, accounts, data, &[owner])
    }

    /// What `stake` takes.
    pub fn stake_accounts(&self, owner: &Wallet) -> accounts::Stake {
        let node = address::node(&owner.pubkey());
        accounts::Stake {
            owner: owner.pubkey(),
            config: address::registry_config(),
            node,
            stake_vault: address::stake_vault(&node),
            owner_token: owner.token,
            token_program: spl_token_interface::ID,
        }
    }

    /// `stake`.
    pub fn stake(&mut self, accounts: accounts::Stake, amount: u64, signers: &[&Keypair]) -> Sent {
        let data = ix::Stake { amount };
        self.call(node_registry::ID, accounts, data, signers)
    }

    /// `stake` of a node's owner.
    pub fn do_stake(&mut self, owner: &Wallet, amount: u64) {
        let accounts = self.stake_accounts(owner);
        succeed("stake", self.stake(accounts, amount, &[&owner.key]));
    }

    /// `request_unstake`.
    pub fn request_unstake(&mut self, node: Pubkey, amount: u64, owner: &Keypair) -> Sent {
        let accounts = accounts::RequestUnstake {
            owner: owner.pubkey(),
            config: address::registry_config(),
            node,
        };
        let data = ix::RequestUnstake { amount };
        self.call(node_registry::ID, accounts, data, &[owner])
    }

    /// What `withdraw` takes.
    pub fn withdraw_accounts(&self, owner: &Wallet) -> accounts::Withdraw {
        let node = address::node(&owner.pubkey());
        accounts::Withdraw {
            owner: owner.pubkey(),
            config: address::registry_config(),
            node,
            stake_vault: address::stake_vault(&node),
            owner_token: owner.token,
            token_program: spl_token_interface::ID,
        }
    }

    /// `withdraw`.
    pub fn withdraw(&mut self, accounts: accounts::Withdraw, signers: &[&Keypair]) -> Sent {
        let data = ix::Withdraw {};
        self.call(node_registry::ID, accounts, data, signers)
    }

    /// Puts a key of the tests in the place of job-escrow's signer, so that they lock and release
    /// directly. job-escrow is refused from now on.
    pub fn take_settlement(&mut self) -> Keypair {
        let authority = key("settlement");
        let at = address::registry_config();
        let mut config: Config = self.read(&at);
        config.settlement_authority = authority.pubkey();
        let mut account = self.svm.get_account(&at).expect("it was just read");
        config
            .try_serialize(&mut account.data.as_mut_slice())
            .expect("it is as long as before");
        self.svm
            .set_account(at, account)
            .expect("a data account may be replaced");
        authority
    }

    /// What `lock_for_job` takes, signed by `authority`; the coordinator pays.
    pub fn lock_for_job_accounts(
        &self,
        escrow: &Pubkey,
        node: Pubkey,
        authority: &Pubkey,
    ) -> accounts::LockForJob {
        accounts::LockForJob {
            settlement_authority: *authority,
            payer: self.coordinator.pubkey(),
            config: address::registry_config(),
            node,
            escrow: *escrow,
            lock: address::lock(escrow),
            system_program: solana_sdk_ids::system_program::ID,
        }
    }

    /// `lock_for_job`, called directly by `authority`.
    pub fn lock_for_job(
        &mut self,
        escrow: Pubkey,
        node: Pubkey,
        job_amount: u64,
        authority: &Keypair,
    ) -> Sent {
        let accounts = self.lock_for_job_accounts(&escrow, node, &authority.pubkey());
        let payer = self.coordinator.insecure_clone();
        let data = ix::LockForJob { job_amount };
        self.call(node_registry::ID, accounts, data, &[authority, &payer])
    }

    /// What `unlock` takes, signed by `authority`.
    pub fn unlock_accounts(
        &self,
        escrow: &Pubkey,
        node: Pubkey,
        authority: &Pubkey,
    ) -> accounts::Unlock {
        accounts::Unlock {
            settlement_authority: *authority,
            config: address::registry_config(),
            node,
            lock: address::lock(escrow),
            payer: self.coordinator.pubkey(),
        }
    }

    /// What `unlock_failed` and `slash` take, signed by `authority`.
    pub fn release_accounts(
        &self,
        escrow: &Pubkey,
        node: Pubkey,
        authority: &Pubkey,
    ) -> accounts::Release {
        accounts::Release {
            unlock: self.unlock_accounts(escrow, node, authority),
            mint: self.mint,
            stake_vault: address::stake_vault(&node),
            insurance_vault: address::insurance_vault(),
            token_program: spl_token_interface::ID,
        }
    }

    /// What `slash_dispute` takes, signed by `authority`, for the user with that token account.
    pub fn slash_dispute_accounts(
        &self,
        escrow: &Pubkey,
        node: Pubkey,
        user_token: Pubkey,
        authority: &Pubkey,
    ) -> accounts::SlashDispute {
        accounts::SlashDispute {
            release: self.release_accounts(escrow, node, authority),
            user_token,
        }
    }

    /// `unlock` of an escrow's lock, or `slash` with a reason, called directly by `authority`.
    pub fn release_lock(
        &mut self,
        escrow: Pubkey,
        node: Pubkey,
        slash: Option<SlashReason>,
        authority: &Keypair,
    ) -> Sent {
        let signer = authority.pubkey();
        match slash {
            None => {
                let accounts = self.unlock_accounts(&escrow, node, &signer);
                self.call(node_registry::ID, accounts, ix::Unlock {}, &[authority])
            }
            Some(reason) => {
                let accounts = self.release_accounts(&escrow, node, &signer);
                let data = ix::Slash { reason };
                self.call(node_registry::ID, accounts, data, &[authority])
            }
        }
    }

    /// `unlock_failed`.
    pub fn unlock_failed(&mut self, accounts: accounts::Release, signers: &[&Keypair]) -> Sent {
        let data = ix::UnlockFailed {};
        self.call(node_registry::ID, accounts, data, signers)
    }

    /// `slash_dispute`.
    pub fn slash_dispute(
        &mut self,
        accounts: accounts::SlashDispute,
        insurance_payout: u64,
        signers: &[&Keypair],
    ) -> Sent {
        let data = ix::SlashDispute { insurance_payout };
        self.call(node_registry::ID, accounts, data, signers)
    }

    /// What `claim_reward` takes.
    pub fn claim_reward_accounts(&self, owner: &Wallet) -> accounts::ClaimReward {
        accounts::ClaimReward {
            owner: owner.pubkey(),
            config: address::registry_config(),
            node: address::node(&owner.pubkey()),
            reward_vault: address::reward_vault(),
            owner_token: owner.token,
            token_program: spl_token_interface::ID,
        }
    }

    /// `claim_reward`.
    pub fn claim_reward(&mut self, accounts: accounts::ClaimReward, signers: &[&Keypair]) -> Sent {
        let data = ix::ClaimReward {};
        self.call(node_registry::ID, accounts, data, signers)
    }

    /// `heartbeat`.
    pub fn heartbeat(&mut self, node: Pubkey, owner: &Keypair) -> Sent {
        let accounts = accounts::Heartbeat {
            owner: owner.pubkey(),
            node,
        };
        self.call(node_registry::ID, accounts, ix::Heartbeat {}, &[owner])
    }

    /// A registered node with stake and a reputation record.
    pub fn node(&mut self, name: &str, stake: u64) -> Wallet {
        let owner = self.wallet(name, stake);
        self.do_register(&owner);
        if stake > 0 {
            self.do_stake(&owner, stake);
        }
        self.do_open_node(&owner.pubkey());
        owner
    }

    /// The node of an owner.
    pub fn node_of(&self, owner: &Wallet) -> Node {
        self.read(&address::node(&owner.pubkey()))
    }
}

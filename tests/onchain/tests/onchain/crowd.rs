//! A scene with everybody else around it: for every account of the scene another of its type, and
//! for every party another with money and records of its own.

use anchor_lang::{InstructionData, ToAccountMetas, prelude::Pubkey};
use cyxwiz_statement::Registered;
use cyxwiz_tests_onchain::{
    Allocation, CYXWIZ, START, Wallet, World, address, instruction, job_args, key, succeed,
    wrong_accounts::{Call, Cast, check},
};
use job_escrow::{Tier, Verification};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_sdk_ids::sysvar;
use solana_signer::Signer;
use training_proof::OpenArgs;
use vesting::CreateVestingArgs;

use crate::scene::Scene;

/// A scene whose calls are tried with everybody else's accounts.
pub struct Crowd {
    pub scene: Scene,
    /// A wallet with tokens and no part in anything; it can sign.
    pub stranger: Pubkey,
    cast: Cast,
}

impl Crowd {
    /// Adds the others. The scene itself stays as it is, its clock too.
    pub fn around(mut scene: Scene) -> Self {
        let mut cast = Cast::default();
        let world = &mut scene.world;
        let (admin, coordinator) = (&world.admin, &world.coordinator);
        cast.wallet("admin", admin);
        cast.wallet("coordinator", coordinator);

        let other_user = world.user("other-user", 100 * CYXWIZ);
        let other_node = world.node("other-node", 50 * CYXWIZ);
        let stranger = world.wallet("stranger", 10 * CYXWIZ);
        let mut args = job_args(7);
        args.amount = CYXWIZ;
        let other_job = world.do_create_escrow(&other_user, args);
        world.do_assign_node(&other_job, &other_node);
        let open_job = world.do_create_escrow(&other_user, job_args(8));
        let other_mint = world.create_mint("other-mint", 9, None);

        cast.account("escrow", scene.job.escrow);
        cast.account("vault", scene.job.vault);
        cast.account("lock", address::lock(&scene.job.escrow));
        cast.account("other escrow", other_job.escrow);
        cast.account("other vault", other_job.vault);
        cast.account("other lock", address::lock(&other_job.escrow));
        cast.account("open escrow", open_job.escrow);
        cast.account("other mint", other_mint);
        let parties: [(&str, &Wallet); 5] = [
            ("user", &scene.user),
            ("node", &scene.node),
            ("other user", &other_user),
            ("other node", &other_node),
            ("stranger", &stranger),
        ];
        for (name, party) in parties {
            let owner = party.pubkey();
            cast.wallet(name, &party.key);
            cast.account(&format!("{name}'s tokens"), party.token);
            let more = format!("more of {name}");
            let more = world.do_create_other_token_account(&more, &owner);
            world.do_mint(&more, 10 * CYXWIZ);
            cast.account(&format!("{name}'s other tokens"), more);
            let foreign = world.do_create_token_account(&owner, &other_mint);
            cast.account(&format!("{name}'s tokens of the other mint"), foreign);
        }
        for (name, node) in [("node", &scene.node), ("other node", &other_node)] {
            let account = address::node(&node.pubkey());
            cast.account(&format!("{name}'s account"), account);
            cast.account(&format!("{name}'s stake"), address::stake_vault(&account));
            let record = address::reputation(&node.pubkey());
            cast.account(&format!("{name}'s record"), record);
        }
        for (name, user) in [("user", &scene.user), ("other user", &other_user)] {
            let record = address::user_reputation(&user.pubkey());
            cast.account(&format!("{name}'s record"), record);
        }
        let judge = key("judge");
        fund(world, &judge);
        cast.wallet("judge", &judge);
        let market = [
            ("mint", world.mint),
            ("escrow config", address::escrow_config()),
            ("registry config", address::registry_config()),
            ("reputation config", address::reputation_config()),
            ("platform vault", address::platform_vault()),
            ("insurance vault", address::insurance_vault()),
            ("reward vault", address::reward_vault()),
            ("job-escrow's data", address::program_data(&job_escrow::ID)),
            (
                "node-registry's data",
                address::program_data(&node_registry::ID),
            ),
            ("reputation's data", address::program_data(&reputation::ID)),
            ("job-escrow", job_escrow::ID),
            ("node-registry", node_registry::ID),
            ("reputation", reputation::ID),
            ("vesting", vesting::ID),
            ("token program", spl_token_interface::ID),
            ("system program", solana_sdk_ids::system_program::ID),
            ("instructions sysvar", sysvar::instructions::ID),
            ("clock sysvar", sysvar::clock::ID),
        ];
        for (name, address) in market {
            cast.account(name, address);
        }
        Self {
            scene,
            stranger: stranger.pubkey(),
            cast,
        }
    }

    /// One more account to try.
    pub fn with_account(mut self, name: &str, address: Pubkey) -> Self {
        self.cast.account(name, address);
        self
    }

    /// One more wallet to try.
    pub fn with_wallet(mut self, name: &str, key: &Keypair) -> Self {
        fund(&mut self.scene.world, key);
        self.cast.wallet(name, key);
        self
    }

    /// A market in which the user has allocated tokens to the node, and others to the stranger.
    pub fn with_allocation() -> (Self, Allocation) {
        let mut crowd = Self::around(Scene::open());
        let Scene {
            world, user, node, ..
        } = &mut crowd.scene;
        let args = |id| CreateVestingArgs {
            id,
            total: 10 * CYXWIZ,
            start: START,
            cliff_seconds: 0,
            duration_seconds: 1_000,
        };
        let allocation = world.do_create_vesting(user, &node.pubkey(), args(1));
        let other = world.do_create_vesting(user, &crowd.stranger, args(2));
        let crowd = crowd
            .with_account("allocation", allocation.vesting)
            .with_account("allocation's vault", allocation.vault)
            .with_account("other allocation", other.vesting)
            .with_account("other allocation's vault", other.vault);
        (crowd, allocation)
    }

    /// A scene whose job has a transcript, and another job with one.
    pub fn with_other_transcript(mut scene: Scene) -> Self {
        let user = scene.world.user("other-prover", 10 * CYXWIZ);
        let mut args = job_args(9);
        args.amount = CYXWIZ;
        args.required_epochs = 1;
        let circuit = Registered::by_name("t100x16").expect("it is registered");
        args.verification = Verification {
            tier: Tier::Audited,
            circuit: circuit.id,
            ..Verification::EMPTY
        };
        let job = scene.world.do_create_escrow(&user, args);
        let accounts = scene.world.open_transcript_accounts(&job);
        let open = OpenArgs {
            circuit: circuit.id,
            dataset: [1; 32],
            initial: [1; 32],
            rate: 0,
            user_nonce_hash: [1; 32],
            coordinator_nonce_hash: [1; 32],
        };
        let sent = scene.world.open_transcript(accounts, open, &[&user.key]);
        succeed("open", sent);
        let transcript = address::transcript(&scene.job.escrow);
        Self::around(scene)
            .with_account("transcript", transcript)
            .with_account("other transcript", address::transcript(&job.escrow))
    }

    /// Tries every account of an instruction of job-escrow.
    #[track_caller]
    pub fn try_escrow(
        &mut self,
        name: &'static str,
        accounts: impl ToAccountMetas,
        data: impl InstructionData,
    ) {
        let call = instruction(job_escrow::ID, accounts, data);
        self.try_call("job_escrow", name, vec![], call);
    }

    /// Tries every account of an instruction of node-registry.
    #[track_caller]
    pub fn try_registry(
        &mut self,
        name: &'static str,
        accounts: impl ToAccountMetas,
        data: impl InstructionData,
    ) {
        let call = instruction(node_registry::ID, accounts, data);
        self.try_call("node_registry", name, vec![], call);
    }

    /// Tries every account of an instruction of reputation.
    #[track_caller]
    pub fn try_reputation(
        &mut self,
        name: &'static str,
        accounts: impl ToAccountMetas,
        data: impl InstructionData,
    ) {
        let call = instruction(reputation::ID, accounts, data);
        self.try_call("reputation", name, vec![], call);
    }

    /// Tries every account of an instruction of vesting.
    #[track_caller]
    pub fn try_vesting(
        &mut self,
        name: &'static str,
        accounts: impl ToAccountMetas,
        data: impl InstructionData,
    ) {
        let call = instruction(vesting::ID, accounts, data);
        self.try_call("vesting", name, vec![], call);
    }

    /// Tries every account of an instruction of training-proof.
    #[track_caller]
    pub fn try_proof(
        &mut self,
        name: &'static str,
        accounts: impl ToAccountMetas,
        data: impl InstructionData,
    ) {
        let call = instruction(training_proof::ID, accounts, data);
        self.try_call("training_proof", name, vec![], call);
    }

    /// Tries every account of an instruction that comes behind `before`.
    #[track_caller]
    pub fn try_call(
        &mut self,
        program: &'static str,
        instruction: &'static str,
        before: Vec<Instruction>,
        call: Instruction,
    ) {
        let remaining = instruction == "batch_uptime";
        let call = Call {
            program,
            instruction,
            before,
            call,
            remaining,
        };
        check(&mut self.scene.world, &self.cast, &call);
    }
}

/// Gives a wallet without lamports what the rent of any account may cost.
fn fund(world: &mut World, key: &Keypair) {
    if world.lamports(&key.pubkey()) == 0 {
        world
            .svm
            .airdrop(&key.pubkey(), 1_000_000_000)
            .expect("the faucet is full");
    }
}

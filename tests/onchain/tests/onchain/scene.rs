//! Jobs brought to where the tests begin.

use anchor_lang::prelude::Pubkey;
use cyxwiz_tests_onchain::{CYXWIZ, Job, Wallet, World, address, job_args};

/// A market with one user, one node and one job.
pub struct Scene {
    pub world: World,
    pub user: Wallet,
    pub node: Wallet,
    pub job: Job,
}

/// What the node staked: enough for a job of 10 CYXWIZ, and some more.
pub const STAKE: u64 = 1_000 * CYXWIZ;
/// What the job is funded with.
pub const AMOUNT: u64 = 10 * CYXWIZ;

impl Scene {
    /// The job is open.
    pub fn open() -> Self {
        let mut world = World::new();
        let user = world.user("user", 100 * CYXWIZ);
        let node = world.node("node", STAKE);
        let job = world.do_create_escrow(&user, job_args(1));
        Self {
            world,
            user,
            node,
            job,
        }
    }

    /// The node works on it.
    pub fn assigned() -> Self {
        let mut scene = Self::open();
        scene.world.do_assign_node(&scene.job, &scene.node);
        scene
    }

    /// The node says it is done.
    pub fn submitted() -> Self {
        let mut scene = Self::assigned();
        scene.world.do_submit_completion(&scene.job, &scene.node);
        scene
    }

    /// The node is paid.
    pub fn paid() -> Self {
        let mut scene = Self::submitted();
        scene.world.do_accept(&scene.job, &scene.user);
        scene
    }

    /// The user disputes what the node has submitted.
    pub fn disputed() -> Self {
        let mut scene = Self::submitted();
        scene.world.do_open_dispute(&scene.job, &scene.user);
        scene
    }

    /// The user stopped it after seeing `seen` and downloading `held` epochs.
    pub fn cancelling(seen: u32, held: u32) -> Self {
        let mut scene = Self::assigned();
        if seen > 0 {
            scene
                .world
                .do_present_receipt(&scene.job, &scene.user, seen, held);
        }
        scene
            .world
            .cancel(&scene.job, &scene.user.key)
            .expect("the user may cancel");
        scene
    }

    /// The node has given up two others just before: the next failure slashes.
    pub fn after_two_failures(mut self) -> Self {
        for id in [2, 3] {
            let Self {
                world, user, node, ..
            } = &mut self;
            let job = world.do_create_escrow(user, job_args(id));
            world.do_assign_node(&job, node);
            let settlement = world.settlement(&job);
            world
                .fail(settlement, &node.key)
                .expect("the node may give up");
        }
        self
    }

    /// The same with all programs paused.
    pub fn paused(mut self) -> Self {
        let admin = self.world.admin.insecure_clone();
        let world = &mut self.world;
        let pauses = [
            world.set_escrow_paused(true, &admin),
            world.set_registry_paused(true, &admin),
            world.set_reputation_paused(true, &admin),
        ];
        for sent in pauses {
            sent.expect("the admin pauses");
        }
        self
    }

    pub fn balances(&self) -> Balances {
        let world = &self.world;
        Balances {
            user: world.balance(&self.user.token),
            node: world.balance(&self.node.token),
            vault: world.balance(&self.job.vault),
            platform: world.balance(&address::platform_vault()),
            stake: world.balance(&address::stake_vault(&address::node(&self.node.pubkey()))),
            insurance: world.balance(&address::insurance_vault()),
            supply: world.supply(),
        }
    }

    pub fn node_address(&self) -> Pubkey {
        address::node(&self.node.pubkey())
    }

    /// Requires that the job's stake lock is gone and its rent back with the coordinator.
    pub fn assert_unlocked(&self) {
        assert!(!self.world.exists(&address::lock(&self.job.escrow)));
        let node = self.world.node_of(&self.node);
        assert_eq!((node.locked, node.active_jobs), (0, 0));
    }
}

/// Base units everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balances {
    pub user: u64,
    pub node: u64,
    pub vault: u64,
    pub platform: u64,
    pub stake: u64,
    pub insurance: u64,
    pub supply: u64,
}

impl Balances {
    /// Requires that nothing was created, and nothing lost but what left the supply.
    pub fn assert_conserved(&self) {
        let held = [
            self.user,
            self.node,
            self.vault,
            self.platform,
            self.stake,
            self.insurance,
        ];
        assert_eq!(held.iter().sum::<u64>(), self.supply, "{self:?}");
    }
}

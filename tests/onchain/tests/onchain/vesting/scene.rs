//! One allocation: 1,000 CYXWIZ, a year of cliff, four years in all.

use cyxwiz_tests_onchain::{Allocation, CYXWIZ, START, Wallet, World};
use vesting::CreateVestingArgs;

pub const YEAR: i64 = 365 * 86_400;
pub const TOTAL: u64 = 1_000 * CYXWIZ;

/// A chain with one funder, one beneficiary, and the allocation where it was created.
pub struct Scene {
    pub world: World,
    pub funder: Wallet,
    pub beneficiary: Wallet,
    pub allocation: Allocation,
}

pub fn args(id: u64) -> CreateVestingArgs {
    CreateVestingArgs {
        id,
        total: TOTAL,
        start: START,
        cliff_seconds: YEAR as u64,
        duration_seconds: 4 * YEAR as u64,
    }
}

impl Scene {
    /// Nothing is allocated yet.
    pub fn before() -> Self {
        let mut world = World::deployed();
        let funder = world.wallet("funder", 3 * TOTAL);
        let beneficiary = world.wallet("beneficiary", 0);
        let allocation = world.allocation(&funder.pubkey(), &beneficiary.pubkey(), 1);
        Self {
            world,
            funder,
            beneficiary,
            allocation,
        }
    }

    /// The allocation exists, and its schedule begins.
    pub fn created() -> Self {
        let mut scene = Self::before();
        let beneficiary = scene.beneficiary.pubkey();
        scene
            .world
            .do_create_vesting(&scene.funder, &beneficiary, args(1));
        scene
    }

    /// Everything has vested and was claimed.
    pub fn claimed() -> Self {
        let mut scene = Self::created();
        scene.world.advance(4 * YEAR);
        scene.world.do_claim(&scene.allocation, &scene.beneficiary);
        scene
    }

    /// What the beneficiary holds.
    pub fn paid(&self) -> u64 {
        self.world.balance(&self.beneficiary.token)
    }

    /// What the vault holds.
    pub fn held(&self) -> u64 {
        self.world.balance(&self.allocation.vault)
    }
}

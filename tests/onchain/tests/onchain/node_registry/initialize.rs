use cyxwiz_tests_onchain::{World, address, assert_refused};
use node_registry::{InitializeArgs, Params, RegistryError, instruction as ix};

use crate::crowd::Crowd;
use crate::scene::Scene;

#[test]
fn only_the_upgrade_authority_initializes() {
    let mut world = World::deployed();
    let thief = world.wallet("thief", 0);
    let mut accounts = world.initialize_registry_accounts();
    accounts.admin = thief.pubkey();
    let sent = world.initialize_registry(accounts, Params::default(), &[&thief.key]);
    assert_refused(sent, RegistryError::NotUpgradeAuthority);
}

#[test]
fn nothing_is_initialized_twice() {
    let mut world = World::new();
    let admin = world.admin.insecure_clone();
    let accounts = world.initialize_registry_accounts();
    let sent = world.initialize_registry(accounts, Params::default(), &[&admin]);
    assert_refused(sent, 0u32); // the system program's AccountAlreadyInUse
}

#[test]
fn a_mint_that_could_be_frozen_or_counts_otherwise_is_refused() {
    let mut world = World::deployed();
    let admin = world.admin.insecure_clone();
    for mint in world.unsuitable_mints() {
        let mut accounts = world.initialize_registry_accounts();
        accounts.mint = mint;
        let sent = world.initialize_registry(accounts, Params::default(), &[&admin]);
        assert_refused(sent, RegistryError::UnsuitableMint);
    }
}

#[test]
fn no_wrong_account_is_taken() {
    let mut crowd = Crowd::around(Scene::open());
    // as if nobody had initialized it yet
    for created in [
        address::registry_config(),
        address::insurance_vault(),
        address::reward_vault(),
    ] {
        crowd.scene.world.remove(&created);
    }
    let mut accounts = crowd.scene.world.initialize_registry_accounts();
    accounts.payer = crowd.stranger;
    let args = InitializeArgs {
        settlement_authority: address::authority(),
        params: Params::default(),
    };
    crowd.try_registry("initialize", accounts, ix::Initialize { args });
}

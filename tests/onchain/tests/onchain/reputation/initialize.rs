use cyxwiz_tests_onchain::{World, address, assert_refused};
use reputation::{InitializeArgs, ReputationError, instruction as ix};

use crate::crowd::Crowd;
use crate::scene::Scene;

#[test]
fn only_the_upgrade_authority_initializes() {
    let mut world = World::deployed();
    let thief = world.wallet("thief", 0);
    let mut accounts = world.initialize_reputation_accounts();
    accounts.admin = thief.pubkey();
    let sent = world.initialize_reputation(accounts, &[&thief.key]);
    assert_refused(sent, ReputationError::NotUpgradeAuthority);
}

#[test]
fn nothing_is_initialized_twice() {
    let mut world = World::new();
    let admin = world.admin.insecure_clone();
    let accounts = world.initialize_reputation_accounts();
    let sent = world.initialize_reputation(accounts, &[&admin]);
    assert_refused(sent, 0u32); // the system program's AccountAlreadyInUse
}

#[test]
fn no_wrong_account_is_taken() {
    let mut crowd = Crowd::around(Scene::open());
    // as if nobody had initialized it yet
    crowd.scene.world.remove(&address::reputation_config());
    let mut accounts = crowd.scene.world.initialize_reputation_accounts();
    accounts.payer = crowd.stranger;
    let args = InitializeArgs {
        settlement_authority: address::authority(),
        escrow_program: job_escrow::ID,
        coordinator: crowd.stranger,
    };
    crowd.try_reputation("initialize", accounts, ix::Initialize { args });
}

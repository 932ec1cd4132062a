use cyxwiz_tests_onchain::{World, assert_refused};
use reputation::ReputationError;

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

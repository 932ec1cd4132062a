use cyxwiz_tests_onchain::{CYXWIZ, World, address, assert_refused};
use node_registry::{RegistryError, instruction as ix};

use crate::crowd::Crowd;
use crate::scene::Scene;

const DAY: i64 = 86_400;

#[test]
fn stake_comes_from_the_owner_and_stays_thirty_days() {
    let mut world = World::new();
    let owner = world.wallet("node", 100 * CYXWIZ);
    world.do_register(&owner);
    let accounts = world.stake_accounts(&owner);
    let sent = world.stake(accounts, 0, &[&owner.key]);
    assert_refused(sent, RegistryError::ZeroAmount);
    let sent = world.stake(accounts, u64::MAX, &[&owner.key]);
    assert_refused(sent, 1u32); // the token program's InsufficientFunds
    world.do_stake(&owner, 100 * CYXWIZ);
    let node = world.node_of(&owner);
    assert_eq!(
        (node.stake, node.locked_until),
        (100 * CYXWIZ, world.now() + 30 * DAY)
    );

    let address = address::node(&owner.pubkey());
    let withdraw = world.withdraw_accounts(&owner);
    let sent = world.withdraw(withdraw, &[&owner.key]);
    assert_refused(sent, RegistryError::NothingRequested);
    let sent = world.request_unstake(address, 100 * CYXWIZ + 1, &owner.key);
    assert_refused(sent, RegistryError::InsufficientStake);
    let sent = world.request_unstake(address, 0, &owner.key);
    assert_refused(sent, RegistryError::ZeroAmount);
    world
        .request_unstake(address, 40 * CYXWIZ, &owner.key)
        .expect("40 of 100 are free");

    // the cool-down of 14 days passes first, the minimum lock of 30 counts
    world.advance(30 * DAY - 1);
    let sent = world.withdraw(withdraw, &[&owner.key]);
    assert_refused(sent, RegistryError::StillLocked);
    world.advance(1);
    world
        .withdraw(withdraw, &[&owner.key])
        .expect("30 days have passed");
    let node = world.node_of(&owner);
    assert_eq!((node.stake, node.unstake_amount), (60 * CYXWIZ, 0));
    assert_eq!(world.balance(&owner.token), 40 * CYXWIZ);
    assert_eq!(world.balance(&address::stake_vault(&address)), 60 * CYXWIZ);
}

#[test]
fn strangers_neither_stake_nor_withdraw_for_a_node() {
    let mut world = World::new();
    let owner = world.node("node", 10 * CYXWIZ);
    let stranger = world.wallet("stranger", CYXWIZ);
    let mut accounts = world.stake_accounts(&stranger);
    accounts.node = address::node(&owner.pubkey());
    accounts.stake_vault = address::stake_vault(&accounts.node);
    let sent = world.stake(accounts, 1, &[&stranger.key]);
    assert_refused(sent, RegistryError::NotNodeOwner);
    let mut accounts = world.withdraw_accounts(&stranger);
    accounts.node = address::node(&owner.pubkey());
    accounts.stake_vault = address::stake_vault(&accounts.node);
    let sent = world.withdraw(accounts, &[&stranger.key]);
    assert_refused(sent, RegistryError::NotNodeOwner);
    let sent = world.request_unstake(address::node(&owner.pubkey()), 1, &stranger.key);
    assert_refused(sent, RegistryError::NotNodeOwner);
}

#[test]
fn no_wrong_account_is_taken() {
    let mut scene = Scene::open();
    let token = scene.node.token;
    scene.world.do_mint(&token, CYXWIZ);
    let mut crowd = Crowd::around(scene);
    let accounts = crowd.scene.world.stake_accounts(&crowd.scene.node);
    crowd.try_registry("stake", accounts, ix::Stake { amount: CYXWIZ });
}

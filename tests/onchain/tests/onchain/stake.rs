use anchor_lang::error::ErrorCode;
use cyxwiz_tests_onchain::{CYXWIZ, World, address, assert_anchor_error, assert_refused, profile};
use node_registry::{NodeProfile, RegistryError, SlashReason};

const DAY: i64 = 86_400;

#[test]
fn a_node_registers_once_with_its_profile() {
    let mut world = World::new();
    let owner = world.wallet("node", 0);
    world.do_register(&owner);
    let node = world.node_of(&owner);
    assert_eq!(node.owner, owner.pubkey());
    assert_eq!((node.stake, node.registered_at), (0, world.now()));
    assert_eq!(node.endpoint, profile().endpoint);
    assert_eq!(node.tls_fingerprint, [7; 32]);

    let accounts = world.register_accounts(&owner.pubkey());
    let sent = world.register(accounts, profile(), &[&owner.key]);
    assert_refused(sent, 0u32); // the system program's AccountAlreadyInUse
}

#[test]
fn profiles_are_checked() {
    let mut world = World::new();
    let owner = world.wallet("node", 0);
    let edits: [fn(&mut NodeProfile); 6] = [
        |profile| profile.endpoint = String::new(),
        |profile| profile.endpoint = "x".repeat(129),
        |profile| profile.region = "x".repeat(17),
        |profile| profile.gpu_model = "x".repeat(65),
        |profile| profile.tls_fingerprint = [0; 32],
        |profile| profile.rate_milli = 0,
    ];
    for edit in edits {
        let mut wrong = profile();
        edit(&mut wrong);
        let accounts = world.register_accounts(&owner.pubkey());
        let sent = world.register(accounts, wrong, &[&owner.key]);
        assert_refused(sent, RegistryError::InvalidProfile);
    }
    let mut longest = profile();
    longest.endpoint = "x".repeat(128);
    longest.region = "x".repeat(16);
    longest.gpu_model = "x".repeat(64);
    let accounts = world.register_accounts(&owner.pubkey());
    world
        .register(accounts, longest, &[&owner.key])
        .expect("the longest names fit");
}

#[test]
fn only_the_owner_updates() {
    let mut world = World::new();
    let owner = world.node("node", 0);
    let stranger = world.wallet("stranger", 0);
    let node = address::node(&owner.pubkey());
    let mut moved = profile();
    moved.endpoint = "elsewhere:7443".to_owned();
    let sent = world.update(node, moved.clone(), &stranger.key);
    assert_refused(sent, RegistryError::NotNodeOwner);
    world
        .update(node, moved, &owner.key)
        .expect("the owner may");
    assert_eq!(world.node_of(&owner).endpoint, "elsewhere:7443");
}

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
fn the_cool_down_starts_with_the_request() {
    let mut world = World::new();
    let owner = world.node("node", 100 * CYXWIZ);
    let address = address::node(&owner.pubkey());
    world.advance(60 * DAY);
    world
        .request_unstake(address, 100 * CYXWIZ, &owner.key)
        .expect("all is free");
    let withdraw = world.withdraw_accounts(&owner);
    world.advance(14 * DAY - 1);
    let sent = world.withdraw(withdraw, &[&owner.key]);
    assert_refused(sent, RegistryError::StillLocked);
    world.advance(1);
    world
        .withdraw(withdraw, &[&owner.key])
        .expect("14 days have passed");
    assert_eq!(world.node_of(&owner).stake, 0);
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
fn another_nodes_vault_is_refused() {
    let mut world = World::new();
    let rich = world.node("rich", 100 * CYXWIZ);
    let poor = world.node("poor", 10 * CYXWIZ);
    let mut accounts = world.withdraw_accounts(&poor);
    accounts.stake_vault = address::stake_vault(&address::node(&rich.pubkey()));
    let sent = world.withdraw(accounts, &[&poor.key]);
    assert_anchor_error(sent, ErrorCode::ConstraintSeeds);
}

#[test]
fn dust_in_the_stake_vault_is_no_stake() {
    let mut world = World::new();
    let owner = world.node("node", 10 * CYXWIZ);
    let stranger = world.wallet("stranger", CYXWIZ);
    let node = address::node(&owner.pubkey());
    world.do_transfer(
        &stranger.token,
        &stranger.key,
        &address::stake_vault(&node),
        3,
    );
    let sent = world.request_unstake(node, 10 * CYXWIZ + 3, &owner.key);
    assert_refused(sent, RegistryError::InsufficientStake);
    world
        .request_unstake(node, 10 * CYXWIZ, &owner.key)
        .expect("the stake itself is free");
}

#[test]
fn a_slash_shrinks_a_pending_request_where_it_must() {
    let mut scene = crate::scene::Scene::assigned();
    let node = scene.node_address();
    scene
        .world
        .request_unstake(node, 800 * CYXWIZ, &scene.node.key)
        .expect("800 are free");
    scene.world.advance(3_601);
    let settlement = scene.world.settlement(&scene.job);
    scene
        .world
        .timeout_refund(settlement, &scene.user.key)
        .expect("the deadline has passed");
    // 100 of the 200 that the job had locked; the request is still covered
    let state = scene.world.node_of(&scene.node);
    assert_eq!(
        (state.stake, state.unstake_amount),
        (900 * CYXWIZ, 800 * CYXWIZ)
    );
    scene.balances().assert_conserved();
}

#[test]
fn only_job_escrow_locks_unlocks_and_slashes() {
    let mut scene = crate::scene::Scene::assigned();
    let node = scene.node_address();
    let (assigned, other) = (scene.job.escrow, address::escrow_config());
    let admin = scene.world.admin.insecure_clone();
    for forger in [&scene.node.key, &scene.user.key, &admin] {
        let world = &mut scene.world;
        let refusals = [
            world.lock_for_job(other, node, forger),
            world.release_lock(assigned, node, None, forger),
            world.release_lock(assigned, node, Some(SlashReason::InvalidProof), forger),
        ];
        for sent in refusals {
            assert_refused(sent, RegistryError::NotSettlementAuthority);
        }
    }
}

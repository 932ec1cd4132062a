use cyxwiz_tests_onchain::{CYXWIZ, Wallet, World, address, assert_refused, key};
use node_registry::{Node, Params, RegistryError, SlashReason, instruction as ix, math};
use solana_keypair::Keypair;
use solana_signer::Signer;

use crate::crowd::Crowd;
use crate::scene::Scene;

const DAY: i64 = 86_400;
const YEAR: i64 = 365 * DAY;
const STAKE: u64 = 1_000 * CYXWIZ;

/// A node staked just now, and a reward vault with that much in it.
fn staked(rewards: u64) -> (World, Wallet) {
    let mut world = World::new();
    let node = world.node("node", STAKE);
    if rewards > 0 {
        world.do_mint(&address::reward_vault(), rewards);
    }
    (world, node)
}

fn claim(world: &mut World, node: &Wallet) -> cyxwiz_tests_onchain::Sent {
    let accounts = world.claim_reward_accounts(node);
    world.claim_reward(accounts, &[&node.key])
}

/// Claims, and says what came.
fn claimed(world: &mut World, node: &Wallet) -> u64 {
    let before = world.balance(&node.token);
    claim(world, node).expect("there is something to claim");
    world.balance(&node.token) - before
}

fn earned(stake: u64, seconds: i64) -> u64 {
    math::reward(stake, Params::default().reward_bps, seconds)
}

#[test]
fn clean_stake_earns_five_percent_a_year_after_ninety_days() {
    let (mut world, node) = staked(60 * CYXWIZ);
    world.advance(90 * DAY);
    assert_refused(claim(&mut world, &node), RegistryError::NoReward);
    world.advance(YEAR);
    let supply = world.supply();
    assert_eq!(claimed(&mut world, &node), 50 * CYXWIZ);
    assert_eq!(world.balance(&address::reward_vault()), 10 * CYXWIZ);
    assert_eq!(world.supply(), supply);
    let state = world.node_of(&node);
    assert_eq!((state.stake, state.reward_accrued), (STAKE, 0));
    assert_eq!(state.reward_accrued_at, world.now());
    assert_refused(claim(&mut world, &node), RegistryError::NoReward);
}

#[test]
fn the_first_second_counts() {
    let (mut world, node) = staked(CYXWIZ);
    world.advance(90 * DAY + 1);
    assert_eq!(claimed(&mut world, &node), 1_585); // 1,000 CYXWIZ · 5 % / 31,536,000
}

#[test]
fn a_vault_that_runs_dry_pays_what_it_has_and_owes_the_rest() {
    let (mut world, node) = staked(0);
    world.advance(90 * DAY + YEAR);
    assert_refused(claim(&mut world, &node), RegistryError::RewardVaultEmpty);
    world.do_mint(&address::reward_vault(), 1);
    assert_eq!(claimed(&mut world, &node), 1);
    assert_eq!(world.node_of(&node).reward_accrued, 50 * CYXWIZ - 1);
    assert_refused(claim(&mut world, &node), RegistryError::RewardVaultEmpty);
    world.do_mint(&address::reward_vault(), 100 * CYXWIZ);
    assert_eq!(claimed(&mut world, &node), 50 * CYXWIZ - 1);
    let stake = address::stake_vault(&address::node(&node.pubkey()));
    assert_eq!(world.balance(&stake), STAKE, "never from stake");
}

#[test]
fn each_part_of_the_time_earns_on_the_stake_it_had() {
    let (mut world, node) = staked(1_000 * CYXWIZ);
    let at = address::node(&node.pubkey());
    world.advance(90 * DAY + 10 * DAY);
    world
        .request_unstake(at, 400 * CYXWIZ, &node.key)
        .expect("all is free");
    let mut expected = earned(STAKE, 10 * DAY);
    assert_eq!(world.node_of(&node).reward_accrued, expected);

    // what is requested back no longer earns, and paying it out changes nothing
    world.advance(20 * DAY);
    let withdraw = world.withdraw_accounts(&node);
    world
        .withdraw(withdraw, &[&node.key])
        .expect("the cool-down has passed");
    expected += earned(600 * CYXWIZ, 20 * DAY);
    assert_eq!(world.node_of(&node).reward_accrued, expected);

    // a later deposit earns at once: the node has long been clean
    world.advance(5 * DAY);
    world.do_stake(&node, 100 * CYXWIZ);
    expected += earned(600 * CYXWIZ, 5 * DAY);
    world.advance(DAY);
    expected += earned(700 * CYXWIZ, DAY);
    assert_eq!(claimed(&mut world, &node), expected);
}

#[test]
fn leaving_and_coming_back_starts_the_ninety_days_anew() {
    let (mut world, node) = staked(1_000 * CYXWIZ);
    let at = address::node(&node.pubkey());
    world.advance(91 * DAY);
    world
        .request_unstake(at, STAKE, &node.key)
        .expect("all is free");
    world.advance(14 * DAY);
    let withdraw = world.withdraw_accounts(&node);
    world
        .withdraw(withdraw, &[&node.key])
        .expect("the cool-down has passed");
    world.do_stake(&node, STAKE);
    world.advance(90 * DAY);
    // what had accrued is still the owner's
    assert_eq!(claimed(&mut world, &node), earned(STAKE, DAY));
    world.advance(DAY);
    assert_eq!(claimed(&mut world, &node), earned(STAKE, DAY));
}

/// Locks a job on the node and slashes it for that.
fn slash(world: &mut World, node: &Wallet, authority: &Keypair) {
    let escrow = key("an escrow").pubkey();
    let at = address::node(&node.pubkey());
    world
        .lock_for_job(escrow, at, 1, authority)
        .expect("the stake is free");
    world
        .release_lock(escrow, at, Some(SlashReason::InvalidProof), authority)
        .expect("slash");
}

#[test]
fn a_slash_forfeits_what_has_accrued_and_restarts_the_ninety_days() {
    let (mut world, node) = staked(1_000 * CYXWIZ);
    let authority = world.take_settlement();
    world.advance(90 * DAY + YEAR);
    slash(&mut world, &node, &authority);
    let state = world.node_of(&node);
    assert_eq!((state.reward_accrued, state.stake), (0, 750 * CYXWIZ));
    assert_refused(claim(&mut world, &node), RegistryError::NoReward);
    world.advance(90 * DAY);
    assert_refused(claim(&mut world, &node), RegistryError::NoReward);
    world.advance(DAY);
    assert_eq!(claimed(&mut world, &node), earned(750 * CYXWIZ, DAY));
}

#[test]
fn a_slash_within_the_ninety_days_counts_from_the_slash() {
    let (mut world, node) = staked(1_000 * CYXWIZ);
    let authority = world.take_settlement();
    world.advance(89 * DAY);
    slash(&mut world, &node, &authority);
    world.advance(90 * DAY);
    assert_refused(claim(&mut world, &node), RegistryError::NoReward);
    world.advance(1);
    assert_eq!(claimed(&mut world, &node), earned(750 * CYXWIZ, 1));
}

#[test]
fn a_banned_node_earns_nothing_ever() {
    let mut scene = Scene::assigned();
    scene.world.do_mint(&address::reward_vault(), CYXWIZ);
    let authority = scene.world.take_settlement();
    scene.world.advance(90 * DAY + YEAR);
    let accounts = scene.world.slash_dispute_accounts(
        &scene.job.escrow,
        scene.node_address(),
        scene.user.token,
        &authority.pubkey(),
    );
    scene
        .world
        .slash_dispute(accounts, 0, &[&authority])
        .expect("slash_dispute");
    scene.world.advance(10 * YEAR);
    let sent = claim(&mut scene.world, &scene.node);
    assert_refused(sent, RegistryError::NoReward);
}

#[test]
fn running_jobs_do_not_stop_the_reward() {
    let mut scene = Scene::assigned();
    scene.world.do_mint(&address::reward_vault(), CYXWIZ);
    scene.world.advance(90 * DAY + DAY);
    let came = claimed(&mut scene.world, &scene.node);
    assert_eq!(came, earned(STAKE, DAY));
}

#[test]
fn a_pause_keeps_no_reward() {
    let (mut world, node) = staked(100 * CYXWIZ);
    let admin = world.admin.insecure_clone();
    world
        .set_registry_paused(true, &admin)
        .expect("the admin pauses");
    world.advance(90 * DAY + YEAR);
    assert_eq!(claimed(&mut world, &node), 50 * CYXWIZ);
}

#[test]
fn only_the_owner_claims_and_only_from_the_reward_vault() {
    let (mut world, node) = staked(100 * CYXWIZ);
    let stranger = world.wallet("stranger", 0);
    world.advance(90 * DAY + YEAR);
    let mut accounts = world.claim_reward_accounts(&stranger);
    accounts.node = address::node(&node.pubkey());
    let sent = world.claim_reward(accounts, &[&stranger.key]);
    assert_refused(sent, RegistryError::NotNodeOwner);
    let at: Node = world.read(&address::node(&node.pubkey()));
    for vault in [at.stake_vault, address::insurance_vault()] {
        let mut accounts = world.claim_reward_accounts(&node);
        accounts.reward_vault = vault;
        let sent = world.claim_reward(accounts, &[&node.key]);
        assert_refused(sent, RegistryError::VaultMismatch);
    }
    // to itself: nothing would have moved
    let mut accounts = world.claim_reward_accounts(&node);
    accounts.owner_token = address::reward_vault();
    let sent = world.claim_reward(accounts, &[&node.key]);
    assert_refused(sent, RegistryError::InexactMovement);
}

#[test]
fn no_wrong_account_is_taken() {
    let mut crowd =
        Crowd::around(Scene::open()).with_account("reward vault", address::reward_vault());
    let world = &mut crowd.scene.world;
    world.do_mint(&address::reward_vault(), CYXWIZ);
    world.advance(91 * DAY);
    let accounts = world.claim_reward_accounts(&crowd.scene.node);
    crowd.try_registry("claim_reward", accounts, ix::ClaimReward {});
}

use anchor_lang::error::ErrorCode;
use cyxwiz_tests_onchain::{CYXWIZ, address, assert_anchor_error, assert_refused, key, profile};
use node_registry::{RegistryError, SlashReason, instruction as ix};
use solana_keypair::Keypair;
use solana_signer::Signer;

use crate::crowd::Crowd;
use crate::scene::{AMOUNT, STAKE, Scene};

const DAY: i64 = 86_400;

/// A running job whose lock the returned key may end, with `insurance` base units in the vault.
fn disputed(insurance: u64) -> (Scene, Keypair) {
    let mut scene = Scene::assigned();
    if insurance > 0 {
        scene.world.do_mint(&address::insurance_vault(), insurance);
    }
    let authority = scene.world.take_settlement();
    (scene, authority)
}

impl Scene {
    fn lose_dispute(&mut self, payout: u64, authority: &Keypair) -> cyxwiz_tests_onchain::Sent {
        let (escrow, node) = (self.job.escrow, self.node_address());
        let world = &mut self.world;
        let signer = authority.pubkey();
        let accounts = world.slash_dispute_accounts(&escrow, node, self.user.token, &signer);
        world.slash_dispute(accounts, payout, &[authority])
    }
}

#[test]
fn half_goes_to_the_user_and_insurance_adds_the_payout() {
    let (mut scene, authority) = disputed(100 * CYXWIZ);
    let before = scene.balances();
    let coordinator = scene.world.coordinator.pubkey();
    let rent = scene.world.lamports(&address::lock(&scene.job.escrow));
    let lamports = scene.world.lamports(&coordinator);
    scene
        .lose_dispute(AMOUNT, &authority)
        .expect("the payout is 10 % of the vault, and what the job was funded with");

    // 50 % of 1,000: 250 to the user, of the other 250 burned 50 and insured 200; 10 of insurance
    let after = scene.balances();
    assert_eq!(after.stake, STAKE - 500 * CYXWIZ);
    assert_eq!(after.user - before.user, 260 * CYXWIZ);
    assert_eq!(before.supply - after.supply, 50 * CYXWIZ);
    assert_eq!(after.insurance, (100 + 200 - 10) * CYXWIZ);
    after.assert_conserved();
    scene.assert_unlocked();
    assert_eq!(scene.world.lamports(&coordinator), lamports + rent);

    let node = scene.world.node_of(&scene.node);
    assert_eq!((node.stake, node.banned), (500 * CYXWIZ, true));
    assert_eq!(node.last_slash_at, scene.world.now());
    assert_eq!((node.failures, node.suspended_until), ([0; 3], 0));
}

#[test]
fn odd_units_stay_with_the_insurance() {
    let (mut scene, authority) = disputed(0);
    scene.world.do_mint(&scene.node.token, 7);
    scene.world.do_stake(&scene.node, 7);
    // the first lock was made before the seven came, and does not count them
    let escrow = key("another escrow").pubkey();
    let node = scene.node_address();
    scene
        .world
        .lock_for_job(escrow, node, 1, &authority)
        .expect("the stake is free");
    let before = scene.balances();
    let world = &mut scene.world;
    let accounts =
        world.slash_dispute_accounts(&escrow, node, scene.user.token, &authority.pubkey());
    world
        .slash_dispute(accounts, 0, &[&authority])
        .expect("without a payout no insurance is needed");
    // 500 CYXWIZ and 3: the user's half rounds down, the burn of the rest too
    let after = scene.balances();
    assert_eq!(before.stake - after.stake, 500 * CYXWIZ + 3);
    assert_eq!(after.user - before.user, 250 * CYXWIZ + 1);
    assert_eq!(before.supply - after.supply, 50 * CYXWIZ);
    assert_eq!(after.insurance, 200 * CYXWIZ + 2);
    after.assert_conserved();
}

#[test]
fn insurance_pays_no_more_than_the_job() {
    let (mut scene, authority) = disputed(1_000 * CYXWIZ);
    for payout in [AMOUNT + 1, u64::MAX] {
        let sent = scene.lose_dispute(payout, &authority);
        assert_refused(sent, RegistryError::PayoutAboveJob);
    }
    scene.lose_dispute(AMOUNT, &authority).expect("all of it");
}

#[test]
fn insurance_pays_no_more_than_a_tenth_of_what_it_held_before() {
    let (mut scene, authority) = disputed(19);
    let sent = scene.lose_dispute(2, &authority);
    assert_refused(sent, RegistryError::PayoutAbovePool);
    scene.lose_dispute(1, &authority).expect("10 % of 19");

    // what this very cut brings in does not count
    let (mut scene, authority) = disputed(0);
    let sent = scene.lose_dispute(1, &authority);
    assert_refused(sent, RegistryError::PayoutAbovePool);
    scene.lose_dispute(0, &authority).expect("no payout");
}

#[test]
fn other_jobs_keep_what_they_locked() {
    let (mut scene, authority) = disputed(0);
    let node = scene.node_address();
    // 200 locked by the disputed job, 200 by another; 600 are on their way out, and gone
    scene
        .world
        .request_unstake(node, 600 * CYXWIZ, &scene.node.key)
        .expect("800 are free");
    let other = key("another escrow").pubkey();
    scene
        .world
        .lock_for_job(other, node, AMOUNT, &authority)
        .expect("200 are free");
    scene.world.advance(30 * DAY);
    let withdraw = scene.world.withdraw_accounts(&scene.node);
    scene
        .world
        .withdraw(withdraw, &[&scene.node.key])
        .expect("the cool-down has passed");

    // 50 % of the 1,000 at assignment would be 500, but only 200 are not another job's
    scene.lose_dispute(0, &authority).expect("the lock is open");
    let state = scene.world.node_of(&scene.node);
    assert_eq!((state.stake, state.locked), (200 * CYXWIZ, 200 * CYXWIZ));
    scene.balances().assert_conserved();

    // the other job ends as any; losing it too takes the rest
    let world = &mut scene.world;
    let accounts =
        world.slash_dispute_accounts(&other, node, scene.user.token, &authority.pubkey());
    world
        .slash_dispute(accounts, 0, &[&authority])
        .expect("a banned node's other jobs end too");
    let state = scene.world.node_of(&scene.node);
    // assigned when 1,000 were staked
    assert_eq!((state.stake, state.locked), (0, 0));
    scene.balances().assert_conserved();
}

#[test]
fn a_request_to_leave_does_not_dodge_the_slash() {
    let (mut scene, authority) = disputed(0);
    let node = scene.node_address();
    scene
        .world
        .request_unstake(node, 800 * CYXWIZ, &scene.node.key)
        .expect("800 are free");
    scene.lose_dispute(0, &authority).expect("the lock is open");
    let state = scene.world.node_of(&scene.node);
    assert_eq!(
        (state.stake, state.unstake_amount),
        (500 * CYXWIZ, 500 * CYXWIZ)
    );
}

#[test]
fn a_banned_owner_gets_the_rest_out_and_never_comes_back() {
    let (mut scene, authority) = disputed(0);
    scene.lose_dispute(0, &authority).expect("the lock is open");
    let node = scene.node_address();

    let escrow = key("another escrow").pubkey();
    let sent = scene.world.lock_for_job(escrow, node, 1, &authority);
    assert_refused(sent, RegistryError::Banned);

    scene
        .world
        .request_unstake(node, 500 * CYXWIZ, &scene.node.key)
        .expect("all that is left is free");
    let withdraw = scene.world.withdraw_accounts(&scene.node);
    scene.world.advance(30 * DAY - 1);
    let sent = scene.world.withdraw(withdraw, &[&scene.node.key]);
    assert_refused(sent, RegistryError::StillLocked);
    scene.world.advance(1);
    scene
        .world
        .withdraw(withdraw, &[&scene.node.key])
        .expect("the lock of 30 days has passed");
    assert_eq!(scene.world.balance(&scene.node.token), 500 * CYXWIZ);

    let accounts = scene.world.register_accounts(&scene.node.pubkey());
    let sent = scene
        .world
        .register(accounts, profile(), &[&scene.node.key]);
    assert_refused(sent, 0u32); // the system program's AccountAlreadyInUse
    assert!(scene.world.node_of(&scene.node).banned);
}

#[test]
fn a_lock_ends_once() {
    let (mut scene, authority) = disputed(0);
    scene.lose_dispute(0, &authority).expect("the lock is open");
    let sent = scene.lose_dispute(0, &authority);
    assert_anchor_error(sent, ErrorCode::AccountNotInitialized);
}

#[test]
fn a_lost_dispute_is_not_slashed_without_the_users_half() {
    let (mut scene, authority) = disputed(0);
    let (escrow, node) = (scene.job.escrow, scene.node_address());
    let sent = scene
        .world
        .release_lock(escrow, node, Some(SlashReason::DisputeLost), &authority);
    assert_refused(sent, RegistryError::WrongSlash);
}

#[test]
fn a_vault_is_no_users_account() {
    let (mut scene, authority) = disputed(100 * CYXWIZ);
    let node = scene.node_address();
    for vault in [address::stake_vault(&node), address::insurance_vault()] {
        let signer = authority.pubkey();
        let world = &mut scene.world;
        let accounts = world.slash_dispute_accounts(&scene.job.escrow, node, vault, &signer);
        let sent = world.slash_dispute(accounts, 1, &[&authority]);
        assert_refused(sent, RegistryError::InexactMovement);
    }
}

#[test]
fn only_job_escrow_slashes_disputes() {
    let (mut scene, _) = disputed(0);
    let admin = scene.world.admin.insecure_clone();
    let forgers = [&scene.node.key, &scene.user.key, &admin].map(Keypair::insecure_clone);
    for forger in forgers {
        let sent = scene.lose_dispute(0, &forger);
        assert_refused(sent, RegistryError::NotSettlementAuthority);
    }
}

#[test]
fn a_pause_does_not_protect_a_node() {
    let (mut scene, authority) = disputed(0);
    let admin = scene.world.admin.insecure_clone();
    scene
        .world
        .set_registry_paused(true, &admin)
        .expect("the admin pauses");
    scene.lose_dispute(0, &authority).expect("slash_dispute");
}

#[test]
fn no_wrong_account_is_taken() {
    let mut crowd = Crowd::around(Scene::assigned());
    let authority = crowd.scene.world.take_settlement();
    let scene = &crowd.scene;
    let accounts = scene.world.slash_dispute_accounts(
        &scene.job.escrow,
        scene.node_address(),
        scene.user.token,
        &authority.pubkey(),
    );
    let mut crowd = crowd.with_wallet("settlement", &authority);
    let data = ix::SlashDispute {
        insurance_payout: 0,
    };
    crowd.try_registry("slash_dispute", accounts, data);
}

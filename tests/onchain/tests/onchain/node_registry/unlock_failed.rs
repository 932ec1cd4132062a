use cyxwiz_tests_onchain::{CYXWIZ, address, assert_refused, key};
use node_registry::{RegistryError, instruction as ix};
use solana_signer::Signer;

use crate::crowd::Crowd;
use crate::scene::{STAKE, Scene};

#[test]
fn the_third_failure_slashes_and_suspends() {
    let mut scene = Scene::assigned();
    let authority = scene.world.take_settlement();
    let (node, signer) = (scene.node_address(), authority.pubkey());
    let mut escrow = scene.job.escrow;
    for (name, stake) in [("second", STAKE), ("third", STAKE), ("", 700 * CYXWIZ)] {
        let accounts = scene.world.release_accounts(&escrow, node, &signer);
        scene
            .world
            .unlock_failed(accounts, &[&authority])
            .expect("the lock is open");
        scene.assert_unlocked();
        assert_eq!(scene.world.node_of(&scene.node).stake, stake);
        if !name.is_empty() {
            escrow = key(name).pubkey();
            scene
                .world
                .lock_for_job(escrow, node, 1, &authority)
                .expect("the node is not suspended yet");
        }
    }
    // 30 % of 1,000: 60 burned, 240 insured
    let after = scene.balances();
    assert_eq!(after.insurance, 240 * CYXWIZ);
    after.assert_conserved();
    let sent = scene.world.lock_for_job(escrow, node, 1, &authority);
    assert_refused(sent, RegistryError::Suspended);
}

#[test]
fn of_two_locked_jobs_the_failed_one_cuts_only_what_the_other_leaves() {
    let mut scene = Scene::assigned();
    let authority = scene.world.take_settlement();
    let (node, signer) = (scene.node_address(), authority.pubkey());
    let other = key("other").pubkey();
    scene
        .world
        .lock_for_job(other, node, 60 * CYXWIZ, &authority)
        .expect_err("a job of 60 locks 1,000, and 200 are locked");
    scene
        .world
        .lock_for_job(other, node, 49 * CYXWIZ, &authority)
        .expect("a job of 49 locks 200");
    let accounts = scene
        .world
        .release_accounts(&scene.job.escrow, node, &signer);
    scene
        .world
        .unlock_failed(accounts, &[&authority])
        .expect("the lock is open");
    let state = scene.world.node_of(&scene.node);
    assert_eq!((state.stake, state.locked), (STAKE, 200 * CYXWIZ));
    assert_eq!(state.active_jobs, 1);
    assert!(scene.world.exists(&address::lock(&other)));
}

#[test]
fn only_job_escrow_notes_failures() {
    let mut scene = Scene::assigned();
    let node = scene.node_address();
    let admin = scene.world.admin.insecure_clone();
    for forger in [&scene.node.key, &scene.user.key, &admin] {
        let accounts = scene
            .world
            .release_accounts(&scene.job.escrow, node, &forger.pubkey());
        let sent = scene.world.unlock_failed(accounts, &[forger]);
        assert_refused(sent, RegistryError::NotSettlementAuthority);
    }
}

#[test]
fn no_wrong_account_is_taken() {
    let mut crowd = Crowd::around(Scene::assigned());
    let authority = crowd.scene.world.take_settlement();
    let accounts = crowd.scene.world.release_accounts(
        &crowd.scene.job.escrow,
        crowd.scene.node_address(),
        &authority.pubkey(),
    );
    let mut crowd = crowd.with_wallet("settlement", &authority);
    crowd.try_registry("unlock_failed", accounts, ix::UnlockFailed {});
}

use anchor_lang::Space;
use cyxwiz_tests_onchain::{CYXWIZ, address, assert_refused};
use node_registry::{JobLock, RegistryError, instruction as ix};
use solana_signer::Signer;

use crate::crowd::Crowd;
use crate::scene::{AMOUNT, Scene};

#[test]
fn only_job_escrow_locks() {
    let mut scene = Scene::assigned();
    let (node, other) = (scene.node_address(), address::escrow_config());
    let admin = scene.world.admin.insecure_clone();
    for forger in [&scene.node.key, &scene.user.key, &admin] {
        let sent = scene.world.lock_for_job(other, node, 1, forger);
        assert_refused(sent, RegistryError::NotSettlementAuthority);
    }
}

#[test]
fn a_lock_is_made_even_where_its_address_was_sent_lamports() {
    for least in [true, false] {
        let mut scene = Scene::open();
        let least_balance = scene.world.svm.minimum_balance_for_rent_exemption(0);
        let lamports = if least { least_balance } else { 100_000_000 };
        let lock = address::lock(&scene.job.escrow);
        scene
            .world
            .svm
            .airdrop(&lock, lamports)
            .expect("anybody may send that much anywhere");
        scene.world.do_assign_node(&scene.job, &scene.node);
        let state: JobLock = scene.world.read(&lock);
        assert_eq!(state.escrow, scene.job.escrow);
        assert_eq!((state.job_amount, state.amount), (AMOUNT, 200 * CYXWIZ));
        assert_eq!(state.payer, scene.world.coordinator.pubkey());
        let size = 8 + JobLock::INIT_SPACE;
        let rent = scene.world.svm.minimum_balance_for_rent_exemption(size);
        assert_eq!(scene.world.lamports(&lock), rent.max(lamports));
        // and it ends as any other
        scene.world.do_submit_completion(&scene.job, &scene.node);
        scene.world.do_accept(&scene.job, &scene.user);
        scene.assert_unlocked();
    }
}

#[test]
fn a_second_lock_for_the_same_job_is_refused() {
    let mut scene = Scene::assigned();
    let authority = scene.world.take_settlement();
    let (escrow, node) = (scene.job.escrow, scene.node_address());
    let sent = scene.world.lock_for_job(escrow, node, 1, &authority);
    let failed = sent.expect_err("the lock is there");
    // the system program allocates no account that has data
    assert!(failed.meta.logs.join("\n").contains("already in use"));
}

#[test]
fn no_wrong_account_is_taken() {
    let mut crowd = Crowd::around(Scene::open());
    let authority = crowd.scene.world.take_settlement();
    let accounts = crowd.scene.world.lock_for_job_accounts(
        &crowd.scene.job.escrow,
        crowd.scene.node_address(),
        &authority.pubkey(),
    );
    let mut crowd = crowd.with_wallet("settlement", &authority);
    let job_amount = 10 * CYXWIZ;
    crowd.try_registry("lock_for_job", accounts, ix::LockForJob { job_amount });
}

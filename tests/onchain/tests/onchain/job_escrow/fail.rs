use cyxwiz_tests_onchain::{CYXWIZ, assert_refused, job_args};
use job_escrow::{EscrowError, State, instruction as ix};

use crate::crowd::Crowd;
use crate::scene::{AMOUNT, STAKE, Scene};
use crate::training_proof::scene::Scene as Proven;

#[test]
fn nothing_held_is_a_full_refund() {
    let mut scene = Scene::assigned();
    // epochs seen but not delivered earn nothing
    scene
        .world
        .do_present_receipt(&scene.job, &scene.user, 12, 0);
    let before = scene.balances();
    let settlement = scene.world.settlement(&scene.job);
    scene
        .world
        .fail(settlement, &scene.node.key)
        .expect("the node may give up");
    let after = scene.balances();
    assert_eq!(after.user - before.user, AMOUNT);
    assert_eq!((after.node, after.platform), (before.node, before.platform));
    assert_eq!(after.stake, STAKE);
    after.assert_conserved();
    scene.assert_unlocked();
    assert_eq!(scene.world.escrow_of(&scene.job).state, State::Failed);
    assert_eq!(scene.world.reputation_of(&scene.node).jobs_failed, 1);
    assert_eq!(
        scene.world.node_of(&scene.node).failures[2],
        scene.world.now()
    );
}

#[test]
fn what_is_held_is_paid() {
    let mut scene = Scene::assigned();
    scene
        .world
        .do_present_receipt(&scene.job, &scene.user, 12, 5);
    let before = scene.balances();
    let settlement = scene.world.settlement(&scene.job);
    scene
        .world
        .fail(settlement, &scene.node.key)
        .expect("the node may give up");
    // a quarter: 2.5, of which a tenth is the fee
    let after = scene.balances();
    assert_eq!(after.node - before.node, 2_250_000_000);
    assert_eq!(after.platform - before.platform, 250_000_000);
    assert_eq!(after.user - before.user, 7_500_000_000);
    after.assert_conserved();
}

#[test]
fn only_the_node_gives_up_and_only_while_assigned() {
    let mut scene = Scene::assigned();
    let settlement = scene.world.settlement(&scene.job);
    let sent = scene.world.fail(settlement, &scene.user.key);
    assert_refused(sent, EscrowError::NotAssignedNode);
    scene.world.do_submit_completion(&scene.job, &scene.node);
    let sent = scene.world.fail(settlement, &scene.node.key);
    assert_refused(sent, EscrowError::WrongState);
}

#[test]
fn the_third_failure_in_a_week_slashes_and_suspends() {
    let mut scene = Scene::open();
    for id in 2..=4 {
        let job = scene.world.do_create_escrow(&scene.user, job_args(id));
        scene.world.do_assign_node(&job, &scene.node);
        let settlement = scene.world.settlement(&job);
        scene
            .world
            .fail(settlement, &scene.node.key)
            .expect("the node may give up");
        scene.world.advance(60);
    }
    let node = scene.world.node_of(&scene.node);
    assert_eq!(node.stake, STAKE - 300 * CYXWIZ);
    assert_eq!(node.failures, [0; 3]);
    let failed_at = scene.world.now() - 60;
    assert_eq!(node.suspended_until, failed_at + 30 * 86_400);
    let after = scene.balances();
    assert_eq!(after.insurance, 240 * CYXWIZ);
    assert_eq!(after.stake, STAKE - 300 * CYXWIZ);
    after.assert_conserved();

    let coordinator = scene.world.coordinator.insecure_clone();
    let job = scene.world.do_create_escrow(&scene.user, job_args(5));
    let accounts = scene.world.assign_node_accounts(&job, &scene.node.pubkey());
    let sent = scene.world.assign_node(accounts, &[&coordinator]);
    assert_refused(sent, node_registry::RegistryError::Suspended);
}

#[test]
fn no_wrong_account_is_taken() {
    let market = Proven::revealed().into_market().after_two_failures();
    let mut crowd = Crowd::with_other_transcript(market);
    let scene = &crowd.scene;
    let settlement = scene.world.settlement(&scene.job);
    let accounts = scene.world.end_failed(settlement, &scene.node.key);
    crowd.try_escrow("fail", accounts, ix::Fail {});
}

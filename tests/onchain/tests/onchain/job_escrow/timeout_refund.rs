use cyxwiz_tests_onchain::{CYXWIZ, assert_refused, job_args};
use job_escrow::{EscrowError, State, instruction as ix};

use crate::crowd::Crowd;
use crate::scene::{AMOUNT, STAKE, Scene};
use crate::training_proof::scene::Scene as Proven;

#[test]
fn anyone_refunds_after_the_deadline_and_the_node_is_slashed() {
    let mut scene = Scene::assigned();
    let anyone = scene.world.wallet("anyone", 0);
    let before = scene.balances();
    let settlement = scene.world.settlement(&scene.job);
    scene.world.advance(3_600);
    let sent = scene.world.timeout_refund(settlement, &anyone.key);
    assert_refused(sent, EscrowError::DeadlineNotPassed);
    scene.world.advance(1);
    scene
        .world
        .timeout_refund(settlement, &anyone.key)
        .expect("the deadline has passed");

    // 10 % of 1,000 staked: 20 burned, 80 insured
    let after = scene.balances();
    assert_eq!(after.user - before.user, AMOUNT);
    assert_eq!(after.stake, STAKE - 100 * CYXWIZ);
    assert_eq!(after.insurance, 80 * CYXWIZ);
    assert_eq!(before.supply - after.supply, 20 * CYXWIZ);
    after.assert_conserved();
    scene.assert_unlocked();

    assert_eq!(scene.world.escrow_of(&scene.job).state, State::TimedOut);
    let node = scene.world.node_of(&scene.node);
    assert_eq!(
        (node.stake, node.last_slash_at),
        (900 * CYXWIZ, scene.world.now())
    );
    assert_eq!(
        (node.failures, node.suspended_until),
        ([0, 0, scene.world.now()], 0)
    );
    assert_eq!(scene.world.reputation_of(&scene.node).jobs_timed_out, 1);
}

#[test]
fn a_timeout_is_a_failure_and_the_third_slashes_more_and_suspends() {
    let mut scene = Scene::assigned();
    for id in 2..=3 {
        let job = scene.world.do_create_escrow(&scene.user, job_args(id));
        scene.world.do_assign_node(&job, &scene.node);
        let settlement = scene.world.settlement(&job);
        scene
            .world
            .fail(settlement, &scene.node.key)
            .expect("the node may give up");
    }
    scene.world.advance(3_601);
    let settlement = scene.world.settlement(&scene.job);
    scene
        .world
        .timeout_refund(settlement, &scene.user.key)
        .expect("the deadline has passed");

    // 30 % of 1,000 staked: 60 burned, 240 insured
    let node = scene.world.node_of(&scene.node);
    assert_eq!((node.stake, node.failures), (700 * CYXWIZ, [0; 3]));
    assert_eq!(node.suspended_until, scene.world.now() + 30 * 86_400);
    let after = scene.balances();
    assert_eq!((after.stake, after.insurance), (700 * CYXWIZ, 240 * CYXWIZ));
    after.assert_conserved();
    scene.assert_unlocked();
    assert_eq!(scene.world.escrow_of(&scene.job).state, State::TimedOut);
}

#[test]
fn giving_up_after_two_timeouts_slashes_as_much_as_a_third() {
    let mut scene = Scene::assigned();
    let jobs = [2, 3].map(|id| {
        let job = scene.world.do_create_escrow(&scene.user, job_args(id));
        scene.world.do_assign_node(&job, &scene.node);
        job
    });
    scene.world.advance(3_601);
    for job in &jobs {
        let settlement = scene.world.settlement(job);
        scene
            .world
            .timeout_refund(settlement, &scene.user.key)
            .expect("the deadline has passed");
    }
    let now = scene.world.now();
    let node = scene.world.node_of(&scene.node);
    assert_eq!((node.stake, node.failures), (800 * CYXWIZ, [0, now, now]));
    assert_eq!(node.suspended_until, 0);
    let settlement = scene.world.settlement(&scene.job);
    scene
        .world
        .fail(settlement, &scene.node.key)
        .expect("the node may give up");
    let node = scene.world.node_of(&scene.node);
    assert_eq!((node.stake, node.failures), (500 * CYXWIZ, [0; 3]));
    assert_eq!(node.suspended_until, now + 30 * 86_400);
    scene.balances().assert_conserved();
}

#[test]
fn the_third_timeout_never_cuts_less_than_the_first() {
    let mut scene = Scene::assigned();
    let admin = scene.world.admin.insecure_clone();
    let params = node_registry::Params {
        slash_timeout_bps: 4_000,
        slash_failures_bps: 1_000,
        ..Default::default()
    };
    scene
        .world
        .update_registry_config(params, &admin)
        .expect("the parameters are within bounds");
    for id in 2..=3 {
        let job = scene.world.do_create_escrow(&scene.user, job_args(id));
        scene.world.do_assign_node(&job, &scene.node);
        let settlement = scene.world.settlement(&job);
        scene
            .world
            .fail(settlement, &scene.node.key)
            .expect("the node may give up");
    }
    scene.world.advance(3_601);
    let settlement = scene.world.settlement(&scene.job);
    scene
        .world
        .timeout_refund(settlement, &scene.user.key)
        .expect("the deadline has passed");
    let node = scene.world.node_of(&scene.node);
    assert_eq!((node.stake, node.failures), (600 * CYXWIZ, [0; 3]));
    assert_eq!(node.suspended_until, scene.world.now() + 30 * 86_400);
}

#[test]
fn what_is_held_is_paid_even_then() {
    let mut scene = Scene::assigned();
    scene
        .world
        .do_present_receipt(&scene.job, &scene.user, 20, 10);
    scene.world.advance(3_601);
    let settlement = scene.world.settlement(&scene.job);
    scene
        .world
        .timeout_refund(settlement, &scene.user.key)
        .expect("the deadline has passed");
    let escrow = scene.world.escrow_of(&scene.job);
    let paid = (escrow.paid_node, escrow.paid_platform, escrow.paid_user);
    assert_eq!(paid, (4_500_000_000, 500_000_000, 5_000_000_000));
    scene.balances().assert_conserved();
}

#[test]
fn a_submitted_job_does_not_time_out() {
    let mut scene = Scene::submitted();
    scene.world.advance(100_000);
    let settlement = scene.world.settlement(&scene.job);
    let sent = scene.world.timeout_refund(settlement, &scene.user.key);
    assert_refused(sent, EscrowError::WrongState);
}

#[test]
fn the_slash_is_measured_at_assignment_and_spares_other_jobs() {
    let mut scene = Scene::assigned();
    // the node leaves with all that is free while the job runs, and takes another job on what is left
    let node = scene.node_address();
    scene
        .world
        .request_unstake(node, 600 * CYXWIZ, &scene.node.key)
        .expect("800 are free");
    let second = scene.world.do_create_escrow(&scene.user, job_args(2));
    scene.world.do_assign_node(&second, &scene.node);
    scene.world.advance(30 * 86_400);
    let withdraw = scene.world.withdraw_accounts(&scene.node);
    scene
        .world
        .withdraw(withdraw, &[&scene.node.key])
        .expect("the cool-down has passed");
    assert_eq!(scene.world.node_of(&scene.node).stake, 400 * CYXWIZ);

    let settlement = scene.world.settlement(&scene.job);
    scene
        .world
        .timeout_refund(settlement, &scene.user.key)
        .expect("the deadline has passed");
    // 10 % of the 1,000 there were at assignment
    let node = scene.world.node_of(&scene.node);
    assert_eq!((node.stake, node.locked), (300 * CYXWIZ, 200 * CYXWIZ));
    let settlement = scene.world.settlement(&second);
    scene
        .world
        .timeout_refund(settlement, &scene.user.key)
        .expect("the deadline has passed");
    assert_eq!(scene.world.node_of(&scene.node).stake, 200 * CYXWIZ);
    scene.balances().assert_conserved();
}

#[test]
fn no_wrong_account_is_taken() {
    let market = Proven::revealed().into_market().after_two_failures();
    let mut crowd = Crowd::with_other_transcript(market);
    crowd.scene.world.advance(3_601);
    let scene = &crowd.scene;
    let settlement = scene.world.settlement(&scene.job);
    let accounts = scene.world.end_failed(settlement, &scene.user.key);
    crowd.try_escrow("timeout_refund", accounts, ix::TimeoutRefund {});
}

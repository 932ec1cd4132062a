use cyxwiz_tests_onchain::{assert_refused, job_args};
use job_escrow::{EscrowError, State, accounts, instruction as ix};

use crate::crowd::Crowd;
use crate::scene::{AMOUNT, Scene};

#[test]
fn anyone_releases_after_the_acceptance_window() {
    let mut scene = Scene::submitted();
    let anyone = scene.world.wallet("anyone", 0);
    let settlement = scene.world.settlement(&scene.job);
    // a new node is Bronze: 24 hours
    scene.world.advance(86_399);
    let sent = scene.world.release(settlement, &anyone.key);
    assert_refused(sent, EscrowError::AcceptanceWindowOpen);
    scene.world.advance(1);
    scene
        .world
        .release(settlement, &anyone.key)
        .expect("the window is over");
    assert_eq!(scene.world.escrow_of(&scene.job).state, State::Paid);
    scene.balances().assert_conserved();
    scene.assert_unlocked();
}

#[test]
fn a_better_node_waits_less() {
    let mut scene = Scene::open();
    // jobs on time for eight users: 400 + 250 = Gold, one hour
    scene.world.earn_reputation(&scene.node, 8, None);
    assert_eq!(scene.world.reputation_of(&scene.node).score, 650);
    let job = scene.world.do_create_escrow(&scene.user, job_args(2));
    scene.world.do_assign_node(&job, &scene.node);
    scene.world.do_submit_completion(&job, &scene.node);
    let escrow = scene.world.escrow_of(&job);
    assert_eq!(escrow.release_at - escrow.submitted_at, 3_600);
    assert_eq!(escrow.fee_bps, 1_000);
}

#[test]
fn a_diamond_node_pays_less_and_is_paid_at_once() {
    let mut scene = Scene::open();
    scene.world.earn_reputation(&scene.node, 8, Some(5));
    // 400 + 250 + 200 = Diamond
    assert_eq!(scene.world.reputation_of(&scene.node).score, 850);
    let job = scene.world.do_create_escrow(&scene.user, job_args(2));
    scene.world.do_assign_node(&job, &scene.node);
    scene.world.do_submit_completion(&job, &scene.node);
    let settlement = scene.world.settlement(&job);
    scene
        .world
        .release(settlement, &scene.node.key)
        .expect("Diamond has no window");
    let escrow = scene.world.escrow_of(&job);
    assert_eq!(escrow.paid_platform, AMOUNT / 100 * 8);
    assert_eq!(escrow.paid_node, AMOUNT / 100 * 92);
}

#[test]
fn no_wrong_account_is_taken() {
    let mut crowd = Crowd::around(Scene::submitted());
    crowd.scene.world.advance(86_400);
    let scene = &crowd.scene;
    let accounts = accounts::SettleByAnyone {
        signer: scene.user.pubkey(),
        settlement: scene.world.settlement(&scene.job),
    };
    crowd.try_escrow("release", accounts, ix::Release {});
}

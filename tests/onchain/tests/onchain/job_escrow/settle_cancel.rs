use cyxwiz_tests_onchain::{CYXWIZ, assert_refused, job_args};
use job_escrow::{EscrowError, State, accounts, instruction as ix};

use crate::crowd::Crowd;
use crate::scene::Scene;

#[test]
fn half_seen_is_split_to_the_unit() {
    let mut scene = Scene::cancelling(10, 8);
    let before = scene.balances();
    let settlement = scene.world.settlement(&scene.job);
    scene
        .world
        .settle_cancel(settlement, &scene.node.key)
        .expect("the node settles at once");

    // 5 earned: 4.5 node, 0.5 platform; of the other 5 the node gets 0.5
    let after = scene.balances();
    assert_eq!(after.node - before.node, 5 * CYXWIZ);
    assert_eq!(after.platform - before.platform, CYXWIZ / 2);
    assert_eq!(after.user - before.user, 4 * CYXWIZ + CYXWIZ / 2);
    assert_eq!(after.vault, 0);
    after.assert_conserved();
    scene.assert_unlocked();

    assert_eq!(scene.world.escrow_of(&scene.job).state, State::Cancelled);
    let user = scene.world.user_reputation_of(&scene.user);
    assert_eq!((user.jobs, user.cancels), (1, 1));
    let node = scene.world.reputation_of(&scene.node);
    assert_eq!(
        (node.jobs_cancelled, node.jobs_failed, node.score),
        (1, 0, 0)
    );
}

#[test]
fn odd_amounts_leave_the_remainder_to_the_user() {
    let mut scene = Scene::open();
    let mut args = job_args(2);
    args.amount = 1_001;
    args.required_epochs = 3;
    let job = scene.world.do_create_escrow(&scene.user, args);
    scene.world.do_assign_node(&job, &scene.node);
    scene.world.do_present_receipt(&job, &scene.user, 1, 0);
    scene
        .world
        .cancel(&job, &scene.user.key)
        .expect("the user may cancel");
    let settlement = scene.world.settlement(&job);
    scene
        .world
        .settle_cancel(settlement, &scene.node.key)
        .expect("the node settles at once");
    // earned 333: 300 node, 33 platform; rest 668: 66 node, 602 user
    let escrow = scene.world.escrow_of(&job);
    let paid = (escrow.paid_node, escrow.paid_platform, escrow.paid_user);
    assert_eq!(paid, (366, 33, 602));
}

#[test]
fn nothing_seen_still_pays_the_node_a_tenth() {
    let mut scene = Scene::cancelling(0, 0);
    let settlement = scene.world.settlement(&scene.job);
    scene
        .world
        .settle_cancel(settlement, &scene.node.key)
        .expect("the node settles at once");
    let escrow = scene.world.escrow_of(&scene.job);
    let paid = (escrow.paid_node, escrow.paid_platform, escrow.paid_user);
    assert_eq!(paid, (CYXWIZ, 0, 9 * CYXWIZ));
}

#[test]
fn the_node_may_still_show_its_receipt_and_others_wait_for_it() {
    let mut scene = Scene::cancelling(0, 0);
    let settlement = scene.world.settlement(&scene.job);
    scene.world.advance(899);
    let sent = scene.world.settle_cancel(settlement, &scene.user.key);
    assert_refused(sent, EscrowError::ReceiptWindowOpen);
    scene
        .world
        .do_present_receipt(&scene.job, &scene.user, 20, 20);
    scene.world.advance(1);
    let anyone = scene.world.wallet("anyone", 0);
    scene
        .world
        .settle_cancel(settlement, &anyone.key)
        .expect("the window is over");
    let escrow = scene.world.escrow_of(&scene.job);
    assert_eq!((escrow.paid_node, escrow.paid_user), (9 * CYXWIZ, 0));
}

#[test]
fn a_running_job_has_no_cancel_to_settle() {
    let mut scene = Scene::assigned();
    let settlement = scene.world.settlement(&scene.job);
    let sent = scene.world.settle_cancel(settlement, &scene.node.key);
    assert_refused(sent, EscrowError::WrongState);
}

#[test]
fn no_wrong_account_is_taken() {
    let mut crowd = Crowd::around(Scene::cancelling(10, 10));
    let scene = &crowd.scene;
    let accounts = accounts::SettleByAnyone {
        signer: scene.node.pubkey(),
        settlement: scene.world.settlement(&scene.job),
    };
    crowd.try_escrow("settle_cancel", accounts, ix::SettleCancel {});
}

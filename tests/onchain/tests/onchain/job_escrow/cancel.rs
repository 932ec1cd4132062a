use cyxwiz_tests_onchain::assert_refused;
use job_escrow::{EscrowError, State, accounts, instruction as ix};

use crate::crowd::Crowd;
use crate::scene::{AMOUNT, Scene};

#[test]
fn an_open_job_is_refunded_in_full() {
    let mut scene = Scene::open();
    let before = scene.balances();
    scene
        .world
        .cancel(&scene.job, &scene.user.key)
        .expect("the user may cancel");
    let after = scene.balances();
    assert_eq!((after.user - before.user, after.vault), (AMOUNT, 0));
    after.assert_conserved();
    let escrow = scene.world.escrow_of(&scene.job);
    assert_eq!((escrow.state, escrow.paid_user), (State::Refunded, AMOUNT));
    assert_eq!(scene.world.user_reputation_of(&scene.user).cancels, 0);
}

#[test]
fn only_the_user_cancels_and_not_after_submission() {
    let mut scene = Scene::assigned();
    let sent = scene.world.cancel(&scene.job, &scene.node.key);
    assert_refused(sent, EscrowError::NotEscrowUser);
    scene.world.do_submit_completion(&scene.job, &scene.node);
    let sent = scene.world.cancel(&scene.job, &scene.user.key);
    assert_refused(sent, EscrowError::WrongState);
}

#[test]
fn a_job_past_its_deadline_is_refunded_and_no_longer_cancelled() {
    let mut scene = Scene::assigned();
    // all seen and nothing held: a cancel would pay the node in full
    scene
        .world
        .do_present_receipt(&scene.job, &scene.user, 20, 0);
    let deadline = scene.world.escrow_of(&scene.job).deadline;
    scene.world.set_time(deadline + 1);
    let sent = scene.world.cancel(&scene.job, &scene.user.key);
    assert_refused(sent, EscrowError::DeadlinePassed);

    let before = scene.balances();
    let settlement = scene.world.settlement(&scene.job);
    scene
        .world
        .timeout_refund(settlement, &scene.user.key)
        .expect("the deadline has passed");
    let after = scene.balances();
    assert_eq!((after.user - before.user, after.vault), (AMOUNT, 0));
    after.assert_conserved();
    let escrow = scene.world.escrow_of(&scene.job);
    assert_eq!((escrow.state, escrow.paid_user), (State::TimedOut, AMOUNT));
}

#[test]
fn a_job_is_cancelled_until_its_deadline() {
    let mut scene = Scene::assigned();
    let deadline = scene.world.escrow_of(&scene.job).deadline;
    scene.world.set_time(deadline);
    scene
        .world
        .cancel(&scene.job, &scene.user.key)
        .expect("the deadline has not passed");
    let escrow = scene.world.escrow_of(&scene.job);
    assert_eq!(
        (escrow.state, escrow.cancel_at),
        (State::Cancelling, deadline + 900)
    );
}

#[test]
fn no_wrong_account_is_taken() {
    let mut crowd = Crowd::around(Scene::open());
    let scene = &crowd.scene;
    let accounts = accounts::Cancel {
        user: scene.user.pubkey(),
        refund: scene.world.refund(&scene.job),
    };
    crowd.try_escrow("cancel", accounts, ix::Cancel {});
}

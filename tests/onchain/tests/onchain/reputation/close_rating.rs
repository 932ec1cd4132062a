use anchor_lang::error::ErrorCode;
use cyxwiz_tests_onchain::{address, assert_anchor_error, assert_refused, job_args};
use reputation::{ReputationError, instruction as ix};

use crate::crowd::Crowd;
use crate::scene::Scene;

/// The job is paid and rated.
fn rated() -> Scene {
    let mut scene = Scene::submitted();
    scene.world.do_accept(&scene.job, &scene.user);
    let accounts = scene.world.rate_accounts(&scene.job, &scene.node.pubkey());
    scene
        .world
        .rate(accounts, 5, &[&scene.user.key])
        .expect("the job is paid");
    scene
}

fn close_escrow(scene: &mut Scene) {
    scene.world.advance(1);
    let close = scene.world.close_accounts(&scene.job, &scene.user.pubkey());
    scene
        .world
        .close(close, &[&scene.user.key])
        .expect("the job is settled");
}

#[test]
fn the_rent_comes_back_once_the_escrow_is_gone() {
    let mut scene = rated();
    let accounts = scene.world.close_rating_accounts(&scene.job);
    let sent = scene.world.close_rating(accounts);
    assert_refused(sent, ReputationError::EscrowStillThere);

    close_escrow(&mut scene);
    let rating = address::rating(&scene.job.escrow);
    let rent = scene.world.lamports(&rating);
    let before = scene.world.lamports(&scene.user.pubkey());
    // nobody in particular sends it
    scene.world.close_rating(accounts).expect("it is closed");
    assert!(!scene.world.exists(&rating));
    let after = scene.world.lamports(&scene.user.pubkey());
    assert!(rent > 0);
    assert_eq!(after - before, rent);
    // what it said stays
    let node = scene.world.reputation_of(&scene.node);
    assert_eq!((node.rating_sum, node.rating_count), (5, 1));
    let sent = scene.world.close_rating(accounts);
    assert_anchor_error(sent, ErrorCode::AccountNotInitialized);
}

#[test]
fn lamports_at_a_closed_escrow_keep_no_rent() {
    let mut scene = rated();
    close_escrow(&mut scene);
    scene
        .world
        .svm
        .airdrop(&scene.job.escrow, 5_000_000)
        .expect("anyone may send lamports");
    let accounts = scene.world.close_rating_accounts(&scene.job);
    scene.world.close_rating(accounts).expect("it is no escrow");
}

#[test]
fn the_rent_goes_to_who_paid_it() {
    let mut scene = rated();
    close_escrow(&mut scene);
    let mut wrong = scene.world.close_rating_accounts(&scene.job);
    wrong.payer = scene.node.pubkey();
    let sent = scene.world.close_rating(wrong);
    assert_refused(sent, ReputationError::RatingPayerMismatch);
    // nor does another address without an escrow help
    wrong = scene.world.close_rating_accounts(&scene.job);
    wrong.escrow = scene.node.pubkey();
    let sent = scene.world.close_rating(wrong);
    assert_refused(sent, ReputationError::RatingMismatch);
}

#[test]
fn a_job_at_the_same_address_is_rated_anew() {
    let mut scene = rated();
    close_escrow(&mut scene);
    let accounts = scene.world.close_rating_accounts(&scene.job);
    scene.world.close_rating(accounts).expect("it is closed");

    scene.world.do_create_escrow(&scene.user, job_args(1));
    scene.world.do_assign_node(&scene.job, &scene.node);
    scene.world.do_submit_completion(&scene.job, &scene.node);
    let rate = scene.world.rate_accounts(&scene.job, &scene.node.pubkey());
    let sent = scene.world.rate(rate, 3, &[&scene.user.key]);
    assert_refused(sent, ReputationError::NotPaid);
    scene.world.do_accept(&scene.job, &scene.user);
    scene
        .world
        .rate(rate, 3, &[&scene.user.key])
        .expect("another job");
    let sent = scene.world.close_rating(accounts);
    assert_refused(sent, ReputationError::EscrowStillThere);
}

#[test]
fn a_pause_keeps_no_rent() {
    let mut scene = rated();
    close_escrow(&mut scene);
    let admin = scene.world.admin.insecure_clone();
    scene
        .world
        .set_reputation_paused(true, &admin)
        .expect("the admin pauses");
    let accounts = scene.world.close_rating_accounts(&scene.job);
    scene.world.close_rating(accounts).expect("a way out");
}

#[test]
fn no_wrong_account_is_taken() {
    let mut scene = Scene::paid();
    let rating = scene.world.rate_accounts(&scene.job, &scene.node.pubkey());
    scene
        .world
        .rate(rating, 5, &[&scene.user.key])
        .expect("the job is paid");
    scene.world.advance(1);
    let close = scene.world.close_accounts(&scene.job, &scene.user.pubkey());
    scene
        .world
        .close(close, &[&scene.user.key])
        .expect("the job is paid");
    let mut crowd = Crowd::around(scene);
    let accounts = crowd.scene.world.close_rating_accounts(&crowd.scene.job);
    crowd.try_reputation("close_rating", accounts, ix::CloseRating {});
}

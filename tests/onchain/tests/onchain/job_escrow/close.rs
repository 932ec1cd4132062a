use cyxwiz_tests_onchain::{assert_refused, job_args, key};
use job_escrow::{Escrow, EscrowError, instruction as ix};
use solana_signer::Signer;

use crate::crowd::Crowd;
use crate::scene::{AMOUNT, Scene};

#[test]
fn the_user_closes_at_once_and_gets_the_rent_back() {
    let mut scene = Scene::submitted();
    scene.world.do_accept(&scene.job, &scene.user);
    let rent = scene.world.lamports(&scene.job.escrow) + scene.world.lamports(&scene.job.vault);
    let before = scene.world.lamports(&scene.user.pubkey());
    let accounts = scene.world.close_accounts(&scene.job, &scene.user.pubkey());
    scene.world.advance(1);
    scene
        .world
        .close(accounts, &[&scene.user.key])
        .expect("the job is paid");
    assert!(!scene.world.exists(&scene.job.escrow) && !scene.world.exists(&scene.job.vault));
    assert_eq!(scene.world.lamports(&scene.user.pubkey()), before + rent);
}

#[test]
fn dust_disturbs_nothing_and_goes_to_the_user() {
    let mut scene = Scene::assigned();
    let stranger = scene.world.wallet("stranger", 5);
    scene
        .world
        .do_transfer(&stranger.token, &stranger.key, &scene.job.vault, 5);
    scene.world.do_submit_completion(&scene.job, &scene.node);
    scene.world.do_accept(&scene.job, &scene.user);
    let escrow = scene.world.escrow_of(&scene.job);
    assert_eq!(escrow.paid_node + escrow.paid_platform, AMOUNT);
    assert_eq!(scene.balances().vault, 5);

    let before = scene.balances().user;
    scene.world.advance(1);
    let accounts = scene.world.close_accounts(&scene.job, &scene.user.pubkey());
    scene
        .world
        .close(accounts, &[&scene.user.key])
        .expect("the job is paid");
    assert_eq!(scene.balances().user, before + 5);
    scene.balances().assert_conserved();
}

/// Address and time of creation tell one escrow from the next: what was said of the first is not said of that one.
#[test]
fn no_two_escrows_at_one_address_are_created_in_the_same_second() {
    let mut scene = Scene::open();
    let Scene {
        world, user, job, ..
    } = &mut scene;
    let created_at = world.escrow_of(job).created_at;
    world.cancel(job, &user.key).expect("the user may cancel");
    let accounts = world.close_accounts(job, &user.pubkey());
    let sent = world.close(accounts, &[&user.key]);
    assert_refused(sent, EscrowError::CreatedJustNow);
    world.advance(1);
    let sent = world.close(accounts, &[&user.key]);
    sent.expect("a second has passed");
    let again = world.do_create_escrow(user, job_args(1));
    assert_eq!(again.escrow, job.escrow);
    assert_eq!(world.escrow_of(&again).created_at, created_at + 1);
}

#[test]
fn others_wait_thirty_days() {
    let mut scene = Scene::submitted();
    scene.world.do_accept(&scene.job, &scene.user);
    let anyone = key("payer");
    let accounts = scene.world.close_accounts(&scene.job, &anyone.pubkey());
    scene.world.advance(Escrow::CLOSE_AFTER_SECONDS - 1);
    let sent = scene.world.close(accounts, &[&anyone]);
    assert_refused(sent, EscrowError::CloseTooEarly);
    scene.world.advance(1);
    let accounts = scene.world.close_accounts(&scene.job, &anyone.pubkey());
    scene
        .world
        .close(accounts, &[&anyone])
        .expect("30 days have passed");
}

#[test]
fn money_is_never_closed_away() {
    for mut scene in [
        Scene::open(),
        Scene::assigned(),
        Scene::submitted(),
        Scene::cancelling(1, 1),
    ] {
        let accounts = scene.world.close_accounts(&scene.job, &scene.user.pubkey());
        let sent = scene.world.close(accounts, &[&scene.user.key]);
        assert_refused(sent, EscrowError::WrongState);
    }
}

#[test]
fn the_rent_goes_to_nobody_else() {
    let mut scene = Scene::submitted();
    scene.world.do_accept(&scene.job, &scene.user);
    scene.world.advance(1);
    let mut accounts = scene.world.close_accounts(&scene.job, &scene.user.pubkey());
    accounts.rent_payer = scene.node.pubkey();
    let sent = scene.world.close(accounts, &[&scene.user.key]);
    assert_refused(sent, EscrowError::RentPayerMismatch);
}

#[test]
fn no_wrong_account_is_taken() {
    let mut scene = Scene::submitted();
    scene.world.do_accept(&scene.job, &scene.user);
    scene.world.advance(1);
    let mut crowd = Crowd::around(scene);
    let scene = &crowd.scene;
    let accounts = scene.world.close_accounts(&scene.job, &scene.user.pubkey());
    crowd.try_escrow("close", accounts, ix::Close {});
}

use cyxwiz_tests_onchain::{CYXWIZ, assert_refused};
use job_escrow::{EscrowError, State, accounts, instruction as ix};

use crate::crowd::Crowd;
use crate::scene::{AMOUNT, Scene};

#[test]
fn anyone_refunds_a_job_that_nobody_took() {
    let mut scene = Scene::open();
    let refund = scene.world.refund(&scene.job);
    scene.world.advance(3_600);
    let sent = scene.world.expire_unassigned(refund);
    assert_refused(sent, EscrowError::AssignWindowOpen);
    scene.world.advance(1);
    scene
        .world
        .expire_unassigned(refund)
        .expect("the window is over");
    let escrow = scene.world.escrow_of(&scene.job);
    assert_eq!((escrow.state, escrow.paid_user), (State::Refunded, AMOUNT));
    assert_eq!(scene.balances().user, 100 * CYXWIZ);
    let sent = scene.world.expire_unassigned(refund);
    assert_refused(sent, EscrowError::WrongState);
}

#[test]
fn an_assigned_job_does_not_expire() {
    let mut scene = Scene::assigned();
    scene.world.advance(100_000);
    let refund = scene.world.refund(&scene.job);
    let sent = scene.world.expire_unassigned(refund);
    assert_refused(sent, EscrowError::WrongState);
}

#[test]
fn no_wrong_account_is_taken() {
    let mut crowd = Crowd::around(Scene::open());
    crowd.scene.world.advance(3_601);
    let refund = crowd.scene.world.refund(&crowd.scene.job);
    let accounts = accounts::ExpireUnassigned { refund };
    crowd.try_escrow("expire_unassigned", accounts, ix::ExpireUnassigned {});
}

use cyxwiz_tests_onchain::assert_refused;
use job_escrow::{EscrowError, Params, instruction as ix};

use crate::crowd::Crowd;
use crate::scene::Scene;

#[test]
fn the_node_gets_more_time() {
    let mut scene = Scene::assigned();
    let before = scene.world.escrow_of(&scene.job);
    let accounts = scene.world.extend_deadline_accounts(&scene.job);
    scene
        .world
        .extend_deadline(accounts, 600, &[&scene.user.key])
        .expect("there is time");
    let after = scene.world.escrow_of(&scene.job);
    assert_eq!(after.deadline, before.deadline + 600);
    assert_eq!(after.timeout_seconds, before.timeout_seconds);
    assert_eq!(after.seq, before.seq + 1);

    scene.world.set_time(after.deadline);
    let settlement = scene.world.settlement(&scene.job);
    let sent = scene.world.timeout_refund(settlement, &scene.user.key);
    assert_refused(sent, EscrowError::DeadlineNotPassed);
    scene.world.do_submit_completion(&scene.job, &scene.node);
}

#[test]
fn the_longest_timeout_is_the_limit() {
    let mut scene = Scene::assigned();
    let room = Params::default().max_timeout_seconds - 3_600;
    let accounts = scene.world.extend_deadline_accounts(&scene.job);
    for extra in [0, room + 1, u32::MAX] {
        let sent = scene
            .world
            .extend_deadline(accounts, extra, &[&scene.user.key]);
        assert_refused(sent, EscrowError::TimeoutOutOfBounds);
    }
    scene
        .world
        .extend_deadline(accounts, room, &[&scene.user.key])
        .expect("within the limit");
    let sent = scene.world.extend_deadline(accounts, 1, &[&scene.user.key]);
    assert_refused(sent, EscrowError::TimeoutOutOfBounds);
}

#[test]
fn a_passed_deadline_stays() {
    let mut scene = Scene::assigned();
    let accounts = scene.world.extend_deadline_accounts(&scene.job);
    scene.world.advance(3_601);
    let sent = scene
        .world
        .extend_deadline(accounts, 60, &[&scene.user.key]);
    assert_refused(sent, EscrowError::DeadlinePassed);
    scene.world.advance(-1);
    scene
        .world
        .extend_deadline(accounts, 60, &[&scene.user.key])
        .expect("the deadline itself is in time");
}

#[test]
fn only_the_user_extends_and_only_a_running_job() {
    let mut scene = Scene::assigned();
    let mut accounts = scene.world.extend_deadline_accounts(&scene.job);
    accounts.user = scene.node.pubkey();
    let sent = scene
        .world
        .extend_deadline(accounts, 60, &[&scene.node.key]);
    assert_refused(sent, EscrowError::NotEscrowUser);

    for mut scene in [
        Scene::open(),
        Scene::submitted(),
        Scene::cancelling(1, 1),
        Scene::disputed(),
        Scene::paid(),
    ] {
        let accounts = scene.world.extend_deadline_accounts(&scene.job);
        let sent = scene
            .world
            .extend_deadline(accounts, 60, &[&scene.user.key]);
        assert_refused(sent, EscrowError::WrongState);
    }
}

#[test]
fn no_wrong_account_is_taken() {
    let mut crowd = Crowd::around(Scene::assigned());
    let accounts = crowd.scene.world.extend_deadline_accounts(&crowd.scene.job);
    let data = ix::ExtendDeadline { extra_seconds: 60 };
    crowd.try_escrow("extend_deadline", accounts, data);
}

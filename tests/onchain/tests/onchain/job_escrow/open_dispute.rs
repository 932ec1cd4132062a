use cyxwiz_tests_onchain::{CYXWIZ, assert_refused, job_args};
use job_escrow::{EscrowError, Params, State, instruction as ix};

use crate::crowd::Crowd;
use crate::scene::{AMOUNT, Scene};

const BOND: u64 = AMOUNT / 20;

#[test]
fn a_dispute_takes_the_bond_and_freezes_the_rest() {
    let mut scene = Scene::submitted();
    let before = scene.balances();
    scene.world.do_open_dispute(&scene.job, &scene.user);

    let after = scene.balances();
    assert_eq!(before.user - after.user, BOND);
    assert_eq!(after.vault, AMOUNT + BOND);
    after.assert_conserved();
    let escrow = scene.world.escrow_of(&scene.job);
    assert_eq!((escrow.state, escrow.bond), (State::Disputed, BOND));
    assert_eq!(
        escrow.dispute_ends_at,
        scene.world.now() + Params::default().dispute_window_seconds
    );
    assert_eq!(escrow.held().expect("it adds up"), AMOUNT + BOND);
    // the stake stays locked meanwhile
    assert_eq!(scene.world.node_of(&scene.node).active_jobs, 1);
}

#[test]
fn a_disputed_job_has_no_other_way_on() {
    let mut scene = Scene::disputed();
    scene.world.advance(86_400);
    let settlement = scene.world.settlement(&scene.job);
    let (world, user, node) = (&mut scene.world, &scene.user.key, &scene.node.key);
    for sent in [
        world.accept(settlement, user),
        world.release(settlement, user),
        world.settle_cancel(settlement, node),
        world.fail(settlement, node),
        world.timeout_refund(settlement, user),
        world.cancel(&scene.job, user),
        world.submit_completion(&scene.job, cyxwiz_tests_onchain::completion(), node),
        world.anchor_checkpoint(&scene.job, 1, node),
        world.top_up(&scene.job, &scene.user, 1),
    ] {
        assert_refused(sent, EscrowError::WrongState);
    }
    // what it is split by, if nobody decides, may still be shown
    scene
        .world
        .do_present_receipt(&scene.job, &scene.user, 20, 10);
    assert_eq!(scene.world.escrow_of(&scene.job).receipt_held, 10);
}

#[test]
fn what_may_be_released_may_not_be_disputed() {
    let mut late = Scene::submitted();
    late.world.advance(86_400);
    let accounts = late.world.open_dispute_accounts(&late.job);
    let sent = late.world.open_dispute(accounts, &[&late.user.key]);
    assert_refused(sent, EscrowError::DisputeTooLate);

    let mut in_time = Scene::submitted();
    in_time.world.advance(86_399);
    in_time.world.do_open_dispute(&in_time.job, &in_time.user);
}

#[test]
fn a_diamond_nodes_result_is_final() {
    let mut scene = Scene::open();
    scene.world.earn_reputation(&scene.node, 8, Some(5));
    let job = scene.world.do_create_escrow(&scene.user, job_args(2));
    scene.world.do_assign_node(&job, &scene.node);
    scene.world.do_submit_completion(&job, &scene.node);
    let accounts = scene.world.open_dispute_accounts(&job);
    let sent = scene.world.open_dispute(accounts, &[&scene.user.key]);
    assert_refused(sent, EscrowError::DisputeTooLate);
}

#[test]
fn only_a_submitted_job_is_disputed() {
    for mut scene in [
        Scene::open(),
        Scene::assigned(),
        Scene::cancelling(1, 1),
        Scene::disputed(),
        Scene::paid(),
    ] {
        let accounts = scene.world.open_dispute_accounts(&scene.job);
        let sent = scene.world.open_dispute(accounts, &[&scene.user.key]);
        assert_refused(sent, EscrowError::WrongState);
    }
}

#[test]
fn only_the_user_disputes_and_must_have_the_bond() {
    let mut scene = Scene::submitted();
    let mut accounts = scene.world.open_dispute_accounts(&scene.job);
    accounts.user = scene.node.pubkey();
    accounts.user_token = scene.node.token;
    let sent = scene.world.open_dispute(accounts, &[&scene.node.key]);
    assert_refused(sent, EscrowError::NotEscrowUser);

    let (from, left) = (scene.user.token, scene.balances().user);
    scene
        .world
        .do_transfer(&from, &scene.user.key, &scene.node.token, left - BOND + 1);
    let accounts = scene.world.open_dispute_accounts(&scene.job);
    let sent = scene.world.open_dispute(accounts, &[&scene.user.key]);
    assert_refused(sent, 1u32); // the token program's InsufficientFunds
}

#[test]
fn a_pause_stops_no_dispute() {
    let mut scene = Scene::submitted();
    let admin = scene.world.admin.insecure_clone();
    scene
        .world
        .set_escrow_paused(true, &admin)
        .expect("the admin pauses");
    scene.world.do_open_dispute(&scene.job, &scene.user);
}

#[test]
fn the_bond_follows_the_parameter_and_is_never_nothing() {
    for (bps, amount, bond) in [
        (0, CYXWIZ, 1),
        (500, 19, 1),
        (500, 1, 1),
        (500, 59, 2),
        (2_000, 10 * CYXWIZ + 4, 2 * CYXWIZ),
    ] {
        let mut scene = Scene::open();
        let admin = scene.world.admin.insecure_clone();
        let params = Params {
            dispute_bond_bps: bps,
            ..Params::default()
        };
        scene
            .world
            .update_escrow_config(params, &admin)
            .expect("within bounds");
        let mut args = job_args(2);
        args.amount = amount;
        let job = scene.world.do_create_escrow(&scene.user, args);
        scene.world.do_assign_node(&job, &scene.node);
        scene.world.do_submit_completion(&job, &scene.node);
        scene.world.do_open_dispute(&job, &scene.user);
        assert_eq!(scene.world.escrow_of(&job).bond, bond, "{bps} of {amount}");
        assert_eq!(scene.world.balance(&job.vault), amount + bond);
    }
}

#[test]
fn no_wrong_account_is_taken() {
    let mut crowd = Crowd::around(Scene::submitted());
    let accounts = crowd.scene.world.open_dispute_accounts(&crowd.scene.job);
    let data = ix::OpenDispute { evidence: [5; 32] };
    crowd.try_escrow("open_dispute", accounts, data);
}

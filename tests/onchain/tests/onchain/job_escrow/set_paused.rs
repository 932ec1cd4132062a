use cyxwiz_tests_onchain::{Job, World, address, assert_refused, job_args, key};
use job_escrow::{EscrowError, State, accounts, instruction as ix};
use solana_signer::Signer;

use crate::crowd::Crowd;
use crate::scene::Scene;

#[test]
fn only_the_admin_pauses() {
    let mut world = World::new();
    for stranger in [&key("stranger"), &world.coordinator.insecure_clone()] {
        let sent = world.set_escrow_paused(true, stranger);
        assert_refused(sent, EscrowError::NotAdmin);
    }
}

#[test]
fn a_pause_stops_what_brings_money_in() {
    let mut scene = Scene::open().paused();
    let args = job_args(2);
    let job = Job::new(&scene.user.pubkey(), &args.job_id);
    let accounts = scene.world.create_escrow_accounts(&scene.user, &job);
    let sent = scene
        .world
        .create_escrow(accounts, args, &[&scene.user.key]);
    assert_refused(sent, EscrowError::Paused);
    let sent = scene.world.top_up(&scene.job, &scene.user, 1);
    assert_refused(sent, EscrowError::Paused);

    let coordinator = scene.world.coordinator.insecure_clone();
    let accounts = scene
        .world
        .assign_node_accounts(&scene.job, &scene.node.pubkey());
    let sent = scene.world.assign_node(accounts, &[&coordinator]);
    assert_refused(sent, EscrowError::Paused);
}

#[test]
fn a_pause_stops_no_way_out() {
    let mut open = Scene::open().paused();
    open.world
        .cancel(&open.job, &open.user.key)
        .expect("cancel");

    let mut expired = Scene::open().paused();
    expired.world.advance(3_601);
    let refund = expired.world.refund(&expired.job);
    expired
        .world
        .expire_unassigned(refund)
        .expect("expire_unassigned");

    let mut running = Scene::assigned().paused();
    running
        .world
        .anchor_checkpoint(&running.job, 1, &running.node.key)
        .expect("anchor");
    running
        .world
        .do_present_receipt(&running.job, &running.user, 1, 1);
    running
        .world
        .do_submit_completion(&running.job, &running.node);
    running.world.do_accept(&running.job, &running.user);
    running.world.advance(1);
    let close = running
        .world
        .close_accounts(&running.job, &running.user.pubkey());
    running
        .world
        .close(close, &[&running.user.key])
        .expect("close");

    let mut released = Scene::submitted().paused();
    released.world.advance(86_400);
    let settlement = released.world.settlement(&released.job);
    released
        .world
        .release(settlement, &released.user.key)
        .expect("release");

    let mut stopped = Scene::assigned().paused();
    stopped
        .world
        .cancel(&stopped.job, &stopped.user.key)
        .expect("cancel");
    let settlement = stopped.world.settlement(&stopped.job);
    stopped
        .world
        .settle_cancel(settlement, &stopped.node.key)
        .expect("settle_cancel");

    let mut failed = Scene::assigned().paused();
    let settlement = failed.world.settlement(&failed.job);
    failed
        .world
        .fail(settlement, &failed.node.key)
        .expect("fail");

    let mut late = Scene::assigned().paused();
    late.world.advance(3_601);
    let settlement = late.world.settlement(&late.job);
    late.world
        .timeout_refund(settlement, &late.user.key)
        .expect("timeout_refund");

    for scene in [&expired, &released, &stopped, &failed, &late] {
        assert!(scene.world.escrow_of(&scene.job).state.is_settled());
        scene.balances().assert_conserved();
    }
    assert_eq!(open.world.escrow_of(&open.job).state, State::Refunded);
}

#[test]
fn no_wrong_account_is_taken() {
    let mut crowd = Crowd::around(Scene::open());
    let accounts = accounts::Administer {
        admin: crowd.scene.world.admin.pubkey(),
        config: address::escrow_config(),
    };
    crowd.try_escrow("set_paused", accounts, ix::SetPaused { paused: true });
}

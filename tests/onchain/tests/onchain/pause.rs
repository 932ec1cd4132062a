use cyxwiz_tests_onchain::{CYXWIZ, Job, address, assert_refused, job_args, profile};
use job_escrow::{EscrowError, State};
use node_registry::RegistryError;
use reputation::ReputationError;

use crate::scene::Scene;

fn paused(mut scene: Scene) -> Scene {
    let admin = scene.world.admin.insecure_clone();
    let world = &mut scene.world;
    world
        .set_escrow_paused(true, &admin)
        .expect("the admin pauses");
    world
        .set_registry_paused(true, &admin)
        .expect("the admin pauses");
    world
        .set_reputation_paused(true, &admin)
        .expect("the admin pauses");
    scene
}

#[test]
fn a_pause_stops_what_brings_money_in() {
    let mut scene = paused(Scene::open());
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
    let admin = scene.world.admin.insecure_clone();
    scene
        .world
        .set_escrow_paused(false, &admin)
        .expect("the admin resumes");
    let sent = scene.world.assign_node(accounts, &[&coordinator]);
    assert_refused(sent, RegistryError::Paused);

    let newcomer = scene.world.wallet("newcomer", 0);
    let accounts = scene.world.register_accounts(&newcomer.pubkey());
    let sent = scene.world.register(accounts, profile(), &[&newcomer.key]);
    assert_refused(sent, RegistryError::Paused);
    let sent = scene.world.open_user(&newcomer.pubkey());
    assert_refused(sent, ReputationError::Paused);
    let sent = scene.world.open_node(&newcomer.pubkey());
    assert_refused(sent, ReputationError::Paused);
}

#[test]
fn a_pause_stops_no_way_out() {
    let mut open = paused(Scene::open());
    open.world
        .cancel(&open.job, &open.user.key)
        .expect("cancel");

    let mut expired = paused(Scene::open());
    expired.world.advance(3_601);
    let refund = expired.world.refund(&expired.job);
    expired
        .world
        .expire_unassigned(refund)
        .expect("expire_unassigned");

    let mut running = paused(Scene::assigned());
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
    let close = running
        .world
        .close_accounts(&running.job, &running.user.pubkey());
    running
        .world
        .close(close, &[&running.user.key])
        .expect("close");

    let mut released = paused(Scene::submitted());
    released.world.advance(86_400);
    let settlement = released.world.settlement(&released.job);
    released
        .world
        .release(settlement, &released.user.key)
        .expect("release");

    let mut stopped = paused(Scene::assigned());
    stopped
        .world
        .cancel(&stopped.job, &stopped.user.key)
        .expect("cancel");
    let settlement = stopped.world.settlement(&stopped.job);
    stopped
        .world
        .settle_cancel(settlement, &stopped.node.key)
        .expect("settle_cancel");

    let mut failed = paused(Scene::assigned());
    let settlement = failed.world.settlement(&failed.job);
    failed
        .world
        .fail(settlement, &failed.node.key)
        .expect("fail");

    let mut late = paused(Scene::assigned());
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
fn a_pause_keeps_no_stake() {
    let mut scene = paused(Scene::open());
    let node = address::node(&scene.node.pubkey());
    scene
        .world
        .request_unstake(node, CYXWIZ, &scene.node.key)
        .expect("request_unstake");
    scene.world.advance(30 * 86_400);
    let accounts = scene.world.withdraw_accounts(&scene.node);
    scene
        .world
        .withdraw(accounts, &[&scene.node.key])
        .expect("withdraw");
    assert_eq!(scene.world.balance(&scene.node.token), CYXWIZ);
}

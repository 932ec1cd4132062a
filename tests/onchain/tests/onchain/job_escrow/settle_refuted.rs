//! What a false proof costs.

use cyxwiz_tests_onchain::{CYXWIZ, assert_refused, job_args, succeed};
use job_escrow::{EscrowError, State, instruction as ix};
use training_proof::Stage;

use crate::crowd::Crowd;
use crate::scene::{AMOUNT, STAKE, Scene as Market};
use crate::training_proof::scene::{Scene, escrow_args};

/// Base units of a quarter of the stake.
const CUT: u64 = STAKE / 4;

fn settled(market: &mut Market) {
    let before = market.balances();
    let settlement = market.world.settlement(&market.job);
    let stranger = market.world.user("stranger", CYXWIZ);
    let sent = market.world.settle_refuted(settlement, &stranger.key);
    succeed("settle_refuted", sent);
    let after = market.balances();
    assert_eq!(market.world.escrow_of(&market.job).state, State::Failed);
    assert_eq!(after.user - before.user, AMOUNT);
    assert_eq!((after.node, after.platform), (before.node, before.platform));
    assert_eq!((after.vault, after.stake), (0, STAKE - CUT));
    // a part is burned, the rest insured
    let burned = before.supply + CYXWIZ - after.supply;
    assert_eq!(after.insurance - before.insurance, CUT - burned);
    assert!(burned > 0);
    market.assert_unlocked();
}

#[test]
fn the_user_gets_everything_and_the_node_loses_a_quarter_of_its_stake_once() {
    let mut market = Scene::refuted().into_market();
    market
        .world
        .do_present_receipt(&market.job, &market.user, 6, 6);
    let settlement = market.world.settlement(&market.job);
    settled(&mut market);
    let node = market.world.node_of(&market.node);
    assert_eq!(
        (node.failures, node.suspended_until),
        ([0, 0, market.world.now()], 0)
    );
    let record = market.world.reputation_of(&market.node);
    assert_eq!((record.invalid_proofs, record.penalty_points), (1, 100));
    assert_eq!((record.valid_proofs, record.jobs_failed), (0, 0));

    let close = market.world.close_transcript_accounts(&market.job);
    let user = market.user.key.insecure_clone();
    market
        .world
        .settle_refuted(settlement, &user)
        .expect_err("it is settled");
    assert_eq!(market.balances().stake, STAKE - CUT);
    succeed("close", market.world.close_transcript(close));
}

/// A cancel that waits for receipts protects nobody's false claim.
#[test]
fn a_cancelled_job_is_settled_the_same_way() {
    let mut market = Scene::refuted().into_market();
    market
        .world
        .do_present_receipt(&market.job, &market.user, 6, 6);
    let sent = market.world.cancel(&market.job, &market.user.key);
    succeed("cancel", sent);
    settled(&mut market);
}

#[test]
fn a_node_that_has_claimed_what_is_false_has_no_cheaper_way_out() {
    let mut scene = Scene::refuted();
    let settlement = scene.world.settlement(&scene.job);
    let sent = scene.world.fail(settlement, &scene.node.key);
    assert_refused(sent, EscrowError::TranscriptStage);
    scene.world.advance(3_601);
    let sent = scene.world.timeout_refund(settlement, &scene.node.key);
    assert_refused(sent, EscrowError::TranscriptStage);
    // late, it is still the way out
    settled(&mut scene.into_market());
}

/// A node that has failed twice and cannot finish a third job would else sign anything.
#[test]
fn a_false_proof_is_a_failure_and_the_third_slashes_more_and_suspends() {
    let mut market = Scene::refuted().into_market().after_two_failures();
    let settlement = market.world.settlement(&market.job);
    let sent = market.world.settle_refuted(settlement, &market.user.key);
    succeed("settle_refuted", sent);

    // 30 % of 1,000 staked, as for a job given up: 60 burned, 240 insured
    let node = market.world.node_of(&market.node);
    assert_eq!((node.stake, node.failures), (700 * CYXWIZ, [0; 3]));
    assert_eq!(node.suspended_until, market.world.now() + 30 * 86_400);
    let after = market.balances();
    assert_eq!((after.stake, after.insurance), (700 * CYXWIZ, 240 * CYXWIZ));
    after.assert_conserved();
    market.assert_unlocked();
    assert_eq!(market.world.escrow_of(&market.job).state, State::Failed);
    let record = market.world.reputation_of(&market.node);
    assert_eq!((record.invalid_proofs, record.jobs_failed), (1, 2));
}

#[test]
fn giving_up_after_a_false_proof_is_the_next_failure() {
    let mut market = Scene::refuted().into_market();
    let jobs = [2, 3].map(|id| {
        let job = market.world.do_create_escrow(&market.user, job_args(id));
        market.world.do_assign_node(&job, &market.node);
        job
    });
    let settlement = market.world.settlement(&market.job);
    let sent = market.world.settle_refuted(settlement, &market.user.key);
    succeed("settle_refuted", sent);
    for job in &jobs {
        let settlement = market.world.settlement(job);
        let sent = market.world.fail(settlement, &market.node.key);
        succeed("fail", sent);
    }
    let node = market.world.node_of(&market.node);
    assert_eq!((node.stake, node.failures), (450 * CYXWIZ, [0; 3]));
    assert_eq!(node.suspended_until, market.world.now() + 30 * 86_400);
    market.balances().assert_conserved();
}

#[test]
fn the_third_failure_never_cuts_less_than_a_false_proof() {
    let mut market = Scene::refuted().into_market().after_two_failures();
    let admin = market.world.admin.insecure_clone();
    let params = node_registry::Params {
        slash_invalid_proof_bps: 4_000,
        slash_failures_bps: 1_000,
        ..Default::default()
    };
    let sent = market.world.update_registry_config(params, &admin);
    succeed("update_config", sent);
    let settlement = market.world.settlement(&market.job);
    let sent = market.world.settle_refuted(settlement, &market.user.key);
    succeed("settle_refuted", sent);
    let node = market.world.node_of(&market.node);
    assert_eq!((node.stake, node.failures), (600 * CYXWIZ, [0; 3]));
    assert_eq!(node.suspended_until, market.world.now() + 30 * 86_400);
}

#[test]
fn nobody_is_slashed_at_any_other_stage() {
    let scenes = [
        Scene::opened as fn() -> Scene,
        Scene::committed,
        Scene::revealed,
        Scene::verified,
        Scene::full_audit,
    ];
    for scene in scenes {
        let mut scene = scene();
        let settlement = scene.world.settlement(&scene.job);
        let sent = scene.world.settle_refuted(settlement, &scene.user.key);
        assert_refused(sent, EscrowError::TranscriptStage);
        let market = scene.into_market();
        assert_eq!(market.balances().stake, STAKE);
    }
    let mut submitted = Scene::submitted();
    let settlement = submitted.world.settlement(&submitted.job);
    let sent = submitted
        .world
        .settle_refuted(settlement, &submitted.user.key);
    assert_refused(sent, EscrowError::WrongState);

    let mut without = Market::assigned();
    let settlement = without.world.settlement(&without.job);
    let sent = without.world.settle_refuted(settlement, &without.user.key);
    assert_refused(sent, EscrowError::TranscriptStage);
}

#[test]
fn a_refuted_transcript_of_another_job_slashes_nobody() {
    let mut scene = Scene::refuted();
    let mut args = escrow_args();
    args.job_id = [2; 16];
    let other = scene.world.do_create_escrow(&scene.user, args);
    let open = scene.world.open_transcript_accounts(&other);
    let sent = scene
        .world
        .open_transcript(open, scene.open, &[&scene.user.key]);
    succeed("open", sent);
    scene.world.do_assign_node(&other, &scene.node);
    let settlement = scene.world.settlement(&other);
    let mut accounts = scene.world.end_failed(settlement, &scene.user.key);
    for transcript in [
        Some(cyxwiz_tests_onchain::address::transcript(&scene.job.escrow)),
        None,
    ] {
        accounts.transcript = transcript;
        let data = ix::SettleRefuted {};
        let sent = scene
            .world
            .call(job_escrow::ID, accounts, data, &[&scene.user.key]);
        assert_refused(sent, EscrowError::TranscriptMismatch);
    }
    assert_eq!(scene.world.transcript_of(&scene.job).stage, Stage::Refuted);
}

#[test]
fn no_wrong_account_is_taken() {
    let mut scene = Scene::refuted();
    scene
        .world
        .do_present_receipt(&scene.job, &scene.user, 6, 6);
    let mut crowd = Crowd::with_other_transcript(scene.into_market());
    let scene = &crowd.scene;
    let settlement = scene.world.settlement(&scene.job);
    let accounts = scene.world.end_failed(settlement, &scene.user.key);
    crowd.try_escrow("settle_refuted", accounts, ix::SettleRefuted {});
}

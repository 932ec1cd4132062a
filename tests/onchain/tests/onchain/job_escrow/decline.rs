//! A node hands a job back.

use cyxwiz_tests_onchain::{CYXWIZ, Wallet, address, assert_refused, job_args, succeed};
use job_escrow::{CreateEscrowArgs, Escrow, EscrowError, State, accounts, instruction as ix};
use solana_signer::Signer;
use training_proof::{ProofError, Stage};

use crate::crowd::Crowd;
use crate::scene::{AMOUNT, STAKE, Scene};
use crate::training_proof::scene::{Scene as Proven, escrow_args};

/// The job is assigned, and may take so long.
fn assigned_for(timeout_seconds: u32) -> Scene {
    let mut scene = Scene::open();
    let sent = scene.world.cancel(&scene.job, &scene.user.key);
    succeed("cancel", sent);
    let args = CreateEscrowArgs {
        timeout_seconds,
        ..job_args(2)
    };
    scene.job = scene.world.do_create_escrow(&scene.user, args);
    scene.world.do_assign_node(&scene.job, &scene.node);
    scene
}

fn refused(scene: &mut Scene, error: EscrowError) {
    let settlement = scene.world.settlement(&scene.job);
    let sent = scene.world.decline(settlement, &scene.node.key);
    assert_refused(sent, error);
}

/// Hands the job back, and requires that the user has all, and that nothing has happened to the node.
#[track_caller]
fn handed_back(scene: &mut Scene) {
    let before = scene.balances();
    let funded = scene.world.escrow_of(&scene.job).amount;
    let score = scene.world.reputation_of(&scene.node).score;
    let account = scene.world.node_of(&scene.node);
    let coordinator = scene.world.lamports(&scene.world.coordinator.pubkey());
    let lock = address::lock(&scene.job.escrow);
    let rent = scene.world.lamports(&lock);

    let settlement = scene.world.settlement(&scene.job);
    let sent = scene.world.decline(settlement, &scene.node.key);
    succeed("decline", sent);

    let after = scene.balances();
    assert_eq!((after.user - before.user, after.vault), (funded, 0));
    assert_eq!((after.node, after.platform), (before.node, before.platform));
    assert_eq!((after.stake, after.insurance), (STAKE, before.insurance));
    assert_eq!(after.supply, before.supply);
    after.assert_conserved();
    scene.assert_unlocked();
    let lamports = scene.world.lamports(&scene.world.coordinator.pubkey());
    assert_eq!(lamports, coordinator + rent);

    let escrow = scene.world.escrow_of(&scene.job);
    let paid = (escrow.paid_node, escrow.paid_user, escrow.paid_platform);
    assert_eq!((escrow.state, paid), (State::Refunded, (0, funded, 0)));
    assert_eq!(escrow.settled_at, scene.world.now());
    let node = scene.world.node_of(&scene.node);
    assert_eq!(node.failures, account.failures);
    assert_eq!((node.suspended_until, node.banned), (0, false));
    let record = scene.world.reputation_of(&scene.node);
    assert_eq!((record.jobs_declined, record.score), (1, score));
    assert_eq!((record.jobs_failed, record.penalty_points), (0, 0));
    let user = scene.world.user_reputation_of(&scene.user);
    assert_eq!((user.declined, user.cancels), (1, 0));
}

#[test]
fn the_user_has_everything_and_the_node_loses_nothing() {
    let mut scene = Scene::open();
    scene.world.earn_reputation(&scene.node, 16, Some(5));
    assert!(scene.world.reputation_of(&scene.node).score > 800);
    scene.world.do_assign_node(&scene.job, &scene.node);
    let seq = scene.world.escrow_of(&scene.job).seq;
    handed_back(&mut scene);
    assert_eq!(scene.world.escrow_of(&scene.job).seq, seq + 1);
    assert_eq!(scene.world.user_reputation_of(&scene.user).jobs, 1);
}

#[test]
fn what_was_added_goes_back_too() {
    let mut scene = Scene::assigned();
    let sent = scene.world.top_up(&scene.job, &scene.user, 7);
    succeed("top_up", sent);
    handed_back(&mut scene);
    let paid = scene.world.escrow_of(&scene.job).paid_user;
    assert_eq!(paid, AMOUNT + 7);
}

#[test]
fn a_job_that_must_be_proven_is_handed_back_before_a_commitment() {
    let mut scene = Proven::opened().into_market();
    assert_eq!(scene.world.transcript_of(&scene.job).stage, Stage::Opened);
    handed_back(&mut scene);
}

/// Whatever is held: a job with a tier pays nothing for that anyway.
#[test]
fn a_job_that_cannot_be_proven_any_more_is_handed_back_at_any_time() {
    for wait in [0, 3_601, 30 * 86_400] {
        let mut scene = Proven::full_audit().into_market();
        let anchored = scene
            .world
            .anchor_checkpoint(&scene.job, 6, &scene.node.key);
        succeed("anchor_checkpoint", anchored);
        scene
            .world
            .do_present_receipt(&scene.job, &scene.user, 6, 6);
        scene.world.advance(wait);
        handed_back(&mut scene);
    }
}

/// Nobody sees much of a short job before it must stay, and what the user adds to it is no more time for this.
#[test]
fn a_job_is_handed_back_within_an_hour_and_half_of_its_time() {
    const HOUR: i64 = Escrow::DECLINE_WINDOW_SECONDS;
    for (timeout, window) in [(601, 300), (7_198, HOUR - 1), (7_200, HOUR), (86_400, HOUR)] {
        let mut scene = assigned_for(timeout);
        scene.world.advance(window);
        handed_back(&mut scene);

        let mut scene = assigned_for(timeout);
        let extend = scene.world.extend_deadline_accounts(&scene.job);
        let user = &[&scene.user.key];
        let sent = scene.world.extend_deadline(extend, 90_000, user);
        succeed("extend_deadline", sent);
        let sent = scene.world.top_up(&scene.job, &scene.user, 7);
        succeed("top_up", sent);
        scene.world.advance(window + 1);
        refused(&mut scene, EscrowError::DeclineTooLate);
        let settlement = scene.world.settlement(&scene.job);
        succeed("fail", scene.world.fail(settlement, &scene.node.key));
    }
}

/// A job that must be proven is one like any other.
#[test]
fn a_job_that_can_still_be_proven_is_not_handed_back_late() {
    let mut scene = Proven::opened().into_market();
    let escrow = scene.world.escrow_of(&scene.job);
    let half = i64::from(escrow.timeout_seconds / 2);
    assert!(half < Escrow::DECLINE_WINDOW_SECONDS);
    let late = escrow.assigned_at + half + 1 - scene.world.now();
    scene.world.advance(late);
    refused(&mut scene, EscrowError::DeclineTooLate);
}

#[test]
fn a_job_past_its_deadline_is_not_handed_back() {
    let mut scene = assigned_for(600);
    scene.world.advance(601);
    refused(&mut scene, EscrowError::DeclineTooLate);
    let settlement = scene.world.settlement(&scene.job);
    let sent = scene.world.timeout_refund(settlement, &scene.user.key);
    succeed("timeout_refund", sent);
    assert!(scene.balances().stake < STAKE);
}

#[test]
fn a_job_whose_work_is_held_is_not_handed_back() {
    for mut scene in [Scene::assigned(), Proven::opened().into_market()] {
        let anchored = scene
            .world
            .anchor_checkpoint(&scene.job, 1, &scene.node.key);
        succeed("anchor_checkpoint", anchored);
        scene
            .world
            .do_present_receipt(&scene.job, &scene.user, 1, 1);
        refused(&mut scene, EscrowError::WorkHeld);
        let settlement = scene.world.settlement(&scene.job);
        succeed("fail", scene.world.fail(settlement, &scene.node.key));
        assert_eq!(scene.world.reputation_of(&scene.node).jobs_failed, 1);
    }
}

/// A user can sign a receipt of work that nobody has done, and would pay next to nothing for it.
#[test]
fn a_users_word_alone_does_not_make_an_honest_node_fail() {
    for mut scene in [Scene::assigned(), Proven::opened().into_market()] {
        scene
            .world
            .do_present_receipt(&scene.job, &scene.user, 6, 6);
        handed_back(&mut scene);
    }
}

#[test]
fn a_node_that_has_anchored_what_nobody_holds_may_hand_it_back() {
    let mut scene = Scene::assigned();
    let anchored = scene
        .world
        .anchor_checkpoint(&scene.job, 1, &scene.node.key);
    succeed("anchor_checkpoint", anchored);
    scene
        .world
        .do_present_receipt(&scene.job, &scene.user, 1, 0);
    handed_back(&mut scene);
}

#[test]
fn a_node_that_has_committed_does_not_hand_back() {
    for scene in [
        Proven::committed,
        Proven::revealed,
        Proven::verified,
        Proven::refuted,
    ] {
        let mut scene = scene().into_market();
        refused(&mut scene, EscrowError::TranscriptStage);
        assert_eq!(
            scene.world.escrow_of(&scene.job).state,
            State::Assigned,
            "{:?}",
            scene.world.transcript_of(&scene.job).stage
        );
    }
}

#[test]
fn only_the_node_hands_back() {
    let mut scene = Scene::assigned();
    let settlement = scene.world.settlement(&scene.job);
    let other = scene.world.wallet("other-node", 0);
    let coordinator = scene.world.coordinator.insecure_clone();
    for signer in [&scene.user.key, &other.key, &coordinator] {
        let sent = scene.world.decline(settlement, signer);
        assert_refused(sent, EscrowError::NotAssignedNode);
    }
    handed_back(&mut scene);
}

#[test]
fn only_an_assigned_job_is_handed_back_and_once() {
    let mut scenes = [
        Scene::submitted(),
        Scene::disputed(),
        Scene::cancelling(0, 0),
    ];
    for scene in &mut scenes {
        refused(scene, EscrowError::WrongState);
    }
    let mut scene = Scene::assigned();
    let settlement = scene.world.settlement(&scene.job);
    handed_back(&mut scene);
    let node = scene.node.key.insecure_clone();
    let again = scene.world.decline(settlement, &node);
    // its lock is gone
    again.expect_err("it is settled");
    assert_eq!(scene.world.reputation_of(&scene.node).jobs_declined, 1);
}

/// Whichever of two ways out lands first is the one.
#[test]
fn no_other_way_out_is_left_and_it_is_none_after_another() {
    let mut scene = Scene::assigned();
    let settlement = scene.world.settlement(&scene.job);
    handed_back(&mut scene);
    let before = scene.balances();
    scene.world.advance(3_601);
    let (user, node) = (&scene.user.key, &scene.node.key);
    let world = &mut scene.world;
    assert_refused(world.cancel(&scene.job, user), EscrowError::WrongState);
    let sent = [
        world.fail(settlement, node),
        world.timeout_refund(settlement, user),
        world.settle_cancel(settlement, node),
        world.settle_refuted(settlement, user),
    ];
    for sent in sent {
        sent.expect_err("it is settled");
    }
    assert_eq!(scene.balances(), before);

    let ends: [fn(&mut Scene) -> cyxwiz_tests_onchain::Sent; 2] = [
        |scene| scene.world.cancel(&scene.job, &scene.user.key),
        |scene| {
            let settlement = scene.world.settlement(&scene.job);
            scene.world.advance(3_601);
            scene.world.timeout_refund(settlement, &scene.user.key)
        },
    ];
    for end in ends {
        let mut scene = Scene::assigned();
        let settlement = scene.world.settlement(&scene.job);
        succeed("the other way out", end(&mut scene));
        let before = scene.balances();
        let node = scene.node.key.insecure_clone();
        let sent = scene.world.decline(settlement, &node);
        sent.expect_err("it is on another way out");
        assert_eq!(scene.balances(), before);
        assert_eq!(scene.world.reputation_of(&scene.node).jobs_declined, 0);
    }
}

#[test]
fn no_pause_stops_it() {
    handed_back(&mut Scene::assigned().paused());
    handed_back(&mut Proven::full_audit().into_market().paused());
}

/// Two failures stay two, and the next job is taken as before.
#[test]
fn it_is_no_failure_that_counts_towards_the_third() {
    let mut scene = Scene::assigned().after_two_failures();
    let failures = scene.world.node_of(&scene.node).failures;
    let settlement = scene.world.settlement(&scene.job);
    let sent = scene.world.decline(settlement, &scene.node.key);
    succeed("decline", sent);
    assert_eq!(scene.balances().stake, STAKE);
    assert_eq!(scene.world.node_of(&scene.node).failures, failures);
    let job = scene.world.do_create_escrow(&scene.user, job_args(5));
    scene.world.do_assign_node(&job, &scene.node);
}

/// Nothing is left but what the user paid for rent, and the job may be had again.
#[test]
fn transcript_and_escrow_close_and_make_room() {
    for scene in [Proven::opened, Proven::full_audit] {
        let mut scene = scene();
        let transcript = address::transcript(&scene.job.escrow);
        let close = scene.world.close_transcript_accounts(&scene.job);
        let sent = scene.world.close_transcript(close);
        assert_refused(sent, ProofError::EscrowNotSettled);
        let settlement = scene.world.settlement(&scene.job);
        let sent = scene.world.decline(settlement, &scene.node.key);
        succeed("decline", sent);

        let user = scene.user.pubkey();
        let (rent, before) = (
            scene.world.lamports(&transcript),
            scene.world.lamports(&user),
        );
        succeed("close", scene.world.close_transcript(close));
        assert_eq!(scene.world.lamports(&user), before + rent);
        scene.world.advance(1);
        let close = scene.world.close_accounts(&scene.job, &user);
        succeed("close", scene.world.close(close, &[&scene.user.key]));
        assert!(!scene.world.exists(&transcript) && !scene.world.exists(&scene.job.escrow));

        let again = scene.world.do_create_escrow(&scene.user, escrow_args());
        assert_eq!(again.escrow, scene.job.escrow);
        let open = scene.world.open_transcript_accounts(&again);
        let user = &[&scene.user.key];
        let sent = scene.world.open_transcript(open, scene.open, user);
        succeed("open", sent);
        scene.world.do_assign_node(&again, &scene.node);
        let state = scene.world.escrow_of(&again).state;
        assert_eq!(state, State::Assigned);
    }
}

/// What another job's transcript says is of no matter.
#[test]
fn the_transcript_must_be_this_jobs() {
    let mut scene = Proven::full_audit();
    let mut args = escrow_args();
    args.job_id = [2; 16];
    let other = scene.world.do_create_escrow(&scene.user, args);
    let open = scene.world.open_transcript_accounts(&other);
    let user = &[&scene.user.key];
    let sent = scene.world.open_transcript(open, scene.open, user);
    succeed("open", sent);
    scene.world.do_assign_node(&other, &scene.node);
    scene.world.advance(3_601);

    let settlement = scene.world.settlement(&other);
    let right = scene.world.decline_accounts(settlement, &scene.node.key);
    let late = address::transcript(&scene.job.escrow);
    for transcript in [None, Some(late), Some(other.escrow)] {
        let accounts = accounts::Decline {
            transcript,
            ..right
        };
        let sent = call(&mut scene, accounts);
        assert_refused(sent, EscrowError::TranscriptMismatch);
    }
    assert_refused(call(&mut scene, right), EscrowError::DeclineTooLate);

    let mut without = Scene::assigned();
    let settlement = without.world.settlement(&without.job);
    let mut accounts = without
        .world
        .decline_accounts(settlement, &without.node.key);
    accounts.transcript = Some(address::transcript(&without.job.escrow));
    let node = &[&without.node.key];
    let sent = without
        .world
        .call(job_escrow::ID, accounts, ix::Decline {}, node);
    assert_refused(sent, EscrowError::TranscriptMismatch);
}

fn call(scene: &mut Proven, accounts: accounts::Decline) -> cyxwiz_tests_onchain::Sent {
    let node = &[&scene.node.key];
    scene
        .world
        .call(job_escrow::ID, accounts, ix::Decline {}, node)
}

/// Each of a node's jobs is its own: what one of them is in is of no matter for another.
#[test]
fn other_jobs_keep_what_they_locked() {
    let mut scene = Scene::assigned();
    let user: Wallet = scene.world.user("other-user", 20 * CYXWIZ);
    let other = scene.world.do_create_escrow(&user, job_args(3));
    scene.world.do_assign_node(&other, &scene.node);
    let locked = scene.world.node_of(&scene.node).locked;
    let settlement = scene.world.settlement(&scene.job);
    let sent = scene.world.decline(settlement, &scene.node.key);
    succeed("decline", sent);
    let node = scene.world.node_of(&scene.node);
    assert_eq!((node.locked, node.active_jobs), (locked / 2, 1));
    scene.world.do_submit_completion(&other, &scene.node);
    scene.world.do_accept(&other, &user);
}

#[test]
fn no_wrong_account_is_taken() {
    let market = Proven::full_audit().into_market();
    let mut crowd = Crowd::with_other_transcript(market);
    let scene = &crowd.scene;
    let settlement = scene.world.settlement(&scene.job);
    let accounts = scene.world.decline_accounts(settlement, &scene.node.key);
    crowd.try_escrow("decline", accounts, ix::Decline {});
}

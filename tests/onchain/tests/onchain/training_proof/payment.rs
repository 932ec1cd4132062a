//! What a job with a proof is paid for, and when.

use cyxwiz_statement::Registered;
use cyxwiz_tests_onchain::{CYXWIZ, address, assert_refused, succeed};
use job_escrow::{CreateEscrowArgs, EscrowError, State, Tier, Verification, instruction as ix};
use training_proof::{OpenArgs, Stage};

use super::scene::{SLOT, Scene, escrow_args, pinned, proof};
use crate::scene::{AMOUNT, STAKE, Scene as Market};

/// Compute units of the three transactions that turn a proof into money.
const MOST_UNITS: u64 = 150_000;

#[test]
fn a_proven_job_is_paid_at_once() {
    let scene = Scene::submitted();
    let mut market = scene.into_market();
    let before = market.balances();
    market.world.do_accept(&market.job, &market.user);
    let after = market.balances();
    assert_eq!(market.world.escrow_of(&market.job).state, State::Paid);
    assert_eq!(after.node - before.node, AMOUNT / 10 * 9);
    assert_eq!(after.platform - before.platform, AMOUNT / 10);
    assert_eq!((after.user, after.vault), (before.user, 0));
    assert_eq!(after.stake, STAKE);
    after.assert_conserved();
    market.assert_unlocked();
    let record = market.world.reputation_of(&market.node);
    assert_eq!((record.jobs_completed, record.valid_proofs), (1, 1));

    // nothing is left but what the user paid for rent
    let transcript = address::transcript(&market.job.escrow);
    let close = market.world.close_transcript_accounts(&market.job);
    succeed("close", market.world.close_transcript(close));
    market.world.advance(1);
    let close = market
        .world
        .close_accounts(&market.job, &market.user.pubkey());
    succeed("close", market.world.close(close, &[&market.user.key]));
    assert!(!market.world.exists(&transcript) && !market.world.exists(&market.job.escrow));
}

#[test]
fn verifying_and_settling_take_less_than_150_000_units() {
    let mut scene = Scene::submitted();
    scene.world.do_accept(&scene.job, &scene.user);
    let taken = [
        "training_proof.verify",
        "job_escrow.submit_completion",
        "job_escrow.accept",
    ];
    let units = taken.map(|name| scene.world.units.0[name]);
    assert!(units.iter().sum::<u64>() < MOST_UNITS, "{units:?}");
    assert!(units[2] < 60_000, "{units:?}");
}

#[test]
fn a_job_without_a_proof_has_no_transcript_and_no_valid_proofs() {
    let mut scene = Market::assigned();
    let mut accounts = scene
        .world
        .submit_completion_accounts(&scene.job, &scene.node.pubkey());
    assert_eq!(accounts.transcript, None);
    accounts.transcript = Some(address::transcript(&scene.job.escrow));
    let args = cyxwiz_tests_onchain::completion();
    let data = ix::SubmitCompletion { args };
    let sent = scene
        .world
        .call(job_escrow::ID, accounts, data, &[&scene.node.key]);
    assert_refused(sent, EscrowError::TranscriptMismatch);
    scene.world.do_submit_completion(&scene.job, &scene.node);
    scene.world.do_accept(&scene.job, &scene.user);
    assert_eq!(scene.world.reputation_of(&scene.node).valid_proofs, 0);
}

#[test]
fn nothing_is_submitted_without_a_verified_proof() {
    let stages = [
        (Scene::opened as fn() -> Scene, Stage::Opened),
        (Scene::committed, Stage::Committed),
        (Scene::revealed, Stage::Revealed),
        (Scene::full_audit, Stage::FullAudit),
        (Scene::refuted, Stage::Refuted),
    ];
    for (scene, stage) in stages {
        let mut scene = scene();
        assert_eq!(scene.world.transcript_of(&scene.job).stage, stage);
        assert_refused(scene.submit(), EscrowError::TranscriptStage);
        assert_eq!(scene.world.escrow_of(&scene.job).state, State::Assigned);
    }
}

#[test]
fn the_transcript_must_be_there_and_this_jobs() {
    let mut scene = Scene::verified();
    // another proven job of the same parties
    let mut args = escrow_args();
    args.job_id = [2; 16];
    let other = scene.world.do_create_escrow(&scene.user, args);
    let open = scene.world.open_transcript_accounts(&other);
    let sent = scene
        .world
        .open_transcript(open, scene.open, &[&scene.user.key]);
    succeed("open", sent);
    scene.world.do_assign_node(&other, &scene.node);
    let right = scene
        .world
        .submit_completion_accounts(&other, &scene.node.pubkey());
    let verified = address::transcript(&scene.job.escrow);
    for transcript in [None, Some(verified), Some(other.escrow), Some(other.user)] {
        let mut accounts = right;
        accounts.transcript = transcript;
        let args = cyxwiz_tests_onchain::completion();
        let data = ix::SubmitCompletion { args };
        let sent = scene
            .world
            .call(job_escrow::ID, accounts, data, &[&scene.node.key]);
        assert_refused(sent, EscrowError::TranscriptMismatch);
    }
}

/// The transcript of a closed escrow says nothing about another at the same address.
#[test]
fn an_escrow_created_anew_is_not_assigned_with_the_old_transcript() {
    let mut scene = Scene::submitted();
    scene.world.do_accept(&scene.job, &scene.user);
    scene.world.advance(1);
    let close = scene.world.close_accounts(&scene.job, &scene.user.pubkey());
    succeed("close", scene.world.close(close, &[&scene.user.key]));
    let again = scene.world.do_create_escrow(&scene.user, escrow_args());
    assert_eq!(again.escrow, scene.job.escrow);
    assert_eq!(scene.world.transcript_of(&again).stage, Stage::Verified);
    let coordinator = scene.world.coordinator.insecure_clone();
    let accounts = scene
        .world
        .assign_node_accounts(&again, &scene.node.pubkey());
    let sent = scene.world.assign_node(accounts, &[&coordinator]);
    assert_refused(sent, EscrowError::TranscriptMismatch);

    // closed, it makes room for the new job's
    let close = scene.world.close_transcript_accounts(&again);
    succeed("close", scene.world.close_transcript(close));
    let open = scene.world.open_transcript_accounts(&again);
    let sent = scene
        .world
        .open_transcript(open, scene.open, &[&scene.user.key]);
    succeed("open", sent);
    succeed(
        "assign_node",
        scene.world.assign_node(accounts, &[&coordinator]),
    );
    assert_refused(scene.submit(), EscrowError::TranscriptStage);
}

#[test]
fn a_job_with_a_tier_is_assigned_with_its_transcript_only() {
    let mut scene = Scene::before();
    let coordinator = scene.world.coordinator.insecure_clone();
    let mut accounts = scene
        .world
        .assign_node_accounts(&scene.job, &scene.node.pubkey());
    for transcript in [accounts.transcript, None, Some(scene.job.escrow)] {
        accounts.transcript = transcript;
        let sent = scene.world.assign_node(accounts, &[&coordinator]);
        assert_refused(sent, EscrowError::TranscriptMismatch);
    }
    assert_eq!(scene.world.escrow_of(&scene.job).state, State::Open);
}

#[test]
fn what_an_escrow_pins_is_whole_or_nothing() {
    let refused = |verification| {
        let mut scene = Market::open();
        let args = CreateEscrowArgs {
            verification,
            job_id: [3; 16],
            ..escrow_args()
        };
        let job = cyxwiz_tests_onchain::Job::new(&scene.user.pubkey(), &args.job_id);
        let accounts = scene.world.create_escrow_accounts(&scene.user, &job);
        let sent = scene
            .world
            .create_escrow(accounts, args, &[&scene.user.key]);
        assert_refused(sent, EscrowError::InvalidVerification);
    };
    let none = Verification::EMPTY;
    let circuit = [1; 32];
    refused(Verification { circuit, ..none });
    refused(Verification { samples: 1, ..none });
    refused(Verification {
        runtime_class: [1; 32],
        ..none
    });
    refused(Verification {
        tier: Tier::ZkExact,
        ..none
    });
    refused(Verification {
        tier: Tier::Replicated,
        samples: 1,
        ..none
    });
}

/// What the job pins is part of the terms it is assigned on.
#[test]
fn a_node_is_not_assigned_on_another_verification() {
    let mut scene = Scene::announced();
    let coordinator = scene.world.coordinator.insecure_clone();
    let accounts = scene
        .world
        .assign_node_accounts(&scene.job, &scene.node.pubkey());
    let changes: [fn(&mut Verification); 4] = [
        |pinned| pinned.tier = Tier::Audited,
        |pinned| pinned.samples = 4,
        |pinned| pinned.circuit = [9; 32],
        |pinned| pinned.runtime_class = [9; 32],
    ];
    for change in changes {
        let mut terms = cyxwiz_tests_onchain::terms_of(&escrow_args(), scene.world.now());
        change(&mut terms.verification);
        let sent = scene.world.assign_node_on(terms, accounts, &[&coordinator]);
        assert_refused(sent, EscrowError::TermsMismatch);
    }
}

#[test]
fn a_node_that_gives_up_before_the_proof_earns_nothing() {
    for scene in [
        Scene::opened,
        Scene::revealed,
        Scene::full_audit,
        Scene::verified,
    ] {
        let mut market = scene().into_market();
        market
            .world
            .do_present_receipt(&market.job, &market.user, 6, 6);
        let before = market.balances();
        let settlement = market.world.settlement(&market.job);
        succeed("fail", market.world.fail(settlement, &market.node.key));
        let after = market.balances();
        assert_eq!(after.user - before.user, AMOUNT);
        assert_eq!((after.node, after.platform), (before.node, before.platform));
        assert_eq!((after.stake, after.vault), (STAKE, 0));
        after.assert_conserved();
    }
}

#[test]
fn a_job_that_runs_out_of_time_before_the_proof_pays_nothing() {
    for scene in [Scene::committed, Scene::full_audit, Scene::verified] {
        let mut market = scene().into_market();
        market
            .world
            .do_present_receipt(&market.job, &market.user, 6, 6);
        market.world.advance(3_601);
        let before = market.balances();
        let settlement = market.world.settlement(&market.job);
        let sent = market.world.timeout_refund(settlement, &market.user.key);
        succeed("timeout_refund", sent);
        let after = market.balances();
        assert_eq!(after.user - before.user, AMOUNT);
        assert_eq!(after.node, before.node);
        assert_eq!(after.stake, STAKE - STAKE / 10);
        after.assert_conserved();
    }
}

/// The user takes the work as it is: what was seen is paid for, proven or not.
#[test]
fn a_cancel_is_split_by_receipts_all_the_same() {
    let mut market = Scene::committed().into_market();
    market
        .world
        .do_present_receipt(&market.job, &market.user, 3, 3);
    let before = market.balances();
    succeed("cancel", market.world.cancel(&market.job, &market.user.key));
    let settlement = market.world.settlement(&market.job);
    let sent = market.world.settle_cancel(settlement, &market.node.key);
    succeed("settle_cancel", sent);
    let after = market.balances();
    // half: 5, of which a tenth is the fee, and a tenth of the other half
    assert_eq!(after.node - before.node, 5 * CYXWIZ);
    assert_eq!(after.user - before.user, 45 * CYXWIZ / 10);
    after.assert_conserved();
}

/// A dispute about proven work that nobody decides pays for what the user holds.
#[test]
fn an_undecided_dispute_counts_what_is_held() {
    let mut market = Scene::submitted().into_market();
    market
        .world
        .do_present_receipt(&market.job, &market.user, 3, 3);
    market.world.do_open_dispute(&market.job, &market.user);
    let before = market.balances();
    market.world.advance(30 * 86_400);
    let settlement = market.world.settlement(&market.job);
    let sent = market.world.expire_dispute(settlement, &market.user.key);
    succeed("expire_dispute", sent);
    let after = market.balances();
    assert_eq!(after.node - before.node, AMOUNT / 2 / 10 * 9);
    after.assert_conserved();
}

#[test]
fn a_dispute_won_counts_the_proof() {
    let mut market = Scene::submitted().into_market();
    market.world.do_open_dispute(&market.job, &market.user);
    let settlement = market.world.settlement(&market.job);
    let judge = cyxwiz_tests_onchain::key("judge");
    let verdict = job_escrow::Verdict::ForNode;
    let sent = market.world.settle_dispute(settlement, verdict, &judge);
    succeed("settle_dispute", sent);
    let record = market.world.reputation_of(&market.node);
    assert_eq!((record.disputes_won, record.valid_proofs), (1, 1));
}

/// A job whose proof shows the transcript alone, submitted: whoever may make proofs makes none here, so the
/// transcript is written as if one had been verified.
fn audited(tier: Tier) -> Market {
    let circuit = Registered::by_name("t100x16").expect("it is registered");
    let args = CreateEscrowArgs {
        verification: pinned(tier, circuit),
        ..escrow_args()
    };
    let mut scene = Scene::funded(args, "node");
    scene.open = OpenArgs {
        rate: 0,
        ..scene.open
    };
    let mut scene = scene.do_open().do_commit();
    scene.world.set_slot(SLOT + 40);
    scene.world.put_stage(&scene.job, Stage::Verified);
    succeed("submit_completion", scene.submit());
    scene.into_market()
}

#[test]
fn audits_have_their_time_before_the_user_may_pay() {
    for tier in [Tier::Audited, Tier::AuditedTolerant, Tier::Replicated] {
        let mut market = audited(tier);
        let settlement = market.world.settlement(&market.job);
        let before = market.balances();
        let release_at = market.world.escrow_of(&market.job).release_at;
        market.world.advance(release_at - market.world.now() - 1);
        let sent = market.world.accept(settlement, &market.user.key);
        assert_refused(sent, EscrowError::AuditWindowOpen);
        let sent = market.world.release(settlement, &market.user.key);
        assert_refused(sent, EscrowError::AcceptanceWindowOpen);
        market.world.advance(1);
        let sent = market.world.release(settlement, &market.user.key);
        succeed("release", sent);
        let after = market.balances();
        assert_eq!(after.node - before.node, AMOUNT / 10 * 9);
        after.assert_conserved();
        let record = market.world.reputation_of(&market.node);
        assert_eq!((record.jobs_completed, record.valid_proofs), (1, 1));

        let mut market = audited(tier);
        market.world.advance(86_400);
        market.world.do_accept(&market.job, &market.user);
    }
}

/// A Diamond node's results are final at once, but not where audits must have their time.
#[test]
fn no_reputation_shortens_the_time_for_audits() {
    let circuit = Registered::by_name("t100x16").expect("it is registered");
    let windows = [
        (pinned(Tier::Audited, circuit), 86_400),
        (escrow_args().verification, 0),
    ];
    for (verification, seconds) in windows {
        let args = CreateEscrowArgs {
            verification,
            ..escrow_args()
        };
        let mut scene = Scene::funded(args, "node");
        scene.open.rate *= u16::from(verification.samples > 0);
        scene.world.earn_reputation(&scene.node, 16, Some(5));
        let record = scene.world.reputation_of(&scene.node);
        assert_eq!(record.tier(), reputation::math::Tier::Diamond);
        let scene = scene.do_open();
        let escrow = scene.world.escrow_of(&scene.job);
        assert_eq!(escrow.acceptance_seconds, seconds);
    }
}

/// A malleated copy of the proof, shown again by the node, finds nothing to be paid from.
#[test]
fn a_proof_pays_once() {
    let mut scene = Scene::submitted();
    let sent = scene.world.verify(&scene.job, proof(), &scene.node.key);
    assert_refused(sent, training_proof::ProofError::WrongStage);
    assert_refused(scene.submit(), EscrowError::WrongState);
    scene.world.do_accept(&scene.job, &scene.user);
    assert_refused(scene.submit(), EscrowError::WrongState);
    let varied = super::verify::varied(proof());
    let sent = scene.world.verify(&scene.job, varied, &scene.node.key);
    assert_refused(sent, training_proof::ProofError::WrongStage);
    let balance = scene.world.balance(&scene.job.vault);
    assert_eq!(balance, 0);
}

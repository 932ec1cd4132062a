use cyxwiz_proof::field::sha256;
use cyxwiz_statement::ChallengeSeed;
use cyxwiz_tests_onchain::{assert_refused, slot_hash, succeed};
use training_proof::{NONCE_TIMEOUT_SLOTS, Nonces, ProofError, Stage, instruction as ix};

use super::scene::{BOTH, COORDINATOR_NONCE, SLOT, Scene, USER_NONCE};
use crate::crowd::Crowd;

/// What the challenge follows from, as the node computes it.
fn seed(scene: &Scene, slot: u64, user_nonce: [u8; 32], coordinator_nonce: [u8; 32]) -> [u8; 32] {
    let seed = ChallengeSeed {
        escrow: scene.job.escrow.to_bytes(),
        root: scene.made.root,
        trained: scene.made.trained,
        slot_hash: slot_hash(slot),
        user_nonce,
        coordinator_nonce,
    };
    seed.digest(sha256)
}

#[test]
fn the_challenge_follows_from_a_later_slot_and_both_nonces() {
    let mut scene = Scene::committed();
    for slot in [SLOT, SLOT + 32] {
        scene.world.set_slot(slot);
        let sent = scene.world.reveal(&scene.job, BOTH);
        assert_refused(sent, ProofError::RevealTooEarly);
    }
    scene.world.set_slot(SLOT + 33);
    succeed("reveal", scene.world.reveal(&scene.job, BOTH));
    let transcript = scene.world.transcript_of(&scene.job);
    assert_eq!(
        (transcript.stage, transcript.target_slot),
        (Stage::Revealed, SLOT + 32)
    );
    let expected = seed(&scene, SLOT + 32, USER_NONCE, COORDINATOR_NONCE);
    assert_eq!(transcript.challenge_seed, expected);

    scene.world.set_slot(SLOT + 34);
    let again = scene.world.reveal(&scene.job, BOTH);
    assert_refused(again, ProofError::WrongStage);
}

#[test]
fn slots_in_which_nothing_was_made_are_passed_over() {
    let mut scene = Scene::committed();
    let listed = [SLOT + 30, SLOT + 31, SLOT + 35, SLOT + 36];
    scene.world.set_slots(SLOT + 37, &listed);
    succeed("reveal", scene.world.reveal(&scene.job, BOTH));
    let transcript = scene.world.transcript_of(&scene.job);
    assert_eq!(transcript.target_slot, SLOT + 35);
    assert_eq!(transcript.slot_hash, slot_hash(SLOT + 35));
}

#[test]
fn a_nonce_is_the_one_that_was_fixed() {
    let mut scene = Scene::committed();
    scene.world.set_slot(SLOT + 40);
    let wrong = [
        (Some([0; 32]), Some(COORDINATOR_NONCE)),
        (Some(COORDINATOR_NONCE), Some(USER_NONCE)),
        (Some(USER_NONCE), Some([13; 32])),
    ];
    for (user, coordinator) in wrong {
        let sent = scene.world.reveal(&scene.job, Nonces { user, coordinator });
        assert_refused(sent, ProofError::WrongNonce);
    }
}

#[test]
fn nonces_may_come_one_after_the_other_and_the_slot_stays() {
    let mut scene = Scene::committed();
    scene.world.set_slot(SLOT + 40);
    let user = Nonces {
        user: Some(USER_NONCE),
        coordinator: None,
    };
    succeed("reveal", scene.world.reveal(&scene.job, user));
    let sent = scene.world.reveal(&scene.job, user);
    assert_refused(sent, ProofError::NonceMissing);
    let sent = scene.world.reveal(&scene.job, Nonces::default());
    assert_refused(sent, ProofError::NonceMissing);
    // long after the slot has left the list
    scene.world.set_slot(SLOT + NONCE_TIMEOUT_SLOTS + 1_000);
    let coordinator = Nonces {
        user: None,
        coordinator: Some(COORDINATOR_NONCE),
    };
    succeed("reveal", scene.world.reveal(&scene.job, coordinator));
    let transcript = scene.world.transcript_of(&scene.job);
    let expected = seed(&scene, SLOT + 32, USER_NONCE, COORDINATOR_NONCE);
    assert_eq!(transcript.challenge_seed, expected);
}

#[test]
fn after_the_timeout_missing_nonces_are_left_out() {
    let mut scene = Scene::committed();
    let user = Nonces {
        user: Some(USER_NONCE),
        coordinator: None,
    };
    scene.world.set_slot(SLOT + NONCE_TIMEOUT_SLOTS);
    succeed("reveal", scene.world.reveal(&scene.job, user));
    assert_eq!(
        scene.world.transcript_of(&scene.job).stage,
        Stage::Committed
    );
    scene.world.set_slot(SLOT + NONCE_TIMEOUT_SLOTS + 1);
    succeed("reveal", scene.world.reveal(&scene.job, Nonces::default()));
    let transcript = scene.world.transcript_of(&scene.job);
    assert_eq!(transcript.stage, Stage::Revealed);
    assert_eq!(
        transcript.challenge_seed,
        seed(&scene, SLOT + 32, USER_NONCE, [0; 32])
    );
}

#[test]
fn a_lost_slot_hash_is_a_full_audit_and_no_second_draw() {
    let mut scene = Scene::committed();
    // the list now begins after the slot that would have counted
    scene.world.set_slot(SLOT + 32 + 513);
    succeed("reveal", scene.world.reveal(&scene.job, BOTH));
    let transcript = scene.world.transcript_of(&scene.job);
    assert_eq!(transcript.stage, Stage::FullAudit);
    assert_eq!(transcript.challenge_seed, [0; 32]);
    let sent = scene.world.reveal(&scene.job, BOTH);
    assert_refused(sent, ProofError::WrongStage);
    let sent = scene.world.verify(&scene.job, [0; 256], &scene.node.key);
    assert_refused(sent, ProofError::WrongStage);

    let mut last = Scene::committed();
    last.world.set_slot(SLOT + 32 + 512);
    succeed("reveal", last.world.reveal(&last.job, BOTH));
    assert_eq!(last.world.transcript_of(&last.job).stage, Stage::Revealed);
}

#[test]
fn no_wrong_account_is_taken() {
    let mut scene = Scene::committed();
    scene.world.set_slot(SLOT + 40);
    let accounts = scene.world.reveal_accounts(&scene.job);
    let mut crowd = Crowd::with_other_transcript(scene.into_market());
    crowd.try_proof("reveal", accounts, ix::Reveal { nonces: BOTH });
}

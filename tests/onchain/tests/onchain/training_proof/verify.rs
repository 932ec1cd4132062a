use cyxwiz_proof::field::{Fr, to_word};
use cyxwiz_statement::Registered;
use cyxwiz_tests_onchain::{CYXWIZ, assert_refused, succeed};
use job_escrow::{CreateEscrowArgs, Tier};
use training_proof::{Claim, ProofError, Stage, instruction as ix};

use super::scene::{
    BOTH, SLOT, Scene, claim, escrow_args, false_proof, pinned, proof, public_input,
};
use crate::crowd::Crowd;

/// The order of BN254's base field, big-endian.
const BASE: [u8; 32] = [
    0x30, 0x64, 0x4e, 0x72, 0xe1, 0x31, 0xa0, 0x29, 0xb8, 0x50, 0x45, 0xb6, 0x81, 0x81, 0x58, 0x5d,
    0x97, 0x81, 0x6a, 0x91, 0x68, 0x71, 0xca, 0x8d, 0x3c, 0x20, 0x8c, 0x16, 0xd8, 0x7c, 0xfd, 0x47,
];

/// A point of the curve over the quadratic extension that is not in the group of order r: x = 1, and the y that
/// belongs to it. Each coordinate's second part comes first.
const OUTSIDE_OF_THE_GROUP: [[u8; 32]; 4] = [
    [0; 32],
    [
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 1,
    ],
    [
        0x0d, 0x12, 0x71, 0x95, 0x3e, 0xd9, 0xea, 0x08, 0x36, 0x84, 0x6e, 0x70, 0xa1, 0x93, 0x41,
        0x87, 0x99, 0x8c, 0x7f, 0x79, 0x0c, 0xb4, 0xd7, 0x51, 0x1b, 0x7f, 0x8d, 0xa8, 0x2d, 0xe0,
        0x48, 0xa4,
    ],
    [
        0x28, 0x69, 0x11, 0x1d, 0x53, 0x81, 0xf0, 0x72, 0xf8, 0xe2, 0x72, 0x8f, 0xdb, 0x82, 0x5a,
        0x51, 0xaa, 0xdd, 0x70, 0xe5, 0x2c, 0x98, 0x30, 0xe9, 0xab, 0x4b, 0x87, 0x1c, 0x05, 0x31,
        0xf1, 0xbb,
    ],
];

/// The largest field element.
pub fn order_less_one() -> [u8; 32] {
    to_word(-Fr::from(1_u64))
}

/// The next number.
pub fn add_one(word: [u8; 32]) -> [u8; 32] {
    let mut one = [0; 32];
    one[31] = 1;
    add(word, one)
}

/// Another name of the same field element: the field's order more.
pub fn aliased(word: [u8; 32]) -> [u8; 32] {
    add_one(add(word, order_less_one()))
}

fn add(a: [u8; 32], b: [u8; 32]) -> [u8; 32] {
    let (mut sum, mut carry) = ([0; 32], 0);
    for at in (0..32).rev() {
        let digit = u16::from(a[at]) + u16::from(b[at]) + carry;
        sum[at] = digit as u8;
        carry = digit >> 8;
    }
    assert_eq!(carry, 0);
    sum
}

/// The coordinates of -P from those of P, where `bytes` are the y coordinate's.
fn negate(bytes: &mut [u8]) {
    let (mut borrow, minuend) = (0i16, BASE);
    for at in (0..32).rev() {
        let digit = i16::from(minuend[at]) - i16::from(bytes[at]) - borrow;
        bytes[at] = digit.rem_euclid(256) as u8;
        borrow = i16::from(digit < 0);
    }
}

/// The same proof with A in place of -A.
fn with_other_sign_of_a(mut proof: [u8; 256]) -> [u8; 256] {
    negate(&mut proof[32..64]);
    proof
}

/// Another proof of the same statement, made from the first alone: e(-A, -B) = e(A, B).
pub fn varied(proof: [u8; 256]) -> [u8; 256] {
    let mut proof = with_other_sign_of_a(proof);
    negate(&mut proof[128..160]);
    negate(&mut proof[160..192]);
    proof
}

#[test]
fn a_proof_of_the_transcript_is_verified_once() {
    let mut scene = Scene::verified();
    let transcript = scene.world.transcript_of(&scene.job);
    assert_eq!((transcript.stage, transcript.seq), (Stage::Verified, 4));
    assert_eq!(transcript.verified_at, scene.world.now());
    for again in [proof(), varied(proof())] {
        let sent = scene.world.verify(&scene.job, again, &scene.node.key);
        assert_refused(sent, ProofError::WrongStage);
    }
}

#[test]
fn a_varied_proof_shows_the_same_and_its_bytes_say_nothing() {
    let mut scene = Scene::revealed();
    let sent = scene
        .world
        .verify(&scene.job, varied(proof()), &scene.node.key);
    succeed("verify", sent);
    let sent = scene.world.verify(&scene.job, proof(), &scene.node.key);
    assert_refused(sent, ProofError::WrongStage);
}

#[test]
fn what_is_no_proof_is_refused_and_changes_nothing() {
    let mut scene = Scene::revealed();
    let before = scene.world.transcript_of(&scene.job);
    let without = |points: std::ops::Range<usize>| {
        let mut proof = proof();
        proof[points].fill(0);
        proof
    };
    let mut off_curve = [proof(); 3];
    for (proof, last) in off_curve.iter_mut().zip([63, 191, 255]) {
        proof[last] ^= 1;
    }
    let mut not_canonical = proof();
    let x: [u8; 32] = not_canonical[..32].try_into().expect("32 bytes");
    not_canonical[..32].copy_from_slice(&add(x, BASE));
    let mut outside_of_the_group = proof();
    outside_of_the_group[64..192].copy_from_slice(OUTSIDE_OF_THE_GROUP.as_flattened());
    let wrong = [
        [0; 256],
        [0xff; 256],
        without(0..64),
        without(64..192),
        without(192..256),
        not_canonical,
        outside_of_the_group,
    ];
    for wrong in wrong.into_iter().chain(off_curve) {
        let sent = scene.world.verify(&scene.job, wrong, &scene.node.key);
        assert_refused(sent, ProofError::ProofRejected);
    }
    let after = scene.world.transcript_of(&scene.job);
    assert_eq!((after.stage, after.seq), (before.stage, before.seq));
    let sent = scene.world.verify(&scene.job, proof(), &scene.user.key);
    assert_refused(sent, ProofError::NotEscrowNode);
    let sent = scene.world.verify(&scene.job, proof(), &scene.node.key);
    succeed("verify", sent);
}

#[test]
fn a_false_proof_refutes_the_transcript_for_good() {
    for wrong in [false_proof(), with_other_sign_of_a(proof())] {
        let mut scene = Scene::revealed();
        let sent = scene.world.verify(&scene.job, wrong, &scene.node.key);
        succeed("verify", sent);
        let transcript = scene.world.transcript_of(&scene.job);
        assert_eq!((transcript.stage, transcript.seq), (Stage::Refuted, 4));
        assert_eq!(transcript.verified_at, 0);
        let sent = scene.world.verify(&scene.job, proof(), &scene.node.key);
        assert_refused(sent, ProofError::WrongStage);
    }
}

#[test]
fn only_the_node_makes_claims() {
    let mut scene = Scene::revealed();
    let input = public_input();
    let stranger = scene.world.user("stranger", CYXWIZ);
    for other in [&scene.user, &stranger] {
        let sent = scene
            .world
            .verify_of(&scene.job, false_proof(), input, &other.key);
        assert_refused(sent, ProofError::NotEscrowNode);
    }
    let transcript = scene.world.transcript_of(&scene.job);
    assert_eq!(transcript.stage, Stage::Revealed);
}

/// Another name of the same element, and another element, are both not what the transcript asks for.
#[test]
fn the_public_input_has_one_form() {
    let mut scene = Scene::revealed();
    for other in [aliased(public_input()), add_one(public_input()), [0; 32]] {
        let sent = scene
            .world
            .verify_of(&scene.job, proof(), other, &scene.node.key);
        assert_refused(sent, ProofError::OtherStatement);
    }
    let input = public_input();
    let sent = scene
        .world
        .verify_of(&scene.job, proof(), input, &scene.node.key);
    succeed("verify", sent);
}

/// A real proof, of the run in the scene, for a job that differs from it in one thing.
fn shown_elsewhere(
    args: CreateEscrowArgs,
    node: &str,
    change: impl Fn(&mut Scene),
    error: ProofError,
) {
    let claim = claim();
    let mut scene = Scene::funded(args, node);
    change(&mut scene);
    let mut scene = scene.do_open().do_commit().do_reveal();
    assert_ne!(claim.public_input, scene.world.public_input_of(&scene.job));
    let before = scene.world.transcript_of(&scene.job);
    let sent = scene.world.verify_claim(&scene.job, claim, &scene.node.key);
    assert_refused(sent, error);
    // Who says that it is about this job's all the same is told what the number tells.
    let claim = Claim {
        subject: before.subject(),
        ..claim
    };
    let sent = scene.world.verify_claim(&scene.job, claim, &scene.node.key);
    assert_refused(sent, ProofError::OtherStatement);
    let after = scene.world.transcript_of(&scene.job);
    assert_eq!((after.stage, after.seq), (before.stage, before.seq));
}

#[test]
fn a_proof_of_another_job_is_refused() {
    let mut args = escrow_args();
    args.job_id = [2; 16];
    shown_elsewhere(args, "node", |_| {}, ProofError::OtherJob);
}

#[test]
fn a_proof_of_another_node_is_refused() {
    shown_elsewhere(escrow_args(), "node-2", |_| {}, ProofError::OtherNode);
}

#[test]
fn a_proof_of_another_spec_is_refused() {
    let mut args = escrow_args();
    args.spec_hash = [9; 32];
    shown_elsewhere(args, "node", |_| {}, ProofError::OtherSpec);
}

#[test]
fn a_proof_of_another_circuit_is_refused() {
    let mut args = escrow_args();
    let other = Registered::by_name("z30x2").expect("it is registered");
    args.verification = pinned(Tier::ZkExact, other);
    shown_elsewhere(args, "node", |_| {}, ProofError::OtherCircuit);
}

#[test]
fn a_proof_of_another_dataset_is_refused() {
    let change = |scene: &mut Scene| scene.open.dataset[31] ^= 1;
    shown_elsewhere(escrow_args(), "node", change, ProofError::OtherDataset);
}

/// The same job, of which something else is to be shown.
fn shown_otherwise(change: impl Fn(&mut Scene)) {
    shown_elsewhere(escrow_args(), "node", change, ProofError::OtherStatement);
}

#[test]
fn a_proof_of_other_first_weights_or_another_rate_is_refused() {
    shown_otherwise(|scene| scene.open.initial[31] ^= 1);
    shown_otherwise(|scene| scene.open.rate += 1);
}

#[test]
fn a_proof_of_other_trained_weights_or_another_root_is_refused() {
    shown_otherwise(|scene| scene.made.trained[31] ^= 1);
    shown_otherwise(|scene| scene.made.root[31] ^= 1);
}

#[test]
fn a_proof_for_a_challenge_that_was_not_drawn_is_refused() {
    let mut scene = Scene::committed();
    // the slot that counts was another one on this fork
    scene.world.set_slots(SLOT + 40, &[SLOT + 33, SLOT + 34]);
    succeed("reveal", scene.world.reveal(&scene.job, BOTH));
    let input = public_input();
    let sent = scene
        .world
        .verify_of(&scene.job, proof(), input, &scene.node.key);
    assert_refused(sent, ProofError::OtherStatement);
}

/// A node of another release than the program is not a liar: its proof may show all that it says, for a key that
/// the program does not have.
#[test]
fn a_proof_for_another_key_costs_nothing() {
    let mut scene = Scene::revealed();
    let claim = Claim {
        proof: false_proof(),
        key: [9; 32],
        ..claim()
    };
    let sent = scene.world.verify_claim(&scene.job, claim, &scene.node.key);
    assert_refused(sent, ProofError::OtherKey);
    assert_eq!(scene.world.transcript_of(&scene.job).stage, Stage::Revealed);
    let key = scene.world.key_of(&scene.job);
    let claim = Claim { key, ..claim };
    succeed(
        "verify",
        scene.world.verify_claim(&scene.job, claim, &scene.node.key),
    );
    assert_eq!(scene.world.transcript_of(&scene.job).stage, Stage::Refuted);
}

/// Who claims that a proof of one job shows another makes a false claim.
#[test]
fn a_proof_of_another_job_under_this_ones_statement_is_false() {
    let mut args = escrow_args();
    args.job_id = [2; 16];
    let mut scene = Scene::funded(args, "node")
        .do_open()
        .do_commit()
        .do_reveal();
    let sent = scene.world.verify(&scene.job, proof(), &scene.node.key);
    succeed("verify", sent);
    let transcript = scene.world.transcript_of(&scene.job);
    assert_eq!(transcript.stage, Stage::Refuted);
}

#[test]
fn nothing_is_verified_before_the_challenge() {
    for mut scene in [Scene::opened(), Scene::committed()] {
        let sent = scene.world.verify(&scene.job, [0; 256], &scene.node.key);
        // an open transcript names no node yet
        let error = match scene.world.transcript_of(&scene.job).stage {
            Stage::Opened => ProofError::NotEscrowNode,
            _ => ProofError::WrongStage,
        };
        assert_refused(sent, error);
    }
}

#[test]
fn no_wrong_account_is_taken() {
    let scene = Scene::revealed();
    let accounts = scene
        .world
        .verify_accounts(&scene.job, &scene.node.pubkey());
    let data = ix::Verify { claim: claim() };
    let mut crowd = Crowd::with_other_transcript(scene.into_market());
    crowd.try_proof("verify", accounts, data);
}

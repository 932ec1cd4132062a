use cyxwiz_proof::field::{Fr, to_word};
use cyxwiz_statement::Registered;
use cyxwiz_tests_onchain::{assert_refused, succeed};
use job_escrow::CreateEscrowArgs;
use training_proof::{OpenArgs, ProofError, Stage, instruction as ix};

use super::scene::{Scene, escrow_args, proof};
use crate::crowd::Crowd;

/// The order of BN254's base field, big-endian.
const BASE: [u8; 32] = [
    0x30, 0x64, 0x4e, 0x72, 0xe1, 0x31, 0xa0, 0x29, 0xb8, 0x50, 0x45, 0xb6, 0x81, 0x81, 0x58, 0x5d,
    0x97, 0x81, 0x6a, 0x91, 0x68, 0x71, 0xca, 0x8d, 0x3c, 0x20, 0x8c, 0x16, 0xd8, 0x7c, 0xfd, 0x47,
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
fn varied(proof: [u8; 256]) -> [u8; 256] {
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
    let mut off_curve = proof();
    off_curve[255] ^= 1;
    let mut not_canonical = proof();
    let x: [u8; 32] = not_canonical[..32].try_into().expect("32 bytes");
    not_canonical[..32].copy_from_slice(&add(x, BASE));
    let wrong = [
        [0; 256],
        [0xff; 256],
        with_other_sign_of_a(proof()),
        off_curve,
        not_canonical,
    ];
    for wrong in wrong {
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
fn a_proof_is_of_one_job_node_spec_circuit_and_dataset() {
    let refused = |args: CreateEscrowArgs, node: &str, change: &dyn Fn(&mut OpenArgs)| {
        let mut scene = Scene::funded(args, node);
        change(&mut scene.open);
        let mut scene = scene.do_open().do_commit().do_reveal();
        let sent = scene.world.verify(&scene.job, proof(), &scene.node.key);
        assert_refused(sent, ProofError::ProofRejected);
    };
    let same = |_: &mut OpenArgs| {};
    let mut other_job = escrow_args();
    other_job.job_id = [2; 16];
    refused(other_job, "node", &same);
    refused(escrow_args(), "node-2", &same);
    let mut other_spec = escrow_args();
    other_spec.spec_hash = [9; 32];
    refused(other_spec, "node", &same);
    let other_circuit = Registered::by_name("z30x2").expect("it is registered").id;
    let circuit = move |open: &mut OpenArgs| open.circuit = other_circuit;
    refused(escrow_args(), "node", &circuit);
    let dataset = |open: &mut OpenArgs| open.dataset[31] ^= 1;
    refused(escrow_args(), "node", &dataset);
    let initial = |open: &mut OpenArgs| open.initial[31] ^= 1;
    refused(escrow_args(), "node", &initial);
    let rate = |open: &mut OpenArgs| open.rate += 1;
    refused(escrow_args(), "node", &rate);
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
    let data = ix::Verify {
        proof: proof(),
        public_input: scene.world.public_input_of(&scene.job),
    };
    let mut crowd = Crowd::with_other_transcript(scene.into_market());
    crowd.try_proof("verify", accounts, data);
}

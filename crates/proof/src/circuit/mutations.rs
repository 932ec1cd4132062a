//! Attempts to cheat that the circuit must refuse. Each changes a witness that was true, repairs
//! whatever a cheat could repair (at least the statement's hash), and names the part of the circuit
//! that catches it. What each single check is needed for is shown beside (`attacks`).

use std::sync::OnceLock;

use cyxwiz_statement::{Challenge, Sample};

use super::{R1cs, Witness, assign, constraints, witness::EpochWitness};
use crate::{
    commitment::MerkleTree,
    field::{Fr, from_word, power_of_two},
    intsgd::preactivations,
    poseidon,
    sample_job::{Job, TINY},
};

mod runs;

pub(super) use runs::random_weights;

/// The sample under attack: epoch 3, step 4.
const PLACE: (u16, u16) = (3, 4);

pub(super) fn r1cs() -> &'static R1cs {
    static R1CS: OnceLock<R1cs> = OnceLock::new();
    R1CS.get_or_init(|| constraints(&TINY).unwrap())
}

pub(super) fn honest() -> Witness {
    static HONEST: OnceLock<Witness> = OnceLock::new();
    let witness = || Job::honest(TINY, 6).witness(&[PLACE]);
    HONEST.get_or_init(witness).clone()
}

/// The part of the circuit that refuses a witness, if any does.
pub(super) fn refused(witness: &Witness) -> Option<&'static str> {
    let assignment = assign(&TINY, r1cs(), witness);
    r1cs().check(&assignment).err().map(|error| error.section)
}

/// What refuses the honest witness after `change`, under the statement that fits the change.
fn caught(change: impl FnOnce(&mut Witness)) -> Option<&'static str> {
    let mut witness = honest();
    change(&mut witness);
    restate(&mut witness);
    refused(&witness)
}

/// The public input of what the witness now claims.
pub(super) fn restate(witness: &mut Witness) {
    let meta = Fr::from(witness.epochs.len() as u64)
        + power_of_two(16) * Fr::from(u64::from(TINY.steps()))
        + power_of_two(32) * Fr::from(witness.start)
        + power_of_two(72) * Fr::from(witness.end)
        + power_of_two(112) * Fr::from(witness.rate);
    let samples: Vec<Sample> = witness.samples.iter().map(|s| s.sample).collect();
    let challenge = Challenge::of(&samples).unwrap().word();
    witness.public_input = poseidon::hash(&[
        witness.context,
        witness.dataset,
        witness.initial,
        witness.trained,
        witness.root,
        meta,
        from_word(&challenge).unwrap(),
    ]);
}

/// Recomputes the chain and its root from the witness's epochs, as a cheat would before committing.
pub(super) fn rechain(witness: &mut Witness) {
    let seven = Fr::from(7_u64);
    let mut head = poseidon::hash(&[witness.context, witness.dataset, witness.initial, seven]);
    let mut heads = Vec::new();
    for epoch in &witness.epochs {
        let time = Fr::from(epoch.time);
        head = poseidon::hash(&[head, epoch.steps_root, epoch.metrics, time]);
        heads.push(head);
    }
    witness.root = MerkleTree::new(3, heads).root();
}

pub(super) fn one() -> Fr {
    Fr::from(1_u64)
}

#[test]
fn the_honest_witness_passes() {
    assert_eq!(caught(|_| {}), None);
}

// The eighteen mutations.

#[test]
fn replay_under_another_context_with_the_old_statement() {
    let mut witness = honest();
    witness.context += one();
    rechain(&mut witness);
    assert_eq!(refused(&witness), Some("public input"));
}

#[test]
fn replay_under_another_context_with_its_statement() {
    assert_eq!(caught(|w| w.context += one()), Some("root"));
}

#[test]
fn a_weight_off_by_one() {
    let change = |w: &mut Witness| w.samples[0].after[3] += power_of_two(50);
    assert_eq!(caught(change), Some("openings"));
}

#[test]
fn a_step_not_taken() {
    let change = |w: &mut Witness| w.samples[0].after = w.samples[0].before.clone();
    assert_eq!(caught(change), Some("openings"));
}

#[test]
fn another_batch_than_asked_for() {
    let change = |w: &mut Witness| w.samples[0].sample.batch ^= 1;
    assert_eq!(caught(change), Some("batch"));
}

#[test]
fn altered_features() {
    let change = |w: &mut Witness| w.samples[0].batch.features[5] ^= 1;
    assert_eq!(caught(change), Some("batch"));
}

#[test]
fn an_altered_label() {
    let change = |w: &mut Witness| w.samples[0].batch.targets[0] ^= true;
    assert_eq!(caught(change), Some("batch"));
}

#[test]
fn a_larger_learning_rate_than_stated() {
    assert_eq!(caught(|w| w.rate += 1), Some("products"));
}

#[test]
fn another_step_than_asked_for() {
    let change = |w: &mut Witness| w.samples[0].sample.step ^= 1;
    assert_eq!(caught(change), Some("openings"));
}

#[test]
fn another_epoch_than_asked_for() {
    let change = |w: &mut Witness| w.samples[0].sample.epoch -= 1;
    assert_eq!(caught(change), Some("openings"));
}

#[test]
fn more_epochs_than_trained() {
    let change = |w: &mut Witness| {
        let time = w.epochs[5].time;
        w.epochs.push(EpochWitness {
            steps_root: one(),
            metrics: one(),
            time,
        });
    };
    assert_eq!(caught(change), Some("root"));
    let change = |w: &mut Witness| {
        change(w);
        rechain(w);
    };
    assert_eq!(caught(change), Some("trained weights"));
}

#[test]
fn times_that_run_backwards() {
    let change = |w: &mut Witness| {
        w.epochs[3].time = w.epochs[2].time - 5;
        rechain(w);
    };
    assert_eq!(caught(change), Some("chain"));
}

#[test]
fn metrics_edited_after_the_commitment() {
    assert_eq!(caught(|w| w.epochs[2].metrics += one()), Some("root"));
}

#[test]
fn other_trained_weights() {
    assert_eq!(caught(|w| w.trained += one()), Some("trained weights"));
}

#[test]
fn other_initial_weights() {
    assert_eq!(caught(|w| w.initial += one()), Some("root"));
}

#[test]
fn another_dataset() {
    assert_eq!(caught(|w| w.dataset += one()), Some("root"));
    let change = |w: &mut Witness| {
        w.dataset += one();
        rechain(w);
    };
    assert_eq!(caught(change), Some("batch"));
}

/// The packed word is the same, so the products hold: the bits do not.
#[test]
fn a_slot_that_borrows_from_its_neighbour() {
    let change = |w: &mut Witness| {
        w.samples[0].preactivations[0] += 1 << 50;
        w.samples[0].preactivations[1] -= 1;
    };
    assert_eq!(caught(change), Some("activation"));
}

#[test]
fn a_preactivation_off_by_one() {
    let change = |w: &mut Witness| w.samples[0].preactivations[3] += 1;
    assert_eq!(caught(change), Some("products"));
}

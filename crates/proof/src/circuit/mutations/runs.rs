//! Whole dishonest runs: commitments and chain fit, the work does not.

use std::cmp::Ordering;

use cyxwiz_statement::order_seed;
use rand::{Rng as _, SeedableRng as _};

use super::*;
use crate::{
    commitment::root_of_path,
    field::sha256,
    intsgd::{Batch, Divergence, Recipe, StepId, Weights},
    sample_job::{ESCROW, batches},
};

/// What refuses a run that was dishonest at every step, at the step examined.
fn caught_run(tamper: impl FnMut(u16, u16, &mut Weights)) -> Option<&'static str> {
    refused(&Job::train(TINY, 6, tamper).witness(&[PLACE]))
}

pub(in super::super) fn random_weights(seed: u64) -> Weights {
    let mut random = rand_chacha::ChaCha20Rng::seed_from_u64(seed);
    let training = TINY.training.unwrap();
    let values = (0..64).map(|_| random.gen_range(-(1 << 27)..1 << 27));
    Weights::new(&training, values.collect()).unwrap()
}

#[test]
fn random_weights_in_a_chain_of_their_own() {
    let mut seed = 0;
    let tamper = |_, _, weights: &mut Weights| {
        seed += 1;
        *weights = random_weights(seed);
    };
    assert_eq!(caught_run(tamper), Some("products"));
}

#[test]
fn a_run_that_stands_still() {
    let still = random_weights(1);
    let tamper = |_, _, weights: &mut Weights| *weights = still.clone();
    assert_eq!(caught_run(tamper), Some("products"));
}

#[test]
fn a_run_off_by_one_unit_in_one_weight() {
    let tamper = |epoch, step, weights: &mut Weights| {
        if (epoch, step) == PLACE {
            weights.values_mut()[17] += 1;
        }
    };
    assert_eq!(caught_run(tamper), Some("products"));
}

/// Fewer epochs than paid for, padded with repetitions of the last one.
#[test]
fn padded_epochs() {
    let job = Job::train(TINY, 6, |_, _, _| {});
    let stop = job.trajectory[16].clone();
    let tamper = |epoch, _, weights: &mut Weights| {
        if epoch > 2 {
            *weights = stop.clone();
        }
    };
    assert_eq!(caught_run(tamper), Some("products"));
}

/// Labels of the cheat's own, under a root of its own: the user's root is in the statement.
#[test]
fn relabelled_data() {
    let mut witness = honest();
    let sample = &mut witness.samples[0];
    sample.batch.targets.rotate_right(1);
    assert_eq!(refused(&witness), Some("batch"));
    let sample = &witness.samples[0];
    let index = sample.sample.batch as usize;
    witness.dataset = root_of_path(sample.batch.commitment(), index, &sample.batch_path);
    rechain(&mut witness);
    assert_eq!(refused(&witness), Some("public input"));
}

/// A run on half of the user's rows. Its own root is in its chain, and the statement's is the user's;
/// under the user's, the batches that were left out do not open to others.
#[test]
fn fewer_rows() {
    let mut half = batches(&TINY);
    half.truncate(8);
    let users = honest();
    let job = Job::train_on(TINY, half.clone(), 6, |_, _, _| {});
    let mut witness = job.witness(&[PLACE]);
    assert_eq!(refused(&witness), None, "it is proven of half of the rows");
    assert_ne!(witness.public_input, users.public_input);
    witness.dataset = users.dataset;
    rechain(&mut witness);
    restate(&mut witness);
    assert_eq!(refused(&witness), Some("batch"));

    let job = Job::honest(TINY, 6);
    let recipe = job.recipe();
    let mut weights = Weights::zero(&TINY.training.unwrap());
    let halved = |epoch, step, next: &mut Weights| {
        let batch = recipe.batch(StepId { epoch, step }) as usize % 8;
        weights = crate::intsgd::step(&weights, &half[batch], job.rate).unwrap();
        *next = weights.clone();
    };
    let cheat = Job::train(TINY, 6, halved);
    for step in 0..8 {
        let left_out = recipe.batch(StepId { epoch: 3, step }) >= 8;
        let mut witness = cheat.witness(&[(3, step)]);
        assert_eq!(refused(&witness), left_out.then_some("products"));
        let sample = &mut witness.samples[0];
        sample.batch = half[sample.sample.batch as usize % 8].clone();
        sample.preactivations =
            preactivations(&cheat.trajectory[16 + usize::from(step)], &sample.batch).unwrap();
        assert_eq!(refused(&witness), left_out.then_some("batch"));
    }
}

/// A batch of the cheat's choice: the program derives the index, so only that leaf opens.
#[test]
fn a_favourable_batch() {
    let job = Job::honest(TINY, 6);
    let mut witness = job.witness(&[PLACE]);
    let sample = &mut witness.samples[0];
    let other = sample.sample.batch ^ 1;
    sample.batch = job.dataset.batch(other).clone();
    sample.batch_path = job.dataset.path(other);
    assert_eq!(refused(&witness), Some("batch"));
}

/// Weights so large that every output is saturated: with hard targets their error would be zero, and
/// standing still a valid step. Smoothed targets make each step move them.
#[test]
fn a_jump_into_saturation_gives_no_free_steps() {
    let job = Job::honest(TINY, 8);
    let learned = &job.trajectory[64];
    let scaled = learned
        .values()
        .iter()
        .map(|w| w.clamp(&-(1 << 24), &(1 << 24)) << 10);
    let saturated = Weights::new(&TINY.training.unwrap(), scaled.collect()).unwrap();
    let (before, after) = job
        .recipe()
        .around(&saturated, StepId { epoch: 1, step: 0 })
        .unwrap();
    assert_ne!(before, after);
    let tamper = |_, _, weights: &mut Weights| *weights = saturated.clone();
    assert_eq!(caught_run(tamper), Some("products"));
}

/// Linearly independent rows, of which there are no more than features, can be fitted exactly. There
/// the error is zero without saturation, and standing still a valid step; the jump there is as false
/// as any other.
#[test]
fn known_limit_rows_that_can_be_fitted_exactly_let_a_run_stand_still() {
    let training = TINY.training.unwrap();
    let feature = |row: usize, place: usize| match place.cmp(&row) {
        Ordering::Less => (row * 7 + place * 5) as i8 % 11,
        Ordering::Equal => 100,
        Ordering::Greater => 0,
    };
    let features: Vec<i8> = (0..16)
        .flat_map(|row| (0..16).map(move |place| feature(row, place)))
        .collect();
    let classes: Vec<u16> = (0..16).map(|row| row % 4).collect();
    let batches = Batch::split(&training, &features, &classes).unwrap();
    // Row by row, since each has one feature more than those before. A target is in the middle of the
    // pre-activations that round to it, so that rounding the weights does not matter.
    let mut fitted = vec![0_i64; 64];
    for (row, output) in (0..16).flat_map(|row| (0..4).map(move |output| (row, output))) {
        let target = if row % 4 == output { 448 } else { -448 };
        let before = (0..row).map(|i| i64::from(feature(row, i)) * fitted[4 * i + output]);
        let rest = (target << 27) + (1 << 26) - before.sum::<i64>();
        fitted[4 * row + output] = rest / 100;
    }
    let fitted = Weights::new(&training, fitted).unwrap();

    let jump = StepId { epoch: 1, step: 2 };
    let still = |epoch, step, weights: &mut Weights| {
        if (StepId { epoch, step }) >= jump {
            *weights = fitted.clone();
        }
    };
    let job = Job::train_on(TINY, batches, 2, still);
    for (epoch, step) in (1..=2).flat_map(|epoch| (0..8).map(move |step| (epoch, step))) {
        let at = StepId { epoch, step };
        let jumps = (at == jump).then_some("products");
        assert_eq!(refused(&job.witness(&[(epoch, step)])), jumps, "{at:?}");
    }
    let found = job.recipe().replay(&job.trajectory[0], &job.leaves());
    assert_eq!(found, Ok(Divergence::At(jump)));
}

/// The steps of an epoch fabricated once the challenge is known: they are inside its hash already.
#[test]
fn an_epoch_rewritten_after_the_challenge() {
    let mut seed = 0;
    let fake = Job::train(TINY, 6, |_, _, weights: &mut Weights| {
        seed += 1;
        *weights = random_weights(seed);
    });
    let mut witness = fake.witness(&[PLACE]);
    let committed = witness.root;
    // From the false weights at the epoch's start the cheat now trains honestly up to the sample.
    let sampled = StepId { epoch: 3, step: 4 };
    let (before, after) = fake.recipe().around(&fake.trajectory[16], sampled).unwrap();
    let mut leaves = fake.leaves()[2].clone();
    leaves[3] = before.commitment();
    leaves[4] = after.commitment();
    let tree = MerkleTree::new(3, leaves);
    let sample = &mut witness.samples[0];
    sample.before = before.words();
    sample.after = after.words();
    sample.before_path = tree.path(3);
    sample.after_path = tree.path(4);
    sample.preactivations = preactivations(&before, &sample.batch).unwrap();
    assert_eq!(refused(&witness), Some("openings"));
    // With the new tree in the chain the step passes, but the root is not the one committed.
    witness.epochs[2].steps_root = tree.root();
    rechain(&mut witness);
    assert_ne!(witness.root, committed);
    assert_eq!(refused(&witness), Some("public input"));
    restate(&mut witness);
    assert_eq!(refused(&witness), None);
}

/// An honest step, but from weights that the chain does not have.
#[test]
fn a_step_from_weights_that_were_never_committed_to() {
    let foreign = random_weights(9);
    let at = StepId {
        epoch: PLACE.0,
        step: PLACE.1,
    };
    let after = Job::honest(TINY, 6).recipe().step(&foreign, at).unwrap();
    let job = Job::train(TINY, 6, |epoch, step, weights| {
        if (epoch, step) == PLACE {
            *weights = after.clone();
        }
    });
    let mut witness = job.witness(&[PLACE]);
    let sample = &mut witness.samples[0];
    sample.before = foreign.words();
    sample.preactivations = preactivations(&foreign, &sample.batch).unwrap();
    assert_eq!(refused(&witness), Some("openings"));
}

/// Pre-activations that are those of other rows. That the point moves with them is shown beside
/// (`the_point_moves_with_all_that_was_chosen`).
#[test]
fn preactivations_of_other_rows() {
    let change = |w: &mut Witness| {
        let z = &mut w.samples[0].preactivations;
        z.swap(0, 4);
    };
    assert_eq!(caught(change), Some("products"));
}

#[test]
fn a_sample_beyond_the_last_epoch() {
    let change = |w: &mut Witness| w.samples[0].sample.epoch = 7;
    assert_eq!(caught(change), Some("challenge"));
}

#[test]
fn times_outside_the_window() {
    assert_eq!(caught(|w| w.start = w.epochs[0].time + 1), Some("chain"));
    assert_eq!(caught(|w| w.end = w.epochs[5].time - 1), Some("chain"));
}

#[test]
fn first_weights_of_the_nodes_own() {
    let job = Job::honest(TINY, 6);
    let mut witness = job.witness(&[(1, 0)]);
    let other = random_weights(1);
    witness.samples[0].before = other.words();
    assert_eq!(refused(&witness), Some("openings"));
    // Even a chain that starts from them must be stated, and the statement's are the user's.
    witness.initial = other.commitment();
    rechain(&mut witness);
    assert_eq!(refused(&witness), Some("public input"));
}

/// What the proof does not show: one false step that is not examined. Repeating the run does.
#[test]
fn known_limit_single_splice() {
    let spliced = (2, 1);
    let tamper = |epoch, step, weights: &mut Weights| {
        if (epoch, step) == spliced {
            *weights = random_weights(1);
        }
    };
    let job = Job::train(TINY, 6, tamper);
    assert_eq!(refused(&job.witness(&[PLACE])), None, "accepted");
    assert_eq!(refused(&job.witness(&[spliced])), Some("products"));
    let initial = &job.trajectory[0];
    let found = job.recipe().replay(initial, &job.leaves()).unwrap();
    assert_eq!(found, Divergence::At(StepId { epoch: 2, step: 1 }));
}

/// An old trajectory cannot be sold again: another job has another order of batches.
#[test]
fn a_trajectory_of_another_job_is_in_another_order() {
    let job = Job::honest(TINY, 2);
    let other = order_seed(&[9; 32], sha256);
    let own = order_seed(&ESCROW, sha256);
    let recipe = |order| Recipe::new(&TINY, &job.dataset, order, job.rate).unwrap();
    let leaves = job.leaves();
    let replay = |order| recipe(order).replay(&job.trajectory[0], &leaves).unwrap();
    assert_eq!(replay(own), Divergence::None);
    assert!(matches!(replay(other), Divergence::At(_)));
}

//! Every check of the circuit, and a cheat that it alone refuses.
//!
//! A cheat gives what it likes, commits to it and states it, and computes the rest as the circuit
//! demands. If just one check is broken, then that check is all that stands between the cheat and a
//! proof: it is there, and it is needed. A check without its attack fails the test, and so does an
//! attack that another check refuses as well.

use std::collections::BTreeSet;

use ark_ff::{Field as _, Zero as _};

use super::{
    Witness,
    mutations::{honest, one, r1cs, random_weights, rechain, refused, restate},
};
use crate::{
    field::{Fr, from_int, power_of_two},
    intsgd::{Dataset, Weights, blobs, preactivations},
    sample_job::{Job, TINY},
};

mod cheat;

use cheat::{Cheat, Step, commitment, plant, plant_step};
pub(super) use cheat::{computed, last_of};

type Attack = fn() -> Cheat;

/// Checks and their attacks, in the order of the circuit's description.
const ATTACKS: [(&str, Attack); 33] = [
    ("bits of start", || digits_that_carry("bits of start")),
    ("bits of end", || digits_that_carry("bits of end")),
    ("bits of rate", another_rate_in_a_longer_window),
    ("bits of active", six_epochs_counted_as_seven),
    ("active epochs first", a_hole_in_the_chain),
    ("bits of time passed", || backwards([from_int(-5)])),
    ("time passed", || backwards([Fr::zero()])),
    ("bits of time left", || beyond_the_window([from_int(-1)])),
    ("time left", || beyond_the_window([Fr::zero()])),
    ("root", metrics_edited_and_stated),
    ("bits of epoch", half_of_two_epochs),
    ("one epoch", the_sum_of_two_epochs),
    ("bits of step", a_step_at_no_place),
    ("bits of batch", another_batch_of_a_dataset_that_repeats),
    ("bits of epochs left", || an_epoch_not_counted([-one()])),
    ("epochs left", || an_epoch_not_counted([Fr::zero()])),
    ("public input", metrics_edited_and_committed_to),
    ("trained weights", other_trained_weights),
    ("step 0 is not later", a_first_step_from_any_place),
    ("a step after 0 is later", a_step_from_two_places_back),
    ("bits of predecessor", a_predecessor_at_no_place),
    ("predecessor", a_skipped_step),
    ("weights before", foreign_weights_before),
    ("initial weights", foreign_first_weights),
    ("weights after", foreign_weights_after),
    ("bits of features", features_that_borrow),
    ("bits of marks", marks_that_borrow),
    ("batch", rows_of_its_own),
    ("bits of scores", scores_that_borrow),
    ("below 1024 is not over", an_upper_clamp_at_will),
    ("1024 and more is over", no_upper_clamp),
    ("scores", scores_of_its_own),
    ("update", a_weight_of_its_own),
];

#[test]
fn each_check_alone_refuses_an_attack() {
    let wrong: Vec<_> = ATTACKS
        .iter()
        .map(|(check, attack)| (check, attack().broken()))
        .filter(|(check, broken)| !broken.iter().eq([*check]))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_check_has_its_attack() {
    let attacked: Vec<&str> = ATTACKS.iter().map(|(check, _)| *check).collect();
    let names: BTreeSet<&str> = attacked.iter().copied().collect();
    assert_eq!(names.len(), attacked.len(), "a check is named twice");
    assert_eq!(names, r1cs().checks());
}

/// The products are sums over all words: none of them is left out on both sides.
#[test]
fn every_score_and_every_weight_is_in_the_products() {
    let honest = honest();
    let sample = &honest.samples[0];
    for score in 0..sample.preactivations.len() {
        let mut witness = honest.clone();
        witness.samples[0].preactivations[score] += 1;
        assert_eq!(refused(&witness), Some("products"), "score {score}");
    }
    for word in 0..sample.after.len() {
        let mut witness = honest.clone();
        plant_weights(&mut witness, |after| after[word] += one());
        rechain(&mut witness);
        restate(&mut witness);
        assert_eq!(refused(&witness), Some("products"), "word {word}");
    }
}

/// Both products are shown at one point only. Whoever knew the point before the weights after the step
/// are fixed could choose them to fit it; as it is, they move it.
#[test]
fn weights_chosen_to_fit_the_point() {
    let guess = Fr::from(5_u64);
    let mut witness = honest();
    // The change is folded with powers of the point: these two cancel there.
    plant_weights(&mut witness, |after| {
        after[0] -= guess;
        after[1] += one();
    });
    let guessed = Cheat::new(&witness).seize("point", guess).commit();
    assert_eq!(guessed.broken(), BTreeSet::new(), "it would be accepted");
    let refused = Cheat::new(&witness).commit();
    assert_eq!(refused.broken(), BTreeSet::from(["update"]));
}

/// The first step of the run: its weights are 0, and so are its scores, whatever the features.
fn first_step() -> Witness {
    Job::honest(TINY, 6).witness(&[(1, 0)])
}

fn half() -> Fr {
    Fr::from(2_u64).inverse().expect("2 is not 0")
}

/// Two ones in the lowest place in place of one in the next: the same number. For the ends of the window,
/// which other ranges bound too, nothing worse was found.
fn digits_that_carry(bits: &str) -> Cheat {
    let cheat = Cheat::new(&honest());
    cheat.add(bits, 0, from_int(2)).add(bits, 1, -one())
}

/// Rate and end share a word of the statement: 2^-40 of one is a second of the other.
fn another_rate_in_a_longer_window() -> Cheat {
    let mut witness = first_step();
    witness.end += 1;
    let less = power_of_two(40).inverse().expect("a power of two is not 0");
    let mut step = Step::of(&witness);
    step.rate -= less;
    plant_step(&mut witness, &step);
    Cheat::new(&witness).add("bits of rate", 0, -less).commit()
}

fn six_epochs_counted_as_seven() -> Cheat {
    let mut witness = honest();
    // What the last epoch counts for two, the one before counts against.
    witness.epochs[4].steps_root = witness.epochs[5].steps_root;
    let cheat = Cheat::new(&witness).bits("bits of active", 4, &[Fr::from(2_u64)]);
    let left = [Fr::zero(), Fr::zero(), one()];
    cheat.bits("bits of epochs left", 0, &left).commit()
}

fn a_hole_in_the_chain() -> Cheat {
    let mut witness = Job::honest(TINY, 7).witness(&[(5, 4)]);
    witness.epochs[1].steps_root = witness.epochs[2].steps_root;
    // The third epoch; the flags begin with the second.
    let cheat = Cheat::new(&witness).bits("bits of active", 1, &[Fr::zero()]);
    let left = [one(), Fr::zero(), Fr::zero()];
    cheat.bits("bits of epochs left", 0, &left).commit()
}

/// The fourth epoch ends five seconds before the third; `lowest` is said of the time between.
fn backwards(lowest: [Fr; 1]) -> Cheat {
    let mut witness = honest();
    witness.epochs[3].time = witness.epochs[2].time - 5;
    let mut digits = [Fr::zero(); 24];
    digits[0] = lowest[0];
    let cheat = Cheat::new(&witness);
    cheat.bits("bits of time passed", 3 * 24, &digits).commit()
}

/// The last epoch ends a second after the window.
fn beyond_the_window(lowest: [Fr; 1]) -> Cheat {
    let mut witness = honest();
    witness.end = witness.epochs[5].time - 1;
    let mut digits = [Fr::zero(); 40];
    digits[0] = lowest[0];
    let cheat = Cheat::new(&witness);
    cheat.bits("bits of time left", 0, &digits).commit()
}

fn metrics_edited_and_stated() -> Cheat {
    let mut witness = honest();
    witness.epochs[2].metrics += one();
    Cheat::new(&witness).state()
}

fn metrics_edited_and_committed_to() -> Cheat {
    let mut witness = honest();
    witness.root += one();
    witness.epochs[2].metrics += one();
    rechain(&mut witness);
    Cheat::new(&witness)
}

/// Epochs 2 and 4, a half each: their mean is 3, and so is the mean of their trees.
fn half_of_two_epochs() -> Cheat {
    let mut witness = honest();
    let [second, third] = [1, 2].map(|epoch: usize| witness.epochs[epoch].steps_root);
    witness.epochs[3].steps_root = third + third - second;
    let flags = [half(), Fr::zero(), half()];
    Cheat::new(&witness)
        .bits("bits of epoch", 1, &flags)
        .commit()
}

/// Epochs 1 and 2 in place of 3.
fn the_sum_of_two_epochs() -> Cheat {
    let mut witness = honest();
    witness.epochs[1].steps_root = witness.epochs[2].steps_root - witness.epochs[0].steps_root;
    let flags = [one(), one(), Fr::zero()];
    Cheat::new(&witness)
        .bits("bits of epoch", 0, &flags)
        .commit()
}

/// The number `digit` in the lowest bit alone, and leaves 0 and 1 such that it leads from `leaf` to
/// their parent.
fn astray(digit: u64, leaf: Fr) -> ([Fr; 3], [(usize, Fr); 2], Fr) {
    let (bit, sibling) = (Fr::from(digit), Fr::from(7_u64));
    let left = leaf + bit * (sibling - leaf);
    let leaves = [(0, left), (1, leaf + sibling - left)];
    ([bit, Fr::zero(), Fr::zero()], leaves, sibling)
}

/// The weights after step 4 are no leaf of the tree.
fn a_step_at_no_place() -> Cheat {
    let mut witness = honest();
    let sample = &witness.samples[0];
    let [before, after] = [&sample.before, &sample.after].map(|words| commitment(words));
    let (bits, [left, right], sibling) = astray(4, after);
    plant(&mut witness, &[left, right, (3, before)], [3, 0]);
    witness.samples[0].after_path[0] = sibling;
    Cheat::new(&witness).bits("bits of step", 0, &bits).commit()
}

/// The weights before step 4 are no leaf of the tree.
fn a_predecessor_at_no_place() -> Cheat {
    let mut witness = honest();
    let sample = &witness.samples[0];
    let [before, after] = [&sample.before, &sample.after].map(|words| commitment(words));
    let (bits, [left, right], sibling) = astray(3, before);
    plant(&mut witness, &[left, right, (4, after)], [0, 4]);
    witness.samples[0].before_path[0] = sibling;
    let cheat = Cheat::new(&witness);
    cheat.bits("bits of predecessor", 0, &bits).commit()
}

/// Two batches, again and again: above them both sides of the tree are alike, and lead anywhere.
fn another_batch_of_a_dataset_that_repeats() -> Cheat {
    let training = TINY.training.expect("a training circuit");
    let data = Dataset::new(&training, blobs::batches(&training, 2, 1)).expect("room");
    let mut witness = honest();
    let before = &Job::honest(TINY, 6).trajectory[20];
    witness.dataset = data.root();
    let sample = &mut witness.samples[0];
    let (asked, other) = (sample.sample.batch, sample.sample.batch ^ 1);
    sample.batch = data.batch(other).clone();
    sample.batch_path = data.path(other);
    sample.preactivations = preactivations(before, &sample.batch).expect("bounded");
    let step = Step::of(&witness);
    plant_step(&mut witness, &step);
    let (lowest, next) = match asked & 1 {
        1 => (-one(), half()),
        _ => (one(), -half()),
    };
    let cheat = Cheat::new(&witness).add("bits of batch", 0, lowest);
    cheat.add("bits of batch", 1, next).commit()
}

/// A sample in epoch 7, whose flag says that it did not take place. `lowest` is said of 6 − 7.
fn an_epoch_not_counted(lowest: [Fr; 1]) -> Cheat {
    let job = Job::honest(TINY, 7);
    let mut witness = job.witness(&[(7, 4)]);
    let sixth = job.transcript.steps_tree(6).expect("it was trained");
    witness.trained = sixth.leaves()[7];
    witness.trained_path = sixth.path(7);
    let cheat = Cheat::new(&witness).bits("bits of active", 5, &[Fr::zero()]);
    let left = [lowest[0], Fr::zero(), Fr::zero()];
    cheat.bits("bits of epochs left", 0, &left).commit()
}

fn other_trained_weights() -> Cheat {
    let mut witness = honest();
    witness.trained += one();
    Cheat::new(&witness).commit()
}

/// Step 0 "to an eighth" later: its predecessor is then 6, in the mean of two trees that are alike.
fn a_first_step_from_any_place() -> Cheat {
    let mut witness = Job::honest(TINY, 6).witness(&[(3, 0)]);
    let step = from_foreign_weights(&mut witness);
    let sample = &mut witness.samples[0];
    sample.after = step.from(&sample.before);
    let [before, after] = [&sample.before, &sample.after].map(|words| commitment(words));
    plant(&mut witness, &[(6, before), (0, after)], [6, 0]);
    witness.epochs[1].steps_root = witness.epochs[2].steps_root;
    let eighth = Fr::from(8_u64).inverse().expect("8 is not 0");
    Cheat::new(&witness)
        .nonzero("step 0 is not later", eighth)
        .bits("bits of predecessor", 0, &[Fr::zero(), one(), one()])
        .commit()
}

/// Step 4 "to nine eighths" later: its predecessor is then 2.
fn a_step_from_two_places_back() -> Cheat {
    let mut witness = skipping();
    witness.epochs[1].steps_root = witness.epochs[2].steps_root;
    let eighth = Fr::from(8_u64).inverse().expect("8 is not 0");
    Cheat::new(&witness)
        .nonzero("step 0 is not later", one() + eighth)
        .bits("bits of predecessor", 0, &[Fr::zero(), one(), Fr::zero()])
        .commit()
}

fn a_skipped_step() -> Cheat {
    let cheat = Cheat::new(&skipping());
    let two = [Fr::zero(), one(), Fr::zero()];
    cheat.bits("bits of predecessor", 0, &two).commit()
}

/// Step 4 goes on from leaf 2.
fn skipping() -> Witness {
    let mut witness = honest();
    let sample = &witness.samples[0];
    let [before, after] = [&sample.before, &sample.after].map(|words| commitment(words));
    plant(&mut witness, &[(2, before), (4, after)], [2, 4]);
    witness
}

/// Lets the sample start from weights of the cheat's own; returns the step that they make.
fn from_foreign_weights(witness: &mut Witness) -> Step {
    let foreign = random_weights(9);
    let sample = &mut witness.samples[0];
    sample.before = foreign.words();
    sample.preactivations = preactivations(&foreign, &sample.batch).expect("bounded");
    Step::of(witness)
}

fn foreign_weights_before() -> Cheat {
    let mut witness = honest();
    let step = from_foreign_weights(&mut witness);
    let sample = &mut witness.samples[0];
    sample.after = step.from(&sample.before);
    let after = commitment(&sample.after);
    plant(&mut witness, &[(4, after)], [3, 4]);
    Cheat::new(&witness).commit()
}

fn foreign_first_weights() -> Cheat {
    let mut witness = first_step();
    let step = from_foreign_weights(&mut witness);
    plant_step(&mut witness, &step);
    Cheat::new(&witness).commit()
}

fn foreign_weights_after() -> Cheat {
    let mut witness = honest();
    let before = commitment(&witness.samples[0].before);
    plant(&mut witness, &[(3, before), (4, one())], [3, 4]);
    Cheat::new(&witness).commit()
}

/// 256 more of the first feature and one less of the second are the same word.
fn features_that_borrow() -> Cheat {
    let mut witness = first_step();
    let mut step = Step::of(&witness);
    step.features[0] += Fr::from(256_u64);
    step.features[1] -= one();
    plant_step(&mut witness, &step);
    let cheat = Cheat::new(&witness);
    let cheat = cheat.add("bits of features", 7, from_int(2));
    cheat.add("bits of features", 8, -one()).commit()
}

/// Two more of the first mark and one less of the second are the same word.
fn marks_that_borrow() -> Cheat {
    let mut witness = first_step();
    let mut step = Step::of(&witness);
    step.errors[0] -= from_int(2 * (960 - 64));
    step.errors[1] += from_int(960 - 64);
    plant_step(&mut witness, &step);
    let cheat = Cheat::new(&witness);
    let cheat = cheat.add("bits of marks", 0, from_int(2));
    cheat.add("bits of marks", 1, -one()).commit()
}

/// Rows that are not the user's, trained on honestly.
fn rows_of_its_own() -> Cheat {
    let mut witness = first_step();
    witness.samples[0].batch.features[5] ^= 1;
    let step = Step::of(&witness);
    plant_step(&mut witness, &step);
    Cheat::new(&witness).commit()
}

/// 2^50 more of the first score and one less of the second are the same word.
fn scores_that_borrow() -> Cheat {
    let mut witness = first_step();
    let mut step = Step::of(&witness);
    // The top bit says how often p counts: three times. The neighbour's p falls from 512 to 511.
    step.errors[0] += from_int(2 * 512);
    step.errors[1] -= one();
    plant_step(&mut witness, &step);
    witness.samples[0].preactivations[0] += 1 << 50;
    witness.samples[0].preactivations[1] -= 1;
    Cheat::new(&witness).commit()
}

/// p of the first score is 1024 in place of 512.
fn an_upper_clamp_at_will() -> Cheat {
    let mut witness = first_step();
    let mut step = Step::of(&witness);
    step.errors[0] += from_int(512);
    plant_step(&mut witness, &step);
    let cheat = Cheat::new(&witness);
    cheat.nonzero("below 1024 is not over", one()).commit()
}

/// The first score is over 1024, and p what the cheat likes.
fn no_upper_clamp() -> Cheat {
    let mut witness = honest();
    let training = TINY.training.expect("a training circuit");
    let sample = &mut witness.samples[0];
    // Weights along the first row: all its scores are large.
    let row = &sample.batch.features[..usize::from(training.inputs)];
    let outputs = usize::from(training.outputs);
    let large = row.iter().flat_map(|x| vec![i64::from(*x) << 30; outputs]);
    let large = Weights::new(&training, large.collect()).expect("they fit");
    sample.before = large.words();
    sample.preactivations = preactivations(&large, &sample.batch).expect("bounded");
    let shifted = sample.preactivations[0] + (1 << 36);
    assert!(shifted >> 37 > 0, "over 1024");
    // 5·1024 − 4·(what its lower bits are) in place of 1024.
    let low = (shifted >> 27) & 1023;
    let mut step = Step::of(&witness);
    step.errors[0] += from_int(4 * (1024 - low));
    plant_step(&mut witness, &step);
    let cheat = Cheat::new(&witness);
    let five = Fr::from(5_u64);
    cheat.nonzero("below 1024 is not over", five).commit()
}

/// Scores that are not those of weights and rows, and the step that they make.
fn scores_of_its_own() -> Cheat {
    let mut witness = honest();
    witness.samples[0].preactivations[3] += 1 << 30;
    let step = Step::of(&witness);
    plant_step(&mut witness, &step);
    Cheat::new(&witness).commit()
}

fn a_weight_of_its_own() -> Cheat {
    let mut witness = honest();
    plant_weights(&mut witness, |after| after[0] += one());
    Cheat::new(&witness).commit()
}

/// Lets step 4 end at other weights, and plants them.
fn plant_weights(witness: &mut Witness, change: impl FnOnce(&mut [Fr])) {
    let sample = &mut witness.samples[0];
    change(&mut sample.after);
    let [before, after] = [&sample.before, &sample.after].map(|words| commitment(words));
    plant(witness, &[(3, before), (4, after)], [3, 4]);
}

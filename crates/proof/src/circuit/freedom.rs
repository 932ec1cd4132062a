//! What a prover may choose: the variables that it gives, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use ark_ff::{One as _, Zero as _};

use super::{
    Witness, assign,
    attacks::{computed, last_of},
    mutations::{honest, one, r1cs},
    witness::SampleWitness,
};
use crate::{
    field::Fr,
    sample_job::{Job, TINY},
};

/// Every variable that is not given follows from earlier ones, by a constraint of its own. So what a
/// cheat can choose is what it gives, and what binds that are the checks, each of which has its attack.
#[test]
fn every_variable_is_given_or_computed() {
    let mut given: BTreeSet<u32> = (1..r1cs().variables() as u32).collect();
    for row in (0..r1cs().constraints()).filter(|row| r1cs().check_of(*row).is_none()) {
        let variable = computed(row);
        assert!(given.remove(&variable), "{variable} is computed twice");
        let [a, b, _] = r1cs().matrices();
        let mut from = a.row(row).iter().chain(b.row(row));
        assert!(from.all(|(earlier, _)| *earlier < variable), "row {row}");
    }
    let bits = (0..r1cs().constraints())
        .filter_map(|row| r1cs().check_of(row))
        .filter(|check| check.starts_with("bits of "));
    let sample = &honest().samples[0];
    let words = [
        // The statement, its public input among it; root, metrics and time of each epoch.
        6 + 3 * usize::from(TINY.epochs),
        sample.before.len() + sample.after.len(),
        // Siblings: of the last weights, of both weights of the sample, of its batch.
        3 * usize::from(TINY.step_bits) + sample.batch_path.len(),
        // Whether the step is 0 and whether a score is over 1024, with an inverse each.
        2 * (1 + sample.preactivations.len()),
    ];
    let expected = bits.count() + words.iter().sum::<usize>();
    assert_eq!(given.len(), expected);
}

/// Every variable that is 0 or 1 in honest runs has a constraint of its own that demands just that,
/// except for those that are computed.
#[test]
fn every_bit_is_a_bit() {
    let runs = [
        (6, (3, 4)),
        (8, (8, 7)),
        (8, (1, 0)),
        (7, (5, 2)),
        (8, (2, 1)),
        (1, (1, 3)),
    ];
    let honest: Vec<_> = runs
        .map(|(epochs, place)| assign(&TINY, r1cs(), &Job::honest(TINY, epochs).witness(&[place])))
        .into();
    let binary = |variable: &usize| {
        let mut values = honest.iter().map(|run| run.values()[*variable]);
        values.all(|value| value.is_zero() || value.is_one())
    };
    let rows = r1cs().rows_of_variables();
    let mut values = honest[0].values().to_vec();
    let mut pinned = |variable: usize| {
        let old = values[variable];
        let own = rows[variable].iter().any(|row| {
            let alone = r1cs().matrices().iter().all(|matrix| {
                let mut terms = matrix.row(*row as usize).iter();
                terms.all(|(other, _)| *other == 0 || *other as usize == variable)
            });
            let cases = [
                (Fr::zero(), true),
                (one(), true),
                (one() + one(), false),
                (-one(), false),
            ];
            alone
                && cases.iter().all(|(value, good)| {
                    values[variable] = *value;
                    r1cs().holds(*row, &values) == *good
                })
        });
        values[variable] = old;
        own
    };
    let mut others = BTreeMap::new();
    let mut count = 0;
    for variable in (2..r1cs().variables()).filter(binary) {
        if pinned(variable) {
            count += 1;
        } else {
            *others
                .entry(r1cs().section_of(rows[variable][0] as usize))
                .or_insert(0) += 1;
        }
    }
    assert_eq!(count, 3012);
    // A score's inverse, flag and lower clamp (all three zero here); the step's inverse and flag and
    // what is chosen by them; which epoch is the last.
    let expected = BTreeMap::from([("activation", 96), ("openings", 8), ("trained weights", 4)]);
    assert_eq!(others, expected);
}

/// Changing any one variable of a true assignment breaks some constraint, except for inverses of
/// zero, which nothing depends on.
#[test]
fn no_variable_can_move_alone() {
    let mut assignment = assign(&TINY, r1cs(), &honest());
    let rows = r1cs().rows_of_variables();
    let delta = Fr::from(0x1234_5678_9abc_u64);
    let mut free = Vec::new();
    for variable in 1..r1cs().variables() {
        let values = assignment.values_mut();
        values[variable] += delta;
        let broken = rows[variable].iter().any(|row| !r1cs().holds(*row, values));
        values[variable] -= delta;
        if !broken {
            free.push(r1cs().section_of(rows[variable][0] as usize));
        }
    }
    // One inverse per pre-activation that is not beyond 1024.
    assert!(free.len() <= 32, "{free:?}");
    assert!(
        free.iter().all(|section| *section == "activation"),
        "{free:?}"
    );
    r1cs().check(&assignment).unwrap();
}

/// The random point differs as soon as any score, word of weights, feature, mark or anything stated
/// does: nothing can be chosen after it.
#[test]
fn the_point_moves_with_all_that_was_chosen() {
    let point =
        |witness: &Witness| assign(&TINY, r1cs(), witness).values()[last_of("point") as usize];
    let honest = honest();
    let mut seen = BTreeSet::from([point(&honest)]);
    let mut moves = |change: &dyn Fn(&mut Witness)| {
        let mut witness = honest.clone();
        change(&mut witness);
        assert!(seen.insert(point(&witness)), "the point stayed");
    };
    moves(&|w| w.public_input += Fr::one());
    let mut moves_sample =
        |change: &dyn Fn(&mut SampleWitness)| moves(&|w| change(&mut w.samples[0]));
    let sample = &honest.samples[0];
    for score in 0..sample.preactivations.len() {
        moves_sample(&|s| s.preactivations[score] += 1);
    }
    for word in 0..sample.before.len() {
        moves_sample(&|s| s.before[word] += Fr::one());
        moves_sample(&|s| s.after[word] += Fr::one());
    }
    for feature in 0..sample.batch.features.len() {
        moves_sample(&|s| s.batch.features[feature] ^= 1);
    }
    for mark in 0..sample.batch.targets.len() {
        moves_sample(&|s| s.batch.targets[mark] ^= true);
    }
}

//! One step of IntSGD-v1, exact.

use cyxwiz_statement::{Circuit, Training};

use super::{
    activation,
    builder::Builder,
    chain::{Chain, Place},
    products::{self, Step},
    wire::Wire,
    witness::SampleWitness,
};
use crate::{
    field::{Fr, power_of_two},
    intsgd::{FEATURES_PER_WORD, SLOT_BITS, SLOTS, TARGETS_PER_WORD},
    poseidon::Tag,
};

pub(super) fn describe(
    builder: &mut Builder,
    circuit: &Circuit,
    training: &Training,
    chain: &Chain,
    place: &Place,
    witness: &SampleWitness,
) {
    builder.section("weights");
    let before: Vec<Wire> = witness.before.iter().map(|w| builder.witness(*w)).collect();
    let after: Vec<Wire> = witness.after.iter().map(|w| builder.witness(*w)).collect();
    let commitment_before = builder.hash_vector(Tag::Weights, &before);
    let commitment_before = builder.variable(&commitment_before);
    let commitment_after = builder.hash_vector(Tag::Weights, &after);
    let commitment_after = builder.variable(&commitment_after);

    builder.section("openings");
    open(
        builder,
        circuit,
        chain,
        place,
        witness,
        [&commitment_before, &commitment_after],
    );

    builder.section("batch");
    let rows = Rows::describe(builder, witness);
    let leaf = builder.hash_vector(Tag::Batch, &rows.words);
    let leaf = builder.variable(&leaf);
    let dataset = builder.merkle_root(&leaf, &place.batch, &witness.batch_path);
    builder.equal("batch", &dataset, &chain.dataset);

    builder.section("activation");
    let outputs = usize::from(training.outputs);
    let mut preactivations = Vec::with_capacity(witness.preactivations.len());
    let mut errors = Vec::with_capacity(witness.preactivations.len());
    for (z, mark) in witness.preactivations.iter().zip(&rows.marks) {
        let (z, error) = activation::describe(builder, *z, mark);
        preactivations.push(z);
        errors.push(error);
    }
    let pack = |wires: &[Wire]| -> Vec<Wire> {
        let rows = wires.chunks(outputs);
        let words = rows.flat_map(|row| row.chunks(SLOTS));
        words.map(|slots| Wire::packed(SLOT_BITS, slots)).collect()
    };
    let packed = pack(&preactivations);
    let preactivations: Vec<Wire> = packed.iter().map(|word| builder.variable(word)).collect();

    // A random point that follows from everything the prover chose: the statement (with it chain,
    // challenge and randomness), both weights, the batch and the pre-activations. The errors follow
    // from pre-activations and batch.
    builder.section("point");
    let mut chosen = vec![
        chain.public_input.clone(),
        commitment_before,
        commitment_after,
        leaf,
    ];
    chosen.extend_from_slice(&preactivations);
    let point = builder.hash_vector(Tag::Point, &chosen);
    let point = builder.variable(&point);

    builder.section("products");
    let step = Step {
        inputs: usize::from(training.inputs),
        features: &rows.features,
        before: &before,
        after: &after,
        preactivations: &preactivations,
        errors: &pack(&errors),
        rate: &chain.rate,
    };
    products::describe(builder, &step, &point);
}

/// Shows that both commitments lie in the chain, the second right after the first.
fn open(
    builder: &mut Builder,
    circuit: &Circuit,
    chain: &Chain,
    place: &Place,
    witness: &SampleWitness,
    [before, after]: [&Wire; 2],
) {
    let own_root = builder.inner_product(&place.epoch, &chain.step_roots);
    let root_before = builder.inner_product(&place.epoch[1..], &chain.step_roots);

    // The leaf before leaf 0 is the last one of the epoch before.
    let step = Wire::packed(1, &place.step);
    let checks = ["step 0 is not later", "a step after 0 is later"];
    let is_later = builder.is_nonzero(checks, &step);
    let (last, j) = (circuit.steps() as u64 - 1, u64::from(witness.sample.step));
    let index_before = j.checked_sub(1).unwrap_or(last);
    let index_before = builder.bits("bits of predecessor", index_before, place.step.len());
    let wrapped = is_later.not().times(Fr::from(u64::from(circuit.steps())));
    let expected = step.minus(&Wire::one()).plus(&wrapped);
    builder.equal("predecessor", &Wire::packed(1, &index_before), &expected);

    // The very first step starts from the statement's weights, and nothing is opened for it.
    let is_first = builder.product(&place.epoch[0], &is_later.not());
    let root = builder.select(&is_later, &own_root, &root_before);
    let opened = builder.merkle_root(before, &index_before, &witness.before_path);
    let difference = opened.minus(&root);
    builder.enforce(
        "weights before",
        &difference,
        &is_first.not(),
        &Wire::zero(),
    );
    let difference = before.minus(&chain.initial);
    builder.enforce("initial weights", &difference, &is_first, &Wire::zero());

    let opened = builder.merkle_root(after, &place.step, &witness.after_path);
    builder.equal("weights after", &opened, &own_root);
}

/// A batch, unpacked.
struct Rows {
    /// Units of 2^-7, row after row.
    features: Vec<Wire>,
    /// One per row and class.
    marks: Vec<Wire>,
    /// As committed.
    words: Vec<Wire>,
}

impl Rows {
    fn describe(builder: &mut Builder, witness: &SampleWitness) -> Self {
        let bytes: Vec<Wire> = witness
            .batch
            .features
            .iter()
            .map(|feature| {
                let byte = (i64::from(*feature) + 128) as u64;
                Wire::packed(1, &builder.bits("bits of features", byte, 8))
            })
            .collect();
        let marks: Vec<Wire> = witness
            .batch
            .targets
            .iter()
            .map(|mark| builder.boolean("bits of marks", *mark))
            .collect();
        let mut words = Vec::new();
        for chunk in bytes.chunks(FEATURES_PER_WORD) {
            words.push(builder.variable(&Wire::packed(8, chunk)));
        }
        for chunk in marks.chunks(TARGETS_PER_WORD) {
            words.push(builder.variable(&Wire::packed(1, chunk)));
        }
        let centre = -power_of_two(7);
        let features = bytes
            .into_iter()
            .map(|byte| byte.plus_constant(centre))
            .collect();
        Self {
            features,
            marks,
            words,
        }
    }
}

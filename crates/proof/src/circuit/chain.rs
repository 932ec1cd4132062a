//! The part that every circuit has: statement, hash chain, root, and where the samples lie.

use ark_ff::One as _;
use cyxwiz_statement::Circuit;

use super::{builder::Builder, wire::Wire, witness::Witness};
use crate::{
    commitment::empty_roots,
    field::{Fr, power_of_two},
    transcript::{GENESIS, TIME_BITS, epochs_depth},
};

/// Bits of a Unix time in the statement.
const CLOCK_BITS: usize = 40;

/// Bits of the learning rate in the statement.
const RATE_BITS: usize = 16;

/// What the sampled steps are shown against.
pub(super) struct Chain {
    pub public_input: Wire,
    pub dataset: Wire,
    pub initial: Wire,
    pub rate: Wire,
    /// S_E of each epoch.
    pub step_roots: Vec<Wire>,
    /// Where each sample lies.
    pub places: Vec<Place>,
}

/// Where a sampled step lies, bound to the statement's challenge.
pub(super) struct Place {
    /// One for its epoch, zero for the others.
    pub epoch: Vec<Wire>,
    /// The step within the epoch, in bits.
    pub step: Vec<Wire>,
    /// The batch, in bits.
    pub batch: Vec<Wire>,
}

pub(super) fn describe(builder: &mut Builder, circuit: &Circuit, witness: &Witness) -> Chain {
    builder.section("statement");
    let public_input = builder.witness(witness.public_input);
    let context = builder.witness(witness.context);
    let dataset = builder.witness(witness.dataset);
    let initial = builder.witness(witness.initial);
    let trained = builder.witness(witness.trained);
    let root = builder.witness(witness.root);
    let start = Wire::packed(1, &builder.bits("bits of start", witness.start, CLOCK_BITS));
    let end = Wire::packed(1, &builder.bits("bits of end", witness.end, CLOCK_BITS));
    let rate = match circuit.training {
        Some(_) => {
            let packed = Wire::packed(1, &builder.bits("bits of rate", witness.rate, RATE_BITS));
            builder.variable(&packed)
        }
        None => Wire::zero(),
    };

    builder.section("chain");
    let genesis = [
        context.clone(),
        dataset.clone(),
        initial.clone(),
        Wire::number(GENESIS),
    ];
    let genesis = builder.poseidon(&genesis);
    let epochs = Epochs::describe(builder, circuit, witness, genesis, [&start, &end]);

    builder.section("root");
    let computed = root_of(builder, epochs.heads, epochs_depth(circuit));
    builder.equal("root", &computed, &root);

    builder.section("challenge");
    let count = Wire::sum(epochs.active.iter().map(|active| (Fr::one(), active)));
    let places: Vec<Place> = (0..witness.samples.len())
        .map(|k| Place::describe(builder, circuit, witness, k, &count))
        .collect();

    builder.section("public input");
    let meta = Wire::sum([
        (Fr::one(), &count),
        (power_of_two(16), &Wire::number(u64::from(circuit.steps()))),
        (power_of_two(32), &start),
        (power_of_two(72), &end),
        (power_of_two(112), &rate),
    ]);
    let words: Vec<Wire> = places.iter().map(Place::word).collect();
    let words = [
        context,
        dataset.clone(),
        initial.clone(),
        trained.clone(),
        root,
        meta,
        Wire::packed(52, &words),
    ];
    let computed = builder.poseidon(&words);
    builder.equal("public input", &computed, &public_input);

    builder.section("trained weights");
    let last_root = last_active(builder, &epochs.active, &epochs.step_roots);
    let last_leaf = vec![Wire::one(); usize::from(circuit.step_bits)];
    let opened = builder.merkle_root(&trained, &last_leaf, &witness.trained_path);
    builder.equal("trained weights", &opened, &last_root);

    Chain {
        public_input,
        dataset,
        initial,
        rate,
        step_roots: epochs.step_roots,
        places,
    }
}

/// The hash chain.
struct Epochs {
    /// One for each epoch that took place, then zeros.
    active: Vec<Wire>,
    step_roots: Vec<Wire>,
    /// H_E where the epoch took place, else 0.
    heads: Vec<Wire>,
}

impl Epochs {
    fn describe(
        builder: &mut Builder,
        circuit: &Circuit,
        witness: &Witness,
        genesis: Wire,
        [start, end]: [&Wire; 2],
    ) -> Self {
        let capacity = usize::from(circuit.epochs);
        let mut epochs = Self {
            active: vec![Wire::one()],
            step_roots: Vec::with_capacity(capacity),
            heads: Vec::with_capacity(capacity),
        };
        // The first epoch always took place; one that did not is followed by none that did.
        for epoch in 1..capacity {
            let active = builder.boolean("bits of active", epoch < witness.epochs.len());
            let missing = epochs.active[epoch - 1].not();
            builder.enforce("active epochs first", &active, &missing, &Wire::zero());
            epochs.active.push(active);
        }
        let (mut head, mut before, mut clock) = (genesis, start.clone(), witness.start);
        for (epoch, active) in epochs.active.iter().enumerate() {
            let own = witness.epochs.get(epoch);
            let zero = Fr::from(0_u64);
            let step_root = builder.witness(own.map_or(zero, |epoch| epoch.steps_root));
            let metrics = builder.witness(own.map_or(zero, |epoch| epoch.metrics));
            // The clock stands still in epochs that did not take place.
            let now = own.map_or(clock, |epoch| epoch.time);
            let time = builder.witness(Fr::from(now));
            let passed = now.wrapping_sub(clock);
            let checks = ["bits of time passed", "time passed"];
            builder.range(checks, &time.minus(&before), passed, TIME_BITS);
            let words = [head, step_root.clone(), metrics, time.clone()];
            head = builder.poseidon(&words);
            epochs.heads.push(builder.product(active, &head));
            epochs.step_roots.push(step_root);
            (before, clock) = (time, now);
        }
        let rest = witness.end.wrapping_sub(clock);
        let checks = ["bits of time left", "time left"];
        builder.range(checks, &end.minus(&before), rest, CLOCK_BITS);
        epochs
    }
}

/// The root of a tree over these leaves, the missing ones 0.
fn root_of(builder: &mut Builder, leaves: Vec<Wire>, depth: usize) -> Wire {
    let mut layer = leaves;
    for empty in empty_roots().take(depth) {
        let parent = |pair: &[Wire]| {
            let right = pair.get(1).cloned();
            let right = right.unwrap_or_else(|| Wire::constant(empty));
            builder.poseidon(&[pair[0].clone(), right])
        };
        layer = layer.chunks(2).map(parent).collect();
    }
    layer.swap_remove(0)
}

/// The value of the last epoch that took place.
fn last_active(builder: &mut Builder, active: &[Wire], values: &[Wire]) -> Wire {
    let products: Vec<Wire> = values
        .iter()
        .enumerate()
        .map(|(epoch, value)| {
            let next = active.get(epoch + 1);
            let is_last =
                next.map_or_else(|| active[epoch].clone(), |next| active[epoch].minus(next));
            builder.product(&is_last, value)
        })
        .collect();
    Wire::sum(products.iter().map(|product| (Fr::one(), product)))
}

impl Place {
    /// Binds sample `k` to an epoch that took place: one of `count`.
    fn describe(
        builder: &mut Builder,
        circuit: &Circuit,
        witness: &Witness,
        k: usize,
        count: &Wire,
    ) -> Self {
        let sample = &witness.samples[k].sample;
        let epoch: Vec<Wire> = (1..=circuit.epochs)
            .map(|epoch| builder.boolean("bits of epoch", epoch == sample.epoch))
            .collect();
        let ones = Wire::sum(epoch.iter().map(|flag| (Fr::one(), flag)));
        builder.equal("one epoch", &ones, &Wire::one());
        let batch_bits = circuit.training.map_or(0, |training| training.batch_bits);
        let (step, step_bits) = (u64::from(sample.step), usize::from(circuit.step_bits));
        let (batch, batch_bits) = (u64::from(sample.batch), usize::from(batch_bits));
        let place = Self {
            epoch,
            step: builder.bits("bits of step", step, step_bits),
            batch: builder.bits("bits of batch", batch, batch_bits),
        };
        // count − epoch is not negative: it fits the bits of the largest difference.
        let left = (witness.epochs.len() as u64).wrapping_sub(u64::from(sample.epoch));
        let bits = u16::BITS - (circuit.epochs - 1).leading_zeros();
        let checks = ["bits of epochs left", "epochs left"];
        builder.range(
            checks,
            &count.minus(&place.epoch_number()),
            left,
            bits as usize,
        );
        place
    }

    fn epoch_number(&self) -> Wire {
        Wire::sum((1_u64..).map(Fr::from).zip(&self.epoch))
    }

    /// epoch + 2^16·step + 2^32·batch.
    fn word(&self) -> Wire {
        let digits = [
            self.epoch_number(),
            Wire::packed(1, &self.step),
            Wire::packed(1, &self.batch),
        ];
        Wire::packed(16, &digits)
    }
}

//! A cheat that chooses what it gives, and computes the rest as the circuit demands.

use std::collections::BTreeSet;

use ark_ff::Zero as _;

use super::super::{
    assign,
    mutations::r1cs,
    wire::Variable,
    witness::{SampleWitness, Witness},
};
use crate::{
    commitment::MerkleTree,
    field::{Fr, from_int, power_of_two},
    intsgd::{SLOT_BITS, error_signal},
    poseidon::{Tag, hash_vector},
    sample_job::TINY,
};

/// An assignment in which what is given can be changed at will.
pub(super) struct Cheat {
    values: Vec<Fr>,
    /// A computed variable that is given all the same.
    seized: Option<Variable>,
}

impl Cheat {
    /// Gives what the witness holds.
    pub fn new(witness: &Witness) -> Self {
        Self {
            values: assign(&TINY, r1cs(), witness).values().to_vec(),
            seized: None,
        }
    }

    /// The given variables of the checks of this name: what A, B or C (0, 1, 2) of each consists of.
    fn given(check: &str, side: usize) -> Vec<Variable> {
        let rows = (0..r1cs().constraints()).filter(|row| r1cs().check_of(*row) == Some(check));
        let variable = |row| match r1cs().matrices()[side].row(row) {
            [(variable, _)] => *variable,
            other => panic!("{check}: {} variables", other.len()),
        };
        rows.map(variable).collect()
    }

    /// Replaces bits, from the one of this number on. Those of a name are numbered in the order of the
    /// circuit's description.
    pub fn bits(mut self, check: &str, from: usize, digits: &[Fr]) -> Self {
        let bits = &Self::given(check, 0)[from..][..digits.len()];
        for (bit, digit) in bits.iter().zip(digits) {
            self.values[*bit as usize] = *digit;
        }
        self
    }

    /// Replaces a bit by what it is and this.
    pub fn add(mut self, check: &str, number: usize, amount: Fr) -> Self {
        self.values[Self::given(check, 0)[number] as usize] += amount;
        self
    }

    /// Says of the first wire that the check looks at, whatever it is, that it is "not 0" to this
    /// extent. `check` is the one for wires that are 0.
    pub fn nonzero(mut self, check: &str, extent: Fr) -> Self {
        let [inverse, nonzero] = [1, 2].map(|side| Self::given(check, side)[0] as usize);
        let was = std::mem::replace(&mut self.values[nonzero], extent);
        if !was.is_zero() {
            self.values[inverse] *= extent;
        }
        self
    }

    /// Gives a value of its own where the circuit computes one: that of the last row of a section.
    pub fn seize(mut self, section: &str, value: Fr) -> Self {
        let variable = last_of(section);
        self.values[variable as usize] = value;
        self.seized = Some(variable);
        self
    }

    /// Computes what follows from what is given, and gives as root and as public input what they
    /// then have to be: what a cheat commits to and states.
    pub fn commit(self) -> Self {
        self.compute().meet("root").state()
    }

    /// As [`Self::commit`], with the root as it is given.
    pub fn state(self) -> Self {
        self.compute().meet("public input")
    }

    /// Gives the right side of an equality the value of its left side.
    fn meet(mut self, check: &str) -> Self {
        let right = Self::given(check, 2)[0] as usize;
        let row = (0..r1cs().constraints()).find(|row| r1cs().check_of(*row) == Some(check));
        self.values[right] = self.product(row.expect("it is a check of the circuit"));
        self.compute()
    }

    /// Computes every variable that is not given.
    pub fn compute(mut self) -> Self {
        for row in 0..r1cs().constraints() {
            if r1cs().check_of(row).is_some() {
                continue;
            }
            let variable = computed(row);
            if self.seized != Some(variable) {
                self.values[variable as usize] = self.product(row);
            }
        }
        self
    }

    /// A·B of a row.
    fn product(&self, row: usize) -> Fr {
        let [a, b, _] = r1cs().sides(row as u32, &self.values);
        a * b
    }

    /// The checks that refuse it.
    pub fn broken(&self) -> BTreeSet<&'static str> {
        (0..r1cs().constraints())
            .filter(|row| !r1cs().holds(*row as u32, &self.values))
            .filter_map(|row| r1cs().check_of(row))
            .collect()
    }
}

/// The variable that a row computes.
pub(in super::super) fn computed(row: usize) -> Variable {
    match r1cs().matrices()[2].row(row) {
        [(variable, 0)] => *variable,
        other => panic!("row {row} computes {other:?}"),
    }
}

/// The variable that the last row of a section computes.
pub(in super::super) fn last_of(section: &str) -> Variable {
    let rows = (0..r1cs().constraints()).rev();
    let mut own = rows.filter(|row| r1cs().section_of(*row) == section);
    computed(own.next().expect("a section of the circuit"))
}

/// Weights as the circuit hashes them.
pub(super) fn commitment(words: &[Fr]) -> Fr {
    hash_vector(Tag::Weights, words)
}

/// A step in field elements: what the second product demands. TINY has one word per row.
pub(super) struct Step {
    /// One per row and feature.
    pub features: Vec<Fr>,
    /// p − y, one per row and class.
    pub errors: Vec<Fr>,
    pub rate: Fr,
}

impl Step {
    /// The honest one for the sample's pre-activations and batch.
    pub fn of(witness: &Witness) -> Self {
        let sample = &witness.samples[0];
        let features = sample.batch.features.iter();
        let scores = sample.preactivations.iter().zip(&sample.batch.targets);
        Self {
            features: features.map(|x| from_int(i64::from(*x))).collect(),
            errors: scores
                .map(|(z, mark)| from_int(error_signal(*z, *mark)))
                .collect(),
            rate: Fr::from(witness.rate),
        }
    }

    /// W − rate·XᵀE.
    pub fn from(&self, before: &[Fr]) -> Vec<Fr> {
        let mut after = before.to_vec();
        let (inputs, outputs) = (before.len(), self.errors.len() * before.len());
        let outputs = outputs / self.features.len();
        let rows = self
            .features
            .chunks(inputs)
            .zip(self.errors.chunks(outputs));
        for (features, errors) in rows {
            let slots = (0..).map(|slot| power_of_two(SLOT_BITS * slot));
            let word: Fr = errors.iter().zip(slots).map(|(e, slot)| slot * e).sum();
            for (weight, feature) in after.iter_mut().zip(features) {
                *weight -= self.rate * feature * word;
            }
        }
        after
    }
}

/// Puts a tree of the cheat's own in the place of the sampled epoch's: these leaves, the others 0. The
/// sample's paths are those of leaves `opened` (before, after).
pub(super) fn plant(witness: &mut Witness, leaves: &[(usize, Fr)], opened: [usize; 2]) {
    let mut all = vec![Fr::zero(); TINY.steps() as usize];
    for (index, leaf) in leaves {
        all[*index] = *leaf;
    }
    let tree = MerkleTree::new(usize::from(TINY.step_bits), all);
    let sample: &mut SampleWitness = &mut witness.samples[0];
    [sample.before_path, sample.after_path] = opened.map(|leaf| tree.path(leaf));
    witness.epochs[usize::from(sample.sample.epoch) - 1].steps_root = tree.root();
}

/// Plants the sample's weights where an honest run has them, `after` those that the step makes.
pub(super) fn plant_step(witness: &mut Witness, step: &Step) {
    let sample = &mut witness.samples[0];
    sample.after = step.from(&sample.before);
    let (j, last) = (usize::from(sample.sample.step), TINY.steps() as usize - 1);
    let [before, after] = [&sample.before, &sample.after].map(|words| commitment(words));
    match j {
        0 => plant(witness, &[(0, after)], [last, 0]),
        _ => plant(witness, &[(j - 1, before), (j, after)], [j - 1, j]),
    }
}

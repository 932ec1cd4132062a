//! A rank-1 constraint system: rows A, B, C with (A·w)(B·w) = C·w.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

#[cfg(test)]
use std::collections::BTreeSet;

use ark_ff::{One as _, Zero as _};
use ark_relations::r1cs::{
    ConstraintMatrices, ConstraintSynthesizer, ConstraintSystemRef, LinearCombination,
    SynthesisError, Variable as ArkVariable,
};
use ark_std::cfg_into_iter;
#[cfg(feature = "parallel")]
use rayon::prelude::*;

use super::wire::{Variable, Wire};
use crate::field::{Fr, to_word};

/// Public inputs of every circuit.
pub(crate) const PUBLIC_INPUTS: usize = 1;

/// A sparse matrix, row after row. Coefficients are indices into the system's table: there are
/// millions of entries but only thousands of different coefficients.
#[derive(Default)]
pub(crate) struct Matrix {
    ends: Vec<u32>,
    entries: Vec<(Variable, u32)>,
}

impl Matrix {
    pub fn row(&self, index: usize) -> &[(Variable, u32)] {
        let start = match index {
            0 => 0,
            _ => self.ends[index - 1] as usize,
        };
        &self.entries[start..self.ends[index] as usize]
    }

    pub fn rows(&self) -> usize {
        self.ends.len()
    }

    pub fn entries(&self) -> usize {
        self.entries.len()
    }
}

/// A circuit's constraints. Variable 0 is the constant one, variable 1 the public input.
pub struct R1cs {
    a: Matrix,
    b: Matrix,
    c: Matrix,
    coefficients: Vec<Fr>,
    variables: usize,
    sections: Vec<(&'static str, usize)>,
    checks: Vec<(&'static str, usize)>,
}

/// Values for all variables of a circuit, secrets included.
pub struct Assignment(Vec<Fr>);

impl Assignment {
    pub(super) fn new(values: Vec<Fr>) -> Self {
        Self(values)
    }

    /// The values, variable 0 (one) and 1 (the public input) first.
    pub fn values(&self) -> &[Fr] {
        &self.0
    }

    /// The public input.
    pub fn public_input(&self) -> Fr {
        self.0[PUBLIC_INPUTS]
    }
}

/// A constraint that an assignment does not meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the transcript does not satisfy the circuit: \"{check}\" of part \"{section}\" (constraint {row}); the run or its record is wrong, and there is no proof of it"
)]
pub struct Unsatisfied {
    /// The part of the circuit.
    pub section: &'static str,
    /// What is checked there.
    pub check: &'static str,
    /// The constraint's number.
    pub row: usize,
}

impl R1cs {
    /// Number of constraints.
    pub fn constraints(&self) -> usize {
        self.a.rows()
    }

    /// Number of variables, the constant one and the public input included.
    pub fn variables(&self) -> usize {
        self.variables
    }

    /// Constraints of each part of the circuit, in order.
    pub fn sections(&self) -> Vec<(&'static str, usize)> {
        let ends = self.sections[1..].iter().map(|(_, start)| *start);
        let ends = ends.chain([self.constraints()]);
        let sections = self.sections.iter().zip(ends);
        sections
            .map(|((name, start), end)| (*name, end - start))
            .collect()
    }

    /// SHA-256 over everything that makes the system: keys belong to this digest.
    pub fn digest(&self) -> [u8; 32] {
        use sha2::Digest as _;
        let mut hasher = sha2::Sha256::new_with_prefix(b"cyxwiz/r1cs/v1");
        let mut number = |number: usize| hasher.update((number as u64).to_be_bytes());
        [self.variables, self.constraints(), self.coefficients.len()]
            .into_iter()
            .for_each(&mut number);
        for coefficient in &self.coefficients {
            hasher.update(to_word(*coefficient));
        }
        for matrix in [&self.a, &self.b, &self.c] {
            for end in &matrix.ends {
                hasher.update(end.to_be_bytes());
            }
            for (variable, coefficient) in &matrix.entries {
                hasher.update(variable.to_be_bytes());
                hasher.update(coefficient.to_be_bytes());
            }
        }
        hasher.finalize().into()
    }

    /// The inner products of a matrix's rows with an assignment.
    fn evaluate(&self, matrix: &Matrix, values: &[Fr]) -> Vec<Fr> {
        let row = |index| {
            let mut sum = Fr::zero();
            for (variable, coefficient) in matrix.row(index) {
                let value = values[*variable as usize];
                // Entry 0 of the table is one, by far the most frequent.
                sum += match coefficient {
                    0 => value,
                    index => self.coefficients[*index as usize] * value,
                };
            }
            sum
        };
        cfg_into_iter!(0..matrix.rows()).map(row).collect()
    }

    /// Finds the first constraint that an assignment does not meet.
    pub fn check(&self, assignment: &Assignment) -> Result<(), Unsatisfied> {
        self.satisfied_rows(assignment).map(|_| ())
    }

    /// The values of A's and B's rows under an assignment that meets all constraints.
    pub(crate) fn satisfied_rows(
        &self,
        assignment: &Assignment,
    ) -> Result<(Vec<Fr>, Vec<Fr>), Unsatisfied> {
        let [a, b, c] =
            [&self.a, &self.b, &self.c].map(|matrix| self.evaluate(matrix, assignment.values()));
        let products = a.iter().zip(&b).zip(&c);
        let wrong = products
            .enumerate()
            .find(|(_, ((a, b), c))| **a * *b != **c);
        let Some((row, _)) = wrong else {
            return Ok((a, b));
        };
        Err(Unsatisfied {
            section: self.section_of(row),
            check: self.check_of(row).unwrap_or("a computed value"),
            row,
        })
    }

    /// The part of the circuit that a constraint belongs to.
    pub(super) fn section_of(&self, row: usize) -> &'static str {
        let section = self.sections.iter().rev().find(|(_, start)| *start <= row);
        section.map_or("", |(name, _)| name)
    }

    /// The name of a constraint that is a check; the others each compute a variable.
    pub(super) fn check_of(&self, row: usize) -> Option<&'static str> {
        let found = self.checks.binary_search_by_key(&row, |(_, row)| *row);
        found.ok().map(|index| self.checks[index].0)
    }

    /// A, B and C.
    pub(crate) fn matrices(&self) -> [&Matrix; 3] {
        [&self.a, &self.b, &self.c]
    }

    /// The value of a matrix's coefficient.
    pub(crate) fn coefficient(&self, index: u32) -> Fr {
        self.coefficients[index as usize]
    }

    /// The matrices as arkworks has them.
    pub fn to_matrices(&self) -> ConstraintMatrices<Fr> {
        let matrix = |matrix: &Matrix| -> Vec<Vec<(Fr, usize)>> {
            let entry = |(variable, coefficient): &(Variable, u32)| {
                let coefficient = self.coefficients[*coefficient as usize];
                (coefficient, *variable as usize)
            };
            let row = |index| matrix.row(index).iter().map(entry).collect();
            (0..matrix.rows()).map(row).collect()
        };
        ConstraintMatrices {
            num_instance_variables: 1 + PUBLIC_INPUTS,
            num_witness_variables: self.variables - 1 - PUBLIC_INPUTS,
            num_constraints: self.constraints(),
            a_num_non_zero: self.a.entries(),
            b_num_non_zero: self.b.entries(),
            c_num_non_zero: self.c.entries(),
            a: matrix(&self.a),
            b: matrix(&self.b),
            c: matrix(&self.c),
        }
    }
}

#[cfg(test)]
impl Assignment {
    pub(super) fn values_mut(&mut self) -> &mut [Fr] {
        &mut self.0
    }
}

#[cfg(test)]
impl R1cs {
    /// The constraints that each variable is in.
    pub(super) fn rows_of_variables(&self) -> Vec<Vec<u32>> {
        let mut rows = vec![Vec::new(); self.variables];
        for row in 0..self.constraints() {
            for matrix in self.matrices() {
                for (variable, _) in matrix.row(row) {
                    rows[*variable as usize].push(row as u32);
                }
            }
        }
        rows
    }

    /// The names of all checks.
    pub(super) fn checks(&self) -> BTreeSet<&'static str> {
        self.checks.iter().map(|(name, _)| *name).collect()
    }

    /// What one constraint's A, B and C come to.
    pub(super) fn sides(&self, row: u32, values: &[Fr]) -> [Fr; 3] {
        self.matrices().map(|matrix| {
            let terms = matrix.row(row as usize).iter();
            let product = |(variable, coefficient): &(Variable, u32)| {
                self.coefficient(*coefficient) * values[*variable as usize]
            };
            terms.map(product).sum::<Fr>()
        })
    }

    /// Whether one constraint is met.
    pub(super) fn holds(&self, row: u32, values: &[Fr]) -> bool {
        let [a, b, c] = self.sides(row, values);
        a * b == c
    }
}

/// Structure without values, for setup.
impl ConstraintSynthesizer<Fr> for &R1cs {
    fn generate_constraints(self, cs: ConstraintSystemRef<Fr>) -> Result<(), SynthesisError> {
        let missing = || Err(SynthesisError::AssignmentMissing);
        for _ in 0..PUBLIC_INPUTS {
            cs.new_input_variable(missing)?;
        }
        for _ in 1 + PUBLIC_INPUTS..self.variables {
            cs.new_witness_variable(missing)?;
        }
        let combination = |matrix: &Matrix, index| {
            let entry = |(variable, coefficient): &(Variable, u32)| {
                let index = *variable as usize;
                let variable = match index {
                    0 => ArkVariable::One,
                    1..=PUBLIC_INPUTS => ArkVariable::Instance(index),
                    _ => ArkVariable::Witness(index - 1 - PUBLIC_INPUTS),
                };
                (self.coefficients[*coefficient as usize], variable)
            };
            LinearCombination(matrix.row(index).iter().map(entry).collect())
        };
        for row in 0..self.constraints() {
            cs.enforce_constraint(
                combination(&self.a, row),
                combination(&self.b, row),
                combination(&self.c, row),
            )?;
        }
        Ok(())
    }
}

/// Collects constraints while a circuit is described.
#[derive(Default)]
pub(super) struct Recorder {
    matrices: [Matrix; 3],
    coefficients: Vec<Fr>,
    indices: HashMap<[u64; 4], u32, BuildHasherDefault<FirstWord>>,
    sections: Vec<(&'static str, usize)>,
    checks: Vec<(&'static str, usize)>,
}

/// Hashes a coefficient by its first word, which is as good as random in Montgomery form. There are
/// millions of coefficients to look up, and nobody chooses them to collide.
#[derive(Default)]
struct FirstWord(Option<u64>);

impl Hasher for FirstWord {
    fn finish(&self) -> u64 {
        self.0.unwrap_or_default()
    }

    fn write(&mut self, bytes: &[u8]) {
        if let (None, Some(word)) = (self.0, bytes.first_chunk()) {
            self.0 = Some(u64::from_ne_bytes(*word));
        }
    }

    fn write_usize(&mut self, _length: usize) {}
}

impl Recorder {
    pub fn section(&mut self, name: &'static str) {
        self.sections.push((name, self.matrices[0].rows()));
    }

    /// Names the next constraint.
    pub fn check(&mut self, name: &'static str) {
        self.checks.push((name, self.matrices[0].rows()));
    }

    pub fn enforce(&mut self, a: &Wire, b: &Wire, c: &Wire) {
        if self.coefficients.is_empty() {
            self.index(Fr::one());
        }
        let mut matrices = std::mem::take(&mut self.matrices);
        for (matrix, wire) in matrices.iter_mut().zip([a, b, c]) {
            let start = matrix.entries.len();
            let mut push = |variable, value: Fr| {
                if !value.is_zero() {
                    matrix.entries.push((variable, self.index(value)));
                }
            };
            // Terms come sorted from most gadgets; where they do not, or repeat, they are merged first.
            push(0, wire.constant);
            if wire.terms.is_sorted_by(|(a, _), (b, _)| a < b) {
                wire.terms
                    .iter()
                    .for_each(|(variable, value)| push(*variable, *value));
            } else {
                merged(&wire.terms)
                    .into_iter()
                    .for_each(|(variable, value)| push(variable, value));
            }
            debug_assert!(matrix.entries[start..].is_sorted_by(|(a, _), (b, _)| a < b));
            matrix.ends.push(matrix.entries.len() as u32);
        }
        self.matrices = matrices;
    }

    /// The index of a coefficient; one has index 0.
    fn index(&mut self, value: Fr) -> u32 {
        if value.is_one() && !self.coefficients.is_empty() {
            return 0;
        }
        *self.indices.entry(value.0.0).or_insert_with(|| {
            self.coefficients.push(value);
            self.coefficients.len() as u32 - 1
        })
    }

    pub fn finish(self, variables: usize) -> R1cs {
        let [a, b, c] = self.matrices;
        R1cs {
            a,
            b,
            c,
            coefficients: self.coefficients,
            variables,
            sections: self.sections,
            checks: self.checks,
        }
    }
}

/// Terms in order of their variables, those of one variable added up.
fn merged(terms: &[(Variable, Fr)]) -> Vec<(Variable, Fr)> {
    let mut terms = terms.to_vec();
    terms.sort_unstable_by_key(|(variable, _)| *variable);
    terms.dedup_by(|(variable, value), (kept, sum)| {
        let same = variable == kept;
        if same {
            *sum += *value;
        }
        same
    });
    terms
}

//! Builds a circuit: one description serves to record its constraints and to compute an assignment.

use ark_ff::{Field as _, One as _, Zero as _};

use super::{
    r1cs::{Assignment, R1cs, Recorder},
    wire::{Variable, Wire},
};
use crate::field::Fr;

/// What constraints and variables are added to.
pub(crate) struct Builder {
    assignment: Vec<Fr>,
    /// Present while the structure is recorded.
    recorder: Option<Recorder>,
}

impl Builder {
    /// For the structure; values mean nothing then.
    pub fn recording() -> Self {
        Self {
            assignment: vec![Fr::one()],
            recorder: Some(Recorder::default()),
        }
    }

    /// For an assignment of `variables` variables.
    pub fn assigning(variables: usize) -> Self {
        let mut assignment = Vec::with_capacity(variables);
        assignment.push(Fr::one());
        Self {
            assignment,
            recorder: None,
        }
    }

    /// The recorded structure, whose one public input came first.
    pub fn into_r1cs(self) -> Option<R1cs> {
        let variables = self.assignment.len();
        Some(self.recorder?.finish(variables))
    }

    pub fn into_assignment(self) -> Assignment {
        Assignment::new(self.assignment)
    }

    /// Names the constraints that follow, for errors and counts.
    pub fn section(&mut self, name: &'static str) {
        if let Some(recorder) = &mut self.recorder {
            recorder.section(name);
        }
    }

    /// A fresh variable.
    pub fn witness(&mut self, value: Fr) -> Wire {
        let variable = self.assignment.len() as Variable;
        self.assignment.push(value);
        let term = self.recorder.is_some().then(|| (variable, Fr::one()));
        Wire {
            value,
            constant: Fr::zero(),
            terms: term.into_iter().collect(),
            fixed: false,
        }
    }

    /// Demands a·b = c.
    pub fn enforce(&mut self, a: &Wire, b: &Wire, c: &Wire) {
        if let Some(recorder) = &mut self.recorder {
            recorder.enforce(a, b, c);
        }
    }

    /// Demands a = b.
    pub fn equal(&mut self, a: &Wire, b: &Wire) {
        self.enforce(a, &Wire::one(), b);
    }

    /// a·b; one constraint unless a factor is fixed.
    pub fn product(&mut self, a: &Wire, b: &Wire) -> Wire {
        if a.fixed {
            return b.times(a.constant);
        }
        if b.fixed {
            return a.times(b.constant);
        }
        let product = self.witness(a.value * b.value);
        self.enforce(a, b, &product);
        product
    }

    /// Σ a·b over pairs, as one variable.
    pub fn inner_product(&mut self, a: &[Wire], b: &[Wire]) -> Wire {
        let products: Vec<Wire> = a.iter().zip(b).map(|(a, b)| self.product(a, b)).collect();
        self.variable(&Wire::sum(products.iter().map(|p| (Fr::one(), p))))
    }

    /// A variable equal to `wire`, so that a long combination is written out only once.
    pub fn variable(&mut self, wire: &Wire) -> Wire {
        let variable = self.witness(wire.value);
        self.equal(wire, &variable);
        variable
    }

    /// A variable that is 0 or 1.
    pub fn boolean(&mut self, value: bool) -> Wire {
        let bit = self.witness(Fr::from(value));
        self.enforce(&bit, &bit.not(), &Wire::zero());
        bit
    }

    /// The lowest `count` bits of `value` as booleans, lowest first. Whoever calls binds them.
    pub fn bits(&mut self, value: u64, count: usize) -> Vec<Wire> {
        (0..count)
            .map(|i| self.boolean(value.checked_shr(i as u32).unwrap_or(0) & 1 == 1))
            .collect()
    }

    /// Demands that `wire`, whose value is said to be `value`, is an integer of `bits` bits.
    pub fn range(&mut self, wire: &Wire, value: u64, bits: usize) {
        let bits = self.bits(value, bits);
        self.equal(wire, &Wire::packed(1, &bits));
    }

    /// `condition ? a : b` for a boolean condition.
    pub fn select(&mut self, condition: &Wire, a: &Wire, b: &Wire) -> Wire {
        let difference = a.minus(b);
        b.plus(&self.product(condition, &difference))
    }

    /// 1 where `wire` is not 0, else 0.
    pub fn is_nonzero(&mut self, wire: &Wire) -> Wire {
        let inverse = self.witness(wire.value.inverse().unwrap_or(Fr::zero()));
        let nonzero = self.witness(Fr::from(!wire.value.is_zero()));
        // Where the wire is 0, so is the result; where it is not, the second row makes it 1.
        self.enforce(wire, &inverse, &nonzero);
        self.enforce(wire, &nonzero.not(), &Wire::zero());
        nonzero
    }
}

//! Builds a circuit: one description serves to record its constraints and to compute an assignment.
//!
//! A constraint either *computes* a new variable from earlier ones, or is a *check* of what the prover
//! has given. Every check has a name: errors say it, and tests break each one alone.

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

    /// A fresh variable, given by the prover.
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
    pub fn enforce(&mut self, check: &'static str, a: &Wire, b: &Wire, c: &Wire) {
        if let Some(recorder) = &mut self.recorder {
            recorder.check(check);
            recorder.enforce(a, b, c);
        }
    }

    /// Demands a = b.
    pub fn equal(&mut self, check: &'static str, a: &Wire, b: &Wire) {
        self.enforce(check, a, &Wire::one(), b);
    }

    /// A fresh variable that is a·b.
    fn computed(&mut self, a: &Wire, b: &Wire) -> Wire {
        let computed = self.witness(a.value * b.value);
        if let Some(recorder) = &mut self.recorder {
            recorder.enforce(a, b, &computed);
        }
        computed
    }

    /// a·b; one constraint unless a factor is fixed.
    pub fn product(&mut self, a: &Wire, b: &Wire) -> Wire {
        if a.fixed {
            return b.times(a.constant);
        }
        if b.fixed {
            return a.times(b.constant);
        }
        self.computed(a, b)
    }

    /// Σ a·b over pairs, as one variable.
    pub fn inner_product(&mut self, a: &[Wire], b: &[Wire]) -> Wire {
        let products: Vec<Wire> = a.iter().zip(b).map(|(a, b)| self.product(a, b)).collect();
        self.variable(&Wire::sum(products.iter().map(|p| (Fr::one(), p))))
    }

    /// A variable equal to `wire`, so that a long combination is written out only once.
    pub fn variable(&mut self, wire: &Wire) -> Wire {
        self.computed(wire, &Wire::one())
    }

    /// A variable that is 0 or 1.
    pub fn boolean(&mut self, check: &'static str, value: bool) -> Wire {
        self.digit(check, u64::from(value))
    }

    /// A variable that must be 0 or 1, whatever the prover gives.
    fn digit(&mut self, check: &'static str, value: u64) -> Wire {
        let bit = self.witness(Fr::from(value));
        self.enforce(check, &bit, &bit.not(), &Wire::zero());
        bit
    }

    /// `value` in `count` bits, lowest first. Whoever calls binds them. The last one takes all that is
    /// left: a value that does not fit is refused by that bit, not cut off.
    pub fn bits(&mut self, check: &'static str, value: u64, count: usize) -> Vec<Wire> {
        (0..count)
            .map(|i| {
                let rest = value.checked_shr(i as u32).unwrap_or(0);
                let digit = if i + 1 == count { rest } else { rest & 1 };
                self.digit(check, digit)
            })
            .collect()
    }

    /// Demands that `wire`, whose value is said to be `value`, is an integer of `count` bits. The checks
    /// are those of the bits and that of their sum.
    pub fn range(&mut self, [bits, sum]: [&'static str; 2], wire: &Wire, value: u64, count: usize) {
        let bits = self.bits(bits, value, count);
        self.equal(sum, wire, &Wire::packed(1, &bits));
    }

    /// `condition ? a : b` for a boolean condition.
    pub fn select(&mut self, condition: &Wire, a: &Wire, b: &Wire) -> Wire {
        let difference = a.minus(b);
        b.plus(&self.product(condition, &difference))
    }

    /// 1 where `wire` is not 0, else 0. The first check is for a wire that is 0, the second for others.
    pub fn is_nonzero(&mut self, [zero, other]: [&'static str; 2], wire: &Wire) -> Wire {
        let inverse = self.witness(wire.value.inverse().unwrap_or(Fr::zero()));
        let nonzero = self.witness(Fr::from(!wire.value.is_zero()));
        // Where the wire is 0, so is the result; where it is not, the second row makes it 1.
        self.enforce(zero, wire, &inverse, &nonzero);
        self.enforce(other, wire, &nonzero.not(), &Wire::zero());
        nonzero
    }
}

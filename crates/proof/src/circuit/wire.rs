//! Linear combinations of a circuit's variables, with the value they take.

use ark_ff::{One as _, Zero as _};

use crate::field::{Fr, power_of_two};

/// A variable of the constraint system; 0 is the constant one.
pub(crate) type Variable = u32;

/// A linear combination. While an assignment is computed only the value counts, while the structure is
/// recorded only the terms do.
#[derive(Debug, Clone)]
pub(crate) struct Wire {
    /// The value under the assignment.
    pub value: Fr,
    /// The part that no variable is in.
    pub constant: Fr,
    /// Coefficients of variables, unsorted; empty while an assignment is computed.
    pub terms: Vec<(Variable, Fr)>,
    /// Whether no variable is in it, known in either mode.
    pub fixed: bool,
}

impl Wire {
    /// A constant.
    pub fn constant(value: Fr) -> Self {
        Self {
            value,
            constant: value,
            terms: Vec::new(),
            fixed: true,
        }
    }

    /// A small constant.
    pub fn number(value: u64) -> Self {
        Self::constant(Fr::from(value))
    }

    pub fn zero() -> Self {
        Self::constant(Fr::zero())
    }

    pub fn one() -> Self {
        Self::constant(Fr::one())
    }

    pub fn plus(&self, other: &Self) -> Self {
        Self::sum([(Fr::one(), self), (Fr::one(), other)])
    }

    pub fn minus(&self, other: &Self) -> Self {
        Self::sum([(Fr::one(), self), (-Fr::one(), other)])
    }

    pub fn plus_constant(mut self, constant: Fr) -> Self {
        self.value += constant;
        self.constant += constant;
        self
    }

    pub fn times(&self, factor: Fr) -> Self {
        Self::sum([(factor, self)])
    }

    /// 1 − self.
    pub fn not(&self) -> Self {
        Self::one().minus(self)
    }

    /// Σ factor·wire.
    pub fn sum<'a>(parts: impl IntoIterator<Item = (Fr, &'a Self)>) -> Self {
        let mut sum = Self::zero();
        for (factor, wire) in parts {
            sum.value += factor * wire.value;
            sum.fixed &= wire.fixed;
            if !wire.constant.is_zero() {
                sum.constant += factor * wire.constant;
            }
            let terms = wire.terms.iter();
            sum.terms
                .extend(terms.map(|(variable, value)| (*variable, factor * value)));
        }
        sum
    }

    /// Digits, from the lowest, in base 2^bits.
    pub fn packed<'a>(bits: usize, digits: impl IntoIterator<Item = &'a Self>) -> Self {
        let base = power_of_two(bits);
        let powers = std::iter::successors(Some(Fr::one()), |power| Some(*power * base));
        Self::sum(powers.zip(digits))
    }
}

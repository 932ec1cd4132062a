//! The proof in a run's report.

use cyxwiz_domain::spec::VerificationTier;
use cyxwiz_proof::keys::warning;
use serde::Serialize;

use super::ProofPlan;
use crate::error::Result;

/// What the proof of a delivered job came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ProofReport {
    /// How far the evidence goes.
    pub tier: VerificationTier,
    /// Name of the circuit.
    pub circuit: &'static str,
    /// The chain has verified it.
    pub verified: bool,
    /// What it speaks of was compared with the epochs seen and the weights received; not, where others had paid and
    /// closed the transcript before it was seen here.
    pub compared: bool,
    /// Compute units of the transaction that did; absent if the node did not name it.
    pub compute_units: Option<u64>,
    /// Constraints of the circuit.
    pub constraints: u32,
    /// Seconds that making the proof took, as the node says.
    pub prove_seconds: Option<f64>,
    /// Whether anyone can forge such a proof.
    pub insecure_dev_key: bool,
}

impl ProofReport {
    /// Of a job whose completion is on the chain, which takes it with a verified transcript alone.
    ///
    /// # Errors
    /// As [`ProofPlan::registered`].
    pub fn new(
        plan: &ProofPlan,
        tier: VerificationTier,
        compute_units: Option<u64>,
        compared: bool,
    ) -> Result<Self> {
        let entry = plan.registered()?;
        Ok(Self {
            tier,
            circuit: entry.name,
            verified: true,
            compared,
            compute_units,
            constraints: entry.constraints,
            prove_seconds: plan.prove_seconds,
            insecure_dev_key: warning(entry).is_some(),
        })
    }

    /// One line for people.
    pub fn text(&self) -> String {
        let mut parts = vec![format!("proof verified on-chain: {}", self.circuit)];
        let units = self.compute_units.map(thousands);
        parts.extend(units.map(|units| format!("{units} compute units")));
        parts.push(format!(
            "{} constraints",
            thousands(self.constraints.into())
        ));
        let seconds = self.prove_seconds;
        parts.extend(seconds.map(|seconds| format!("proved in {seconds:.1} s")));
        if !self.compared {
            parts.push("not compared with what was received".to_owned());
        }
        parts.join(", ")
    }
}

/// Digits in groups of three.
pub(super) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_what_was_verified_and_what_it_took() {
        let mut report = ProofReport {
            tier: VerificationTier::ZkExact,
            circuit: "z64x10",
            verified: true,
            compared: true,
            compute_units: Some(86_254),
            constraints: 122_858,
            prove_seconds: Some(5.12),
            insecure_dev_key: true,
        };
        assert_eq!(
            report.text(),
            "proof verified on-chain: z64x10, 86,254 compute units, 122,858 constraints, proved in 5.1 s"
        );
        (report.compute_units, report.prove_seconds) = (None, None);
        assert_eq!(
            report.text(),
            "proof verified on-chain: z64x10, 122,858 constraints"
        );
        report.compared = false;
        let told = report.text();
        assert!(
            told.ends_with(", not compared with what was received"),
            "{told}"
        );
    }

    #[test]
    fn digits_stand_in_threes() {
        let cases = [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (1_234_567, "1,234,567"),
        ];
        for (number, text) in cases {
            assert_eq!(thousands(number), text);
        }
    }
}

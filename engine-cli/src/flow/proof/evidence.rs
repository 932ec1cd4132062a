//! What a job's proof will show and what it will not, in words, before anything is paid.

use cyxwiz_chain::REVEAL_DELAY_SLOTS;
use cyxwiz_domain::spec::{JobSpec, VerificationTier};
use cyxwiz_proof::keys::{BANNER, warning};
use serde::Serialize;

use super::report::thousands;
use crate::{flow::price::LAMPORTS_NEEDED_FOR_PROOF, printer::Printer};

/// The evidence that a job asks for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evidence {
    /// How far it goes.
    pub tier: VerificationTier,
    /// What that guarantees, in one sentence.
    pub guarantee: &'static str,
    /// What it leaves open.
    pub not_shown: String,
    /// Name of the circuit.
    pub circuit: &'static str,
    /// Its constraints.
    pub constraints: u32,
    /// Steps of the training in integers; absent where none is recomputed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<u64>,
    /// How many of them the proof recomputes.
    pub samples: u8,
    /// What an audit repeats the training with; absent where nothing is fixed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime_class: Option<String>,
    /// What it adds to the time until the payment, in seconds: an estimate.
    pub added_seconds: u32,
    /// What it adds to what the user's wallet must hold, in lamports; most of it is rent, which comes back.
    pub added_lamports: u64,
    /// Whether anyone can forge the proof.
    pub insecure_dev_key: bool,
}

/// Seconds that a slot takes.
const SLOT_SECONDS: f64 = 0.4;
/// Seconds of proving per constraint, on two ordinary cores.
const PROVING_SECONDS: f64 = 50e-6;

impl Evidence {
    /// What `spec` asks for; `None` for a job without a proof.
    pub fn of(spec: &JobSpec) -> Option<Self> {
        let tier = spec.verification.as_ref()?.tier;
        let entry = spec.circuit()?;
        let samples = entry.circuit.samples();
        let steps = entry.circuit.training.is_some();
        let steps = steps.then(|| u64::from(spec.job.epochs) * u64::from(entry.circuit.steps()));
        let class = spec.runtime_class();
        Some(Self {
            tier,
            guarantee: tier.guarantee(),
            not_shown: not_shown(steps, samples),
            circuit: entry.name,
            constraints: entry.constraints,
            steps,
            samples,
            runtime_class: class.map(|class| class.name().to_owned()),
            added_seconds: added_seconds(entry.constraints),
            added_lamports: LAMPORTS_NEEDED_FOR_PROOF,
            insecure_dev_key: warning(entry).is_some(),
        })
    }

    /// Rows for people: a name and a text each.
    pub fn rows(&self) -> Vec<[String; 2]> {
        let constraints = thousands(self.constraints.into());
        let circuit = match self.steps.map(thousands) {
            Some(steps) => format!(
                "{}: {constraints} constraints, recomputes {} of {steps} steps",
                self.circuit, self.samples
            ),
            None => format!("{}: {constraints} constraints", self.circuit),
        };
        let mut rows = vec![
            ["verification", tier_name(self.tier)].map(str::to_owned),
            ["shown".to_owned(), self.guarantee.to_owned()],
            ["not shown".to_owned(), self.not_shown.clone()],
            ["circuit".to_owned(), circuit],
        ];
        if let Some(class) = &self.runtime_class {
            rows.push(["runtime".to_owned(), class.clone()]);
        }
        rows
    }

    /// What it costs beside the price: one more row.
    pub fn added(&self) -> [String; 2] {
        let (seconds, sol) = (self.added_seconds, self.added_lamports as f64 / 1e9);
        let wait = wait_seconds();
        let text = format!(
            "about {seconds} s until the payment ({wait:.0} s until the challenge may be drawn, then the proof is made), and \
             up to {sol} SOL of yours, most of it rent that comes back with the payment"
        );
        ["proof adds".to_owned(), text]
    }

    /// Says all this while a job begins, and what its keys are worth even where nothing else is said.
    pub fn announce(&self, printer: Printer) {
        for [name, text] in self.rows() {
            printer.note(format_args!("{name}: {text}"));
        }
        self.warn(printer);
    }

    /// Says what its keys are worth.
    pub fn warn(&self, printer: Printer) {
        if self.insecure_dev_key {
            printer.warn(BANNER);
        }
    }
}

/// The tier as job files name it.
pub fn tier_name(tier: VerificationTier) -> &'static str {
    match tier {
        VerificationTier::ZkExact => "zk-exact",
        VerificationTier::Audited => "audited",
        VerificationTier::AuditedTolerant => "audited-tolerant",
        VerificationTier::Replicated => "replicated",
    }
}

fn not_shown(steps: Option<u64>, samples: u8) -> String {
    let Some(steps) = steps else {
        return "that a network was trained at all: nobody repeats the work by itself yet, so look at the \
                weights before the payment is due, and dispute what is wrong. Loss, accuracy and times are \
                the node's claims"
            .to_owned();
    };
    let (steps, of) = (thousands(steps), steps);
    // Cut, not rounded: nothing that may be caught is missed for certain.
    let missed = (10_000.0 * (1.0 - f64::from(samples) / of as f64)).floor() / 100.0;
    format!(
        "that each of the {steps} steps is right: a single false one is caught in {samples} of {steps} cases, that is, \
         missed with a probability of {missed:.2} %, and `cyxwiz job replay` finds it for certain. Loss, \
         accuracy and times are the node's claims"
    )
}

/// From the commitment until its challenge can be drawn.
fn wait_seconds() -> f64 {
    REVEAL_DELAY_SLOTS as f64 * SLOT_SECONDS
}

fn added_seconds(constraints: u32) -> u32 {
    (wait_seconds() + f64::from(constraints) * PROVING_SECONDS).ceil() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chance_of_a_single_false_step_is_told() {
        let told = not_shown(Some(1_280), 1);
        assert!(
            told.contains("1 of 1,280 cases") && told.contains("99.92 %"),
            "{told}"
        );
        let told = not_shown(Some(10), 4);
        assert!(
            told.contains("4 of 10 cases") && told.contains("60.00 %"),
            "{told}"
        );
        let told = not_shown(Some(1_000_000), 1);
        assert!(told.contains("99.99 %"), "{told}");
        assert!(not_shown(None, 0).contains("nobody repeats"));
    }

    #[test]
    fn the_time_that_a_proof_takes_is_that_of_its_challenge_and_its_constraints() {
        assert_eq!(added_seconds(14_862), 14);
        assert_eq!(added_seconds(122_858), 19);
        assert_eq!(added_seconds(313_460), 29);
    }
}

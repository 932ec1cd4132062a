//! A small job, its rows, and a run of it.

use cyxwiz_domain::{dataset::Table, spec::JobSpec, training::TranscriptRecord};
use cyxwiz_proof::{
    commitment::commit_metrics,
    field::{Fr, from_word, sha256, to_word},
    intsgd::{StepId, Weights},
    job::{ExactRun, opening, write_record},
    transcript::Transcript,
};
use cyxwiz_statement::{Challenge, Meta, Registered, Sample, Statement, order_seed};
use rand::{Rng as _, SeedableRng as _};
use serde_json::json;

pub const ESCROW: [u8; 32] = [3; 32];
/// Unix time at which the job is assigned.
const START: u64 = 1_790_000_000;
/// What binds the run to its job; any 248 bits.
const CONTEXT: [u8; 32] = {
    let mut word = [5; 32];
    word[0] = 0;
    word
};

/// Six epochs in the smallest registered circuit.
pub fn spec() -> JobSpec {
    let spec = json!({
        "job": { "name": "t", "epochs": 6 },
        "dataset": { "format": "csv", "shape": [16] },
        "model": { "layers": [{ "type": "linear", "out": 4, "bias": false }] },
        "training": { "loss": "hard_sigmoid", "batch": 8 },
        "optimizer": { "type": "int_sgd", "rate": 6 },
        "verification": { "tier": "zk-exact", "circuit": "z16x4-ci" },
    });
    JobSpec::from_json(spec.to_string().as_bytes()).unwrap()
}

pub fn circuit() -> &'static Registered {
    Registered::by_name("z16x4-ci").unwrap()
}

/// Points around one centre per class.
pub fn table() -> Table {
    let mut random = rand::rngs::StdRng::seed_from_u64(1);
    let labels: Vec<f32> = (0..120).map(|row| (row % 4) as f32).collect();
    let feature = |(label, place): (&f32, usize)| {
        let near = place % 4 == *label as usize;
        let noise: f32 = random.gen_range(-0.3..0.3);
        (if near { 0.6 } else { -0.1 }) + noise
    };
    let cells = labels
        .iter()
        .flat_map(|l| (0..16).map(move |place| (l, place)));
    let features = cells.map(feature).collect();
    Table {
        features,
        labels,
        sample_len: 16,
    }
}

/// A run, and its weights before each step and after the last.
pub struct Run {
    pub spec: JobSpec,
    pub table: Table,
    pub record: TranscriptRecord,
    pub trajectory: Vec<Weights>,
}

impl Run {
    /// Trains; `tamper` may change the weights after any step.
    pub fn of(spec: JobSpec, mut tamper: impl FnMut(StepId, &mut Weights)) -> Self {
        let table = table();
        let run = ExactRun::new(&spec, &table).unwrap();
        let recipe = run.recipe(&ESCROW);
        let opening = opening(&spec, Some(&table), Default::default())
            .unwrap()
            .unwrap();
        let mut weights = Weights::zero(run.training());
        assert_eq!(opening.initial, to_word(weights.commitment()));
        let [context, dataset, initial] =
            [CONTEXT, opening.dataset, opening.initial].map(|word| from_word(&word).unwrap());
        let mut transcript = Transcript::new(opening.circuit.circuit, context, dataset, initial);
        let mut trajectory = vec![weights.clone()];
        for epoch in 1..=spec.job.epochs as u16 {
            let mut step = |step| {
                let at = StepId { epoch, step };
                weights = recipe.step(&weights, at).unwrap();
                tamper(at, &mut weights);
                trajectory.push(weights.clone());
                weights.commitment()
            };
            let leaves: Vec<Fr> = (0..recipe.steps()).map(&mut step).collect();
            let time = START + 30 * u64::from(epoch);
            transcript
                .push(leaves, commit_metrics(&[0.5; 4]), time)
                .unwrap();
        }
        Self {
            record: write_record(opening.circuit, &transcript),
            trajectory,
            spec,
            table,
        }
    }

    pub fn honest() -> Self {
        Self::of(spec(), |_, _| {})
    }

    /// What the chain asks to be shown: these steps, (epoch, step) each.
    pub fn statement(&self, steps: &[(u16, u16)]) -> Statement {
        let order = order_seed(&ESCROW, sha256);
        let sample = |&(epoch, step): &(u16, u16)| {
            let bits = circuit().circuit.training.unwrap().batch_bits;
            cyxwiz_statement::BatchOrder::of_epoch(&order, epoch, bits, sha256).sample(epoch, step)
        };
        let samples: Vec<Sample> = steps.iter().map(sample).collect();
        statement(&self.record, Challenge::of(&samples).unwrap(), 6)
    }
}

/// The statement about a record.
pub fn statement(record: &TranscriptRecord, challenge: Challenge, rate: u16) -> Statement {
    let transcript = cyxwiz_proof::job::read_record(record).unwrap();
    let (circuit, epochs) = (transcript.circuit(), record.epochs.len() as u16);
    Statement {
        context: record.context.0,
        dataset: record.dataset.0,
        initial: record.initial.0,
        trained: to_word(transcript.trained()),
        root: to_word(transcript.root()),
        meta: Meta::new(circuit, epochs, START, START + 1000, rate).unwrap(),
        challenge,
    }
}

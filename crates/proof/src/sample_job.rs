//! A made-up job, trained honestly: what tests start from.

use cyxwiz_statement::{
    Challenge, Circuit, Context, Meta, Sample, Statement, Training, order_seed,
};

use crate::{
    circuit::{RevealedStep, Witness},
    commitment::commit_metrics,
    field::{Fr, from_word, sha256, to_word},
    intsgd::{Batch, Dataset, Recipe, Weights, blobs},
    transcript::Transcript,
};

/// The circuit of tests: the smallest of the registered ones.
pub(crate) const TINY: Circuit = Circuit {
    epochs: 8,
    step_bits: 3,
    training: Some(blobs::TINY),
};

/// The escrow of the made-up job.
pub(crate) const ESCROW: [u8; 32] = [3; 32];

/// When it was assigned, Unix time.
const START: u64 = 1_790_000_000;

pub(crate) struct Job {
    pub circuit: Circuit,
    pub dataset: Dataset,
    pub transcript: Transcript,
    /// The weights before each step, and after the last.
    pub trajectory: Vec<Weights>,
    pub rate: u16,
}

impl Job {
    /// Trains `epochs` epochs; `tamper` may change the weights after any step.
    pub fn train(
        circuit: Circuit,
        epochs: u16,
        tamper: impl FnMut(u16, u16, &mut Weights),
    ) -> Self {
        Self::train_on(circuit, batches(&circuit), epochs, tamper)
    }

    /// The same on these batches.
    pub fn train_on(
        circuit: Circuit,
        batches: Vec<Batch>,
        epochs: u16,
        mut tamper: impl FnMut(u16, u16, &mut Weights),
    ) -> Self {
        let training = circuit.training.expect("a training circuit");
        let dataset = Dataset::new(&training, batches).expect("batches made to fit");
        let rate = 6;
        let order = order_seed(&ESCROW, sha256);
        let recipe = Recipe::new(&circuit, &dataset, order, rate).expect("a training circuit");
        let mut weights = Weights::zero(&training);
        let context = from_word(&context(&circuit)).expect("248 bits");
        let mut transcript =
            Transcript::new(circuit, context, dataset.root(), weights.commitment());
        let mut trajectory = vec![weights.clone()];
        for epoch in 1..=epochs {
            let mut leaves = Vec::new();
            for step in 0..recipe.steps() {
                let at = crate::intsgd::StepId { epoch, step };
                weights = recipe.step(&weights, at).expect("it converges");
                tamper(epoch, step, &mut weights);
                leaves.push(weights.commitment());
                trajectory.push(weights.clone());
            }
            let metrics = commit_metrics(&[f64::from(epoch)]);
            let time = START + 30 * u64::from(epoch);
            transcript.push(leaves, metrics, time).expect("room");
        }
        Self {
            circuit,
            dataset,
            transcript,
            trajectory,
            rate,
        }
    }

    pub fn honest(circuit: Circuit, epochs: u16) -> Self {
        Self::train(circuit, epochs, |_, _, _| {})
    }

    pub fn recipe(&self) -> Recipe<'_> {
        let order = order_seed(&ESCROW, sha256);
        let recipe = Recipe::new(&self.circuit, &self.dataset, order, self.rate);
        recipe.expect("a training circuit")
    }

    /// A challenge of these steps: (epoch, step).
    pub fn challenge(&self, steps: &[(u16, u16)]) -> Challenge {
        let recipe = self.recipe();
        let sample = |&(epoch, step): &(u16, u16)| Sample {
            epoch,
            step,
            batch: recipe.batch(crate::intsgd::StepId { epoch, step }),
        };
        let samples: Vec<Sample> = steps.iter().map(sample).collect();
        Challenge::of(&samples).expect("in range")
    }

    pub fn statement(&self, challenge: Challenge) -> Statement {
        statement(&self.transcript, self.rate, challenge)
    }

    /// The witness that opens these steps, (epoch, step) each.
    pub fn witness(&self, steps: &[(u16, u16)]) -> Witness {
        let challenge = self.challenge(steps);
        let open = |sample: &Sample| {
            let steps = self.circuit.steps() as usize;
            let index = (usize::from(sample.epoch) - 1) * steps + usize::from(sample.step);
            RevealedStep {
                sample: *sample,
                before: self.trajectory[index].clone(),
                after: self.trajectory[index + 1].clone(),
                batch: self.dataset.batch(sample.batch).clone(),
                batch_path: self.dataset.path(sample.batch),
            }
        };
        let steps: Vec<RevealedStep> = challenge.samples().iter().map(open).collect();
        Witness::new(&self.statement(challenge), &self.transcript, &steps)
            .expect("a transcript opens to what it was made from")
    }

    /// The leaves of all epochs.
    pub fn leaves(&self) -> Vec<Vec<Fr>> {
        let epochs = self.transcript.epochs().iter();
        epochs.map(|epoch| epoch.leaves.clone()).collect()
    }
}

/// The rows of the made-up job.
pub(crate) fn batches(circuit: &Circuit) -> Vec<Batch> {
    let training = circuit.training.expect("a training circuit");
    blobs::batches(&training, 1 << training.batch_bits.min(4), 1)
}

/// The statement about a transcript.
pub(crate) fn statement(transcript: &Transcript, rate: u16, challenge: Challenge) -> Statement {
    let epochs = transcript.epochs();
    let end = epochs.last().map_or(START, |epoch| epoch.time) + 10;
    let meta = Meta::new(transcript.circuit(), epochs.len() as u16, START, end, rate);
    Statement {
        context: to_word(transcript.context()),
        dataset: to_word(transcript.dataset()),
        initial: to_word(transcript.initial()),
        trained: to_word(transcript.trained()),
        root: to_word(transcript.root()),
        meta: meta.expect("numbers made to fit"),
        challenge,
    }
}

pub(crate) fn context(circuit: &Circuit) -> [u8; 32] {
    let context = Context {
        program: [1; 32],
        escrow: ESCROW,
        job_id: [4; 16],
        user: [5; 32],
        node: [6; 32],
        spec_hash: [7; 32],
        circuit: circuit.id(sha256),
    };
    context.word(sha256)
}

/// A transcript of made-up leaves, for circuits that show nothing else.
pub(crate) fn transcript(circuit: Circuit, epochs: u16) -> Transcript {
    let context = from_word(&context(&circuit)).expect("248 bits");
    let word = |number: u64| Fr::from(number);
    let mut transcript = Transcript::new(circuit, context, word(11), word(12));
    for epoch in 1..=u64::from(epochs) {
        let leaves = (0..u64::from(circuit.steps()))
            .map(|step| word(1000 * epoch + step))
            .collect();
        let metrics = commit_metrics(&[epoch as f64]);
        let time = START + 30 * epoch;
        transcript.push(leaves, metrics, time).expect("room");
    }
    transcript
}

/// The dimensions of a training circuit.
pub(crate) const fn training(
    [inputs, outputs, batch]: [u16; 3],
    batch_bits: u8,
    samples: u8,
) -> Option<Training> {
    Some(Training {
        inputs,
        outputs,
        batch,
        batch_bits,
        samples,
    })
}

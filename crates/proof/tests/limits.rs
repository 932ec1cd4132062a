//! What a proof shows of a dishonest run, and what it does not: docs/PROOF.md says so in words.
#![allow(clippy::unwrap_used)]

use cyxwiz_proof::{
    circuit::{RevealedStep, Unsatisfied, Witness, assign, constraints},
    commitment::commit_metrics,
    field::{Fr, from_word, sha256, to_word},
    intsgd::{Dataset, Recipe, StepId, Weights},
    keys::KeyStore,
    transcript::Transcript,
};
use cyxwiz_statement::{
    Challenge, Circuit, Context, Meta, Registered, Sample, Statement, Word, order_seed,
};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

#[path = "../examples/shared/made_up_job.rs"]
mod made_up_job;

const ESCROW: [u8; 32] = [3; 32];
const START: u64 = 1_790_000_000;
const EPOCHS: u16 = 3;
const RATE: u16 = 6;

/// The smallest registered training circuit, recomputing `samples` steps.
fn circuit(samples: u8) -> Circuit {
    let mut circuit = Registered::by_name("z16x4-ci").unwrap().circuit;
    circuit.training.as_mut().unwrap().samples = samples;
    circuit
}

fn context(circuit: &Circuit) -> Fr {
    let context = Context {
        program: [1; 32],
        escrow: ESCROW,
        job_id: [4; 16],
        user: [5; 32],
        node: [6; 32],
        spec_hash: [7; 32],
        circuit: circuit.id(sha256),
    };
    from_word(&context.word(sha256)).unwrap()
}

/// What the chain would ask for of a transcript, with these steps drawn.
fn statement(transcript: &Transcript, rate: u16, challenge: Challenge) -> Statement {
    let epochs = transcript.epochs().len() as u16;
    let meta = Meta::new(transcript.circuit(), epochs, START, START + 1_000, rate);
    Statement {
        context: to_word(transcript.context()),
        dataset: to_word(transcript.dataset()),
        initial: to_word(transcript.initial()),
        trained: to_word(transcript.trained()),
        root: to_word(transcript.root()),
        meta: meta.unwrap(),
        challenge,
    }
}

/// A training run as a node records it.
struct Run {
    circuit: Circuit,
    dataset: Dataset,
    transcript: Transcript,
    /// The weights before each step, and after the last.
    trajectory: Vec<Weights>,
}

impl Run {
    /// Trains; `skipped` says which steps leave the weights as they are. `metrics` and `time` are what
    /// the node claims of an epoch.
    fn new(
        circuit: Circuit,
        skipped: impl Fn(StepId) -> bool,
        metrics: impl Fn(u16) -> f64,
        time: impl Fn(u16) -> u64,
    ) -> Self {
        let training = circuit.training.unwrap();
        let batches = made_up_job::made_up_batches(&circuit, 16).unwrap();
        let dataset = Dataset::new(&training, batches).unwrap();
        let recipe = Recipe::new(&circuit, &dataset, order(), RATE).unwrap();
        let mut weights = Weights::zero(&training);
        let mut transcript = Transcript::new(
            circuit,
            context(&circuit),
            dataset.root(),
            weights.commitment(),
        );
        let mut trajectory = vec![weights.clone()];
        for epoch in 1..=EPOCHS {
            let mut leaves = Vec::new();
            for step in 0..recipe.steps() {
                let at = StepId { epoch, step };
                if !skipped(at) {
                    weights = recipe.step(&weights, at).unwrap();
                }
                leaves.push(weights.commitment());
                trajectory.push(weights.clone());
            }
            let metrics = commit_metrics(&[metrics(epoch)]);
            transcript.push(leaves, metrics, time(epoch)).unwrap();
        }
        Self {
            circuit,
            dataset,
            transcript,
            trajectory,
        }
    }

    fn skipping(circuit: Circuit, skipped: impl Fn(StepId) -> bool) -> Self {
        Self::new(circuit, skipped, f64::from, |epoch| {
            START + u64::from(epoch)
        })
    }

    fn steps(&self) -> Vec<StepId> {
        let steps = self.circuit.steps() as u16;
        let all = (1..=EPOCHS).flat_map(|epoch| (0..steps).map(move |step| StepId { epoch, step }));
        all.collect()
    }

    /// What the circuit says when these steps are drawn.
    fn examined(&self, drawn: &[StepId]) -> Result<(), Unsatisfied> {
        let recipe = Recipe::new(&self.circuit, &self.dataset, order(), RATE).unwrap();
        let open = |at: &StepId| {
            let batch = recipe.batch(*at);
            let index = usize::from(at.epoch - 1) * usize::from(recipe.steps());
            let index = index + usize::from(at.step);
            RevealedStep {
                sample: Sample {
                    epoch: at.epoch,
                    step: at.step,
                    batch,
                },
                before: self.trajectory[index].clone(),
                after: self.trajectory[index + 1].clone(),
                batch: self.dataset.batch(batch).clone(),
                batch_path: self.dataset.path(batch),
            }
        };
        let steps: Vec<RevealedStep> = drawn.iter().map(open).collect();
        let samples: Vec<Sample> = steps.iter().map(|step| step.sample).collect();
        let challenge = Challenge::of(&samples).unwrap();
        let statement = statement(&self.transcript, RATE, challenge);
        let witness = Witness::new(&statement, &self.transcript, &steps).unwrap();
        let r1cs = constraints(&self.circuit).unwrap();
        r1cs.check(&assign(&self.circuit, &r1cs, &witness))
    }
}

fn order() -> Word {
    order_seed(&ESCROW, sha256)
}

/// A node that skips a share of the steps is caught by that share of the challenges, no more and no
/// less: with one step drawn among T, each false step is found with probability 1/T.
#[test]
fn skipped_steps_are_caught_in_proportion() {
    let skipped = |at: StepId| (at.epoch + at.step).is_multiple_of(3);
    let run = Run::skipping(circuit(1), skipped);
    for at in run.steps() {
        let refused = run.examined(&[at]).err().map(|error| error.section);
        assert_eq!(refused, skipped(at).then_some("products"), "{at:?}");
    }
}

/// With several steps drawn, one false among them is enough.
#[test]
fn one_false_step_among_those_drawn_is_enough() {
    let false_step = StepId { epoch: 2, step: 3 };
    let honest = StepId { epoch: 3, step: 1 };
    let run = Run::skipping(circuit(2), |at| at == false_step);
    assert!(run.examined(&[honest, honest]).is_ok());
    for drawn in [[false_step, honest], [honest, false_step], [false_step; 2]] {
        assert!(run.examined(&drawn).is_err(), "{drawn:?}");
    }
}

/// Where the circuit shows the transcript alone, any leaves at all make a true statement: the proof
/// says when they were fixed, nothing about where they come from.
#[test]
fn known_limit_audited_leaves_may_be_made_up() {
    let circuit = Circuit::transcript(4, 2);
    let mut random = StdRng::seed_from_u64(1);
    let mut word = || Fr::from(random.r#gen::<u64>());
    let mut transcript = Transcript::new(circuit, context(&circuit), word(), word());
    for epoch in 1..=4 {
        let leaves = (0..4).map(|_| word()).collect();
        let metrics = commit_metrics(&[0.0]);
        transcript.push(leaves, metrics, START + epoch).unwrap();
    }
    let statement = statement(&transcript, 0, Challenge::NONE);
    let witness = Witness::new(&statement, &transcript, &[]).unwrap();
    let r1cs = constraints(&circuit).unwrap();
    r1cs.check(&assign(&circuit, &r1cs, &witness)).unwrap();
}

/// Loss and accuracy are fixed by the transcript, not examined, and times are bounded only by the job's
/// own: a run says of itself what it likes.
#[test]
fn known_limit_metrics_and_times_are_claims() {
    let run = Run::new(circuit(1), |_| false, |_| 1e9, |_| START + 500);
    run.examined(&[StepId { epoch: 2, step: 2 }]).unwrap();
}

/// Commitments carry no salt: who guesses the data, or the weights, recognises them.
#[test]
fn known_limit_guessed_data_is_recognised() {
    let circuit = circuit(1);
    let training = circuit.training.unwrap();
    let root = || {
        let batches = made_up_job::made_up_batches(&circuit, 16).unwrap();
        Dataset::new(&training, batches).unwrap().root()
    };
    assert_eq!(root(), root());
    let weights = |value| Weights::new(&training, vec![value; 64]).unwrap();
    assert_eq!(weights(5).commitment(), weights(5).commitment());
    assert_ne!(weights(5).commitment(), weights(6).commitment());
}

/// A proof is blinded anew each time, so its bytes tell nothing of data and weights.
#[test]
fn proofs_of_one_statement_differ() {
    let circuit = circuit(1);
    let prover = KeyStore::of_build().prover(&circuit).unwrap();
    let witness = made_up_job::made_up_witness(&circuit).unwrap();
    let proofs = [1, 2].map(|seed| {
        let mut random = StdRng::seed_from_u64(seed);
        let proof = prover.prove(&witness, &mut random, |_| {}).unwrap();
        let verified = prover
            .verifying_key()
            .verify(&proof, witness.public_input());
        assert_eq!(verified, Ok(()));
        proof
    });
    assert_ne!(proofs[0], proofs[1]);
}

//! A made-up job: trained, committed and challenged.

use std::error::Error;

use cyxwiz_proof::{
    circuit::{RevealedStep, Witness},
    commitment::commit_metrics,
    field::{Fr, from_word, sha256, to_word},
    intsgd::{Batch, Dataset, Recipe, Weights},
    transcript::Transcript,
};
use cyxwiz_statement::{Challenge, Circuit, Context, Meta, Sample, Statement, order_seed};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

/// Epochs trained for a statement: enough for every kind of step.
const EPOCHS: u16 = 6;

/// Unix time at which the job starts.
const START: u64 = 1_790_000_000;

type Failure = Box<dyn Error>;

/// Batches of noise around a point per class.
pub fn made_up_batches(circuit: &Circuit, count: usize) -> Result<Vec<Batch>, Failure> {
    let training = circuit.training.ok_or("no training")?;
    let mut random = StdRng::seed_from_u64(2);
    let inputs = usize::from(training.inputs);
    let centres: Vec<i32> = (0..inputs * usize::from(training.outputs))
        .map(|_| random.gen_range(-40..=40))
        .collect();
    let classes: Vec<u16> = (0..count * usize::from(training.batch))
        .map(|_| random.gen_range(0..training.outputs))
        .collect();
    let mut features = Vec::new();
    for class in &classes {
        for centre in &centres[usize::from(*class) * inputs..][..inputs] {
            let noise: i32 = (0..4).map(|_| random.gen_range(-30..=30)).sum();
            features.push((centre + noise).clamp(-128, 127) as i8);
        }
    }
    Ok(Batch::split(&training, &features, &classes)?)
}

/// A job trained, committed and challenged.
pub fn made_up_witness(circuit: &Circuit) -> Result<Witness, Failure> {
    let escrow = [3; 32];
    let context = Context {
        program: [1; 32],
        escrow,
        job_id: [4; 16],
        user: [5; 32],
        node: [6; 32],
        spec_hash: [7; 32],
        circuit: circuit.id(sha256),
    };
    let context = from_word(&context.word(sha256))?;
    let order = order_seed(&escrow, sha256);
    let rate = if circuit.training.is_some() { 6 } else { 0 };
    let state = |transcript: &Transcript, challenge| -> Result<Statement, Failure> {
        let end = START + 1000;
        Ok(Statement {
            context: to_word(transcript.context()),
            dataset: to_word(transcript.dataset()),
            initial: to_word(transcript.initial()),
            trained: to_word(transcript.trained()),
            root: to_word(transcript.root()),
            meta: Meta::new(circuit, transcript.epochs().len() as u16, START, end, rate)?,
            challenge,
        })
    };
    let Some(training) = circuit.training else {
        let mut transcript = Transcript::new(*circuit, context, 11_u64.into(), 12_u64.into());
        for epoch in 1..=u64::from(circuit.epochs) {
            let leaves = vec![Fr::from(epoch); circuit.steps() as usize];
            transcript.push(leaves, commit_metrics(&[epoch as f64]), START + epoch)?;
        }
        let statement = state(&transcript, Challenge::NONE)?;
        return Ok(Witness::new(&statement, &transcript, &[])?);
    };
    let dataset = Dataset::new(&training, made_up_batches(circuit, 16)?)?;
    let recipe = Recipe::new(circuit, &dataset, order, rate).ok_or("no training")?;
    let mut weights = Weights::zero(&training);
    let mut transcript = Transcript::new(*circuit, context, dataset.root(), weights.commitment());
    let mut starts = Vec::new();
    for epoch in 1..=EPOCHS {
        starts.push(weights.clone());
        let leaves = recipe.epoch(&mut weights, epoch)?;
        let metrics = commit_metrics(&[f64::from(epoch)]);
        transcript.push(leaves, metrics, START + 30 * u64::from(epoch))?;
    }
    let challenge =
        Challenge::draw(circuit, EPOCHS, &[9; 32], &order, sha256).ok_or("no epochs")?;
    let open = |sample: &Sample| {
        RevealedStep::repeat(&recipe, &starts[usize::from(sample.epoch) - 1], *sample)
    };
    let steps: Vec<RevealedStep> = challenge
        .samples()
        .iter()
        .map(open)
        .collect::<Result<_, _>>()?;
    Ok(Witness::new(
        &state(&transcript, challenge)?,
        &transcript,
        &steps,
    )?)
}

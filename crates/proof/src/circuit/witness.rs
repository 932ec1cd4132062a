//! What a prover knows.

use ark_ff::Zero as _;
use cyxwiz_statement::{Circuit, Sample, Statement};

use crate::{
    commitment::root_of_path,
    field::{Fr, NotCanonical, from_word, to_word},
    intsgd::{Batch, Dataset, Diverged, Recipe, SLOTS, StepId, Weights, preactivations},
    transcript::{Transcript, public_input},
};

/// Everything that a proof is made from. It holds the user's data and weights: it stays with the
/// prover.
#[derive(Debug, Clone)]
pub struct Witness {
    pub(crate) public_input: Fr,
    pub(crate) context: Fr,
    pub(crate) dataset: Fr,
    pub(crate) initial: Fr,
    pub(crate) trained: Fr,
    pub(crate) root: Fr,
    /// Unix times, seconds.
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) rate: u64,
    pub(crate) epochs: Vec<EpochWitness>,
    /// The siblings of the last epoch's last leaf.
    pub(crate) trained_path: Vec<Fr>,
    pub(crate) samples: Vec<SampleWitness>,
}

#[derive(Debug, Clone)]
pub(crate) struct EpochWitness {
    pub steps_root: Fr,
    pub metrics: Fr,
    pub time: u64,
}

#[derive(Debug, Clone)]
pub(crate) struct SampleWitness {
    pub sample: Sample,
    /// Packed weights.
    pub before: Vec<Fr>,
    pub after: Vec<Fr>,
    /// Siblings in the trees of steps.
    pub before_path: Vec<Fr>,
    pub after_path: Vec<Fr>,
    pub batch: Batch,
    pub batch_path: Vec<Fr>,
    /// Units of 2^-35.
    pub preactivations: Vec<i64>,
}

/// A sampled step, opened.
#[derive(Debug, Clone)]
pub struct RevealedStep {
    /// Which one.
    pub sample: Sample,
    /// The weights before it.
    pub before: Weights,
    /// The weights after it.
    pub after: Weights,
    /// What it trained on.
    pub batch: Batch,
    /// The siblings of that batch in the dataset's tree.
    pub batch_path: Vec<Fr>,
}

impl RevealedStep {
    /// Opens a step by repeating its epoch from the weights at its start, which is what nodes keep.
    pub fn repeat(recipe: &Recipe<'_>, start: &Weights, sample: Sample) -> Result<Self, Diverged> {
        let at = StepId {
            epoch: sample.epoch,
            step: sample.step,
        };
        let (before, after) = recipe.around(start, at)?;
        let data: &Dataset = recipe.dataset();
        Ok(Self {
            sample,
            before,
            after,
            batch: data.batch(sample.batch).clone(),
            batch_path: data.path(sample.batch),
        })
    }
}

/// Why there is no witness for a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WitnessError {
    /// The statement is about another transcript.
    #[error("the statement's {0} is not the transcript's; state what was committed")]
    Mismatch(&'static str),
    /// A word of the statement is no field element.
    #[error(transparent)]
    NotCanonical(#[from] NotCanonical),
    /// Other steps were opened than the challenge asks for.
    #[error("the challenge asks for {wanted} steps, in order, and {given} were opened")]
    Steps {
        /// Steps opened.
        given: usize,
        /// Steps asked for.
        wanted: usize,
    },
    /// An opened step is not what the transcript committed to.
    #[error(
        "the {what} of epoch {epoch}, step {step} are not what the transcript commits to; open the step from the run's own weights and data"
    )]
    Opening {
        /// Weights or batch.
        what: &'static str,
        /// The epoch, from 1.
        epoch: u16,
        /// The step, from 0.
        step: u16,
    },
    /// An opened step has left the numbers that the rule is defined for.
    #[error(transparent)]
    Diverged(#[from] Diverged),
}

impl Witness {
    /// The witness of a statement about `transcript`; `steps` opens those that the statement's
    /// challenge asks for, in order.
    pub fn new(
        statement: &Statement,
        transcript: &Transcript,
        steps: &[RevealedStep],
    ) -> Result<Self, WitnessError> {
        let matches = [
            ("context", statement.context, transcript.context()),
            ("dataset", statement.dataset, transcript.dataset()),
            ("initial weights", statement.initial, transcript.initial()),
            ("trained weights", statement.trained, transcript.trained()),
            ("root", statement.root, transcript.root()),
        ];
        if let Some((name, ..)) = matches.iter().find(|(_, word, own)| *word != to_word(*own)) {
            return Err(WitnessError::Mismatch(name));
        }
        let circuit = transcript.circuit();
        let (meta, epochs) = (&statement.meta, transcript.epochs());
        if usize::from(meta.epochs()) != epochs.len() {
            return Err(WitnessError::Mismatch("number of epochs"));
        }
        if u32::from(meta.steps()) != circuit.steps() {
            return Err(WitnessError::Mismatch("number of steps"));
        }
        let outside = |time| time < meta.start() || time > meta.end();
        if epochs.iter().any(|epoch| outside(epoch.time)) {
            return Err(WitnessError::Mismatch("window of times"));
        }
        let samples = statement.challenge.samples();
        let (given, wanted) = (steps.len(), samples.len());
        let asked = steps.iter().map(|step| &step.sample).eq(samples);
        if !asked || wanted != usize::from(circuit.samples()) {
            return Err(WitnessError::Steps { given, wanted });
        }
        let last = transcript.steps_tree(meta.epochs());
        let last_leaf = circuit.steps() as usize - 1;
        Ok(Self {
            public_input: public_input(statement)?,
            context: from_word(&statement.context)?,
            dataset: transcript.dataset(),
            initial: transcript.initial(),
            trained: transcript.trained(),
            root: transcript.root(),
            start: meta.start(),
            end: meta.end(),
            rate: u64::from(meta.rate()),
            epochs: epochs
                .iter()
                .map(|epoch| EpochWitness {
                    steps_root: epoch.steps_root,
                    metrics: epoch.metrics,
                    time: epoch.time,
                })
                .collect(),
            trained_path: last.map(|tree| tree.path(last_leaf)).unwrap_or_default(),
            samples: steps
                .iter()
                .map(|step| SampleWitness::open(transcript, step))
                .collect::<Result<_, _>>()?,
        })
    }

    /// The proof's public input.
    pub fn public_input(&self) -> Fr {
        self.public_input
    }

    /// Values of the right number and no meaning, for recording the structure.
    pub(crate) fn blank(circuit: &Circuit) -> Self {
        let zero = Fr::zero();
        let path = |bits: u8| vec![zero; usize::from(bits)];
        let samples = circuit.training.map(|training| {
            let (inputs, outputs) = (usize::from(training.inputs), usize::from(training.outputs));
            let rows = usize::from(training.batch);
            let words = vec![zero; inputs * outputs.div_ceil(SLOTS)];
            let sample = SampleWitness {
                sample: Sample::default(),
                before: words.clone(),
                after: words,
                before_path: path(circuit.step_bits),
                after_path: path(circuit.step_bits),
                batch: Batch {
                    features: vec![0; rows * inputs],
                    targets: vec![false; rows * outputs],
                },
                batch_path: path(training.batch_bits),
                preactivations: vec![0; rows * outputs],
            };
            vec![sample; usize::from(training.samples)]
        });
        Self {
            public_input: zero,
            context: zero,
            dataset: zero,
            initial: zero,
            trained: zero,
            root: zero,
            start: 0,
            end: 0,
            rate: 0,
            epochs: Vec::new(),
            trained_path: path(circuit.step_bits),
            samples: samples.unwrap_or_default(),
        }
    }
}

impl SampleWitness {
    fn open(transcript: &Transcript, step: &RevealedStep) -> Result<Self, WitnessError> {
        let Sample {
            epoch,
            step: j,
            batch: index,
        } = step.sample;
        let wrong = |what| WitnessError::Opening {
            what,
            epoch,
            step: j,
        };
        let tree = transcript.steps_tree(epoch).ok_or(wrong("steps"))?;
        let (leaf, last) = (usize::from(j), tree.leaves().len() - 1);
        if tree.leaves().get(leaf) != Some(&step.after.commitment()) {
            return Err(wrong("weights after the step"));
        }
        // What the step started from: the leaf before it, or the first weights.
        let (leaf_before, path_before) = if leaf > 0 {
            (tree.leaves()[leaf - 1], tree.path(leaf - 1))
        } else if let Some(tree) = transcript.steps_tree(epoch - 1) {
            (tree.leaves()[last], tree.path(last))
        } else {
            let unused = vec![Fr::zero(); usize::from(transcript.circuit().step_bits)];
            (transcript.initial(), unused)
        };
        if step.before.commitment() != leaf_before {
            return Err(wrong("weights before the step"));
        }
        let batch = step.batch.commitment();
        if root_of_path(batch, index as usize, &step.batch_path) != transcript.dataset() {
            return Err(wrong("rows of the batch"));
        }
        Ok(Self {
            sample: step.sample,
            before: step.before.words(),
            after: step.after.words(),
            before_path: path_before,
            after_path: tree.path(leaf),
            preactivations: preactivations(&step.before, &step.batch)?,
            batch: step.batch.clone(),
            batch_path: step.batch_path.clone(),
        })
    }
}

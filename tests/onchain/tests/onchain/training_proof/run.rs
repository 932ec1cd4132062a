//! A training run of the smallest circuit, and proofs of it.

use anchor_lang::prelude::Pubkey;
use cyxwiz_proof::{
    circuit::{RevealedStep, Witness},
    commitment::commit_metrics,
    field::{Fr, from_word, sha256, to_word},
    intsgd::{Batch, Dataset, Recipe, Weights},
    keys::insecure_dev_prover,
    transcript::Transcript,
};
use cyxwiz_statement::{Challenge, Context, Meta, Registered, Statement, Word, order_seed};
use cyxwiz_tests_onchain::START;
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use training_proof::Commitment;

pub const EPOCHS: u16 = 6;
pub const RATE: u16 = 6;
pub const SPEC: [u8; 32] = [1; 32];

/// The circuit of the tests.
pub fn circuit() -> &'static Registered {
    Registered::by_name("z16x4-ci").expect("it is registered")
}

/// Who the run is for, and who made it.
#[derive(Clone, Copy)]
pub struct Parties {
    pub escrow: Pubkey,
    pub job_id: [u8; 16],
    pub user: Pubkey,
    pub node: Pubkey,
}

/// A run, trained and recorded by the rules.
pub struct Run {
    dataset: Dataset,
    starts: Vec<Weights>,
    transcript: Transcript,
    order: [u8; 32],
}

/// Sixteen batches of points that belong to four classes by their strongest quarter.
fn dataset() -> Dataset {
    let training = circuit().circuit.training.expect("it trains");
    let rows: Vec<(Vec<i8>, u16)> = (0..128u16)
        .map(|row| {
            let class = row * 7 % 4;
            let feature = |at: u16| {
                let noise = (row * 31 + at * 17) % 41;
                let strong = if at / 4 == class { 60 } else { 0 };
                (strong + noise) as i8
            };
            ((0..16).map(feature).collect(), class)
        })
        .collect();
    let features: Vec<i8> = rows.iter().flat_map(|(row, _)| row.clone()).collect();
    let classes: Vec<u16> = rows.iter().map(|(_, class)| *class).collect();
    let batches = Batch::split(&training, &features, &classes).expect("whole batches");
    Dataset::new(&training, batches).expect("batches made to fit")
}

/// What a run starts from: the dataset's root, and the first weights' commitment.
pub fn given() -> (Word, Word) {
    let training = circuit().circuit.training.expect("it trains");
    let initial = Weights::zero(&training).commitment();
    (to_word(dataset().root()), to_word(initial))
}

impl Run {
    pub fn of(parties: &Parties) -> Self {
        let circuit = circuit();
        let dataset = dataset();
        let order = order_seed(&parties.escrow.to_bytes(), sha256);
        let context = from_word(&context(parties)).expect("248 bits");
        let training = circuit.circuit.training.expect("it trains");
        let mut weights = Weights::zero(&training);
        let mut transcript = Transcript::new(
            circuit.circuit,
            context,
            dataset.root(),
            weights.commitment(),
        );
        let mut starts = Vec::new();
        let recipe = Recipe::new(&circuit.circuit, &dataset, order, RATE).expect("it trains");
        for epoch in 1..=EPOCHS {
            starts.push(weights.clone());
            let leaves = recipe.epoch(&mut weights, epoch).expect("it converges");
            let metrics = commit_metrics(&[f64::from(epoch)]);
            let time = START as u64 + u64::from(epoch);
            transcript.push(leaves, metrics, time).expect("room");
        }
        Self {
            dataset,
            starts,
            transcript,
            order,
        }
    }

    /// What the node commits to.
    pub fn commitment(&self) -> Commitment {
        let leaves = self.transcript.epochs().iter().flat_map(|it| &it.leaves);
        let leaves: Vec<Word> = leaves.map(|leaf: &Fr| to_word(*leaf)).collect();
        Commitment {
            root: to_word(self.transcript.root()),
            trained: to_word(self.transcript.trained()),
            leaves_hash: sha256(&[leaves.as_flattened()]),
            epochs: EPOCHS,
        }
    }

    /// The statement about the challenge that this seed draws.
    pub fn statement(&self, seed: &[u8; 32], starts: u64, ends: u64) -> Statement {
        let circuit = &circuit().circuit;
        let challenge = Challenge::draw(circuit, EPOCHS, seed, &self.order, sha256);
        Statement {
            context: to_word(self.transcript.context()),
            dataset: to_word(self.transcript.dataset()),
            initial: to_word(self.transcript.initial()),
            trained: to_word(self.transcript.trained()),
            root: to_word(self.transcript.root()),
            meta: Meta::new(circuit, EPOCHS, starts, ends, RATE).expect("numbers made to fit"),
            challenge: challenge.expect("there are epochs"),
        }
    }

    /// A proof of that statement.
    pub fn prove(&self, statement: &Statement) -> [u8; 256] {
        let circuit = &circuit().circuit;
        let recipe = Recipe::new(circuit, &self.dataset, self.order, RATE).expect("it trains");
        let samples = statement.challenge.samples().iter();
        let steps: Vec<RevealedStep> = samples
            .map(|sample| {
                let start = &self.starts[usize::from(sample.epoch) - 1];
                RevealedStep::repeat(&recipe, start, *sample).expect("it converges")
            })
            .collect();
        let witness = Witness::new(statement, &self.transcript, &steps).expect("it opens");
        let prover = insecure_dev_prover(circuit).expect("the circuit has a key");
        let mut random = ChaCha20Rng::from_seed([5; 32]);
        let proof = prover.prove(&witness, &mut random, |_| {});
        proof.expect("the statement is true").0
    }
}

fn context(parties: &Parties) -> Word {
    Context {
        program: job_escrow::ID.to_bytes(),
        escrow: parties.escrow.to_bytes(),
        job_id: parties.job_id,
        user: parties.user.to_bytes(),
        node: parties.node.to_bytes(),
        spec_hash: SPEC,
        circuit: circuit().id,
    }
    .word(sha256)
}

//! Training that is proven: what a node commits to while it works, and its proof.

use std::{fs::File, path::Path};

use cyxwiz::flow::input::Input;
use cyxwiz_chain::{
    EscrowAccount, TranscriptAccount, context_word, instructions::proof::Commitment,
};
use cyxwiz_domain::{
    Digest,
    dataset::Table,
    training::{StateRecord, TranscriptRecord},
};
use cyxwiz_proof::{
    commitment::{SegmentState, commit_metrics},
    field::{Fr, from_word, to_word},
    groth16::Proof,
    intsgd::Weights,
    job::{ExactRun, INTEGER_WEIGHTS, Proving, leaves_hash, read_record, write_record},
    keys::KeyStore,
    transcript::{Transcript, public_input},
};
use cyxwiz_statement::Registered;
use safetensors::{Dtype, tensor::TensorView};

use crate::node::{Shown, weights};

/// A finished run of a job with a proof.
#[derive(Clone)]
pub struct Work {
    input: Input,
    escrow: [u8; 32],
    record: TranscriptRecord,
    /// Weights file of each epoch.
    files: Vec<Vec<u8>>,
}

impl Work {
    /// Trains the job of `escrow`: in integers where it asks for that, else in nothing at all, which a
    /// transcript alone cannot tell.
    pub fn train(input: &Input, escrow: &EscrowAccount) -> Self {
        let circuit = input.spec.circuit().expect("a circuit");
        let opening = input.opening.expect("an opening");
        let word = |word| from_word(&word).expect("an element");
        let context = word(context_word(escrow, Digest(circuit.id)).0);
        let (dataset, initial) = (word(opening.dataset), word(opening.initial));
        let mut transcript = Transcript::new(circuit.circuit, context, dataset, initial);
        let table = table(&input.dataset, input);
        let epochs = 1..=u16::try_from(input.spec.job.epochs).expect("few");
        let ended = u64::try_from(escrow.assigned_at).expect("now");
        let mut push = |leaves, epoch: u16| {
            let metrics = commit_metrics(&[1.0, 0.5, 0.5, 0.9]);
            let time = ended + u64::from(epoch);
            transcript.push(leaves, metrics, time).expect("an epoch");
        };
        let (mut files, mut last) = (Vec::new(), None);
        if let Some(integers) = input.spec.integer_training() {
            let run = ExactRun::new(&input.spec, &table).expect("rows");
            let recipe = run.recipe(&escrow.address.0);
            let mut trained = Weights::zero(&integers.training);
            for epoch in epochs {
                let leaves = recipe.epoch(&mut trained, epoch).expect("no divergence");
                push(leaves, epoch);
                let shape = [integers.training.inputs, integers.training.outputs];
                files.push(delivered(&trained, shape));
            }
        } else {
            for epoch in epochs {
                let leaf = |n| Fr::from(u64::from(epoch) * 100 + n);
                let mut leaves: Vec<Fr> =
                    (0..u64::from(circuit.circuit.steps())).map(leaf).collect();
                files.push(weights(epoch.into()));
                // What no transcript can hide: which weights it ends with.
                let (end, record) = state(&files[files.len() - 1], epoch);
                (*leaves.last_mut().expect("leaves"), last) = (end, Some(record));
                push(leaves, epoch);
            }
        }
        let record = TranscriptRecord {
            last,
            ..write_record(circuit, &transcript)
        };
        Self {
            input: input.clone(),
            escrow: escrow.address.0,
            record,
            files,
        }
    }

    /// Head and end of an epoch.
    pub fn head(&self, epoch: u32) -> (Digest, u64) {
        let record = &self.record.epochs[epoch as usize - 1];
        (record.head, record.time)
    }

    /// Weights file of an epoch.
    pub fn file(&self, epoch: u32) -> Vec<u8> {
        self.files[epoch as usize - 1].clone()
    }

    /// Delivers other weights than the last: those of the epoch before.
    pub fn falsify_weights(&mut self) {
        let last = self.files.len() - 1;
        self.files[last] = self.files[last - 1].clone();
    }

    /// The transcript as this node shows it, JSON.
    pub fn shown(&self, shown: Shown) -> Vec<u8> {
        let mut record = self.record.clone();
        match shown {
            Shown::OtherLeaf => record.epochs[0].leaves[0].0[31] ^= 1,
            Shown::OtherRun => record = detour(&record, 0, 0),
            Shown::OtherState => {
                record.last.as_mut().expect("a state").optimizer = Digest([1; 32]);
            }
            _ => {}
        }
        let mut bytes = serde_json::to_vec(&record).expect("JSON");
        if shown == Shown::TooMuch {
            bytes.resize(bytes.len() + (1 << 20), b' ');
        }
        bytes
    }

    /// What goes on the chain.
    pub fn commitment(&self) -> Commitment {
        let transcript = read_record(&self.record).expect("a transcript");
        Commitment {
            root: Digest(to_word(transcript.root())),
            trained: Digest(to_word(transcript.trained())),
            leaves_hash: leaves_hash(&self.record),
            epochs: u16::try_from(self.record.epochs.len()).expect("few"),
        }
    }

    /// The proof of what `transcript` asks for, and its public input.
    pub fn prove(&self, transcript: &TranscriptAccount) -> (Proof, Digest) {
        let circuit = self.input.spec.circuit().expect("a circuit");
        let prover = KeyStore::of_build()
            .prover(&circuit.circuit)
            .expect("a key");
        let statement = transcript.statement().expect("a challenge");
        let table = table(&self.input.dataset, &self.input);
        let proving = Proving {
            spec: &self.input.spec,
            table: Some(&table),
            record: &self.record,
            escrow: self.escrow,
            statement: &statement,
        };
        let proof = proving.prove(&prover, &mut rand::rngs::OsRng, |_| {});
        let public = public_input(&statement).expect("canonical");
        (proof.expect("a proof"), Digest(to_word(public)))
    }
}

/// The leaf of an epoch that ended with these weights, and what it is made of besides.
fn state(weights: &[u8], epoch: u16) -> (Fr, StateRecord) {
    let state = SegmentState {
        weights: Digest::of(weights).0,
        optimizer: [7; 32],
        random: [8; 32],
        epoch: epoch.into(),
        batch: 3,
    };
    let record = StateRecord {
        optimizer: Digest(state.optimizer),
        random: Digest(state.random),
        epoch: state.epoch,
        batch: state.batch,
    };
    (state.commitment(), record)
}

/// The same run but for one step, both numbers from 0, with heads that follow: it ends as the other does.
pub fn detour(record: &TranscriptRecord, epoch: usize, step: usize) -> TranscriptRecord {
    let circuit = Registered::by_name(&record.circuit).expect("registered");
    let word = |word: &Digest| from_word(&word.0).expect("an element");
    let [context, dataset, initial] = [&record.context, &record.dataset, &record.initial].map(word);
    let mut transcript = Transcript::new(circuit.circuit, context, dataset, initial);
    for (number, of_epoch) in record.epochs.iter().enumerate() {
        let mut leaves: Vec<Fr> = of_epoch.leaves.iter().map(word).collect();
        if number == epoch {
            leaves[step] = Fr::from(9_u64);
        }
        let pushed = transcript.push(leaves, word(&of_epoch.metrics), of_epoch.time);
        pushed.expect("an epoch");
    }
    TranscriptRecord {
        last: record.last,
        ..write_record(circuit, &transcript)
    }
}

fn table(path: &Path, input: &Input) -> Table {
    Table::read(File::open(path).expect("data"), &input.spec).expect("rows")
}

/// Weights as a trainer delivers them: the integers, and their floats as PyTorch has them.
fn delivered(weights: &Weights, shape: [u16; 2]) -> Vec<u8> {
    let [inputs, outputs] = shape.map(usize::from);
    let integers: Vec<u8> = weights
        .values()
        .iter()
        .flat_map(|w| w.to_le_bytes())
        .collect();
    let values = weights.to_f32();
    let places = (0..outputs).flat_map(|row| (0..inputs).map(move |column| column * outputs + row));
    let floats: Vec<u8> = places
        .flat_map(|place| values[place].to_le_bytes())
        .collect();
    let tensor = |dtype, shape: [usize; 2], bytes| {
        TensorView::new(dtype, shape.to_vec(), bytes).expect("a tensor")
    };
    let tensors = [
        (
            INTEGER_WEIGHTS,
            tensor(Dtype::I64, [inputs, outputs], &integers),
        ),
        ("0.weight", tensor(Dtype::F32, [outputs, inputs], &floats)),
    ];
    safetensors::serialize(tensors, None).expect("a file")
}

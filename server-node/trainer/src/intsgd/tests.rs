use std::{fs::File, path::Path};

use cyxwiz_domain::{Address, dataset::Table, spec::JobSpec};
use cyxwiz_proof::intsgd::{Batch, Dataset, Divergence, Recipe, Weights};

use super::*;
use crate::Binding;

/// The job of the example and its rows.
fn digits() -> (Job, Table) {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/digits");
    let text = std::fs::read_to_string(example.join("zk.toml")).expect("spec");
    let spec = JobSpec::from_toml(&text).expect("valid");
    let file = File::open(example.join("digits.csv.gz")).expect("data");
    let table = Table::read(file, &spec).expect("rows");
    let binding = Binding {
        escrow: Address([3; 32]),
        context: Digest([1; 32]),
    };
    let job = Job::new(spec, table.rows(), Digest::default()).bound(binding);
    (job, table)
}

fn trainer(job: &Job, table: &Table, exact: Exact) -> IntSgdTrainer {
    let integers = job.spec.integer_training().expect("integers");
    IntSgdTrainer::new(job, integers, table, exact, Device::Cpu, 1).expect("trainer")
}

fn train(job: &Job, trainer: &mut IntSgdTrainer, epochs: std::ops::RangeInclusive<u32>) {
    for epoch in epochs {
        for batch in job.batches(epoch) {
            trainer.step(&batch, 0.0, 0).expect("step");
        }
        let time = 1_790_000_000 + u64::from(epoch);
        trainer.commit_epoch([0.5; 4], time).expect("room");
    }
}

#[test]
fn floats_and_integers_give_the_same_bits() {
    let (job, table) = digits();
    let [a, b] = [Exact::Integers, Exact::Floats].map(|exact| {
        let mut trainer = trainer(&job, &table, exact);
        train(&job, &mut trainer, 1..=3);
        let tally = trainer.evaluate(&job.split.test).expect("evaluate");
        (trainer.weights().expect("weights"), trainer.record(), tally)
    });
    assert_eq!(a.1.epochs[0].leaves.len(), 64);
    assert!(a == b, "integers and floats part");
}

/// Whoever has the spec, the data and the escrow repeats the run and finds every commitment.
#[test]
fn a_replay_finds_nothing_else() {
    let (job, table) = digits();
    let mut trainer = trainer(&job, &table, Exact::Floats);
    train(&job, &mut trainer, 1..=2);
    let training = trainer.integers.training;
    let inputs = usize::from(training.inputs);
    let train = &job.split.train;
    let row = |row: &u32| &table.features[*row as usize * inputs..][..inputs];
    let features: Vec<i8> = train
        .iter()
        .flat_map(row)
        .map(|x| cyxwiz_proof::intsgd::quantize(*x))
        .collect();
    let classes: Vec<u16> = train
        .iter()
        .map(|row| table.labels[*row as usize] as u16)
        .collect();
    let batches = Batch::split(&training, &features, &classes).expect("batches");
    let dataset = Dataset::new(&training, batches).expect("dataset");
    assert_eq!(dataset.root(), trainer.transcript.dataset());
    let order = cyxwiz_statement::order_seed(&[3; 32], cyxwiz_proof::field::sha256);
    let recipe = Recipe::new(&trainer.integers.circuit, &dataset, order, 6).expect("recipe");
    let epochs = trainer.transcript.epochs().iter();
    let leaves: Vec<Vec<Fr>> = epochs.map(|epoch| epoch.leaves.clone()).collect();
    let replay = recipe.replay(&Weights::zero(&training), &leaves);
    assert_eq!(replay, Ok(Divergence::None));
}

#[test]
fn a_run_goes_on_where_its_state_was_taken() {
    let (job, table) = digits();
    let mut whole = trainer(&job, &table, Exact::Integers);
    train(&job, &mut whole, 1..=1);
    let second = job.batches(2);
    for batch in &second[..10] {
        whole.step(batch, 0.0, 0).expect("step");
    }
    let state = whole.state().expect("state");
    let mut resumed = trainer(&job, &table, Exact::Floats);
    resumed.restore(&state).expect("restore");
    for trainer in [&mut whole, &mut resumed] {
        for batch in &second[10..] {
            trainer.step(batch, 0.0, 0).expect("step");
        }
        trainer
            .commit_epoch([0.25; 4], 1_790_000_100)
            .expect("room");
    }
    assert_eq!(whole.record(), resumed.record());
    assert_eq!(whole.weights().expect("a"), resumed.weights().expect("b"));

    let elsewhere = job.clone().bound(Binding::default());
    let mut other = trainer(&elsewhere, &table, Exact::Integers);
    let problem = other.restore(&state).expect_err("another context");
    assert!(problem.contains("bound to another escrow"), "{problem}");
    let text = String::from_utf8(state).expect("JSON");
    let damaged = text.replacen("\"time\":1790000001", "\"time\":1790000002", 1);
    assert_ne!(text, damaged);
    let problem = resumed
        .restore(damaged.as_bytes())
        .expect_err("another time");
    assert!(problem.contains("hash chain does not hold"), "{problem}");
}

#[test]
fn both_leave_the_numbers_at_the_same_step() {
    let (job, table) = digits();
    let limit = 1_i64 << 40;
    let refusals = [Exact::Integers, Exact::Floats].map(|exact| {
        let mut trainer = trainer(&job, &table, exact);
        let at = |value| {
            let mut values = vec![0; 640];
            values[17] = value;
            Weights::new(&trainer.integers.training, values).expect("50 bits")
        };
        // 64 inputs: 2^53 / 2^13.
        let (over, under) = (at(-limit), at(limit - (1 << 30)));
        trainer.arithmetic.set_weights(under).expect("set");
        trainer.arithmetic.scores(&[0, 1]).expect("below the limit");
        trainer.arithmetic.set_weights(over).expect("set");
        let error = trainer.step(&[0, 1], 0.0, 0).expect_err("diverged");
        assert_eq!(error.kind(), cyxwiz_domain::training::FailureKind::Diverged);
        error.to_string()
    });
    assert_eq!(refusals[0], refusals[1]);
    assert!(refusals[0].contains("-1099511627776"), "{}", refusals[0]);
}

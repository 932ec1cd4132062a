//! Jobs that must be proven.

use super::*;

const ZK: &str = r#"
job = { name = "digits", epochs = 20 }
dataset = { format = "csv.gz", shape = [1, 8, 8], scale = 16 }
model.layers = [{ type = "flatten" }, { type = "linear", out = 10, bias = false }]
training = { loss = "hard_sigmoid", batch = 32 }
optimizer = { type = "int_sgd", rate = 6 }
verification = { tier = "zk-exact", circuit = "z64x10" }
"#;

#[test]
fn a_job_in_integers_takes_its_steps_from_the_circuit() {
    let spec = JobSpec::from_toml(ZK).expect("valid");
    let integers = spec.integer_training().expect("integers");
    assert_eq!((integers.name, integers.rate), ("z64x10", 6));
    assert_eq!(integers.most_rows(), 32 << 10);
    assert_eq!(spec.steps_per_epoch(1797), 64);
    assert_eq!(spec.classes(), Some(10));
    // Twelve hashes in each of 20 x 64 steps.
    assert!((3..=6).contains(&spec.estimated_seconds(1797, 1.0)));
    let read = JobSpec::from_json(&spec.canonical_bytes()).expect("valid");
    assert_eq!(read, spec);
}

#[test]
fn what_a_circuit_cannot_hold_is_refused() {
    let cases = [
        (
            "\"z64x10\"",
            "\"z9x9\"",
            "`verification.circuit`: z9x9 is not registered; the circuits of this tier are z16x4-ci, z30x2, z64x10",
        ),
        (
            "\"z64x10\"",
            "\"t100x16\"",
            "`verification.circuit`: t100x16 recomputes nothing",
        ),
        (
            "\"z64x10\"",
            "\"z30x2\"",
            "`dataset.shape`: gives 64 inputs, but the circuit z30x2 has 30; change it",
        ),
        (
            "\"zk-exact\"",
            "\"audited\"",
            "`optimizer.type`: int_sgd takes its batches from a circuit",
        ),
        (
            "\"zk-exact\"",
            "\"trust\"",
            "`verification.tier`: unknown variant `trust`",
        ),
        (
            "epochs = 20",
            "epochs = 101",
            "`job.epochs`: is 101, but the circuit z64x10 has room for 100",
        ),
        ("out = 10", "out = 9", "`model.layers`: gives 9 outputs"),
        (
            ", bias = false",
            "",
            "`model.layers`: the tier zk-exact holds one linear layer",
        ),
        (
            "{ type = \"flatten\" }",
            "{ type = \"flatten\" }, { type = \"relu\" }",
            "`model.layers`: the tier zk-exact",
        ),
        (
            "batch = 32",
            "batch = 16",
            "`training.batch`: gives 16 rows per batch",
        ),
        (
            "\"hard_sigmoid\"",
            "\"cross_entropy\"",
            "`training.loss`: the tier zk-exact trains with",
        ),
        (
            "\"int_sgd\", rate = 6",
            "\"sgd\", lr = 0.1",
            "`optimizer.type`: the tier zk-exact trains in integers",
        ),
        ("rate = 6", "rate = 0", "`optimizer.rate`: is 0"),
        ("rate = 6", "rate = 70000", "`optimizer`: invalid value"),
        (
            "verification =",
            "schedule = { type = \"cosine\" }\nverification =",
            "`schedule.type`: int_sgd has one rate",
        ),
    ];
    for (from, to, expected) in cases {
        assert!(ZK.contains(from), "{from}");
        let refused = JobSpec::from_toml(&ZK.replace(from, to)).expect_err(to);
        assert!(refused.to_string().contains(expected), "{to}: {refused}");
    }
    let without = ZK.lines().filter(|line| !line.starts_with("verification"));
    let without = JobSpec::from_toml(&without.collect::<Vec<_>>().join("\n"));
    assert!(without.is_err());
    let message = refusal("\"cross_entropy\"", "\"hard_sigmoid\"");
    assert!(
        message.contains("`training.loss`: hard_sigmoid belongs"),
        "{message}"
    );
}

#[test]
fn audited_jobs_name_a_transcript() {
    let with = |section: &str| JobSpec::from_toml(&format!("{DIGITS}\n[verification]\n{section}"));
    let spec = with("tier = \"audited\"\ncircuit = \"t100x16\"").expect("valid");
    assert_eq!(spec.circuit().map(|c| c.name), Some("t100x16"));
    assert_ne!(spec.spec_hash(), digits().spec_hash());
    assert_eq!(spec.runtime_class(), Some(RuntimeClass::DEFAULT));
    let read = JobSpec::from_json(&spec.canonical_bytes()).expect("valid");
    assert_eq!(read.verification, spec.verification);
    let four = with("tier = \"audited\"\ncircuit = \"t100x16\"\nruntime = \"torch-2.11-avx2-4\"");
    let four = four.expect("valid");
    assert_eq!(four.runtime_class().map(|class| class.threads()), Some(4));
    assert_ne!(four.spec_hash(), spec.spec_hash());
    let other = with("tier = \"audited\"\ncircuit = \"t100x16\"\nruntime = \"mine\"");
    let other = other.expect_err("unknown").to_string();
    assert!(
        other.contains("mine is not registered; the classes are torch-2.11"),
        "{other}"
    );
    let tolerant = with("tier = \"audited-tolerant\"\ncircuit = \"t100x16\"").expect("valid");
    assert_eq!(tolerant.runtime_class(), None);
    let tolerant =
        with("tier = \"replicated\"\ncircuit = \"t100x16\"\nruntime = \"torch-2.11-avx2-1\"");
    assert!(
        tolerant
            .expect_err("no class")
            .to_string()
            .contains("leave it out")
    );
    let refused = with("tier = \"replicated\"\ncircuit = \"z64x10\"").expect_err("integers");
    assert!(
        refused.to_string().contains("only the tier zk-exact does"),
        "{refused}"
    );
}

#[test]
fn rows_that_a_circuit_cannot_hold_are_refused() {
    let document = serde_json::json!({
        "job": { "name": "t", "epochs": 8 },
        "dataset": { "format": "csv", "shape": [16], "scale": 2, "split": { "test": 0.0 } },
        "model": { "layers": [{ "type": "linear", "out": 4, "bias": false }] },
        "training": { "loss": "hard_sigmoid", "batch": 8 },
        "optimizer": { "type": "int_sgd", "rate": 6 },
        "verification": { "tier": "zk-exact", "circuit": "z16x4-ci" },
    });
    let spec = JobSpec::from_json(document.to_string().as_bytes()).expect("spec");
    let read = |rows: usize, feature: &str| {
        let line = format!("{}3\n", format!("{feature},").repeat(16));
        crate::dataset::Table::read(line.repeat(rows).as_bytes(), &spec)
    };
    assert_eq!(read(128, "-2").expect("full").rows(), 128);
    let refused = read(129, "2").expect_err("too many").to_string();
    assert!(
        refused.starts_with("129 rows to train on, but the job's circuit has room for 128"),
        "{refused}"
    );
    let refused = read(128, "2.5").expect_err("too bright").to_string();
    assert!(
        refused.contains("2.5 divided by `dataset.scale` is 1.25"),
        "{refused}"
    );
}

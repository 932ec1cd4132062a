//! A job that is paid through a proof of its training, as `scripts/demo --job examples/digits/zk.toml` runs one.

use cyxwiz_chain::{EscrowState, TranscriptStage};
use cyxwiz_tests_e2e::{JobFile, ProvenJob, eventually};
use serde_json::Value;

#[test]
fn a_proven_job_is_paid_at_once() {
    let (job, run) = ProvenJob::start(JobFile::integers);
    job.skip_to_the_challenge();
    let drawn = job.await_stage(TranscriptStage::Revealed);
    assert!(drawn.user_nonce.is_some() && drawn.coordinator_nonce.is_some());
    assert_eq!(drawn.challenge().expect("drawn").samples().len(), 1);
    let report = run.finish().json();

    let proof = &report["proof"];
    assert_eq!(proof["tier"], "zk-exact");
    assert_eq!(proof["circuit"], "z16x4-ci");
    assert_eq!(proof["verified"], true);
    assert_eq!(proof["constraints"], 14_862);
    assert_eq!(proof["insecure_dev_key"], true);
    assert!(proof["prove_seconds"].as_f64() > Some(0.0), "{proof}");
    let units = |name: &str| job.compute_units(&report, name);
    assert_eq!(proof["compute_units"], units("verify"));
    // Checking the proof and paying for it.
    let settled = units("verify") + units("submit_completion") + units("accept");
    assert!(settled < 150_000, "{settled} compute units");
    for name in ["create_escrow", "commit", "reveal"] {
        assert!(units(name) > 0);
    }
    let accuracy = report["accuracy"].as_f64().expect("a number");
    assert!(accuracy >= 0.9, "accuracy {accuracy}");
    assert_eq!(report["balances"]["conserved"], true);

    let paid = job.account();
    assert_eq!(paid.state, EscrowState::Paid);
    assert_eq!(paid.paid_node.0 + paid.paid_platform.0, paid.amount.0);
    // Long before the window would have been over.
    let now = job.ask(async |chain| chain.unix_time().await.expect("a clock"));
    assert!(now < paid.release_at);
    job.await_closed();

    // Anyone who has the data can repeat the whole training, and ends with the same bits as the node.
    let replay = job.stack.cyxwiz(&["job", "replay", &job.id.to_string()]);
    let replay = replay.json();
    assert_eq!(
        (&replay["honest"], &replay["steps"]),
        (&true.into(), &64.into())
    );
    assert_eq!(replay["compared"], "every_step");
}

/// The example of the documentation, with the circuit that it names.
#[test]
fn the_digits_example_is_proven_and_paid() {
    let (job, run) = ProvenJob::start(|_| JobFile::digits_in_integers());
    job.skip_to_the_challenge();
    let report = run.finish().json();

    let proof = &report["proof"];
    assert_eq!(
        (&proof["circuit"], &proof["verified"]),
        (&"z64x10".into(), &true.into())
    );
    assert_eq!(proof["constraints"], 122_858);
    assert_eq!(proof["compared"], true);
    let units = proof["compute_units"].as_u64().expect("the transaction's");
    assert!((1..150_000).contains(&units), "{proof}");
    let seconds = proof["prove_seconds"].as_f64().expect("the node's");
    assert!(seconds > 0.0, "{proof}");
    let accuracy = report["accuracy"].as_f64().expect("a number");
    assert!(accuracy >= 0.90, "accuracy {accuracy}");
    assert_eq!(report["balances"]["conserved"], true);
    assert_eq!(job.account().state, EscrowState::Paid);

    // Whoever comes back once the transcript is closed reads the same.
    job.await_closed();
    let id = job.id.to_string();
    let again = job.stack.told(&["job", "watch", &id]);
    assert!(
        again.stdout.contains("proof verified on-chain: z64x10, "),
        "{}\n{}",
        again.stdout,
        again.stderr
    );
    let status = job.stack.told(&["job", "status", &id]).stdout;
    let kept = "verified on-chain before it was paid (z64x10, INSECURE development key)";
    assert!(status.contains(kept), "{status}");
    let status = job.stack.cyxwiz(&["job", "status", &id]).json();
    let proof = &status["proof"];
    assert_eq!(proof["stage"], "verified");
    assert_eq!(
        (&proof["verified"], &proof["paid"]),
        (&true.into(), &true.into())
    );
    assert_eq!(proof["circuit_name"], "z64x10");
    let listed = &job.stack.cyxwiz(&["job", "list"]).json()[0];
    assert_eq!(
        (&listed["proof"], &listed["circuit"]),
        (&"verified".into(), &"z64x10".into())
    );
    assert_eq!(listed["insecure_dev_key"], true);
}

#[test]
fn nobody_needs_the_users_engine_once_the_data_are_there() {
    let (job, run) = ProvenJob::start(JobFile::integers);
    job.await_stage(TranscriptStage::Committed);
    run.kill();
    job.skip_to_the_challenge();
    // The coordinator shows its nonce; the user's never comes.
    eventually("the coordinator's nonce", || {
        job.transcript()?.coordinator_nonce
    });
    job.skip_the_nonces();
    let drawn = job.await_stage(TranscriptStage::Revealed);
    assert_eq!(drawn.user_nonce, None);
    job.await_stage(TranscriptStage::Verified);

    job.skip_the_window();
    let paid = job.await_settled();
    assert_eq!(paid.state, EscrowState::Paid);
    assert_eq!(paid.paid_node.0 + paid.paid_platform.0, paid.amount.0);
    job.await_closed();
}

#[test]
fn a_root_of_other_epochs_than_were_seen_is_not_paid_for() {
    let (job, run) = ProvenJob::start(JobFile::integers);
    job.await_stage(TranscriptStage::Committed);
    run.kill();
    // As if the node had streamed another third epoch than the one that it has committed to.
    let log = job.stack.dir().join(format!("user/jobs/{}", job.id));
    let log = log.join("epochs.jsonl");
    let text = std::fs::read_to_string(&log).expect("the log of the epochs");
    let mut lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let third = lines.iter_mut().find(|line| line["epoch"]["epoch"] == 3);
    let third = third.expect("it was seen");
    assert!(third["epoch"]["head"].is_string(), "{third}");
    third["epoch"]["head"] = "07".repeat(32).into();
    let text: Vec<String> = lines.iter().map(|line| format!("{line}\n")).collect();
    std::fs::write(&log, text.concat()).expect("the log is writable");

    job.stack.advance_slots(33);
    let watch = job.watch();
    assert_ne!(watch.code, 0, "{}", watch.stdout);
    assert!(watch.stderr.contains("job dispute"), "{}", watch.stderr);
    assert!(!job.account().state.is_settled());
}

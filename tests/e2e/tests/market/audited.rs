//! A job whose proof fixes the transcript alone: it is paid after the time for audits.

use cyxwiz_chain::{EscrowState, TranscriptStage, instructions::escrow};
use cyxwiz_domain::Digest;
use cyxwiz_proof::job::state_commitment;
use cyxwiz_tests_e2e::{JobFile, ProvenJob};

#[test]
fn an_audited_job_is_delivered_and_paid_after_the_window() {
    let (job, run) = ProvenJob::start(|_| JobFile::audited());
    job.skip_to_the_challenge();
    let report = run.finish().json();
    let transcript = job.await_stage(TranscriptStage::Verified);
    assert_eq!(transcript.samples, 0);
    let held = job.account();
    assert_eq!(held.state, EscrowState::Submitted);
    assert_eq!(report["payment_due_at"], held.release_at);
    let weights = report["weights_file"].as_str().expect("a path");
    // They are those that the transcript ends in, although no step was recomputed.
    let record = job.kept_transcript(&report, &transcript);
    let weights = Digest::of(&std::fs::read(weights).expect("weights"));
    let delivered = state_commitment(&record, weights);
    assert_eq!(delivered, Ok(transcript.trained.0));

    // Not even its user may pay it before.
    let refused = job.ask(async |chain| {
        let user = job.stack.signer("user");
        let lock_payer = chain.lock_payer(job.escrow).await.expect("a lock");
        let accept = escrow::accept(&held, lock_payer).expect("assigned");
        chain.execute(&[accept], &user, &[]).await
    });
    let refused = refused.expect_err("the window is open").to_string();
    assert!(refused.to_lowercase().contains("audit"), "{refused}");

    job.skip_the_window();
    let paid = job.await_settled();
    assert_eq!(paid.state, EscrowState::Paid);
    assert_eq!(paid.paid_node.0 + paid.paid_platform.0, paid.amount.0);
    job.await_closed();
}

//! Processes that die while a job is proven: it is paid for, and once.

use cyxwiz_chain::{EscrowState, TranscriptStage};
use cyxwiz_tests_e2e::{JobFile, NodeStanding, ProvenJob};

fn assert_paid_once(job: &ProvenJob) {
    let paid = job.await_settled();
    assert_eq!(paid.state, EscrowState::Paid);
    assert_eq!(paid.paid_node.0 + paid.paid_platform.0, paid.amount.0);
    for node in job.ask(async |chain| chain.nodes().await.expect("the chain")) {
        assert_eq!((node.active_jobs, node.locked.0), (0, 0), "a lock is left");
    }
}

#[test]
fn a_node_killed_at_every_stage_is_paid_once() {
    let (job, run) = ProvenJob::start(JobFile::integers);
    job.await_stage(TranscriptStage::Committed);
    job.stack.kill(&job.node());
    job.stack.bring_up(&[]);
    job.skip_to_the_challenge();
    // It proves for a second or more.
    job.await_stage(TranscriptStage::Revealed);
    job.stack.kill(&job.node());
    job.stack.bring_up(&[]);
    job.await_stage(TranscriptStage::Verified);
    job.stack.kill(&job.node());
    job.stack.bring_up(&[]);

    let report = run.finish().json();
    assert_eq!(report["proof"]["verified"], true);
    assert_eq!(report["balances"]["conserved"], true);
    assert_paid_once(&job);
}

#[test]
fn an_engine_killed_before_the_challenge_still_shows_its_nonce() {
    let (job, run) = ProvenJob::start(JobFile::integers);
    job.await_stage(TranscriptStage::Committed);
    run.kill();
    job.skip_to_the_challenge();
    let watch = job.spawn_watch();
    let drawn = job.await_stage(TranscriptStage::Revealed);
    assert!(drawn.user_nonce.is_some() && drawn.coordinator_nonce.is_some());
    let report = watch.finish().json();
    assert_eq!(report["job_id"], job.id.to_string());
    assert_eq!(report["proof"]["verified"], true);
    assert_paid_once(&job);
}

#[test]
fn a_coordinator_killed_before_the_challenge_still_shows_its_nonce() {
    let (job, run) = ProvenJob::start(JobFile::integers);
    job.await_stage(TranscriptStage::Committed);
    job.stack.kill("coordinator");
    job.skip_to_the_challenge();
    job.stack.bring_up(&[]);
    let drawn = job.await_stage(TranscriptStage::Revealed);
    assert!(drawn.user_nonce.is_some() && drawn.coordinator_nonce.is_some());
    assert_eq!(run.finish().json()["proof"]["verified"], true);
    assert_paid_once(&job);
}

#[test]
fn a_chain_that_was_away_before_the_challenge_has_the_slot_hashes_still() {
    let (job, run) = ProvenJob::start(JobFile::integers);
    job.await_stage(TranscriptStage::Committed);
    job.stack.kill("localnet");
    job.stack.bring_up(&[]);
    job.skip_to_the_challenge();
    assert_eq!(run.finish().json()["proof"]["verified"], true);
    assert_paid_once(&job);
}

#[test]
fn a_slot_hash_that_nobody_asked_for_in_time_pays_nobody() {
    let (job, run) = ProvenJob::start(JobFile::integers);
    job.await_stage(TranscriptStage::Committed);
    let listed = job.stack.cyxwiz(&["job", "list"]).json();
    assert_eq!(listed[0]["proof"], "committed");
    let owner = job.account().node.expect("assigned");
    let before = job.ask(async |_| NodeStanding::of(&job.stack, owner).await);
    run.kill();
    job.stack.kill(&job.node());
    job.stack.kill("coordinator");
    job.stack.advance_slots(32 + 513);
    job.stack.bring_up(&[]);
    // There is no second draw, so there can be no proof: the node hands the job back, and is none the worse.
    let ended = job.await_settled();
    assert_eq!(ended.state, EscrowState::Refunded);
    assert_eq!(ended.paid_user, ended.amount);
    let after = job.ask(async |_| NodeStanding::of(&job.stack, owner).await);
    assert_eq!(after, before.after_handing_back());
    job.await_closed();

    // Whoever was away asks the node why.
    let told = job.watch();
    assert_eq!(told.code, 5, "{}", told.stderr);
    let ending = &told.last_line()["error"]["ending"];
    assert_eq!(ending["state"], "refunded");
    let reason = ending["reason"].as_str().expect("a reason");
    assert!(reason.contains("no longer on the chain"), "{reason}");
}

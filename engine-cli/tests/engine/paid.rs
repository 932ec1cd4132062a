//! Jobs that others have paid, as anyone may once the window is over: what was delivered is compared all the same.

use cyxwiz::{
    engine::Engine,
    error::{Error, ExitStatus},
    flow::{
        Goal, JobRun, RunOptions,
        journal::{self, Journal},
        store::JobStore,
    },
};
use cyxwiz_chain::{EscrowState, instructions::escrow::release};
use cyxwiz_domain::{Digest, JobId};

use crate::{
    node::Faults,
    proofs::{Market, transcript},
    world::World,
};

/// Has the window pass, and the payment released by anyone.
async fn pay(market: &Market, job: JobId) {
    let (world, engine) = (&market.world, &market.engine);
    let escrow = world.escrow(engine, job).await;
    let window = u32::try_from(escrow.release_at - escrow.submitted_at).expect("a window");
    world.advance(window + 60).await;
    let payer = engine.chain.lock_payer(escrow.address).await;
    let release = release(&escrow, engine.user(), payer.expect("a lock")).expect("a node");
    let released = engine.chain.execute(&[release], &engine.signer, &[]).await;
    released.expect("released");
    let escrow = world.escrow(engine, job).await;
    assert_eq!(escrow.state, EscrowState::Paid);
}

fn journal(engine: &Engine, job: JobId) -> Journal {
    journal::read(&engine.settings.data_dir, job).expect("journal")
}

fn change(engine: &Engine, job: JobId, change: impl FnOnce(&mut Journal)) {
    let mut store = JobStore::open(&engine.settings.data_dir, job).expect("open");
    change(&mut store.journal);
    store.save().expect("save");
}

#[tokio::test]
async fn other_weights_than_proven_are_told_of_also_after_the_payment() {
    let faults = Faults {
        other_integers: true,
        ..Faults::default()
    };
    let market = Market::new(World::exact_input, faults).await;
    let engine = &market.engine;
    let mut run = JobRun::begin(engine, &market.input, RunOptions::default()).expect("begin");
    let job = run.job_id();
    run.drive(Goal::Paid).await.expect_err("refused");
    drop(run);
    pay(&market, job).await;

    for _ in 0..2 {
        let mut run = JobRun::resume(engine, job, RunOptions::default()).expect("resume");
        let error = run.drive(Goal::Paid).await.expect_err("not as proven");
        assert!(
            matches!(error, Error::Dishonest { paid: true, .. }),
            "{error}"
        );
        assert_eq!(error.exit_status(), ExitStatus::Failure);
        let told = error.to_string();
        assert!(told.contains("its proof speaks of weights"), "{told}");
        assert!(told.contains("cyxwiz job rate"), "{told}");
        assert!(!told.contains("cyxwiz job dispute"), "{told}");
    }
    // The same work may be ordered again.
    assert!(journal(engine, job).finished);
}

#[tokio::test]
async fn other_results_than_the_chain_was_told_are_found_after_the_payment() {
    let market = Market::new(World::exact_input, Faults::default()).await;
    let engine = &market.engine;
    let mut run = JobRun::begin(engine, &market.input, RunOptions::default()).expect("begin");
    let job = run.job_id();
    run.drive(Goal::Delivered).await.expect("delivered");
    drop(run);
    pay(&market, job).await;

    // As if this machine had been away since the training.
    type Change = fn(&mut Journal);
    let changes: [(Change, &str); 3] = [
        (
            |journal| {
                journal
                    .transcript
                    .as_mut()
                    .expect("kept")
                    .commits_to
                    .leaves_hash = Digest([1; 32])
            },
            "steps with the hash",
        ),
        (
            |journal| {
                journal
                    .transcript
                    .as_mut()
                    .expect("kept")
                    .commits_to
                    .trained = Digest([1; 32])
            },
            "its transcript ends with",
        ),
        (
            |journal| journal.proof.as_mut().expect("a plan").committed = None,
            "",
        ),
    ];
    let good = journal(engine, job);
    for (falsify, expected) in changes {
        change(engine, job, |journal| {
            *journal = Journal {
                compared: false,
                ..good.clone()
            };
            falsify(journal);
        });
        let mut run = JobRun::resume(engine, job, RunOptions::default()).expect("resume");
        let driven = run.drive(Goal::Paid).await;
        if expected.is_empty() {
            let proof = driven
                .expect("driven")
                .expect("report")
                .proof
                .expect("a proof");
            assert!(proof.compared, "the transcript is still there");
        } else {
            let error = driven.expect_err("not as told");
            assert!(
                matches!(error, Error::Dishonest { paid: true, .. }),
                "{error}"
            );
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}

#[tokio::test]
async fn what_nobody_can_compare_any_more_is_not_said_to_be_compared() {
    let market = Market::new(World::exact_input, Faults::default()).await;
    let engine = &market.engine;
    let mut run = JobRun::begin(engine, &market.input, RunOptions::default()).expect("begin");
    let job = run.job_id();
    let report = run
        .drive(Goal::Paid)
        .await
        .expect("driven")
        .expect("report");
    drop(run);
    assert!(report.proof.expect("a proof").compared);
    assert!(journal(engine, job).compared);
    assert_eq!(transcript(engine, job).await, None);
    // As if this machine had been away until the transcript was closed.
    change(engine, job, |journal| {
        journal.compared = false;
        journal.proof.as_mut().expect("a plan").committed = None;
    });
    let mut run = JobRun::resume(engine, job, RunOptions::default()).expect("resume");
    let report = run
        .drive(Goal::Paid)
        .await
        .expect("driven")
        .expect("report");
    assert!(
        report
            .text()
            .contains("not compared with what was received")
    );
    assert!(!report.proof.expect("a proof").compared);
}

#[tokio::test]
async fn weights_that_are_gone_are_fetched_again_and_nobody_is_blamed() {
    let market = Market::new(World::exact_input, Faults::default()).await;
    let engine = &market.engine;
    let mut run = JobRun::begin(engine, &market.input, RunOptions::default()).expect("begin");
    let job = run.job_id();
    run.drive(Goal::Delivered).await.expect("delivered");
    drop(run);
    let weights = journal(engine, job).weights.expect("weights").path;
    std::fs::write(&weights, "other").expect("write");
    let error = cyxwiz::commands::job::replay::run(engine, job).await;
    let error = error.expect_err("changed");
    assert!(matches!(error, Error::Content { .. }), "{error}");
    let told = error.to_string();
    assert!(told.contains(&format!("cyxwiz job watch {job}")), "{told}");

    std::fs::remove_file(&weights).expect("remove");
    let mut run = JobRun::resume(engine, job, RunOptions::default()).expect("resume");
    run.drive(Goal::Paid).await.expect("paid");
    let escrow = market.world.escrow(engine, job).await;
    assert_eq!(escrow.state, EscrowState::Paid);
    let bytes = std::fs::read(&weights).expect("fetched again");
    assert_eq!(Digest::of(&bytes), escrow.weights_hash);
}

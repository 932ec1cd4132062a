//! A node that keeps its connection alive and does nothing with it holds up neither the user's secret nor his money.

use std::time::Duration;

use cyxwiz::{
    error::Error,
    flow::{Goal, JobRun, RunOptions, input::Input},
};
use cyxwiz_chain::EscrowState;
use tokio::time::{sleep, timeout};

use crate::{
    node::{Faults, Silent},
    proofs::{Market, transcript},
    world::{EPOCHS, World},
};

/// What the coordinator of these tests gives a job.
const TIMEOUT_SECONDS: u32 = 600;
/// Shorter than the engine waits for an answer: what it does, it does meanwhile.
const SOON: Duration = Duration::from_secs(25);

/// Drives a job past its deadline, from when the node has been `reached`; it ends with the money back.
async fn refunded(input: fn(&World) -> Input, faults: Faults, reached: fn(&Market) -> bool) {
    let market = Market::new(input, faults).await;
    let (engine, input) = (&market.engine, &market.input);
    let mut run = JobRun::begin(engine, input, RunOptions::default()).expect("begin");
    let job = run.job_id();
    let late = async {
        while !reached(&market) {
            sleep(Duration::from_millis(5)).await;
        }
        market.world.advance(TIMEOUT_SECONDS + 60).await;
        sleep(SOON).await;
    };
    let error = tokio::select! {
        driven = run.drive(Goal::Paid) => driven.expect_err("not paid"),
        () = late => panic!("the refund was not taken"),
    };
    assert!(matches!(error, Error::Ended(_)), "{error}");
    let escrow = market.world.escrow(&market.engine, job).await;
    assert_eq!(escrow.state, EscrowState::TimedOut);
    assert_eq!(escrow.paid_user, escrow.amount);
}

fn silent(silent: Silent) -> Faults {
    Faults {
        silent,
        ..Faults::default()
    }
}

#[tokio::test]
async fn a_node_that_answers_no_call_is_left_at_the_deadline() {
    for at in [Silent::AtOpening, Silent::AtUpload, Silent::AtTraining] {
        let reached = |market: &Market| market.node.seen(|seen| seen.unanswered) > 0;
        refunded(World::exact_input, silent(at), reached).await;
    }
}

#[tokio::test]
async fn a_node_that_delivers_and_never_proves_is_left_at_the_deadline() {
    let faults = Faults {
        never_finishes: true,
        ..Faults::default()
    };
    let delivered = |market: &Market| {
        let node = &market.node;
        let held = node.seen(|seen| seen.receipts.last().map_or(0, |r| r.epochs_held));
        held == EPOCHS && node.seen(|seen| !seen.transcripts.is_empty())
    };
    refunded(World::exact_input, faults, delivered).await;
}

#[tokio::test]
async fn the_users_secret_is_shown_while_the_node_does_not_answer() {
    let market = Market::new(World::exact_input, silent(Silent::OnceCommitted)).await;
    let engine = &market.engine;
    let mut run = JobRun::begin(engine, &market.input, RunOptions::default()).expect("begin");
    let job = run.job_id();
    let shown = async {
        market.node.unanswered().await;
        let shown = async {
            while transcript(engine, job)
                .await
                .is_none_or(|t| t.user_nonce.is_none())
            {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(SOON, shown).await.expect("shown");
    };
    tokio::select! {
        driven = run.drive(Goal::Paid) => panic!("over before the challenge: {driven:?}"),
        () = shown => {}
    }
}

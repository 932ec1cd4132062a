//! Jobs that this node cannot do are handed back, at no cost to anybody, as long as the chain allows it.

use std::{sync::atomic::Ordering, time::Duration};

use cyxwiz_chain::{DECLINE_WINDOW_SECONDS, EscrowState};
use cyxwiz_domain::Digest;
use cyxwiz_node::{
    jobs::{PendingWrite, Phase},
    ledger::{Ledger as _, Write},
};
use cyxwiz_proto::training::v1 as pb;

use crate::{
    engine::{Engine, chunks},
    stand::{Setup, Stand, until},
};

fn advance(stand: &Stand, seconds: i64) {
    stand.escrows.now.fetch_add(seconds, Ordering::SeqCst);
}

/// Waits until the job is over here, and has come to this end by this write alone.
async fn ended(stand: &Stand, write: Write, state: EscrowState) {
    until("settled", || stand.job().record().phase == Phase::Settled).await;
    assert_eq!(stand.escrows.landed(), [write]);
    let account = stand.account();
    assert_eq!((account.state, account.paid_user), (state, account.amount));
}

async fn handed_back(stand: &Stand) {
    ended(stand, Write::Decline, EscrowState::Refunded).await;
}

/// A node that has its job and waits a second for the data.
async fn impatient(setup: Setup) -> Stand {
    let mut stand = Stand::unassigned(setup).await;
    stand
        .restart_with(|settings| settings.jobs.upload_timeout = Duration::from_secs(1))
        .await;
    stand.assign().await.expect("assigned");
    stand
}

#[tokio::test]
async fn a_dataset_that_does_not_come_is_not_waited_for() {
    for setup in [Setup::default(), Setup::proven()] {
        let stand = impatient(setup).await;
        let (mut engine, opened) = Engine::open(&stand).await;
        assert!(!opened.missing_chunks.is_empty());
        let mut attached = engine.attach(0).await.expect("attach");
        advance(&stand, 1);
        let message = attached.phase(pb::Phase::Failed).await;
        assert_eq!(message, "the dataset did not arrive in time");
        let message = attached.phase(pb::Phase::Settled).await;
        assert_eq!(
            message,
            "handed back (the dataset did not arrive in time): all 100 CYXWIZ to the user"
        );
        handed_back(&stand).await;
    }
}

/// Nothing is taken for a job that is handed back, and an upload under way ends at once.
#[tokio::test]
async fn an_upload_that_takes_too_long_is_told_so() {
    let stand = impatient(Setup::default()).await;
    let (mut engine, _) = Engine::open(&stand).await;
    // No chunk ever comes.
    let request = engine.authorized(tokio_stream::pending());
    let mut client = engine.client.clone();
    let slow = tokio::spawn(async move { client.upload_dataset(request).await });
    advance(&stand, 1);
    let refused = slow.await.expect("no panic").expect_err("too late");
    let late = engine.upload(chunks(&stand.data)).await;
    for refused in [refused, late.expect_err("too late")] {
        assert_eq!(refused.code(), tonic::Code::Aborted);
        let told = "this node no longer waits for the dataset: the dataset did not arrive in time";
        assert_eq!(refused.message(), told);
    }
    handed_back(&stand).await;
}

/// Whoever sends the data in time keeps the node.
#[tokio::test]
async fn a_dataset_that_has_come_is_trained_on() {
    let stand = impatient(Setup {
        receipt_lag: 100,
        ..Setup::default()
    })
    .await;
    let (mut engine, _) = Engine::open(&stand).await;
    engine.upload(chunks(&stand.data)).await.expect("upload");
    advance(&stand, 1);
    until("submitted", || {
        stand.account().state == EscrowState::Submitted
    })
    .await;
}

/// What a killed node leaves on its disk: the decision without the write, and the write without its fate.
#[tokio::test]
async fn a_job_is_handed_back_once_whenever_the_node_dies() {
    for signed in [false, true] {
        let mut stand = Stand::new(Setup::default()).await;
        stand.node.stop().await;
        let job = stand.job();
        job.fail("no memory").expect("noted");
        if signed {
            let account = stand.account();
            let write = stand.escrows.sign(&account, &[Write::Decline]).await;
            let write = write.expect("signed");
            let pending = PendingWrite {
                instruction: "decline".to_owned(),
                signature: write.signature,
                bytes: write.bytes,
                last_valid_block_height: write.last_valid_block_height,
            };
            job.set_pending(Some(pending)).expect("noted");
        }
        drop(job);
        stand.escrows.lose_answers(1);
        stand.restart().await;
        handed_back(&stand).await;
        let told = stand.job().record().settlement.expect("settled").summary;
        assert!(told.contains("no memory"), "{told}");
        stand.restart().await;
        handed_back(&stand).await;
    }
}

#[tokio::test]
async fn too_late_for_handing_back_a_job_is_given_up() {
    let stand = Stand::unassigned(Setup {
        timeout_seconds: 7_200,
        ..Setup::proven()
    })
    .await;
    stand.escrows.change_transcript(stand.escrow, |transcript| {
        transcript.dataset = Digest::default();
    });
    stand.assign().await.expect("assigned");
    let (mut engine, _) = Engine::open(&stand).await;
    until("terms", || stand.job().record().proof.is_some()).await;
    advance(&stand, DECLINE_WINDOW_SECONDS);
    engine.upload(chunks(&stand.data)).await.expect("upload");
    ended(&stand, Write::Fail, EscrowState::Failed).await;
}

/// Without a way out that costs nothing, the node waits for the data as long as it can.
#[tokio::test]
async fn too_late_for_handing_back_data_are_waited_for_until_the_deadline() {
    let mut stand = Stand::new(Setup {
        timeout_seconds: 7_200,
        ..Setup::default()
    })
    .await;
    // It was away meanwhile.
    stand.node.stop().await;
    advance(&stand, DECLINE_WINDOW_SECONDS);
    stand.restart().await;
    let (_engine, opened) = Engine::open(&stand).await;
    assert_eq!(opened.phase(), pb::Phase::AwaitingData);
    let deadline = stand.account().deadline;
    stand.escrows.now.store(deadline - 60, Ordering::SeqCst);
    ended(&stand, Write::Fail, EscrowState::Failed).await;
}

/// A chain that does not take jobs back must not keep the node until the deadline, where it would be slashed.
#[tokio::test]
async fn a_node_that_is_refused_again_and_again_gives_up() {
    let stand = impatient(Setup::default()).await;
    stand.escrows.hold(|write| *write == Write::Decline);
    advance(&stand, 1);
    ended(&stand, Write::Fail, EscrowState::Failed).await;
}

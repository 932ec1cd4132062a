//! Jobs that end otherwise.

use std::sync::atomic::Ordering;

use cyxwiz_chain::EscrowState;
use cyxwiz_domain::Amount;
use cyxwiz_node::{jobs::Phase, ledger::Write};
use cyxwiz_proto::training::v1::{self as pb};
use serde_json::json;

use crate::{
    engine::{Engine, chunks, receipt},
    stand::{Setup, Stand, until},
};

#[tokio::test]
async fn a_cancelled_job_is_split_by_the_receipts_together_at_once() {
    let mut stand = Stand::new(Setup {
        epochs: 100,
        receipt_lag: 100,
        ..Setup::default()
    })
    .await;
    let (mut engine, _) = Engine::open(&stand).await;
    engine.upload(chunks(&stand.data)).await.expect("upload");
    let mut attached = engine.attach(0).await.expect("attach");
    let (first, second) = (attached.epoch().await, attached.epoch().await);
    let sign = |epoch: &pb::Epoch, held| {
        receipt(
            &stand.user,
            stand.escrow,
            epoch.epoch,
            held,
            &epoch.checkpoint_hash,
        )
    };
    attached.send(sign(&second, 0)).await;
    attached.send(sign(&first, 1)).await;
    until("both receipts", || {
        stand.job().receipts().epochs() == (2, 1)
    })
    .await;
    attached.command(pb::Command::Stop).await;
    attached.phase(pb::Phase::Stopped).await;
    stand.restart().await;
    let (mut engine, _) = engine.resume(&stand).await;
    let mut attached = engine.attach(0).await.expect("attach");
    stand
        .escrows
        .change(stand.escrow, |e| e.state = EscrowState::Cancelling);
    let message = attached.phase(pb::Phase::Settled).await;
    assert!(
        message.contains("cancelled: 2 CYXWIZ to the node"),
        "{message}"
    );
    let account = stand.account();
    assert_eq!(
        (account.state, account.receipt_seen, account.receipt_held),
        (EscrowState::Cancelled, 2, 1)
    );
    assert_eq!(account.receipt_hash.0, *second.checkpoint_hash);
    assert_eq!(account.paid_node, Amount::tokens(2));
}

#[tokio::test]
async fn a_job_that_diverges_is_handed_back_with_the_reason() {
    let stand = Stand::new(Setup {
        optimizer: json!({ "type": "sgd", "lr": 1e6 }),
        // Two linear layers in a row explode; a dead ReLU would only be wrong.
        activation: json!({ "type": "dropout", "p": 0.0 }),
        ..Setup::default()
    })
    .await;
    let (mut engine, _) = Engine::open(&stand).await;
    engine.upload(chunks(&stand.data)).await.expect("upload");
    let mut attached = engine.attach(0).await.expect("attach");
    let message = attached.phase(pb::Phase::Failed).await;
    assert!(message.contains("learning rate"), "{message}");
    let message = attached.phase(pb::Phase::Settled).await;
    assert!(message.starts_with("handed back ("), "{message}");
    assert!(message.contains("learning rate"), "{message}");
    assert!(message.ends_with("all 100 CYXWIZ to the user"), "{message}");
    assert_eq!(stand.account().state, EscrowState::Refunded);
    assert_eq!(stand.escrows.landed(), [Write::Decline]);
}

/// Rows that all push the same way, at a rate that overshoots the range with the first step.
#[tokio::test]
async fn a_job_in_integers_that_diverges_at_once_is_handed_back_too() {
    let row = format!("{}0\n", "16,".repeat(64));
    let stand = Stand::new(Setup {
        optimizer: json!({ "type": "int_sgd", "rate": 65_535 }),
        data: row.repeat(100).into_bytes(),
        verification: json!({ "tier": "zk-exact", "circuit": "z64x10" }),
        ..Setup::proven()
    })
    .await;
    let (mut engine, _) = Engine::open(&stand).await;
    engine.upload(chunks(&stand.data)).await.expect("upload");
    let mut attached = engine.attach(0).await.expect("attach");
    let message = attached.phase(pb::Phase::Settled).await;
    assert!(
        message.starts_with("handed back (training diverged"),
        "{message}"
    );
    assert!(message.contains("smaller learning rate"), "{message}");
    assert_eq!(stand.account().state, EscrowState::Refunded);
    assert_eq!(stand.escrows.landed(), [Write::Decline]);
}

#[tokio::test]
async fn bad_rows_are_handed_back_naming_the_line() {
    let mut rows = String::new();
    for line in 1..=50 {
        let cell = if line == 17 { "many" } else { "3" };
        rows.push_str(&vec![cell; 64].join(","));
        rows.push_str(",1\n");
    }
    let stand = Stand::new(Setup {
        data: rows.into_bytes(),
        format: "csv",
        ..Setup::default()
    })
    .await;
    let (mut engine, _) = Engine::open(&stand).await;
    engine.upload(chunks(&stand.data)).await.expect("upload");
    let mut attached = engine.attach(0).await.expect("attach");
    let message = attached.phase(pb::Phase::Failed).await;
    assert!(message.contains("line 17"), "{message}");
}

#[tokio::test]
async fn a_stop_without_a_cancellation_holds_only_for_the_grace() {
    let stand = Stand::new(Setup {
        epochs: 40,
        receipt_lag: 100,
        ..Setup::default()
    })
    .await;
    let (mut engine, _) = Engine::open(&stand).await;
    engine.upload(chunks(&stand.data)).await.expect("upload");
    let mut attached = engine.attach(0).await.expect("attach");
    attached.epoch().await;
    attached.command(pb::Command::Stop).await;
    attached.phase(pb::Phase::Stopped).await;
    stand.escrows.now.fetch_add(121, Ordering::SeqCst);
    attached.phase(pb::Phase::Training).await;
    attached.epoch().await;
}

/// A user cannot make a node fail by stopping it until there is no time left.
#[tokio::test]
async fn a_stop_is_not_obeyed_when_the_deadline_is_near() {
    let stand = Stand::new(Setup {
        epochs: 40,
        receipt_lag: 100,
        ..Setup::default()
    })
    .await;
    let (mut engine, _) = Engine::open(&stand).await;
    engine.upload(chunks(&stand.data)).await.expect("upload");
    let mut attached = engine.attach(0).await.expect("attach");
    attached.epoch().await;
    attached.command(pb::Command::Pause).await;
    attached.phase(pb::Phase::Paused).await;
    // A minute before it an unfinished job is given up.
    let near = stand.account().deadline - 65;
    stand.escrows.now.store(near, Ordering::SeqCst);
    attached.phase(pb::Phase::Training).await;
    attached.command(pb::Command::Stop).await;
    loop {
        let (_, body) = attached.kept().await.expect("stream").expect("an event");
        if let pb::train_event::Body::Phase(changed) = body {
            assert_ne!(changed.phase(), pb::Phase::Stopped);
            if changed.phase() == pb::Phase::Submitted {
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_stop_before_the_data_leads_back_to_waiting_for_it_and_is_obeyed_once() {
    let mut stand = Stand::new(Setup {
        receipt_lag: 100,
        ..Setup::default()
    })
    .await;
    let (mut engine, opened) = Engine::open(&stand).await;
    let missing = opened.missing_chunks;
    assert!(!missing.is_empty());
    let mut attached = engine.attach(0).await.expect("attach");
    attached.command(pb::Command::Stop).await;
    attached.phase(pb::Phase::Stopped).await;
    stand.restart().await;
    stand.escrows.now.fetch_add(121, Ordering::SeqCst);
    until("waiting again", || {
        stand.job().record().phase == Phase::AwaitingData
    })
    .await;

    let (mut engine, opened) = engine.resume(&stand).await;
    assert_eq!(opened.phase(), pb::Phase::AwaitingData);
    assert_eq!(opened.missing_chunks, missing);
    let mut attached = engine.attach(opened.last_seq).await.expect("attach");
    attached.command(pb::Command::Stop).await;
    engine.upload(chunks(&stand.data)).await.expect("upload");
    attached.epoch().await;
    attached.command(pb::Command::Stop).await;
    loop {
        let (_, body) = attached.kept().await.expect("stream").expect("an event");
        if let pb::train_event::Body::Phase(changed) = body {
            assert_ne!(changed.phase(), pb::Phase::Stopped);
            if changed.phase() == pb::Phase::Submitted {
                break;
            }
        }
    }
}

#[tokio::test]
async fn data_that_came_during_a_stop_is_trained_on_after_it() {
    let stand = Stand::new(Setup::default()).await;
    let (mut engine, _) = Engine::open(&stand).await;
    let mut attached = engine.attach(0).await.expect("attach");
    attached.command(pb::Command::Stop).await;
    attached.phase(pb::Phase::Stopped).await;
    engine.upload(chunks(&stand.data)).await.expect("upload");
    assert_eq!(stand.job().record().phase, Phase::Stopped);
    stand.escrows.now.fetch_add(121, Ordering::SeqCst);
    attached.epoch().await;
}

#[tokio::test]
async fn a_payment_that_nobody_accepts_is_released() {
    let stand = Stand::new(Setup {
        receipt_lag: 100,
        ..Setup::default()
    })
    .await;
    let (mut engine, _) = Engine::open(&stand).await;
    engine.upload(chunks(&stand.data)).await.expect("upload");
    until("submitted", || {
        stand.account().state == EscrowState::Submitted
    })
    .await;
    let release_at = stand.account().release_at;
    stand.escrows.now.store(release_at, Ordering::SeqCst);
    until("paid", || stand.account().state == EscrowState::Paid).await;
}

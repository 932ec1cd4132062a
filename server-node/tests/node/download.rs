//! Weights go out against what the user or the escrow has committed to.

use std::fs;

use cyxwiz_chain::EscrowState;
use cyxwiz_domain::{Digest, training::TranscriptRecord};
use cyxwiz_node::ledger::Write;
use cyxwiz_proof::job::read_record;
use cyxwiz_proto::training::v1 as pb;
use tonic::Code;

use crate::{
    engine::{Engine, code, receipt},
    stand::{Setup, Stand, until},
    training::begin,
};

#[tokio::test]
async fn weights_go_out_against_receipts() {
    let stand = Stand::new(Setup {
        receipt_lag: 100,
        ..Setup::default()
    })
    .await;
    stand.escrows.hold_submissions(true);
    let (mut engine, mut attached) = begin(&stand).await;
    let mut hashes = Vec::new();
    for _ in 0..4 {
        hashes.push(attached.epoch().await.checkpoint_hash);
    }
    attached.phase(pb::Phase::Trained).await;
    for epoch in [0, 2, 4] {
        assert_pending(&mut engine, epoch).await;
    }
    let sign = |seen: u32| {
        receipt(
            &stand.user,
            stand.escrow,
            seen,
            0,
            &hashes[seen as usize - 1],
        )
    };
    attached.send(sign(2)).await;
    until("the receipt", || stand.job().receipts().seen() == 2).await;
    assert!(!engine.download(2, 0).await.expect("paid for").is_empty());
    for epoch in [0, 4] {
        assert_pending(&mut engine, epoch).await;
    }
    attached.send(sign(3)).await;
    until("the receipt", || stand.job().receipts().seen() == 3).await;
    assert_pending(&mut engine, 0).await;
    attached.send(sign(4)).await;
    until("the receipt", || stand.job().receipts().seen() == 4).await;
    assert_eq!(stand.account().state, EscrowState::Assigned);
    let weights = engine.download(0, 0).await.expect("paid for");
    assert_eq!(engine.download(4, 0).await.expect("paid for"), weights);
}

async fn assert_pending(engine: &mut Engine, epoch: u32) {
    let status = engine.download(epoch, 0).await.expect_err("not paid for");
    let told = (status.code(), code(&status));
    assert_eq!(
        told,
        (Code::Unavailable, "receipt_pending"),
        "epoch {epoch}"
    );
}

#[tokio::test]
async fn submitted_weights_go_out_without_receipts() {
    let stand = Stand::new(Setup {
        receipt_lag: 100,
        ..Setup::default()
    })
    .await;
    stand.escrows.hold_submissions(true);
    let (mut engine, mut attached) = begin(&stand).await;
    attached.phase(pb::Phase::Trained).await;
    assert_pending(&mut engine, 0).await;
    stand.escrows.hold_submissions(false);
    attached.phase(pb::Phase::Submitted).await;
    let weights = engine.download(0, 0).await.expect("submitted");
    stand
        .escrows
        .change(stand.escrow, |e| e.state = EscrowState::Paid);
    attached.phase(pb::Phase::Settled).await;
    stand.escrows.close(stand.escrow);
    assert_eq!(engine.download(0, 0).await.expect("still kept"), weights);
}

#[tokio::test]
async fn weights_of_a_job_that_was_refunded_stay_here() {
    let stand = Stand::new(Setup {
        receipt_lag: 100,
        ..Setup::default()
    })
    .await;
    stand.escrows.hold_submissions(true);
    let (mut engine, mut attached) = begin(&stand).await;
    attached.phase(pb::Phase::Trained).await;
    stand
        .escrows
        .change(stand.escrow, |e| e.state = EscrowState::TimedOut);
    attached.phase(pb::Phase::Settled).await;
    assert_pending(&mut engine, 0).await;
    stand.escrows.close(stand.escrow);
    assert_pending(&mut engine, 0).await;
}

/// The transcript goes to whom the final weights go, and is that of the work.
#[tokio::test]
async fn a_transcript_goes_out_with_the_weights() {
    let stand = Stand::new(Setup {
        receipt_lag: 100,
        ..Setup::proven()
    })
    .await;
    stand
        .escrows
        .hold(|write| matches!(write, Write::Commit { .. }));
    let (mut engine, mut attached) = begin(&stand).await;
    let refusal = engine.transcript(0).await.expect_err("not trained");
    assert_eq!(code(&refusal), "not_trained");
    let epochs = stand.account().required_epochs;
    let mut last = Vec::new();
    for _ in 0..epochs {
        last = attached.epoch().await.checkpoint_hash;
    }
    until("trained", || stand.job().record().completion.is_some()).await;
    let refusal = engine.transcript(0).await.expect_err("not signed for");
    assert_eq!(code(&refusal), "receipt_pending");
    attached
        .send(receipt(&stand.user, stand.escrow, epochs, 0, &last))
        .await;
    until("the receipt", || stand.job().receipts().seen() == epochs).await;

    let whole = engine.transcript(0).await.expect("signed for");
    assert_eq!(
        engine.transcript(1_000).await.expect("the rest"),
        whole[1_000..]
    );
    let beyond = engine.transcript(whole.len() as u64 + 1).await;
    assert_eq!(code(&beyond.expect_err("beyond")), "offset_beyond_end");
    let record: TranscriptRecord = serde_json::from_slice(&whole).expect("JSON");
    read_record(&record).expect("its chain holds");
    let heads: Vec<Digest> = record.epochs.iter().map(|epoch| epoch.head).collect();
    assert_eq!(heads, stand.job().heads());

    fs::remove_file(stand.job().transcript_path()).expect("lost");
    let gone = engine.transcript(0).await.expect_err("lost");
    assert_eq!(
        (gone.code(), code(&gone)),
        (Code::NotFound, "transcript_gone")
    );
}

#[tokio::test]
async fn a_job_without_a_proof_has_no_transcript() {
    let stand = Stand::new(Setup::default()).await;
    let (mut engine, _attached) = begin(&stand).await;
    let refusal = engine.transcript(0).await.expect_err("none");
    assert_eq!(code(&refusal), "no_transcript");
}

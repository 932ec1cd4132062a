//! The dataset on its way in.

use cyxwiz_domain::dataset::CHUNK_BYTES;
use cyxwiz_proto::training::v1::{DatasetChunk, Phase};
use tonic::Code;

use crate::{
    engine::{Engine, chunks, code},
    stand::{Setup, Stand},
};

/// Three chunks that are no rows at all: only their bytes matter here.
fn noise() -> Setup {
    let length = 2 * CHUNK_BYTES as usize + 1_000;
    Setup {
        data: (0..length).map(|i| (i * 31 % 251) as u8).collect(),
        ..Setup::default()
    }
}

#[tokio::test]
async fn a_corrupted_chunk_is_named_and_the_others_stay() {
    let stand = Stand::new(noise()).await;
    let (mut engine, opened) = Engine::open(&stand).await;
    assert_eq!(opened.missing_chunks, [0, 1, 2]);
    let mut sent = chunks(&stand.data);
    let mut bytes = sent[1].data.to_vec();
    bytes[17] ^= 1;
    sent[1].data = bytes.into();
    let status = engine.upload(sent).await.expect_err("refused");
    assert_eq!(
        (status.code(), code(&status)),
        (Code::InvalidArgument, "bad_chunk")
    );
    assert!(
        status.message().contains("chunk 1 is corrupted"),
        "{}",
        status.message()
    );
    let (_, opened) = engine.resume(&stand).await;
    assert_eq!(opened.missing_chunks, [1, 2]);
}

#[tokio::test]
async fn chunks_of_other_numbers_or_lengths_are_refused() {
    let stand = Stand::new(noise()).await;
    let (mut engine, _) = Engine::open(&stand).await;
    let chunk = |index, length| DatasetChunk {
        index,
        data: vec![0; length].into(),
    };
    for (sent, says) in [
        (chunk(3, 5), "does not exist"),
        (chunk(0, 5), "has 5 bytes"),
    ] {
        let status = engine.upload(vec![sent]).await.expect_err("refused");
        assert!(status.message().contains(says), "{}", status.message());
    }
}

#[tokio::test]
async fn a_short_dataset_says_what_is_missing_and_resumes_after_a_restart() {
    let mut stand = Stand::new(noise()).await;
    let (mut engine, _) = Engine::open(&stand).await;
    let mut sent = chunks(&stand.data);
    let last = sent.split_off(1);
    let status = engine.upload(sent).await.expect_err("short");
    assert_eq!(
        (status.code(), code(&status)),
        (Code::FailedPrecondition, "dataset_incomplete")
    );
    assert!(status.message().contains("1, 2"), "{}", status.message());

    stand.restart().await;
    let (mut engine, opened) = engine.resume(&stand).await;
    assert_eq!(opened.missing_chunks, [1, 2]);
    assert_eq!(engine.upload(last).await.expect("the rest"), 3);
    let (_, opened) = engine.resume(&stand).await;
    assert!(opened.missing_chunks.is_empty());
    assert_ne!(opened.phase(), Phase::AwaitingData);
}

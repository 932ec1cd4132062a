//! What a node takes for the dataset of a job: exactly what the escrow names.

use cyxwiz_domain::dataset::Manifest;
use cyxwiz_pki::Certificate;
use cyxwiz_proto::training::v1::DatasetChunk;
use cyxwiz_tests_e2e::{CoordinatorClient, NodeSession, Stack, code_of, message};

#[tokio::test(flavor = "multi_thread")]
async fn only_the_bytes_of_the_escrows_root_are_taken() {
    let stack = Stack::up();
    let user = CoordinatorClient::sign_in(&stack, "user").await;
    let (job, _) = user.assigned_job(&stack, 20).await;
    let certificate = Certificate::generate().expect("a certificate");
    let mut session = NodeSession::connect(&stack, job.node, &certificate).await;

    let other = Manifest::of(b"other data".as_slice()).expect("bytes");
    let refused = session
        .open_once_known(&user, &certificate, &job, message(&other))
        .await;
    assert_eq!(
        code_of(&refused.expect_err("another dataset")),
        "wrong_dataset_root"
    );

    let opened = session
        .open_once_known(&user, &certificate, &job, message(&job.manifest))
        .await
        .expect("the right dataset");
    assert_eq!(opened.missing_chunks, [0]);

    let mut corrupted = job.data.clone();
    corrupted[1000] ^= 1;
    let chunk = |data: Vec<u8>| DatasetChunk {
        index: 0,
        data: data.into(),
    };
    let refused = session.upload(vec![chunk(corrupted)]).await;
    let refused = refused.expect_err("a corrupted chunk");
    assert_eq!(code_of(&refused), "bad_chunk");
    assert!(
        refused.message().contains('0'),
        "names the chunk: {refused}"
    );

    let half = job.data[..job.data.len() / 2].to_vec();
    let refused = session.upload(vec![chunk(half)]).await;
    assert_eq!(code_of(&refused.expect_err("half a chunk")), "bad_chunk");

    let refused = session.upload(vec![]).await;
    let refused = refused.expect_err("nothing at all");
    assert_eq!(refused.code(), tonic::Code::FailedPrecondition, "{refused}");

    assert_eq!(
        session
            .upload(vec![chunk(job.data.clone())])
            .await
            .expect("the data"),
        1
    );
}

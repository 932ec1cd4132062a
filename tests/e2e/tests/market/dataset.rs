//! What a node takes for the dataset of a job: exactly what the escrow names.

use cyxwiz_domain::dataset::Manifest;
use cyxwiz_pki::Certificate;
use cyxwiz_proto::training::v1::{self as pb, DatasetChunk};
use cyxwiz_tests_e2e::{
    CoordinatorClient, NodeSession, Stack, SubmittedJob, code_of, eventually_async,
};

fn message(manifest: &Manifest) -> pb::Manifest {
    pb::Manifest {
        bytes: manifest.len(),
        chunk_bytes: manifest.chunk_size(),
        hashes: manifest.hashes().iter().map(|hash| hash.to_vec()).collect(),
    }
}

async fn upload(
    session: &mut NodeSession,
    chunks: Vec<DatasetChunk>,
) -> Result<u32, tonic::Status> {
    let request = session.request(tokio_stream::iter(chunks));
    let answer = session.service.upload_dataset(request).await?;
    Ok(answer.into_inner().chunks_held)
}

/// A token that the node knows the job of: waits for the assignment to arrive.
async fn open_with(
    session: &mut NodeSession,
    user: &CoordinatorClient,
    certificate: &Certificate,
    job: &SubmittedJob,
    manifest: &Manifest,
) -> Result<pb::OpenSessionResponse, tonic::Status> {
    let token = user.job_token(job.id, certificate).await.expect("a token");
    let service = session.service.clone();
    let (outcome, opened) = eventually_async("the assignment at the node", || {
        let token = token.clone();
        let mut session = NodeSession {
            service: service.clone(),
            resume_token: String::new(),
        };
        async move {
            let outcome = session.open_with(job.id, &token, message(manifest)).await;
            match outcome {
                Err(status) if status.code() == tonic::Code::Unavailable => None,
                outcome => Some((outcome, session)),
            }
        }
    })
    .await;
    *session = opened;
    outcome
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_bytes_of_the_escrows_root_are_taken() {
    let stack = Stack::up();
    let user = CoordinatorClient::sign_in(&stack, "user").await;
    let (job, _) = user.assigned_job(&stack, 20).await;
    let certificate = Certificate::generate().expect("a certificate");
    let mut session = NodeSession::connect(&stack, job.node, &certificate).await;

    let other = Manifest::of(b"other data".as_slice()).expect("bytes");
    let refused = open_with(&mut session, &user, &certificate, &job, &other).await;
    assert_eq!(
        code_of(&refused.expect_err("another dataset")),
        "wrong_dataset_root"
    );

    let opened = open_with(&mut session, &user, &certificate, &job, &job.manifest)
        .await
        .expect("the right dataset");
    assert_eq!(opened.missing_chunks, [0]);

    let mut corrupted = job.data.clone();
    corrupted[1000] ^= 1;
    let chunk = |data: Vec<u8>| DatasetChunk {
        index: 0,
        data: data.into(),
    };
    let refused = upload(&mut session, vec![chunk(corrupted)]).await;
    let refused = refused.expect_err("a corrupted chunk");
    assert_eq!(code_of(&refused), "bad_chunk");
    assert!(
        refused.message().contains('0'),
        "names the chunk: {refused}"
    );

    let half = job.data[..job.data.len() / 2].to_vec();
    let refused = upload(&mut session, vec![chunk(half)]).await;
    assert_eq!(code_of(&refused.expect_err("half a chunk")), "bad_chunk");

    let refused = upload(&mut session, vec![]).await;
    let refused = refused.expect_err("nothing at all");
    assert_eq!(refused.code(), tonic::Code::FailedPrecondition, "{refused}");

    assert_eq!(
        upload(&mut session, vec![chunk(job.data.clone())])
            .await
            .expect("the data"),
        1
    );
}

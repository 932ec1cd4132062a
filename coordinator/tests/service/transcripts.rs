//! What the database keeps of transcripts.

use std::time::Duration;

use cyxwiz_chain::TranscriptStage;
use cyxwiz_coordinator::{
    db::{
        chain_writes::{self, Kind},
        transcripts::{self, Watched},
    },
    error::Error,
};
use cyxwiz_domain::{Digest, JobId, JobState};

use crate::fixture::{Database, HOUR, escrow, verification};

fn heads(bytes: impl IntoIterator<Item = u8>) -> Vec<Digest> {
    bytes.into_iter().map(|byte| Digest([byte; 32])).collect()
}

async fn watched(database: &Database, grace: Duration) -> Vec<Watched> {
    transcripts::watched(&database.pool, grace)
        .await
        .expect("watched")
}

#[tokio::test]
async fn a_job_keeps_what_its_proof_must_be_and_its_nonce() {
    let database = Database::new().await;
    let node = database.node(1).await;
    let (job, nonce) = database.proven(1, node).await;
    assert_eq!(job.submission.verification, verification());
    assert_eq!(job.asked().verification, verification());
    let kept = transcripts::nonce(&database.pool, job.submission.id).await;
    assert_eq!(kept.expect("read"), Some(nonce.clone()));
    let hex = hex::encode(nonce.bytes());
    assert!(!format!("{job:?}{nonce:?}").contains(&hex));

    let plain = database.reserved(2, database.node(2).await).await;
    assert!(!plain.submission.verification.tier.is_proven());
    let none = transcripts::nonce(&database.pool, plain.submission.id).await;
    assert_eq!(none.expect("read"), None);
}

#[tokio::test]
async fn heads_are_held_without_a_gap_and_never_replaced() {
    let database = Database::new().await;
    let node = database.node(1).await;
    let id = database.proven(1, node).await.0.submission.id;
    let report = async |from, given: &[Digest]| {
        transcripts::hold_heads(&database.pool, id, from, given).await
    };
    let held = async |from, given: &[Digest]| report(from, given).await.expect("held");
    assert_eq!(held(0, &[]).await, 0, "only asks");
    assert_eq!(held(2, &heads([2])).await, 0, "the first is missing");
    assert_eq!(held(1, &heads([1, 2, 3])).await, 3);
    assert_eq!(held(1, &heads([1, 2])).await, 3, "sent again");
    assert_eq!(held(3, &heads([3, 4])).await, 4, "partly known");
    assert_eq!(held(6, &heads([6])).await, 4, "a gap");
    let changed = report(4, &heads([9, 5])).await;
    assert!(
        matches!(changed, Err(Error::HeadChanged { epoch: 4, .. })),
        "{changed:?}"
    );
    for (from, given) in [(0, heads([1])), (5, heads(5..=21)), (u32::MAX, heads([1]))] {
        let outcome = report(from, &given).await;
        // What lies beyond a gap is not looked at.
        let refused = matches!(outcome, Err(Error::Argument { field: "heads", .. }));
        assert!(refused || matches!(outcome, Ok(4)), "{outcome:?}");
    }
    assert_eq!(held(5, &heads(5..=20)).await, 20);
    let all = transcripts::heads(&database.pool, id).await.expect("heads");
    assert_eq!(all, heads(1..=20));

    let plain = database.reserved(2, database.node(2).await).await;
    let id = plain.submission.id;
    let none = transcripts::hold_heads(&database.pool, id, 0, &[]).await;
    assert_eq!(none.expect("nothing to hold"), 0);
    let outcome = transcripts::hold_heads(&database.pool, id, 1, &heads([1])).await;
    assert!(matches!(outcome, Err(Error::Argument { .. })));
}

#[tokio::test]
async fn of_reports_at_once_none_makes_a_gap_or_replaces_a_head() {
    let database = Database::new().await;
    let node = database.node(1).await;
    let id = database.proven(1, node).await.0.submission.id;
    let first = heads(1..=10);
    let second = heads((1..=5).chain(100..=104));
    let reports = [&first, &second, &first, &second]
        .map(|given| transcripts::hold_heads(&database.pool, id, 1, given));
    let outcomes = futures::future::join_all(reports).await;
    let kept = outcomes.iter().filter(|o| matches!(o, Ok(10))).count();
    let refused = outcomes
        .iter()
        .filter(|o| matches!(o, Err(Error::HeadChanged { epoch: 6, .. })))
        .count();
    assert_eq!((kept, refused), (2, 2));
    let all = transcripts::heads(&database.pool, id).await.expect("heads");
    assert!(all == first || all == second);
}

#[tokio::test]
async fn a_transcript_goes_only_forward_and_warns_the_user_once() {
    let database = Database::new().await;
    let node = database.node(1).await;
    let id = database.proven(1, node).await.0.submission.id;
    let mirror = async |stage, warning| {
        transcripts::mirror(&database.pool, id, stage, 7, warning)
            .await
            .expect("mirror")
    };
    assert!(mirror(TranscriptStage::Opened, "").await);
    assert!(!mirror(TranscriptStage::Opened, "").await);
    assert_eq!(watched(&database, HOUR).await[0].escrow_created_at, Some(7));
    assert!(mirror(TranscriptStage::Revealed, "").await);
    assert!(
        !mirror(TranscriptStage::Committed, "").await,
        "a lagging node"
    );
    transcripts::compared(&database.pool, id, false)
        .await
        .expect("compared");
    transcripts::compared(&database.pool, id, true)
        .await
        .expect("compared");
    assert!(watched(&database, HOUR).await[0].compared);
    assert!(mirror(TranscriptStage::Refuted, "false").await);
    assert!(!mirror(TranscriptStage::Refuted, "false").await);
    let warning = database.job(id).await.warning;
    assert!(warning.contains("another transcript"), "{warning}");
    assert!(warning.ends_with("; false"), "{warning}");
    transcripts::closed(&database.pool, id)
        .await
        .expect("closed");
    assert!(!mirror(TranscriptStage::Refuted, "false").await);
    assert!(watched(&database, HOUR).await.is_empty());
}

#[tokio::test]
async fn transcripts_are_watched_from_the_assignment_until_they_are_closed() {
    let database = Database::new().await;
    let node = database.node(1).await;
    let (job, nonce) = database.proven(1, node).await;
    let id = job.submission.id;
    database.reserved(2, database.node(2).await).await;
    let look = async |grace| {
        let mut watched = watched(&database, grace).await;
        assert_eq!(watched.len(), 1, "the other job has no proof");
        let job = watched.remove(0);
        assert_eq!((job.id, &job.nonce), (id, &nonce));
        (job.running, job.settled, job.due)
    };
    assert_eq!(look(Duration::ZERO).await, (true, false, false));
    database
        .mirror(id, &escrow(JobState::Submitted, 3, Some(node)))
        .await;
    assert_eq!(look(Duration::ZERO).await, (false, false, false));
    database
        .mirror(id, &escrow(JobState::Paid, 4, Some(node)))
        .await;
    assert_eq!(look(HOUR).await, (false, true, false));
    assert_eq!(look(Duration::ZERO).await, (false, true, true));

    let intend = async |kind| {
        chain_writes::intend_for_transcript(&database.pool, id, kind)
            .await
            .expect("intend")
    };
    assert!(intend(Kind::CloseTranscript).await);
    assert!(!intend(Kind::CloseTranscript).await, "once");
    let writes = claim(&database, id).await;
    chain_writes::record_landed(&database.pool, &writes, None)
        .await
        .expect("landed");
    assert!(watched(&database, HOUR).await.is_empty());
}

/// The write of `id` that is to be done for its transcript.
async fn claim(database: &Database, id: JobId) -> chain_writes::ChainWrite {
    let writes = chain_writes::claim(&database.pool, HOUR, 10)
        .await
        .expect("claim");
    let mut writes = writes.into_iter().filter(|write| write.job_id == id);
    writes
        .find(|write| write.kind.is_of_transcript())
        .expect("a write")
}

#[tokio::test]
async fn a_write_to_a_transcript_that_fails_rests_and_says_nothing_to_the_user() {
    let database = Database::new().await;
    let node = database.node(1).await;
    let id = database.proven(1, node).await.0.submission.id;
    let intend = async || {
        chain_writes::intend_for_transcript(&database.pool, id, Kind::ShowNonce)
            .await
            .expect("intend")
    };
    assert!(intend().await);
    let write = claim(&database, id).await;
    chain_writes::record_failed(&database.pool, &write, "gone", true)
        .await
        .expect("failed");
    assert_eq!(database.job(id).await.message, "");
    assert!(!intend().await, "it rests for a minute");
}

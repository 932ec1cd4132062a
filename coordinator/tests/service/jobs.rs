use cyxwiz_coordinator::{
    db::{jobs, placement},
    error::Error,
    events::{Change, Events},
};
use cyxwiz_domain::{Address, JobState};
use tokio_util::sync::CancellationToken;

use crate::fixture::{Database, escrow, user};

#[tokio::test]
async fn a_mirror_never_goes_back() {
    let database = Database::new().await;
    let node = database.node(1).await;
    let id = database.reserved(1, node).await.submission.id;
    placement::confirm(&database.pool, id, "")
        .await
        .expect("confirm");
    assert!(
        database
            .mirror(id, &escrow(JobState::Submitted, 4, Some(node)))
            .await
    );
    assert!(
        !database
            .mirror(id, &escrow(JobState::Assigned, 2, Some(node)))
            .await
    );
    assert!(
        !database
            .mirror(id, &escrow(JobState::Submitted, 4, Some(node)))
            .await
    );
    assert_eq!(database.job(id).await.state, JobState::Submitted);
    assert!(
        database
            .mirror(id, &escrow(JobState::Paid, 5, Some(node)))
            .await
    );
    assert_eq!(database.job(id).await.state, JobState::Paid);
    // Settled: nobody looks at it any more.
    assert!(
        jobs::watched(&database.pool)
            .await
            .expect("watched")
            .is_empty()
    );
}

#[tokio::test]
async fn progress_is_the_nodes_and_grows() {
    let database = Database::new().await;
    let node = database.node(1).await;
    let other = database.node(2).await;
    let id = database.reserved(1, node).await.submission.id;
    let early = jobs::report_progress(&database.pool, node, id, 1).await;
    assert!(
        matches!(early, Err(Error::NotYourJob(_))),
        "not assigned yet"
    );
    placement::confirm(&database.pool, id, "")
        .await
        .expect("confirm");
    database
        .mirror(id, &escrow(JobState::Assigned, 2, Some(node)))
        .await;
    let stranger = jobs::report_progress(&database.pool, other, id, 1).await;
    assert!(matches!(stranger, Err(Error::NotYourJob(_))));
    for (reported, expected) in [(3, 3), (2, 3), (3, 3), (99, 20)] {
        jobs::report_progress(&database.pool, node, id, reported)
            .await
            .expect("report");
        let job = database.job(id).await;
        assert_eq!((job.state, job.epochs_done), (JobState::Training, expected));
    }
    // The chain knows of no training: that it is assigned takes nothing back.
    database
        .mirror(id, &escrow(JobState::Assigned, 3, Some(node)))
        .await;
    assert_eq!(database.job(id).await.state, JobState::Training);
}

#[tokio::test]
async fn a_node_learns_what_it_runs_and_what_has_ended() {
    let database = Database::new().await;
    let node = database.node(1).await;
    let id = database.reserved(1, node).await.submission.id;
    let running = async || {
        jobs::running_on(&database.pool, node)
            .await
            .expect("running")
            .len()
    };
    assert_eq!(running().await, 0);
    placement::confirm(&database.pool, id, "")
        .await
        .expect("confirm");
    assert_eq!(running().await, 0, "the chain does not know yet");
    database
        .mirror(id, &escrow(JobState::Assigned, 2, Some(node)))
        .await;
    assert_eq!(running().await, 1);
    assert!(
        jobs::ended(&database.pool, &[id])
            .await
            .expect("ended")
            .is_empty()
    );
    database
        .mirror(id, &escrow(JobState::TimedOut, 3, Some(node)))
        .await;
    assert_eq!(running().await, 0);
    assert_eq!(
        jobs::ended(&database.pool, &[id])
            .await
            .expect("ended")
            .len(),
        1
    );
}

#[tokio::test]
async fn a_closed_escrow_was_settled() {
    let database = Database::new().await;
    let node = database.node(1).await;
    let id = database.reserved(1, node).await.submission.id;
    placement::confirm(&database.pool, id, "")
        .await
        .expect("confirm");
    database
        .mirror(id, &escrow(JobState::Submitted, 3, Some(node)))
        .await;
    jobs::mirror_closed(&database.pool, id, "submitted")
        .await
        .expect("closed");
    assert_eq!(database.job(id).await.state, JobState::Paid);
}

#[tokio::test]
async fn lists_are_ones_own_newest_first_in_pages() {
    let database = Database::new().await;
    let mut expected = Vec::new();
    for number in 1..=5u8 {
        let node = database.node(number).await;
        let job = database.reserved(u128::from(number), node).await;
        expected.insert(0, job.submission.id);
    }
    let page = async |before| {
        let jobs = jobs::list(&database.pool, user(), 2, before)
            .await
            .expect("list");
        jobs.into_iter()
            .map(|job| job.submission.id)
            .collect::<Vec<_>>()
    };
    assert_eq!(page(None).await, expected[..2]);
    assert_eq!(page(Some(expected[1])).await, expected[2..4]);
    assert_eq!(page(Some(expected[4])).await, []);
    let stranger = jobs::list(&database.pool, Address([9; 32]), 10, None).await;
    assert!(stranger.expect("list").is_empty());
}

#[tokio::test]
async fn changes_are_told_to_whoever_listens() {
    let database = Database::new().await;
    let node = database.node(1).await;
    let (events, stop) = (Events::new(), CancellationToken::new());
    let mut changes = events.subscribe();
    let listening = tokio::spawn(events.clone().listen(database.pool.clone(), stop.clone()));
    // Listens from here on.
    assert_eq!(changes.next().await, Some(Change::Anything));
    let id = database.reserved(1, node).await.submission.id;
    let told = Change::Job {
        id,
        node: Some(node),
    };
    assert_eq!(changes.next().await, Some(told));
    placement::confirm(&database.pool, id, "")
        .await
        .expect("confirm");
    assert_eq!(changes.next().await, Some(told));
    events.chain_write().await;
    stop.cancel();
    listening.await.expect("ends");
}

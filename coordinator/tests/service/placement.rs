use cyxwiz_coordinator::{
    db::{self, placement, placement::Reservation},
    error::Error,
};
use cyxwiz_domain::{Address, JobState};

use crate::fixture::{Database, HOUR, escrow, submission, terms, user};

#[tokio::test]
async fn of_many_jobs_at_once_each_node_gets_one() {
    let database = Database::new().await;
    let nodes = [database.node(1).await, database.node(2).await];
    let submissions: Vec<_> = (0..16).map(submission).collect();
    let attempts = submissions
        .iter()
        .enumerate()
        .map(|(i, submission)| database.try_reserve(submission, nodes[i % 2]));
    let outcomes = futures::future::join_all(attempts).await;
    let mut winners: Vec<Address> = outcomes
        .into_iter()
        .filter_map(|outcome| match outcome.expect("answered") {
            Reservation::Made(job) => job.node,
            Reservation::NodeTaken => None,
        })
        .collect();
    winners.sort();
    assert_eq!(winners, nodes);
}

#[tokio::test]
async fn of_the_same_job_many_times_at_once_one_is_made() {
    let database = Database::new().await;
    let mut nodes = Vec::new();
    for byte in 1..=8 {
        nodes.push(database.node(byte).await);
    }
    let submission = submission(1);
    let attempts = nodes
        .iter()
        .map(|node| database.try_reserve(&submission, *node));
    let outcomes = futures::future::join_all(attempts).await;
    let made = outcomes
        .iter()
        .filter(|o| matches!(o, Ok(Reservation::Made(_))))
        .count();
    let refused = outcomes
        .iter()
        .filter(|o| matches!(o, Err(Error::JobConflict(_))))
        .count();
    assert_eq!((made, refused), (1, 7));
}

#[tokio::test]
async fn the_daily_limit_holds_when_jobs_come_at_once() {
    let database = Database::new().await;
    let mut nodes = Vec::new();
    for byte in 1..=8 {
        nodes.push(database.node(byte).await);
    }
    let submissions: Vec<_> = (0..8).map(submission).collect();
    let limit = 3;
    let terms = terms();
    let attempts = submissions.iter().zip(&nodes).map(|(submission, node)| {
        placement::reserve(&database.pool, submission, &terms, *node, None, HOUR, limit)
    });
    let outcomes = futures::future::join_all(attempts).await;
    let made = outcomes
        .iter()
        .filter(|o| matches!(o, Ok(Reservation::Made(_))))
        .count();
    let refused = outcomes
        .iter()
        .filter(|o| matches!(o, Err(Error::DailyLimit(3))))
        .count();
    assert_eq!((made, refused), (3, 5));
}

#[tokio::test]
async fn confirmed_many_times_at_once_a_job_is_assigned_once() {
    let database = Database::new().await;
    let node = database.node(1).await;
    let job = database.reserved(1, node).await;
    let id = job.submission.id;
    let attempts = (0..8).map(|_| placement::confirm(&database.pool, id, "signature"));
    for outcome in futures::future::join_all(attempts).await {
        let job = outcome.expect("harmless");
        assert_eq!((job.state, job.node), (JobState::Funded, Some(node)));
    }
    let intents = db::chain_writes::count(&database.pool)
        .await
        .expect("count");
    assert_eq!(intents.iter().map(|(.., count)| count).sum::<u64>(), 1);
}

#[tokio::test]
async fn a_reservation_that_runs_out_frees_the_node() {
    let database = Database::new().await;
    let node = database.node(1).await;
    let late = database.reserved(1, node).await.submission.id;
    assert!(matches!(
        database.try_reserve(&submission(2), node).await,
        Ok(Reservation::NodeTaken)
    ));
    database.let_reservation_run_out(late).await;
    assert_eq!(database.job(late).await.state, JobState::Expired);
    let other = database.reserved(2, node).await.submission.id;

    // The money came too late: the job waits, and gets the node when it is free.
    database
        .mirror(late, &escrow(JobState::Funded, 1, None))
        .await;
    let message = database.job(late).await.message;
    assert!(message.contains("confirm it again"), "{message}");
    let job = placement::confirm(&database.pool, late, "")
        .await
        .expect("confirm");
    assert_eq!((job.state, job.node), (JobState::Funded, None));
    let waiting = placement::waiting(&database.pool, 0)
        .await
        .expect("waiting");
    assert_eq!(waiting.len(), 1);
    // Its window, which ends at 1000, is over.
    assert!(
        placement::waiting(&database.pool, 1_000)
            .await
            .expect("waiting")
            .is_empty()
    );
    let placed = placement::place(&database.pool, late, node)
        .await
        .expect("place");
    assert!(placed.is_none(), "the node is another job's");
    placement::give_up(&database.pool, other, user())
        .await
        .expect("give up");
    let placed = placement::place(&database.pool, late, node)
        .await
        .expect("place");
    assert_eq!(placed.expect("free now").node, Some(node));
    // Once: it does not wait any more.
    let again = placement::place(&database.pool, late, node)
        .await
        .expect("place");
    assert!(again.is_none());
}

#[tokio::test]
async fn only_the_user_gives_up_and_only_before_the_money() {
    let database = Database::new().await;
    let node = database.node(1).await;
    let id = database.reserved(1, node).await.submission.id;
    let stranger = placement::give_up(&database.pool, id, Address([9; 32])).await;
    assert!(matches!(stranger, Err(Error::JobUnknown(_))));
    placement::confirm(&database.pool, id, "")
        .await
        .expect("confirm");
    let late = placement::give_up(&database.pool, id, user()).await;
    assert!(matches!(
        late,
        Err(Error::JobState {
            state: JobState::Funded,
            ..
        })
    ));
}

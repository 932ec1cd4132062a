use std::{collections::HashSet, time::Duration};

use cyxwiz_chain::SignedTransaction;
use cyxwiz_coordinator::db::{
    chain_writes::{self, ChainWrite, Kind, State},
    placement,
};
use cyxwiz_domain::{JobId, JobState};

use crate::fixture::{Database, HOUR, escrow};

fn transaction(name: &str) -> SignedTransaction {
    SignedTransaction {
        signature: name.to_owned(),
        bytes: name.as_bytes().to_vec(),
        last_valid_block_height: 150,
    }
}

/// A funded job with its intent, claimed.
async fn intended(database: &Database) -> (JobId, ChainWrite) {
    let node = database.node(1).await;
    let id = database.reserved(1, node).await.submission.id;
    placement::confirm(&database.pool, id, "")
        .await
        .expect("confirm");
    let mut writes = chain_writes::claim(&database.pool, Duration::ZERO, 10)
        .await
        .expect("claim");
    assert_eq!(writes.len(), 1);
    (id, writes.remove(0))
}

#[tokio::test]
async fn claimed_at_once_by_many_a_write_is_one_replicas() {
    let database = Database::new().await;
    for number in 1..=6u8 {
        let node = database.node(number).await;
        let id = database
            .reserved(u128::from(number), node)
            .await
            .submission
            .id;
        placement::confirm(&database.pool, id, "")
            .await
            .expect("confirm");
    }
    let claims = (0..4).map(|_| chain_writes::claim(&database.pool, HOUR, 3));
    let claimed: Vec<i64> = futures::future::join_all(claims)
        .await
        .into_iter()
        .flat_map(|claim| claim.expect("claim"))
        .map(|write| write.id)
        .collect();
    let different: HashSet<_> = claimed.iter().collect();
    assert_eq!((claimed.len(), different.len()), (6, 6));
}

#[tokio::test]
async fn a_write_has_one_transaction_at_a_time() {
    let database = Database::new().await;
    let (id, write) = intended(&database).await;
    let pool = &database.pool;
    let record = async |name| {
        chain_writes::record_signed(pool, &write, &transaction(name))
            .await
            .expect("record")
    };
    assert!(record("first").await);
    assert!(!record("second").await, "the first may be under way");
    assert_eq!(database.job(id).await.assign_signature, "first");

    // After a crash: what may be under way is found again.
    let found = chain_writes::claim(pool, Duration::ZERO, 10)
        .await
        .expect("claim");
    assert_eq!(found[0].signed, Some(transaction("first")));

    // Another's expiry is not this one's.
    chain_writes::record_expired(pool, write.id, "other")
        .await
        .expect("expired");
    assert!(!record("second").await);
    chain_writes::record_expired(pool, write.id, "first")
        .await
        .expect("expired");
    assert!(record("second").await);
}

#[tokio::test]
async fn landing_takes_the_escrow_over_and_ends_the_write() {
    let database = Database::new().await;
    let (id, write) = intended(&database).await;
    let view = escrow(JobState::Assigned, 2, write.node);
    chain_writes::record_landed(&database.pool, &write, Some(&view))
        .await
        .expect("landed");
    assert_eq!(database.job(id).await.state, JobState::Assigned);
    let left = chain_writes::claim(&database.pool, HOUR, 10)
        .await
        .expect("claim");
    assert!(left.is_empty());
}

#[tokio::test]
async fn a_failed_assignment_frees_the_node_and_another_may_follow() {
    let database = Database::new().await;
    let (id, write) = intended(&database).await;
    let pool = &database.pool;
    chain_writes::record_failed(pool, &write, "suspended", false)
        .await
        .expect("failed");
    let job = database.job(id).await;
    assert_eq!((job.state, job.node), (JobState::Funded, None));
    assert_eq!(job.message, "suspended");
    let refused = placement::refused_nodes(pool, id).await.expect("refused");
    assert_eq!(refused, [write.node.expect("a node")]);
    let other = database.node(2).await;
    placement::place(pool, id, other)
        .await
        .expect("place")
        .expect("placed");
    let writes = chain_writes::claim(pool, HOUR, 10).await.expect("claim");
    assert_eq!(writes[0].node, Some(other));
}

#[tokio::test]
async fn a_hopeless_assignment_is_no_nodes_fault_and_none_follows() {
    let database = Database::new().await;
    let (id, write) = intended(&database).await;
    let pool = &database.pool;
    assert!(!placement::is_hopeless(pool, id).await.expect("asked"));
    chain_writes::record_failed(pool, &write, "the terms differ", true)
        .await
        .expect("failed");
    let job = database.job(id).await;
    assert_eq!((job.state, job.node), (JobState::Funded, None));
    assert_eq!(job.message, "the terms differ");
    assert!(placement::is_hopeless(pool, id).await.expect("asked"));
    let refused = placement::refused_nodes(pool, id).await.expect("refused");
    assert_eq!(refused, []);
    let waiting = placement::waiting(pool, 0).await.expect("waiting");
    assert!(waiting.is_empty());
}

#[tokio::test]
async fn a_write_that_is_put_off_is_signed_anew_only_when_its_transaction_is_dead() {
    let database = Database::new().await;
    let (id, write) = intended(&database).await;
    let pool = &database.pool;
    let claim = async || {
        chain_writes::claim(pool, Duration::ZERO, 10)
            .await
            .expect("claim")
    };
    chain_writes::record_signed(pool, &write, &transaction("first"))
        .await
        .expect("record");

    // An RPC node is away: the transaction may be under way, and is kept.
    chain_writes::put_off(pool, &write, None, "chain: away", Duration::ZERO)
        .await
        .expect("put off");
    let found = claim().await.remove(0);
    assert_eq!(
        (found.retries, found.signed),
        (1, Some(transaction("first")))
    );
    assert_eq!(database.job(id).await.message, "");

    // Another's death is not this one's.
    chain_writes::put_off(pool, &write, Some("other"), "paused", Duration::ZERO)
        .await
        .expect("put off");
    let found = claim().await.remove(0);
    assert_eq!(
        (found.retries, found.signed),
        (2, Some(transaction("first")))
    );

    chain_writes::put_off(pool, &write, Some("first"), "no SOL", Duration::ZERO)
        .await
        .expect("put off");
    let found = claim().await.remove(0);
    assert_eq!((found.retries, found.signed), (3, None));
    let job = database.job(id).await;
    assert_eq!((job.state, job.node), (JobState::Funded, write.node));
    assert_eq!(job.message, "no SOL");
    let refused = placement::refused_nodes(pool, id).await.expect("refused");
    assert_eq!(refused, []);

    // Nobody takes it up before its time.
    chain_writes::put_off(pool, &write, None, "chain: away", HOUR)
        .await
        .expect("put off");
    assert!(claim().await.is_empty());
}

#[tokio::test]
async fn what_is_due_is_intended_once_in_the_way_its_state_asks_for() {
    let database = Database::new().await;
    let pool = &database.pool;
    let cases = [
        (JobState::Funded, Kind::ExpireUnassigned),
        (JobState::Assigned, Kind::TimeoutRefund),
        (JobState::Submitted, Kind::Release),
        (JobState::Cancelling, Kind::SettleCancel),
        (JobState::Disputed, Kind::ExpireDispute),
    ];
    for (number, (state, _)) in (1..).zip(cases) {
        let node = database.node(number).await;
        let id = database
            .reserved(u128::from(number), node)
            .await
            .submission
            .id;
        database.mirror(id, &escrow(state, 1, Some(node))).await;
    }
    assert_eq!(chain_writes::intend_due(pool, 999).await.expect("early"), 0);
    assert_eq!(chain_writes::intend_due(pool, 1_000).await.expect("due"), 5);
    assert_eq!(
        chain_writes::intend_due(pool, 1_000).await.expect("again"),
        0
    );
    let counts = chain_writes::count(pool).await.expect("count");
    let kinds: HashSet<_> = counts
        .iter()
        .map(|(kind, state, count)| (*kind, *state, *count))
        .collect();
    let expected: HashSet<_> = cases
        .iter()
        .map(|(_, kind)| (*kind, State::Intended, 1))
        .collect();
    assert_eq!(kinds, expected);

    // One that failed rests for a minute, so that it is not tried all the time.
    let writes = chain_writes::claim(pool, HOUR, 10).await.expect("claim");
    chain_writes::record_failed(pool, &writes[0], "refused", true)
        .await
        .expect("failed");
    assert_eq!(
        chain_writes::intend_due(pool, 1_000)
            .await
            .expect("resting"),
        0
    );
}

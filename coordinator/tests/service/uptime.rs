use std::time::Duration;

use cyxwiz_chain::instructions::reputation::Uptime;
use cyxwiz_coordinator::db::{
    self,
    uptime::{Due, about_to_send, reported, sample, take_due},
};
use cyxwiz_domain::Address;
use uuid::Uuid;

use crate::fixture::{Database, FREE, HOUR};

const NOW: Duration = Duration::ZERO;
const MINUTE: Duration = Duration::from_secs(60);

async fn let_reports_be_due(database: &Database) {
    sqlx::query("UPDATE uptime SET due_at = now()")
        .execute(&database.pool)
        .await
        .expect("update");
}

#[tokio::test]
async fn samples_count_who_is_up() {
    let database = Database::new().await;
    let (up, down) = (database.node(1).await, database.node(2).await);
    let stream = Uuid::new_v4();
    db::nodes::heartbeat(&database.pool, down, stream, true, FREE)
        .await
        .expect("heartbeat");
    db::nodes::stream_ended(&database.pool, down, stream)
        .await
        .expect("the end");
    for _ in 0..3 {
        sample(&database.pool, MINUTE, NOW, HOUR)
            .await
            .expect("sample");
    }
    // another replica, a moment later
    sample(&database.pool, MINUTE, MINUTE, HOUR)
        .await
        .expect("sample");
    let none = take_due(&database.pool, 10, MINUTE).await.expect("due");
    assert_eq!(none, []);
    let mut counts = about_to_send(&database.pool, &[up, down])
        .await
        .expect("counts");
    counts.sort_by_key(|count| count.owner);
    let count = |owner, up| Uptime {
        owner,
        up,
        total: 3,
    };
    assert_eq!(counts, [count(up, 3), count(down, 0)]);
}

#[tokio::test]
async fn a_report_has_no_more_samples_than_the_chain_takes() {
    let database = Database::new().await;
    let node = database.node(1).await;
    for _ in 0..125 {
        sample(&database.pool, MINUTE, NOW, HOUR)
            .await
            .expect("sample");
    }
    let counts = about_to_send(&database.pool, &[node])
        .await
        .expect("counts");
    assert_eq!((counts[0].up, counts[0].total), (120, 120));
}

#[tokio::test]
async fn a_node_is_taken_by_one_replica_and_its_counts_leave_once() {
    let database = Database::new().await;
    let mut nodes = Vec::<Address>::new();
    for byte in 1..=5 {
        nodes.push(database.node(byte).await);
    }
    sample(&database.pool, MINUTE, NOW, HOUR)
        .await
        .expect("sample");
    let_reports_be_due(&database).await;
    let takers = (0..4).map(|_| take_due(&database.pool, 2, MINUTE));
    let taken = futures::future::join_all(takers).await;
    let mut owners: Vec<Address> = taken
        .into_iter()
        .flat_map(|taken| taken.expect("due"))
        .map(|due: Due| due.owner)
        .collect();
    owners.sort();
    assert_eq!(owners, nodes);

    about_to_send(&database.pool, &nodes[..1])
        .await
        .expect("counts");
    sample(&database.pool, MINUTE, NOW, HOUR)
        .await
        .expect("sample");
    let_reports_be_due(&database).await;
    let due = take_due(&database.pool, 10, MINUTE).await.expect("due");
    let sent: Vec<bool> = nodes
        .iter()
        .filter_map(|node| due.iter().find(|due| due.owner == *node))
        .map(|due| due.sent)
        .collect();
    assert_eq!(sent, [true, false, false, false, false]);

    // what came after the sending stays
    reported(&database.pool, nodes[0], 77, HOUR)
        .await
        .expect("reported");
    let counts = about_to_send(&database.pool, &nodes[..1])
        .await
        .expect("counts");
    assert_eq!((counts[0].up, counts[0].total), (1, 1));
    let later = take_due(&database.pool, 10, MINUTE).await.expect("due");
    assert_eq!(later, [], "the next report waits for the next period");
}

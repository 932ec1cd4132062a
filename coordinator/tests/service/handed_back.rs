//! Jobs that their nodes hand back.

use std::time::Duration;

use cyxwiz_chain::{EscrowState, instructions::escrow::decline};
use cyxwiz_coordinator::{
    db::{
        self,
        chain_writes::{Kind, State},
        placement::{self, Reservation, handed_back_to},
    },
    job::Submission,
};
use cyxwiz_domain::{Address, Digest, JobId, JobState};
use cyxwiz_proto::job::v1 as pb;
use cyxwiz_statement::REGISTRY;
use uuid::Uuid;

use crate::{
    fixture::{Database, HOUR, escrow, submission, user},
    market::{Market, exact},
};

async fn apart(database: &Database, user: Address, within: Duration) -> Vec<Address> {
    handed_back_to(&database.pool, Some(user), within)
        .await
        .expect("read")
}

#[tokio::test]
async fn a_job_that_was_handed_back_keeps_its_node_and_one_that_nobody_took_does_not() {
    let database = Database::new().await;
    let (node, other) = (database.node(1).await, database.node(2).await);
    let mut ids = Vec::new();
    for (number, node) in [(1, node), (2, other)] {
        let id = database.reserved(number, node).await.submission.id;
        placement::confirm(&database.pool, id, "")
            .await
            .expect("confirm");
        ids.push(id);
    }
    let [taken, cancelled] = ids[..] else {
        panic!("two jobs");
    };
    let assigned = escrow(JobState::Assigned, 2, Some(node));
    database.mirror(taken, &assigned).await;
    database
        .mirror(taken, &escrow(JobState::Refunded, 3, Some(node)))
        .await;
    // Its user took the money back before the node was assigned.
    database
        .mirror(cancelled, &escrow(JobState::Refunded, 2, None))
        .await;

    let job = database.job(taken).await;
    assert_eq!((job.state, job.node), (JobState::Refunded, Some(node)));
    assert!(
        job.message.contains("handed the job back"),
        "{}",
        job.message
    );
    let job = database.job(cancelled).await;
    assert_eq!((job.state, job.node), (JobState::Refunded, None));
    assert_eq!(job.message, "");
    let count = db::jobs::count_handed_back(&database.pool).await;
    assert_eq!(count.expect("read"), 1);

    // Both nodes are free; one of them had trouble with this user, for a while.
    assert_eq!(apart(&database, user(), HOUR).await, [node]);
    assert_eq!(apart(&database, user(), Duration::ZERO).await, []);
    assert_eq!(apart(&database, Address([9; 32]), HOUR).await, []);
    for (number, node) in [(3, node), (4, other)] {
        database.reserved(number, node).await;
    }
    let ended = db::jobs::ended(&database.pool, &ids).await.expect("read");
    let told: Vec<_> = ended.iter().map(|job| job.node).collect();
    assert!(told.contains(&Some(node)), "who had it is told: {told:?}");
    assert!(
        !told.contains(&Some(other)),
        "who had none is not: {told:?}"
    );
    let watched = db::jobs::watched(&database.pool).await.expect("read");
    assert_eq!(watched.len(), 2, "the new ones");
    // Their deadlines are nobody's business any more.
    let due = db::chain_writes::intend_due(&database.pool, i64::MAX).await;
    assert_eq!(due.expect("intend"), 0);
}

/// The jobs that each node has handed back of late, in the order of the nodes' addresses.
async fn counted(database: &Database) -> Vec<u32> {
    let nodes = db::nodes::all(&database.pool, HOUR).await.expect("read");
    let counts = nodes.iter().map(|node| node.candidate.handed_back);
    counts.collect()
}

#[tokio::test]
async fn jobs_handed_back_within_a_day_count_whoever_their_users_are() {
    let database = Database::new().await;
    let (node, other) = (database.node(1).await, database.node(2).await);
    let mut ids = Vec::new();
    for number in 1..=3 {
        let by = match number {
            1 => user(),
            _ => Address([40 + number as u8; 32]),
        };
        let job = Submission {
            user: by,
            ..submission(number)
        };
        let made = database.try_reserve(&job, node).await;
        assert!(matches!(made, Ok(Reservation::Made(_))), "{made:?}");
        placement::confirm(&database.pool, job.id, "")
            .await
            .expect("confirm");
        for (seq, state) in [(2, JobState::Assigned), (3, JobState::Refunded)] {
            assert!(
                database
                    .mirror(job.id, &escrow(state, seq, Some(node)))
                    .await
            );
        }
        ids.push(job.id);
    }
    // One that ended otherwise, and one that is under way.
    for (number, end) in [(4, Some(JobState::Failed)), (5, None)] {
        let id = database.reserved(number, other).await.submission.id;
        placement::confirm(&database.pool, id, "")
            .await
            .expect("confirm");
        for (seq, state) in [(2, Some(JobState::Assigned)), (3, end)] {
            if let Some(state) = state {
                database.mirror(id, &escrow(state, seq, Some(other))).await;
            }
        }
    }
    assert_eq!(counted(&database).await, [3, 0]);

    // A day later it is forgotten.
    sqlx::query("UPDATE jobs SET handed_back_at = now() - interval '1 day' WHERE id = $1")
        .bind(ids[0].0)
        .execute(&database.pool)
        .await
        .expect("update");
    assert_eq!(counted(&database).await, [2, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_job_was_handed_back_the_users_next_one_goes_elsewhere() {
    let mut market = Market::start().await;
    let before = market.balance().await;
    let circuits = REGISTRY.iter().map(|circuit| Digest(circuit.id));
    market.join(&market.rival, circuits).await;
    let (rival, other) = (market.rival.address(), market.node.address());

    let (job, assigned) = market.assigned(&exact()).await;
    assert_eq!(assigned.node, Some(rival));
    let payer = market.chain.lock_payer(job.escrow).await.expect("a lock");
    let decline = decline(&assigned, payer).expect("assigned");
    market.execute(&market.rival, &[decline]).await;

    let settled = market.settled(&job).await;
    assert_eq!(settled.state, EscrowState::Refunded);
    assert_eq!(settled.paid_user, settled.amount);
    assert_eq!(market.balance().await, before);
    let told = market.job(job.id).await;
    assert_eq!(told.state(), pb::JobState::Refunded);
    assert_eq!(told.node, rival.to_vec());
    assert!(
        told.message.contains("handed the job back"),
        "{}",
        told.message
    );
    market.closed(&job).await;
    let landed = [Kind::AssignNode, Kind::CloseTranscript].map(|kind| (kind, State::Landed, 1));
    let mut writes = db::chain_writes::count(&market.database.pool)
        .await
        .expect("count");
    writes.sort_by_key(|(kind, ..)| kind.as_str());
    assert_eq!(writes, landed, "and nothing else was asked of the chain");

    // The same two nodes as before, both free: the other one first, but not alone.
    for expected in [other, rival] {
        let answer = market.submit_as(JobId(Uuid::new_v4()), &exact()).await;
        assert_eq!(answer.job.expect("a job").node, expected.to_vec());
    }
    market.stop_coordinator().await;
}

use cyxwiz_coordinator::{db::challenges, error::Error};
use cyxwiz_domain::Address;
use cyxwiz_pki::challenge::Challenge;
use uuid::Uuid;

use crate::fixture::Database;

const NOW: i64 = 1_000;

fn challenge(byte: u8) -> Challenge {
    Challenge {
        audience: "cyxwiz".into(),
        wallet: Address([byte; 32]),
        nonce: [byte; 16],
        expires_at: NOW + 1,
    }
}

async fn take(database: &Database, id: Uuid, byte: u8, now: i64) -> Result<Challenge, Error> {
    challenges::take(&database.pool, id, Address([byte; 32]), "cyxwiz", now).await
}

#[tokio::test]
async fn a_challenge_counts_once() {
    let database = Database::new().await;
    let id = Uuid::from_u128(1);
    challenges::insert(&database.pool, id, &challenge(1))
        .await
        .expect("insert");
    // Another wallet cannot use it up.
    assert!(matches!(
        take(&database, id, 2, NOW).await,
        Err(Error::ChallengeUnknown)
    ));
    assert_eq!(
        take(&database, id, 1, NOW).await.expect("the first time"),
        challenge(1)
    );
    assert!(matches!(
        take(&database, id, 1, NOW).await,
        Err(Error::ChallengeUnknown)
    ));
}

#[tokio::test]
async fn of_many_answers_at_once_one_counts() {
    let database = Database::new().await;
    let id = Uuid::from_u128(1);
    challenges::insert(&database.pool, id, &challenge(1))
        .await
        .expect("insert");
    let answers = (0..8).map(|_| take(&database, id, 1, NOW));
    let answers = futures::future::join_all(answers).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
}

#[tokio::test]
async fn an_old_challenge_is_refused_and_forgotten() {
    let database = Database::new().await;
    for number in 1..3 {
        let id = Uuid::from_u128(number);
        challenges::insert(&database.pool, id, &challenge(1))
            .await
            .expect("insert");
    }
    let refused = take(&database, Uuid::from_u128(1), 1, NOW + 1).await;
    assert!(matches!(refused, Err(Error::ChallengeUnknown)));
    let forgotten = challenges::forget_expired(&database.pool, NOW + 1).await;
    assert_eq!(forgotten.expect("forget"), 1);
}

//! Migrations, and names that the schema shares with the code.

use cyxwiz_coordinator::db::{
    self, MIGRATOR,
    chain_writes::{Kind, State},
};
use cyxwiz_domain::JobState;

use crate::fixture::Database;

#[tokio::test]
async fn migrations_go_up_and_down_and_up() {
    let database = Database::empty().await;
    db::migrate(&database.pool).await.expect("up");
    MIGRATOR.undo(&database.pool, 0).await.expect("down");
    let left: i64 = sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
                 WHERE nspname = 'public' AND relname NOT LIKE '\\_sqlx%')
              + (SELECT count(*) FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace
                 WHERE nspname = 'public')
              + (SELECT count(*) FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace
                 WHERE nspname = 'public' AND typtype = 'e')",
    )
    .fetch_one(&database.pool)
    .await
    .expect("count");
    assert_eq!(left, 0, "the down migrations leave something behind");
    db::migrate(&database.pool).await.expect("up again");
    db::migrate(&database.pool)
        .await
        .expect("and nothing to do");
}

#[tokio::test]
async fn names_are_the_schemas() {
    let database = Database::new().await;
    let cases: [(&str, Vec<&str>); 3] = [
        (
            "job_state",
            JobState::ALL.iter().map(|s| s.as_str()).collect(),
        ),
        (
            "chain_write_kind",
            Kind::ALL.iter().map(|k| k.as_str()).collect(),
        ),
        (
            "chain_write_state",
            State::ALL.iter().map(|s| s.as_str()).collect(),
        ),
    ];
    for (name, expected) in cases {
        let labels: Vec<String> = sqlx::query_scalar(
            "SELECT enumlabel::text FROM pg_enum e JOIN pg_type t ON t.oid = enumtypid
             WHERE typname = $1 ORDER BY enumsortorder",
        )
        .bind(name)
        .fetch_all(&database.pool)
        .await
        .expect("labels");
        assert_eq!(labels, expected, "{name}");
    }
}

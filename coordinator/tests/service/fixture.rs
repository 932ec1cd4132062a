//! A database of one's own, and things to put into it.

use std::time::Duration;

use cyxwiz_chain::{NodeAccount, Tier, Verification, pda};
use cyxwiz_coordinator::{
    db::{
        self,
        nodes::{Announcement, Free},
        placement::Reservation,
    },
    error::Error,
    job::{EscrowView, Job, Submission, Terms},
    nonce::Nonce,
    settings::DatabaseSettings,
};
use cyxwiz_domain::{Address, Amount, Digest, JobId, JobState, spec::RuntimeClass};
use cyxwiz_test_support::PrivatePostgres;
use sqlx::PgPool;
use uuid::Uuid;

pub const FREE: Free = Free {
    vram_mib: 4096,
    ram_mib: 8192,
};
pub const HOUR: Duration = Duration::from_secs(3600);
pub const PER_DAY: u32 = 100;

/// A migrated database; the server goes with it.
pub struct Database {
    pub pool: PgPool,
    pub settings: DatabaseSettings,
    _postgres: PrivatePostgres,
}

impl Database {
    pub async fn new() -> Self {
        let database = Self::empty().await;
        db::migrate(&database.pool).await.expect("migrate");
        database
    }

    pub async fn empty() -> Self {
        let postgres = PrivatePostgres::start().expect("Postgres");
        let settings = DatabaseSettings {
            url: postgres.url().to_owned(),
            max_connections: 12,
        };
        let pool = db::connect(&settings).await.expect("connect");
        Self {
            pool,
            settings,
            _postgres: postgres,
        }
    }

    /// A node that is online.
    pub async fn node(&self, byte: u8) -> Address {
        let account = node_account(byte);
        db::nodes::announce(&self.pool, &account, 500, 1, &announcement([]))
            .await
            .expect("announce");
        let (owner, stream) = (account.owner, Uuid::new_v4());
        db::nodes::heartbeat(&self.pool, owner, stream, true, FREE)
            .await
            .expect("heartbeat");
        owner
    }

    pub async fn try_reserve(
        &self,
        submission: &Submission,
        node: Address,
    ) -> Result<Reservation, Error> {
        self.try_reserve_with(submission, node, None).await
    }

    async fn try_reserve_with(
        &self,
        submission: &Submission,
        node: Address,
        nonce: Option<&Nonce>,
    ) -> Result<Reservation, Error> {
        let terms = terms();
        db::placement::reserve(&self.pool, submission, &terms, node, nonce, HOUR, PER_DAY).await
    }

    /// A job with a proof that the chain has assigned to `node`, and its nonce.
    pub async fn proven(&self, number: u128, node: Address) -> (Job, Nonce) {
        let submission = Submission {
            verification: verification(),
            ..submission(number)
        };
        let (id, nonce) = (submission.id, Nonce::draw());
        let made = self.try_reserve_with(&submission, node, Some(&nonce));
        assert!(matches!(made.await, Ok(Reservation::Made(_))));
        db::placement::confirm(&self.pool, id, "")
            .await
            .expect("confirm");
        self.mirror(id, &escrow(JobState::Assigned, 2, Some(node)))
            .await;
        (self.job(id).await, nonce)
    }

    /// A job that holds `node`.
    pub async fn reserved(&self, number: u128, node: Address) -> Job {
        match self.try_reserve(&submission(number), node).await {
            Ok(Reservation::Made(job)) => *job,
            other => panic!("not reserved: {other:?}"),
        }
    }

    pub async fn job(&self, id: JobId) -> Job {
        db::jobs::get(&self.pool, id).await.expect("the job")
    }

    /// Takes over an escrow as if read from the chain.
    pub async fn mirror(&self, id: JobId, view: &EscrowView) -> bool {
        let mut transaction = self.pool.begin().await.expect("begin");
        let changed = db::jobs::mirror(&mut transaction, id, view)
            .await
            .expect("mirror");
        transaction.commit().await.expect("commit");
        changed
    }

    /// Lets a job's reservation have run out.
    pub async fn let_reservation_run_out(&self, id: JobId) {
        sqlx::query("UPDATE jobs SET reserved_until = now() - interval '1 second' WHERE id = $1")
            .bind(id.0)
            .execute(&self.pool)
            .await
            .expect("update");
        db::placement::expire_reservations(&self.pool)
            .await
            .expect("expire");
    }
}

/// Of a node that makes proofs with these circuits, and keeps every runtime class.
pub fn announcement(circuits: impl IntoIterator<Item = Digest>) -> Announcement {
    Announcement {
        free: FREE,
        version: "test".into(),
        circuits: circuits.into_iter().collect(),
        runtime_classes: RuntimeClass::all().map(|class| class.hash()).collect(),
    }
}

pub fn node_account(byte: u8) -> NodeAccount {
    let owner = Address([byte; 32]);
    NodeAccount {
        address: pda::node(owner),
        owner,
        stake: Amount::tokens(200),
        locked: Amount::ZERO,
        unstake_amount: Amount::ZERO,
        unstake_at: 0,
        active_jobs: 0,
        locked_until: 0,
        suspended_until: 0,
        banned: false,
        endpoint: "127.0.0.1:7000".into(),
        tls_fingerprint: Digest([byte; 32]),
        next_tls_fingerprint: None,
        region: "eu".into(),
        gpu_model: "CPU".into(),
        vram_mib: 0,
        ram_mib: 16_384,
        rate_milli: 1000,
        registered_at: 0,
        last_heartbeat_at: 0,
        reward_accrued: Amount::ZERO,
        seq: 1,
    }
}

pub fn user() -> Address {
    Address([200; 32])
}

pub fn submission(number: u128) -> Submission {
    let id = JobId(Uuid::from_u128(number));
    Submission {
        id,
        user: user(),
        escrow: pda::escrow(user(), id),
        name: "digits".into(),
        spec: b"{}".to_vec(),
        spec_hash: Digest::of(b"{}"),
        rows: 1797,
        dataset_root: Digest([3; 32]),
        dataset_bytes: 100_000,
        required_epochs: 20,
        verification: Verification::default(),
    }
}

/// What a job with a proof pins.
pub fn verification() -> Verification {
    Verification {
        tier: Tier::ZkExact,
        samples: 1,
        circuit: Digest([6; 32]),
        runtime_class: Digest::default(),
    }
}

pub fn terms() -> Terms {
    Terms {
        amount: Amount::tokens(1),
        estimated_seconds: 30,
        timeout_seconds: 600,
    }
}

/// An escrow in `state`, changed `seq` times.
pub fn escrow(state: JobState, seq: u64, node: Option<Address>) -> EscrowView {
    let open = state == JobState::Funded;
    EscrowView {
        escrow_state: if open { "open" } else { state.as_str() },
        job_state: (!open).then_some(state),
        node,
        epochs_done: 0,
        seq,
        slot: seq * 10,
        due_at: (!state.is_settled()).then_some(1_000),
    }
}

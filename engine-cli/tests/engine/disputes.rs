//! More time, more money, and contested results: what the chain allows is done, and what it would
//! refuse is said before anything is sent.

use cyxwiz::{
    commands::{
        dispute::{expire, list, settle},
        job::{dispute, extend, next::next, top_up},
    },
    engine::Engine,
    error::{Error, ExitStatus},
    flow::{Goal, JobRun, RunOptions},
    printer::Printer,
};
use cyxwiz_chain::{EscrowAccount, EscrowState, instructions::escrow::Verdict};
use cyxwiz_domain::{Address, Amount, JobId};

use crate::{
    coordinator::Coordinator,
    node::{Faults, Node},
    world::World,
};

const PRICE: Amount = Amount::tokens(1);
/// 5 % of it.
const BOND: Amount = Amount(50_000_000);
/// The longest that a job may run.
const MAX_TIMEOUT: u32 = 30 * 86_400;
/// What the coordinator of these tests gives a job.
const TIMEOUT: u32 = 600;

/// A world with a job under way.
struct Market {
    world: World,
    engine: Engine,
    job: JobId,
    _node: Node,
}

impl Market {
    /// Its job is driven to `goal` and left alone.
    async fn with_job(goal: Goal) -> Self {
        let world = World::new().await;
        let coordinator = Coordinator::new(&world);
        let node = Node::start(&world, Faults::default()).await;
        let engine = world.engine(world.rpc_url(), &coordinator.serve().await);
        let mut run = world.begin(&engine);
        let job = run.job_id();
        assert!(run.drive(goal).await.expect("driven").is_none());
        drop(run);
        Self {
            world,
            engine,
            job,
            _node: node,
        }
    }

    async fn escrow(&self) -> EscrowAccount {
        self.world.escrow(&self.engine, self.job).await
    }

    /// The dispute authority's engine: the admin is the authority.
    fn authority(&self) -> Engine {
        let settings = &self.engine.settings;
        let (rpc_url, coordinator) = (&settings.rpc_url, &settings.coordinator);
        self.world.engine_of("admin", rpc_url, coordinator)
    }

    async fn tokens(&self, owner: Address) -> Amount {
        let held = self.world.chain.token_balance(owner, self.world.mint).await;
        held.expect("balance")
    }
}

/// What was said of a refusal before anything was sent.
#[track_caller]
fn refusal<T: std::fmt::Debug>(result: Result<T, Error>, expected: &str) -> String {
    let error = result.expect_err(expected);
    assert_eq!(error.exit_status(), ExitStatus::Refused, "{error}");
    let Error::Refused { code, message, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(code, expected, "{message}");
    message
}

#[tokio::test]
async fn a_deadline_moves_as_far_as_a_job_may_run() {
    let market = Market::with_job(Goal::Funded).await;
    let (engine, job) = (&market.engine, market.job);
    let before = market.escrow().await;
    extend::run(engine, job, 100).await.expect("extended");
    assert_eq!(market.escrow().await.deadline, before.deadline + 100);

    let left = MAX_TIMEOUT - TIMEOUT - 100;
    let message = refusal(extend::run(engine, job, left + 1).await, "not_extendable");
    assert!(
        message.contains(&format!("{left} s more at most")),
        "{message}"
    );
    extend::run(engine, job, left)
        .await
        .expect("to the last second");

    market.world.advance(MAX_TIMEOUT + 60).await;
    let message = refusal(extend::run(engine, job, 1).await, "not_extendable");
    assert!(message.contains("passed its deadline"), "{message}");
}

#[tokio::test]
async fn a_top_up_raises_what_the_job_pays() {
    let market = Market::with_job(Goal::Funded).await;
    let (engine, job) = (&market.engine, market.job);
    let before = market.world.balance().await;
    top_up::run(engine, job, Amount(3))
        .await
        .expect("topped up");
    assert_eq!(market.escrow().await.amount, Amount(PRICE.0 + 3));
    assert_eq!(market.world.balance().await, Amount(before.0 - 3));

    let error = top_up::run(engine, job, before)
        .await
        .expect_err("too much");
    let Error::AmountAboveBalance { missing, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(missing, Amount(3));
}

#[tokio::test]
async fn what_is_not_delivered_is_not_disputed() {
    let market = Market::with_job(Goal::Funded).await;
    let message = refusal(
        dispute::run(&market.engine, market.job, None).await,
        "not_disputable",
    );
    assert!(message.contains("job cancel"), "{message}");
    let address = market.escrow().await.address;
    let authority = market.authority();
    let verdict = settle::run(&authority, address, Verdict::ForNode).await;
    refusal(verdict, "not_disputed");
    refusal(expire::run(&authority, address).await, "not_disputed");
}

#[tokio::test]
async fn a_held_job_is_disputed_and_decided_for_its_node() {
    let market = Market::with_job(Goal::Delivered).await;
    let (engine, job) = (&market.engine, market.job);
    let (user, node) = (engine.user(), market.world.node());
    let held = market.escrow().await;
    assert_eq!(held.state, EscrowState::Submitted, "held, not paid");
    refusal(extend::run(engine, job, 1).await, "not_extendable");
    refusal(top_up::run(engine, job, Amount(1)).await, "not_toppable");

    let (before, node_before) = (market.tokens(user).await, market.tokens(node).await);
    let evidence = market.world.dir.path().join("evidence.txt");
    let missing = dispute::run(engine, job, Some(evidence.clone())).await;
    assert!(matches!(missing, Err(Error::File { .. })));
    std::fs::write(&evidence, "it is noise").expect("write");
    dispute::run(engine, job, Some(evidence))
        .await
        .expect("disputed");
    let disputed = market.escrow().await;
    assert_eq!(
        (disputed.state, disputed.bond),
        (EscrowState::Disputed, BOND)
    );
    assert_eq!(market.tokens(user).await, Amount(before.0 - BOND.0));
    let again = refusal(dispute::run(engine, job, None).await, "not_disputable");
    assert!(again.contains("disputed already"), "{again}");

    let authority = market.authority();
    let text = next(&disputed, authority.user(), disputed.submitted_at).expect("something");
    assert!(text.contains(&authority.user().to_string()), "{text}");
    list::run(&engine.settings, Printer::new(true, true))
        .await
        .expect("listed");
    let at = disputed.address;
    let own = refusal(
        settle::run(engine, at, Verdict::ForUser(Amount::ZERO)).await,
        "not_dispute_authority",
    );
    assert!(own.contains("--wallet"), "{own}");
    let above = Verdict::ForUser(Amount(PRICE.0 + 1));
    refusal(settle::run(&authority, at, above).await, "payout_above_job");
    refusal(expire::run(engine, at).await, "dispute_running");

    settle::run(&authority, at, Verdict::ForNode)
        .await
        .expect("settled");
    let settled = market.escrow().await;
    assert_eq!(settled.state, EscrowState::Resolved);
    assert_eq!(next(&settled, authority.user(), i64::MAX), None);
    assert_eq!(market.tokens(user).await, Amount(before.0 - BOND.0));
    let earned = 900_000_000 + BOND.0;
    assert_eq!(market.tokens(node).await, Amount(node_before.0 + earned));
}

#[tokio::test]
async fn a_wallet_without_the_bond_is_told_what_is_missing() {
    let market = Market::with_job(Goal::Delivered).await;
    let wallet = &market.world.wallets.user;
    market.world.close_token_account(wallet).await;
    let error = dispute::run(&market.engine, market.job, None).await;
    let Err(Error::AmountAboveBalance { missing, .. }) = error else {
        panic!("{error:?}");
    };
    assert_eq!(missing, BOND);
    assert_eq!(market.escrow().await.state, EscrowState::Submitted);
}

#[tokio::test]
async fn a_window_that_is_over_and_one_that_never_was_are_told_apart() {
    let market = Market::with_job(Goal::Delivered).await;
    let escrow = market.escrow().await;
    dispute::check(&escrow, escrow.release_at - 1).expect("in time");
    let over = refusal(dispute::check(&escrow, escrow.release_at), "not_disputable");
    assert!(over.contains("could be disputed until"), "{over}");
    let diamond = EscrowAccount {
        release_at: escrow.submitted_at,
        ..escrow
    };
    let final_result = dispute::check(&diamond, diamond.release_at);
    let never = refusal(final_result, "not_disputable");
    assert!(never.contains("Diamond"), "{never}");
}

#[tokio::test]
async fn an_undecided_dispute_is_ended_by_its_user() {
    let market = Market::with_job(Goal::Delivered).await;
    let (engine, job) = (&market.engine, market.job);
    let before = market.world.balance().await;
    dispute::run(engine, job, None).await.expect("disputed");
    let at = market.escrow().await.address;
    market.world.advance(14 * 86_400 + 60).await;
    let late = settle::run(&market.authority(), at, Verdict::ForNode).await;
    refusal(late, "dispute_over");
    expire::run(engine, at).await.expect("ended");
    // This node has shown no receipt on the chain: nothing is held, and everything comes back.
    let escrow = market.escrow().await;
    assert_eq!(
        (escrow.state, escrow.receipt_held),
        (EscrowState::Resolved, 0)
    );
    assert_eq!(market.world.balance().await, Amount(before.0 + PRICE.0));

    let mut run = JobRun::resume(engine, job, RunOptions::default()).expect("resume");
    let ended = run.drive(Goal::Paid).await.expect_err("nothing to pay");
    assert!(matches!(ended, Error::Ended(_)), "{ended}");
}

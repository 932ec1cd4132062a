//! A node hands the job back: the user has the money again, and is told why.

use cyxwiz::{
    engine::Engine,
    error::{Error, ExitStatus},
    flow::{
        Goal, JobRun, RunOptions,
        journal::{self, unfinished},
        store::JobStore,
    },
};
use cyxwiz_chain::EscrowState;
use cyxwiz_domain::Amount;

use crate::{
    coordinator::Coordinator,
    node::{Faults, Node},
    world::World,
};

/// What the coordinator of these tests asks for.
const PRICE: Amount = Amount::tokens(1);

async fn market(hands_back: Option<&'static str>) -> (World, Node, Engine) {
    let world = World::new().await;
    let coordinator = Coordinator::new(&world);
    let faults = Faults {
        hands_back,
        ..Faults::default()
    };
    let node = Node::start(&world, faults).await;
    let engine = world.engine(world.rpc_url(), &coordinator.serve().await);
    (world, node, engine)
}

/// Drives the job to its end, which is no success.
async fn end(run: &mut JobRun<'_>) -> (String, serde_json::Value) {
    let error = run.drive(Goal::Paid).await.expect_err("handed back");
    assert_eq!(error.exit_status(), ExitStatus::Ended, "{error}");
    let Error::Ended(ending) = &error else {
        panic!("{error}");
    };
    (
        error.to_string(),
        serde_json::to_value(ending).expect("JSON"),
    )
}

#[tokio::test]
async fn the_user_reads_why_and_how_to_go_on() {
    // Another's words must not do anything to the terminal.
    let (world, _node, engine) = market(Some("out of memory\u{1b}[2J")).await;
    let before = world.balance().await;
    let mut run = world.begin(&engine);
    let job = run.job_id();
    let (text, json) = end(&mut run).await;
    drop(run);

    let file = world.dir.path().join("job.toml");
    let expected = format!(
        "the node handed job {job} back: out of memory [2J; all 1 CYXWIZ are back in your wallet; \
         run it again with: cyxwiz job run {}",
        file.display()
    );
    assert_eq!(text, expected);
    assert_eq!(json["state"], "refunded");
    assert_eq!(json["reason"], "out of memory [2J");
    assert_eq!(json["node"], world.node().to_string());
    assert_eq!(json["paid_user"], PRICE.0);
    let escrow = world.escrow(&engine, job).await;
    assert_eq!(escrow.state, EscrowState::Refunded);
    assert_eq!(world.balance().await, before);
    let record = world.chain.reputation(world.node()).await.expect("read");
    let record = record.expect("a record");
    assert_eq!((record.jobs_declined, record.jobs_failed), (1, 0));

    // The same command begins a new job.
    let input = world.input();
    let settings = &engine.settings;
    let open = unfinished(
        &settings.data_dir,
        engine.user(),
        &settings.coordinator,
        input.spec_hash,
        input.dataset_root,
    );
    assert_eq!(open.expect("read"), None);
}

/// Who was away meanwhile hears of it all the same, if the node has known this engine.
#[tokio::test]
async fn a_node_is_asked_why_afterwards() {
    for known in [false, true] {
        let (world, node, engine) = market(Some("out of memory")).await;
        let mut run = world.begin(&engine);
        let job = run.job_id();
        assert!(run.drive(Goal::Funded).await.expect("funded").is_none());
        drop(run);
        node.decline(&world.escrow(&engine, job).await).await;
        if known {
            let mut store = JobStore::open(&engine.settings.data_dir, job).expect("open");
            store.journal.resume_token = Some("resume".to_owned());
            store.save().expect("save");
        }
        let mut run = JobRun::resume(&engine, job, RunOptions::default()).expect("resume");
        let (text, json) = end(&mut run).await;
        drop(run);
        let journal = journal::read(&engine.settings.data_dir, job).expect("journal");
        let told = journal.given_up.as_deref();
        if known {
            assert!(text.contains("back: out of memory; all 1 CYXWIZ"), "{text}");
            assert_eq!(told, Some("out of memory"));
        } else {
            assert!(
                text.contains("back: this machine never connected"),
                "{text}"
            );
            assert!(json["reason"].is_string());
            assert_eq!(told, None);
        }
    }
}

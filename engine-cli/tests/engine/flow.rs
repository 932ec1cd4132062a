//! A job from its file to its payment, and what must not happen on the way.

use std::collections::BTreeSet;

use cyxwiz::{
    error::{Error, ExitStatus},
    flow::{Goal, JobRun, RunOptions, epochs::EpochLog, journal},
};
use cyxwiz_chain::EscrowState;
use cyxwiz_domain::{Amount, Digest};

use crate::{
    coordinator::Coordinator,
    node::{Faults, Node, weights},
    world::{EPOCHS, World},
};

#[tokio::test]
async fn a_job_survives_broken_connections_and_is_paid_to_the_unit() {
    let world = World::new().await;
    let coordinator = Coordinator::new(&world);
    let node = Node::start(
        &world,
        Faults {
            cut_after: BTreeSet::from([1, 3]),
            cut_download: true,
            ..Faults::default()
        },
    )
    .await;
    let engine = world.engine(world.rpc_url(), &coordinator.serve().await);
    let before = world.balance().await;

    let mut run = world.begin(&engine);
    let job = run.job_id();
    let report = run
        .drive(Goal::Paid)
        .await
        .expect("driven")
        .expect("report");
    drop(run);

    // Two cuts of the stream and one of the download: each time on after the last event recorded.
    assert_eq!(
        node.seen(|seen| seen.attached.clone()),
        [0, 1, 3, u64::from(EPOCHS) + 1]
    );
    assert_eq!(node.seen(|seen| seen.resumed()), 3);
    let escrow = world.escrow(&engine, job).await;
    let dir = journal::job_dir(&engine.settings.data_dir, job);
    let (spec, root) = (escrow.spec_hash, escrow.dataset_root);
    let log = EpochLog::open(&dir, escrow.address.0, spec, root).expect("log");
    let epochs: Vec<u32> = log.records().iter().map(|record| record.epoch).collect();
    assert_eq!(
        epochs,
        (1..=EPOCHS).collect::<Vec<_>>(),
        "none lost, none doubled"
    );

    // Receipts only ever grow, and end with everything held.
    let receipts = node.seen(|seen| seen.receipts.clone());
    assert_eq!(node.seen(|seen| seen.bad_receipts), 0);
    assert!(receipts.is_sorted_by_key(|receipt| (receipt.epochs_seen, receipt.epochs_held)));
    assert!(
        receipts.iter().any(|receipt| receipt.epochs_held == 2),
        "the checkpoint counts"
    );
    assert_eq!(
        receipts.last().map(|receipt| receipt.epochs_held),
        Some(EPOCHS)
    );

    // The download went on where it was cut.
    let downloads = node.seen(|seen| seen.downloads.clone());
    let finals: Vec<u64> = downloads
        .iter()
        .filter(|(epoch, _)| *epoch == 0)
        .map(|d| d.1)
        .collect();
    assert!(
        finals.len() == 2 && finals[0] == 0 && finals[1] > 0,
        "{finals:?}"
    );
    let bytes = std::fs::read(&report.weights_file).expect("weights");
    assert_eq!(report.weights_sha256, Digest::of(&bytes));
    assert_eq!(bytes, weights(EPOCHS));

    assert_eq!(escrow.state, EscrowState::Paid);
    assert_eq!(report.epochs, EPOCHS);
    assert_eq!(report.accuracy, Some(0.975));
    assert!(report.balances.conserved);
    let after = report.balances.after;
    assert_eq!(before.0 - after.user, 1_000_000_000);
    assert_eq!(after.node - report.balances.before.node, 900_000_000);
    assert_eq!(
        after.platform - report.balances.before.platform,
        100_000_000
    );
    for name in [
        "create_escrow",
        "assign_node",
        "submit_completion",
        "accept",
    ] {
        assert!(!report.transactions[name].is_empty(), "{name}");
    }
    assert_eq!(coordinator.seen(|seen| seen.submitted.len()), 1);

    // A finished job is not done again.
    let mut again = JobRun::resume(&engine, job, RunOptions::default()).expect("resume");
    let repeated = again
        .drive(Goal::Paid)
        .await
        .expect("driven")
        .expect("report");
    assert_eq!(repeated.transactions, report.transactions);
    assert_eq!(Amount(before.0 - 1_000_000_000), world.balance().await);
}

#[tokio::test]
async fn a_download_waits_for_its_receipt_without_connecting_again() {
    let world = World::new().await;
    let coordinator = Coordinator::new(&world);
    let faults = Faults {
        receipts_pending: 3,
        ..Faults::default()
    };
    let node = Node::start(&world, faults).await;
    let engine = world.engine(world.rpc_url(), &coordinator.serve().await);
    let mut run = world.begin(&engine);
    run.drive(Goal::Paid).await.expect("driven");
    assert_eq!(node.seen(|seen| seen.attached.clone()), [0]);
    let refused = node.seen(|seen| seen.refused_downloads.clone());
    assert!(refused.len() >= 3, "{refused:?}");
    assert_eq!(refused[..3], [2, 2, 2], "the checkpoint");
    let escrow = world.escrow(&engine, run.job_id()).await;
    assert_eq!(escrow.state, EscrowState::Paid);
}

#[tokio::test]
async fn a_funded_job_goes_on_in_another_process_without_paying_twice() {
    let world = World::new().await;
    let coordinator = Coordinator::new(&world);
    let _node = Node::start(&world, Faults::default()).await;
    let url = coordinator.serve().await;
    let before = world.balance().await;

    let engine = world.engine(world.rpc_url(), &url);
    let mut run = world.begin(&engine);
    let job = run.job_id();
    assert!(run.drive(Goal::Funded).await.expect("funded").is_none());
    drop(run);
    assert_eq!(before.0 - world.balance().await.0, 1_000_000_000);

    let engine = world.engine(world.rpc_url(), &url);
    let mut run = JobRun::resume(&engine, job, RunOptions::default()).expect("resume");
    let report = run
        .drive(Goal::Paid)
        .await
        .expect("driven")
        .expect("report");
    assert!(report.balances.conserved);
    assert_eq!(before.0 - world.balance().await.0, 1_000_000_000);
    assert_eq!(coordinator.seen(|seen| seen.submitted.len()), 1);
}

#[tokio::test]
async fn a_checkpoint_hash_that_does_not_follow_is_not_signed_for() {
    let world = World::new().await;
    let coordinator = Coordinator::new(&world);
    let faults = Faults {
        forge_at: Some(3),
        ..Faults::default()
    };
    let node = Node::start(&world, faults).await;
    let engine = world.engine(world.rpc_url(), &coordinator.serve().await);
    let mut run = world.begin(&engine);
    let error = run.drive(Goal::Paid).await.expect_err("forged");
    assert!(matches!(error, Error::Dishonest { .. }), "{error}");
    assert!(error.to_string().contains("epoch 3"), "{error}");
    let signed = node.seen(|seen| seen.receipts.last().map(|receipt| receipt.epochs_seen));
    assert_eq!(signed, Some(2));
    let escrow = world.escrow(&engine, run.job_id()).await;
    assert_eq!(escrow.state, EscrowState::Assigned);
}

#[tokio::test]
async fn other_weights_than_promised_are_neither_kept_nor_paid() {
    let world = World::new().await;
    let coordinator = Coordinator::new(&world);
    let faults = Faults {
        other_weights: true,
        ..Faults::default()
    };
    let _node = Node::start(&world, faults).await;
    let engine = world.engine(world.rpc_url(), &coordinator.serve().await);
    let mut run = world.begin(&engine);
    let job = run.job_id();
    let error = run.drive(Goal::Paid).await.expect_err("other weights");
    assert!(matches!(error, Error::WeightsMismatch { .. }), "{error}");
    let escrow = world.escrow(&engine, job).await;
    assert_ne!(escrow.state, EscrowState::Paid);
    let dir = journal::job_dir(&engine.settings.data_dir, job);
    assert!(!dir.join("weights.safetensors").exists());
    assert!(!dir.join("weights.safetensors.part").exists());
}

#[tokio::test]
async fn a_price_above_the_balance_is_refused_before_anything_is_sent() {
    let world = World::new().await;
    let mut coordinator = Coordinator::new(&world);
    coordinator.price = Amount::tokens(10_001).0;
    let engine = world.engine(world.rpc_url(), &coordinator.serve().await);
    let mut run = world.begin(&engine);
    let error = run.drive(Goal::Paid).await.expect_err("too dear");
    let Error::AmountAboveBalance { missing, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(missing, Amount::tokens(1));
    assert_eq!(coordinator.seen(|seen| seen.submitted.len()), 0);
    assert!(engine.escrow(run.job_id()).await.expect("read").is_none());
    assert_eq!(world.balance().await, Amount::tokens(10_000));
}

#[tokio::test]
async fn a_price_above_the_users_limit_is_refused() {
    let world = World::new().await;
    let coordinator = Coordinator::new(&world);
    let engine = world.engine(world.rpc_url(), &coordinator.serve().await);
    let options = RunOptions {
        max_price: Some(Amount(999_999_999)),
        ..RunOptions::default()
    };
    let mut run = JobRun::begin(&engine, &world.input(), options).expect("begin");
    let error = run.drive(Goal::Paid).await.expect_err("too dear");
    assert!(matches!(error, Error::PriceAboveLimit { .. }), "{error}");
    assert_eq!(error.exit_status(), ExitStatus::Refused);
    assert_eq!(coordinator.seen(|seen| seen.submitted.len()), 0);
}

#[tokio::test]
async fn nothing_but_a_sign_in_is_signed_for_a_coordinator() {
    let world = World::new().await;
    let mut coordinator = Coordinator::new(&world);
    coordinator.trick = Some(b"cyxwiz/receipt/v1 and so on".to_vec());
    let engine = world.engine(world.rpc_url(), &coordinator.serve().await);
    let error = engine.coordinator.nodes().await.expect_err("tricked");
    assert!(error.to_string().contains("nothing was signed"), "{error}");
    assert_eq!(coordinator.seen(|seen| seen.signatures), 0);
}

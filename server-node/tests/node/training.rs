//! From data to weights, with a real trainer.

use std::{collections::BTreeSet, fs, os::unix::fs::PermissionsExt as _, path::Path};

use cyxwiz_chain::EscrowState;
use cyxwiz_domain::{
    Digest,
    training::{chain_genesis, chain_next},
};
use cyxwiz_node::{jobs::Phase, ledger::Write};
use cyxwiz_proto::training::v1::{self as pb, train_event::Body};
use nix::{sys::signal::Signal, unistd::Pid};
use tonic::Code;

use crate::{
    engine::{Attached, Engine, chunks, code, receipt},
    stand::{Setup, Stand, until},
};

/// Opens a session, uploads, attaches.
pub async fn begin(stand: &Stand) -> (Engine, Attached) {
    let (mut engine, _) = Engine::open(stand).await;
    engine.upload(chunks(&stand.data)).await.expect("upload");
    let attached = engine.attach(0).await.expect("attach");
    (engine, attached)
}

/// Signs for every epoch until the node says that it is done; all kept events.
pub async fn follow(stand: &Stand, attached: &mut Attached) -> Vec<(u64, Body)> {
    let mut events = Vec::new();
    loop {
        let (seq, body) = attached.kept().await.expect("stream").expect("an event");
        if let Body::Epoch(epoch) = &body {
            let message = receipt(
                &stand.user,
                stand.escrow,
                epoch.epoch,
                0,
                &epoch.checkpoint_hash,
            );
            attached.send(message).await;
        }
        let done =
            matches!(&body, Body::ChainWrite(write) if write.instruction == "submit_completion");
        events.push((seq, body));
        if done {
            return events;
        }
    }
}

#[tokio::test]
async fn a_job_is_trained_delivered_submitted_and_settled() {
    let stand = Stand::new(Setup::default()).await;
    let (mut engine, mut attached) = begin(&stand).await;
    let events = follow(&stand, &mut attached).await;
    assert!(
        events
            .iter()
            .map(|(seq, _)| *seq)
            .eq(1..=events.len() as u64)
    );

    // The chain of checkpoints can be recomputed from what was told.
    let account = stand.account();
    let (spec, root) = (account.spec_hash.0, account.dataset_root.0);
    let mut chain = chain_genesis(stand.escrow.0, spec, root);
    let epochs = events.iter().filter_map(|(_, body)| match body {
        Body::Epoch(epoch) => Some(epoch),
        _ => None,
    });
    for (epoch, number) in epochs.zip(1..) {
        assert_eq!(epoch.epoch, number);
        let weights = Digest::from_slice(&epoch.weights_sha256).expect("digest");
        chain = chain_next(chain, number, weights.0);
        assert_eq!(epoch.checkpoint_hash, chain);
    }
    until("submitted", || {
        stand.account().state == EscrowState::Submitted
    })
    .await;
    let account = stand.account();
    assert_eq!(account.final_root, Digest(chain));
    assert_eq!(
        account.checkpoint_epoch % 2,
        0,
        "anchored at even epochs only"
    );

    let weights = engine.download(0, 0).await.expect("weights");
    assert_eq!(Digest::of(&weights), account.weights_hash);
    let rest = engine.download(0, 1_000).await.expect("the rest");
    assert_eq!(rest, weights[1_000..]);
    let length = weights.len() as u64;
    assert!(
        engine
            .download(0, length)
            .await
            .expect("nothing left")
            .is_empty()
    );
    let beyond = engine.download(0, length + 1).await.expect_err("refused");
    assert_eq!(
        (beyond.code(), code(&beyond)),
        (Code::OutOfRange, "offset_beyond_end")
    );
    let checkpoint = engine.download(4, 0).await.expect("the last checkpoint");
    assert_eq!(checkpoint, weights);
    let never = engine.download(3, 0).await.expect_err("refused");
    assert_eq!(code(&never), "weights_gone");

    stand
        .escrows
        .change(stand.escrow, |e| e.state = EscrowState::Paid);
    attached.phase(pb::Phase::Settled).await;
    assert!(
        attached.kept().await.expect("stream").is_none(),
        "the stream ends"
    );
    assert_eq!(engine.download(0, 0).await.expect("still kept"), weights);
    until("inputs freed", || !stand.job().dataset_path().exists()).await;
}

#[tokio::test]
async fn training_waits_for_receipts_and_no_event_is_lost_or_doubled() {
    let stand = Stand::new(Setup {
        epochs: 8,
        receipt_lag: 2,
        ..Setup::default()
    })
    .await;
    let (engine, mut attached) = begin(&stand).await;
    for _ in 0..3 {
        attached.epoch().await;
    }
    let message = attached.phase(pb::Phase::Paused).await;
    assert!(message.contains("receipts"), "{message}");
    let done = stand.job().local().epochs_done;
    assert!((3..=4).contains(&done), "{done} epochs without a receipt");
    drop(attached);

    let (mut engine, opened) = engine.resume(&stand).await;
    assert_eq!(opened.phase(), pb::Phase::Paused);
    let mut again = engine.attach(0).await.expect("attach");
    let events = follow(&stand, &mut again).await;
    let epochs: Vec<u32> = events
        .iter()
        .filter_map(|(_, body)| match body {
            Body::Epoch(epoch) => Some(epoch.epoch),
            _ => None,
        })
        .collect();
    assert_eq!(epochs, [1, 2, 3, 4, 5, 6, 7, 8]);

    let mut tail = engine
        .attach(events.len() as u64 - 1)
        .await
        .expect("attach");
    let (seq, body) = tail.kept().await.expect("stream").expect("event");
    assert_eq!(
        (seq, &body),
        (events.len() as u64, &events[events.len() - 1].1)
    );
}

#[tokio::test]
async fn wrong_receipts_end_the_stream_and_count_for_nothing() {
    let stand = Stand::new(Setup::default()).await;
    let (mut engine, mut attached) = begin(&stand).await;
    let first = attached.epoch().await;
    let hash = first.checkpoint_hash.clone();
    let stranger = cyxwiz_pki::Wallet::generate();
    let wrong = [
        receipt(&stranger, stand.escrow, 1, 0, &hash),
        receipt(&stand.user, stand.user.address(), 1, 0, &hash),
        receipt(&stand.user, stand.escrow, 1, 0, &[7; 32]),
        receipt(&stand.user, stand.escrow, 1, 2, &hash),
        receipt(&stand.user, stand.escrow, 99, 0, &hash),
    ];
    for message in wrong {
        attached.send(message).await;
        let status = loop {
            match attached.kept().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("ended without a refusal"),
                Err(status) => break status,
            }
        };
        assert_eq!(code(&status), "bad_receipt");
        attached = engine.attach(0).await.expect("attach again");
    }
    assert!(stand.job().receipts().is_empty());
    attached
        .send(receipt(&stand.user, stand.escrow, 1, 1, &hash))
        .await;
    until("the receipt", || !stand.job().receipts().is_empty()).await;
}

#[tokio::test]
async fn a_killed_trainer_goes_on_where_it_was() {
    let stand = Stand::new(Setup {
        epochs: 10,
        receipt_lag: 100,
        hidden: 256,
        ..Setup::default()
    })
    .await;
    let (_engine, mut attached) = begin(&stand).await;
    attached.epoch().await;
    kill_trainer(&stand).await;
    attached.epoch().await;
    kill_trainer(&stand).await;
    let events = follow(&stand, &mut attached).await;
    let numbers: Vec<u32> = events
        .iter()
        .filter_map(|(_, body)| match body {
            Body::Epoch(epoch) => Some(epoch.epoch),
            _ => None,
        })
        .collect();
    assert_eq!(numbers, (3..=10).collect::<Vec<_>>());
}

/// Kills the process that works in the job's directory.
pub async fn kill_trainer(stand: &Stand) {
    let lock = stand.job().work_dir();
    let lock = lock.to_string_lossy().into_owned();
    let mut found = None;
    until("a trainer", || {
        found = trainers(&lock).into_iter().next();
        found.is_some()
    })
    .await;
    let pid = Pid::from_raw(found.expect("found"));
    // Gone already when it has just finished.
    let _ = nix::sys::signal::kill(pid, Signal::SIGKILL);
}

/// Processes whose command line names the directory.
fn trainers(dir: &str) -> BTreeSet<i32> {
    let entries = fs::read_dir("/proc").expect("proc").flatten();
    entries
        .filter_map(|entry| {
            let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
            let line = fs::read(entry.path().join("cmdline")).ok()?;
            String::from_utf8_lossy(&line).contains(dir).then_some(pid)
        })
        .collect()
}

/// A trainer that notes each of its runs, does this in its directory, and says that it has finished.
fn made_up_trainer(dir: &Path, does: &str) -> std::path::PathBuf {
    let path = dir.join("trainer");
    let finished = r#"{"event":"finished","weights_file":"w","weights_sha256":"00","epochs":4,"test_accuracy":null,"training_seconds":1.0}"#;
    let finished = finished.replace("\"00\"", &format!("\"{}\"", "00".repeat(32)));
    let runs = dir.join("runs").display().to_string();
    let script = format!("#!/bin/sh\ncd \"$HOME\"\necho >> {runs}\n{does}\necho '{finished}'\n");
    fs::write(&path, script).expect("write");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("executable");
    path
}

/// A link to what is none of the user's business, and what the node may not read: the trainer has died with it,
/// and is not started again for ever.
#[tokio::test]
async fn a_trainer_that_leaves_what_cannot_be_read_has_died() {
    for (does, problem) in [
        ("/bin/ln -sf /etc/passwd w", "symbolic links"),
        ("/bin/mkdir -p w", "not an ordinary file"),
    ] {
        let dir = tempfile::tempdir().expect("dir");
        let stand = Stand::new(Setup {
            trainer: Some(made_up_trainer(dir.path(), does)),
            ..Setup::default()
        })
        .await;
        begin(&stand).await;
        until("handed back", || {
            stand.account().state == EscrowState::Refunded
        })
        .await;
        let reason = stand.job().record().failure.expect("a reason");
        let words = "the trainer died 3 times without an epoch between: its w cannot be read: ";
        assert!(reason.starts_with(words), "{reason}");
        assert!(reason.contains(problem), "{reason}");
        let runs = fs::read_to_string(dir.path().join("runs")).expect("runs");
        assert_eq!(runs.lines().count(), 3);
    }
}

#[tokio::test]
async fn a_restarted_node_finishes_the_job() {
    let mut stand = Stand::new(Setup {
        epochs: 8,
        receipt_lag: 100,
        hidden: 128,
        ..Setup::default()
    })
    .await;
    let (engine, mut attached) = begin(&stand).await;
    let first = attached.epoch().await;
    stand.restart().await;
    let work = stand.job().work_dir();
    let (mut engine, opened) = engine.resume(&stand).await;
    assert!(opened.last_seq >= 3);
    let mut attached = engine.attach(0).await.expect("attach");
    assert_eq!(attached.epoch().await, first);
    follow(&stand, &mut attached).await;
    let submits = stand.escrows.landed();
    let submits = submits
        .iter()
        .filter(|w| matches!(w, Write::Submit { .. }))
        .count();
    assert_eq!(submits, 1);
    until("no trainer is left", || {
        trainers(&work.to_string_lossy()).is_empty()
    })
    .await;
}

#[tokio::test]
async fn a_lost_answer_submits_once() {
    let mut stand = Stand::new(Setup::default()).await;
    stand.escrows.lose_answers(u32::MAX);
    let (_engine, mut attached) = begin(&stand).await;
    follow(&stand, &mut attached).await;
    until("submitted", || {
        stand.job().record().phase == Phase::Submitted
    })
    .await;
    stand.restart().await;
    let writes = stand.escrows.landed();
    let submits = writes
        .iter()
        .filter(|w| matches!(w, Write::Submit { .. }))
        .count();
    assert_eq!(submits, 1, "{writes:?}");
}

#[tokio::test]
async fn the_user_pauses_resumes_and_asks_for_a_checkpoint() {
    let stand = Stand::new(Setup {
        epochs: 6,
        receipt_lag: 100,
        hidden: 512,
        ..Setup::default()
    })
    .await;
    let (_engine, mut attached) = begin(&stand).await;
    attached.command(pb::Command::Pause).await;
    let message = attached.phase(pb::Phase::Paused).await;
    assert!(message.contains("user"), "{message}");
    attached.command(pb::Command::Checkpoint).await;
    let work = stand.job().work_dir();
    until("a state on disk", || {
        fs::read_dir(&work).is_ok_and(|mut entries| {
            entries.any(|e| e.is_ok_and(|e| e.file_name().to_string_lossy().starts_with("state-")))
        })
    })
    .await;
    attached.command(pb::Command::Resume).await;
    attached.phase(pb::Phase::Training).await;
    follow(&stand, &mut attached).await;
}

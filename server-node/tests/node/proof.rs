//! Jobs that are paid only with a proof: committed to, challenged, proven, submitted, whatever dies
//! between.

use std::{fs, path::Path, sync::atomic::Ordering};

use cyxwiz_chain::{EscrowState, TranscriptStage};
use cyxwiz_domain::{
    Digest,
    training::{TRANSCRIPT_FILE, TranscriptRecord},
};
use cyxwiz_node::{
    jobs::{KeptProof, Phase},
    ledger::Write,
    steps::transcript::demanded,
};
use cyxwiz_proof::job::{heads_root, leaves_hash, state_commitment, trained_commitment};
use cyxwiz_proto::training::v1::{self as pb, train_event::Body};

use crate::{
    coordinator::{Coordinator, stand_of},
    engine::{Attached, Engine, chunks},
    stand::{Setup, Stand, until},
    training::{begin, follow, kill_trainer},
};

/// Slots until the challenge may be drawn.
const REVEAL: u64 = 33;

/// Waits until the transcript is at this stage.
async fn at(stand: &Stand, stage: TranscriptStage) {
    until(&format!("{stage:?}"), || stand.transcript().stage == stage).await;
}

fn pass_slots(stand: &Stand, slots: u64) {
    stand.escrows.slot.fetch_add(slots, Ordering::SeqCst);
}

/// Lets the slots pass and the others show their nonces.
async fn challenge(stand: &Stand) {
    at(stand, TranscriptStage::Committed).await;
    pass_slots(stand, REVEAL);
    stand.escrows.show_nonces(stand.escrow).expect("in time");
}

async fn submitted(stand: &Stand) {
    until("submitted", || {
        stand.account().state == EscrowState::Submitted
    })
    .await;
}

/// All kept events until the completion is on the chain.
async fn told(attached: &mut Attached) -> Vec<Body> {
    let mut events = Vec::new();
    loop {
        let (_, body) = attached.kept().await.expect("stream").expect("an event");
        let done = matches!(&body, Body::ChainWrite(w) if w.instruction == "submit_completion");
        events.push(body);
        if done {
            return events;
        }
    }
}

/// The transcript as engines get it.
async fn shown(engine: &mut Engine) -> TranscriptRecord {
    let bytes = engine.transcript(0).await.expect("the transcript");
    serde_json::from_slice(&bytes).expect("JSON")
}

/// How often such a write has landed.
fn landed(stand: &Stand, such: fn(&Write) -> bool) -> usize {
    stand.escrows.landed().iter().filter(|w| such(w)).count()
}

fn commits(write: &Write) -> bool {
    matches!(write, Write::Commit { .. })
}

fn reveals(write: &Write) -> bool {
    *write == Write::Reveal
}

fn verifies(write: &Write) -> bool {
    matches!(write, Write::Verify(_))
}

fn submits(write: &Write) -> bool {
    matches!(write, Write::Submit { .. })
}

#[tokio::test]
async fn a_job_in_integers_is_committed_to_challenged_proven_and_submitted() {
    let stand = Stand::new(Setup::proven()).await;
    let (mut engine, mut attached) = begin(&stand).await;
    at(&stand, TranscriptStage::Committed).await;
    // Not a slot earlier than the chain allows; then without nonces, which others show.
    pass_slots(&stand, REVEAL - 1);
    pass_slots(&stand, 1);
    until("a known slot", || stand.transcript().target_slot > 0).await;
    assert_eq!(stand.transcript().stage, TranscriptStage::Committed);
    stand.escrows.show_nonces(stand.escrow).expect("in time");
    submitted(&stand).await;

    let events = told(&mut attached).await;
    let writes = events.iter().filter_map(|event| match event {
        Body::ChainWrite(write) if write.instruction != "anchor_checkpoint" => {
            Some(write.instruction.as_str())
        }
        Body::Proved(_) => Some("proved"),
        _ => None,
    });
    let expected = ["commit", "reveal", "proved", "verify", "submit_completion"];
    assert_eq!(writes.collect::<Vec<_>>(), expected);

    // What was streamed while training is what was committed to.
    let epochs = events.iter().filter_map(|event| match event {
        Body::Epoch(epoch) => Some(epoch),
        _ => None,
    });
    let heads: Vec<[u8; 32]> = epochs
        .map(|epoch| {
            assert!(epoch.ended_at > 0);
            epoch.head.as_slice().try_into().expect("32 bytes")
        })
        .collect();
    let transcript = stand.transcript();
    let circuit = stand.spec.circuit().expect("a circuit");
    let root = heads_root(&circuit.circuit, &heads).expect("heads");
    assert_eq!(transcript.root.0, root);
    assert_eq!(
        u32::from(transcript.epochs),
        stand.account().required_epochs
    );

    // The weights delivered are those that were proven.
    let weights = engine.download(0, 0).await.expect("weights");
    assert_eq!(Digest::of(&weights), stand.account().weights_hash);
    let delivered = trained_commitment(&stand.spec, &weights).expect("weights");
    assert_eq!(delivered, transcript.trained.0);
    let record = shown(&mut engine).await;
    assert_eq!(leaves_hash(&record), transcript.leaves_hash);
    assert_eq!(record.last, None);

    let Some(Body::Proved(proved)) = events.iter().find(|e| matches!(e, Body::Proved(_))) else {
        panic!("not proved");
    };
    assert_eq!(
        (proved.circuit.as_str(), proved.constraints),
        ("z16x4-ci", 14_862)
    );
    assert!(proved.seconds > 0.0);
    assert_eq!(stand.job().record().phase, Phase::Submitted);
}

/// Floats: the transcript of the run's segments is proven, in the class of machines that the job names.
#[tokio::test]
async fn an_audited_job_is_proven_in_its_runtime_class() {
    let mut stand = Stand::new(Setup::audited()).await;
    stand
        .restart_with(|settings| settings.trainer.threads = Some(2))
        .await;
    let (mut engine, mut attached) = begin(&stand).await;
    challenge(&stand).await;
    submitted(&stand).await;
    // The weights delivered are those that the transcript ends in, which no step of the proof recomputes.
    let (transcript, record) = (stand.transcript(), shown(&mut engine).await);
    assert_eq!(leaves_hash(&record), transcript.leaves_hash);
    let weights = engine.download(0, 0).await.expect("weights");
    let delivered = state_commitment(&record, Digest::of(&weights));
    assert_eq!(delivered, Ok(transcript.trained.0));
    let class = stand.spec.runtime_class().expect("a class");
    assert_eq!(stand.job().record().threads, Some(class.threads()));
    let events = told(&mut attached).await;
    let proved = events.iter().find_map(|event| match event {
        Body::Proved(proved) => Some(proved.circuit.as_str()),
        _ => None,
    });
    assert_eq!(proved, Some("t100x16"));
    let heads = events.iter().filter_map(|event| match event {
        Body::Epoch(epoch) => Some(epoch.head.len()),
        _ => None,
    });
    assert!(heads.eq([32; 4]));
}

/// The engine hears of the wait and of the proof's progress as they happen.
#[tokio::test]
async fn progress_is_told_and_not_kept() {
    let stand = Stand::new(Setup::proven()).await;
    let (_engine, mut attached) = begin(&stand).await;
    challenge(&stand).await;
    let mut stages = Vec::new();
    loop {
        let event = attached.events.message().await.expect("stream");
        let event = event.expect("an event");
        match event.body {
            Some(Body::Proving(pb::Proving { stage, share })) => {
                assert_eq!(event.seq, 0);
                assert!((0.0..=1.0).contains(&share), "{share}");
                stages.push(stage);
            }
            Some(Body::Proved(_)) => break,
            _ => {}
        }
    }
    let told = |what: &str| stages.iter().any(|stage| stage.contains(what));
    assert!(told("challenge") && told("points"), "{stages:?}");
}

/// Killed with every step in turn still to come; what has been done is not done again.
#[tokio::test]
async fn a_node_that_dies_between_any_two_steps_does_each_once() {
    let mut stand = Stand::new(Setup::proven()).await;
    let escrows = std::sync::Arc::clone(&stand.escrows);
    escrows.hold(commits);
    begin(&stand).await;
    until("trained", || stand.job().record().phase == Phase::Proving).await;
    stand.restart().await;
    // The commitment lands, but its answer is lost with the node.
    escrows.lose_answers(1);
    escrows.release();
    at(&stand, TranscriptStage::Committed).await;
    stand.restart().await;

    escrows.hold(verifies);
    challenge(&stand).await;
    until("a proof", || stand.job().proof().is_some()).await;
    let made = stand.job().proof().expect("made");
    stand.restart().await;
    assert_eq!(stand.job().proof().as_ref(), Some(&made), "kept on disk");

    escrows.hold(submits);
    at(&stand, TranscriptStage::Verified).await;
    stand.restart().await;
    escrows.release();
    submitted(&stand).await;
    for such in [commits, verifies, submits] {
        assert_eq!(landed(&stand, such), 1);
    }
    let shown = stand
        .escrows
        .landed()
        .into_iter()
        .find_map(|write| match write {
            Write::Verify(claim) => Some(claim.proof.to_vec()),
            _ => None,
        });
    assert_eq!(shown, Some(made.proof), "proven once");
}

#[tokio::test]
async fn a_node_that_dies_while_proving_proves_again() {
    let mut stand = Stand::new(Setup::proven()).await;
    begin(&stand).await;
    challenge(&stand).await;
    until("proving", || stand.job().local().proving).await;
    stand.restart().await;
    submitted(&stand).await;
    assert_eq!(landed(&stand, verifies), 1);
}

/// The times in a transcript are not those of the second try: what was streamed stays.
#[tokio::test]
async fn a_killed_trainer_keeps_to_what_was_streamed() {
    let stand = Stand::new(Setup {
        epochs: 8,
        receipt_lag: 2,
        ..Setup::proven()
    })
    .await;
    let (engine, mut attached) = begin(&stand).await;
    attached.phase(pb::Phase::Paused).await;
    let streamed = stand.job().heads();
    assert!(!streamed.is_empty());
    kill_trainer(&stand).await;
    drop(attached);
    let (mut engine, _) = engine.resume(&stand).await;
    let mut attached = engine.attach(0).await.expect("attach");
    tokio::join!(follow(&stand, &mut attached), challenge(&stand));
    assert_eq!(stand.job().heads()[..streamed.len()], streamed);
    submitted(&stand).await;
}

#[tokio::test]
async fn nonces_that_never_come_are_not_waited_for_for_ever() {
    let stand = Stand::new(Setup::proven()).await;
    begin(&stand).await;
    at(&stand, TranscriptStage::Committed).await;
    pass_slots(&stand, REVEAL);
    until("a known slot", || stand.transcript().target_slot > 0).await;
    pass_slots(&stand, 451 - REVEAL);
    submitted(&stand).await;
    assert_eq!(landed(&stand, reveals), 2);
    assert_eq!(stand.transcript().user_nonce, None);
}

#[tokio::test]
async fn a_challenge_that_others_have_drawn_is_answered() {
    let stand = Stand::new(Setup::proven()).await;
    stand.escrows.hold(reveals);
    let (_engine, mut attached) = begin(&stand).await;
    challenge(&stand).await;
    submitted(&stand).await;
    let own = |event: &Body| matches!(event, Body::ChainWrite(w) if w.instruction == "reveal");
    assert!(!told(&mut attached).await.iter().any(own));
}

/// A signed proof that shows nothing costs a quarter of the stake: what the disk holds is looked at
/// before it is sent.
#[tokio::test]
async fn a_proof_damaged_on_the_disk_is_made_again_and_never_sent() {
    let damages: [fn(&mut KeptProof); 4] = [
        |kept| kept.proof[40] ^= 1,
        |kept| kept.proof.truncate(255),
        // A proof of something else.
        |kept| kept.shown.public_input = Digest([1; 32]),
        |kept| kept.shown.subject.context = Digest([1; 32]),
    ];
    let mut stand = Stand::new(Setup::proven()).await;
    stand.escrows.hold(verifies);
    begin(&stand).await;
    challenge(&stand).await;
    for damage in damages {
        until("a proof", || stand.job().proof().is_some()).await;
        stand.node.stop().await;
        let mut kept = stand.job().proof().expect("a proof");
        let sound = kept.proof.clone();
        damage(&mut kept);
        let path = stand.job().path("proof.json");
        fs::write(&path, serde_json::to_vec(&kept).expect("JSON")).expect("damage");
        stand.restart().await;
        let demanded = demanded(&stand.transcript());
        until("another proof", || {
            stand.job().proof().is_some_and(|proof| {
                Some(proof.shown) == demanded && proof.proof != kept.proof && proof.proof != sound
            })
        })
        .await;
    }
    stand.escrows.release();
    submitted(&stand).await;
    assert_eq!(landed(&stand, verifies), 1);
    assert_eq!(stand.transcript().stage, TranscriptStage::Verified);
}

/// The trainer's own stays until the job is settled.
#[tokio::test]
async fn a_damaged_transcript_is_taken_from_the_trainer_again() {
    let damages: [fn(&Path); 4] = [
        |path| fs::remove_file(path).expect("remove"),
        |path| fs::write(path, "{").expect("cut"),
        // More than any memory holds.
        |path| {
            let file = fs::File::options().write(true).open(path);
            file.expect("open").set_len(1 << 36).expect("a hole");
        },
        |path| {
            // A leaf that was never reached: the heads do not follow from it.
            let bytes = fs::read(path).expect("read");
            let mut record: TranscriptRecord = serde_json::from_slice(&bytes).expect("JSON");
            record.epochs[1].leaves[2].0[31] ^= 1;
            fs::write(path, serde_json::to_vec(&record).expect("JSON")).expect("write");
        },
    ];
    for damage in damages {
        let mut stand = Stand::new(Setup::proven()).await;
        stand.escrows.hold(commits);
        begin(&stand).await;
        until("trained", || stand.job().record().phase == Phase::Proving).await;
        stand.node.stop().await;
        damage(&stand.job().transcript_path());
        stand.escrows.release();
        stand.restart().await;
        at(&stand, TranscriptStage::Committed).await;
    }
}

/// Nobody would take them: better to hand the job back than to prove what is worth nothing.
#[tokio::test]
async fn weights_that_the_transcript_does_not_end_in_are_not_committed_to() {
    let mut stand = Stand::new(Setup::audited()).await;
    stand.escrows.hold(commits);
    begin(&stand).await;
    until("trained", || stand.job().record().phase == Phase::Proving).await;
    stand.node.stop().await;
    let path = stand.job().weights_path();
    let mut weights = fs::read(&path).expect("weights");
    *weights.last_mut().expect("bytes") ^= 1;
    fs::write(&path, weights).expect("write");
    stand.restart().await;
    stand.escrows.release();
    until("the end", || stand.account().state == EscrowState::Refunded).await;
    let reason = stand.job().record().failure.expect("a reason");
    assert!(reason.contains("last weights"), "{reason}");
    assert_eq!(landed(&stand, commits), 0);
}

/// Leaves that cannot be shown are no work: no guess is committed to, and no proof made.
#[tokio::test]
async fn a_job_whose_transcript_is_lost_is_given_up() {
    for committed in [false, true] {
        let mut stand = Stand::new(Setup::proven()).await;
        stand.escrows.hold(match committed {
            false => commits,
            true => reveals,
        });
        begin(&stand).await;
        until("trained", || stand.job().record().phase == Phase::Proving).await;
        if committed {
            at(&stand, TranscriptStage::Committed).await;
        }
        stand.node.stop().await;
        // In this order: what still reads at this moment does not make one from the other.
        fs::remove_file(stand.job().work_dir().join(TRANSCRIPT_FILE)).expect("lost");
        fs::remove_file(stand.job().transcript_path()).expect("lost");
        stand.restart().await;
        if committed {
            challenge(&stand).await;
        }
        // What it has committed to it must show: only before that is the job handed back.
        let end = match committed {
            false => EscrowState::Refunded,
            true => EscrowState::Failed,
        };
        until("the end", || stand.account().state == end).await;
        let reason = stand.job().record().failure.expect("a reason");
        assert!(reason.contains("transcript.json is gone"), "{reason}");
        assert_eq!(landed(&stand, verifies), 0);
    }
}

/// Nobody asked for the challenge in time, which is not the node's doing.
#[tokio::test]
async fn a_job_whose_challenge_is_lost_is_handed_back() {
    let stand = Stand::new(Setup::proven()).await;
    let (_engine, mut attached) = begin(&stand).await;
    at(&stand, TranscriptStage::Committed).await;
    stand.escrows.change_transcript(stand.escrow, |transcript| {
        transcript.stage = TranscriptStage::FullAudit;
    });
    let message = attached.phase(pb::Phase::Failed).await;
    assert!(message.contains("no longer on the chain"), "{message}");
    let message = attached.phase(pb::Phase::Settled).await;
    assert!(message.starts_with("handed back ("), "{message}");
    let account = stand.account();
    assert_eq!(account.state, EscrowState::Refunded);
    assert_eq!(account.paid_user, account.amount);
}

#[tokio::test]
async fn a_node_that_is_refuted_waits_for_the_end() {
    let stand = Stand::new(Setup::proven()).await;
    let (_engine, mut attached) = begin(&stand).await;
    at(&stand, TranscriptStage::Committed).await;
    stand.escrows.change_transcript(stand.escrow, |transcript| {
        transcript.stage = TranscriptStage::Refuted;
    });
    let message = attached.phase(pb::Phase::Failed).await;
    assert!(message.contains("shows nothing"), "{message}");
    stand
        .escrows
        .change(stand.escrow, |escrow| escrow.state = EscrowState::Failed);
    attached.phase(pb::Phase::Settled).await;
    assert_eq!(landed(&stand, |write| *write == Write::Fail), 0);
}

#[tokio::test]
async fn a_job_that_can_no_longer_be_proven_in_time_is_given_up() {
    let stand = Stand::new(Setup::proven()).await;
    begin(&stand).await;
    at(&stand, TranscriptStage::Committed).await;
    let deadline = stand.account().deadline;
    stand.escrows.now.store(deadline - 59, Ordering::SeqCst);
    until("given up", || stand.account().state == EscrowState::Failed).await;
}

/// The user may still take the work as it is.
#[tokio::test]
async fn a_cancelled_job_is_settled_without_a_proof() {
    let stand = Stand::new(Setup::proven()).await;
    begin(&stand).await;
    at(&stand, TranscriptStage::Committed).await;
    stand
        .escrows
        .change(stand.escrow, |e| e.state = EscrowState::Cancelling);
    until("cancelled", || {
        stand.account().state == EscrowState::Cancelled
    })
    .await;
}

/// Heads reach the coordinator although it was away while they came about, and again after the node's
/// restart.
#[tokio::test]
async fn heads_are_sent_until_the_coordinator_holds_them() {
    let coordinator = Coordinator::default();
    let (mut stand, serving) = stand_of(&coordinator, Setup::proven()).await;
    until("a line", || coordinator.seen(|seen| seen.lines == 1)).await;
    let address = serving.address;
    drop(serving);
    stand.assign().await.expect("assigned");
    let (mut engine, _) = Engine::open(&stand).await;
    engine.upload(chunks(&stand.data)).await.expect("upload");
    at(&stand, TranscriptStage::Committed).await;
    let heads: Vec<_> = stand
        .job()
        .heads()
        .iter()
        .map(|head| head.to_vec())
        .collect();
    assert_eq!(heads.len(), 3);
    let _again = coordinator.serve_again(address).await;
    until("the heads", || coordinator.seen(|seen| seen.heads == heads)).await;
    until("no more to send", || stand.job().heads_to_send().is_none()).await;

    coordinator.seen(|seen| seen.heads.clear());
    stand.restart().await;
    until("the heads", || coordinator.seen(|seen| seen.heads == heads)).await;
}

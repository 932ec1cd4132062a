//! Jobs whose proof could never be made are handed back before any work.

use std::fs;

use cyxwiz_chain::{EscrowState, TranscriptAccount, Verification};
use cyxwiz_domain::Digest;
use cyxwiz_node::{jobs::Phase, ledger::Write};

use crate::{
    engine::{Engine, chunks},
    stand::{Setup, Stand, until},
};

/// Waits until the job is handed back, and nothing but that; why.
async fn handed_back(stand: &Stand) -> String {
    ended_by(stand, Write::Decline, EscrowState::Refunded).await
}

/// Waits until the job is ended by this write alone, before any work; why.
async fn ended_by(stand: &Stand, write: Write, state: EscrowState) -> String {
    until("the end", || stand.account().state == state).await;
    assert_eq!(stand.escrows.landed(), [write]);
    let record = stand.job().record();
    assert_eq!(stand.job().local().epochs_done, 0);
    record.failure.expect("a reason")
}

type Tamper = fn(&mut TranscriptAccount);

/// Hands every job back whose transcript was tampered with, and says what of it is wrong.
async fn refuses(setup: fn() -> Setup, cases: &[(Tamper, &str)]) {
    for (tamper, what) in cases {
        let stand = Stand::unassigned(setup()).await;
        stand.escrows.change_transcript(stand.escrow, tamper);
        stand.assign().await.expect("taken on");
        let reason = handed_back(&stand).await;
        assert!(
            reason.contains(&format!("the transcript's {what} is not")),
            "{reason}"
        );
    }
}

#[tokio::test]
async fn terms_other_than_the_specs_are_refused() {
    let cases: [(Tamper, &str); 4] = [
        (|transcript| transcript.rate = 7, "learning rate"),
        (|transcript| transcript.samples = 2, "number of steps"),
        (|transcript| transcript.circuit = Digest([1; 32]), "circuit"),
        (|transcript| transcript.escrow_created_at -= 1, "escrow"),
    ];
    refuses(Setup::proven, &cases).await;
}

#[tokio::test]
async fn an_escrow_that_asks_for_other_evidence_is_refused() {
    for setup in [Setup::proven(), Setup::default()] {
        let proven = !setup.verification.is_null();
        let stand = Stand::unassigned(setup).await;
        stand.escrows.change(stand.escrow, |escrow| {
            escrow.verification = match proven {
                true => Verification::default(),
                false => Verification {
                    tier: cyxwiz_chain::Tier::Replicated,
                    samples: 0,
                    circuit: Digest([1; 32]),
                    runtime_class: Digest::default(),
                },
            };
        });
        stand.assign().await.expect("taken on");
        // An escrow with a tier was never assigned without its transcript; without a tier there is none.
        let reason = match proven {
            true => handed_back(&stand).await,
            false => ended_by(&stand, Write::Fail, EscrowState::Failed).await,
        };
        assert!(reason.contains("other evidence"), "{reason}");
    }
}

#[tokio::test]
async fn a_job_without_a_transcript_is_nobodys() {
    let stand = Stand::unassigned(Setup::proven()).await;
    stand.escrows.remove_transcript(stand.escrow);
    stand.assign().await.expect("taken on");
    let reason = ended_by(&stand, Write::Fail, EscrowState::Failed).await;
    assert!(reason.contains("opened no transcript"), "{reason}");
}

/// The data are what the escrow names; what the user has opened the transcript with is not.
#[tokio::test]
async fn rows_and_first_weights_other_than_pinned_are_refused_before_training() {
    let mut one = Digest::default();
    one.0[31] = 1;
    type Tamper = fn(&mut TranscriptAccount, Digest);
    let cases: [(Tamper, &str); 2] = [
        (|transcript, word| transcript.dataset = word, "dataset"),
        (
            |transcript, word| transcript.initial = word,
            "first weights",
        ),
    ];
    for (tamper, what) in cases {
        let stand = Stand::unassigned(Setup::proven()).await;
        let change = |transcript: &mut TranscriptAccount| tamper(transcript, one);
        stand.escrows.change_transcript(stand.escrow, change);
        stand.assign().await.expect("taken on");
        let (mut engine, _) = Engine::open(&stand).await;
        engine.upload(chunks(&stand.data)).await.expect("upload");
        let reason = handed_back(&stand).await;
        assert!(
            reason.contains(&format!("the transcript's {what} is not")),
            "{reason}"
        );
    }
}

#[tokio::test]
async fn a_node_whose_operator_does_not_prove_hands_back_at_once() {
    let mut stand = Stand::unassigned(Setup::proven()).await;
    stand
        .restart_with(|settings| settings.proof.enabled = false)
        .await;
    stand.assign().await.expect("taken on");
    let reason = handed_back(&stand).await;
    assert!(reason.contains("proof.enabled"), "{reason}");
}

#[tokio::test]
async fn a_clock_that_the_chain_would_not_believe_is_found_first() {
    let stand = Stand::unassigned(Setup::proven()).await;
    use std::sync::atomic::Ordering;
    stand.escrows.now.fetch_sub(400, Ordering::SeqCst);
    stand.assign().await.expect("taken on");
    let reason = handed_back(&stand).await;
    assert!(reason.contains("clock"), "{reason}");
}

/// Without integers all that is pinned follows from what is public.
#[tokio::test]
async fn what_a_job_in_floats_is_bound_to_is_checked_at_once() {
    let cases: [(Tamper, &str); 3] = [
        (
            |transcript| transcript.dataset = Digest::default(),
            "dataset",
        ),
        (
            |transcript| transcript.initial = Digest::default(),
            "first weights",
        ),
        (|transcript| transcript.rate = 1, "learning rate"),
    ];
    refuses(Setup::audited, &cases).await;
}

#[tokio::test]
async fn terms_once_found_right_are_kept() {
    let mut stand = Stand::new(Setup::proven()).await;
    until("terms", || stand.job().record().proof.is_some()).await;
    let terms = stand.job().record().proof;
    stand.restart().await;
    assert_eq!(stand.job().record().proof, terms);
    assert_eq!(stand.job().record().phase, Phase::AwaitingData);
    let expected = cyxwiz_chain::context_word(&stand.account(), stand.transcript().circuit);
    assert_eq!(terms.expect("terms").context, expected);
}

/// The most memory that this process has had, MiB.
fn peak_memory_mib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("status");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|peak| peak.split_whitespace().next()?.parse::<u64>().ok());
    peak.expect("a peak") / 1024
}

/// A hundred thousand rows of zeros, packed.
const ROWS: &[u8] = include_bytes!("../data/rows.csv.gz");

/// The node reads rows in its own process, where its other jobs live.
#[tokio::test]
async fn a_dataset_that_unpacks_to_more_than_the_memory_is_handed_back() {
    let stand = Stand::new(Setup {
        // 4 GiB.
        data: ROWS.repeat(1_300),
        format: "csv.gz",
        ..Setup::proven()
    })
    .await;
    let (mut engine, _) = Engine::open(&stand).await;
    engine.upload(chunks(&stand.data)).await.expect("upload");
    let reason = handed_back(&stand).await;
    assert!(reason.contains("has room for 128"), "{reason}");
    let peak = peak_memory_mib();
    assert!(peak < 1_024, "{peak} MiB");
    // It lives, and takes the next engine.
    Engine::resume(engine, &stand).await;
}

/// By a user who sends the data late and keeps its nonce back, the node would be made to fail.
#[tokio::test]
async fn a_job_without_time_for_a_late_challenge_is_handed_back() {
    for (timeout_seconds, fits) in [(600, false), (1_800, true)] {
        let stand = Stand::new(Setup {
            timeout_seconds,
            ..Setup::proven()
        })
        .await;
        if fits {
            until("terms", || stand.job().record().proof.is_some()).await;
        } else {
            let reason = handed_back(&stand).await;
            assert!(reason.contains("if the data come as late"), "{reason}");
        }
    }
}

#[tokio::test]
async fn a_circuit_too_large_for_the_memory_for_proofs_is_handed_back() {
    let mut stand = Stand::unassigned(Setup::proven()).await;
    stand
        .restart_with(|settings| settings.proof.memory_mib = Some(100))
        .await;
    stand.assign().await.expect("taken on");
    let reason = handed_back(&stand).await;
    assert!(reason.contains("takes 129 MiB"), "{reason}");
}

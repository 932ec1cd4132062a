//! A coordinator that dies while a challenge is drawn.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_is_drawn_if_the_coordinator_dies_before_it_signs() {
    drawn_through("before_sign", false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_is_drawn_if_the_coordinator_dies_once_it_has_signed() {
    drawn_through("after_sign", false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_is_drawn_if_the_coordinator_dies_before_it_sends() {
    drawn_through("after_commit", false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_is_drawn_if_the_coordinator_dies_once_it_has_sent() {
    drawn_through("after_send", true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_is_drawn_if_the_coordinator_dies_before_it_notes_the_outcome() {
    drawn_through("after_landed", true).await;
}

/// It dies there in each of its three writes, before (`!sent`) or after they may have landed.
async fn drawn_through(point: &str, sent: bool) {
    let mut market = Market::start().await;
    let (job, assigned) = market.assigned(&exact()).await;
    market.stop_coordinator().await;
    commit_to(&market, &job, root(&job)).await;
    market.advance_slots(34).await;
    // First the slot hash, ...
    market.die_at(point).await;
    let pinned = |t: &TranscriptAccount| t.target_slot != 0;
    if !sent {
        let transcript = market.transcript("it", &job, |_| true).await;
        assert!(!pinned(&transcript));
        let by_hand = reveal(job.escrow, None, None);
        market.execute(&market.user, &[by_hand]).await;
    }
    market.transcript("the slot hash", &job, pinned).await;
    // ... then the nonce, ...
    market.die_at(point).await;
    let shown = |t: &TranscriptAccount| t.coordinator_nonce.is_some();
    if !sent {
        let transcript = market.transcript("it", &job, |_| true).await;
        assert!(!shown(&transcript));
    }
    market.start_coordinator().await;
    market.transcript("the nonce", &job, shown).await;
    market.stop_coordinator().await;
    // ... and, without the user's, the challenge.
    market.advance_slots(451).await;
    market.die_at(point).await;
    market.start_coordinator().await;
    let drawn = |t: &TranscriptAccount| t.stage == TranscriptStage::Revealed;
    market.transcript("the challenge", &job, drawn).await;

    let payer = market.chain.lock_payer(job.escrow).await.expect("a lock");
    let fail = escrow::fail(&assigned, payer).expect("assigned");
    market.execute(&market.node, &[fail]).await;
    market.settled(&job).await;
    market.closed(&job).await;
    let all = [
        Kind::PinSlotHash,
        Kind::ShowNonce,
        Kind::DrawChallenge,
        Kind::CloseTranscript,
    ];
    let landed = all.map(|kind| (kind, State::Landed, 1));
    eventually("all to be noted, once each", || async {
        let writes = writes(&market).await;
        let noted = landed.iter().all(|write| writes.contains(write));
        noted.then_some(())
    })
    .await;
    market.stop_coordinator().await;
}

//! Jobs with a proof, from their submission to the end of their transcript, on a chain with the real programs.

#[cfg(feature = "failpoints")]
mod crashes;

use std::time::Duration;

use cyxwiz_chain::{
    EscrowAccount, EscrowState, TranscriptAccount, TranscriptStage, Verification, context_word,
    instructions::{
        escrow,
        proof::{Claim, Commitment, commit, reveal, verify},
    },
    nonce_hash, pda,
};
use cyxwiz_coordinator::db::{
    self,
    chain_writes::{Kind, State},
};
use cyxwiz_domain::{Amount, Digest, JobId};
use cyxwiz_proof::{field::to_word, job::heads_root, transcript::public_input};
use cyxwiz_statement::Registered;
use tonic::{Code, Status};
use uuid::Uuid;

use crate::{
    grpc::assert_refused,
    market::{Market, Submitted, USER_NONCE, audited, eventually, exact},
};

/// Heads of the transcript of [`exact`]'s four epochs.
fn heads() -> [Digest; 4] {
    [1, 2, 3, 4].map(|byte| Digest([byte; 32]))
}

/// The root over them.
fn root(job: &Submitted) -> Digest {
    let entry = Registered::by_id(&job.open.circuit.0).expect("registered");
    let words = heads().map(|head| head.0);
    Digest(heads_root(&entry.circuit, &words).expect("a root"))
}

/// The node of `job` commits to `root`.
async fn commit_to(market: &Market, job: &Submitted, root: Digest) {
    let made = Commitment {
        root,
        trained: Digest([5; 32]),
        leaves_hash: Digest([6; 32]),
        epochs: 4,
    };
    let commit = commit(market.node.address(), job.escrow, &made);
    market.execute(&market.node, &[commit]).await;
}

async fn writes(market: &Market) -> Vec<(Kind, State, u64)> {
    db::chain_writes::count(&market.database.pool)
        .await
        .expect("count")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submission_repeated_gives_the_same_nonce_and_after_a_restart_too() {
    let mut market = Market::start().await;
    let id = JobId(Uuid::new_v4());
    let first = market.submit_as(id, &exact()).await;
    assert_eq!(first.coordinator_nonce_hash.len(), 32);
    let again = market.submit_as(id, &exact()).await;
    assert_eq!(again.coordinator_nonce_hash, first.coordinator_nonce_hash);
    market.stop_coordinator().await;
    market.start_coordinator().await;
    let again = market.submit_as(id, &exact()).await;
    assert_eq!(again.coordinator_nonce_hash, first.coordinator_nonce_hash);
    market.give_up(id).await;

    let other = market.submit_as(JobId(Uuid::new_v4()), &exact()).await;
    assert_ne!(other.coordinator_nonce_hash, first.coordinator_nonce_hash);
    market.stop_coordinator().await;
}

/// Funds and opens a job of `spec` with a change, and lets it be refused.
async fn refused(
    market: &Market,
    audit: bool,
    change: fn(&mut Submitted),
) -> Result<cyxwiz_proto::job::v1::Job, Status> {
    let spec = if audit { audited() } else { exact() };
    let mut job = market.submit(&spec).await;
    change(&mut job);
    market.fund(&job).await;
    let outcome = market.confirm(job.id).await;
    market.give_up(job.id).await;
    outcome
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transcript_that_is_not_the_jobs_is_refused_and_no_node_is_assigned() {
    let mut market = Market::start().await;

    // An escrow that pins a tier, and has no transcript.
    let job = market.submit(&exact()).await;
    let missing = market.confirm(job.id).await;
    assert_refused(missing, Code::FailedPrecondition, "escrow_missing");
    let create = escrow::create(market.user.address(), market.mint, &job.new);
    market.execute(&market.user, &[create]).await;
    let outcome = market.confirm(job.id).await;
    assert_refused(outcome, Code::FailedPrecondition, "transcript_missing");
    market.give_up(job.id).await;

    // One that pins nothing.
    let mut job = market.submit(&exact()).await;
    job.new.verification = Verification::default();
    let create = escrow::create(market.user.address(), market.mint, &job.new);
    market.execute(&market.user, &[create]).await;
    let outcome = market.confirm(job.id).await;
    assert_refused(outcome, Code::FailedPrecondition, "verification_mismatch");
    market.give_up(job.id).await;

    type Change = fn(&mut Submitted);
    let cases: [(&str, bool, Change); 7] = [
        ("verification_mismatch", false, |job| {
            let two = Registered::by_name("z64x10-k2").expect("registered");
            job.new.verification.circuit = Digest(two.id);
            job.new.verification.samples = 2;
            job.open.circuit = Digest(two.id);
        }),
        ("transcript_rate", false, |job| job.open.rate += 1),
        ("transcript_initial", false, |job| {
            job.open.initial = Digest([1; 32]);
        }),
        ("transcript_nonce", false, |job| {
            job.open.coordinator_nonce_hash = nonce_hash(job.escrow, &[9; 32]);
        }),
        ("transcript_initial", true, |job| {
            job.open.initial = Digest([1; 32]);
        }),
        ("transcript_dataset", true, |job| {
            job.open.dataset = Digest([1; 32]);
        }),
        ("transcript_nonce", true, |job| {
            job.open.coordinator_nonce_hash = job.open.user_nonce_hash;
        }),
    ];
    for (code, audit, change) in cases {
        let outcome = refused(&market, audit, change).await;
        assert_refused(outcome, Code::FailedPrecondition, code);
    }
    assert_eq!(writes(&market).await, [], "nothing was decided");

    for spec in [exact(), audited()] {
        let (job, escrow) = market.assigned(&spec).await;
        assert_eq!(escrow.node, Some(market.node.address()));
        assert_eq!(escrow.verification, Verification::of(&spec));
        let fail = market.chain.lock_payer(job.escrow).await.expect("a lock");
        let fail = escrow::fail(&escrow, fail).expect("assigned");
        market.execute(&market.node, &[fail]).await;
        market.settled(&job).await;
    }
    market.stop_coordinator().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_challenge_is_drawn_through_restarts_and_a_false_proof_ends_the_job() {
    let mut market = Market::start().await;
    let (user, before) = (market.user.address(), market.balance().await);
    let (job, assigned) = market.assigned(&exact()).await;
    let id = job.id;

    // Heads: the node's alone, in order, never replaced.
    let heads = heads();
    let stranger = market.report(&market.user, id, 1, &heads).await;
    assert_refused(stranger, Code::PermissionDenied, "not_your_job");
    let node = &market.node;
    let no_word = market.report(node, id, 1, &[Digest([0xff; 32])]).await;
    assert_refused(no_word, Code::InvalidArgument, "argument_invalid");
    assert_eq!(
        market.report(node, id, 1, &heads[..2]).await.expect("held"),
        2
    );
    assert_eq!(
        market.report(node, id, 4, &heads[3..]).await.expect("held"),
        2
    );
    let changed = market.report(node, id, 2, &heads[2..]).await;
    assert_refused(changed, Code::FailedPrecondition, "head_changed");
    assert_eq!(
        market.report(node, id, 3, &heads[2..]).await.expect("held"),
        4
    );

    commit_to(&market, &job, root(&job)).await;
    market.stop_coordinator().await;
    market.advance_slots(34).await;
    let transcript = market.transcript("it", &job, |_| true).await;
    assert_eq!(transcript.target_slot, 0, "nobody else draws");
    assert_eq!(
        transcript.context,
        context_word(&assigned, job.open.circuit)
    );

    // Pins the slot hash, and only then shows its nonce.
    market.start_coordinator().await;
    let shown = |t: &TranscriptAccount| t.coordinator_nonce.is_some();
    let transcript = market.transcript("the nonce", &job, shown).await;
    assert_eq!(transcript.stage, TranscriptStage::Committed);
    let nonce = transcript.coordinator_nonce.expect("shown");
    assert_eq!(
        nonce_hash(job.escrow, &nonce),
        job.open.coordinator_nonce_hash
    );
    let landed = |kind| (kind, State::Landed, 1);
    eventually("both to be noted", || async {
        let writes = writes(&market).await;
        let both = [Kind::PinSlotHash, Kind::ShowNonce].map(landed);
        both.iter()
            .all(|write| writes.contains(write))
            .then_some(())
    })
    .await;

    // The user's nonce never comes.
    market.stop_coordinator().await;
    market.advance_slots(451).await;
    market.start_coordinator().await;
    let revealed = |t: &TranscriptAccount| t.stage == TranscriptStage::Revealed;
    let transcript = market.transcript("the challenge", &job, revealed).await;
    assert_eq!(transcript.user_nonce, None);
    assert_eq!(market.job(id).await.message, "", "the heads agree");

    // Points of the curve, and no proof of anything.
    let entry = Registered::by_id(&job.open.circuit.0).expect("registered");
    let key = entry.key.expect("a development key");
    let mut proof = [0; 256];
    proof[..192].copy_from_slice(&key.bytes[..192]);
    proof[192..].copy_from_slice(&key.bytes[..64]);
    let statement = transcript.statement().expect("drawn");
    let claim = Claim {
        proof,
        subject: transcript.subject().expect("committed"),
        public_input: Digest(to_word(public_input(&statement).expect("words"))),
        key: Digest(key.sha256),
    };
    let verify = verify(market.node.address(), job.escrow, &claim);
    market.execute(&market.node, &[verify]).await;

    let escrow = market.settled(&job).await;
    assert_eq!(escrow.state, EscrowState::Failed);
    assert_eq!((escrow.paid_user, escrow.user), (escrow.amount, user));
    assert_eq!(market.balance().await, before, "everything came back");
    let message = market.job(id).await.message;
    assert!(message.contains("signed a false proof"), "{message}");
    market.closed(&job).await;
    market.stop_coordinator().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_root_of_other_heads_is_told_to_the_user_and_withholds_nothing() {
    let mut market = Market::start().await;
    let (job, _) = market.assigned(&exact()).await;
    commit_to(&market, &job, Digest([7; 32])).await;
    // Heads that come late are compared all the same.
    let held = market.report(&market.node, job.id, 1, &heads()).await;
    assert_eq!(held.expect("held"), 4);
    let message = eventually("the warning", || async {
        let message = market.job(job.id).await.message;
        (!message.is_empty()).then_some(message)
    });
    assert!(
        message
            .await
            .contains("another transcript than it had shown")
    );
    market.advance_slots(34).await;
    let pinned = |t: &TranscriptAccount| t.target_slot != 0;
    market.transcript("the slot hash", &job, pinned).await;
    let user = reveal(job.escrow, Some(USER_NONCE), None);
    market.execute(&market.user, &[user]).await;
    let revealed = |t: &TranscriptAccount| t.stage == TranscriptStage::Revealed;
    market.transcript("the challenge", &job, revealed).await;
    market.stop_coordinator().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_hash_that_is_lost_ends_in_no_proof_and_the_money_comes_back() {
    let mut market = Market::start().await;
    let before = market.balance().await;
    let (job, assigned) = market.assigned(&exact()).await;
    commit_to(&market, &job, root(&job)).await;
    market.stop_coordinator().await;
    market.advance_slots(600).await;
    market.start_coordinator().await;
    let lost = |t: &TranscriptAccount| t.stage == TranscriptStage::FullAudit;
    let transcript = market.transcript("the end", &job, lost).await;
    assert_eq!(transcript.coordinator_nonce, None, "a nonce for nothing");
    let message = eventually("the warning", || async {
        let message = market.job(job.id).await.message;
        (!message.is_empty()).then_some(message)
    });
    assert!(message.await.contains("cannot be proven any more"));
    let payer = market.chain.lock_payer(job.escrow).await.expect("a lock");
    let decline = escrow::decline(&assigned, payer).expect("assigned");
    market.execute(&market.node, &[decline]).await;
    assert_eq!(market.settled(&job).await.state, EscrowState::Refunded);
    let message = market.job(job.id).await.message;
    assert!(message.contains("cannot be proven any more"), "{message}");
    assert!(message.contains("handed the job back"), "{message}");
    assert_eq!(market.balance().await, before);
    market.closed(&job).await;
    market.stop_coordinator().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lamports_sent_to_an_address_where_nothing_is_stop_nobody() {
    let mut market = Market::start().await;
    // Whoever reserves a node names an address that the coordinator reads.
    let job = market.submit(&exact()).await;
    for address in [job.escrow, pda::transcript(job.escrow)] {
        market
            .chain
            .airdrop(address, 1_000_000)
            .await
            .expect("lamports");
    }
    let outcome = market.confirm(job.id).await;
    assert_refused(outcome, Code::FailedPrecondition, "escrow_missing");
    // They do not keep the job from being funded either.
    market.fund(&job).await;
    market.confirm(job.id).await.expect("confirmed");
    let chain = &market.chain;
    eventually("the assignment", || async {
        let escrow = chain.escrow(job.escrow).await.ok()??;
        escrow.node
    })
    .await;
    market.stop_coordinator().await;
}

impl Market {
    /// The escrow, once it is settled and the coordinator has seen it.
    pub async fn settled(&self, job: &Submitted) -> EscrowAccount {
        let chain = &self.chain;
        let escrow = eventually("the settlement", || async {
            let escrow = chain.escrow(job.escrow).await.ok()??;
            escrow.state.is_settled().then_some(escrow)
        })
        .await;
        eventually("the coordinator to see it", || async {
            let state = self.database.job(job.id).await.state;
            state.is_settled().then_some(())
        })
        .await;
        escrow
    }

    /// Waits until the coordinator has closed the transcript.
    pub async fn closed(&self, job: &Submitted) {
        let chain = &self.chain;
        eventually("the rent to come back", || async {
            let found = chain.transcript(job.escrow).await.ok()?;
            found.is_none().then_some(())
        })
        .await;
        eventually("nothing to be left to do", || async {
            let watched = db::transcripts::watched(&self.database.pool, Duration::ZERO);
            watched.await.expect("watched").is_empty().then_some(())
        })
        .await;
    }

    /// The user's tokens.
    pub async fn balance(&self) -> Amount {
        let owner = self.user.address();
        let balance = self.chain.token_balance(owner, self.mint).await;
        balance.expect("the chain")
    }
}

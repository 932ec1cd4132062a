//! Jobs with a proof that end before or without one, and what that costs whom.

use cyxwiz_chain::{
    EscrowAccount, EscrowState, TranscriptStage,
    instructions::proof::{self, Claim, Commitment},
    pda,
};
use cyxwiz_domain::{Address, Digest};
use cyxwiz_pki::Certificate;
use cyxwiz_proof::{field::to_word, transcript::public_input};
use cyxwiz_proto::training::v1::DatasetChunk;
use cyxwiz_statement::Registered;
use cyxwiz_tests_e2e::{
    CoordinatorClient, NodeSession, NodeStanding, Stack, SubmittedJob, code_of, eventually_async,
    message,
};

const USER_NONCE: [u8; 32] = [1; 32];

/// A field element that commits to nothing.
const WORD: Digest = Digest([7; 32]);

async fn settled(stack: &Stack, escrow: Address) -> EscrowAccount {
    let chain = stack.chain();
    eventually_async("the end of the job", || async {
        let account = chain.escrow(escrow).await.ok()??;
        account.state.is_settled().then_some(account)
    })
    .await
}

/// Confirms a funded job and waits for its node.
async fn assigned(stack: &Stack, user: &CoordinatorClient, job: &SubmittedJob) -> EscrowAccount {
    user.confirm(job.id).await.expect("the escrow is right");
    let chain = stack.chain();
    let address = pda::escrow(user.wallet.address(), job.id);
    eventually_async("the assignment", || async {
        let escrow = chain.escrow(address).await.ok()??;
        escrow.node.is_some().then_some(escrow)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_escrow_without_its_transcript_is_nobodys_job() {
    let stack = Stack::up();
    let user = CoordinatorClient::sign_in(&stack, "user").await;
    let job = user.submit_integers(&stack).await;
    user.fund(&stack, &job.escrow).await;
    let refused = user.confirm(job.id).await.expect_err("no transcript");
    assert_eq!(code_of(&refused), "transcript_missing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dataset_that_the_transcript_does_not_name_is_handed_back() {
    let stack = Stack::up();
    let user = CoordinatorClient::sign_in(&stack, "user").await;
    let job = user.submit_integers(&stack).await;
    let mut open = job.opening(user.wallet.address(), &USER_NONCE);
    open.dataset = WORD;
    let escrow = user.fund_proven(&stack, &job, &open).await;
    let account = assigned(&stack, &user, &job).await;
    let node = account.node.expect("assigned");
    let before = NodeStanding::of(&stack, node).await;

    let certificate = Certificate::generate().expect("a certificate");
    let mut session = NodeSession::connect(&stack, node, &certificate).await;
    session
        .open_once_known(&user, &certificate, &job, message(&job.manifest))
        .await
        .expect("the escrow's own file");
    let data = DatasetChunk {
        index: 0,
        data: job.data.clone().into(),
    };
    session.upload(vec![data]).await.expect("the data");

    // The user alone can have brought this about: everything goes back, and the node loses nothing.
    let ended = settled(&stack, escrow).await;
    assert_eq!(ended.state, EscrowState::Refunded);
    assert_eq!(ended.paid_user, ended.amount);
    let after = NodeStanding::of(&stack, node).await;
    assert_eq!(after, before.after_handing_back());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_false_proof_costs_a_quarter_of_the_stake() {
    let stack = Stack::up();
    let user = CoordinatorClient::sign_in(&stack, "user").await;
    let job = user.submit_integers(&stack).await;
    let open = job.opening(user.wallet.address(), &USER_NONCE);
    let escrow = user.fund_proven(&stack, &job, &open).await;
    let account = assigned(&stack, &user, &job).await;
    let chain = stack.chain();
    let owner = account.node.expect("assigned");
    let name = stack.node_called(owner);
    // The test is the node from here on.
    stack.kill(&name);
    let node = stack.signer(&name);
    let before = chain.node(owner).await.expect("the chain");
    let before = before.expect("registered");
    let insured = chain.vault_balance(pda::insurance_vault()).await;
    let insured = insured.expect("a vault");

    let made = Commitment {
        root: WORD,
        trained: WORD,
        leaves_hash: WORD,
        epochs: 8,
    };
    let commit = proof::commit(owner, escrow, &made);
    chain.execute(&[commit], &node, &[]).await.expect("once");
    stack.advance_slots(33);
    let reveal = proof::reveal(escrow, Some(USER_NONCE), None);
    chain.execute(&[reveal], &node, &[]).await.expect("in time");
    // The coordinator shows its nonce.
    let revealed = eventually_async("the challenge", || async {
        let transcript = chain.transcript(escrow).await.ok()??;
        (transcript.stage == TranscriptStage::Revealed).then_some(transcript)
    })
    .await;
    let statement = revealed.statement().expect("drawn");
    let input = Digest(to_word(public_input(&statement).expect("words")));

    // Another statement than the account's is no false claim about this one.
    let circuit = Registered::by_id(&revealed.circuit.0).expect("registered");
    let claim = Claim {
        proof: points(),
        subject: revealed.subject().expect("committed"),
        public_input: input,
        key: Digest(circuit.key.expect("a key").sha256),
    };
    let other = Claim {
        public_input: WORD,
        ..claim
    };
    let elsewhere = proof::verify(owner, escrow, &other);
    let refused = chain.execute(&[elsewhere], &node, &[]).await;
    let refused = refused.expect_err("another statement").to_string();
    assert!(refused.contains("OtherStatement"), "{refused}");

    let verify = proof::verify(owner, escrow, &claim);
    chain.execute(&[verify], &node, &[]).await.expect("noted");
    let failed = settled(&stack, escrow).await;
    assert_eq!(failed.state, EscrowState::Failed);
    assert_eq!(failed.paid_user, failed.amount);
    let after = chain.node(owner).await.expect("the chain");
    let after = after.expect("registered");
    let slashed = before.stake.0 / 4;
    assert_eq!(after.stake.0, before.stake.0 - slashed);
    assert_eq!((after.active_jobs, after.locked.0), (0, 0));
    let insurance = chain.vault_balance(pda::insurance_vault()).await;
    assert_eq!(
        insurance.expect("a vault").0 - insured.0,
        slashed - slashed / 5
    );
    let record = chain.reputation(owner).await.expect("the chain");
    assert_eq!(record.expect("a record").invalid_proofs, 1);
}

/// Points of the right groups that prove nothing: three of the verifying key's own.
fn points() -> [u8; 256] {
    let circuit = cyxwiz_statement::Registered::by_name("z16x4-ci").expect("registered");
    let key = circuit.key.expect("a development build").bytes;
    let mut proof = [0; 256];
    proof[..64].copy_from_slice(&key[..64]);
    proof[64..192].copy_from_slice(&key[64..192]);
    proof[192..].copy_from_slice(&key[448..512]);
    proof
}

//! Who is let in.

use std::sync::atomic::Ordering;

use cyxwiz_chain::{EscrowState, NodeAccount};
use cyxwiz_domain::{Address, Digest, JobId, dataset::Manifest};
use cyxwiz_pki::{
    Certificate, Wallet,
    token::{Confirmation, JobClaims, Purpose, TokenSigner},
};
use cyxwiz_proto::training::v1::{Phase, open_session_request::Credential};
use tonic::{Code, Status};

use crate::{
    engine::{Engine, chunks, code},
    escrows::node_account,
    stand::{Setup, Stand},
};

async fn refusal(stand: &Stand, change: impl FnOnce(&mut JobClaims)) -> Status {
    let mut engine = Engine::connect(stand).await;
    let mut claims = stand.claims(&engine.certificate);
    change(&mut claims);
    let token = Credential::JobToken(stand.coordinator.sign(&claims));
    let opened = engine.session(stand, token, &stand.manifest()).await;
    opened.expect_err("must be refused")
}

#[tokio::test]
async fn a_right_token_opens_a_session() {
    let stand = Stand::new(Setup::default()).await;
    let (_, opened) = Engine::open(&stand).await;
    assert_eq!(opened.phase(), Phase::AwaitingData);
    assert_eq!(opened.missing_chunks, [0]);
    assert!(!opened.resume_token.is_empty());
}

#[tokio::test]
async fn wrong_tokens_are_told_apart() {
    let stand = Stand::new(Setup::default()).await;
    let foreign = Digest([9; 32]);
    type Change = Box<dyn FnOnce(&mut JobClaims)>;
    let cases: [(&str, Change); 8] = [
        ("token_expired", Box::new(|c| c.exp -= 600)),
        (
            "token_wrong_audience",
            Box::new(|c| c.aud = Address([9; 32])),
        ),
        (
            "token_wrong_certificate",
            Box::new(move |c| c.cnf = Confirmation::of(foreign)),
        ),
        (
            "token_wrong_node_certificate",
            Box::new(move |c| c.node_cert = foreign),
        ),
        (
            "token_wrong_job",
            Box::new(|c| c.job = JobId(uuid::Uuid::nil())),
        ),
        ("escrow_wrong_user", Box::new(|c| c.sub = Address([9; 32]))),
        ("escrow_wrong_spec", Box::new(move |c| c.spec = foreign)),
        ("escrow_missing", Box::new(|c| c.escrow = Address([9; 32]))),
    ];
    for (expected, change) in cases {
        let status = refusal(&stand, change).await;
        assert_eq!(code(&status), expected, "{status:?}");
    }
    let status = refusal(&stand, |claims| {
        let coordinator = claims.iss.rsplit(':').next().and_then(|a| a.parse().ok());
        claims.iss = Purpose::Session.issuer(coordinator.expect("an address"));
    })
    .await;
    assert_eq!(code(&status), "token_wrong_issuer");
}

#[tokio::test]
async fn while_one_certificate_replaces_another_a_token_may_name_either() {
    let stand = Stand::new(Setup::default()).await;
    let (other, shown) = (Digest([9; 32]), stand.node.node.identity.fingerprint());
    let rotates_at = stand.escrows.now.load(Ordering::SeqCst) + 3_600;
    let node = node_account(stand.node.node.identity.address());
    for (present, next) in [(other, shown), (shown, other)] {
        stand.escrows.register(NodeAccount {
            tls_fingerprint: present,
            next_tls_fingerprint: Some((next, rotates_at)),
            ..node.clone()
        });
        let mut engine = Engine::connect(&stand).await;
        let mut claims = stand.claims(&engine.certificate);
        claims.node_cert = other;
        let token = Credential::JobToken(stand.coordinator.sign(&claims));
        engine
            .session(&stand, token, &stand.manifest())
            .await
            .expect("both are this node's");
    }
    // once it is done, a token for the one that is gone is not for this node
    stand.escrows.register(NodeAccount {
        tls_fingerprint: other,
        next_tls_fingerprint: Some((shown, rotates_at)),
        ..node
    });
    stand.escrows.now.store(rotates_at, Ordering::SeqCst);
    let status = refusal(&stand, |claims| claims.node_cert = other).await;
    assert_eq!(code(&status), "token_wrong_node_certificate");
}

#[tokio::test]
async fn a_token_that_the_chains_coordinator_did_not_sign_is_refused() {
    let stand = Stand::new(Setup::default()).await;
    let mut engine = Engine::connect(&stand).await;
    let stranger = TokenSigner::new(&Wallet::generate());
    let token = Credential::JobToken(stranger.sign(&stand.claims(&engine.certificate)));
    let status = engine.session(&stand, token, &stand.manifest()).await;
    assert_eq!(code(&status.expect_err("refused")), "token_invalid");
}

#[tokio::test]
async fn a_token_is_used_once_also_across_a_restart() {
    let mut stand = Stand::new(Setup::default()).await;
    let mut engine = Engine::connect(&stand).await;
    let token = stand.coordinator.sign(&stand.claims(&engine.certificate));
    let credential = || Credential::JobToken(token.clone());
    engine
        .session(&stand, credential(), &stand.manifest())
        .await
        .expect("first use");
    let again = engine
        .session(&stand, credential(), &stand.manifest())
        .await;
    assert_eq!(code(&again.expect_err("replayed")), "token_replayed");
    stand.restart().await;
    let mut engine = Engine::connect_as(&stand, engine.certificate).await;
    let again = engine
        .session(&stand, credential(), &stand.manifest())
        .await;
    assert_eq!(code(&again.expect_err("replayed")), "token_replayed");
}

#[tokio::test]
async fn an_early_engine_is_asked_to_try_again_with_the_same_token() {
    let stand = Stand::unassigned(Setup::default()).await;
    let mut engine = Engine::connect(&stand).await;
    let token = stand.coordinator.sign(&stand.claims(&engine.certificate));
    let credential = || Credential::JobToken(token.clone());
    let status = engine
        .session(&stand, credential(), &stand.manifest())
        .await;
    let status = status.expect_err("too early");
    assert_eq!(
        (status.code(), code(&status)),
        (Code::Unavailable, "assignment_pending")
    );
    assert!(stand.assign().await.expect("assigned"));
    engine
        .session(&stand, credential(), &stand.manifest())
        .await
        .expect("the same token, unspent");
}

#[tokio::test]
async fn a_settled_or_foreign_escrow_opens_nothing() {
    let stand = Stand::unassigned(Setup::default()).await;
    stand
        .escrows
        .change(stand.escrow, |e| e.state = EscrowState::Paid);
    assert_eq!(code(&refusal(&stand, |_| {}).await), "escrow_settled");
    stand.escrows.change(stand.escrow, |e| {
        (e.state, e.node) = (EscrowState::Assigned, Some(Address([8; 32])));
    });
    assert_eq!(code(&refusal(&stand, |_| {}).await), "escrow_wrong_node");
}

#[tokio::test]
async fn a_manifest_that_the_escrow_does_not_name_is_refused() {
    let stand = Stand::new(Setup::default()).await;
    let mut engine = Engine::connect(&stand).await;
    let token = Credential::JobToken(stand.coordinator.sign(&stand.claims(&engine.certificate)));
    let other = Manifest::of(&b"other data"[..]).expect("manifest");
    let status = engine.session(&stand, token, &other).await;
    assert_eq!(code(&status.expect_err("refused")), "wrong_dataset_root");
}

#[tokio::test]
async fn a_resume_token_works_only_from_its_own_certificate() {
    let stand = Stand::new(Setup::default()).await;
    let (engine, _) = Engine::open(&stand).await;
    let thief = Certificate::generate().expect("certificate");
    let mut thief = Engine::connect_as(&stand, thief).await;
    thief.token.clone_from(&engine.token);
    let upload = thief.upload(chunks(&stand.data)).await;
    assert_eq!(
        code(&upload.expect_err("refused")),
        "token_wrong_certificate"
    );
    let attach = thief.attach(0).await.err().expect("refused");
    assert_eq!(code(&attach), "token_wrong_certificate");
    let resume = Credential::ResumeToken(engine.token.clone());
    let resumed = thief.session(&stand, resume, &stand.manifest()).await;
    assert_eq!(
        code(&resumed.expect_err("refused")),
        "token_wrong_certificate"
    );
    engine.resume(&stand).await;
}

#[tokio::test]
async fn an_assignment_is_believed_only_as_far_as_the_chain() {
    let stand = Stand::unassigned(Setup::default()).await;
    let problem = |result: Result<bool, _>| match result {
        Err(cyxwiz_node::steps::assigned::AssignmentError::Escrow { problem, .. }) => problem,
        other => panic!("{other:?}"),
    };
    stand
        .escrows
        .change(stand.escrow, |e| e.spec_hash = Digest([9; 32]));
    assert!(problem(stand.assign().await).contains("spec"));
    stand
        .escrows
        .change(stand.escrow, |e| e.mint = Address([1; 32]));
    assert!(problem(stand.assign().await).contains("CYXWIZ"));
    stand.escrows.change(stand.escrow, |e| {
        (e.mint, e.state) = (Address([9; 32]), EscrowState::Open);
    });
    assert!(problem(stand.assign().await).contains("not assigned"));
    stand
        .escrows
        .change(stand.escrow, |e| e.node = Some(Address([8; 32])));
    assert!(problem(stand.assign().await).contains("does not name this node"));
}

//! Who may speak to a node: the engine named by the coordinator, once.

use cyxwiz_domain::{Address, Digest};
use cyxwiz_pki::{
    Certificate, Wallet,
    token::{Confirmation, JobClaims, Purpose, TokenSigner},
};
use cyxwiz_tests_e2e::{CoordinatorClient, NodeSession, Stack, code_of, eventually_async};

#[tokio::test(flavor = "multi_thread")]
async fn only_the_engine_that_was_named_is_let_in() {
    let stack = Stack::up();
    let user = CoordinatorClient::sign_in(&stack, "user").await;
    let (job, escrow) = user.assigned_job(&stack, 20).await;
    let certificate = Certificate::generate().expect("a certificate");
    let mut session = NodeSession::connect(&stack, job.node, &certificate).await;
    let coordinator = TokenSigner::new(&stack.wallet("coordinator"));
    let fingerprint = stack
        .chain()
        .node(job.node)
        .await
        .expect("the chain")
        .expect("registered")
        .tls_fingerprint;
    let now = chrono::Utc::now().timestamp();
    let right = JobClaims {
        iss: Purpose::Job.issuer(coordinator.address()),
        sub: user.wallet.address(),
        aud: job.node,
        job: job.id,
        escrow: escrow.address,
        spec: job.escrow.spec_hash,
        cnf: Confirmation::of(certificate.fingerprint()),
        node_cert: fingerprint,
        jti: uuid::Uuid::new_v4(),
        exp: now + 300,
        iat: now,
    };

    let other_node = ["node-1", "node-2"]
        .map(|name| stack.wallet(name).address())
        .into_iter()
        .find(|owner| *owner != job.node)
        .expect("two nodes");
    let wrong = [
        (
            "token_expired",
            JobClaims {
                exp: now - 60,
                ..right.clone()
            },
        ),
        (
            "token_wrong_audience",
            JobClaims {
                aud: other_node,
                ..right.clone()
            },
        ),
        (
            "token_wrong_certificate",
            JobClaims {
                cnf: Confirmation::of(Digest([1; 32])),
                ..right.clone()
            },
        ),
        (
            "token_wrong_issuer",
            JobClaims {
                iss: Purpose::Session.issuer(coordinator.address()),
                ..right.clone()
            },
        ),
    ];
    for (expected, claims) in wrong {
        let refused = session.open(&job, &coordinator.sign(&claims)).await;
        assert_eq!(code_of(&refused.expect_err(expected)), expected);
    }

    let forged = TokenSigner::new(&Wallet::generate()).sign(&right);
    let refused = session
        .open(&job, &forged)
        .await
        .expect_err("a forged token");
    assert_eq!(code_of(&refused), "token_invalid");
    let refused = session.open(&job, "nonsense").await.expect_err("no token");
    assert_eq!(code_of(&refused), "token_invalid");
    for claims in [
        JobClaims {
            sub: Address([7; 32]),
            jti: uuid::Uuid::new_v4(),
            ..right.clone()
        },
        JobClaims {
            escrow: Address([7; 32]),
            jti: uuid::Uuid::new_v4(),
            ..right.clone()
        },
        JobClaims {
            node_cert: Digest([7; 32]),
            jti: uuid::Uuid::new_v4(),
            ..right.clone()
        },
    ] {
        let refused = session.open(&job, &coordinator.sign(&claims)).await;
        refused.expect_err("a token that contradicts the chain");
    }

    // The real one opens the door, once; the node may have to hear of the job first.
    let token = user.job_token(job.id, &certificate).await.expect("a token");
    eventually_async("the assignment at the node", || {
        let (mut session, job, token) = (session.service.clone(), &job, token.clone());
        async move {
            let mut probe = NodeSession {
                service: session.clone(),
                resume_token: String::new(),
            };
            let opened = probe.open(job, &token).await;
            session = probe.service;
            drop(session);
            match opened {
                Ok(_) => Some(()),
                Err(status) => {
                    assert_eq!(status.code(), tonic::Code::Unavailable, "{status}");
                    None
                }
            }
        }
    })
    .await;
    let replayed = session.open(&job, &token).await.expect_err("a used token");
    assert_eq!(code_of(&replayed), "token_replayed");

    // A token for the right certificate is worth nothing on another connection.
    let token = user.job_token(job.id, &certificate).await.expect("a token");
    let other = Certificate::generate().expect("a certificate");
    let mut stranger = NodeSession::connect(&stack, job.node, &other).await;
    let refused = stranger
        .open(&job, &token)
        .await
        .expect_err("another connection");
    assert_eq!(code_of(&refused), "token_wrong_certificate");
    let opened = session
        .open(&job, &token)
        .await
        .expect("its own connection");
    stranger.resume_token = opened.resume_token;
    let request = stranger.request(cyxwiz_proto::training::v1::DownloadWeightsRequest {
        epoch: 0,
        offset: 0,
    });
    let refused = stranger.service.download_weights(request).await;
    assert_eq!(
        code_of(&refused.expect_err("another's resume token")),
        "token_wrong_certificate"
    );
}

//! The programs on a running cluster, as `anchor test` runs it: `ANCHOR_PROVIDER_URL`
//! is its RPC address, `ANCHOR_WALLET` a wallet with SOL and CYXWIZ, like the
//! `admin` of a local stack.

use std::time::Duration;

use cyxwiz_chain::{
    Chain, EscrowState, Signer, Verification,
    instructions::escrow::{self, NewEscrow},
    pda, programs,
};
use cyxwiz_domain::{Amount, Digest, JobId};

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run by `anchor test`"))
}

fn wallet() -> Signer {
    let text = std::fs::read_to_string(variable("ANCHOR_WALLET")).expect("the wallet's file");
    let bytes: Vec<u8> = serde_json::from_str(&text).expect("a key pair file");
    Signer::from_keypair_bytes(&bytes.try_into().expect("64 bytes")).expect("a key pair")
}

#[tokio::test]
#[ignore = "needs a cluster"]
async fn an_escrow_is_funded_and_refunded_in_full() {
    let chain = Chain::new(&variable("ANCHOR_PROVIDER_URL"));
    for program in [
        programs::job_escrow(),
        programs::node_registry(),
        programs::reputation(),
    ] {
        assert!(
            chain.exists(program).await.expect("the cluster"),
            "{program} is not deployed"
        );
    }
    let config = chain
        .escrow_config()
        .await
        .expect("job-escrow is configured");
    let user = wallet();
    let before = chain
        .token_balance(user.address(), config.mint)
        .await
        .expect("a balance");
    let job_id = JobId(uuid::Uuid::new_v4());
    let amount = Amount(1_234_567);
    let new = NewEscrow {
        verification: Verification::default(),
        job_id,
        amount,
        spec_hash: Digest([1; 32]),
        dataset_root: Digest([2; 32]),
        required_epochs: 3,
        estimated_seconds: 60,
        timeout_seconds: config.min_timeout_seconds,
    };
    let create = escrow::create(user.address(), config.mint, &new);
    chain
        .execute(&[create], &user, &[])
        .await
        .expect("create_escrow");

    let address = pda::escrow(user.address(), job_id);
    let funded = chain
        .escrow(address)
        .await
        .expect("the cluster")
        .expect("an escrow");
    assert_eq!((funded.state, funded.amount), (EscrowState::Open, amount));
    let held = chain
        .vault_balance(pda::escrow_vault(address))
        .await
        .expect("a vault");
    assert_eq!(held, amount);

    chain
        .execute(&[escrow::cancel(&funded)], &user, &[])
        .await
        .expect("cancel");
    let refunded = chain
        .escrow(address)
        .await
        .expect("the cluster")
        .expect("an escrow");
    assert_eq!(
        (refunded.state, refunded.paid_user),
        (EscrowState::Refunded, amount)
    );
    // not in the second of its creation
    let passed = async {
        while chain.unix_time().await.expect("the cluster") <= funded.created_at {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let passed = tokio::time::timeout(Duration::from_secs(30), passed).await;
    passed.expect("the cluster's clock goes on");
    let close = escrow::close(&refunded, user.address());
    chain.execute(&[close], &user, &[]).await.expect("close");
    assert!(!chain.exists(address).await.expect("the cluster"));
    let after = chain
        .token_balance(user.address(), config.mint)
        .await
        .expect("a balance");
    assert_eq!(after, before);
}

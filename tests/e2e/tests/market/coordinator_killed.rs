//! A coordinator that dies around a chain write: nothing is paid twice, nothing
//! is forgotten.

use cyxwiz_tests_e2e::{JobFile, Stack};

fn dies_at(point: &str) {
    let stack = Stack::up_with(&[("FAILPOINTS", &format!("{point}=1*return"))]);
    let job = JobFile::digits()
        .epochs(3)
        .replace("checkpoint_every = 5", "checkpoint_every = 3");
    let job = job.write(stack.dir());
    let run = stack.spawn(&["job", "run", job.to_str().expect("UTF-8")]);
    stack.await_end("coordinator");
    stack.bring_up(&[]);

    let result = run.finish().json();
    assert_eq!(result["epochs"], 3);
    assert_eq!(result["balances"]["conserved"], true);
    let chain = stack.chain();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let id = result["job_id"]
        .as_str()
        .expect("an id")
        .parse()
        .expect("a job id");
    let escrow = cyxwiz_chain::pda::escrow(stack.wallet("user").address(), id);
    let escrow = runtime
        .block_on(chain.escrow(escrow))
        .expect("the chain")
        .expect("not closed");
    assert_eq!(escrow.state, cyxwiz_chain::EscrowState::Paid);
    assert_eq!(escrow.paid_node.0 + escrow.paid_platform.0, escrow.amount.0);
    for node in runtime.block_on(chain.nodes()).expect("the chain") {
        assert_eq!(
            (node.active_jobs, node.locked.0),
            (0, 0),
            "a lock was forgotten"
        );
    }
}

#[test]
fn before_signing() {
    dies_at("chain_write.before_sign");
}

#[test]
fn after_signing() {
    dies_at("chain_write.after_sign");
}

#[test]
fn after_recording_the_signature() {
    dies_at("chain_write.after_commit");
}

#[test]
fn after_sending() {
    dies_at("chain_write.after_send");
}

#[test]
fn after_landing() {
    dies_at("chain_write.after_landed");
}

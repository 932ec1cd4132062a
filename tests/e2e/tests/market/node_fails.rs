//! A node that cannot go on: paid for what the user holds, and for nothing else.

use cyxwiz_chain::{EscrowAccount, EscrowState, pda};
use cyxwiz_domain::{Address, JobId};
use cyxwiz_tests_e2e::{JobFile, Stack, eventually};
use serde_json::Value;

use crate::engine_killed::first_job;

/// Kills the job's trainer whenever it runs, until the node gives up.
fn wear_down(stack: &Stack, escrow: Address) -> EscrowAccount {
    let chain = stack.chain();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    eventually("the node to give up", || {
        kill_trainers(stack);
        let account = runtime.block_on(chain.escrow(escrow)).ok()??;
        account.state.is_settled().then_some(account)
    })
}

/// Every trainer of this stack: their command lines name its directory.
fn kill_trainers(stack: &Stack) {
    let dir = stack.dir().display().to_string();
    for process in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = process
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        let line = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).into_owned();
        let program = line.split('\0').next().unwrap_or_default();
        if program.ends_with("cyxwiz-trainer") && line.contains(&dir) {
            let pid = nix::unistd::Pid::from_raw(pid);
            // It may have ended by itself.
            let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL);
        }
    }
}

fn escrow_of(stack: &Stack, ready: impl Fn(&Value) -> bool) -> Address {
    eventually("the job to get that far", || {
        let jobs = stack.cyxwiz(&["job", "list"]).json();
        let job = first_job(&jobs)?;
        let id: JobId = job["job_id"].as_str()?.parse().ok()?;
        ready(job).then(|| pda::escrow(stack.wallet("user").address(), id))
    })
}

#[test]
fn nothing_delivered_is_nothing_paid() {
    let stack = Stack::up();
    // No checkpoint is due before the end, so the user holds none.
    let job = JobFile::digits()
        .epochs(2000)
        .checkpoint_every(2000)
        .write(stack.dir());
    let run = stack.spawn(&["job", "run", job.to_str().expect("UTF-8")]);
    let escrow = escrow_of(&stack, |job| {
        job["state"] == "training" || job["state"] == "assigned"
    });

    // With nothing to be paid for it rather hands the job back.
    let settled = wear_down(&stack, escrow);
    assert_eq!(settled.state, EscrowState::Refunded);
    assert_eq!(settled.receipt_held, 0);
    assert_eq!(settled.paid_user, settled.amount);
    assert_eq!((settled.paid_node.0, settled.paid_platform.0), (0, 0));
    let told = run.finish();
    assert_eq!(told.code, 5);
    let reason = told.last_line()["error"]["ending"]["reason"].clone();
    let reason = reason.as_str().expect("a reason");
    assert!(reason.contains("the trainer died 3 times"), "{reason}");
}

#[test]
fn a_delivered_checkpoint_is_paid_for() {
    let stack = Stack::up();
    let job = JobFile::digits()
        .epochs(1000)
        .checkpoint_every(5)
        .write(stack.dir());
    let run = stack.spawn(&["job", "run", job.to_str().expect("UTF-8")]);
    let escrow = escrow_of(&stack, |job| job["epochs_done"].as_u64() >= Some(12));

    let settled = wear_down(&stack, escrow);
    assert_eq!(settled.state, EscrowState::Failed);
    assert!(settled.receipt_held >= 5, "held {}", settled.receipt_held);
    let earned = u64::try_from(
        u128::from(settled.amount.0) * u128::from(settled.receipt_held)
            / u128::from(settled.required_epochs),
    )
    .expect("less than the amount");
    assert_eq!(settled.paid_platform.0, earned / 10);
    assert_eq!(settled.paid_node.0, earned - earned / 10);
    assert_eq!(settled.paid_user.0, settled.amount.0 - earned);
    assert_eq!(run.finish().code, 5);
}

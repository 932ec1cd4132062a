//! The binary as scripts see it: exit codes, standard output, `--json`.

use std::{fs, path::Path};

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

/// An address where nothing listens. Not a port that was free a moment ago: another test may have it now.
fn nowhere() -> String {
    "http://127.0.0.1:1".to_owned()
}

/// The binary in a home of its own, with nobody to talk to.
fn cyxwiz(home: &TempDir) -> Command {
    let mut command = Command::cargo_bin("cyxwiz").expect("binary");
    command
        .env_clear()
        .env("HOME", home.path())
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .current_dir(home.path())
        .args(["--rpc-url", &nowhere(), "--coordinator", &nowhere()]);
    command
}

fn home() -> TempDir {
    tempfile::tempdir().expect("tempdir")
}

fn stdout_json(output: &std::process::Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.lines().last().unwrap_or_default();
    serde_json::from_str(last).unwrap_or_else(|error| panic!("{error} in {text:?}"))
}

#[test]
fn help_documents_every_exit_code() {
    let output = cyxwiz(&home()).arg("--help").output().expect("run");
    let text = String::from_utf8_lossy(&output.stdout);
    for code in ["0  ", "1  ", "2  ", "3  ", "4  ", "5  ", "130"] {
        assert!(text.contains(&format!("\n  {code}")), "{code} in {text}");
    }
}

#[test]
fn a_wrong_command_line_is_code_2() {
    for arguments in [
        &["job"][..],
        &["job", "status", "no-uuid"],
        &["wallet", "--what"],
    ] {
        cyxwiz(&home()).args(arguments).assert().code(2).stdout("");
    }
}

#[test]
fn a_wallet_is_made_once() {
    let home = home();
    let made = cyxwiz(&home)
        .args(["wallet", "new", "--json"])
        .output()
        .expect("run");
    assert!(made.status.success());
    let address = stdout_json(&made)["address"]
        .as_str()
        .expect("address")
        .to_owned();
    let shown = cyxwiz(&home)
        .args(["wallet", "show", "--address"])
        .output()
        .expect("run");
    assert_eq!(String::from_utf8_lossy(&shown.stdout).trim(), address);
    let again = cyxwiz(&home).args(["wallet", "new"]).output().expect("run");
    assert_eq!(again.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&again.stderr).contains("not overwritten"));
}

#[test]
fn a_chain_that_does_not_answer_is_code_4() {
    let home = home();
    cyxwiz(&home).args(["wallet", "new"]).assert().success();
    let output = cyxwiz(&home)
        .args(["wallet", "show", "--json"])
        .output()
        .expect("run");
    assert_eq!(output.status.code(), Some(4));
    assert_eq!(stdout_json(&output)["error"]["kind"], "unreachable");
    assert!(!output.stderr.is_empty());
}

#[test]
fn a_coordinator_that_does_not_answer_is_code_4() {
    let home = home();
    cyxwiz(&home).args(["wallet", "new"]).assert().success();
    let output = cyxwiz(&home).args(["node", "list"]).output().expect("run");
    assert_eq!(output.status.code(), Some(4));
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("the coordinator at http://127.0.0.1")
    );
}

#[test]
fn a_missing_wallet_says_how_to_make_one() {
    let output = cyxwiz(&home()).args(["job", "list"]).output().expect("run");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cyxwiz wallet new"));
}

#[test]
fn disputes_are_listed_without_a_wallet_and_decided_with_one() {
    let home = home();
    let list = cyxwiz(&home).args(["dispute", "list"]).output();
    assert_eq!(
        list.expect("run").status.code(),
        Some(4),
        "it asks the chain"
    );
    let escrow = "11111111111111111111111111111111";
    let settle = cyxwiz(&home)
        .args(["dispute", "settle", escrow, "--for-node"])
        .output()
        .expect("run");
    assert_eq!(settle.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&settle.stderr).contains("cyxwiz wallet new"));
    cyxwiz(&home)
        .args(["dispute", "settle", escrow])
        .assert()
        .code(2);
}

const JOB: &str = r#"
[job]
name = "two numbers"
epochs = 1

[dataset]
path = "rows.csv"
format = "csv"
shape = [2]

[model]
layers = [{ type = "LAYER", out = 2 }]

[training]
loss = "cross_entropy"
batch = 2

[optimizer]
type = "sgd"
lr = 0.1
"#;

/// Runs `job run` on a job whose data is `rows`; what it says.
fn refused(home: &TempDir, layer: &str, rows: &str) -> String {
    cyxwiz(home).args(["wallet", "new"]).assert().success();
    fs::write(home.path().join("job.toml"), JOB.replace("LAYER", layer)).expect("write");
    fs::write(home.path().join("rows.csv"), rows).expect("write");
    let output = cyxwiz(home)
        .args(["job", "run", "job.toml", "--json"])
        .output()
        .expect("run");
    assert_eq!(output.status.code(), Some(1));
    let nothing_begun = !home.path().join(".local/share/cyxwiz/jobs").exists();
    assert!(nothing_begun, "a bad job leaves no trace");
    stdout_json(&output)["error"]["message"]
        .as_str()
        .expect("message")
        .to_owned()
}

#[test]
fn text_in_a_number_column_is_named_before_anything_is_sent() {
    let message = refused(&home(), "linear", "1,2,0\n3,many,1\n");
    for part in ["rows.csv", "line 2", "column 2", "'many' is not a number"] {
        assert!(message.contains(part), "{part} in {message}");
    }
}

#[test]
fn an_unknown_layer_is_named_with_those_that_exist() {
    let message = refused(&home(), "lineal", "1,2,0\n3,4,1\n");
    for part in ["job.toml", "model.layers[0]", "'lineal'", "linear"] {
        assert!(message.contains(part), "{part} in {message}");
    }
}

#[test]
fn a_job_that_was_not_paid_goes_on_under_its_id() {
    let home = home();
    cyxwiz(&home).args(["wallet", "new"]).assert().success();
    fs::write(home.path().join("job.toml"), JOB.replace("LAYER", "linear")).expect("write");
    fs::write(home.path().join("rows.csv"), "1,2,0\n3,4,1\n").expect("write");
    // One address for all runs: a job belongs to its coordinator.
    let coordinator = nowhere();
    let run = |arguments: &[&str]| {
        let mut command = cyxwiz(&home);
        command.args(["job", "run", "job.toml"]).args(arguments);
        command.args(["--coordinator", &coordinator]);
        command.output().expect("run")
    };
    let jobs = || {
        fs::read_dir(home.path().join(".local/share/cyxwiz/jobs"))
            .expect("jobs")
            .count()
    };
    assert_eq!(run(&[]).status.code(), Some(4));
    assert_eq!(jobs(), 1);
    let again = run(&[]);
    assert!(String::from_utf8_lossy(&again.stderr).contains("going on with job"));
    assert_eq!(jobs(), 1);
    assert_eq!(run(&["--new"]).status.code(), Some(4));
    assert_eq!(jobs(), 2);
}

#[test]
fn a_stack_that_is_not_there_is_down() {
    let home = home();
    let output = cyxwiz(&home)
        .args(["dev", "down", "--json"])
        .output()
        .expect("run");
    assert!(output.status.success());
    assert_eq!(stdout_json(&output)["stopped"], 0);
    assert!(!home.path().join(".cyxwiz").exists());
    cyxwiz(&home).args(["dev", "status"]).assert().success();
}

#[test]
fn a_missing_binary_is_named_with_how_to_build_it() {
    let home = home();
    let empty = home.path().join("empty");
    fs::create_dir(&empty).expect("dir");
    let output = cyxwiz(&home)
        .args(["dev", "up", "--bin-dir"])
        .arg(&empty)
        .output()
        .expect("run");
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(
        text.contains("cyxwiz-localnet") && text.contains("cargo build"),
        "{text}"
    );
}

#[test]
fn a_damaged_configuration_is_named() {
    let home = home();
    let path = home.path().join(".config/cyxwiz");
    fs::create_dir_all(&path).expect("dir");
    fs::write(path.join("config.toml"), "colour = 'blue'").expect("write");
    let output = cyxwiz(&home).args(["wallet", "new"]).output().expect("run");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("colour"));
    assert!(!Path::new(&path.join("wallet.json")).exists());
}

/// Runs a command on the example that trains in integers, with nobody to talk to.
fn exact(arguments: &[&str]) -> std::process::Output {
    let home = home();
    let job = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/digits/zk.toml");
    cyxwiz(&home).args(["wallet", "new"]).assert().success();
    let mut command = cyxwiz(&home);
    command.args(["job"]).args(arguments).arg(job);
    command.output().expect("run")
}

#[test]
fn a_development_key_is_warned_of_once_even_in_quiet_runs() {
    for arguments in [&["estimate"][..], &["run", "--quiet"]] {
        let output = exact(arguments);
        assert_eq!(output.status.code(), Some(4), "nobody answers");
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            text.matches("INSECURE DEVELOPMENT KEY").count(),
            1,
            "{text}"
        );
    }
}

#[test]
fn a_run_says_what_its_proof_will_show_and_what_not() {
    let output = exact(&["run"]);
    let text = String::from_utf8_lossy(&output.stderr);
    for part in [
        "verification: zk-exact",
        "shown: Paid only with a proof",
        "not shown: that each of the 1,280 steps is right",
        "1 of 1,280 cases",
        "99.92 %",
        "circuit: z64x10",
        "recomputes 1 of 1,280 steps",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

/// What a proof is worth is told to whoever has the job file: no wallet and no network.
#[test]
fn an_estimate_says_first_what_the_proof_shows_and_adds() {
    let job = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/digits/zk.toml");
    let home = home();
    let run = |arguments: &[&str]| {
        let mut command = cyxwiz(&home);
        command.args(["job", "estimate"]).arg(&job).args(arguments);
        command.output().expect("run")
    };
    let output = run(&[]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("cyxwiz wallet new"), "{text}");
    let text = String::from_utf8_lossy(&output.stdout);
    for part in [
        "digits-zk",
        "Paid only with a proof, verified on-chain, unless you cancel",
        "1 of 1,280 cases",
        "proof adds",
        "about 19 s",
        "0.007 SOL",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    // One object, and nothing before it.
    let output = run(&["--json"]);
    assert_eq!(stdout_json(&output)["error"]["kind"], "failed");
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 1);
}

#[test]
fn a_job_of_another_machine_cannot_be_repeated_here() {
    let home = home();
    cyxwiz(&home).args(["wallet", "new"]).assert().success();
    let job = "018f3c2e-7b1a-7c00-8000-000000000001";
    let output = cyxwiz(&home).args(["job", "replay", job]).output();
    let output = output.expect("run");
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("is unknown here"), "{text}");
}

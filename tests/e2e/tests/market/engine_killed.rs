//! An engine that vanishes and comes back.

use cyxwiz_tests_e2e::{JobFile, Stack, eventually};
use serde_json::Value;

#[test]
fn a_killed_engine_goes_on_where_it_was() {
    let stack = Stack::up();
    let job = JobFile::digits().epochs(60).write(stack.dir());
    let job = job.to_str().expect("UTF-8");

    let run = stack.spawn(&["job", "run", job]);
    let id = eventually("a few epochs", || {
        let jobs = stack.cyxwiz(&["job", "list"]).json();
        let job = first_job(&jobs)?;
        (job["epochs_done"].as_u64()? >= 3).then(|| job["job_id"].as_str().map(str::to_owned))?
    });
    run.kill();

    let result = stack.cyxwiz(&["job", "watch", &id]).json();
    assert_eq!(result["job_id"], id);
    assert_eq!(result["epochs"], 60);
    assert_eq!(result["balances"]["conserved"], true);
    // The engine's log has each epoch exactly once, in order.
    let log = stack.dir().join("user/jobs").join(&id).join("epochs.jsonl");
    let log = std::fs::read_to_string(log).expect("the log of the epochs");
    let lines = log
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let epochs: Vec<u64> = lines
        .filter_map(|line| line["epoch"]["epoch"].as_u64())
        .collect();
    assert_eq!(epochs, (1..=60).collect::<Vec<u64>>());
}

pub(crate) fn first_job(list: &Value) -> Option<&Value> {
    list.as_array().or_else(|| list["jobs"].as_array())?.first()
}

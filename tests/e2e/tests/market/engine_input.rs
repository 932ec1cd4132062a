//! What the engine refuses before any money moves.

use cyxwiz_tests_e2e::{JobFile, Stack};

/// Every case on one stack: none of them leaves anything behind.
#[test]
fn bad_input_is_refused_before_money_moves() {
    let stack = Stack::up();
    let balance = || stack.cyxwiz(&["wallet", "show"]).json();
    let before = balance();
    let run = |job: JobFile| {
        let path = job.write(stack.dir());
        stack.cyxwiz(&["job", "run", path.to_str().expect("UTF-8")])
    };

    let csv = stack.dir().join("broken.csv");
    let mut rows = vec![vec!["0"; 65].join(","); 40];
    let mut bad = vec!["1"; 65];
    bad[3] = "abc";
    rows[16] = bad.join(",");
    std::fs::write(&csv, rows.join("\n")).expect("write");
    let broken = run(JobFile::digits()
        .data(&csv)
        .replace("\"csv.gz\"", "\"csv\""));
    assert_ne!(broken.code, 0);
    for part in ["line 17", "column 4", "abc"] {
        assert!(broken.stderr.contains(part), "{part}: {}", broken.stderr);
    }

    let unknown = run(JobFile::digits().replace("type = \"flatten\"", "type = \"flaten\""));
    assert_ne!(unknown.code, 0);
    for part in ["flaten", "flatten", "linear"] {
        assert!(unknown.stderr.contains(part), "{part}: {}", unknown.stderr);
    }

    // A wallet of its own, with nothing in it.
    let poor = stack.dir().join("poor.json");
    let poor = poor.to_str().expect("UTF-8");
    let path = JobFile::digits().write(stack.dir());
    let path = path.to_str().expect("UTF-8");
    stack.cyxwiz(&["--wallet", poor, "wallet", "new"]).json();
    let above = stack.cyxwiz(&["--wallet", poor, "job", "run", path]);
    assert_ne!(above.code, 0);
    assert!(above.stderr.contains("holds 0"), "{}", above.stderr);

    let capped = stack.cyxwiz(&["job", "run", path, "--max-price", "0.000000001"]);
    assert_ne!(capped.code, 0);
    assert!(capped.stderr.contains("max-price"), "{}", capped.stderr);

    assert_eq!(balance(), before);
}

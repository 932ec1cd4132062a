//! That every test that docs/THREATS.md, docs/PROOF.md and docs/CEREMONY.md name exists, and every file
//! that the tables of the first two point to.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The Rust files below `folder`, without what is built, downloaded or hidden.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the repository is readable") {
        let path = entry.expect("the repository is readable").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            sources(&path, found);
        } else if name.ends_with(".rs") {
            found.push(path);
        }
    }
}

/// The tests of a source file.
fn tests(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut marked = false;
    for line in text.lines().map(str::trim) {
        let attribute = line.starts_with("#[") && !line.contains("cfg(");
        marked |= attribute && (line.contains("test]") || line.contains("test("));
        let function = line.strip_prefix("async ").unwrap_or(line);
        if let (true, Some(rest)) = (marked, function.strip_prefix("fn ")) {
            let end = rest.find(['(', '<']).unwrap_or(rest.len());
            names.push(rest[..end].to_owned());
            marked = false;
        }
    }
    names
}

/// All functions of the repository, tests and others.
fn functions() -> BTreeSet<String> {
    let mut files = Vec::new();
    sources(&root(), &mut files);
    let texts = files
        .iter()
        .map(|file| std::fs::read_to_string(file).expect("sources are text"));
    let named = |text: String| {
        let after = text.split("fn ").skip(1);
        let names = after.filter_map(|rest| rest.split(['(', '<']).next());
        names.map(str::to_owned).collect::<Vec<_>>()
    };
    texts.flat_map(named).collect()
}

/// Every end of every path to a test, and to a file with tests: `cancel`, `job_escrow::cancel`,
/// `job_escrow::cancel::an_open_job_is_refunded_in_full`, and so on.
fn known() -> BTreeSet<String> {
    let (root, mut files, mut known) = (root(), Vec::new(), BTreeSet::new());
    sources(&root, &mut files);
    for file in files {
        let text = std::fs::read_to_string(&file).expect("sources are text");
        let names = tests(&text);
        if names.is_empty() {
            continue;
        }
        let inside = file
            .strip_prefix(&root)
            .expect("it was found below the root");
        let inside = inside.with_extension("");
        let parts: Vec<&str> = inside
            .iter()
            .filter_map(|part| part.to_str())
            .filter(|part| !matches!(*part, "src" | "tests" | "mod" | "main" | "lib"))
            .collect();
        let mut paths = vec![parts.clone()];
        paths.extend(
            names
                .iter()
                .map(|name| [parts.as_slice(), &[name]].concat()),
        );
        for path in paths {
            known.extend((0..path.len()).map(|start| path[start..].join("::")));
        }
    }
    known
}

/// What is in backticks in the last column of the document's tables, `a::{b, c}` taken apart.
fn named(document: &str) -> Vec<String> {
    let rows = document.lines().filter(|line| line.starts_with("| "));
    let last = rows.filter_map(|row| row.trim_end_matches(['|', ' ']).rsplit('|').next());
    let quoted = last.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    let expanded = quoted.flat_map(|name| match name.split_once("::{") {
        Some((head, tail)) => {
            let tail = tail.trim_end_matches('}').split(',');
            tail.map(|it| format!("{head}::{}", it.trim())).collect()
        }
        None => vec![name.to_owned()],
    });
    expanded.collect()
}

/// What is in backticks anywhere in the document and may be a test's name, or another function's.
fn mentioned(document: &str) -> Vec<&str> {
    let part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_:".contains(c);
    let quoted = document.split('`').skip(1).step_by(2);
    let function = quoted.filter(|name| name.contains('_') && name.chars().all(part));
    function.collect()
}

#[test]
fn every_test_that_the_text_mentions_exists() {
    let (tests, functions) = (known(), functions());
    for (document, least) in [("docs/PROOF.md", 100), ("docs/CEREMONY.md", 4)] {
        let text = std::fs::read_to_string(root().join(document)).expect("the document is there");
        let mut missing = mentioned(&text);
        assert!(missing.len() > least, "{document} names {missing:?} only");
        missing.retain(|name| !tests.contains(*name) && !functions.contains(*name));
        assert!(
            missing.is_empty(),
            "{document}: no such functions: {missing:#?}"
        );
    }
}

#[test]
fn every_test_that_the_documents_name_exists() {
    let known = known();
    for document in ["docs/THREATS.md", "docs/PROOF.md"] {
        let text = std::fs::read_to_string(root().join(document)).expect("the document is there");
        let named = named(&text);
        assert!(named.len() > 40, "{document} names {named:?} only");
        let missing: Vec<&String> = named
            .iter()
            .filter(|name| {
                let there = if name.contains('/') {
                    root().join(name).exists()
                } else {
                    known.contains(*name)
                };
                !there
            })
            .collect();
        assert!(
            missing.is_empty(),
            "{document}: no such tests: {missing:#?}"
        );
    }
}

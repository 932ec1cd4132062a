//! What fuzzing has found worth keeping, replayed: inputs that reach far, and any that broke something.

use std::{fs, path::PathBuf};

use cyxwiz_tests_fuzz::{books, instructions};

fn replay(target: &str, run: fn(&[u8])) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(target);
    let files = fs::read_dir(&folder).expect("the corpus is committed");
    let mut count = 0;
    for file in files {
        let path = file.expect("the folder is readable").path();
        eprintln!("{}", path.display());
        run(&fs::read(&path).expect("the file is readable"));
        count += 1;
    }
    assert!(count > 0, "no inputs in {}", folder.display());
}

#[test]
fn known_inputs_break_no_program() {
    replay("instructions", instructions::run);
}

#[test]
fn known_inputs_break_no_books() {
    replay("books", books::run);
}

/// The rest of the scene's valid instructions is accepted, so that mutations start from inside.
#[test]
fn the_scene_refuses_only_what_comes_too_early_or_twice() {
    let refused = instructions::refused_at_once();
    eprintln!("{refused:#?}");
    assert_eq!(refused.len(), 21);
}

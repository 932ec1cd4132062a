//! That wrong accounts are tried in every instruction, in the instruction's own file.

use std::path::PathBuf;

use cyxwiz_tests_onchain::{idl::Idl, wrong_accounts::table};

#[test]
fn every_instruction_has_a_file_of_tests_that_tries_wrong_accounts() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/onchain");
    for (program, idl) in Idl::all() {
        for instruction in idl.instructions() {
            let file = folder.join(program).join(format!("{instruction}.rs"));
            let text = std::fs::read_to_string(&file)
                .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            let tried = text.contains("fn no_wrong_account_is_taken()");
            assert!(tried, "{} does not try wrong accounts", file.display());
        }
    }
}

#[test]
fn every_instruction_has_a_table_and_every_table_an_instruction() {
    for (program, idl) in Idl::all() {
        let instructions = idl.instructions();
        let folder = table(program, "any").with_file_name("");
        let tables = std::fs::read_dir(&folder).expect("every program has a folder of tables");
        let mut found: Vec<String> = tables
            .map(|entry| {
                let path = entry.expect("the folder is readable").path();
                let name = path.file_stem().and_then(|name| name.to_str());
                name.expect("a table has a name").to_owned()
            })
            .collect();
        found.sort();
        let mut expected = instructions;
        expected.sort();
        assert_eq!(
            found, expected,
            "try wrong accounts in each instruction of {program}"
        );
    }
}

//! Every instruction that a transcript has a say in, at every stage, by whoever may: what is accepted, and the
//! exact refusal of the rest.
//!
//! The table is `stages.txt`; `TABLES_UPDATE=1` rewrites it.

use std::{collections::BTreeMap, path::PathBuf};

use cyxwiz_tests_onchain::{
    Sent,
    outcome::{ACCEPTED, outcome},
};
use training_proof::Stage;

use super::scene::{BOTH, Scene, false_proof, proof, public_input};

/// One instruction, sent by whoever may.
type Step = fn(&mut Scene) -> Sent;

const INSTRUCTIONS: [(&str, Step); 16] = [
    ("commit", |scene| {
        scene.world.commit(&scene.job, scene.made, &scene.node)
    }),
    ("commit, after the deadline", |scene| {
        scene.world.advance(3_601);
        scene.world.commit(&scene.job, scene.made, &scene.node)
    }),
    ("reveal, with both nonces", |scene| {
        scene.world.reveal(&scene.job, BOTH)
    }),
    ("verify", |scene| {
        let input = public_input();
        let node = &scene.node.key;
        scene.world.verify_of(&scene.job, proof(), input, node)
    }),
    ("verify a false proof", |scene| {
        let input = public_input();
        let node = &scene.node.key;
        scene
            .world
            .verify_of(&scene.job, false_proof(), input, node)
    }),
    ("verify a proof of something else", |scene| {
        scene
            .world
            .verify_of(&scene.job, proof(), [1; 32], &scene.node.key)
    }),
    ("verify what is no proof", |scene| {
        let input = public_input();
        let node = &scene.node.key;
        scene.world.verify_of(&scene.job, [0; 256], input, node)
    }),
    ("close the transcript", |scene| {
        let accounts = scene.world.close_transcript_accounts(&scene.job);
        scene.world.close_transcript(accounts)
    }),
    ("submit_completion", Scene::submit),
    ("decline", |scene| {
        let settlement = scene.world.settlement(&scene.job);
        scene.world.decline(settlement, &scene.node.key)
    }),
    ("decline, after the deadline", |scene| {
        scene.world.advance(3_601);
        let settlement = scene.world.settlement(&scene.job);
        scene.world.decline(settlement, &scene.node.key)
    }),
    ("fail", |scene| {
        let settlement = scene.world.settlement(&scene.job);
        scene.world.fail(settlement, &scene.node.key)
    }),
    ("timeout_refund, after the deadline", |scene| {
        scene.world.advance(3_601);
        let settlement = scene.world.settlement(&scene.job);
        scene.world.timeout_refund(settlement, &scene.user.key)
    }),
    ("cancel", |scene| {
        scene.world.cancel(&scene.job, &scene.user.key)
    }),
    ("settle_refuted", |scene| {
        let settlement = scene.world.settlement(&scene.job);
        scene.world.settle_refuted(settlement, &scene.user.key)
    }),
    ("settle_refuted, after a cancel", |scene| {
        let cancelled = scene.world.cancel(&scene.job, &scene.user.key);
        cancelled.expect("the user may cancel");
        let settlement = scene.world.settlement(&scene.job);
        scene.world.settle_refuted(settlement, &scene.user.key)
    }),
];

/// A job that a node works on, its transcript at each stage.
fn scenes() -> Vec<Scene> {
    let scenes = vec![
        Scene::opened(),
        Scene::committed(),
        Scene::revealed(),
        Scene::verified(),
        Scene::full_audit(),
        Scene::refuted(),
    ];
    for (number, scene) in scenes.iter().enumerate() {
        let stage = scene.world.transcript_of(&scene.job).stage;
        assert_eq!(stage as usize, number, "{stage:?}");
    }
    assert_eq!(Stage::Refuted as usize, scenes.len() - 1);
    scenes
}

fn table() -> String {
    let mut table = "What each instruction does at each stage of an assigned job's transcript, 40 slots after\n\
                     its commitment at least.\n"
        .to_owned();
    let mut scenes = scenes();
    for (name, step) in INSTRUCTIONS {
        let mut outcomes: BTreeMap<(bool, String), Vec<String>> = BTreeMap::new();
        for scene in &mut scenes {
            let stage = scene.world.transcript_of(&scene.job).stage;
            let pristine = scene.world.svm.clone();
            let slot = scene.world.svm.get_sysvar::<solana_clock::Clock>().slot;
            scene.world.set_slot(slot.max(super::scene::SLOT + 40));
            let found = outcome(&step(scene));
            scene.world.svm = pristine;
            let row = outcomes.entry((found != ACCEPTED, found)).or_default();
            row.push(format!("{stage:?}"));
        }
        table += &format!("\n{name}\n");
        for ((_, outcome), stages) in outcomes {
            table += &format!("    {outcome}: {}\n", stages.join(", "));
        }
    }
    table
}

#[test]
fn every_instruction_is_refused_at_every_stage_but_its_own() {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("stages.txt");
    let found = table();
    if std::env::var_os("TABLES_UPDATE").is_some() {
        std::fs::write(&file, &found).expect("the table is writable");
    }
    let known = std::fs::read_to_string(&file).unwrap_or_default();
    for (known, found) in known.lines().zip(found.lines()) {
        assert_eq!(known, found, "if it is meant, run with TABLES_UPDATE=1");
    }
    assert_eq!(known, found);
}

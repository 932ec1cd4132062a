//! Every instruction in every state of an escrow, reached by real transactions: what is accepted, and
//! the exact refusal of the rest. Once as soon as the state is reached, once after every window.
//!
//! The table is `states.txt`; `TABLES_UPDATE=1` rewrites it.

use std::{collections::BTreeMap, path::PathBuf};

use cyxwiz_tests_onchain::{
    START, Sent, completion, job_args, key,
    outcome::{ACCEPTED, outcome},
    receipt_of, terms_of,
};
use job_escrow::{State, Verdict};

use crate::scene::Scene;

/// One instruction, sent by whoever may.
type Step = fn(&mut Scene) -> Sent;

/// What is tried, in the order of a job's life.
const INSTRUCTIONS: [(&str, Step); 19] = [
    ("top_up", |scene| {
        scene.world.top_up(&scene.job, &scene.user, 1)
    }),
    ("assign_node", |scene| {
        let coordinator = scene.world.coordinator.insecure_clone();
        let accounts = scene
            .world
            .assign_node_accounts(&scene.job, &scene.node.pubkey());
        let terms = terms_of(&job_args(1), START);
        scene.world.assign_node_on(terms, accounts, &[&coordinator])
    }),
    ("expire_unassigned", |scene| {
        let refund = scene.world.refund(&scene.job);
        scene.world.expire_unassigned(refund)
    }),
    ("anchor_checkpoint", |scene| {
        scene
            .world
            .anchor_checkpoint(&scene.job, 20, &scene.node.key)
    }),
    ("present_receipt", |scene| {
        let receipt = receipt_of(20, 20);
        scene
            .world
            .present_receipt(&scene.job, receipt, &receipt, &scene.user.key)
    }),
    ("extend_deadline", |scene| {
        let accounts = scene.world.extend_deadline_accounts(&scene.job);
        scene
            .world
            .extend_deadline(accounts, 60, &[&scene.user.key])
    }),
    ("submit_completion", |scene| {
        scene
            .world
            .submit_completion(&scene.job, completion(), &scene.node.key)
    }),
    ("accept", |scene| {
        let settlement = scene.world.settlement(&scene.job);
        scene.world.accept(settlement, &scene.user.key)
    }),
    ("release", |scene| {
        let settlement = scene.world.settlement(&scene.job);
        scene.world.release(settlement, &scene.user.key)
    }),
    ("cancel", |scene| {
        scene.world.cancel(&scene.job, &scene.user.key)
    }),
    ("settle_cancel", |scene| {
        let settlement = scene.world.settlement(&scene.job);
        scene.world.settle_cancel(settlement, &scene.user.key)
    }),
    ("decline", |scene| {
        let settlement = scene.world.settlement(&scene.job);
        scene.world.decline(settlement, &scene.node.key)
    }),
    ("fail", |scene| {
        let settlement = scene.world.settlement(&scene.job);
        scene.world.fail(settlement, &scene.node.key)
    }),
    ("timeout_refund", |scene| {
        let settlement = scene.world.settlement(&scene.job);
        scene.world.timeout_refund(settlement, &scene.user.key)
    }),
    ("settle_refuted", |scene| {
        let settlement = scene.world.settlement(&scene.job);
        scene.world.settle_refuted(settlement, &scene.user.key)
    }),
    ("open_dispute", |scene| {
        let accounts = scene.world.open_dispute_accounts(&scene.job);
        scene.world.open_dispute(accounts, &[&scene.user.key])
    }),
    ("settle_dispute", |scene| {
        let settlement = scene.world.settlement(&scene.job);
        scene
            .world
            .settle_dispute(settlement, Verdict::ForNode, &key("judge"))
    }),
    ("expire_dispute", |scene| {
        let settlement = scene.world.settlement(&scene.job);
        scene.world.expire_dispute(settlement, &scene.user.key)
    }),
    ("close", |scene| {
        let accounts = scene.world.close_accounts(&scene.job, &scene.user.pubkey());
        scene.world.close(accounts, &[&scene.user.key])
    }),
];

/// A scene in each state, the job's last transaction just made.
fn scenes() -> Vec<Scene> {
    let after = |mut scene: Scene, seconds: i64, step: Step| {
        scene.world.advance(seconds);
        step(&mut scene).expect("the way into the state");
        scene
    };
    let by = |name: &str| {
        let found = INSTRUCTIONS.iter().find(|(known, _)| *known == name);
        found.expect("it is in the list").1
    };
    let scenes = vec![
        Scene::open(),
        Scene::assigned(),
        Scene::submitted(),
        Scene::cancelling(0, 0),
        after(Scene::submitted(), 0, by("accept")),
        after(Scene::open(), 0, by("cancel")),
        after(Scene::assigned(), 3_601, by("timeout_refund")),
        after(Scene::cancelling(0, 0), 900, by("settle_cancel")),
        after(Scene::assigned(), 0, by("fail")),
        after(Scene::submitted(), 0, by("open_dispute")),
        after(
            after(Scene::submitted(), 0, by("open_dispute")),
            0,
            by("settle_dispute"),
        ),
    ];
    for (number, scene) in scenes.iter().enumerate() {
        let state = scene.world.escrow_of(&scene.job).state;
        assert_eq!(state as usize, number, "{state:?}");
    }
    assert_eq!(State::Resolved as usize, scenes.len() - 1);
    scenes
}

/// Longer than any window, also than that after which anyone may close.
const EVERY_WINDOW: i64 = 90 * 86_400;

/// The outcomes of one instruction, `wait` seconds after each state was reached.
fn outcomes(scenes: &mut [Scene], step: Step, wait: i64) -> String {
    let mut outcomes: BTreeMap<(bool, String), Vec<String>> = BTreeMap::new();
    for scene in scenes {
        let state = scene.world.escrow_of(&scene.job).state;
        let pristine = scene.world.svm.clone();
        scene.world.advance(wait);
        let found = outcome(&step(scene));
        scene.world.svm = pristine;
        let row = outcomes.entry((found != ACCEPTED, found)).or_default();
        row.push(format!("{state:?}"));
    }
    let lines = outcomes.into_iter().map(|((_, outcome), states)| {
        let states = states.join(", ");
        format!("    {outcome}: {states}\n")
    });
    lines.collect()
}

fn table() -> String {
    let mut table = "What each instruction does in each state of an escrow.\n".to_owned();
    let mut scenes = scenes();
    for (name, step) in INSTRUCTIONS {
        let [at_once, later] = [0, EVERY_WINDOW].map(|wait| outcomes(&mut scenes, step, wait));
        table += &if at_once == later {
            format!("\n{name}\n{at_once}")
        } else {
            format!("\n{name}, at once\n{at_once}\n{name}, after every window\n{later}")
        };
    }
    table
}

#[test]
fn every_instruction_is_refused_in_every_state_but_its_own() {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("states.txt");
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

//! Where a transcript's fields lie, for good: job-escrow reads the first ones there.

use anchor_lang::Space;
use cyxwiz_tests_onchain::{START, address};
use training_proof::Transcript;

use super::scene::{SLOT, Scene};

#[test]
fn a_transcript_keeps_its_layout() {
    assert_eq!(Transcript::INIT_SPACE, 736);
    let scene = Scene::committed();
    let address = address::transcript(&scene.job.escrow);
    let data = scene
        .world
        .svm
        .get_account(&address)
        .expect("it exists")
        .data;
    let transcript = scene.world.transcript_of(&scene.job);
    assert_eq!(data.len(), 744);
    assert_eq!(data[8..12], [1, transcript.bump, 1, 1]);
    assert_eq!(data[44..52], START.to_le_bytes());
    let words = [
        (12, scene.job.escrow.to_bytes()),
        (52, scene.node.pubkey().to_bytes()),
        (84, scene.open.circuit),
        (116, scene.made.trained),
        (148, scene.made.root),
        (180, scene.user.pubkey().to_bytes()),
        (212, scene.user.pubkey().to_bytes()),
        (244, scene.open.dataset),
        (276, scene.open.initial),
        (308, transcript.context),
        (340, scene.made.leaves_hash),
        (372, scene.open.user_nonce_hash),
        (404, scene.open.coordinator_nonce_hash),
        (436, [0; 32]),
        (468, [0; 32]),
        (500, [0; 32]),
        (540, [0; 32]),
    ];
    for (offset, word) in words {
        assert_eq!(data[offset..offset + 32], word, "at {offset}");
    }
    let numbers = [
        (532, 0),
        (572, SLOT),
        (580, START as u64 - 600),
        (588, START as u64 + 600),
        (596, 0),
        (608, 2),
    ];
    for (offset, number) in numbers {
        assert_eq!(
            data[offset..offset + 8],
            number.to_le_bytes(),
            "at {offset}"
        );
    }
    assert_eq!(data[604..608], [6, 0, 6, 0]);
    assert_eq!(data[616..], [0; 128]);
}

use cyxwiz_tests_onchain::assert_refused;
use job_escrow::{EscrowError, accounts, instruction as ix};

use crate::crowd::Crowd;
use crate::scene::Scene;

#[test]
fn checkpoints_grow() {
    let mut scene = Scene::assigned();
    let Scene {
        world,
        job,
        node,
        user,
    } = &mut scene;
    world
        .anchor_checkpoint(job, 5, &node.key)
        .expect("the first checkpoint");
    let escrow = world.escrow_of(job);
    assert_eq!(
        (escrow.checkpoint_epoch, escrow.checkpoint_root),
        (5, [5; 32])
    );
    for epoch in [0, 4, 5, 21, u32::MAX] {
        let sent = world.anchor_checkpoint(job, epoch, &node.key);
        assert_refused(sent, EscrowError::InvalidCheckpoint);
    }
    world
        .anchor_checkpoint(job, 20, &node.key)
        .expect("the last checkpoint");
    let sent = world.anchor_checkpoint(job, 20, &user.key);
    assert_refused(sent, EscrowError::NotAssignedNode);
}

#[test]
fn no_wrong_account_is_taken() {
    let mut crowd = Crowd::around(Scene::assigned());
    let scene = &crowd.scene;
    let accounts = accounts::AnchorCheckpoint {
        node: scene.node.pubkey(),
        escrow: scene.job.escrow,
    };
    let data = ix::AnchorCheckpoint {
        epoch: 1,
        root: [1; 32],
    };
    crowd.try_escrow("anchor_checkpoint", accounts, data);
}

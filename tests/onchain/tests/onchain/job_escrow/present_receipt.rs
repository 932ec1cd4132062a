use anchor_lang::{error::ErrorCode, prelude::Pubkey};
use cyxwiz_tests_onchain::{
    World, assert_anchor_error, assert_refused, job_args, receipt_of, signed_message,
    signed_receipt,
};
use job_escrow::{EscrowError, receipt_message};
use solana_instruction::Instruction;

use crate::crowd::Crowd;
use crate::scene::Scene;

#[test]
fn the_highest_receipt_counts() {
    let mut scene = Scene::assigned();
    let Scene {
        world, job, user, ..
    } = &mut scene;
    world.do_present_receipt(job, user, 3, 2);
    world.do_present_receipt(job, user, 3, 3);
    world.do_present_receipt(job, user, 20, 3);
    let escrow = world.escrow_of(job);
    assert_eq!((escrow.receipt_seen, escrow.receipt_held), (20, 3));
    assert_eq!(escrow.receipt_hash, [20; 32]);

    for (seen, held) in [(20, 3), (19, 3), (20, 2), (0, 0)] {
        let receipt = receipt_of(seen, held);
        let sent = world.present_receipt(job, receipt, &receipt, &user.key);
        assert_refused(sent, EscrowError::StaleReceipt);
    }
    for (seen, held) in [(21, 3), (u32::MAX, u32::MAX), (20, 21)] {
        let receipt = receipt_of(seen, held);
        let sent = world.present_receipt(job, receipt, &receipt, &user.key);
        assert_refused(sent, EscrowError::InvalidReceipt);
    }
}

#[test]
fn receipts_that_cross_count_for_what_each_of_them_shows() {
    let crossing = [(20, 0), (19, 19)];
    let mut reversed = crossing;
    reversed.reverse();
    for order in [crossing, reversed] {
        let mut scene = Scene::assigned();
        let Scene {
            world, job, user, ..
        } = &mut scene;
        for (seen, held) in order {
            world.do_present_receipt(job, user, seen, held);
        }
        let escrow = world.escrow_of(job);
        assert_eq!((escrow.receipt_seen, escrow.receipt_held), (20, 19));
        // of the receipt with 20 seen, whichever came last
        assert_eq!(escrow.receipt_hash, [20; 32]);
        for (seen, held) in crossing {
            let receipt = receipt_of(seen, held);
            let sent = world.present_receipt(job, receipt, &receipt, &user.key);
            assert_refused(sent, EscrowError::StaleReceipt);
        }
    }
}

#[test]
fn a_receipt_of_somebody_else_is_refused() {
    let mut scene = Scene::assigned();
    let receipt = receipt_of(20, 20);
    let sent = scene
        .world
        .present_receipt(&scene.job, receipt, &receipt, &scene.node.key);
    assert_refused(sent, EscrowError::ReceiptSignerMismatch);
}

#[test]
fn an_edited_receipt_is_refused() {
    let mut scene = Scene::assigned();
    let signed = receipt_of(5, 5);
    let mut other_hash = signed;
    other_hash.checkpoint_hash = [9; 32];
    for edited in [receipt_of(20, 5), receipt_of(5, 4), other_hash] {
        let sent = scene
            .world
            .present_receipt(&scene.job, edited, &signed, &scene.user.key);
        assert_refused(sent, EscrowError::ReceiptMessageMismatch);
    }
}

#[test]
fn a_receipt_of_another_job_is_refused() {
    let mut scene = Scene::assigned();
    let other = scene.world.do_create_escrow(&scene.user, job_args(2));
    let receipt = receipt_of(20, 20);
    let check = signed_receipt(&other.escrow, &receipt, &scene.user.key);
    let present = World::present_receipt_instruction(&scene.job, receipt);
    let sent = scene.world.send(&[check, present], &[]);
    assert_refused(sent, EscrowError::ReceiptMessageMismatch);
}

#[test]
fn a_forged_signature_fails_the_whole_transaction() {
    let mut scene = Scene::assigned();
    let receipt = receipt_of(20, 20);
    let mut check = signed_receipt(&scene.job.escrow, &receipt, &scene.user.key);
    check.data[60] ^= 1; // within the signature
    let present = World::present_receipt_instruction(&scene.job, receipt);
    assert!(scene.world.send(&[check, present], &[]).is_err());
    assert_eq!(scene.world.escrow_of(&scene.job).receipt_seen, 0);
}

#[test]
fn the_signature_check_must_come_right_before() {
    let mut scene = Scene::assigned();
    let receipt = receipt_of(20, 20);
    let check = signed_receipt(&scene.job.escrow, &receipt, &scene.user.key);
    let present = World::present_receipt_instruction(&scene.job, receipt);
    let orders: [&[&Instruction]; 3] = [
        &[&present],
        &[&present, &check],
        &[&check, &present, &present],
    ];
    for order in &orders[..2] {
        let instructions: Vec<_> = order.iter().map(|&ix| ix.clone()).collect();
        let sent = scene.world.send(&instructions, &[]);
        assert_refused(sent, EscrowError::MissingSignatureCheck);
    }
    // the second of two presentations has another instruction before it
    let instructions: Vec<_> = orders[2].iter().map(|&ix| ix.clone()).collect();
    let sent = scene.world.send(&instructions, &[]);
    assert_refused(sent, EscrowError::MissingSignatureCheck);
}

#[test]
fn a_check_that_points_elsewhere_is_refused() {
    let mut scene = Scene::assigned();
    let receipt = receipt_of(20, 20);
    let message = receipt_message(&scene.job.escrow, &receipt);
    // The node signs; the offsets of a first instruction make the precompile check the node's key
    // there, while the bytes that the program would read name the user.
    let honest = signed_message(&message, &scene.node.key);
    let mut pointing = signed_message(&message, &scene.node.key);
    for instruction_index in [4, 8, 14] {
        pointing.data[instruction_index..instruction_index + 2].copy_from_slice(&[0, 0]);
    }
    pointing.data[16..48].copy_from_slice(&scene.user.pubkey().to_bytes());
    let present = World::present_receipt_instruction(&scene.job, receipt);
    let sent = scene.world.send(&[honest, pointing, present], &[]);
    assert_refused(sent, EscrowError::MissingSignatureCheck);
}

#[test]
fn another_account_is_not_the_instructions_sysvar() {
    let mut scene = Scene::assigned();
    let receipt = receipt_of(1, 1);
    let check = signed_receipt(&scene.job.escrow, &receipt, &scene.user.key);
    let mut present = World::present_receipt_instruction(&scene.job, receipt);
    present.accounts[1].pubkey = Pubkey::new_from_array([8; 32]);
    let sent = scene.world.send(&[check, present], &[]);
    assert_anchor_error(sent, ErrorCode::ConstraintAddress);
}

#[test]
fn receipts_count_while_the_job_runs_only() {
    let mut open = Scene::open();
    let receipt = receipt_of(1, 1);
    let sent = open
        .world
        .present_receipt(&open.job, receipt, &receipt, &open.user.key);
    assert_refused(sent, EscrowError::WrongState);

    let mut submitted = Scene::submitted();
    submitted
        .world
        .do_present_receipt(&submitted.job, &submitted.user, 20, 20);
    let mut cancelling = Scene::cancelling(0, 0);
    cancelling
        .world
        .do_present_receipt(&cancelling.job, &cancelling.user, 7, 6);
    assert_eq!(cancelling.world.escrow_of(&cancelling.job).receipt_seen, 7);
}

#[test]
fn no_wrong_account_is_taken() {
    let mut crowd = Crowd::around(Scene::assigned());
    let Scene { job, user, .. } = &crowd.scene;
    let receipt = receipt_of(10, 10);
    let check = signed_receipt(&job.escrow, &receipt, &user.key);
    let present = World::present_receipt_instruction(job, receipt);
    crowd.try_call("job_escrow", "present_receipt", vec![check], present);
}

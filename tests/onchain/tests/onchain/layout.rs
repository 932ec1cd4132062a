//! The layouts that others rely on: offsets, numbers and sizes that may never change.

use anchor_lang::{Discriminator, InstructionData, Space, ToAccountMetas};
use cyxwiz_tests_onchain::{World, address, job_args, receipt_of, signed_receipt};
use job_escrow::{CreateEscrowArgs, Escrow, State, Tier, Verification};
use reputation::escrow_view::{
    DISCRIMINATOR, EscrowView, NODE_OFFSET, STATE_OFFSET, STATE_PAID, USER_OFFSET,
};

use solana_instruction::Instruction;
use solana_message::Message;

use crate::scene::{AMOUNT, STAKE, Scene};

#[test]
fn reputation_reads_the_escrow_where_it_is_written() {
    assert_eq!(Escrow::DISCRIMINATOR, DISCRIMINATOR);
    assert_eq!(State::Paid as u8, STATE_PAID);
    let mut scene = Scene::submitted();
    scene.world.do_accept(&scene.job, &scene.user);
    let account = scene
        .world
        .svm
        .get_account(&scene.job.escrow)
        .expect("it exists");
    let view = EscrowView::parse(&account.data).expect("it is an escrow");
    assert_eq!(view.state, STATE_PAID);
    assert_eq!(
        (view.user, view.node),
        (scene.user.pubkey(), scene.node.pubkey())
    );
}

#[test]
fn the_escrows_first_fields_keep_their_offsets() {
    let scene = Scene::assigned();
    let data = scene
        .world
        .svm
        .get_account(&scene.job.escrow)
        .expect("it exists")
        .data;
    let escrow = scene.world.escrow_of(&scene.job);
    let head = [
        escrow.version,
        escrow.bump,
        State::Assigned as u8,
        escrow.vault_bump,
    ];
    assert_eq!(data[8..12], head);
    assert_eq!(STATE_OFFSET, 10);
    assert_eq!(data[USER_OFFSET..44], scene.user.pubkey().to_bytes());
    assert_eq!(data[NODE_OFFSET..76], scene.node.pubkey().to_bytes());
    assert_eq!(data[76..92], [1; 16]);
    assert_eq!(data[92..124], scene.world.mint.to_bytes());
    assert_eq!(data[124..156], scene.user.pubkey().to_bytes());
    assert_eq!(data[156..164], AMOUNT.to_le_bytes());
    assert_eq!(data[164..188], [0; 24]);
    assert_eq!(data[188..220], [1; 32]);
}

#[test]
fn the_escrows_last_fields_keep_their_offsets() {
    let args = CreateEscrowArgs {
        verification: Verification {
            tier: Tier::Audited,
            samples: 4,
            circuit: [21; 32],
            runtime_class: [22; 32],
        },
        ..job_args(2)
    };
    let mut scene = Scene::open();
    let job = scene.world.do_create_escrow(&scene.user, args);
    let account = scene.world.svm.get_account(&job.escrow);
    let data = account.expect("it exists").data;
    assert_eq!(data.len(), 802);
    assert_eq!(data[482..514], job.vault.to_bytes());
    assert_eq!(data[514..530], [0; 16]);
    assert_eq!(data[530..532], [2, 4]);
    assert_eq!(data[532..564], [21; 32]);
    assert_eq!(data[564..596], [22; 32]);
    assert_eq!(data[596..], [0; 206]);
}

#[test]
fn job_escrow_reads_the_transcript_where_it_is_written() {
    use job_escrow::transcript::{DISCRIMINATOR, Stage as Seen, TRAINING_PROOF};
    use training_proof::{Stage, Transcript};
    assert_eq!(TRAINING_PROOF, training_proof::ID);
    assert_eq!(Transcript::DISCRIMINATOR, DISCRIMINATOR);
    let stages = [
        (Stage::Opened, Seen::OPENED),
        (Stage::Verified, Seen::VERIFIED),
        (Stage::FullAudit, Seen::FULL_AUDIT),
        (Stage::Refuted, Seen::REFUTED),
    ];
    for (stage, seen) in stages {
        assert_eq!(stage as u8, seen.0);
    }
}

#[test]
fn tiers_and_stages_keep_their_numbers() {
    use training_proof::Stage;
    let tiers = [
        Tier::None,
        Tier::ZkExact,
        Tier::Audited,
        Tier::AuditedTolerant,
        Tier::Replicated,
    ];
    for (number, tier) in tiers.into_iter().enumerate() {
        assert_eq!(tier as usize, number);
    }
    let stages = [
        Stage::Opened,
        Stage::Committed,
        Stage::Revealed,
        Stage::Verified,
        Stage::FullAudit,
        Stage::Refuted,
    ];
    for (number, stage) in stages.into_iter().enumerate() {
        assert_eq!(stage as usize, number);
    }
}

#[test]
fn the_nodes_fields_keep_their_offsets() {
    let mut scene = Scene::assigned();
    let at = scene.node_address();
    scene
        .world
        .heartbeat(at, &scene.node.key)
        .expect("heartbeat");
    let data = scene.world.svm.get_account(&at).expect("it exists").data;
    let node = scene.world.node_of(&scene.node);
    assert_eq!(data[8..11], [1, node.bump, 0]);
    assert_eq!(data[11..43], scene.node.pubkey().to_bytes());
    assert_eq!(data[43..75], address::stake_vault(&at).to_bytes());
    assert_eq!(data[75..83], STAKE.to_le_bytes());
    assert_eq!(data[83..91], node.locked.to_le_bytes());
    assert_eq!(data[91..107], [0; 16]);
    assert_eq!(data[107..111], [1, 0, 0, 0]);
    assert_eq!(data[111..119], node.locked_until.to_le_bytes());
    assert_eq!(data[119..159], [0; 40]);
    assert_eq!(data[159..167], node.registered_at.to_le_bytes());
    assert_eq!(data[191..199], node.last_heartbeat_at.to_le_bytes());
    assert_eq!(data[199..207], node.seq.to_le_bytes());
    assert_eq!(data[207..239], [7; 32]);
    assert_eq!(data[239..279], [0; 40]);
    assert_eq!(data[287..291], node.rate_milli.to_le_bytes());
    assert_eq!(data[291..419], [0; 128]);
    assert_eq!(data[419..423], (node.endpoint.len() as u32).to_le_bytes());
}

#[test]
fn accounts_keep_their_sizes() {
    assert_eq!(Escrow::INIT_SPACE, 794);
    assert_eq!(node_registry::Node::INIT_SPACE, 631);
    assert_eq!(node_registry::JobLock::INIT_SPACE, 146);
}

#[test]
fn states_keep_their_numbers() {
    let states = [
        State::Open,
        State::Assigned,
        State::Submitted,
        State::Cancelling,
        State::Paid,
        State::Refunded,
        State::TimedOut,
        State::Cancelled,
        State::Failed,
    ];
    for (number, state) in states.into_iter().enumerate() {
        assert_eq!(state as usize, number);
        assert_eq!(state.is_settled(), number >= 4);
    }
}

#[test]
fn a_settlement_fits_a_packet() {
    const PACKET: usize = 1_232;
    let scene = Scene::cancelling(0, 0);
    let accounts = job_escrow::accounts::SettleByAnyone {
        signer: scene.node.pubkey(),
        settlement: scene.world.settlement(&scene.job),
    };
    let settle = Instruction {
        program_id: job_escrow::ID,
        accounts: accounts.to_account_metas(None),
        data: job_escrow::instruction::SettleCancel {}.data(),
    };
    // with a unit limit and a unit price before it, as wallets and clients do
    let budget = |data: Vec<u8>| Instruction {
        program_id: solana_sdk_ids::compute_budget::ID,
        accounts: vec![],
        data,
    };
    let with_budget = [budget(vec![0; 5]), budget(vec![0; 9]), settle.clone()];
    assert!(size(&with_budget, &scene) <= PACKET);

    // the node shows its last receipt and settles at once
    let receipt = receipt_of(20, 20);
    let check = signed_receipt(&scene.job.escrow, &receipt, &scene.user.key);
    let present = World::present_receipt_instruction(&scene.job, receipt);
    assert!(size(&[check, present, settle], &scene) <= PACKET);
}

// One signature, and the message.
fn size(instructions: &[Instruction], scene: &Scene) -> usize {
    let message = Message::new(instructions, Some(&scene.node.pubkey()));
    1 + 64 + message.serialize().len()
}

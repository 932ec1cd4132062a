//! The layouts that others rely on: offsets, numbers and sizes that may never change.

use anchor_lang::{Discriminator, Space};
use job_escrow::{Escrow, State};
use reputation::escrow_view::{
    DISCRIMINATOR, EscrowView, NODE_OFFSET, STATE_OFFSET, STATE_PAID, USER_OFFSET,
};

use crate::scene::{AMOUNT, Scene};

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
fn accounts_keep_their_sizes() {
    assert_eq!(Escrow::INIT_SPACE, 794);
    assert_eq!(node_registry::Node::INIT_SPACE, 528);
    assert_eq!(node_registry::JobLock::INIT_SPACE, 146);
    assert_eq!(reputation::Reputation::INIT_SPACE, 192);
    assert_eq!(reputation::UserReputation::INIT_SPACE, 118);
    assert_eq!(reputation::Rating::INIT_SPACE, 91);
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

//! How `update` announces another TLS certificate.

use cyxwiz_tests_onchain::{Wallet, World, address, assert_refused, profile};
use node_registry::{Node, Params, RegistryError};

const HOUR: i64 = 3_600;

/// What `profile` registers with.
const FIRST: [u8; 32] = [7; 32];
const SECOND: [u8; 32] = [8; 32];
const THIRD: [u8; 32] = [9; 32];

fn registered() -> (World, Wallet) {
    let mut world = World::new();
    let owner = world.node("node", 0);
    (world, owner)
}

/// Updates the node to this fingerprint, and gives it back.
fn update(world: &mut World, owner: &Wallet, fingerprint: [u8; 32]) -> Node {
    let mut profile = profile();
    profile.tls_fingerprint = fingerprint;
    world
        .update(address::node(&owner.pubkey()), profile, &owner.key)
        .expect("the owner may");
    world.node_of(owner)
}

#[test]
fn another_fingerprint_counts_after_the_notice() {
    let (mut world, owner) = registered();
    let (now, node) = (world.now(), update(&mut world, &owner, SECOND));
    assert_eq!(node.tls_fingerprint, FIRST);
    assert_eq!(
        (node.next_tls_fingerprint, node.rotates_at),
        (SECOND, now + HOUR)
    );
    assert_eq!(node.fingerprint_at(now + HOUR - 1), FIRST);
    assert_eq!(node.fingerprint_at(now + HOUR), SECOND);
    // both are good in between, the old one no longer after it
    for (at, first, second) in [(now, true, true), (now + HOUR - 1, true, true)] {
        assert_eq!(
            (node.accepts(&FIRST, at), node.accepts(&SECOND, at)),
            (first, second)
        );
    }
    assert!(!node.accepts(&FIRST, now + HOUR) && node.accepts(&SECOND, now + HOUR));
    assert!(!node.accepts(&THIRD, now) && !node.accepts(&[0; 32], now));
}

#[test]
fn a_due_rotation_is_written_down_by_the_next_update() {
    let (mut world, owner) = registered();
    update(&mut world, &owner, SECOND);
    world.advance(HOUR);
    let node = update(&mut world, &owner, SECOND);
    assert_eq!(node.tls_fingerprint, SECOND);
    assert_eq!((node.next_tls_fingerprint, node.rotates_at), ([0; 32], 0));
    // and the first one would have to be announced again
    let node = update(&mut world, &owner, FIRST);
    assert_eq!(
        (node.tls_fingerprint, node.next_tls_fingerprint),
        (SECOND, FIRST)
    );
}

#[test]
fn the_present_fingerprint_withdraws_the_announcement() {
    let (mut world, owner) = registered();
    update(&mut world, &owner, SECOND);
    let node = update(&mut world, &owner, FIRST);
    assert_eq!(node.tls_fingerprint, FIRST);
    assert_eq!((node.next_tls_fingerprint, node.rotates_at), ([0; 32], 0));
    assert_eq!(node.fingerprint_at(i64::MAX), FIRST);
}

#[test]
fn repeating_an_announcement_does_not_delay_it_and_another_starts_anew() {
    let (mut world, owner) = registered();
    let first = update(&mut world, &owner, SECOND);
    world.advance(HOUR / 2);
    let again = update(&mut world, &owner, SECOND);
    assert_eq!(again.rotates_at, first.rotates_at);
    let other = update(&mut world, &owner, THIRD);
    assert_eq!(other.next_tls_fingerprint, THIRD);
    assert_eq!(other.rotates_at, world.now() + HOUR);
    assert!(!other.accepts(&SECOND, world.now()));
}

#[test]
fn without_a_notice_it_counts_at_once() {
    let (mut world, owner) = registered();
    let admin = world.admin.insecure_clone();
    let params = Params {
        rotation_notice_seconds: 0,
        ..Params::default()
    };
    world
        .update_registry_config(params, &admin)
        .expect("0 is within bounds");
    let node = update(&mut world, &owner, SECOND);
    assert_eq!(node.tls_fingerprint, SECOND);
    assert_eq!((node.next_tls_fingerprint, node.rotates_at), ([0; 32], 0));
}

#[test]
fn the_notice_is_at_most_a_week() {
    let mut world = World::new();
    let admin = world.admin.insecure_clone();
    for seconds in [-1, 7 * 24 * HOUR + 1, i64::MAX] {
        let params = Params {
            rotation_notice_seconds: seconds,
            ..Params::default()
        };
        let sent = world.update_registry_config(params, &admin);
        assert_refused(sent, RegistryError::ParameterOutOfBounds);
    }
}

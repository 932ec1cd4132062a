use cyxwiz_tests_onchain::{World, assert_refused, profile};
use node_registry::{NodeProfile, RegistryError, instruction as ix};

use crate::crowd::Crowd;
use crate::scene::Scene;

#[test]
fn a_node_registers_once_with_its_profile() {
    let mut world = World::new();
    let owner = world.wallet("node", 0);
    world.do_register(&owner);
    let node = world.node_of(&owner);
    assert_eq!(node.owner, owner.pubkey());
    assert_eq!((node.stake, node.registered_at), (0, world.now()));
    assert_eq!(node.endpoint, profile().endpoint);
    assert_eq!(node.tls_fingerprint, [7; 32]);

    let accounts = world.register_accounts(&owner.pubkey());
    let sent = world.register(accounts, profile(), &[&owner.key]);
    assert_refused(sent, 0u32); // the system program's AccountAlreadyInUse
}

#[test]
fn profiles_are_checked() {
    let mut world = World::new();
    let owner = world.wallet("node", 0);
    let edits: [fn(&mut NodeProfile); 6] = [
        |profile| profile.endpoint = String::new(),
        |profile| profile.endpoint = "x".repeat(129),
        |profile| profile.region = "x".repeat(17),
        |profile| profile.gpu_model = "x".repeat(65),
        |profile| profile.tls_fingerprint = [0; 32],
        |profile| profile.rate_milli = 0,
    ];
    for edit in edits {
        let mut wrong = profile();
        edit(&mut wrong);
        let accounts = world.register_accounts(&owner.pubkey());
        let sent = world.register(accounts, wrong, &[&owner.key]);
        assert_refused(sent, RegistryError::InvalidProfile);
    }
    let mut longest = profile();
    longest.endpoint = "x".repeat(128);
    longest.region = "x".repeat(16);
    longest.gpu_model = "x".repeat(64);
    let accounts = world.register_accounts(&owner.pubkey());
    world
        .register(accounts, longest, &[&owner.key])
        .expect("the longest names fit");
}

#[test]
fn no_wrong_account_is_taken() {
    let mut scene = Scene::open();
    let newcomer = scene.world.wallet("newcomer", 0);
    let mut crowd = Crowd::around(scene).with_wallet("newcomer", &newcomer.key);
    let accounts = crowd.scene.world.register_accounts(&newcomer.pubkey());
    let profile = profile();
    crowd.try_registry("register", accounts, ix::Register { profile });
}

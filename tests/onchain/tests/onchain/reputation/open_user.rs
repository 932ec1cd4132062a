use cyxwiz_tests_onchain::{World, address, assert_refused};
use reputation::{accounts, instruction as ix};

use crate::crowd::Crowd;
use crate::scene::Scene;

#[test]
fn anyone_opens_the_empty_record_of_a_user_once() {
    let mut world = World::new();
    let user = world.wallet("somebody", 0);
    world.do_open_user(&user.pubkey());
    let record = world.user_reputation_of(&user);
    assert_eq!(
        (record.user, record.jobs, record.cancels),
        (user.pubkey(), 0, 0)
    );
    let sent = world.open_user(&user.pubkey());
    assert_refused(sent, 0u32); // the system program's AccountAlreadyInUse
}

#[test]
fn no_wrong_account_is_taken() {
    let mut scene = Scene::open();
    let newcomer = scene.world.wallet("newcomer", 0);
    let user = newcomer.pubkey();
    let mut crowd = Crowd::around(scene).with_wallet("newcomer", &newcomer.key);
    let accounts = accounts::OpenUser {
        payer: user,
        config: address::reputation_config(),
        user_reputation: address::user_reputation(&user),
        system_program: solana_sdk_ids::system_program::ID,
    };
    crowd.try_reputation("open_user", accounts, ix::OpenUser { user });
}

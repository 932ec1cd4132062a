use cyxwiz_tests_onchain::{World, assert_refused};

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

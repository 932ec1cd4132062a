use anchor_lang::AccountSerialize;
use cyxwiz_tests_onchain::{World, address, assert_refused, key};
use reputation::{Config, Outcome, ReputationError, accounts, instruction as ix};
use solana_keypair::Keypair;
use solana_signer::Signer;

use crate::crowd::Crowd;
use crate::scene::Scene;

#[test]
fn outcomes_are_recorded_by_the_settlement_only() {
    let mut scene = Scene::open();
    let admin = scene.world.admin.insecure_clone();
    for forger in [&scene.node.key, &scene.user.key, &admin] {
        let sent = scene
            .world
            .record(forger, &scene.node.pubkey(), &scene.user.pubkey());
        assert_refused(sent, ReputationError::NotSettlementAuthority);
    }
}

/// Puts a key of the tests in the place of job-escrow's signer, so that they record directly.
fn take_recording(world: &mut World) -> Keypair {
    let authority = key("settlement");
    let at = address::reputation_config();
    let mut config: Config = world.read(&at);
    config.settlement_authority = authority.pubkey();
    let mut account = world.svm.get_account(&at).expect("it was just read");
    config
        .try_serialize(&mut account.data.as_mut_slice())
        .expect("it is as long as before");
    world
        .svm
        .set_account(at, account)
        .expect("a data account may be replaced");
    authority
}

#[test]
fn no_wrong_account_is_taken() {
    let mut crowd = Crowd::around(Scene::open());
    let authority = take_recording(&mut crowd.scene.world);
    let mut crowd = crowd.with_wallet("settlement", &authority);
    let accounts = accounts::Record {
        settlement_authority: authority.pubkey(),
        config: address::reputation_config(),
        reputation: address::reputation(&crowd.scene.node.pubkey()),
        user_reputation: address::user_reputation(&crowd.scene.user.pubkey()),
    };
    let outcome = Outcome::Completed {
        on_time: true,
        proven: false,
    };
    crowd.try_reputation("record", accounts, ix::Record { outcome });
}

use cyxwiz_tests_onchain::assert_refused;
use job_escrow::{EscrowError, State, accounts, instruction as ix};

use crate::crowd::Crowd;
use crate::scene::{AMOUNT, STAKE, Scene};

const BOND: u64 = AMOUNT / 20;
const WINDOW: i64 = 14 * 86_400;

#[test]
fn undecided_it_is_split_by_what_the_user_holds() {
    let mut scene = Scene::disputed();
    scene
        .world
        .do_present_receipt(&scene.job, &scene.user, 20, 15);
    let before = scene.balances();
    let anyone = scene.world.wallet("anyone", 0);
    let settlement = scene.world.settlement(&scene.job);
    scene.world.advance(WINDOW);
    scene
        .world
        .expire_dispute(settlement, &anyone.key)
        .expect("nobody has decided");

    // 15 of 20 epochs: 7.5 earned, a tenth of it the fee
    let after = scene.balances();
    assert_eq!(after.node - before.node, 6_750_000_000);
    assert_eq!(after.platform - before.platform, 750_000_000);
    assert_eq!(after.user - before.user, 2_500_000_000 + BOND);
    assert_eq!((after.vault, after.stake), (0, STAKE));
    after.assert_conserved();
    scene.assert_unlocked();

    let escrow = scene.world.escrow_of(&scene.job);
    assert_eq!((escrow.state, escrow.bond), (State::Resolved, 0));
    // nobody's fault
    let node = scene.world.node_of(&scene.node);
    assert_eq!((node.failures, node.banned), ([0; 3], false));
    let record = scene.world.reputation_of(&scene.node);
    assert_eq!((record.jobs_failed, record.disputes_lost), (0, 0));
    assert_eq!(scene.world.user_reputation_of(&scene.user).disputes_lost, 0);
}

#[test]
fn without_receipts_the_user_gets_everything_and_with_all_the_node_is_paid() {
    let mut none = Scene::disputed();
    let before = none.balances();
    none.world.advance(WINDOW);
    let settlement = none.world.settlement(&none.job);
    none.world
        .expire_dispute(settlement, &none.node.key)
        .expect("nobody has decided");
    let after = none.balances();
    assert_eq!(after.user - before.user, AMOUNT + BOND);
    assert_eq!(after.node, before.node);

    let mut all = Scene::disputed();
    all.world.do_present_receipt(&all.job, &all.user, 20, 20);
    all.world.advance(WINDOW);
    let settlement = all.world.settlement(&all.job);
    all.world
        .expire_dispute(settlement, &all.node.key)
        .expect("nobody has decided");
    let after = all.balances();
    assert_eq!(after.node - before.node, AMOUNT / 10 * 9);
    assert_eq!(after.user - before.user, BOND);
    after.assert_conserved();
}

#[test]
fn not_while_it_may_be_decided() {
    let mut scene = Scene::disputed();
    let settlement = scene.world.settlement(&scene.job);
    scene.world.advance(WINDOW - 1);
    let sent = scene.world.expire_dispute(settlement, &scene.user.key);
    assert_refused(sent, EscrowError::DisputeRunning);
}

#[test]
fn a_changed_window_leaves_open_disputes_alone() {
    let mut scene = Scene::disputed();
    let admin = scene.world.admin.insecure_clone();
    let params = job_escrow::Params {
        dispute_window_seconds: 30 * 86_400,
        ..Default::default()
    };
    scene
        .world
        .update_escrow_config(params, &admin)
        .expect("within bounds");
    scene.world.advance(WINDOW);
    let settlement = scene.world.settlement(&scene.job);
    scene
        .world
        .expire_dispute(settlement, &scene.user.key)
        .expect("the window was fixed when it was opened");
}

#[test]
fn only_a_dispute_expires() {
    for mut scene in [
        Scene::assigned(),
        Scene::submitted(),
        Scene::cancelling(1, 1),
    ] {
        scene.world.advance(WINDOW);
        let settlement = scene.world.settlement(&scene.job);
        let sent = scene.world.expire_dispute(settlement, &scene.user.key);
        assert_refused(sent, EscrowError::WrongState);
    }
}

#[test]
fn no_wrong_account_is_taken() {
    let mut crowd = Crowd::around(Scene::disputed());
    crowd.scene.world.advance(WINDOW);
    let scene = &crowd.scene;
    let accounts = accounts::SettleByAnyone {
        signer: scene.user.pubkey(),
        settlement: scene.world.settlement(&scene.job),
    };
    crowd.try_escrow("expire_dispute", accounts, ix::ExpireDispute {});
}

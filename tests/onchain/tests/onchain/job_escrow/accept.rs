use anchor_lang::error::ErrorCode;
use cyxwiz_tests_onchain::{CYXWIZ, address, assert_anchor_error, assert_refused, job_args, key};
use job_escrow::{EscrowError, State, accounts, instruction as ix};
use solana_signer::Signer;

use crate::{
    crowd::Crowd,
    scene::{AMOUNT, Scene},
};

#[test]
fn accepting_pays_ninety_ten_unlocks_and_records() {
    let mut scene = Scene::submitted();
    let before = scene.balances();
    scene.world.do_accept(&scene.job, &scene.user);

    let after = scene.balances();
    assert_eq!(after.node - before.node, 9 * CYXWIZ);
    assert_eq!(after.platform - before.platform, CYXWIZ);
    assert_eq!((after.user, after.vault), (before.user, 0));
    after.assert_conserved();
    scene.assert_unlocked();

    let escrow = scene.world.escrow_of(&scene.job);
    assert_eq!(escrow.state, State::Paid);
    assert_eq!(
        escrow.paid_node + escrow.paid_user + escrow.paid_platform,
        AMOUNT
    );
    assert_eq!(escrow.settled_at, scene.world.now());
    let node = scene.world.reputation_of(&scene.node);
    assert_eq!((node.jobs_completed, node.jobs_on_time), (1, 1));
    assert_eq!(scene.world.user_reputation_of(&scene.user).jobs, 1);
}

#[test]
fn odd_amounts_are_split_to_the_unit() {
    let mut scene = Scene::open();
    for (id, amount) in [(2, 1), (3, 9), (4, 19), (5, 1_234_567_891)] {
        let mut args = job_args(id);
        args.amount = amount;
        let job = scene.world.do_create_escrow(&scene.user, args);
        scene.world.do_assign_node(&job, &scene.node);
        scene.world.do_submit_completion(&job, &scene.node);
        scene.world.do_accept(&job, &scene.user);
        let escrow = scene.world.escrow_of(&job);
        assert_eq!(escrow.paid_platform, amount / 10);
        assert_eq!(escrow.paid_node, amount - amount / 10);
        assert_eq!(scene.world.balance(&job.vault), 0);
    }
}

#[test]
fn a_late_but_timely_submission_is_not_on_time() {
    let mut scene = Scene::assigned();
    // 600 s estimated: 900 and the 600 for transfers are on time
    scene.world.advance(1_501);
    scene.world.do_submit_completion(&scene.job, &scene.node);
    scene.world.do_accept(&scene.job, &scene.user);
    let node = scene.world.reputation_of(&scene.node);
    assert_eq!((node.jobs_completed, node.jobs_on_time), (1, 0));
}

#[test]
fn only_the_user_accepts() {
    let mut scene = Scene::submitted();
    let settlement = scene.world.settlement(&scene.job);
    let sent = scene.world.accept(settlement, &scene.node.key);
    assert_refused(sent, EscrowError::NotEscrowUser);
}

#[test]
fn nothing_is_accepted_before_submission_or_twice() {
    let mut scene = Scene::assigned();
    let settlement = scene.world.settlement(&scene.job);
    let sent = scene.world.accept(settlement, &scene.user.key);
    assert_refused(sent, EscrowError::WrongState);

    scene.world.do_submit_completion(&scene.job, &scene.node);
    scene.world.do_accept(&scene.job, &scene.user);
    let sent = scene.world.accept(settlement, &scene.user.key);
    // the lock is gone, so not even the accounts load any more
    assert_anchor_error(sent, ErrorCode::AccountNotInitialized);
}

#[test]
fn the_money_goes_only_to_accounts_of_node_and_user() {
    let mut scene = Scene::submitted();
    let stranger = scene.world.wallet("stranger", 0);
    let right = scene.world.settlement(&scene.job);

    let mut wrong = right;
    wrong.node_token = stranger.token;
    let sent = scene.world.accept(wrong, &scene.user.key);
    assert_anchor_error(sent, ErrorCode::ConstraintTokenOwner);

    wrong = right;
    wrong.user_token = stranger.token;
    let sent = scene.world.accept(wrong, &scene.user.key);
    assert_anchor_error(sent, ErrorCode::ConstraintTokenOwner);

    wrong = right;
    wrong.platform_vault = stranger.token;
    let sent = scene.world.accept(wrong, &scene.user.key);
    assert_refused(sent, EscrowError::AddressMismatch);

    wrong = right;
    wrong.vault = stranger.token;
    let sent = scene.world.accept(wrong, &scene.user.key);
    assert_refused(sent, EscrowError::AddressMismatch);
}

#[test]
fn another_token_account_of_the_node_will_do() {
    let mut scene = Scene::submitted();
    let owner = scene.node.pubkey();
    let other = scene.world.do_create_other_token_account("other", &owner);
    let mut settlement = scene.world.settlement(&scene.job);
    settlement.node_token = other;
    scene
        .world
        .accept(settlement, &scene.user.key)
        .expect("any account of the node will do");
    assert_eq!(scene.world.balance(&other), 9 * CYXWIZ);
}

#[test]
fn accounts_of_other_parties_and_jobs_are_refused() {
    let mut scene = Scene::submitted();
    let other_node = scene.world.node("other-node", 50 * CYXWIZ);
    let other_user = scene.world.user("other-user", 10 * CYXWIZ);
    let mut args = job_args(7);
    args.amount = CYXWIZ;
    let other_job = scene.world.do_create_escrow(&other_user, args);
    scene.world.do_assign_node(&other_job, &other_node);
    let right = scene.world.settlement(&scene.job);

    let mut wrong = right;
    wrong.lock = address::lock(&other_job.escrow);
    let sent = scene.world.accept(wrong, &scene.user.key);
    assert_refused(sent, EscrowError::LockMismatch);

    wrong = right;
    wrong.node_reputation = address::reputation(&other_node.pubkey());
    let sent = scene.world.accept(wrong, &scene.user.key);
    assert_refused(sent, EscrowError::NodeMismatch);

    wrong = right;
    wrong.user_reputation = address::user_reputation(&other_user.pubkey());
    let sent = scene.world.accept(wrong, &scene.user.key);
    assert_refused(sent, EscrowError::UserMismatch);

    wrong = right;
    wrong.node = address::node(&other_node.pubkey());
    let sent = scene.world.accept(wrong, &scene.user.key);
    assert_refused(sent, node_registry::RegistryError::LockNodeMismatch);

    wrong = right;
    wrong.lock_payer = key("stranger").pubkey();
    let sent = scene.world.accept(wrong, &scene.user.key);
    assert_refused(sent, node_registry::RegistryError::LockPayerMismatch);
}

#[test]
fn no_wrong_account_is_taken() {
    let mut crowd = Crowd::around(Scene::submitted());
    let scene = &crowd.scene;
    let accounts = accounts::Accept {
        user: scene.user.pubkey(),
        settlement: scene.world.settlement(&scene.job),
    };
    crowd.try_escrow("accept", accounts, ix::Accept {});
}

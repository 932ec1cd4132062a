//! Random walks through the escrow's states, on the real programs: whatever the parties do in
//! whatever order, nothing is created or lost, no settled escrow changes, and at the end anyone,
//! without the help of user, node, coordinator or admin, gets the money out within bounded time.

use cyxwiz_tests_onchain::{CYXWIZ, Sent, completion, receipt_of};
use job_escrow::State;
use proptest::{prelude::*, test_runner::RngSeed};

use crate::scene::Scene;

/// What a party may try; the programs decide whether it works.
#[derive(Clone, Copy, Debug)]
enum Step {
    Assign,
    Anchor(u32),
    Present { seen: u32, held: u32 },
    Submit,
    Accept,
    Release,
    Cancel,
    SettleCancelByNode,
    SettleCancelByUser,
    Fail,
    Timeout,
    Expire,
    TopUp(u64),
    Dust(u64),
    Pause(bool),
    Wait(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Assign),
        1 => (0..25u32).prop_map(Step::Anchor),
        3 => (0..22u32, 0..22u32).prop_map(|(seen, held)| Step::Present { seen, held }),
        2 => Just(Step::Submit),
        1 => Just(Step::Accept),
        1 => Just(Step::Release),
        1 => Just(Step::Cancel),
        1 => Just(Step::SettleCancelByNode),
        1 => Just(Step::SettleCancelByUser),
        1 => Just(Step::Fail),
        1 => Just(Step::Timeout),
        1 => Just(Step::Expire),
        1 => (0..3 * CYXWIZ).prop_map(Step::TopUp),
        1 => (1..9u64).prop_map(Step::Dust),
        1 => any::<bool>().prop_map(Step::Pause),
        2 => prop_oneof![Just(1i64), Just(900), Just(3_601), Just(86_400)].prop_map(Step::Wait),
    ]
}

fn take(scene: &mut Scene, step: Step) -> Option<Sent> {
    let Scene {
        world,
        user,
        node,
        job,
    } = scene;
    let settlement = world.settlement(job);
    Some(match step {
        Step::Assign => {
            let coordinator = world.coordinator.insecure_clone();
            let accounts = world.assign_node_accounts(job, &node.pubkey());
            world.assign_node(accounts, &[&coordinator])
        }
        Step::Anchor(epoch) => world.anchor_checkpoint(job, epoch, &node.key),
        Step::Present { seen, held } => {
            let receipt = receipt_of(seen, held);
            world.present_receipt(job, receipt, &receipt, &user.key)
        }
        Step::Submit => world.submit_completion(job, completion(), &node.key),
        Step::Accept => world.accept(settlement, &user.key),
        Step::Release => world.release(settlement, &user.key),
        Step::Cancel => world.cancel(job, &user.key),
        Step::SettleCancelByNode => world.settle_cancel(settlement, &node.key),
        Step::SettleCancelByUser => world.settle_cancel(settlement, &user.key),
        Step::Fail => world.fail(settlement, &node.key),
        Step::Timeout => world.timeout_refund(settlement, &user.key),
        Step::Expire => {
            let refund = world.refund(job);
            world.expire_unassigned(refund)
        }
        Step::TopUp(amount) => world.top_up(job, user, amount),
        Step::Dust(amount) => {
            world.do_transfer(&user.token, &user.key, &job.vault, amount);
            return None;
        }
        Step::Pause(paused) => {
            let admin = world.admin.insecure_clone();
            world.set_escrow_paused(paused, &admin)
        }
        Step::Wait(seconds) => {
            world.advance(seconds);
            return None;
        }
    })
}

/// The way out that anyone has from each state, once its time has come.
fn anyone_settles(scene: &mut Scene) {
    // the longest window there is by default
    scene.world.advance(30 * 86_400);
    let anyone = scene.world.wallet("anyone", 0);
    let world = &mut scene.world;
    let settlement = world.settlement(&scene.job);
    let sent = match world.escrow_of(&scene.job).state {
        State::Open => {
            let refund = world.refund(&scene.job);
            world.expire_unassigned(refund)
        }
        State::Assigned => world.timeout_refund(settlement, &anyone.key),
        State::Submitted => world.release(settlement, &anyone.key),
        State::Cancelling => world.settle_cancel(settlement, &anyone.key),
        State::Disputed => world.expire_dispute(settlement, &anyone.key),
        State::Paid
        | State::Refunded
        | State::TimedOut
        | State::Cancelled
        | State::Failed
        | State::Resolved => return,
    };
    sent.expect("every state has a way out for anyone");
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(20_261_120),
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_order_of_steps_loses_or_traps_money(steps in prop::collection::vec(step(), 1..24)) {
        let mut scene = Scene::open();
        let mut dust = 0;
        for step in steps {
            let before = scene.world.escrow_of(&scene.job);
            let sent = take(&mut scene, step);
            if let Step::Dust(amount) = step {
                dust += amount;
            }
            let after = scene.world.escrow_of(&scene.job);
            let moved = after.seq != before.seq;
            prop_assert!(!(moved && before.state.is_settled()), "{step:?} moved a settled escrow");
            prop_assert!(!(moved && sent.is_some_and(|sent| sent.is_err())), "{step:?} was refused");
            let balances = scene.balances();
            balances.assert_conserved();
            prop_assert_eq!(balances.vault, after.held().expect("the books add up") + dust);
        }
        anyone_settles(&mut scene);
        let escrow = scene.world.escrow_of(&scene.job);
        prop_assert!(escrow.state.is_settled());
        prop_assert_eq!(escrow.paid_node + escrow.paid_user + escrow.paid_platform, escrow.amount);
        prop_assert_eq!(scene.world.balance(&scene.job.vault), dust);
        let node = scene.world.node_of(&scene.node);
        prop_assert_eq!((node.locked, node.active_jobs), (0, 0));
        scene.balances().assert_conserved();
    }
}

//! Every way a job ends, with the smallest, the largest and the most awkward amounts: who gets what, to
//! the unit, against the rules written down here once more.

use cyxwiz_tests_onchain::{CYXWIZ, Job, Sent, Wallet, World, address, job_args, key};
use job_escrow::Verdict;

use crate::scene::Scene;

/// The platform's share and the node's of what is left when a user cancels, in basis points.
const FEE: u128 = 1_000;
const CANCEL_FEE: u128 = 1_000;
const BPS: u128 = 10_000;

/// A job's figures, and what each party should get.
#[derive(Clone, Copy, Debug)]
struct Case {
    amount: u64,
    epochs: u32,
    seen: u32,
    held: u32,
}

impl Case {
    /// Node, platform and user, where the node has earned the part `of` / `whole` and gets `cancel_fee`
    /// of the rest.
    fn shares(self, of: u32, whole: u32, cancel_fee: u128) -> [u64; 3] {
        let amount = u128::from(self.amount);
        let earned = amount * u128::from(of) / u128::from(whole);
        let platform = earned * FEE / BPS;
        let node = earned - platform + (amount - earned) * cancel_fee / BPS;
        [node, platform, amount - node - platform]
            .map(|share| u64::try_from(share).expect("a share is at most the whole"))
    }

    fn by_held(self) -> [u64; 3] {
        self.shares(self.held, self.epochs, 0)
    }
}

/// A way out: how it is taken from a job that is assigned and has receipts, and the shares.
type Way = (
    &'static str,
    fn(&mut Scene, &Job) -> Sent,
    fn(Case) -> [u64; 3],
);

const WAYS: [Way; 9] = [
    (
        "accept",
        |scene, job| {
            let settlement = submitted(scene, job);
            scene.world.accept(settlement, &scene.user.key)
        },
        |case| case.shares(1, 1, 0),
    ),
    (
        "release",
        |scene, job| {
            let settlement = submitted(scene, job);
            scene.world.advance(86_400);
            scene.world.release(settlement, &scene.node.key)
        },
        |case| case.shares(1, 1, 0),
    ),
    (
        "settle_cancel",
        |scene, job| {
            scene
                .world
                .cancel(job, &scene.user.key)
                .expect("the user may cancel");
            let settlement = scene.world.settlement(job);
            scene.world.settle_cancel(settlement, &scene.node.key)
        },
        |case| case.shares(case.seen, case.epochs, CANCEL_FEE),
    ),
    (
        "decline",
        |scene, job| {
            let settlement = scene.world.settlement(job);
            scene.world.decline(settlement, &scene.node.key)
        },
        |case| [0, 0, case.amount],
    ),
    (
        "fail",
        |scene, job| {
            let settlement = scene.world.settlement(job);
            scene.world.fail(settlement, &scene.node.key)
        },
        Case::by_held,
    ),
    (
        "timeout_refund",
        |scene, job| {
            scene.world.advance(3_601);
            let settlement = scene.world.settlement(job);
            scene.world.timeout_refund(settlement, &scene.user.key)
        },
        Case::by_held,
    ),
    (
        "expire_dispute",
        |scene, job| {
            let settlement = disputed(scene, job);
            scene.world.advance(14 * 86_400);
            scene.world.expire_dispute(settlement, &scene.user.key)
        },
        Case::by_held,
    ),
    (
        "settle_dispute, shared",
        |scene, job| {
            let settlement = disputed(scene, job);
            let verdict = Verdict::Shared { node_bps: 3_333 };
            scene
                .world
                .settle_dispute(settlement, verdict, &key("judge"))
        },
        |case| case.shares(3_333, 10_000, 0),
    ),
    (
        "settle_dispute, for the user",
        |scene, job| {
            let settlement = disputed(scene, job);
            let verdict = Verdict::ForUser {
                insurance_payout: 0,
            };
            scene
                .world
                .settle_dispute(settlement, verdict, &key("judge"))
        },
        |case| [0, 0, case.amount],
    ),
];

fn submitted(scene: &mut Scene, job: &Job) -> job_escrow::accounts::Settlement {
    let mut result = cyxwiz_tests_onchain::completion();
    result.epochs = scene.world.escrow_of(job).required_epochs;
    scene
        .world
        .submit_completion(job, result, &scene.node.key)
        .expect("the job is running");
    scene.world.settlement(job)
}

fn disputed(scene: &mut Scene, job: &Job) -> job_escrow::accounts::Settlement {
    let settlement = submitted(scene, job);
    scene.world.do_open_dispute(job, &scene.user);
    settlement
}

/// A node with stake for every job, and a user with nearly all the tokens that there can be.
fn rich() -> Scene {
    let mut world = World::new();
    let stake = 10_000 * CYXWIZ;
    let node: Wallet = world.node("node", stake);
    let user = world.user("user", u64::MAX - stake);
    let job = Job::new(&user.pubkey(), &job_args(1).job_id);
    Scene {
        world,
        user,
        node,
        job,
    }
}

/// Nine tenths of all tokens, so that there are some left for a bond.
const LARGEST: u64 = u64::MAX / 10 * 9;

#[test]
fn every_way_out_pays_by_the_rules_to_the_unit() {
    let mut scene = rich();
    let pristine = scene.world.svm.clone();
    let figures = [
        (1, 0, 0),
        (3, 1, 1),
        (7, 5, 2),
        (20, 20, 20),
        (u32::MAX, 12_345_678, 9),
    ];
    for amount in [1, 2, 9, 10, 11, 1_001, 9_999_999_999, LARGEST] {
        for (epochs, seen, held) in figures {
            let case = Case {
                amount,
                epochs,
                seen,
                held,
            };
            for (name, way, shares) in WAYS {
                scene.world.svm = pristine.clone();
                let mut args = job_args(1);
                (args.amount, args.required_epochs) = (amount, epochs);
                let job = scene.world.do_create_escrow(&scene.user, args);
                scene.world.do_assign_node(&job, &scene.node);
                if seen > 0 {
                    scene
                        .world
                        .do_present_receipt(&job, &scene.user, seen, held);
                }
                let sent = way(&mut scene, &job);
                assert!(sent.is_ok(), "{name} of {case:?}: {sent:?}");
                let escrow = scene.world.escrow_of(&job);
                let paid = [escrow.paid_node, escrow.paid_platform, escrow.paid_user];
                assert_eq!(paid, shares(case), "{name} of {case:?}");
                assert_eq!(scene.world.balance(&job.vault), 0, "{name} of {case:?}");
                let platform = scene.world.balance(&address::platform_vault());
                assert_eq!(platform, escrow.paid_platform, "{name} of {case:?}");
                scene.balances().assert_conserved();
            }
        }
    }
}

#[test]
fn all_the_tokens_there_are_fit_into_one_escrow() {
    let mut scene = rich();
    let mut args = job_args(1);
    args.amount = scene.world.balance(&scene.user.token);
    let job = scene.world.do_create_escrow(&scene.user, args.clone());
    assert_eq!(scene.world.balance(&job.vault), args.amount);
    scene.world.do_assign_node(&job, &scene.node);
    scene.world.do_submit_completion(&job, &scene.node);
    scene.world.do_accept(&job, &scene.user);
    let escrow = scene.world.escrow_of(&job);
    assert_eq!(escrow.paid_platform, args.amount / 10);
    assert_eq!(escrow.paid_node, args.amount - args.amount / 10);
    scene.balances().assert_conserved();
}

#[test]
fn one_unit_is_staked_requested_and_withdrawn() {
    let mut scene = rich();
    let newcomer = scene.world.node("newcomer", 0);
    let (user_token, user) = (scene.user.token, scene.user.key.insecure_clone());
    scene
        .world
        .do_transfer(&user_token, &user, &newcomer.token, 1);
    scene.world.do_stake(&newcomer, 1);
    let node = address::node(&newcomer.pubkey());
    scene
        .world
        .request_unstake(node, 1, &newcomer.key)
        .expect("it is free");
    scene.world.advance(60 * 86_400);
    let withdraw = scene.world.withdraw_accounts(&newcomer);
    scene
        .world
        .withdraw(withdraw, &[&newcomer.key])
        .expect("its time has come");
    assert_eq!(scene.world.balance(&newcomer.token), 1);
    assert_eq!(scene.world.node_of(&newcomer).stake, 0);
}

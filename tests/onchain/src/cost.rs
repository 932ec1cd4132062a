//! What a whole job costs on the chain, in lamports: signature fees, rent held while it runs, and rent
//! lost once everything is closed.

use std::collections::BTreeMap;

use job_escrow::Verdict;
use solana_keypair::Keypair;
use solana_signer::Signer;

use crate::{
    CYXWIZ, Job, Sent, Wallet, World, completion, job_args, key, profile, receipt_of,
    world::succeed,
};

/// Lamports for one signature, also for one that the Ed25519 program checks.
pub const LAMPORTS_PER_SIGNATURE: u64 = 5_000;

/// What one party paid for a job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PartyCost {
    /// Transactions that the party sent.
    pub transactions: u64,
    /// Fees in lamports.
    pub fees: u64,
    /// The most lamports of rent that were the party's at any time of the job.
    pub rent_held: i64,
    /// Lamports of rent that did not come back.
    pub rent_lost: i64,
}

/// What was done, and what each party paid for it.
pub struct JobCost {
    /// What was done: how the job went.
    pub name: &'static str,
    /// By party: user, node, coordinator, judge.
    pub parties: BTreeMap<&'static str, PartyCost>,
}

/// A market in which each party pays for its own transactions.
struct Ledger {
    world: World,
    user: Wallet,
    node: Wallet,
    job: Job,
    keys: Vec<(&'static str, Keypair)>,
    costs: BTreeMap<&'static str, PartyCost>,
}

impl Ledger {
    /// Everybody is registered; the records and the node's stake outlive the job and are not part of it.
    fn new() -> Self {
        let mut ledger = Self::unregistered();
        let Self {
            world, user, node, ..
        } = &mut ledger;
        world.do_open_user(&user.pubkey());
        world.do_register(node);
        world.do_stake(node, 1_000 * CYXWIZ);
        world.do_open_node(&node.pubkey());
        ledger
    }

    /// Everybody has a wallet with tokens.
    fn unregistered() -> Self {
        let mut world = World::new();
        let user = world.wallet("user", 100 * CYXWIZ);
        let node = world.wallet("node", 1_000 * CYXWIZ);
        let judge = world.wallet("judge", 0);
        let keys = vec![
            ("user", user.key.insecure_clone()),
            ("node", node.key.insecure_clone()),
            ("coordinator", world.coordinator.insecure_clone()),
            ("judge", judge.key),
        ];
        let job = Job::new(&user.pubkey(), &job_args(1).job_id);
        Self {
            world,
            user,
            node,
            job,
            keys,
            costs: BTreeMap::new(),
        }
    }

    fn lamports(&self) -> Vec<i64> {
        let of = |key: &Keypair| i64::try_from(self.world.lamports(&key.pubkey()));
        let all = self.keys.iter().map(|(_, key)| of(key));
        all.map(|it| it.expect("there are fewer lamports than that"))
            .collect()
    }

    /// One transaction that `party` sends and pays for.
    fn step(&mut self, party: &'static str, act: fn(&mut Self) -> Sent) -> &mut Self {
        let own = self.keys.iter().find(|(name, _)| *name == party);
        self.world.payer = own.expect("a known party").1.insecure_clone();
        let before = self.lamports();
        let sent = act(self);
        let fee = succeed(party, sent).fee;
        for (index, after) in self.lamports().into_iter().enumerate() {
            let name = self.keys[index].0;
            let cost = self.costs.entry(name).or_default();
            let mut spent = before[index] - after;
            if name == party {
                cost.transactions += 1;
                cost.fees += fee;
                spent -= i64::try_from(fee).expect("a fee is small");
            }
            // what is spent beside the fee is rent, and what comes in is rent given back
            cost.rent_lost += spent;
            cost.rent_held = cost.rent_held.max(cost.rent_lost);
        }
        self
    }

    fn create_and_assign(&mut self) -> &mut Self {
        self.step("user", |it| {
            let args = job_args(1);
            let accounts = it.world.create_escrow_accounts(&it.user, &it.job);
            it.world.create_escrow(accounts, args, &[&it.user.key])
        })
        .step("coordinator", |it| {
            let accounts = it.world.assign_node_accounts(&it.job, &it.node.pubkey());
            let coordinator = it.world.coordinator.insecure_clone();
            it.world.assign_node(accounts, &[&coordinator])
        })
    }

    fn submit(&mut self) -> &mut Self {
        self.step("node", |it| {
            it.world
                .submit_completion(&it.job, completion(), &it.node.key)
        })
    }

    fn rate(&mut self) -> &mut Self {
        self.step("user", |it| {
            let accounts = it.world.rate_accounts(&it.job, &it.node.pubkey());
            it.world.rate(accounts, 5, &[&it.user.key])
        })
    }

    fn close(&mut self) -> &mut Self {
        self.step("user", |it| {
            it.world.advance(1);
            let accounts = it.world.close_accounts(&it.job, &it.user.pubkey());
            it.world.close(accounts, &[&it.user.key])
        })
    }

    fn close_rating(&mut self) -> &mut Self {
        self.step("user", |it| {
            let accounts = it.world.close_rating_accounts(&it.job);
            it.world.close_rating(accounts)
        })
    }
}

/// What a user and a node pay once, before their first job: the records and the node's account stay.
pub fn registration() -> JobCost {
    let mut ledger = Ledger::unregistered();
    ledger
        .step("user", |it| it.world.open_user(&it.user.pubkey()))
        .step("node", |it| {
            let accounts = it.world.register_accounts(&it.node.pubkey());
            it.world.register(accounts, profile(), &[&it.node.key])
        })
        .step("node", |it| it.world.open_node(&it.node.pubkey()));
    JobCost {
        name: "registration",
        parties: ledger.costs,
    }
}

/// What the parties do in a job of one kind.
type Play = fn(&mut Ledger);

/// A job of each kind from its escrow to the end of everything that was made for it.
pub fn whole_jobs() -> Vec<JobCost> {
    let jobs: [(&'static str, Play); 4] = [
        ("accepted", |it| {
            it.create_and_assign().submit();
            it.step("user", |it| {
                let settlement = it.world.settlement(&it.job);
                it.world.accept(settlement, &it.user.key)
            })
            .close();
        }),
        ("accepted_and_rated", |it| {
            it.create_and_assign().submit();
            it.step("user", |it| {
                let settlement = it.world.settlement(&it.job);
                it.world.accept(settlement, &it.user.key)
            })
            .rate()
            .close()
            .close_rating();
        }),
        ("cancelled_half_way", |it| {
            it.create_and_assign();
            it.step("user", |it| it.world.cancel(&it.job, &it.user.key))
                .step("node", |it| {
                    let receipt = receipt_of(10, 10);
                    let signer = it.user.key.insecure_clone();
                    it.world
                        .present_receipt(&it.job, receipt, &receipt, &signer)
                })
                .step("node", |it| {
                    let settlement = it.world.settlement(&it.job);
                    it.world.settle_cancel(settlement, &it.node.key)
                })
                .close();
        }),
        ("disputed", |it| {
            it.create_and_assign().submit();
            it.step("user", |it| {
                let accounts = it.world.open_dispute_accounts(&it.job);
                it.world.open_dispute(accounts, &[&it.user.key])
            })
            .step("judge", |it| {
                let settlement = it.world.settlement(&it.job);
                let verdict = Verdict::Shared { node_bps: 5_000 };
                it.world.settle_dispute(settlement, verdict, &key("judge"))
            })
            .close();
        }),
    ];
    let played = jobs.map(|(name, play)| {
        let mut ledger = Ledger::new();
        play(&mut ledger);
        let parties = ledger.costs;
        JobCost { name, parties }
    });
    played.into()
}

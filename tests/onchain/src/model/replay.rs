//! The model's parties on a chain, and the model's actions as instructions of theirs.

use cyxwiz_statement::Registered;
use cyxwiz_tests_model::{
    Action, Evidence, JOBS, Market, NODES, Party, Reason, Reasons, Seconds, Tier, USERS, Units,
    Verdict,
};
use job_escrow::{CreateEscrowArgs, State, Verification, accounts};
use solana_keypair::Keypair;
use solana_signer::Signer;
use training_proof::{Commitment, OpenArgs, Stage};

use super::class;
use crate::{
    address,
    escrow::{Job, completion, job_args, receipt_of, terms_of},
    tokens::CYXWIZ,
    world::{START, Sent, Wallet, World, key, succeed},
};

/// Epochs of every job here.
pub const REQUIRED_EPOCHS: u32 = 20;

const USER_TOKENS: u64 = 600 * CYXWIZ;
const NODE_TOKENS: u64 = 3_000 * CYXWIZ;
const REWARDS: u64 = 5 * CYXWIZ;
const INSURANCE: u64 = 100 * CYXWIZ;

/// The model's market on a chain.
pub struct Chain {
    /// The chain.
    pub world: World,
    pub(super) users: [Wallet; USERS],
    pub(super) nodes: [Wallet; NODES],
    pub(super) jobs: [Job; JOBS],
    stranger: Keypair,
    authority: Keypair,
    // what settled each job last, so that a closed one can be tried again
    settlements: [Option<accounts::Settlement>; JOBS],
}

impl Chain {
    /// Everybody has tokens and records, the nodes are registered, some rewards and insurance are there,
    /// and nothing has begun.
    pub fn new() -> Self {
        let mut world = World::new();
        // what is compared is money, not signatures; and the same may be sent twice
        world.svm = world.svm.with_sigverify(false).with_transaction_history(0);
        let users = ["model-user-0", "model-user-1"].map(|name| world.user(name, USER_TOKENS));
        let nodes = ["model-node-0", "model-node-1"].map(|name| {
            let node = world.wallet(name, NODE_TOKENS);
            world.do_register(&node);
            world.do_open_node(&node.pubkey());
            node
        });
        let mint = world.mint;
        for name in ["development", "liquidity"] {
            world.do_create_token_account(&key(name).pubkey(), &mint);
        }
        world.do_mint(&address::reward_vault(), REWARDS);
        world.do_mint(&address::insurance_vault(), INSURANCE);
        let job = |id: usize| Job::new(&users[id].pubkey(), &job_id(id as u8));
        let jobs = [job(0), job(1)];
        Self {
            world,
            users,
            nodes,
            jobs,
            stranger: key("stranger"),
            authority: key("judge"),
            settlements: [None; JOBS],
        }
    }

    /// A chain that goes its own way from here.
    pub fn fork(&self) -> Self {
        let wallet = |wallet: &Wallet| Wallet {
            key: wallet.key.insecure_clone(),
            token: wallet.token,
        };
        let world = &self.world;
        Self {
            world: World {
                svm: world.svm.clone(),
                payer: world.payer.insecure_clone(),
                admin: world.admin.insecure_clone(),
                coordinator: world.coordinator.insecure_clone(),
                mint: world.mint,
                units: Default::default(),
            },
            users: self.users.each_ref().map(wallet),
            nodes: self.nodes.each_ref().map(wallet),
            jobs: self.jobs,
            stranger: self.stranger.insecure_clone(),
            authority: self.authority.insecure_clone(),
            settlements: self.settlements,
        }
    }

    /// The model's market that is the same as this chain's before anything happens.
    pub fn market() -> Market {
        let mut market = Market::new(START, USER_TOKENS, NODE_TOKENS);
        market.pools.rewards = REWARDS;
        market.pools.insurance = INSURANCE;
        market.minted += REWARDS + INSURANCE;
        for node in &mut market.nodes {
            node.reward_at = START;
        }
        market
    }

    /// What a node's reputation entitles it to.
    pub fn tier(&self, node: u8) -> Tier {
        let record = self.world.reputation_of(&self.nodes[usize::from(node)]);
        match record.tier() {
            reputation::math::Tier::Bronze => Tier::Bronze,
            reputation::math::Tier::Silver => Tier::Silver,
            reputation::math::Tier::Gold => Tier::Gold,
            reputation::math::Tier::Diamond => Tier::Diamond,
        }
    }

    /// Takes an action. `Err` holds what the chain says against it; `None` an error without a reason
    /// that a party may see, whose text is then for people.
    pub fn take(&mut self, action: &Action) -> Result<(), Refused> {
        match *action {
            Action::Wait(seconds) => {
                self.world.advance(seconds);
                Ok(())
            }
            Action::Gift { job, amount } => self.gift(job, amount),
            Action::Prove {
                by,
                job,
                valid: true,
            } => self.show(by, job, Stage::Verified),
            Action::Prove {
                by,
                job,
                valid: false,
            } => self.show(by, job, Stage::Refuted),
            Action::Lose { by, job } => self.show(by, job, Stage::FullAudit),
            Action::Pause(paused) => {
                let admin = self.world.admin.insecure_clone();
                refused(self.world.set_escrow_paused(paused, &admin))?;
                refused(self.world.set_registry_paused(paused, &admin))
            }
            Action::Stake { .. }
            | Action::RequestUnstake { .. }
            | Action::Withdraw { .. }
            | Action::ClaimReward { .. } => refused(self.call_registry(action)),
            _ => match self.call_escrow(action) {
                Some(sent) => refused(sent),
                // never created: there are not even accounts to name
                None => Err(Refused {
                    reason: Some(Reason::Missing),
                    logs: String::new(),
                }),
            },
        }
    }

    fn gift(&mut self, job: u8, amount: Units) -> Result<(), Refused> {
        let index = usize::from(job);
        let (user, vault) = (&self.users[index], self.jobs[index].vault);
        let refusal = if !self.world.exists(&vault) {
            Reason::Missing
        } else if self.world.balance(&user.token) < amount {
            Reason::Funds
        } else {
            self.world
                .do_transfer(&user.token, &user.key, &vault, amount);
            return Ok(());
        };
        Err(Refused {
            reason: Some(refusal),
            logs: String::new(),
        })
    }

    fn call_registry(&mut self, action: &Action) -> Sent {
        let world = &mut self.world;
        match *action {
            Action::Stake { node, amount } => {
                let node = &self.nodes[usize::from(node)];
                let accounts = world.stake_accounts(node);
                world.stake(accounts, amount, &[&node.key])
            }
            Action::RequestUnstake { by, node, amount } => {
                let signer = self.key(by);
                let node = address::node(&self.nodes[usize::from(node)].pubkey());
                self.world.request_unstake(node, amount, &signer)
            }
            Action::Withdraw { by, node } => {
                let signer = self.key(by);
                let mut accounts = self.world.withdraw_accounts(&self.nodes[usize::from(node)]);
                accounts.owner = signer.pubkey();
                self.world.withdraw(accounts, &[&signer])
            }
            Action::ClaimReward { by, node } => {
                let signer = self.key(by);
                let mut accounts = self
                    .world
                    .claim_reward_accounts(&self.nodes[usize::from(node)]);
                accounts.owner = signer.pubkey();
                self.world.claim_reward(accounts, &[&signer])
            }
            _ => unreachable!("{action} is not the registry's"),
        }
    }

    fn call_escrow(&mut self, action: &Action) -> Option<Sent> {
        Some(match *action {
            Action::Create {
                job,
                amount,
                timeout,
                evidence,
            } => self.create(job, create_args(job, amount, timeout, evidence)),
            Action::TopUp { by, job, amount } => {
                let job = self.jobs[usize::from(job)];
                self.world
                    .top_up(&job, &self.users[usize::from(by)], amount)
            }
            Action::Assign { by, job, node, .. } => self.assign(by, job, node),
            Action::Extend { by, job, extra } => {
                let signer = self.key(by);
                let mut accounts = self
                    .world
                    .extend_deadline_accounts(&self.jobs[usize::from(job)]);
                accounts.user = signer.pubkey();
                let extra = u32::try_from(extra).expect("extensions are given in u32");
                self.world.extend_deadline(accounts, extra, &[&signer])
            }
            Action::Present { job, seen, held } => {
                let user = self.users[usize::from(job)].key.insecure_clone();
                let receipt = receipt_of(seen, held);
                let job = self.jobs[usize::from(job)];
                self.world.present_receipt(&job, receipt, &receipt, &user)
            }
            Action::Anchor { by, job, epoch } => {
                let (signer, job) = (self.key(by), self.jobs[usize::from(job)]);
                self.world.anchor_checkpoint(&job, epoch, &signer)
            }
            Action::Submit { by, job } => {
                let (signer, job) = (self.key(by), self.jobs[usize::from(job)]);
                self.world.submit_completion(&job, completion(), &signer)
            }
            Action::Cancel { by, job } => {
                let (signer, job) = (self.key(by), self.jobs[usize::from(job)]);
                self.world.cancel(&job, &signer)
            }
            Action::ExpireUnassigned { job } => {
                let accounts = self.world.refund(&self.jobs[usize::from(job)]);
                self.world.expire_unassigned(accounts)
            }
            Action::OpenDispute { by, job } => {
                let signer = self.key(by);
                let mut accounts = self
                    .world
                    .open_dispute_accounts(&self.jobs[usize::from(job)]);
                accounts.user = signer.pubkey();
                self.world.open_dispute(accounts, &[&signer])
            }
            Action::Close { by, job } => {
                let signer = self.key(by);
                let job = &self.jobs[usize::from(job)];
                let accounts = self.world.close_accounts(job, &signer.pubkey());
                self.world.close(accounts, &[&signer])
            }
            Action::Distribute => {
                let accounts = self.world.distribute_accounts();
                self.world.distribute(accounts)
            }
            _ => return self.settle(action),
        })
    }

    fn settle(&mut self, action: &Action) -> Option<Sent> {
        let (by, job) = match *action {
            Action::Accept { by, job }
            | Action::Release { by, job }
            | Action::SettleCancel { by, job }
            | Action::Decline { by, job }
            | Action::Fail { by, job }
            | Action::TimeoutRefund { by, job }
            | Action::SettleRefuted { by, job }
            | Action::SettleDispute { by, job, .. }
            | Action::ExpireDispute { by, job } => (by, usize::from(job)),
            _ => unreachable!("{action} settles nothing"),
        };
        if self.world.exists(&self.jobs[job].escrow) {
            self.settlements[job] = Some(self.world.settlement(&self.jobs[job]));
        }
        let (accounts, signer) = (self.settlements[job]?, self.key(by));
        let world = &mut self.world;
        Some(match *action {
            Action::Accept { .. } => world.accept(accounts, &signer),
            Action::Release { .. } => world.release(accounts, &signer),
            Action::SettleCancel { .. } => world.settle_cancel(accounts, &signer),
            Action::Decline { .. } => world.decline(accounts, &signer),
            Action::Fail { .. } => world.fail(accounts, &signer),
            Action::TimeoutRefund { .. } => world.timeout_refund(accounts, &signer),
            Action::SettleRefuted { .. } => world.settle_refuted(accounts, &signer),
            Action::ExpireDispute { .. } => world.expire_dispute(accounts, &signer),
            Action::SettleDispute { verdict, .. } => {
                world.settle_dispute(accounts, program_verdict(verdict), &signer)
            }
            _ => unreachable!("{action} settles nothing"),
        })
    }

    // Where it must be proven, the transcript is opened with it; the one of an escrow that was there before
    // makes room.
    fn create(&mut self, id: u8, args: CreateEscrowArgs) -> Sent {
        let job = self.jobs[usize::from(id)];
        let user = &self.users[usize::from(id)];
        let world = &mut self.world;
        if !world.exists(&job.escrow) && world.exists(&address::transcript(&job.escrow)) {
            let close = world.close_transcript_accounts(&job);
            succeed("close", world.close_transcript(close));
        }
        let accounts = world.create_escrow_accounts(user, &job);
        let pinned = args.verification;
        let sent = world.create_escrow(accounts, args, &[&user.key])?;
        if pinned.tier.is_proven() {
            let open = OpenArgs {
                circuit: pinned.circuit,
                dataset: [1; 32],
                initial: [1; 32],
                rate: u16::from(pinned.samples > 0),
                user_nonce_hash: [1; 32],
                coordinator_nonce_hash: [1; 32],
            };
            let accounts = world.open_transcript_accounts(&job);
            succeed("open", world.open_transcript(accounts, open, &[&user.key]));
        }
        Ok(sent)
    }

    // The node commits, and what came of it is written past the program that would have drawn and verified.
    fn show(&mut self, by: Party, id: u8, stage: Stage) -> Result<(), Refused> {
        let (signer, job) = (self.key(by), self.jobs[usize::from(id)]);
        let refusal = |reason| {
            Err(Refused {
                reason: Some(reason),
                logs: String::new(),
            })
        };
        let world = &mut self.world;
        if !world.exists(&job.escrow) {
            return refusal(Reason::Missing);
        }
        let escrow = world.escrow_of(&job);
        // whether a challenge is lost after a cancel is of no matter, so that the model does not tell
        let proves = stage != Stage::FullAudit && escrow.state == State::Cancelling;
        if escrow.state != State::Assigned && !proves {
            return refusal(Reason::WrongState);
        }
        if escrow.node != signer.pubkey() {
            return refusal(Reason::WrongSigner);
        }
        let waits = escrow.verification.tier.is_proven()
            && world.transcript_of(&job).stage == Stage::Opened;
        if !waits {
            return refusal(Reason::Evidence);
        }
        if escrow.state == State::Assigned {
            let made = Commitment {
                root: [1; 32],
                trained: [2; 32],
                leaves_hash: [3; 32],
                epochs: u16::try_from(REQUIRED_EPOCHS).expect("a few"),
            };
            let accounts = world.commit_accounts(&job, &signer.pubkey());
            let data = training_proof::instruction::Commit { args: made };
            refused(world.call(training_proof::ID, accounts, data, &[&signer]))?;
        } else {
            world.put_committer(&job, &signer.pubkey());
        }
        world.put_stage(&job, stage);
        Ok(())
    }

    fn assign(&mut self, by: Party, id: u8, node: u8) -> Sent {
        let (signer, job) = (self.key(by), self.jobs[usize::from(id)]);
        let node = self.nodes[usize::from(node)].pubkey();
        let mut accounts = self.world.assign_node_accounts(&job, &node);
        accounts.coordinator = signer.pubkey();
        let mut terms = terms_of(&create_args(id, 1, 0, Evidence::None), 0);
        if self.world.exists(&job.escrow) {
            let escrow = self.world.escrow_of(&job);
            terms.timeout_seconds = escrow.timeout_seconds;
            terms.verification = escrow.verification;
            terms.created_at = escrow.created_at;
        }
        self.world.assign_node_on(terms, accounts, &[&signer])
    }

    fn key(&self, party: Party) -> Keypair {
        match party {
            Party::User(user) => self.users[usize::from(user)].key.insecure_clone(),
            Party::Node(node) => self.nodes[usize::from(node)].key.insecure_clone(),
            Party::Coordinator => self.world.coordinator.insecure_clone(),
            Party::Authority => self.authority.insecure_clone(),
            Party::Admin => self.world.admin.insecure_clone(),
            Party::Stranger => self.stranger.insecure_clone(),
        }
    }
}

impl Default for Chain {
    fn default() -> Self {
        Self::new()
    }
}

/// That the chain refused an action.
#[derive(Debug)]
pub struct Refused {
    /// Why; `None` for an error that no party may ever see.
    pub reason: Option<Reason>,
    /// The transaction's logs.
    pub logs: String,
}

impl Refused {
    /// Whether it is one of `reasons`.
    pub fn is_one_of(&self, reasons: Reasons) -> bool {
        self.reason.is_some_and(|reason| reasons.contains(reason))
    }
}

fn refused(sent: Sent) -> Result<(), Refused> {
    let reason = class(&sent);
    sent.map(drop).map_err(|failed| Refused {
        reason,
        logs: format!("{:?}\n{}", failed.err, failed.meta.logs.join("\n")),
    })
}

fn job_id(id: u8) -> [u8; 16] {
    [id + 1; 16]
}

fn create_args(id: u8, amount: Units, timeout: Seconds, evidence: Evidence) -> CreateEscrowArgs {
    let (tier, circuit) = match evidence {
        Evidence::None => (job_escrow::Tier::None, None),
        Evidence::Exact => (job_escrow::Tier::ZkExact, Registered::by_name("z30x2")),
        Evidence::Audited => (job_escrow::Tier::Audited, Registered::by_name("t100x16")),
    };
    let pinned = circuit.map(|circuit| Verification {
        tier,
        samples: circuit.circuit.samples(),
        circuit: circuit.id,
        runtime_class: [0; 32],
    });
    CreateEscrowArgs {
        job_id: job_id(id),
        amount,
        required_epochs: REQUIRED_EPOCHS,
        timeout_seconds: u32::try_from(timeout).expect("timeouts are given in u32"),
        verification: pinned.unwrap_or_default(),
        ..job_args(0)
    }
}

fn program_verdict(verdict: Verdict) -> job_escrow::Verdict {
    match verdict {
        Verdict::ForUser { insurance_payout } => job_escrow::Verdict::ForUser { insurance_payout },
        Verdict::ForNode => job_escrow::Verdict::ForNode,
        Verdict::Shared { node_bps } => job_escrow::Verdict::Shared { node_bps },
    }
}

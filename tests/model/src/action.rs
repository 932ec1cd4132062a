use std::fmt;

use crate::{Evidence, Market, Party, Reasons, Rules, Seconds, Tier, Units};

/// How a dispute is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The node is at fault: all goes back, the node is slashed, and the insurance pool adds this much.
    ForUser {
        /// Base units from the insurance pool.
        insurance_payout: Units,
    },
    /// The user is at fault: the node is paid, and gets the bond.
    ForNode,
    /// The node earned this part.
    Shared {
        /// In basis points of the amount.
        node_bps: u16,
    },
}

/// What a party may try: an instruction of the programs, or time that passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    missing_docs,
    reason = "fields are what their types and names say, for every action alike"
)]
pub enum Action {
    /// Nothing happens for so long.
    Wait(Seconds),
    /// The admin pauses both programs, or resumes them.
    Pause(bool),
    /// `create_escrow` by the job's user.
    Create {
        job: u8,
        amount: Units,
        timeout: Seconds,
        evidence: Evidence,
    },
    /// `top_up`; users pay.
    TopUp { by: u8, job: u8, amount: Units },
    /// `assign_node`, of a node that is of this tier.
    Assign {
        by: Party,
        job: u8,
        node: u8,
        tier: Tier,
    },
    /// `extend_deadline`.
    Extend { by: Party, job: u8, extra: Seconds },
    /// `present_receipt` of one that the job's user signed.
    Present { job: u8, seen: u32, held: u32 },
    /// `anchor_checkpoint`.
    Anchor { by: Party, job: u8, epoch: u32 },
    /// `commit`, `reveal` and `verify` of training-proof, the proof a true one or not.
    Prove { by: Party, job: u8, valid: bool },
    /// `commit`, and `reveal` when the slot's hash is lost.
    Lose { by: Party, job: u8 },
    /// `submit_completion`.
    Submit { by: Party, job: u8 },
    /// `accept`.
    Accept { by: Party, job: u8 },
    /// `release`.
    Release { by: Party, job: u8 },
    /// `cancel`.
    Cancel { by: Party, job: u8 },
    /// `settle_cancel`.
    SettleCancel { by: Party, job: u8 },
    /// `decline`.
    Decline { by: Party, job: u8 },
    /// `fail`.
    Fail { by: Party, job: u8 },
    /// `timeout_refund`.
    TimeoutRefund { by: Party, job: u8 },
    /// `settle_refuted`.
    SettleRefuted { by: Party, job: u8 },
    /// `expire_unassigned`.
    ExpireUnassigned { job: u8 },
    /// `open_dispute`.
    OpenDispute { by: Party, job: u8 },
    /// `settle_dispute`.
    SettleDispute {
        by: Party,
        job: u8,
        verdict: Verdict,
    },
    /// `expire_dispute`.
    ExpireDispute { by: Party, job: u8 },
    /// `close`.
    Close { by: Party, job: u8 },
    /// `distribute`.
    Distribute,
    /// `stake` by the node's owner.
    Stake { node: u8, amount: Units },
    /// `request_unstake`.
    RequestUnstake { by: Party, node: u8, amount: Units },
    /// `withdraw`.
    Withdraw { by: Party, node: u8 },
    /// `claim_reward`.
    ClaimReward { by: Party, node: u8 },
    /// A plain transfer by the job's user into its escrow's vault, past all programs.
    Gift { job: u8, amount: Units },
}

impl Market {
    /// Takes `action`, or says what stands against it; what is left then is of no meaning.
    pub(crate) fn take(&mut self, rules: &Rules, action: &Action) -> Reasons {
        match *action {
            Action::Wait(seconds) => {
                self.now += seconds;
                Reasons::default()
            }
            Action::Pause(paused) => {
                self.paused = paused;
                Reasons::default()
            }
            Action::Create {
                job,
                amount,
                timeout,
                evidence,
            } => self.create(rules, job, amount, timeout, evidence),
            Action::TopUp { by, job, amount } => self.top_up(by, job, amount),
            Action::Assign {
                by,
                job,
                node,
                tier,
            } => self.assign(rules, by, job, node, tier),
            Action::Extend { by, job, extra } => self.extend(rules, by, job, extra),
            Action::Present { job, seen, held } => self.present(rules, job, seen, held),
            Action::Anchor { by, job, epoch } => self.anchor(rules, by, job, epoch),
            Action::Prove { by, job, valid } => self.prove(by, job, valid),
            Action::Lose { by, job } => self.lose(by, job),
            Action::Submit { by, job } => self.submit(rules, by, job),
            Action::Accept { by, job } => self.accept(rules, by, job),
            Action::Release { by, job } => self.release(rules, by, job),
            Action::Cancel { by, job } => self.cancel(rules, by, job),
            Action::SettleCancel { by, job } => self.settle_cancel(rules, by, job),
            Action::Decline { by, job } => self.decline(rules, by, job),
            Action::Fail { by, job } => self.fail(rules, by, job),
            Action::TimeoutRefund { by: _, job } => self.timeout_refund(rules, job),
            Action::SettleRefuted { by: _, job } => self.settle_refuted(rules, job),
            Action::ExpireUnassigned { job } => self.expire_unassigned(rules, job),
            Action::OpenDispute { by, job } => self.open_dispute(rules, by, job),
            Action::SettleDispute { by, job, verdict } => {
                self.settle_dispute(rules, by, job, verdict)
            }
            Action::ExpireDispute { by: _, job } => self.expire_dispute(rules, job),
            Action::Close { by, job } => self.close(rules, by, job),
            Action::Distribute => self.distribute(rules),
            Action::Stake { node, amount } => self.stake(rules, node, amount),
            Action::RequestUnstake { by, node, amount } => {
                self.request_unstake(rules, by, node, amount)
            }
            Action::Withdraw { by, node } => self.withdraw(rules, by, node),
            Action::ClaimReward { by, node } => self.claim_reward(rules, by, node),
            Action::Gift { job, amount } => self.gift(job, amount),
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wait(seconds) => write!(f, "{seconds} s pass"),
            Self::Pause(true) => f.write_str("the admin pauses"),
            Self::Pause(false) => f.write_str("the admin resumes"),
            Self::Create {
                job,
                amount,
                timeout,
                evidence,
            } => {
                write!(
                    f,
                    "user {job} funds job {job} with {amount}, for {timeout} s"
                )?;
                match evidence {
                    Evidence::None => Ok(()),
                    Evidence::Exact => f.write_str(", to be proven"),
                    Evidence::Audited => f.write_str(", to be proven and audited"),
                }
            }
            Self::TopUp { by, job, amount } => write!(f, "user {by} adds {amount} to job {job}"),
            Self::Assign {
                by,
                job,
                node,
                tier,
            } => {
                write!(f, "{by} assigns job {job} to node {node} ({tier:?})")
            }
            Self::Extend { by, job, extra } => write!(f, "{by} gives job {job} {extra} s more"),
            Self::Present { job, seen, held } => {
                write!(f, "user {job}'s receipt shows {seen} seen, {held} held")
            }
            Self::Anchor { by, job, epoch } => write!(f, "{by} anchors epoch {epoch} of job {job}"),
            Self::Prove { by, job, valid } => {
                let proof = if *valid { "a proof" } else { "a false proof" };
                write!(f, "{by} shows {proof} of job {job}")
            }
            Self::SettleRefuted { by, job } => write!(f, "{by} ends job {job} for its false proof"),
            Self::Lose { by, job } => write!(f, "{by} commits to job {job}, and nobody asks on"),
            Self::Submit { by, job } => write!(f, "{by} submits job {job}"),
            Self::Accept { by, job } => write!(f, "{by} accepts job {job}"),
            Self::Release { by, job } => write!(f, "{by} releases job {job}"),
            Self::Cancel { by, job } => write!(f, "{by} cancels job {job}"),
            Self::SettleCancel { by, job } => write!(f, "{by} settles the cancel of job {job}"),
            Self::Decline { by, job } => write!(f, "{by} hands job {job} back"),
            Self::Fail { by, job } => write!(f, "{by} gives job {job} up"),
            Self::TimeoutRefund { by, job } => write!(f, "{by} ends job {job} as timed out"),
            Self::ExpireUnassigned { job } => write!(f, "a stranger refunds open job {job}"),
            Self::OpenDispute { by, job } => write!(f, "{by} disputes job {job}"),
            Self::SettleDispute { by, job, verdict } => {
                write!(f, "{by} decides the dispute of job {job}: {verdict:?}")
            }
            Self::ExpireDispute { by, job } => {
                write!(f, "{by} lets the dispute of job {job} expire")
            }
            Self::Close { by, job } => write!(f, "{by} closes job {job}"),
            Self::Distribute => f.write_str("a stranger distributes the fees"),
            Self::Stake { node, amount } => write!(f, "node {node} stakes {amount}"),
            Self::RequestUnstake { by, node, amount } => {
                write!(f, "{by} asks for {amount} of node {node}'s stake back")
            }
            Self::Withdraw { by, node } => {
                write!(f, "{by} takes node {node}'s requested stake out")
            }
            Self::ClaimReward { by, node } => write!(f, "{by} claims node {node}'s reward"),
            Self::Gift { job, amount } => write!(f, "user {job} sends {amount} to its vault"),
        }
    }
}

impl Action {
    /// Who takes it; `None` where only time passes, and a stranger where anyone may.
    pub fn party(&self) -> Option<Party> {
        match *self {
            Self::Wait(_) => None,
            Self::Pause(_) => Some(Party::Admin),
            Self::Create { job, .. } | Self::Present { job, .. } | Self::Gift { job, .. } => {
                Some(Party::User(job))
            }
            Self::TopUp { by, .. } => Some(Party::User(by)),
            Self::Stake { node, .. } => Some(Party::Node(node)),
            Self::ExpireUnassigned { .. } | Self::Distribute => Some(Party::Stranger),
            Self::Assign { by, .. }
            | Self::Extend { by, .. }
            | Self::Anchor { by, .. }
            | Self::Prove { by, .. }
            | Self::SettleRefuted { by, .. }
            | Self::Lose { by, .. }
            | Self::Submit { by, .. }
            | Self::Accept { by, .. }
            | Self::Release { by, .. }
            | Self::Cancel { by, .. }
            | Self::SettleCancel { by, .. }
            | Self::Decline { by, .. }
            | Self::Fail { by, .. }
            | Self::TimeoutRefund { by, .. }
            | Self::OpenDispute { by, .. }
            | Self::SettleDispute { by, .. }
            | Self::ExpireDispute { by, .. }
            | Self::Close { by, .. }
            | Self::RequestUnstake { by, .. }
            | Self::ClaimReward { by, .. }
            | Self::Withdraw { by, .. } => Some(by),
        }
    }

    /// Whether `party` can bring it about when everybody else is gone.
    pub fn is_open_to(&self, party: Party) -> bool {
        self.party()
            .is_none_or(|by| by == party || by == Party::Stranger)
    }
}

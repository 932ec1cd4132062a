//! The life of a job as the coordinator sees it.

use std::{fmt, str::FromStr};

use cyxwiz_proto::job::v1 as pb;
use serde::{Deserialize, Serialize};

/// How urgent a job is; part of its spec and its price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// May wait; costs less.
    Low,
    /// The usual.
    #[default]
    Normal,
    /// First in the queue; costs more.
    High,
}

/// Reputation tier of a node; its bounds are the reputation program's.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// Score below 300, and every new node.
    #[default]
    Bronze,
    /// 300 to 599.
    Silver,
    /// 600 to 799.
    Gold,
    /// 800 and more.
    Diamond,
}

impl Tier {
    /// The tier of a score of 0..=1000.
    pub fn of_score(score: u16) -> Self {
        use cyxwiz_economics::reputation as formulas;
        match formulas::tier(score) {
            formulas::Tier::Bronze => Self::Bronze,
            formulas::Tier::Silver => Self::Silver,
            formulas::Tier::Gold => Self::Gold,
            formulas::Tier::Diamond => Self::Diamond,
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bronze => "bronze",
            Self::Silver => "silver",
            Self::Gold => "gold",
            Self::Diamond => "diamond",
        })
    }
}

macro_rules! job_states {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// Where a job stands. `Reserved`, `Funded`, `Training` and `Expired` are
        /// the coordinator's own; the others mirror the escrow account.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum JobState { $($(#[$doc])* $variant,)* }

        impl JobState {
            /// All states.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name that the database, JSON and people use.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }

        impl FromStr for JobState {
            type Err = UnknownJobState;
            fn from_str(name: &str) -> Result<Self, UnknownJobState> {
                match name { $($name => Ok(Self::$variant),)* _ => Err(UnknownJobState(name.to_owned())) }
            }
        }

        impl From<JobState> for pb::JobState {
            fn from(state: JobState) -> Self {
                match state { $(JobState::$variant => Self::$variant,)* }
            }
        }

        impl TryFrom<pb::JobState> for JobState {
            type Error = UnknownJobState;
            fn try_from(state: pb::JobState) -> Result<Self, UnknownJobState> {
                match state {
                    pb::JobState::Unspecified => Err(UnknownJobState("unspecified".into())),
                    $(pb::JobState::$variant => Ok(Self::$variant),)*
                }
            }
        }
    };
}

/// A job state that this version does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown job state '{0}'; is the other side newer?")]
pub struct UnknownJobState(pub String);

job_states! {
    /// A node is held; the escrow is awaited.
    Reserved = "reserved",
    /// The escrow is funded and checked.
    Funded = "funded",
    /// The chain names the node; its stake is locked.
    Assigned = "assigned",
    /// The node has reported progress.
    Training = "training",
    /// The completion is on the chain.
    Submitted = "submitted",
    /// The user has cancelled; the node may still show its last receipt.
    Cancelling = "cancelling",
    /// Settled: node and platform are paid.
    Paid = "paid",
    /// Settled: split by the receipt after a cancellation.
    Cancelled = "cancelled",
    /// Settled: no node took it, or the one that did handed it back; all went back.
    Refunded = "refunded",
    /// Settled: the node gave up.
    Failed = "failed",
    /// Settled: the deadline passed.
    TimedOut = "timed_out",
    /// Ended before any money moved.
    Expired = "expired",
    /// The user disputes the result; the dispute authority decides.
    Disputed = "disputed",
    /// Settled: the dispute was decided, or nobody decided it in time.
    Resolved = "resolved",
}

impl JobState {
    /// No money is left to move and nothing more will happen.
    pub const fn is_settled(self) -> bool {
        matches!(
            self,
            Self::Paid
                | Self::Cancelled
                | Self::Refunded
                | Self::Failed
                | Self::TimedOut
                | Self::Expired
                | Self::Resolved
        )
    }

    /// Whether a job may go from `self` to `next`. The chain is the truth for the
    /// money: a state read there is accepted whenever it lies ahead.
    pub const fn can_become(self, next: Self) -> bool {
        use JobState::{
            Assigned, Cancelled, Cancelling, Disputed, Expired, Failed, Funded, Paid, Refunded,
            Reserved, Resolved, Submitted, TimedOut, Training,
        };
        match self {
            // An escrow funded too late is still the user's money: the job comes
            // back so that it can be assigned or refunded.
            Reserved | Expired => matches!(
                next,
                Funded | Expired | Refunded | Assigned | Submitted | Cancelling
            ),
            Funded => matches!(
                next,
                Assigned
                    | Training
                    | Submitted
                    | Disputed
                    | Cancelling
                    | Refunded
                    | Paid
                    | Cancelled
                    | Failed
                    | TimedOut
                    | Resolved
            ),
            Assigned | Training => matches!(
                next,
                Training
                    | Submitted
                    | Disputed
                    | Cancelling
                    | Refunded
                    | Paid
                    | Cancelled
                    | Failed
                    | TimedOut
                    | Resolved
            ),
            Submitted => matches!(next, Paid | Disputed | Resolved),
            Disputed => matches!(next, Resolved),
            Cancelling => matches!(next, Cancelled),
            Paid | Cancelled | Refunded | Failed | TimedOut | Resolved => false,
        }
    }
}

impl fmt::Display for JobState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for &state in JobState::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
            assert_eq!(JobState::try_from(pb::JobState::from(state)), Ok(state));
        }
        assert!("done".parse::<JobState>().is_err());
    }

    #[test]
    fn settled_states_lead_nowhere_but_a_late_escrow() {
        for &state in JobState::ALL {
            let leads_on = JobState::ALL.iter().any(|&next| state.can_become(next));
            assert_eq!(
                leads_on,
                !state.is_settled() || state == JobState::Expired,
                "{state}"
            );
        }
    }

    #[test]
    fn tiers_follow_the_score() {
        let scores = [0, 299, 300, 599, 600, 799, 800, 1000].map(Tier::of_score);
        use Tier::{Bronze, Diamond, Gold, Silver};
        assert_eq!(
            scores,
            [Bronze, Bronze, Silver, Silver, Gold, Gold, Diamond, Diamond]
        );
    }
}

use cyxwiz_domain::{
    Digest,
    spec::{JobSpec, VerificationTier},
};
use serde::{Deserialize, Serialize};

/// How far the evidence goes that a job was trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tier {
    /// No proof: the user looks at what was delivered.
    #[default]
    None,
    /// The proof recomputes whole steps that nobody could foresee.
    ZkExact,
    /// The proof fixes the transcript; audits repeat parts of it and expect the same bits.
    Audited,
    /// As [`Self::Audited`], within a tolerance.
    AuditedTolerant,
    /// The proof fixes the transcript; a second node does the same work.
    Replicated,
}

impl Tier {
    /// Whether the job must be shown to have been trained before it is paid.
    pub fn is_proven(self) -> bool {
        self != Self::None
    }

    /// Whether nobody can have the job paid before its acceptance window is over, because audits must have
    /// their time.
    pub fn is_audited(self) -> bool {
        job_escrow::Tier::from(self).is_audited()
    }
}

impl From<job_escrow::Tier> for Tier {
    fn from(tier: job_escrow::Tier) -> Self {
        use job_escrow::Tier as OnChain;
        match tier {
            OnChain::None => Self::None,
            OnChain::ZkExact => Self::ZkExact,
            OnChain::Audited => Self::Audited,
            OnChain::AuditedTolerant => Self::AuditedTolerant,
            OnChain::Replicated => Self::Replicated,
        }
    }
}

impl From<Tier> for job_escrow::Tier {
    fn from(tier: Tier) -> Self {
        match tier {
            Tier::None => Self::None,
            Tier::ZkExact => Self::ZkExact,
            Tier::Audited => Self::Audited,
            Tier::AuditedTolerant => Self::AuditedTolerant,
            Tier::Replicated => Self::Replicated,
        }
    }
}

/// What a job's proof must be: pinned in its escrow, and nothing by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Verification {
    /// How far the evidence goes.
    pub tier: Tier,
    /// Steps that a proof recomputes; 0 where it shows the transcript alone.
    pub samples: u8,
    /// The circuit; zero without a tier.
    pub circuit: Digest,
    /// What machines the work must be repeatable on, bit for bit; zero where any will do.
    pub runtime_class: Digest,
}

impl Verification {
    /// What an escrow of the job that `spec` describes pins. `spec` has passed [`JobSpec::validate`].
    pub fn of(spec: &JobSpec) -> Self {
        let Some((wanted, circuit)) = spec.verification.as_ref().zip(spec.circuit()) else {
            return Self::default();
        };
        Self {
            tier: match wanted.tier {
                VerificationTier::ZkExact => Tier::ZkExact,
                VerificationTier::Audited => Tier::Audited,
                VerificationTier::AuditedTolerant => Tier::AuditedTolerant,
                VerificationTier::Replicated => Tier::Replicated,
            },
            samples: circuit.circuit.samples(),
            circuit: Digest(circuit.id),
            runtime_class: spec
                .runtime_class()
                .map(|class| class.hash())
                .unwrap_or_default(),
        }
    }
}

impl From<job_escrow::Verification> for Verification {
    fn from(pinned: job_escrow::Verification) -> Self {
        Self {
            tier: pinned.tier.into(),
            samples: pinned.samples,
            circuit: Digest(pinned.circuit),
            runtime_class: Digest(pinned.runtime_class),
        }
    }
}

impl From<Verification> for job_escrow::Verification {
    fn from(wanted: Verification) -> Self {
        Self {
            tier: wanted.tier.into(),
            samples: wanted.samples,
            circuit: wanted.circuit.0,
            runtime_class: wanted.runtime_class.0,
        }
    }
}

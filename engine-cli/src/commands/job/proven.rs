//! What is known of a job's proof, while its transcript is on the chain and after that: it is closed with the
//! payment, and what was verified stays so.

use cyxwiz_chain::{EscrowAccount, EscrowState, TranscriptAccount, TranscriptStage};
use cyxwiz_domain::JobState;
use cyxwiz_proof::keys::warning;
use cyxwiz_statement::Registered;
use serde::Serialize;

use crate::flow::proof::{ProofPlan, stage_name, stage_words};

/// Where the proof of a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ProofStanding {
    /// The stage of its transcript, or the last one that it certainly had.
    #[serde(rename = "proof")]
    pub stage: TranscriptStage,
    /// Name of its circuit; absent for one that this program does not know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub circuit: Option<&'static str>,
    /// Whether anyone can forge such a proof.
    pub insecure_dev_key: bool,
    /// Whether the job was paid, which takes a verified proof.
    #[serde(skip)]
    pub paid: bool,
}

impl ProofStanding {
    /// From what the chain has and what this machine remembers. `None` for a job without a proof, and where a
    /// closed transcript leaves open how far it came.
    ///
    /// Nothing is submitted without a verified transcript, so that every state that follows a submission implies
    /// one.
    pub fn of(
        transcript: Option<&TranscriptAccount>,
        escrow: Option<&EscrowAccount>,
        plan: Option<&ProofPlan>,
        state: Option<JobState>,
    ) -> Option<Self> {
        use EscrowState::{Disputed, Paid, Resolved, Submitted};
        let proven = escrow.filter(|escrow| escrow.verification.tier.is_proven());
        // What is at the address may belong to an escrow that was there before.
        let transcript =
            transcript.filter(|found| escrow.is_none_or(|escrow| found.belongs_to(escrow)));
        let remembered = plan.and_then(|plan| plan.committed);
        let implied = proven
            .is_some_and(|escrow| matches!(escrow.state, Submitted | Paid | Disputed | Resolved));
        let stage = match transcript {
            Some(transcript) => transcript.stage,
            None if implied || remembered.is_some_and(|c| c.verified) => TranscriptStage::Verified,
            None => return None,
        };
        let circuit = transcript
            .map(|found| found.circuit)
            .or(proven.map(|escrow| escrow.verification.circuit))
            .or(plan.map(|plan| plan.circuit));
        let circuit = circuit.and_then(|circuit| Registered::by_id(&circuit.0));
        let paid = match escrow {
            Some(escrow) => escrow.state == Paid,
            None => state == Some(JobState::Paid),
        };
        Some(Self {
            stage,
            circuit: circuit.map(|entry| entry.name),
            insecure_dev_key: circuit.is_some_and(|entry| warning(entry).is_some()),
            paid,
        })
    }

    /// For a column.
    pub fn name(&self) -> String {
        match self.stage {
            TranscriptStage::Verified => format!("verified{}", self.by()),
            stage => stage_name(stage).to_owned(),
        }
    }

    /// As a sentence.
    pub fn words(&self) -> String {
        match self.stage {
            TranscriptStage::Verified if self.paid => {
                format!("verified on-chain before it was paid{}", self.by())
            }
            TranscriptStage::Verified => {
                format!("{}{}", stage_words(self.stage), self.by())
            }
            stage => stage_words(stage).to_owned(),
        }
    }

    /// What it was verified by, and what that is worth.
    fn by(&self) -> String {
        let key = self.insecure_dev_key.then_some("INSECURE development key");
        let parts: Vec<_> = self.circuit.into_iter().chain(key).collect();
        match parts.is_empty() {
            true => String::new(),
            false => format!(" ({})", parts.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use cyxwiz_chain::{Tier, Verification};
    use cyxwiz_domain::Digest;
    use cyxwiz_test_support::{escrow_account, transcript_account};

    use super::*;
    use crate::flow::proof::{Committed, Nonce};

    const CIRCUIT: &str = "z64x10";

    fn circuit() -> &'static Registered {
        Registered::by_name(CIRCUIT).expect("registered")
    }

    fn escrow(state: EscrowState, tier: Tier) -> EscrowAccount {
        EscrowAccount {
            verification: Verification {
                tier,
                circuit: Digest(circuit().id),
                ..Verification::default()
            },
            ..escrow_account(state)
        }
    }

    fn plan(verified: bool) -> ProofPlan {
        let zero = Digest::default();
        ProofPlan {
            circuit: Digest(circuit().id),
            dataset: zero,
            initial: zero,
            rate: 6,
            nonce: Nonce::draw(),
            coordinator_nonce_hash: None,
            committed: Some(Committed {
                root: zero,
                trained: zero,
                leaves_hash: Some(zero),
                verified,
            }),
            prove_seconds: None,
        }
    }

    #[test]
    fn a_paid_job_shows_that_its_proof_was_verified_before() {
        let key = match warning(circuit()) {
            Some(_) => ", INSECURE development key",
            None => "",
        };
        let paid = escrow(EscrowState::Paid, Tier::ZkExact);
        let plan = plan(true);
        let known = [
            ProofStanding::of(None, Some(&paid), None, None),
            ProofStanding::of(None, Some(&paid), Some(&plan), None),
            // The escrow is closed too.
            ProofStanding::of(None, None, Some(&plan), Some(JobState::Paid)),
        ];
        for standing in known {
            let standing = standing.expect("known");
            let expected = format!("verified on-chain before it was paid ({CIRCUIT}{key})");
            assert_eq!(standing.words(), expected);
            assert_eq!(standing.name(), format!("verified ({CIRCUIT}{key})"));
            let json = serde_json::to_value(standing).expect("JSON");
            assert_eq!(json["proof"], "verified");
            assert_eq!(json["circuit"], CIRCUIT);
            assert_eq!(json["insecure_dev_key"], !key.is_empty());
        }
    }

    #[test]
    fn nothing_is_said_of_proofs_that_nobody_saw() {
        use EscrowState::{
            Assigned, Cancelled, Disputed, Failed, Refunded, Resolved, Submitted, TimedOut,
        };
        for state in [Assigned, Cancelled, Failed, Refunded, TimedOut] {
            let escrow = escrow(state, Tier::Audited);
            assert_eq!(ProofStanding::of(None, Some(&escrow), None, None), None);
            let unverified = plan(false);
            let known = ProofStanding::of(None, Some(&escrow), Some(&unverified), None);
            assert_eq!(known, None, "{state:?}");
        }
        for state in [Submitted, Disputed, Resolved] {
            let escrow = escrow(state, Tier::Audited);
            let known = ProofStanding::of(None, Some(&escrow), None, None).expect("implied");
            assert!(
                known.words().starts_with("verified on-chain ("),
                "{state:?}"
            );
        }
        let plain = escrow(EscrowState::Paid, Tier::None);
        assert_eq!(ProofStanding::of(None, Some(&plain), None, None), None);
        // A verified proof of a job that was cancelled before its submission has paid for nothing.
        let cancelled = escrow(Cancelled, Tier::ZkExact);
        let known = ProofStanding::of(None, Some(&cancelled), Some(&plan(true)), None);
        assert!(!known.expect("remembered").paid);
    }

    #[test]
    fn a_transcript_speaks_for_itself_and_for_its_own_job_alone() {
        let assigned = escrow(EscrowState::Assigned, Tier::ZkExact);
        let transcript = transcript_account(&assigned, TranscriptStage::Revealed);
        let known = ProofStanding::of(Some(&transcript), Some(&assigned), None, None);
        assert_eq!(known.expect("open").name(), "revealed");
        let anew = EscrowAccount {
            created_at: assigned.created_at + 1,
            ..assigned
        };
        assert_eq!(
            ProofStanding::of(Some(&transcript), Some(&anew), None, None),
            None
        );
    }
}

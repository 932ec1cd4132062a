//! What a node does for a job with a proof, honestly or not, from its commitment to its submission.

use std::time::{Duration, Instant};

use cyxwiz_chain::{
    EscrowAccount, TranscriptAccount, TranscriptStage,
    instructions::proof::{self, Claim},
};
use cyxwiz_domain::Digest;
use cyxwiz_proto::training::v1::{self as pb, train_event::Body};
use cyxwiz_statement::Registered;

use super::{DEADLINE, Node, Silent};
use crate::{coordinator::COORDINATOR_NONCE, work::Work, world::advance_slots};

impl Node {
    /// What it has trained of a job with a proof.
    pub(super) fn work(&self, escrow: &EscrowAccount) -> Option<&Work> {
        let input = self.proven.as_ref()?;
        let train = || {
            let mut work = Work::train(input, escrow);
            if self.faults.other_integers {
                work.falsify_weights();
            }
            work
        };
        Some(self.work.get_or_init(train))
    }

    async fn transcript(&self) -> TranscriptAccount {
        let found = self.chain.transcript(self.escrow()).await;
        found.expect("read").expect("transcript")
    }

    /// Proves the work where that is asked for, and submits it.
    pub(super) async fn finish(&self) {
        if self.faults.never_finishes {
            return;
        }
        let account = self.account().await;
        if let Some(work) = self.work(&account) {
            self.prove(work).await;
            if self.faults.false_proof {
                return;
            }
        }
        let signature = self.submit().await;
        self.wrote("submit_completion", signature);
    }

    /// From the commitment to the verified proof, with the coordinator's part in the challenge.
    async fn prove(&self, work: &Work) {
        let (node, at) = (self.signer.address(), self.escrow());
        let mut commitment = work.commitment();
        if self.faults.other_leaves_hash {
            commitment.leaves_hash.0[0] ^= 1;
        }
        let commit = proof::commit(node, at, &commitment);
        let signature = self.execute(commit).await;
        self.wrote("commit", signature);
        self.change(|seen| seen.committed = true);
        if self.faults.silent == Silent::OnceCommitted {
            self.unanswered().await;
        }
        advance_slots(&self.rpc_url, 40).await;
        let reveal = proof::reveal(at, None, Some(COORDINATOR_NONCE));
        self.execute(reveal).await;
        let revealed = async {
            loop {
                let transcript = self.transcript().await;
                if transcript.stage == TranscriptStage::Revealed {
                    return transcript;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let transcript = tokio::time::timeout(DEADLINE, revealed).await;
        let transcript = transcript.expect("both nonces");
        assert!(transcript.user_nonce.is_some(), "the user took part");
        let circuit = Registered::by_id(&transcript.circuit.0).expect("registered");
        let subject = transcript.subject().expect("committed");
        let key = Digest(circuit.key.expect("a key").sha256);
        let prover = work.clone();
        let begun = Instant::now();
        let proved = tokio::task::spawn_blocking(move || prover.prove(&transcript));
        let (mut proved, public_input) = proved.await.expect("a proof");
        if self.faults.false_proof {
            // Two of its points change places: each is on the curve, and together they show nothing.
            let [first, last] = [0..64, 192..256].map(|at| proved.0[at].to_vec());
            proved.0[..64].copy_from_slice(&last);
            proved.0[192..].copy_from_slice(&first);
        }
        self.tell_late(Body::Proved(pb::Proved {
            circuit: String::new(),
            constraints: 0,
            seconds: begun.elapsed().as_secs_f64(),
        }));
        let claim = Claim {
            proof: proved.0,
            subject,
            public_input,
            key,
        };
        let verify = proof::verify(node, at, &claim);
        let signature = self.execute(verify).await;
        self.wrote("verify", signature);
    }

    /// Waits until a call of the engine is left without an answer.
    pub async fn unanswered(&self) {
        while self.seen(|seen| seen.unanswered) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn wrote(&self, instruction: &str, signature: String) {
        let instruction = instruction.to_owned();
        self.tell_late(Body::ChainWrite(pb::ChainWrite {
            instruction,
            signature,
        }));
    }

    fn tell_late(&self, body: Body) {
        self.change(|seen| seen.late.push(body));
    }
}

//! What binds a proof to one job.

use crate::{CircuitId, Digest, Word, truncate};

/// Everything that a proof is bound to without computing with it. A proof made for another job,
/// node, spec or circuit has another context, hence another public input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context {
    /// The program that holds the escrow.
    pub program: [u8; 32],
    /// The escrow account.
    pub escrow: [u8; 32],
    /// The user's name for the job.
    pub job_id: [u8; 16],
    /// Who pays.
    pub user: [u8; 32],
    /// The wallet that owns the node.
    pub node: [u8; 32],
    /// SHA-256 of the canonical job spec: architecture, hyper-parameters, runtime class.
    pub spec_hash: Digest,
    /// The circuit fixed when the job was created.
    pub circuit: CircuitId,
}

impl Context {
    /// SHA-256 of "cyx/ctx/v1" and the fields in order, first byte zero.
    pub fn word(&self, sha256: impl Fn(&[&[u8]]) -> Digest) -> Word {
        truncate(sha256(&[
            b"cyx/ctx/v1",
            &self.program,
            &self.escrow,
            &self.job_id,
            &self.user,
            &self.node,
            &self.spec_hash,
            &self.circuit,
        ]))
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::collections::HashSet;

    use super::*;
    use crate::sha256;

    #[test]
    fn every_party_to_a_job_moves_the_context() {
        let base = Context {
            program: [1; 32],
            escrow: [1; 32],
            job_id: [1; 16],
            user: [1; 32],
            node: [1; 32],
            spec_hash: [1; 32],
            circuit: [1; 32],
        };
        let other = [2; 32];
        let contexts = [
            base,
            Context {
                program: other,
                ..base
            },
            Context {
                escrow: other,
                ..base
            },
            Context {
                job_id: [2; 16],
                ..base
            },
            Context {
                user: other,
                ..base
            },
            Context {
                node: other,
                ..base
            },
            Context {
                spec_hash: other,
                ..base
            },
            Context {
                circuit: other,
                ..base
            },
        ];
        let words: HashSet<_> = contexts
            .iter()
            .map(|context| context.word(sha256))
            .collect();
        assert_eq!(words.len(), contexts.len());
        assert!(words.iter().all(|word| word[0] == 0));
    }
}

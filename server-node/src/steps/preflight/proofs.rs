//! What this node can prove.

use cyxwiz_proof::keys::warning;
use cyxwiz_statement::{REGISTRY, Registered};
use serde::Serialize;

use crate::{config::Settings, steps::terms::check_node};

/// What this node can prove.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proofs {
    /// Circuits, by name. Their proving keys are read, or made, when a job first needs them.
    pub circuits: Vec<&'static str>,
    /// Whether anyone can forge proofs that verify with the keys of any of them.
    pub insecure_development_keys: bool,
}

/// The circuits that this node makes proofs with; the coordinator gives it no job with another one.
pub fn provable(settings: &Settings) -> Vec<&'static Registered> {
    let provable = |circuit: &&_| check_node(settings, circuit, 0).is_ok();
    REGISTRY.iter().filter(provable).collect()
}

/// Looks, and logs what the operator should know.
pub fn find(settings: &Settings) -> Proofs {
    let circuits = provable(settings);
    if circuits.is_empty() {
        tracing::warn!(
            "this node proves no training, so it gets no jobs with a proof; see proof.enabled and the machine's memory"
        );
    }
    let insecure = circuits.iter().find_map(|circuit| warning(circuit));
    if let Some(banner) = insecure {
        tracing::warn!("{banner}");
    }
    Proofs {
        circuits: circuits.iter().map(|circuit| circuit.name).collect(),
        insecure_development_keys: insecure.is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_that_is_not_to_prove_announces_no_circuit() {
        let mut settings = Settings::default();
        let all = provable(&settings);
        assert!(
            !all.is_empty(),
            "no key, or no memory for the smallest circuit"
        );
        assert_eq!(find(&settings).circuits.len(), all.len());
        settings.proof.enabled = false;
        assert!(provable(&settings).is_empty());
        assert!(find(&settings).circuits.is_empty());
    }
}

//! What this node can prove.

use cyxwiz_proof::keys::warning;
use cyxwiz_statement::REGISTRY;
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

/// Looks, and logs what the operator should know.
pub fn find(settings: &Settings) -> Proofs {
    let provable = |circuit: &&_| check_node(settings, circuit, 0).is_ok();
    let circuits: Vec<_> = REGISTRY.iter().filter(provable).collect();
    if circuits.is_empty() {
        tracing::warn!(
            "this node proves no training: it gives up jobs that need a proof, which counts as a failure; \
             see proof.enabled and the machine's memory"
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

//! What this node can prove.

use std::path::PathBuf;

use cyxwiz_proof::keys::warning;
use cyxwiz_statement::{REGISTRY, Registered};
use serde::Serialize;

use crate::{
    config::Settings,
    machine,
    provers::Provers,
    steps::terms::{TermsError, check_node},
};

/// What this node can prove.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proofs {
    /// Circuits, by name. The coordinator gives this node no job with another one.
    pub circuits: Vec<&'static str>,
    /// Circuits that only lack their proving key, and where it belongs.
    pub missing_keys: Vec<MissingKey>,
    /// Whether anyone can forge proofs that verify with the keys of any of them.
    pub insecure_development_keys: bool,
}

/// A key that only a ceremony makes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MissingKey {
    /// Its circuit's name.
    pub circuit: &'static str,
    /// Where it belongs.
    pub path: PathBuf,
}

impl Proofs {
    /// The circuits.
    pub fn registered(&self) -> Vec<&'static Registered> {
        let names = self.circuits.iter();
        names.filter_map(|name| Registered::by_name(name)).collect()
    }
}

/// Looks, and logs what the operator should know. What memory is free now counts, where the operator has not set
/// how much proofs may take.
pub fn provable(settings: &Settings) -> Proofs {
    let memory = settings.proof.memory_mib;
    let memory = memory.unwrap_or_else(machine::available_memory_mib);
    let provers = Provers::new(settings.keys_path(), settings.jobs.provers);
    let proofs = find_among(REGISTRY, settings, &provers, memory);
    for MissingKey { circuit, path } in &proofs.missing_keys {
        tracing::warn!(
            "this node gets no jobs with the circuit {circuit}: put the ceremony's proving key at {}",
            path.display()
        );
    }
    if proofs.circuits.is_empty() {
        tracing::warn!(
            "this node proves no training, so it gets no jobs with a proof; see proof.enabled, proof.keys and the machine's memory"
        );
    }
    let circuits = proofs.registered();
    if let Some(banner) = circuits.iter().find_map(|circuit| warning(circuit)) {
        tracing::warn!("{banner}");
    }
    proofs
}

fn find_among(
    registry: &[Registered],
    settings: &Settings,
    provers: &Provers,
    memory: u64,
) -> Proofs {
    let (mut circuits, mut missing_keys, mut insecure) = (Vec::new(), Vec::new(), false);
    for circuit in registry {
        match check_node(settings, provers, circuit, memory) {
            Ok(()) => {
                circuits.push(circuit.name);
                insecure |= warning(circuit).is_some();
            }
            Err(TermsError::NoProvingKey { circuit, path }) => {
                missing_keys.push(MissingKey { circuit, path });
            }
            // Too much for this machine, this release, or its operator.
            Err(_) => {}
        }
    }
    Proofs {
        circuits,
        missing_keys,
        insecure_development_keys: insecure,
    }
}

#[cfg(test)]
mod tests {
    use cyxwiz_statement::{Key, Trust};

    use super::*;
    use crate::steps::terms::memory_mib;

    fn provers(folder: &std::path::Path) -> Provers {
        Provers::new(folder.to_owned(), 1)
    }

    #[test]
    fn a_node_that_is_not_to_prove_announces_no_circuit() {
        let mut settings = Settings::default();
        settings.proof.memory_mib = Some(1 << 20);
        let all = provable(&settings);
        assert_eq!(all.circuits.len(), REGISTRY.len());
        assert_eq!(all.registered().len(), REGISTRY.len());
        settings.proof.enabled = false;
        assert!(provable(&settings).circuits.is_empty());
    }

    #[test]
    fn circuits_are_announced_whose_proofs_fit_into_the_memory_for_them() {
        let dir = tempfile::tempdir().expect("dir");
        let small = Registered::by_name("z16x4-ci").expect("registered");
        let find = |memory| {
            find_among(REGISTRY, &Settings::default(), &provers(dir.path()), memory).circuits
        };
        assert_eq!(find(memory_mib(small) - 1), [""; 0]);
        assert_eq!(find(memory_mib(small)), [small.name]);
    }

    /// Only development keys are made when they are needed.
    #[test]
    fn a_circuit_without_its_ceremonys_proving_key_is_not_announced() {
        let dir = tempfile::tempdir().expect("dir");
        let provers = provers(dir.path());
        let circuit = Registered::by_name("z16x4-ci").expect("registered");
        let key = circuit.key.map(|key| Key {
            trust: Trust::Ceremony,
            ..key
        });
        let of_a_ceremony = Registered { key, ..*circuit };
        let find = || find_among(&[of_a_ceremony], &Settings::default(), &provers, 1 << 20);
        let (circuit, path) = (circuit.name, provers.key_path(&circuit.circuit));
        let without = find();
        assert_eq!(without.circuits, [""; 0]);
        let missing = MissingKey {
            circuit,
            path: path.clone(),
        };
        assert_eq!(without.missing_keys, [missing]);
        std::fs::write(path, "a key").expect("put there");
        let with = find();
        assert_eq!((with.circuits, with.missing_keys), (vec![circuit], vec![]));
        assert!(!with.insecure_development_keys);
    }
}

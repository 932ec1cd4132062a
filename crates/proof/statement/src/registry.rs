//! The circuits that jobs may name, and the keys their proofs are verified with.

use crate::{Circuit, CircuitId, Digest, Training};

/// Bytes of a verifying key as groth16-solana takes it: α (64), β, γ, δ (128 each), and the points
/// (64 each) of the constant and of the one public input.
pub const VERIFYING_KEY_BYTES: usize = 576;

/// Where a key comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Made from a published seed: anyone can forge proofs with it. For development alone.
    InsecureDev,
    /// From a ceremony of several parties, of whom one honest suffices.
    Ceremony,
}

/// A verifying key and where it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// The key's bytes.
    pub bytes: &'static [u8; VERIFYING_KEY_BYTES],
    /// SHA-256 of the bytes.
    pub sha256: Digest,
    /// Where it comes from.
    pub trust: Trust,
}

/// A circuit that jobs may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Registered {
    /// For people and file names.
    pub name: &'static str,
    /// Its dimensions.
    pub circuit: Circuit,
    /// SHA-256 of the dimensions: [`Circuit::id`].
    pub id: CircuitId,
    /// Number of constraints.
    pub constraints: u32,
    /// The digest of its constraints, which keys are made for.
    pub r1cs: Digest,
    /// What its proofs are verified with; `None` where no key is registered for this kind of build.
    pub key: Option<Key>,
}

impl Registered {
    /// The circuit with this id.
    pub fn by_id(id: &CircuitId) -> Option<&'static Self> {
        REGISTRY.iter().find(|entry| entry.id == *id)
    }

    /// The circuit with this name.
    pub fn by_name(name: &str) -> Option<&'static Self> {
        REGISTRY.iter().find(|entry| entry.name == name)
    }
}

/// A training circuit of up to 100 epochs with batches of 32, 2^10 of them.
const fn classifier(inputs: u16, outputs: u16, step_bits: u8, samples: u8) -> Circuit {
    Circuit {
        epochs: 100,
        step_bits,
        training: Some(Training {
            inputs,
            outputs,
            batch: 32,
            batch_bits: 10,
            samples,
        }),
    }
}

/// Bytes written in hexadecimal.
const fn digest(hex: &str) -> Digest {
    const fn digit(byte: u8) -> u8 {
        match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            _ => panic!("not a lower-case hexadecimal digit"),
        }
    }
    let hex = hex.as_bytes();
    assert!(hex.len() == 64, "a digest has 64 hexadecimal digits");
    let mut digest = [0; 32];
    let mut i = 0;
    while i < 32 {
        digest[i] = digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]);
        i += 1;
    }
    digest
}

/// A development key from its file, in builds that have them.
macro_rules! dev_key {
    ($name:literal, $sha256:literal) => {{
        #[cfg(feature = "insecure-dev-keys")]
        let key = Some(Key {
            bytes: include_bytes!(concat!("../keys/insecure-dev/", $name, ".vk")),
            sha256: digest($sha256),
            trust: Trust::InsecureDev,
        });
        #[cfg(not(feature = "insecure-dev-keys"))]
        let key = None;
        key
    }};
}

/// All circuits that jobs may name. Rows are written by the example `register_keys` of the proof crate.
pub const REGISTRY: &[Registered] = &[
    Registered {
        name: "t100x16",
        circuit: Circuit::transcript(100, 4),
        id: digest("0000000000000000000000000000000000000000000000000000000000000000"),
        constraints: 0,
        r1cs: digest("0000000000000000000000000000000000000000000000000000000000000000"),
        key: dev_key!("t100x16", "0000000000000000000000000000000000000000000000000000000000000000"),
    },
    Registered {
        name: "z16x4-ci",
        circuit: Circuit {
            epochs: 8,
            step_bits: 3,
            training: Some(Training {
                inputs: 16,
                outputs: 4,
                batch: 8,
                batch_bits: 4,
                samples: 1,
            }),
        },
        id: digest("0000000000000000000000000000000000000000000000000000000000000000"),
        constraints: 0,
        r1cs: digest("0000000000000000000000000000000000000000000000000000000000000000"),
        key: dev_key!("z16x4-ci", "0000000000000000000000000000000000000000000000000000000000000000"),
    },
    Registered {
        name: "z30x2",
        circuit: classifier(30, 2, 4, 1),
        id: digest("0000000000000000000000000000000000000000000000000000000000000000"),
        constraints: 0,
        r1cs: digest("0000000000000000000000000000000000000000000000000000000000000000"),
        key: dev_key!("z30x2", "0000000000000000000000000000000000000000000000000000000000000000"),
    },
    Registered {
        name: "z64x10",
        circuit: classifier(64, 10, 6, 1),
        id: digest("0000000000000000000000000000000000000000000000000000000000000000"),
        constraints: 0,
        r1cs: digest("0000000000000000000000000000000000000000000000000000000000000000"),
        key: dev_key!("z64x10", "0000000000000000000000000000000000000000000000000000000000000000"),
    },
    Registered {
        name: "z64x10-k2",
        circuit: classifier(64, 10, 6, 2),
        id: digest("0000000000000000000000000000000000000000000000000000000000000000"),
        constraints: 0,
        r1cs: digest("0000000000000000000000000000000000000000000000000000000000000000"),
        key: dev_key!("z64x10-k2", "0000000000000000000000000000000000000000000000000000000000000000"),
    },
    Registered {
        name: "z64x10-k4",
        circuit: classifier(64, 10, 6, 4),
        id: digest("0000000000000000000000000000000000000000000000000000000000000000"),
        constraints: 0,
        r1cs: digest("0000000000000000000000000000000000000000000000000000000000000000"),
        key: dev_key!("z64x10-k4", "0000000000000000000000000000000000000000000000000000000000000000"),
    },
];

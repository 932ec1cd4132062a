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

/// A verifying key, the proving key made with it, and where both come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// The key's bytes.
    pub bytes: &'static [u8; VERIFYING_KEY_BYTES],
    /// SHA-256 of the bytes.
    pub sha256: Digest,
    /// SHA-256 of the file with the proving key; a prover reads no other.
    pub proving_key: Digest,
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

/// A development key from its file, its digest and the proving key's, in builds that have them.
macro_rules! dev_key {
    ($name:literal, $sha256:literal, $proving_key:literal) => {{
        #[cfg(feature = "insecure-dev-keys")]
        let key = Some(Key {
            bytes: include_bytes!(concat!("../keys/insecure-dev/", $name, ".vk")),
            sha256: digest($sha256),
            proving_key: digest($proving_key),
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
        id: digest("b1bada998c052448a98c3abe2dc31c16276ba3adb0dbd88cf9a491daa3eacb68"),
        constraints: 58_824,
        r1cs: digest("bdaa1d6ce586938600dc1068916ae4f13680deff25ccbafab4f03e9102c2276a"),
        key: dev_key!(
            "t100x16",
            "1334d0b47bab2d3d2dcf9e5606509f53e5d835e507d14cca52e93a347f58d406",
            "7c05eb34f31bfc9c0c4eb0ff0e10bd7764831dea5715f84635ba83bee1b350f2"
        ),
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
        id: digest("c8cec7e2ea7d86592e58920fbbaf323b00646d7391ced46b95be399d16428b68"),
        constraints: 14_862,
        r1cs: digest("c4c886a1b37997231a4d935523d32c47ab9e5003c7c4e9713a03160457ba073e"),
        key: dev_key!(
            "z16x4-ci",
            "eb7a3260b7081298580d44d33980faa89ec82d1860d489d649aa29202a7de8b6",
            "28b651524797ab37f1916fdd341aa6039fb5530dbb5364e3d124b4f6289c700e"
        ),
    },
    Registered {
        name: "z30x2",
        circuit: classifier(30, 2, 4, 1),
        id: digest("24e4cf3ff1b818842a30170d3e9f8b28dd1a1b3dcd473e199e193289d5227308"),
        constraints: 83_455,
        r1cs: digest("761df41289f20f65ffee926a01ebddf5d3e3d8624c32e2d6fc5548d19f2b9473"),
        key: dev_key!(
            "z30x2",
            "396c4561bfa2a1ff0b83ed7f60f368155d2aa17585bda1a3aff10cdc292bb22f",
            "02e080832f31e82eaef67c844b9876e6eeb704862552e7a2826225cd561fc10f"
        ),
    },
    Registered {
        name: "z64x10",
        circuit: classifier(64, 10, 6, 1),
        id: digest("2c84474eca05c7977de4246dada65f57888f437b505f0cc5867153cc5d192e1c"),
        constraints: 122_858,
        r1cs: digest("b8dc6f967305a7ef73007c723f271f610df10c1ca9ae594cd34d21d482f35b7e"),
        key: dev_key!(
            "z64x10",
            "689434e3ef26373974ea511e013d9ddc8f390a3866150232d88b3cdc378d8596",
            "b54daf7c5b53bffd202825b38e0a752edb3ee92ea4c5dafd376395a72140b137"
        ),
    },
    Registered {
        name: "z64x10-k2",
        circuit: classifier(64, 10, 6, 2),
        id: digest("f922ae226557d74d16f4d3717913c869957f12d38c08531f59b8596fbf360a3b"),
        constraints: 186_392,
        r1cs: digest("2a6a9aa12e72997575afa91057b0e0517d45ecb61b44ede29be32b718521957d"),
        key: dev_key!(
            "z64x10-k2",
            "94bf6b3e7076cb285a50b10e940a6dbb1b2117e6ddc250d6a040b105931ee41f",
            "299de89138dd2aa013eb356a71c1b9466f23adc7a59a015c4f646ff8ac95e7ff"
        ),
    },
    Registered {
        name: "z64x10-k4",
        circuit: classifier(64, 10, 6, 4),
        id: digest("1bdd49430f3287690f062d2db5faf1230ce011aa92ec665a08a64f8e1eef5aa8"),
        constraints: 313_460,
        r1cs: digest("2f906fab92a91a638b0a80e9d1ca2bd5df5ffbbde07458692e7d06b409864795"),
        key: dev_key!(
            "z64x10-k4",
            "88a8f265acecd72e9077e2fe7f22dbb86bfce72261961b4302457d229fdb4eea",
            "b9c59da8fd49274cbbc75251646751012558fb477f915b90069f597aa62018d0"
        ),
    },
    Registered {
        name: "z784x10",
        circuit: Circuit {
            epochs: 100,
            step_bits: 5,
            training: Some(Training {
                inputs: 784,
                outputs: 10,
                batch: 16,
                batch_bits: 12,
                samples: 1,
            }),
        },
        id: digest("8f86c94d4a7f1ba5784c29439dc0f1932b1768c01c3679d2f2feaff66ada01c0"),
        constraints: 368_965,
        r1cs: digest("60d1c93063af84006934716ea1c0b4579bd38c57bca3840f89911614e0893799"),
        key: dev_key!(
            "z784x10",
            "3caad6055b1f5f835ae37b1008b30920f175799082d75f97fff2ef09c6e4fe78",
            "2f13498e16687f1cf84010d9db30a7e86522d6a3396dbcdb849274b6a7d70070"
        ),
    },
];

#[cfg(test)]
mod tests {
    extern crate std;
    use std::collections::HashSet;

    use super::*;
    use crate::sha256;

    #[test]
    fn entries_are_what_they_say() {
        for entry in REGISTRY {
            assert_eq!(entry.circuit.check(), Ok(()), "{}", entry.name);
            assert_eq!(entry.circuit.id(sha256), entry.id, "{}", entry.name);
            assert_eq!(Registered::by_id(&entry.id), Some(entry));
            assert_eq!(Registered::by_name(entry.name), Some(entry));
            if let Some(key) = entry.key {
                assert_eq!(sha256(&[key.bytes]), key.sha256, "{}", entry.name);
            }
        }
        let names: HashSet<_> = REGISTRY.iter().map(|entry| entry.name).collect();
        assert_eq!(names.len(), REGISTRY.len());
    }

    #[test]
    #[cfg(not(feature = "insecure-dev-keys"))]
    fn builds_without_development_keys_have_none() {
        let trusts = REGISTRY.iter().filter_map(|entry| entry.key);
        assert!(trusts.into_iter().all(|key| key.trust == Trust::Ceremony));
    }
}

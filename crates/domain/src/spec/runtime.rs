//! Runtime classes: what must be alike for floating-point training to give the same bits again.

use serde::{Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use crate::Digest;

/// A kind of machine and software on which a deterministic job gives the same bits each time, on the
/// CPU. PyTorch promises that across neither releases nor instruction sets, so a class names both, and
/// the number of threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuntimeClass {
    name: &'static str,
    libtorch: &'static str,
    threads: u32,
    environment: &'static [(&'static str, &'static str)],
}

/// The environment of a class with this number of threads, by which libtorch and its libraries choose
/// their algorithms: never by what the CPU at hand happens to have, nor by how busy it is.
macro_rules! environment {
    ($threads:literal) => {
        &[
            ("ATEN_CPU_CAPABILITY", "avx2"),
            // The one setting that processors of all makers obey.
            ("MKL_CBWR", "COMPATIBLE"),
            ("MKL_DYNAMIC", "FALSE"),
            ("MKL_NUM_THREADS", $threads),
            ("OMP_DYNAMIC", "FALSE"),
            ("OMP_NUM_THREADS", $threads),
            ("ONEDNN_MAX_CPU_ISA", "AVX2"),
        ]
    };
}

/// All classes that jobs may name. What a class says never changes: another release adds another.
const CLASSES: &[RuntimeClass] = &[
    RuntimeClass {
        name: "torch-2.11-avx2-1",
        libtorch: "2.11.0",
        threads: 1,
        environment: environment!("1"),
    },
    RuntimeClass {
        name: "torch-2.11-avx2-4",
        libtorch: "2.11.0",
        threads: 4,
        environment: environment!("4"),
    },
];

impl RuntimeClass {
    /// The class of this release, which an audited job has that names none.
    pub const DEFAULT: Self = CLASSES[0];

    /// The class with this name.
    pub fn by_name(name: &str) -> Option<Self> {
        CLASSES.iter().find(|class| class.name == name).copied()
    }

    /// All classes.
    pub fn all() -> impl Iterator<Item = Self> {
        CLASSES.iter().copied()
    }

    /// The names of all classes.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Self::all().map(|class| class.name)
    }

    /// Its name in job files.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The version of libtorch, like `2.11.0`.
    pub fn libtorch(&self) -> &'static str {
        self.libtorch
    }

    /// Threads of one operation.
    pub fn threads(&self) -> u32 {
        self.threads
    }

    /// Variables that must have these values before libtorch is loaded, sorted by name.
    pub fn environment(&self) -> &'static [(&'static str, &'static str)] {
        self.environment
    }

    /// What an escrow pins: SHA-256 of "cyxwiz/runtime/v1" and a line `name=value` for each of `device`
    /// (`cpu`), `libtorch`, `threads` and the variables, in this order, each preceded by a newline.
    pub fn hash(&self) -> Digest {
        let mut hasher = Sha256::new_with_prefix("cyxwiz/runtime/v1");
        let threads = self.threads.to_string();
        let fixed = [
            ("device", "cpu"),
            ("libtorch", self.libtorch),
            ("threads", &threads),
        ];
        for (name, value) in fixed.iter().chain(self.environment) {
            hasher.update(format!("\n{name}={value}"));
        }
        Digest(hasher.finalize().into())
    }
}

/// As its name.
impl Serialize for RuntimeClass {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Escrows pin these: a class whose hash changes is another class. Computed with `sha256sum`.
    #[test]
    fn classes_never_change() {
        let hashes: Vec<_> = CLASSES
            .iter()
            .map(|class| format!("{} {}", class.name(), class.hash()))
            .collect();
        assert_eq!(
            hashes,
            [
                "torch-2.11-avx2-1 1355aaaa02f60918cedef9493e7cf8639ca3145637e49222b581184b09e407ac",
                "torch-2.11-avx2-4 66f933b299d093ebe072c195f007082d5fc5c5579d08618d5abc83a7766b8d2d",
            ]
        );
    }

    #[test]
    fn variables_are_sorted_and_threads_agree() {
        for class in CLASSES {
            assert!(class.environment().is_sorted_by_key(|(name, _)| name));
            let threads = class.threads().to_string();
            let counts = class
                .environment()
                .iter()
                .filter(|(n, _)| n.ends_with("THREADS"));
            assert!(
                counts
                    .map(|(_, value)| *value)
                    .all(|value| value == threads)
            );
            assert_eq!(RuntimeClass::by_name(class.name()), Some(*class));
        }
    }
}

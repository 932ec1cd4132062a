//! The job spec: everything that decides what is trained and how, as one
//! document (TOML for people, canonical JSON between machines) with one hash.

mod cost;
mod data;
mod error;
mod layer;
mod optimizer;
mod plan;
mod runtime;
mod shape;
mod validate;
mod verification;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

pub use cost::{
    REFERENCE_FLOPS, REFERENCE_LAYER_SECONDS, REFERENCE_POSEIDON_SECONDS, REFERENCE_START_SECONDS,
};
pub use data::{ColumnRef, DatasetSpec, Format, SplitSpec};
pub use error::SpecError;
pub use layer::Layer;
pub use optimizer::{OptimizerSpec, Schedule};
pub use plan::{Init, LayerPlan, ModelPlan, ParameterPlan};
pub use runtime::RuntimeClass;
pub use verification::{IntegerTraining, Verification, VerificationTier};

use crate::job::{Priority, Tier};

/// A training job. Every value read by [`JobSpec::from_toml`] or
/// [`JobSpec::from_json`] has passed [`JobSpec::validate`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobSpec {
    /// Name, length and reproducibility of the run.
    pub job: Run,
    /// The rows and how to read them.
    pub dataset: DatasetSpec,
    /// The network.
    pub model: Model,
    /// Loss and batch.
    pub training: Training,
    /// How the weights move.
    pub optimizer: OptimizerSpec,
    /// How the learning rate moves.
    #[serde(default)]
    pub schedule: Schedule,
    /// What the job asks of a node.
    #[serde(default)]
    pub resources: Resources,
    /// How the work is shown to have been done. Left out of the hash where it is absent, so that specs
    /// from before it keep theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verification: Option<Verification>,
}

/// Name, length and reproducibility of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// For people; 1 to 64 characters.
    pub name: String,
    /// Passes over the training rows.
    pub epochs: u32,
    /// Seed of the initial weights, the shuffles and dropout.
    #[serde(default)]
    pub seed: u32,
    /// Number format of the weights.
    #[serde(default)]
    pub precision: Precision,
    /// Only algorithms that give the same bytes each time on the same class of
    /// machine.
    #[serde(default = "yes")]
    pub deterministic: bool,
    /// Every how many epochs the node anchors a checkpoint on the chain. The
    /// trainer itself writes one after each epoch.
    #[serde(default = "one")]
    pub checkpoint_every: u32,
}

/// Number format of weights and arithmetic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// IEEE 754 single precision.
    #[default]
    F32,
}

/// The network: layers applied one after the other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// First to last.
    pub layers: Vec<Layer>,
}

/// Loss and batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// What is minimised.
    pub loss: Loss,
    /// Rows per step.
    pub batch: u32,
}

/// What is minimised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// Classes 0, 1, ... as labels; the model ends in one score per class.
    CrossEntropy,
    /// One number as label; the model ends in one number.
    Mse,
    /// Classes 0, 1, ... as labels; the model ends in one score z per class. With p = clamp(z/4 + 1/2,
    /// 0, 1) and targets y of 15/16 (the row's class) and 1/16, the sum over the classes of
    /// ∫(p − y) dz, 0 at p = y: 2(p − y)² between the corners. Only for training in integers.
    HardSigmoid,
}

impl Loss {
    /// Whether labels are classes; else they are numbers.
    pub const fn classifies(self) -> bool {
        match self {
            Self::CrossEntropy | Self::HardSigmoid => true,
            Self::Mse => false,
        }
    }
}

/// What the job asks of a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Resources {
    /// Memory of the accelerator, MiB; 0 where the CPU will do.
    pub vram_mib: u32,
    /// Main memory, MiB.
    pub ram_mib: u32,
    /// Part of the device's name, or `any`.
    pub gpu: String,
    /// Least reputation of the node.
    pub min_tier: Tier,
    /// Region code, absent for any.
    pub region: Option<String>,
    /// How urgent.
    pub priority: Priority,
}

impl Default for Resources {
    fn default() -> Self {
        Self {
            vram_mib: 0,
            ram_mib: 1024,
            gpu: "any".to_owned(),
            min_tier: Tier::default(),
            region: None,
            priority: Priority::default(),
        }
    }
}

fn yes() -> bool {
    true
}

fn one() -> u32 {
    1
}

impl JobSpec {
    /// Reads and checks a spec written in TOML.
    ///
    /// # Errors
    /// [`SpecError`], naming the field.
    pub fn from_toml(text: &str) -> Result<Self, SpecError> {
        let value: serde_json::Value = toml::from_str(text).map_err(|e| SpecError::Syntax {
            format: "TOML",
            message: e.to_string().trim_end().to_owned(),
        })?;
        Self::from_value(value)
    }

    /// Reads and checks a spec written in JSON, canonical or not.
    ///
    /// # Errors
    /// [`SpecError`], naming the field.
    pub fn from_json(bytes: &[u8]) -> Result<Self, SpecError> {
        let value = serde_json::from_slice(bytes).map_err(|e| SpecError::Syntax {
            format: "JSON",
            message: e.to_string(),
        })?;
        Self::from_value(value)
    }

    fn from_value(value: serde_json::Value) -> Result<Self, SpecError> {
        layer::check_names(&value["model"]["layers"], "model.layers")?;
        let mut spec: Self =
            serde_path_to_error::deserialize(value).map_err(|e| SpecError::Field {
                path: e.path().to_string(),
                message: e.inner().to_string(),
            })?;
        spec.name_runtime_class();
        spec.validate()?;
        Ok(spec)
    }

    /// The one byte form that is sent and hashed: JSON without blanks, keys
    /// sorted, defaults written out, numbers in their shortest exact form, and
    /// no dataset path (the manifest's root names the data, wherever it lies).
    pub fn canonical_bytes(&self) -> Vec<u8> {
        let mut public = self.clone();
        public.dataset.path.clear();
        let value =
            serde_json::to_value(&public).expect("a spec has string keys and finite floats");
        let mut out = Vec::new();
        write_sorted(&value, &mut out);
        out
    }

    /// SHA-256 of [`JobSpec::canonical_bytes`]: what the escrow is bound to.
    pub fn spec_hash(&self) -> [u8; 32] {
        Sha256::digest(self.canonical_bytes()).into()
    }
}

/// Writes `value` with sorted keys, whatever map type `serde_json` was built with.
fn write_sorted(value: &serde_json::Value, out: &mut Vec<u8>) {
    use serde_json::Value;
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            out.push(b'{');
            for (i, (key, value)) in entries.into_iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write_sorted(&Value::String(key.clone()), out);
                out.push(b':');
                write_sorted(value, out);
            }
            out.push(b'}');
        }
        Value::Array(items) => {
            out.push(b'[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write_sorted(item, out);
            }
            out.push(b']');
        }
        scalar => out.extend(scalar.to_string().into_bytes()),
    }
}

#[cfg(test)]
mod tests;

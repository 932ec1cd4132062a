//! How a job's work is shown to have been done. What its circuit cannot hold is refused here, before
//! any money moves.

use cyxwiz_statement::{Circuit, REGISTRY, Registered, Training};
use serde::{Deserialize, Serialize};

use super::{JobSpec, Layer, Loss, OptimizerSpec, RuntimeClass, Schedule, SpecError};

/// What a job asks for as evidence. A spec without this section asks for none but checkpoints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verification {
    /// What is shown.
    pub tier: VerificationTier,
    /// The registered circuit that shows it, like `z64x10`.
    pub circuit: String,
    /// The runtime class of an audited job ([`RuntimeClass`]); one that names none has this release's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime: Option<String>,
}

/// How far the evidence goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VerificationTier {
    /// Training in integers: the proof recomputes whole steps that nobody could foresee.
    ZkExact,
    /// The proof fixes the transcript; an audit repeats segments of it and expects the same bits.
    Audited,
    /// As [`Self::Audited`], within a tolerance, for machines that round differently.
    AuditedTolerant,
    /// The proof fixes the transcript; a second node does the same work.
    Replicated,
}

impl VerificationTier {
    /// What a job of this tier is paid for, and what that leaves open: one sentence for people.
    pub const fn guarantee(self) -> &'static str {
        match self {
            Self::ZkExact => {
                "Paid only with a proof, verified on-chain, unless you cancel; the proof recomputes training steps bit \
                 by bit, drawn after all of them were committed to, and can miss a few false steps among many, which \
                 repeating the run finds."
            }
            Self::Audited => {
                "Paid only with a proof, verified on-chain, unless you cancel; the proof shows that the node fixed its \
                 checkpoints before anyone knew which would be examined, not that they come from training, which \
                 only repeating parts of the run to the same bits does."
            }
            Self::AuditedTolerant => {
                "Paid only with a proof, verified on-chain, unless you cancel; the proof shows that the node fixed its \
                 checkpoints before anyone knew which would be examined, not that they come from training, which \
                 only repeating parts of the run does, within a tolerance that a patient cheat can use."
            }
            Self::Replicated => {
                "Paid only with a proof, verified on-chain, unless you cancel; the proof shows that the node fixed its \
                 checkpoints, not that they come from training, and a second node that does the same work can only \
                 agree roughly."
            }
        }
    }
}

/// A job that trains in integers, with everything its circuit fixes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IntegerTraining {
    /// The circuit's name.
    pub name: &'static str,
    /// The circuit.
    pub circuit: Circuit,
    /// The part of it that recomputes steps.
    pub training: Training,
    /// Learning-rate numerator: the rate of a row's gradient is `rate`/2^11.
    pub rate: u16,
}

impl IntegerTraining {
    /// The most rows that it can be trained on: a batch for each leaf of the dataset's tree.
    pub const fn most_rows(&self) -> u64 {
        (self.training.batch as u64) << self.training.batch_bits
    }

    /// Poseidon hashes that one step's commitment takes: five weights share a word, eleven words a hash.
    pub(super) fn hashes_per_step(&self) -> u64 {
        let words = u64::from(self.training.inputs) * u64::from(self.training.outputs.div_ceil(5));
        words.div_ceil(11)
    }
}

impl JobSpec {
    /// The circuit of the job's proof; `None` where the spec names none that is registered.
    pub fn circuit(&self) -> Option<&'static Registered> {
        Registered::by_name(&self.verification.as_ref()?.circuit)
    }

    /// The runtime class that the job must be trained in; `None` where any will do.
    pub fn runtime_class(&self) -> Option<RuntimeClass> {
        RuntimeClass::by_name(self.verification.as_ref()?.runtime.as_deref()?)
    }

    /// Writes out what an audited job has where it names no class, so that its hash says so.
    pub(super) fn name_runtime_class(&mut self) {
        if let Some(verification) = &mut self.verification
            && verification.tier == VerificationTier::Audited
            && verification.runtime.is_none()
        {
            verification.runtime = Some(RuntimeClass::DEFAULT.name().to_owned());
        }
    }

    /// How the job trains in integers; `None` where it trains in floats.
    pub fn integer_training(&self) -> Option<IntegerTraining> {
        let OptimizerSpec::IntSgd { rate } = self.optimizer else {
            return None;
        };
        let Registered { name, circuit, .. } = *self.circuit()?;
        let training = circuit.training?;
        Some(IntegerTraining {
            name,
            circuit,
            training,
            rate,
        })
    }

    pub(super) fn validate_verification(&self) -> Result<(), SpecError> {
        let exact = |v: &Verification| v.tier == VerificationTier::ZkExact;
        let proven = self.verification.as_ref().is_some_and(exact);
        if matches!(self.optimizer, OptimizerSpec::IntSgd { .. }) && !proven {
            return Err(SpecError::invalid(
                "optimizer.type",
                "int_sgd takes its batches from a circuit; add `[verification]` with `tier = \"zk-exact\"` and a `circuit`",
            ));
        }
        if (self.training.loss == Loss::HardSigmoid) != proven {
            let problem = match proven {
                true => "the tier zk-exact trains with `loss = \"hard_sigmoid\"` alone",
                false => {
                    "hard_sigmoid belongs to the tier zk-exact; use cross_entropy, or set `verification.tier`"
                }
            };
            return Err(SpecError::invalid("training.loss", problem));
        }
        let Some(verification) = &self.verification else {
            return Ok(());
        };
        let Some(Registered { circuit, .. }) = self.circuit() else {
            return Err(self.other_circuit(verification, "is not registered"));
        };
        if circuit.training.is_some() != proven {
            let problem = match proven {
                true => "recomputes nothing, as the tier zk-exact must",
                false => "recomputes training in integers, which only the tier zk-exact does",
            };
            return Err(self.other_circuit(verification, problem));
        }
        if self.job.epochs > u32::from(circuit.epochs) {
            let problem = format!(
                "is {}, but the circuit {} has room for {}; train fewer, or name a larger `verification.circuit`",
                self.job.epochs, verification.circuit, circuit.epochs
            );
            return Err(SpecError::invalid("job.epochs", problem));
        }
        if verification.tier == VerificationTier::Audited && !self.job.deterministic {
            return Err(SpecError::invalid(
                "job.deterministic",
                "an audited job must give the same bits again; set it to true, or use the tier audited-tolerant",
            ));
        }
        self.validate_runtime(verification)?;
        match &circuit.training {
            Some(training) => self.validate_integers(&verification.circuit, training),
            None => Ok(()),
        }
    }

    /// Bits are the same again in one class only, and the other tiers do not ask for the same bits.
    fn validate_runtime(&self, verification: &Verification) -> Result<(), SpecError> {
        let path = "verification.runtime";
        match (&verification.runtime, verification.tier) {
            (None, VerificationTier::Audited) => {
                let problem = format!(
                    "is missing; name one, like {}",
                    RuntimeClass::DEFAULT.name()
                );
                Err(SpecError::invalid(path, problem))
            }
            (None, _) => Ok(()),
            (Some(name), VerificationTier::Audited) => match RuntimeClass::by_name(name) {
                Some(_) => Ok(()),
                None => {
                    let names: Vec<_> = RuntimeClass::names().collect();
                    let problem = format!(
                        "{name} is not registered; the classes are {}",
                        names.join(", ")
                    );
                    Err(SpecError::invalid(path, problem))
                }
            },
            (Some(_), _) => Err(SpecError::invalid(
                path,
                "only the tier audited asks for the same bits again; leave it out",
            )),
        }
    }

    /// What IntSGD-v1 and the dimensions of a training circuit leave no choice about.
    fn validate_integers(&self, name: &str, training: &Training) -> Result<(), SpecError> {
        let OptimizerSpec::IntSgd { rate } = self.optimizer else {
            return Err(SpecError::invalid(
                "optimizer.type",
                "the tier zk-exact trains in integers; use `type = \"int_sgd\"`",
            ));
        };
        if rate == 0 {
            return Err(SpecError::invalid(
                "optimizer.rate",
                "is 0; it must be 1 to 65535",
            ));
        }
        if self.schedule != (Schedule::Constant {}) {
            return Err(SpecError::invalid(
                "schedule.type",
                "int_sgd has one rate for all epochs; leave the schedule out",
            ));
        }
        let outputs = match self.model.layers.as_slice() {
            [Layer::Linear { out, bias: false }] if self.dataset.shape.len() == 1 => *out,
            [Layer::Flatten {}, Layer::Linear { out, bias: false }] => *out,
            _ => {
                return Err(SpecError::invalid(
                    "model.layers",
                    "the tier zk-exact holds one linear layer on flat inputs: `[{ type = \"flatten\" }, { type = \"linear\", out = ..., bias = false }]`",
                ));
            }
        };
        let sizes = [
            (
                "dataset.shape",
                "inputs",
                self.dataset.sample_len(),
                training.inputs,
            ),
            (
                "model.layers",
                "outputs",
                u64::from(outputs),
                training.outputs,
            ),
            (
                "training.batch",
                "rows per batch",
                u64::from(self.training.batch),
                training.batch,
            ),
        ];
        for (path, what, given, room) in sizes {
            if given != u64::from(room) {
                let problem = format!(
                    "gives {given} {what}, but the circuit {name} has {room}; change it, or name another `verification.circuit`"
                );
                return Err(SpecError::invalid(path, problem));
            }
        }
        Ok(())
    }

    fn other_circuit(&self, verification: &Verification, problem: &str) -> SpecError {
        let exact = verification.tier == VerificationTier::ZkExact;
        let fitting = REGISTRY
            .iter()
            .filter(|entry| entry.circuit.training.is_some() == exact);
        let names: Vec<_> = fitting.map(|entry| entry.name).collect();
        let problem = format!(
            "{} {problem}; the circuits of this tier are {}",
            verification.circuit,
            names.join(", ")
        );
        SpecError::invalid("verification.circuit", problem)
    }
}

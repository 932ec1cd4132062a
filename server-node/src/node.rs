//! What all parts of a running node share.

use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use cyxwiz_domain::spec::RuntimeClass;
use cyxwiz_statement::Registered;
use tokio::sync::mpsc;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    config::Settings,
    coordinator_client::Report,
    identity::Identity,
    jobs::{Job, Jobs, Phase, UsedTokens},
    ledger::Ledger,
    machine,
    provers::Provers,
    steps::{decide::Policy, drive, terms::memory_mib},
};

/// A running node.
pub struct Node {
    /// What the operator set.
    pub settings: Settings,
    /// Who it is.
    pub identity: Identity,
    /// The chain.
    pub ledger: Arc<dyn Ledger>,
    /// Its jobs.
    pub jobs: Jobs,
    /// Job tokens that were used.
    pub used_tokens: UsedTokens,
    /// The runtime classes that it keeps.
    pub runtime_classes: Vec<RuntimeClass>,
    /// The circuits that it makes proofs with.
    pub circuits: Vec<&'static Registered>,
    /// Where proofs are made.
    pub provers: Provers,
    /// News for the coordinator; lost when it does not listen.
    pub reports: mpsc::Sender<Report>,
    /// Whether the coordinator hears from this node.
    pub line_up: AtomicBool,
    /// Ends everything.
    pub shutdown: CancellationToken,
    /// Tasks that end after `shutdown`.
    pub tasks: TaskTracker,
}

impl Node {
    /// Takes care of a job until it is forgotten.
    pub fn start_driving(self: &Arc<Self>, job: Arc<Job>) {
        self.tasks.spawn(drive::drive(Arc::clone(self), job));
    }

    /// What operator, job and machine decide about its steps.
    pub fn policy(&self, job: &Job) -> Policy {
        let jobs = &self.settings.jobs;
        let seconds = |time: Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX / 4);
        let lacks_memory = |circuit| machine::available_memory_mib() < memory_mib(circuit);
        let proven_next = job.record().phase == Phase::Proving;
        Policy {
            node: self.identity.address(),
            anchor_every: jobs.anchor_every.max(job.spec().job.checkpoint_every),
            stop_grace: seconds(jobs.stop_grace),
            upload_timeout: seconds(jobs.upload_timeout),
            proof_allowance: seconds(self.settings.proof.allowance),
            lacks_memory: proven_next && job.spec().circuit().is_some_and(lacks_memory),
            declines: true,
        }
    }

    /// Tells the coordinator, if there is room.
    pub fn report(&self, report: Report) {
        // The chain says the same, only later.
        let _ = self.reports.try_send(report);
    }
}

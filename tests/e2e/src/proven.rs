//! A market with one job that has a transcript, and what becomes of the two on the chain.

use std::{fs, path::Path};

use cyxwiz_chain::{Chain, EscrowAccount, TranscriptAccount, TranscriptStage, pda};
use cyxwiz_domain::{Address, JobId, training::TranscriptRecord};
use cyxwiz_proof::job::leaves_hash;
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::{Finished, JobFile, Running, Stack, eventually};

/// Slots after a commitment from which on its challenge can be drawn: the target's hash is listed a slot later.
const UNTIL_REVEAL: u64 = 33;
/// Slots after which it is drawn without the nonces that are missing.
const UNTIL_TIMEOUT: u64 = 451;

/// A market and its one job.
pub struct ProvenJob {
    /// The market.
    pub stack: Stack,
    /// The job.
    pub id: JobId,
    /// Its escrow's address.
    pub escrow: Address,
    chain: Chain,
    runtime: Runtime,
}

impl ProvenJob {
    /// Brings a market up and has its user run a job; returns when the job is assigned.
    pub fn start(file: impl FnOnce(&Path) -> JobFile) -> (Self, Running) {
        let stack = Stack::up();
        let file = file(stack.dir()).write(stack.dir());
        let run = stack.spawn(&["job", "run", file.to_str().expect("UTF-8")]);
        let id: JobId = eventually("the job to be assigned", || {
            let jobs = stack.cyxwiz(&["job", "list"]).json();
            let job = jobs.as_array()?.first()?;
            job["node"].as_str()?;
            job["job_id"].as_str()?.parse().ok()
        });
        let job = Self {
            escrow: pda::escrow(stack.wallet("user").address(), id),
            chain: stack.chain(),
            runtime: Runtime::new().expect("a runtime"),
            stack,
            id,
        };
        (job, run)
    }

    /// The escrow as it is.
    pub fn account(&self) -> EscrowAccount {
        let read = self.runtime.block_on(self.chain.escrow(self.escrow));
        read.expect("the chain").expect("an escrow")
    }

    /// The transcript as it is, unless it is closed.
    pub fn transcript(&self) -> Option<TranscriptAccount> {
        let read = self.runtime.block_on(self.chain.transcript(self.escrow));
        read.expect("the chain")
    }

    /// Waits until the transcript is at `stage` or a later one.
    pub fn await_stage(&self, stage: TranscriptStage) -> TranscriptAccount {
        eventually(&format!("the transcript to be {stage:?}"), || {
            let transcript = self.transcript()?;
            (transcript.stage as u8 >= stage as u8).then_some(transcript)
        })
    }

    /// Waits for the commitment, and skips the slots until the challenge can be drawn.
    pub fn skip_to_the_challenge(&self) {
        self.await_stage(TranscriptStage::Committed);
        self.stack.advance_slots(UNTIL_REVEAL);
    }

    /// Skips the slots in which nonces may still come.
    pub fn skip_the_nonces(&self) {
        self.stack.advance_slots(UNTIL_TIMEOUT);
    }

    /// Moves the clock behind the window in which the user may object.
    pub fn skip_the_window(&self) {
        let escrow = eventually("the completion", || {
            let escrow = self.account();
            (escrow.release_at > 0).then_some(escrow)
        });
        let now = self.runtime.block_on(self.chain.unix_time());
        let left = escrow.release_at - now.expect("the chain's clock");
        self.stack.advance_time(left.max(0) + 60);
    }

    /// Waits for the end of the escrow.
    pub fn await_settled(&self) -> EscrowAccount {
        eventually("the job to be settled", || {
            let escrow = self.account();
            escrow.state.is_settled().then_some(escrow)
        })
    }

    /// Waits until the transcript's rent is given back.
    pub fn await_closed(&self) {
        eventually("the transcript to be closed", || {
            self.transcript().is_none().then_some(())
        });
    }

    /// Name of the process of the job's node.
    pub fn node(&self) -> String {
        self.stack
            .node_called(self.account().node.expect("assigned"))
    }

    /// The transcript that a report says its user has, of the work that the chain was told of in `account`.
    pub fn kept_transcript(&self, report: &Value, account: &TranscriptAccount) -> TranscriptRecord {
        let path = report["transcript_file"].as_str().expect("a path");
        let bytes = fs::read(path).expect("a transcript");
        let record: TranscriptRecord = serde_json::from_slice(&bytes).expect("JSON");
        assert_eq!(leaves_hash(&record), account.leaves_hash);
        record
    }

    /// Units that the transaction called `name` in a report took.
    pub fn compute_units(&self, report: &Value, name: &str) -> u64 {
        let signature = report["transactions"][name].as_str();
        let signature = signature.unwrap_or_else(|| panic!("no {name} in {report}"));
        let units = self.runtime.block_on(self.chain.compute_units(signature));
        units.expect("the chain").expect("it landed")
    }

    /// The same job once more, from another process.
    pub fn watch(&self) -> Finished {
        self.stack.cyxwiz(&["job", "watch", &self.id.to_string()])
    }

    /// The same in the background.
    pub fn spawn_watch(&self) -> Running {
        self.stack.spawn(&["job", "watch", &self.id.to_string()])
    }

    /// Reads the chain in another way.
    pub fn ask<T>(&self, ask: impl AsyncFnOnce(&Chain) -> T) -> T {
        self.runtime.block_on(ask(&self.chain))
    }
}

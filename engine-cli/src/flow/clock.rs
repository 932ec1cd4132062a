//! How long each phase of a run takes, over restarts.

use std::{collections::BTreeMap, time::Instant};

/// Adds the time of the phase that ends to the phase's total.
#[derive(Debug, Default)]
pub struct PhaseClock {
    running: Option<(&'static str, Instant)>,
}

impl PhaseClock {
    /// Ends the phase that runs and begins `phase`.
    pub fn enter(&mut self, phase: &'static str, totals: &mut BTreeMap<String, f64>) {
        if self.running.is_some_and(|(running, _)| running == phase) {
            return;
        }
        self.stop(totals);
        self.running = Some((phase, Instant::now()));
    }

    /// Ends the phase that runs.
    pub fn stop(&mut self, totals: &mut BTreeMap<String, f64>) {
        if let Some((phase, since)) = self.running.take() {
            *totals.entry(phase.to_owned()).or_default() += since.elapsed().as_secs_f64();
        }
    }
}

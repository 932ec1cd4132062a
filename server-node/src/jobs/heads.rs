//! The heads of a job's transcript, as the coordinator is to hold them before anyone knows what the
//! proof must show.

use cyxwiz_domain::Digest;

use super::{Job, KeptEvent};

impl Job {
    /// The heads after all epochs so far, the first epoch's first; empty in a job without a proof.
    pub fn heads(&self) -> Vec<Digest> {
        let inner = self.lock();
        let heads = inner.log.events().iter().filter_map(|event| match event {
            KeptEvent::Epoch { head, .. } => *head,
            _ => None,
        });
        heads.collect()
    }

    /// The heads that the coordinator does not hold yet, with the number of their first epoch (from 1);
    /// `None` if it holds all.
    pub fn heads_to_send(&self) -> Option<(u32, Vec<Digest>)> {
        let held = self.lock().heads_held;
        let mut heads = self.heads();
        let skipped = usize::try_from(held).unwrap_or(usize::MAX);
        if skipped >= heads.len() {
            return None;
        }
        Some((held + 1, heads.split_off(skipped)))
    }

    /// The coordinator says that it holds the heads of the first `held` epochs. Its word counts also
    /// where it is less than before: then they are sent again. Not kept on disk: after a restart all
    /// are sent once more.
    pub fn set_heads_held(&self, held: u32) {
        self.lock().heads_held = held;
    }

    /// The newest epoch and its loss on the rows trained on, if there is one.
    pub fn newest_epoch(&self) -> Option<(u32, f64)> {
        let inner = self.lock();
        let mut newest_first = inner.log.events().iter().rev();
        newest_first.find_map(|event| match event {
            KeptEvent::Epoch {
                epoch, train_loss, ..
            } => Some((*epoch, *train_loss)),
            _ => None,
        })
    }
}

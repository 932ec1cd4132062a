//! Makes proofs, a few at a time, each on a thread of its own.

use std::{path::PathBuf, sync::Arc, thread};

use cyxwiz_proof::{
    groth16::Prover,
    keys::{self, KeyStore, StoreError},
};
use cyxwiz_statement::{Circuit, Registered};
use tokio::sync::{Semaphore, oneshot};

/// Room for proofs, and the keys that they are made with.
#[derive(Debug, Clone)]
pub struct Provers {
    keys: KeyStore,
    room: Arc<Semaphore>,
}

/// The thread that should have had a result ended without one.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the prover's thread ended without a proof; the node's log says why")]
pub struct Vanished;

impl Provers {
    /// Keys in the folder `keys`, and at most `most` proofs at a time.
    pub fn new(keys: PathBuf, most: usize) -> Self {
        Self {
            keys: KeyStore::at(keys),
            room: Arc::new(Semaphore::new(most)),
        }
    }

    /// A circuit's key with what proofs are made by: read from the folder, or, if it is a development
    /// key, made there. Blocks for seconds.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn prover(&self, circuit: &Circuit) -> Result<Prover, StoreError> {
        self.keys.prover(circuit)
    }

    /// Whether the circuit's key is in the folder.
    pub fn has_key(&self, circuit: &Circuit) -> bool {
        self.key_path(circuit).exists()
    }

    /// Where the circuit's key is, or belongs.
    pub fn key_path(&self, circuit: &Circuit) -> PathBuf {
        self.keys.path(circuit)
    }

    /// Whether the circuit's key is there, or can be made: those of a ceremony cannot.
    pub fn can_have_key(&self, circuit: &Registered) -> bool {
        keys::warning(circuit).is_some() || self.has_key(&circuit.circuit)
    }

    /// Runs `work` on a thread when there is room; `waiting` is called if there is none yet. The
    /// thread is not waited for when this is dropped: a node that goes down does not stay for a proof.
    ///
    /// # Errors
    /// [`Vanished`] if `work` panics.
    pub async fn run<T: Send + 'static>(
        &self,
        waiting: impl FnOnce(),
        work: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> Result<T, Vanished> {
        if self.room.available_permits() == 0 {
            waiting();
        }
        let room = Arc::clone(&self.room).acquire_owned().await;
        let room = room.map_err(|_| Vanished)?;
        let (result, done) = oneshot::channel();
        let this = self.clone();
        let run = move || {
            // Nobody may be there any more.
            let _ = result.send(work(&this));
            drop(room);
        };
        let thread = thread::Builder::new().name("prover".to_owned());
        thread.spawn(run).map_err(|_| Vanished)?;
        done.await.map_err(|_| Vanished)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc,
    };

    use super::*;

    #[tokio::test]
    async fn there_is_room_for_so_many_and_a_panic_gives_it_back() {
        let dir = tempfile::tempdir().expect("dir");
        let provers = Provers::new(dir.path().to_owned(), 1);
        let (end, ended) = mpsc::channel::<()>();
        let ended = Mutex::new(ended);
        let waited = AtomicBool::new(false);
        let first = provers.run(
            || panic!("there is room"),
            move |_| ended.lock().expect("no panic").recv().is_ok(),
        );
        let second = provers.run(
            || {
                waited.store(true, Ordering::SeqCst);
                end.send(()).expect("somebody listens");
            },
            |_| -> bool { panic!("on purpose") },
        );
        let (first, second) = tokio::join!(first, second);
        assert!(first.expect("a result"));
        assert!(waited.load(Ordering::SeqCst));
        assert!(second.is_err());
        // It comes back a moment after the result.
        assert!(provers.run(|| (), |_| true).await.is_ok());
    }
}

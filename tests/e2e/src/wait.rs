//! Waiting without guessing how long: poll until a deadline.

use std::{
    future::Future,
    time::{Duration, Instant},
};

const INTERVAL: Duration = Duration::from_millis(50);
/// Generous: the machine may be busy with other tests.
const DEADLINE: Duration = Duration::from_secs(120);

/// Polls `probe` until it answers.
///
/// # Panics
/// When it has not answered in two minutes.
pub fn eventually<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + DEADLINE;
    loop {
        if let Some(answer) = probe() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(INTERVAL);
    }
}

/// Polls `probe` until it answers.
///
/// # Panics
/// When it has not answered in two minutes.
pub async fn eventually_async<T, F>(what: &str, mut probe: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let deadline = Instant::now() + DEADLINE;
    loop {
        if let Some(answer) = probe().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        tokio::time::sleep(INTERVAL).await;
    }
}

//! Tells an escrow that is gone from one that an RPC node does not show: a node
//! that lags, or a new one behind the same address, reads accounts as empty that
//! have been there for long. Pure.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use cyxwiz_domain::JobId;

/// Empty reads in a row that count.
const READS: u32 = 5;
/// And the time they have to span.
const SPAN: Duration = Duration::from_secs(5);

/// Empty reads in a row, of every escrow that reads empty now.
#[derive(Debug, Default)]
pub struct EmptyReads(HashMap<JobId, (u32, Instant)>);

impl EmptyReads {
    /// Notes a read at `now`; whether the escrow is gone. Once told, it is
    /// forgotten.
    pub fn note(&mut self, id: JobId, there: bool, now: Instant) -> bool {
        if there {
            self.0.remove(&id);
            return false;
        }
        let (reads, since) = self.0.entry(id).or_insert((0, now));
        *reads += 1;
        let gone = *reads >= READS && now.saturating_duration_since(*since) >= SPAN;
        if gone {
            self.0.remove(&id);
        }
        gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u128) -> JobId {
        JobId(uuid::Uuid::from_u128(number))
    }

    /// Notes empty reads at these milliseconds.
    fn empty_at<const N: usize>(reads: &mut EmptyReads, start: Instant, at: [u64; N]) -> [bool; N] {
        at.map(|millis| reads.note(id(1), false, start + Duration::from_millis(millis)))
    }

    #[test]
    fn many_reads_in_a_moment_or_few_over_long_are_not_enough() {
        let (mut reads, start) = (EmptyReads::default(), Instant::now());
        let at = [0, 100, 200, 300, 400, 4_999, 5_000];
        let gone = [false, false, false, false, false, false, true];
        assert_eq!(empty_at(&mut reads, start, at), gone);

        let (mut reads, start) = (EmptyReads::default(), Instant::now());
        let at = [0, 10_000, 20_000, 30_000, 40_000];
        assert_eq!(
            empty_at(&mut reads, start, at),
            [false, false, false, false, true]
        );
    }

    #[test]
    fn one_that_is_seen_again_starts_over() {
        let (mut reads, start) = (EmptyReads::default(), Instant::now());
        let seconds = |seconds| start + Duration::from_secs(seconds);
        for second in 0..5 {
            assert!(!reads.note(id(1), false, seconds(second)));
        }
        assert!(!reads.note(id(1), true, seconds(5)));
        for second in 6..11 {
            assert!(!reads.note(id(1), false, seconds(second)));
        }
        assert!(reads.note(id(1), false, seconds(11)));
    }

    #[test]
    fn each_escrow_is_counted_by_itself() {
        let (mut reads, start) = (EmptyReads::default(), Instant::now());
        for second in 0..4 {
            assert!(!reads.note(id(1), false, start + Duration::from_secs(2 * second)));
        }
        assert!(!reads.note(id(2), false, start + Duration::from_secs(8)));
        assert!(reads.note(id(1), false, start + Duration::from_secs(8)));
    }
}

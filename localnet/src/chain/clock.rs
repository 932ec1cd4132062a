//! The chain's idea of time: the wall clock plus an offset that only moves forward.

use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since the Unix epoch as the chain sees them.
#[derive(Clone, Copy, Debug, Default)]
pub struct ChainClock {
    offset: i64,
    last: i64,
}

impl ChainClock {
    /// Continues a clock from a saved offset and the last time it showed, both in seconds.
    pub fn resume(offset: i64, last: i64) -> Self {
        Self { offset, last }
    }

    /// Seconds by which the chain runs ahead of the wall clock.
    pub fn offset(&self) -> i64 {
        self.offset
    }

    /// Reads the clock; never earlier than the previous reading, even when the wall clock is set back.
    pub fn tick(&mut self) -> i64 {
        self.last = self.last.max(wall_clock().saturating_add(self.offset));
        self.last
    }

    /// Moves the clock forward by `seconds`.
    pub fn advance(&mut self, seconds: u32) {
        self.offset = self.offset.saturating_add(i64::from(seconds));
    }

    /// Makes the clock show `unix_timestamp` from now on; false, and no change, when that lies in its past.
    pub fn set(&mut self, unix_timestamp: i64) -> bool {
        if unix_timestamp < self.last {
            return false;
        }
        self.offset = unix_timestamp.saturating_sub(wall_clock());
        true
    }
}

fn wall_clock() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| {
            i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moves_forward_only() {
        let mut clock = ChainClock::default();
        let start = clock.tick();
        clock.advance(3600);
        let later = clock.tick();
        assert!(later >= start + 3600);
        assert!(!clock.set(start));
        assert!(clock.set(later + 100));
        assert!(clock.tick() >= later + 100);
    }
}

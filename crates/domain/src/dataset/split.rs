//! Which rows are held out, and in which order the others are visited. Both are
//! functions of the spec's seeds alone, so anyone can repeat them.

use crate::{spec::JobSpec, training::SplitMix64};

/// Row numbers of the two parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// Rows to train on.
    pub train: Vec<u32>,
    /// Rows to test on, never trained on.
    pub test: Vec<u32>,
}

impl Split {
    /// Holds `test` of `rows` rows out, chosen by `seed`.
    pub fn new(rows: u32, test: u32, seed: u32) -> Self {
        let mut order: Vec<u32> = (0..rows).collect();
        SplitMix64::of(&["split"], &[u64::from(seed)]).shuffle(&mut order);
        let train = order.split_off((test as usize).min(order.len()));
        Self { train, test: order }
    }

    /// Splits `rows` rows as the spec says.
    ///
    /// # Panics
    /// If there are 2^32 rows or more, which no [`Table`](super::Table) has.
    pub fn of(spec: &JobSpec, rows: usize) -> Self {
        let test = spec.test_rows(rows as u64);
        let rows = u32::try_from(rows).expect("a table of 2^32 rows does not fit in memory");
        Self::new(rows, test as u32, spec.dataset.split.seed)
    }
}

/// The order in which `rows` are visited in `epoch` (from 1).
pub fn epoch_order(rows: &[u32], seed: u32, epoch: u32) -> Vec<u32> {
    let mut order = rows.to_vec();
    SplitMix64::of(&["epoch"], &[u64::from(seed), u64::from(epoch)]).shuffle(&mut order);
    order
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_parts_are_disjoint_and_whole(rows in 1u32..2000, share in 0u32..100, seed: u32) {
            let test = rows * share / 100;
            let split = Split::new(rows, test, seed);
            prop_assert_eq!(split.test.len(), test as usize);
            let mut all = [split.train, split.test].concat();
            all.sort_unstable();
            prop_assert_eq!(all, (0..rows).collect::<Vec<_>>());
        }
    }

    #[test]
    fn orders_repeat_and_differ_by_epoch_and_seed() {
        let rows: Vec<u32> = (0..100).collect();
        assert_eq!(epoch_order(&rows, 1, 1), epoch_order(&rows, 1, 1));
        assert_ne!(epoch_order(&rows, 1, 1), epoch_order(&rows, 1, 2));
        assert_ne!(epoch_order(&rows, 1, 1), epoch_order(&rows, 2, 1));
        // The order is part of the protocol: an auditor's must be the node's.
        // Computed apart from this code, in Python.
        assert_eq!(epoch_order(&rows[..8], 7, 3), [6, 3, 2, 4, 5, 0, 7, 1]);
    }
}

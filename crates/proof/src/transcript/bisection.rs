//! Finds a step that two parties disagree about.

/// The number (from 0) of a step before which both agree and after which they do not, among `steps`
/// steps of a run that both start alike and end differently. `agree(n)` compares their commitments
/// after n steps; it is asked at most ⌈log2 steps⌉ times. One honest party suffices: whatever the
/// other claims, the step found is one that the two did not take alike from the same weights, so
/// recomputing it shows who is wrong.
///
/// # Panics
/// If there are no steps to disagree about.
pub fn bisect(steps: u32, mut agree: impl FnMut(u32) -> bool) -> u32 {
    assert!(steps > 0, "a run without steps has no disagreement");
    // Alike after `alike` steps, different after `different`.
    let (mut alike, mut different) = (0, steps);
    while different - alike > 1 {
        let middle = alike + (different - alike) / 2;
        if agree(middle) {
            alike = middle;
        } else {
            different = middle;
        }
    }
    alike
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        field::Fr,
        intsgd::{Divergence, StepId},
        sample_job::{Job, TINY},
    };

    #[test]
    fn every_place_is_found_in_logarithmic_time() {
        for steps in [1_u32, 2, 3, 100, 6400] {
            for wrong in (0..steps).step_by(7) {
                let mut asked = 0;
                let found = bisect(steps, |taken| {
                    asked += 1;
                    taken <= wrong
                });
                assert_eq!(found, wrong);
                assert!(asked <= steps.next_power_of_two().ilog2());
            }
        }
    }

    /// A run with one false step against an honest repetition of it.
    #[test]
    fn a_false_step_in_a_run_is_found() {
        let honest = Job::honest(TINY, 6);
        let spliced = Job::train(TINY, 6, |epoch, step, weights| {
            if (epoch, step) == (4, 3) {
                weights.values_mut()[0] += 1;
            }
        });
        let all = |job: &Job| -> Vec<Fr> { job.leaves().concat() };
        let (honest, claimed) = (all(&honest), all(&spliced));
        let steps = honest.len() as u32;
        let found = bisect(steps, |taken| {
            let last = taken as usize - 1;
            honest[last] == claimed[last]
        });
        assert_eq!(found, 3 * 8 + 3);
        let replay = spliced
            .recipe()
            .replay(&spliced.trajectory[0], &spliced.leaves())
            .unwrap();
        assert_eq!(replay, Divergence::At(StepId { epoch: 4, step: 3 }));
    }
}

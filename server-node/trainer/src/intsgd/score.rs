//! What scores are worth.

use cyxwiz_proof::job::Rows;

use crate::Tally;

/// Scores are in units of 2^-35.
const SCORE_UNIT: f64 = 1.0 / (1_u64 << 35) as f64;
/// Target of a row's own class.
const ON: f64 = 15.0 / 16.0;
/// Target of the others.
const OFF: f64 = 1.0 / 16.0;

/// Adds the loss and the right answers of some rows, scored.
pub(super) fn count(all: &Rows, rows: &[u32], scores: &[i64], tally: &mut Tally) {
    let outputs = usize::from(all.training().outputs);
    for (row, scores) in rows.iter().zip(scores.chunks(outputs)) {
        let class = usize::from(all.classes()[*row as usize]);
        let loss = |(k, z): (usize, &i64)| loss(*z as f64 * SCORE_UNIT, k == class);
        tally.loss += scores.iter().enumerate().map(loss).sum::<f64>();
        tally.correct += u64::from(first_largest(scores) == Some(class));
        tally.rows += 1;
    }
}

/// ∫(p − y) dz for p = clamp(z/4 + 1/2, 0, 1), 0 at p = y.
fn loss(z: f64, own: bool) -> f64 {
    let y = if own { ON } else { OFF };
    let area = match z {
        z if z < -2.0 => 0.0,
        z if z > 2.0 => z,
        z => (z + 2.0).powi(2) / 8.0,
    };
    area - y * z - 2.0 * y * (1.0 - y)
}

/// The first of the largest, as libtorch chooses.
fn first_largest(scores: &[i64]) -> Option<usize> {
    let largest = scores.iter().max()?;
    scores.iter().position(|score| score == largest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loss_is_least_at_the_target() {
        for (own, y) in [(true, ON), (false, OFF)] {
            let best = 4.0 * y - 2.0;
            assert!(loss(best, own).abs() < 1e-12);
            for z in [-9.0, -2.0, -1.0, 0.0, 1.0, 2.0, 9.0] {
                let p = (z / 4.0_f64 + 0.5).clamp(0.0, 1.0);
                assert!(loss(z, own) > 0.0);
                let slope = (loss(z + 1e-6, own) - loss(z - 1e-6, own)) / 2e-6;
                assert!((slope - (p - y)).abs() < 1e-5, "{z}: {slope}");
            }
        }
    }
}

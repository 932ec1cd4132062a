//! The score: pure integer arithmetic over raw counters.

/// Highest score.
pub const MAX_SCORE: u16 = 1_000;

// What each component is worth when perfect; together MAX_SCORE.
const COMPLETION: u64 = 400;
const TIME_ACCURACY: u64 = 250;
const RATINGS: u64 = 200;
const VALID_PROOFS: u64 = 100;
const UPTIME: u64 = 50;

/// Points that a failed job costs.
pub const PENALTY_FAILED: u32 = 50;
/// Points that a job past its deadline costs.
pub const PENALTY_TIMED_OUT: u32 = 30;
/// Points that an invalid proof costs.
pub const PENALTY_INVALID_PROOF: u32 = 100;
/// Points that a lost dispute costs.
pub const PENALTY_DISPUTE_LOST: u32 = 200;
/// Penalty points that a completed job takes back.
pub const RECOVERY_JOB: u32 = 10;
/// Penalty points that a five-star rating takes back.
pub const RECOVERY_FIVE_STARS: u32 = 5;

/// Best rating.
pub const MAX_STARS: u8 = 5;

/// The evidence a score is computed from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Jobs paid in full.
    pub completed: u32,
    /// Jobs that failed, timed out or ended in a lost dispute.
    pub not_completed: u32,
    /// Completed jobs that kept to their estimate.
    pub on_time: u32,
    /// Sum of all stars.
    pub rating_sum: u64,
    /// Number of ratings.
    pub rating_count: u32,
    /// Proofs that verified.
    pub valid_proofs: u32,
    /// Proofs that did not.
    pub invalid_proofs: u32,
    /// Uptime samples that found the node up.
    pub uptime_up: u64,
    /// All uptime samples.
    pub uptime_total: u64,
    /// Penalty points not yet recovered.
    pub penalty: u32,
}

/// 0 to [`MAX_SCORE`]. A component without evidence counts 0, so a new node starts at 0; one star is
/// worth nothing and five are worth the whole component.
pub fn score(evidence: &Evidence) -> u16 {
    let e = evidence;
    let ended = u64::from(e.completed).saturating_add(e.not_completed.into());
    let proofs = u64::from(e.valid_proofs).saturating_add(e.invalid_proofs.into());
    let ratings = u64::from(e.rating_count);
    let above_one_star = e.rating_sum.saturating_sub(ratings);
    let best = ratings.saturating_mul(u64::from(MAX_STARS - 1));

    let earned = share(COMPLETION, e.completed.into(), ended)
        .saturating_add(share(TIME_ACCURACY, e.on_time.into(), e.completed.into()))
        .saturating_add(share(RATINGS, above_one_star, best))
        .saturating_add(share(VALID_PROOFS, e.valid_proofs.into(), proofs))
        .saturating_add(share(UPTIME, e.uptime_up, e.uptime_total));
    let score = earned
        .saturating_sub(e.penalty.into())
        .min(MAX_SCORE.into());
    u16::try_from(score).unwrap_or(MAX_SCORE)
}

/// `weight * part / whole` rounded down, 0 where there is nothing to measure.
fn share(weight: u64, part: u64, whole: u64) -> u64 {
    weight
        .saturating_mul(part.min(whole))
        .checked_div(whole)
        .unwrap_or(0)
}

/// What a score entitles to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// Below 300.
    Bronze,
    /// Below 600.
    Silver,
    /// Below 800.
    Gold,
    /// From 800.
    Diamond,
}

/// The tier of a score.
pub const fn tier(score: u16) -> Tier {
    match score {
        0..300 => Tier::Bronze,
        300..600 => Tier::Silver,
        600..800 => Tier::Gold,
        _ => Tier::Diamond,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_node_scores_nothing() {
        assert_eq!(score(&Evidence::default()), 0);
    }

    #[test]
    fn a_perfect_node_scores_everything() {
        let perfect = Evidence {
            completed: 7,
            on_time: 7,
            rating_sum: 35,
            rating_count: 7,
            valid_proofs: 7,
            uptime_up: 9,
            uptime_total: 9,
            ..Evidence::default()
        };
        assert_eq!(score(&perfect), MAX_SCORE);
    }

    #[test]
    fn components_weigh_as_documented() {
        let evidence = Evidence {
            completed: 3,
            not_completed: 1,
            on_time: 2,
            rating_sum: 6,
            rating_count: 2,
            valid_proofs: 1,
            invalid_proofs: 1,
            uptime_up: 1,
            uptime_total: 2,
            penalty: 10,
        };
        // 300 of 400, 166 of 250, (3-1)/4 of 200, 50 of 100, 25 of 50, less the penalty
        assert_eq!(score(&evidence), 300 + 166 + 100 + 50 + 25 - 10);
    }

    #[test]
    fn penalties_never_go_below_zero_and_extremes_do_not_overflow() {
        let ruined = Evidence {
            completed: 1,
            on_time: 1,
            penalty: u32::MAX,
            ..Evidence::default()
        };
        assert_eq!(score(&ruined), 0);
        let extreme = Evidence {
            completed: u32::MAX,
            not_completed: u32::MAX,
            on_time: u32::MAX,
            rating_sum: u64::MAX,
            rating_count: u32::MAX,
            valid_proofs: u32::MAX,
            invalid_proofs: u32::MAX,
            uptime_up: u64::MAX,
            uptime_total: u64::MAX,
            penalty: 0,
        };
        assert!(score(&extreme) <= MAX_SCORE);
    }

    #[test]
    fn tiers_switch_at_their_limits() {
        let tiers = [0, 299, 300, 599, 600, 799, 800, 1000].map(tier);
        use Tier::*;
        assert_eq!(
            tiers,
            [Bronze, Bronze, Silver, Silver, Gold, Gold, Diamond, Diamond]
        );
    }
}

//! Where the records' fields lie, for good: clients and other programs read them there.

use anchor_lang::{AccountDeserialize, Discriminator, Space};
use reputation::{Config, Rating, Reputation, UserReputation};

/// An account of this type whose bytes all differ from their neighbours, and its bytes.
fn patterned<T: Space + Discriminator + AccountDeserialize>() -> (T, Vec<u8>) {
    let mut data = T::DISCRIMINATOR.to_vec();
    data.extend((0..T::INIT_SPACE).map(|index| (index * 7 + index / 256) as u8));
    let account = T::try_deserialize(&mut data.as_slice()).expect("plain numbers");
    (account, data.split_off(8))
}

macro_rules! assert_at {
    ($account:ident, $data:ident: $($field:ident @ $offset:literal,)*) => {$(
        let bytes = $account.$field.to_le_bytes();
        assert_eq!($data[$offset..][..bytes.len()], bytes, stringify!($field));
    )*};
}

#[test]
fn a_nodes_record_keeps_its_layout() {
    assert_eq!(Reputation::INIT_SPACE, 384);
    let (node, data) = patterned::<Reputation>();
    assert_at!(node, data:
        version @ 0, bump @ 1, score @ 2, distinct_users @ 4, breadth @ 6,
        jobs_completed @ 40, jobs_on_time @ 44, jobs_failed @ 48, jobs_timed_out @ 52,
        jobs_cancelled @ 56, disputes_won @ 60, disputes_lost @ 64, disputes_unresolved @ 68,
        valid_proofs @ 72, invalid_proofs @ 76, rating_count @ 80, uptime_streaks @ 84,
        rating_sum @ 88, completed_weight @ 96, on_time_weight @ 104, stars_weight @ 112,
        rating_weight @ 120, uptime_up @ 128, uptime_total @ 136, last_uptime_at @ 144,
        full_uptime_since @ 152, penalty_points @ 160, recovery_weight @ 168, last_change @ 176,
        seq @ 184, jobs_declined @ 320,
    );
    assert_eq!(data[8..40], node.owner.to_bytes());
    for (index, user) in node.recent_users.iter().enumerate() {
        assert_eq!(data[192 + 8 * index..][..8], user.to_le_bytes());
    }
    assert_eq!(data[324..384], node.reserved);
}

#[test]
fn a_users_record_keeps_its_layout() {
    assert_eq!(UserReputation::INIT_SPACE, 144);
    let (user, data) = patterned::<UserReputation>();
    assert_at!(user, data:
        version @ 0, bump @ 1, jobs @ 40, jobs_paid @ 44, cancels @ 48, disputes_won @ 52,
        disputes_lost @ 56, disputes_unresolved @ 60, last_change @ 64, seq @ 72,
        declined @ 80,
    );
    assert_eq!(data[8..40], user.user.to_bytes());
    assert_eq!(data[84..144], user.reserved);
}

#[test]
fn ratings_and_config_keep_their_sizes() {
    let (rating, data) = patterned::<Rating>();
    assert_eq!(data.len(), 123);
    assert_at!(rating, data: version @ 0, bump @ 1, stars @ 2, rated_at @ 99,);
    let keys = [rating.escrow, rating.node, rating.payer];
    for (index, key) in keys.into_iter().enumerate() {
        assert_eq!(data[3 + 32 * index..][..32], key.to_bytes());
    }
    assert_eq!(Config::INIT_SPACE, 3 + 32 + 33 + 3 * 32 + 128);
}

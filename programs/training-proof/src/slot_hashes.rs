//! The first slot from a given one on, in the runtime's list of recent slots' hashes.

use anchor_lang::prelude::*;
use solana_sdk_ids::sysvar::slot_hashes::ID;
use solana_sysvar::get_sysvar;

/// Entries that the runtime keeps: about three and a half minutes.
pub const MAX_ENTRIES: u64 = 512;

const COUNT_BYTES: u64 = 8;
const ENTRY_BYTES: usize = 40;

/// A slot and its hash.
pub type SlotHash = (u64, [u8; 32]);

/// What the list says about the first slot from a given one on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum First {
    /// It has not come yet.
    NotYet,
    /// This one.
    Found(SlotHash),
    /// It may have left the list: nobody can tell any more.
    Expired,
}

/// The first slot from `slot` on, in the sysvar. Reads a handful of entries, not all 20 kB.
pub fn first_from(slot: u64) -> Result<First> {
    let mut count = [0; COUNT_BYTES as usize];
    get_sysvar(&mut count, &ID, 0, COUNT_BYTES)?;
    search(u64::from_le_bytes(count), slot, |index| {
        let mut entry = [0; ENTRY_BYTES];
        let offset = COUNT_BYTES + index * ENTRY_BYTES as u64;
        get_sysvar(&mut entry, &ID, offset, ENTRY_BYTES as u64)?;
        let [s0, s1, s2, s3, s4, s5, s6, s7, hash @ ..] = entry;
        Ok((u64::from_le_bytes([s0, s1, s2, s3, s4, s5, s6, s7]), hash))
    })
}

/// The first slot from `slot` on in a list of `count` entries, the latest first. Slots may be missing:
/// nothing was made in them.
fn search(count: u64, slot: u64, entry: impl Fn(u64) -> Result<SlotHash>) -> Result<First> {
    // how many entries are of `slot` or later
    let (mut known, mut beyond) = (0, count);
    while known < beyond {
        let middle = known + (beyond - known) / 2;
        if entry(middle)?.0 >= slot {
            known = middle + 1;
        } else {
            beyond = middle;
        }
    }
    let Some(last) = known.checked_sub(1) else {
        return Ok(First::NotYet);
    };
    let found = entry(last)?;
    // a full list that ends later than `slot` may have dropped the one that was first
    let dropped = known == count && count >= MAX_ENTRIES && found.0 != slot;
    Ok(if dropped {
        First::Expired
    } else {
        First::Found(found)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(slots: &[u64], slot: u64) -> First {
        let entry = |index: u64| {
            let slot = slots[index as usize];
            Ok((slot, [slot as u8; 32]))
        };
        search(slots.len() as u64, slot, entry).unwrap()
    }

    fn found(slot: u64) -> First {
        First::Found((slot, [slot as u8; 32]))
    }

    #[test]
    fn the_first_slot_that_was_made_counts() {
        let slots = [120, 119, 117, 110, 100];
        assert_eq!(first(&slots, 121), First::NotYet);
        assert_eq!(first(&slots, 120), found(120));
        assert_eq!(first(&slots, 118), found(119));
        assert_eq!(first(&slots, 111), found(117));
        assert_eq!(first(&slots, 100), found(100));
        assert_eq!(first(&[], 1), First::NotYet);
    }

    #[test]
    fn a_young_chain_has_dropped_nothing() {
        assert_eq!(first(&[120, 119], 3), found(119));
    }

    #[test]
    fn what_may_have_been_dropped_is_expired() {
        let slots: Vec<u64> = (1_000..1_512).rev().collect();
        assert_eq!(first(&slots, 999), First::Expired);
        assert_eq!(first(&slots, 1_000), found(1_000));
        assert_eq!(first(&slots, 1_001), found(1_001));
        assert_eq!(first(&slots, 1_512), First::NotYet);
    }

    #[test]
    fn every_slot_is_found() {
        let slots: Vec<u64> = (0..MAX_ENTRIES).map(|number| 2_000 - 2 * number).collect();
        for slot in 978..=2_000 {
            assert_eq!(first(&slots, slot), found(slot + slot % 2));
        }
    }
}

//! Where an allocation's fields lie, for good.

use anchor_lang::Space;
use vesting::Vesting;

use super::scene::{Scene, TOTAL, YEAR};

#[test]
fn an_allocation_keeps_its_layout() {
    assert_eq!(Vesting::INIT_SPACE, 348);
    let scene = Scene::created();
    let account = scene.world.svm.get_account(&scene.allocation.vesting);
    let data = account.expect("it exists").data.split_off(8);
    let vesting = scene.world.vesting_of(&scene.allocation);
    assert_eq!(data[..3], [1, vesting.bump, vesting.vault_bump]);
    let (funder, beneficiary) = (scene.funder.pubkey(), scene.beneficiary.pubkey());
    let keys = [
        (3, scene.world.mint),
        (35, funder),
        (67, beneficiary),
        (107, scene.allocation.vault),
        (139, funder),
        (171, beneficiary),
    ];
    for (offset, key) in keys {
        assert_eq!(data[offset..offset + 32], key.to_bytes(), "at {offset}");
    }
    let year = YEAR as u64;
    let numbers = [
        (99, 1),
        (203, TOTAL),
        (211, 0),
        (219, vesting.start as u64),
        (227, year),
        (235, 4 * year),
        (243, 1),
    ];
    for (offset, number) in numbers {
        assert_eq!(
            data[offset..offset + 8],
            number.to_le_bytes(),
            "at {offset}"
        );
    }
    assert_eq!(data[251..], [0; 97]);
}

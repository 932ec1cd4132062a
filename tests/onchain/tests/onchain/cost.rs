//! What a whole job costs; `just cost` prints it.

use cyxwiz_tests_onchain::cost::{LAMPORTS_PER_SIGNATURE, registration, whole_jobs};

#[test]
fn no_rent_is_lost_once_a_job_is_closed() {
    for job in whole_jobs() {
        for (party, cost) in &job.parties {
            assert_eq!(cost.rent_lost, 0, "the {party} of a job {}", job.name);
        }
        assert!(job.parties["user"].rent_held > 0 && job.parties["coordinator"].rent_held > 0);
    }
}

#[test]
fn nobody_signs_more_than_once_per_transaction() {
    for job in whole_jobs() {
        for (party, cost) in &job.parties {
            // the receipt's signature, checked by the Ed25519 program, is charged too
            let receipts = u64::from(job.name == "cancelled_half_way" && *party == "node");
            let signatures = cost.transactions + receipts;
            assert_eq!(
                cost.fees,
                signatures * LAMPORTS_PER_SIGNATURE,
                "the {party} of a job {}",
                job.name
            );
        }
    }
}

#[test]
fn what_stays_of_a_registration_is_the_rent_of_its_accounts() {
    let parties = registration().parties;
    for party in ["user", "node"] {
        let cost = parties[party];
        assert!(cost.rent_lost > 0 && cost.rent_lost == cost.rent_held);
    }
    assert_eq!(parties["coordinator"].rent_held, 0);
}

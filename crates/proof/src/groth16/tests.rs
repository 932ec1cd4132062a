use ark_bn254::{Bn254, G1Affine, G1Projective, G2Affine};
use ark_ec::CurveGroup as _;
use ark_ff::{BigInteger as _, Field as _, PrimeField as _};
use ark_groth16::Groth16;
use cyxwiz_statement::Registered;
use groth16_solana::{
    errors::Groth16Error,
    groth16::{Groth16Verifier, Groth16Verifyingkey},
};
use rand::SeedableRng as _;

use super::{OddCoset, Proof, ProveError, Stage, VerifyError, VerifyingKey};
use crate::{
    circuit::assign,
    field::{Fr, from_word, to_word},
    keys::KeyStore,
    sample_job::{Job, TINY},
};

/// The proof kept in the repository, its key and its public input.
fn golden() -> (VerifyingKey, Proof, Fr) {
    let entry = Registered::by_name("z16x4-ci").unwrap();
    let key = VerifyingKey::from_bytes(entry.key.unwrap().bytes).unwrap();
    let proof = Proof(*include_bytes!("../../golden/z16x4-ci.proof"));
    let input = from_word(include_bytes!("../../golden/z16x4-ci.input")).unwrap();
    (key, proof, input)
}

/// Verifies as the program does.
fn on_chain(key: &VerifyingKey, proof: &Proof, input: [u8; 32]) -> Result<(), Groth16Error> {
    let bytes = key.to_bytes();
    let points = [0, 1].map(|i| bytes[448 + 64 * i..][..64].try_into().unwrap());
    let key = Groth16Verifyingkey {
        nr_pubinputs: 1,
        vk_alpha_g1: bytes[..64].try_into().unwrap(),
        vk_beta_g2: bytes[64..192].try_into().unwrap(),
        vk_gamma_g2: bytes[192..320].try_into().unwrap(),
        vk_delta_g2: bytes[320..448].try_into().unwrap(),
        vk_ic: &points,
        vk_commitment: None,
    };
    let (a, b, c) = proof.parts();
    Groth16Verifier::<1>::new(a, b, c, &[input], &key)?.verify()
}

#[test]
fn a_proof_verifies_here_and_as_on_chain() {
    let (key, proof, input) = golden();
    assert_eq!(key.verify(&proof, input), Ok(()));
    assert_eq!(on_chain(&key, &proof, to_word(input)), Ok(()));
    let again = VerifyingKey::from_bytes(&key.to_bytes()).unwrap();
    assert_eq!(again.verify(&proof, input), Ok(()));
}

/// A proof for another job, node, spec, circuit or dataset has another public input.
#[test]
fn a_proof_of_another_statement_is_refused() {
    let (key, proof, input) = golden();
    let other = input + Fr::from(1_u64);
    assert_eq!(key.verify(&proof, other), Err(VerifyError::Rejected));
    let refused = Err(Groth16Error::ProofVerificationFailed);
    assert_eq!(on_chain(&key, &proof, to_word(other)), refused);
}

/// x and x + r are the same element: the program takes only the smaller.
#[test]
fn an_alias_of_the_public_input_is_refused() {
    let (key, proof, input) = golden();
    let mut alias = input.into_bigint();
    assert!(!alias.add_with_carry(&Fr::MODULUS));
    let alias = alias.to_bytes_be().try_into().unwrap();
    let refused = Err(Groth16Error::PublicInputGreaterThanFieldSize);
    assert_eq!(on_chain(&key, &proof, alias), refused);
    assert!(from_word(&alias).is_err());
}

/// Anyone can vary a proof: its bytes must never tell payments apart.
#[test]
fn a_varied_proof_verifies_too() {
    let (key, proof, input) = golden();
    let mut points = proof.to_points().unwrap();
    let seven = Fr::from(7_u64);
    points.a = (points.a * seven).into_affine();
    points.b = (points.b * seven.inverse().unwrap()).into_affine();
    let varied = Proof::from_points(&points);
    assert_ne!(varied, proof);
    assert_eq!(key.verify(&varied, input), Ok(()));
    assert_eq!(on_chain(&key, &varied, to_word(input)), Ok(()));
}

#[test]
fn what_is_no_proof_is_refused() {
    let (key, proof, input) = golden();
    let refused = |proof: Proof| {
        assert!(on_chain(&key, &proof, to_word(input)).is_err());
        key.verify(&proof, input).unwrap_err()
    };
    let malformed = |error| matches!(error, VerifyError::Malformed(_));
    assert!(malformed(refused(Proof([0; 256]))));
    for byte in [31, 63, 100, 250] {
        let mut off_curve = proof;
        off_curve.0[byte] ^= 1;
        assert!(malformed(refused(off_curve)), "byte {byte}");
    }
    // A as the prover has it, not negated.
    let mut points = proof.to_points().unwrap();
    points.a = -points.a;
    let negated = Proof::from_points(&points);
    assert_eq!(refused(negated), VerifyError::Rejected);
    // A point of the curve over Fq2 that is not in the group of order r.
    let twist = (1_u64..)
        .find_map(|x| {
            let point = ark_bn254::G2Affine::get_point_from_x_unchecked(x.into(), true)?;
            (!point.is_in_correct_subgroup_assuming_on_curve()).then_some(point)
        })
        .unwrap();
    points.a = -points.a;
    points.b = twist;
    assert!(malformed(refused(Proof::from_points(&points))));
}

/// A proof must make e(A, B) = e(α, β)·e(I, γ)·e(C, δ), where I is the sum of the inputs' points. Where γ
/// and δ are the same, or each other's negative, anyone can: C takes I's term away. Keys like that
/// have cost others their users' money. The gate refuses them.
#[test]
fn a_key_whose_gamma_is_its_delta_lets_anyone_forge() {
    for sign in [Fr::from(1_u64), -Fr::from(1_u64)] {
        let mut weak = golden().0.points;
        weak.delta_g2 = (weak.gamma_g2 * sign).into_affine();
        let inputs = forged_input(&weak);
        let (a, b, c) = (weak.alpha_g1, weak.beta_g2, inputs * -sign);
        assert_forged(weak, [a, c.into_affine()], b);
    }
}

/// The same where β is δ (C takes α's term away, A and B make I's), or γ (B = γ + δ makes two terms, of
/// which C takes one away).
#[test]
fn a_key_whose_beta_is_another_of_its_points_lets_anyone_forge() {
    for sign in [Fr::from(1_u64), -Fr::from(1_u64)] {
        let mut weak = golden().0.points;
        weak.beta_g2 = (weak.delta_g2 * sign).into_affine();
        let inputs = forged_input(&weak).into_affine();
        let (c, b) = ((weak.alpha_g1 * -sign).into_affine(), weak.gamma_g2);
        assert_forged(weak, [inputs, c], b);

        let mut weak = golden().0.points;
        weak.beta_g2 = (weak.gamma_g2 * sign).into_affine();
        let a = (forged_input(&weak) + weak.alpha_g1 * sign).into_affine();
        let b = (weak.gamma_g2 + weak.delta_g2).into_affine();
        assert_forged(weak, [a, a], b);
    }
}

/// A public input that nobody has proven.
fn never_proven() -> Fr {
    Fr::from(123_456_u64)
}

/// The sum of the inputs' points for it.
fn forged_input(key: &ark_groth16::VerifyingKey<Bn254>) -> G1Projective {
    key.gamma_abc_g1[1] * never_proven() + key.gamma_abc_g1[0]
}

/// A weak key takes a proof made of its own points, on the chain too; a good key does not, and the
/// gate does not let the weak one pass.
fn assert_forged(weak: ark_groth16::VerifyingKey<Bn254>, [a, c]: [G1Affine; 2], b: G2Affine) {
    let (key, ..) = golden();
    let weak = VerifyingKey::from_points(weak);
    let forged = Proof::from_points(&ark_groth16::Proof { a, b, c });
    let input = never_proven();
    assert_eq!(weak.verify(&forged, input), Ok(()));
    assert_eq!(on_chain(&weak, &forged, to_word(input)), Ok(()));
    assert_eq!(key.verify(&forged, input), Err(VerifyError::Rejected));
    assert!(on_chain(&key, &forged, to_word(input)).is_err());
    let reason = weak.weakness().unwrap();
    assert!(reason.ends_with("so anyone can forge proofs"), "{reason}");
    assert_eq!(key.weakness(), None);
}

/// The prover: it refuses what is not true, tells how far it is, and
/// makes the same proof as arkworks' own from the same randomness.
#[test]
fn the_prover_agrees_with_arkworks_and_proves_only_what_is_true() {
    let prover = KeyStore::of_build().prover(&TINY).unwrap();
    let witness = Job::honest(TINY, 6).witness(&[(3, 4)]);
    let mut random = rand_chacha::ChaCha20Rng::seed_from_u64(2);

    let mut wrong = witness.clone();
    wrong.samples[0].preactivations[0] += 1;
    let error = prover.prove(&wrong, &mut random, |_| {}).unwrap_err();
    let ProveError::Unsatisfied(error) = error else {
        panic!("{error}")
    };
    assert_eq!(error.section, "products");

    let (mut stages, mut last) = (Vec::new(), 0.0);
    let proof = prover.prove(&witness, &mut random, |progress| {
        assert!(progress.share >= last && progress.share <= 1.0);
        last = progress.share;
        stages.push(progress.stage);
    });
    let verified = prover
        .verifying_key()
        .verify(&proof.unwrap(), witness.public_input());
    assert_eq!(verified, Ok(()));
    stages.dedup();
    let all = [
        Stage::Assignment,
        Stage::Quotient,
        Stage::Sums,
        Stage::Verification,
        Stage::Done,
    ];
    assert_eq!(stages, all);

    let assignment = assign(&TINY, prover.constraints(), &witness);
    let blinding = [Fr::from(3_u64), Fr::from(5_u64)];
    let ours = prover.points(&assignment, blinding, &mut |_| {}).unwrap();
    let matrices = prover.constraints().to_matrices();
    let theirs = Groth16::<Bn254, OddCoset>::create_proof_with_reduction_and_matrices(
        prover.key(),
        blinding[0],
        blinding[1],
        &matrices,
        matrices.num_instance_variables,
        matrices.num_constraints,
        assignment.values(),
    );
    assert_eq!(ours, theirs.unwrap());
}

use std::fs;

use ark_ec::AffineRepr as _;
use cyxwiz_statement::{Circuit, REGISTRY, Registered};
use rand::SeedableRng as _;

use super::{GateError, KeyStore, StoreError, check_candidate, check_key, insecure_dev_prover};
use crate::{
    circuit::constraints,
    field::sha256,
    groth16::{PointError, Proof, Prover, VerifyError, VerifyingKey},
    sample_job::{Job, TINY},
};

fn key_bytes(entry: &Registered) -> [u8; 576] {
    *entry.key.expect("development builds have keys").bytes
}

fn tiny() -> &'static Registered {
    Registered::by_name("z16x4-ci").unwrap()
}

/// The gate that every key in the repository passes.
#[test]
fn every_registered_key_passes_the_gate() {
    for entry in REGISTRY {
        let key = check_key(&entry.circuit, &key_bytes(entry)).unwrap();
        assert_eq!(key.to_bytes(), key_bytes(entry));
    }
}

/// Keys belong to constraints: whoever changes a circuit must make and register its key again.
#[test]
fn every_registered_circuit_is_the_one_described() {
    for entry in REGISTRY {
        let r1cs = constraints(&entry.circuit).unwrap();
        assert_eq!(r1cs.constraints(), entry.constraints as usize);
        assert_eq!(r1cs.digest(), entry.r1cs, "{}", entry.name);
    }
}

#[test]
fn the_development_key_is_reproducible() {
    let prover = insecure_dev_prover(&tiny().circuit).unwrap();
    assert_eq!(prover.verifying_key().to_bytes(), key_bytes(tiny()));
    let folder = tempfile::tempdir().unwrap();
    let file = KeyStore::at(folder.path()).save(&prover).unwrap();
    let digest = sha256(&[&fs::read(file).unwrap()]);
    assert_eq!(digest, tiny().key.unwrap().proving_key);
}

#[test]
fn the_gate_names_what_is_wrong() {
    let good = key_bytes(tiny());
    let circuit = "test";
    let refused = |bytes: &[u8]| check_candidate(circuit, bytes).unwrap_err();
    let length = GateError::Length {
        circuit,
        given: 575,
    };
    assert_eq!(refused(&good[..575]), length);
    let with = |range: std::ops::Range<usize>, bytes: &[u8]| {
        let mut key = good;
        key[range].copy_from_slice(bytes);
        key
    };
    let point = |name| GateError::Point {
        circuit,
        error: PointError(name),
    };
    let parts = [
        ("α", 0..64),
        ("β", 64..192),
        ("γ", 192..320),
        ("δ", 320..448),
        ("the constant's point", 448..512),
        ("the input's point", 512..576),
    ];
    for (name, range) in parts {
        let identity = vec![0; range.len()];
        assert_eq!(refused(&with(range.clone(), &identity)), point(name));
        let mut off_curve = good[range.clone()].to_vec();
        off_curve[5] ^= 1;
        assert_eq!(refused(&with(range, &off_curve)), point(name));
    }
    let weak = |bytes: &[u8]| match refused(bytes) {
        GateError::Weak { reason, .. } => reason,
        other => panic!("{other}"),
    };
    let weakened = |change: &dyn Fn(&mut ark_groth16::VerifyingKey<ark_bn254::Bn254>)| {
        let mut points = VerifyingKey::from_bytes(&good).unwrap().points;
        change(&mut points);
        weak(&VerifyingKey::from_points(points).to_bytes())
    };
    let negative = |point: ark_bn254::G2Affine| -point;
    let forgeable = "so anyone can forge proofs";
    let gamma_delta = format!("γ is δ or −δ, {forgeable}");
    assert_eq!(weakened(&|key| key.delta_g2 = key.gamma_g2), gamma_delta);
    assert_eq!(
        weakened(&|key| key.delta_g2 = negative(key.gamma_g2)),
        gamma_delta
    );
    let beta_delta = format!("β is δ or −δ, {forgeable}");
    assert_eq!(
        weakened(&|key| key.beta_g2 = negative(key.delta_g2)),
        beta_delta
    );
    let beta_gamma = format!("β is γ or −γ, {forgeable}");
    assert_eq!(
        weakened(&|key| key.beta_g2 = negative(key.gamma_g2)),
        beta_gamma
    );
    let [one, two] = [
        ark_bn254::G1Affine::generator(),
        -ark_bn254::G1Affine::generator(),
    ];
    for generator in [one, two] {
        let reason = weakened(&|key| key.alpha_g1 = generator);
        assert!(reason.contains("nobody contributed"), "{reason}");
    }
    let [one, two] = [
        ark_bn254::G2Affine::generator(),
        -ark_bn254::G2Affine::generator(),
    ];
    for generator in [one, two] {
        let reasons = [
            weakened(&|key| key.delta_g2 = generator),
            weakened(&|key| key.beta_g2 = generator),
        ];
        assert!(
            reasons
                .iter()
                .all(|reason| reason.contains("nobody contributed"))
        );
    }
}

#[test]
fn another_circuits_key_is_refused() {
    let other = key_bytes(Registered::by_name("z30x2").unwrap());
    let refused = check_key(&tiny().circuit, &other).unwrap_err();
    assert_eq!(refused, GateError::Digest("z16x4-ci"));
    let unknown = Circuit::transcript(2, 0);
    let refused = check_key(&unknown, &other).unwrap_err();
    assert_eq!(refused, GateError::UnknownCircuit);
}

/// Keys are made once, read back, and replaced when they are others.
#[test]
fn keys_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let store = KeyStore::at(folder.path().join("keys"));
    let path = store.path(&TINY);
    assert!(matches!(store.load(&TINY), Err(StoreError::Missing(p)) if p == path));
    let made = KeyStore::of_build().prover(&TINY).unwrap();
    assert_eq!(store.save(&made).unwrap(), path);
    let read = store.load(&TINY).unwrap();
    assert_eq!(read.key(), made.key());

    // One of another release is replaced.
    let good = fs::read(&path).unwrap();
    fs::write(&path, &good[1..]).unwrap();
    assert!(matches!(store.load(&TINY), Err(StoreError::OtherKey(_))));
    store.prover(&TINY).unwrap();
    assert_eq!(fs::read(&path).unwrap(), good);
    let files = fs::read_dir(path.parent().unwrap()).unwrap().count();
    assert_eq!(files, 2, "the key and its lock; no parts are left");
}

/// Any other file than the registered one, before its points and lengths are read.
#[test]
fn a_proving_key_of_another_hash_is_refused_unread() {
    let folder = tempfile::tempdir().unwrap();
    let store = KeyStore::at(folder.path());
    let made = KeyStore::of_build().prover(&TINY).unwrap();
    let path = store.save(&made).unwrap();
    let good = fs::read(&path).unwrap();
    let refused = |circuit: &Circuit| match store.load(circuit) {
        Err(error) => error,
        Ok(_) => panic!("it was taken"),
    };
    for at in [0, 60, good.len() - 1] {
        let mut bad = good.clone();
        bad[at] ^= 1;
        fs::write(&path, &bad).unwrap();
        assert!(matches!(refused(&TINY), StoreError::OtherKey(_)));
    }
    // Where the number of the inputs' points is, after α, β, γ and δ.
    for length in [0, 1, 1 << 60] {
        let mut hostile = good.clone();
        hostile[448..456].copy_from_slice(&u64::to_le_bytes(length));
        fs::write(&path, &hostile).unwrap();
        assert!(matches!(refused(&TINY), StoreError::OtherKey(_)));
    }
    // Its proofs would verify, and tell all: nothing blinds them.
    let mut bare = made.key().clone();
    bare.delta_g1 = ark_bn254::G1Affine::identity();
    let bare = Prover::new(TINY, constraints(&TINY).unwrap(), bare).unwrap();
    store.save(&bare).unwrap();
    assert!(matches!(refused(&TINY), StoreError::OtherKey(_)));

    let unregistered = Circuit::transcript(2, 0);
    let made = insecure_dev_prover(&unregistered).unwrap();
    store.save(&made).unwrap();
    let error = refused(&unregistered);
    assert!(matches!(error, StoreError::NotRegistered(_)), "{error}");
}

/// The same job, key and randomness give the same proof: this one is kept in the repository, and
/// whoever verifies proofs can test with it. `GOLDEN_UPDATE=1` writes it anew.
#[test]
fn the_golden_proof_is_reproduced() {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/z16x4-ci");
    let prover = KeyStore::of_build().prover(&TINY).unwrap();
    let witness = Job::honest(TINY, 6).witness(&[(3, 4)]);
    let mut random = rand_chacha::ChaCha20Rng::seed_from_u64(1);
    let proof = prover.prove(&witness, &mut random, |_| {}).unwrap();
    let input = crate::field::to_word(witness.public_input());
    if std::env::var_os("GOLDEN_UPDATE").is_some() {
        fs::write(format!("{golden}.proof"), proof.0).unwrap();
        fs::write(format!("{golden}.input"), input).unwrap();
    }
    assert_eq!(fs::read(format!("{golden}.proof")).unwrap(), proof.0);
    assert_eq!(fs::read(format!("{golden}.input")).unwrap(), input);
}

/// A proof says nothing under another circuit's key.
#[test]
fn a_proof_of_another_circuit_is_refused() {
    let proof = Proof(*include_bytes!("../../golden/z16x4-ci.proof"));
    let input = crate::field::from_word(include_bytes!("../../golden/z16x4-ci.input")).unwrap();
    for entry in REGISTRY {
        let key = check_key(&entry.circuit, &key_bytes(entry)).unwrap();
        let expected = match entry.name {
            "z16x4-ci" => Ok(()),
            _ => Err(VerifyError::Rejected),
        };
        assert_eq!(key.verify(&proof, input), expected, "{}", entry.name);
    }
}

use ark_bn254::{Fq, G1Affine, G2Affine};
use ark_ec::AffineRepr as _;
use ark_ff::{BigInteger as _, PrimeField as _};
use rand::SeedableRng as _;

use super::{
    ZkeyError,
    binary::{Reader, sections, write_head, write_section},
    read_zkey, write_r1cs,
};
use crate::{
    circuit::constraints,
    field::Fr,
    groth16::Prover,
    keys::KeyStore,
    sample_job::{Job, TINY},
};

#[test]
fn constraints_are_written_row_by_row() {
    let r1cs = constraints(&TINY).unwrap();
    let mut file = Vec::new();
    write_r1cs(&r1cs, &mut file).unwrap();
    let sections = sections(&file, b"r1cs").unwrap();
    assert_eq!(
        sections.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(),
        [1, 2, 3]
    );
    let mut header = Reader(sections[0].1);
    assert_eq!(header.u32(), Some(32));
    assert_eq!(header.take(32).unwrap(), Fr::MODULUS.to_bytes_le());
    let variables = r1cs.variables() as u32;
    let fields: Vec<u32> = (0..4).map(|_| header.u32().unwrap()).collect();
    assert_eq!(fields, [variables, 0, 1, variables - 2]);
    assert_eq!(header.u64(), Some(u64::from(variables)));
    assert_eq!(header.u32(), Some(r1cs.constraints() as u32));
    assert_eq!(header.0.len(), 0);
    let matrices = r1cs.to_matrices();
    let mut rows = Reader(sections[1].1);
    for row in 0..r1cs.constraints() {
        for matrix in [&matrices.a, &matrices.b, &matrices.c] {
            let terms = rows.u32().unwrap();
            assert_eq!(terms as usize, matrix[row].len());
            for (value, variable) in &matrix[row] {
                assert_eq!(rows.u32(), Some(*variable as u32));
                let element = rows.take(32).unwrap();
                assert_eq!(Fr::from_le_bytes_mod_order(element), *value);
            }
        }
    }
    assert_eq!(rows.0.len(), 0);
    assert_eq!(sections[2].1.len(), 8 * r1cs.variables());
}

fn fq(out: &mut Vec<u8>, coordinates: &[Fq]) {
    for coordinate in coordinates {
        // The limbs in memory are the Montgomery form that the file has.
        coordinate
            .0
            .0
            .iter()
            .for_each(|limb| out.extend(limb.to_le_bytes()));
    }
}

fn g1(out: &mut Vec<u8>, points: &[G1Affine]) {
    for point in points {
        match point.xy() {
            Some((x, y)) => fq(out, &[x, y]),
            None => out.extend([0; 64]),
        }
    }
}

fn g2(out: &mut Vec<u8>, points: &[G2Affine]) {
    for point in points {
        match point.xy() {
            Some((x, y)) => fq(out, &[x.c0, x.c1, y.c0, y.c1]),
            None => out.extend([0; 128]),
        }
    }
}

/// A key of ours as snarkjs would write it.
fn zkey(prover: &Prover) -> Vec<u8> {
    let key = prover.key();
    let mut header = Vec::new();
    for modulus in [Fq::MODULUS.to_bytes_le(), Fr::MODULUS.to_bytes_le()] {
        header.extend(32_u32.to_le_bytes());
        header.extend(modulus);
    }
    for number in [key.a_query.len(), 1, key.h_query.len()] {
        header.extend((number as u32).to_le_bytes());
    }
    g1(&mut header, &[key.vk.alpha_g1, key.beta_g1]);
    g2(&mut header, &[key.vk.beta_g2, key.vk.gamma_g2]);
    g1(&mut header, &[key.delta_g1]);
    g2(&mut header, &[key.vk.delta_g2]);
    let list = |points: &[G1Affine]| {
        let mut out = Vec::new();
        g1(&mut out, points);
        out
    };
    let mut b_g2 = Vec::new();
    g2(&mut b_g2, &key.b_g2_query);
    let sections = [
        (1, 1_u32.to_le_bytes().to_vec()),
        (2, header),
        (3, list(&key.vk.gamma_abc_g1)),
        (5, list(&key.a_query)),
        (6, list(&key.b_g1_query)),
        (7, b_g2),
        (8, list(&key.l_query)),
        (9, list(&key.h_query)),
    ];
    let mut file = Vec::new();
    write_head(&mut file, b"zkey", 1, sections.len() as u32).unwrap();
    for (kind, content) in sections {
        write_section(&mut file, kind, content.len() as u64).unwrap();
        file.extend(content);
    }
    file
}

#[test]
fn a_key_comes_back_from_a_zkey_file_and_proves() {
    let ours = KeyStore::of_build().prover(&TINY).unwrap();
    let file = zkey(&ours);
    let read = |bytes: &[u8]| read_zkey(&TINY, constraints(&TINY).unwrap(), bytes);
    let prover = read(&file).unwrap();
    assert_eq!(prover.key(), ours.key());
    let witness = Job::honest(TINY, 3).witness(&[(2, 1)]);
    let mut random = rand_chacha::ChaCha20Rng::seed_from_u64(1);
    let proof = prover.prove(&witness, &mut random, |_| {}).unwrap();
    let verified = ours.verifying_key().verify(&proof, witness.public_input());
    assert_eq!(verified, Ok(()));

    let refused = |bytes: &[u8]| match read(bytes) {
        Err(ZkeyError::Format(what)) => what,
        _ => panic!("read what it must not"),
    };
    assert_eq!(refused(&file[..file.len() - 1]), "sections");
    let mut plonk = file.clone();
    plonk[24] = 2;
    assert_eq!(refused(&plonk), "protocol");
    let mut off_curve = file.clone();
    *off_curve.last_mut().unwrap() ^= 1;
    assert_eq!(refused(&off_curve), "H");

    let other = cyxwiz_statement::Circuit::transcript(2, 0);
    let other = read_zkey(&other, constraints(&other).unwrap(), &file);
    assert!(matches!(other, Err(ZkeyError::Circuit { .. })));
}

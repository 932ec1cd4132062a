//! What a ceremony needs from us, and what we do with its result. docs/CEREMONY.md says who does what.
//!
//! cargo run --release -p cyxwiz-proof --example ceremony -- export CIRCUIT OUT.r1cs
//! cargo run --release -p cyxwiz-proof --example ceremony -- import CIRCUIT IN.zkey FOLDER
//!
//! `export` writes the circuit's constraints for `snarkjs groth16 setup`. `import` checks the key that
//! the ceremony ended with, proves a made-up job with it, and writes to FOLDER the proving key for
//! nodes, CIRCUIT.vk for the registry, and the proof as proof.json and public.json for
//! `snarkjs groth16 verify`; it prints the SHA-256 of both keys.

use std::{error::Error, fs, io::Write as _, path::Path};

use ark_bn254::Fq;
use ark_ff::PrimeField as _;
use cyxwiz_proof::{
    ceremony::{read_zkey, write_r1cs},
    circuit::constraints,
    field::{Fr, sha256},
    groth16::Proof,
    keys::{KeyStore, check_candidate},
};
use cyxwiz_statement::Registered;
use rand::rngs::OsRng;
use serde_json::json;

#[path = "shared/made_up_job.rs"]
mod made_up_job;

const USAGE: &str = "usage: ceremony export CIRCUIT OUT.r1cs | import CIRCUIT IN.zkey FOLDER";

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let entry = arguments.get(1).and_then(|name| Registered::by_name(name));
    let entry = entry.ok_or(USAGE)?;
    match arguments[..] {
        ["export", _, file] => export(entry, file.as_ref()),
        ["import", _, file, folder] => import(entry, file.as_ref(), folder.as_ref()),
        _ => Err(USAGE.into()),
    }
}

fn export(entry: &Registered, file: &Path) -> Result<(), Box<dyn Error>> {
    let mut out = std::io::BufWriter::new(fs::File::create(file)?);
    write_r1cs(&constraints(&entry.circuit)?, &mut out)?;
    Ok(out.flush()?)
}

fn import(entry: &'static Registered, file: &Path, folder: &Path) -> Result<(), Box<dyn Error>> {
    let constraints = constraints(&entry.circuit)?;
    let prover = read_zkey(&entry.circuit, constraints, &fs::read(file)?)?;
    let bytes = prover.verifying_key().to_bytes();
    let key = check_candidate(entry.name, &bytes)?;
    let witness = made_up_job::made_up_witness(&entry.circuit)?;
    let proof = prover.prove(&witness, &mut OsRng, |_| {})?;
    let input = witness.public_input();
    // The key as the registry will have it, from its bytes.
    key.verify(&proof, input)?;
    if key.verify(&proof, input + Fr::from(1_u64)).is_ok() {
        return Err("the key accepts a proof of another statement; do not use it".into());
    }

    let proving_key = KeyStore::at(folder).save(&prover)?;
    let verifying_key = folder.join(format!("{}.vk", entry.name));
    fs::write(&verifying_key, bytes)?;
    fs::write(folder.join("proof.json"), for_snarkjs(&proof).to_string())?;
    let public = json!([input.to_string()]).to_string();
    fs::write(folder.join("public.json"), public)?;
    let mut out = std::io::stdout();
    let digest = sha256(&[&fs::read(&proving_key)?]);
    writeln!(out, "proving key {}", proving_key.display())?;
    writeln!(out, "  sha256 {}", hex::encode(digest))?;
    writeln!(out, "verifying key {}", verifying_key.display())?;
    writeln!(out, "  sha256 {}", hex::encode(key.digest()))?;
    Ok(())
}

/// A proof as snarkjs has it: A and not -A, coordinates in decimal, real parts first.
fn for_snarkjs(proof: &Proof) -> serde_json::Value {
    let (a, b, c) = proof.parts();
    let number = |bytes: &[u8]| Fq::from_be_bytes_mod_order(bytes);
    let decimal = |bytes: &[u8]| number(bytes).to_string();
    let negated = |bytes: &[u8]| (-number(bytes)).to_string();
    json!({
        "protocol": "groth16",
        "curve": "bn128",
        "pi_a": [decimal(&a[..32]), negated(&a[32..]), "1"],
        "pi_b": [
            [decimal(&b[32..64]), decimal(&b[..32])],
            [decimal(&b[96..]), decimal(&b[64..96])],
            ["1", "0"],
        ],
        "pi_c": [decimal(&c[..32]), decimal(&c[32..]), "1"],
    })
}

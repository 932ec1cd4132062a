//! What a ceremony needs from us, and what we do with its result.
//!
//! cargo run --release -p cyxwiz-proof --example ceremony -- export CIRCUIT OUT.r1cs
//! cargo run --release -p cyxwiz-proof --example ceremony -- import CIRCUIT IN.zkey FOLDER
//!
//! `export` writes the circuit's constraints for `snarkjs groth16 setup`. `import` checks the key that
//! the ceremony ended with, proves a made-up job with it, and writes the proving key and CIRCUIT.vk to
//! FOLDER; it prints the verifying key's SHA-256 for the registry.

use std::{error::Error, fs, io::Write as _, path::Path};

use cyxwiz_proof::{
    ceremony::{read_zkey, write_r1cs},
    circuit::constraints,
    keys::{KeyStore, check_candidate},
};
use cyxwiz_statement::Registered;
use rand::rngs::OsRng;

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
    // The prover verifies what it makes.
    prover.prove(&witness, &mut OsRng, |_| {})?;
    let proving_key = KeyStore::at(folder).save(&prover)?;
    let verifying_key = folder.join(format!("{}.vk", entry.name));
    fs::write(&verifying_key, bytes)?;
    let mut out = std::io::stdout();
    writeln!(out, "proving key {}", proving_key.display())?;
    writeln!(out, "verifying key {}", verifying_key.display())?;
    writeln!(out, "sha256 {}", hex::encode(key.digest()))?;
    Ok(())
}

//! Measures circuits, keys, prover and verifier; prints one JSON object per line.
//!
//! cargo run --release -p cyxwiz-proof --example bench -- [CIRCUIT …] [--no-reference]
//!
//! CIRCUIT is the name of a registered circuit; all of them by default. Each runs in a process of its
//! own, so that its memory is its own. Times are wall clock. The reference for setup and proving is
//! arkworks' own Groth16 on the same constraints in the same run (matrices cached), for constraints
//! the budget, for Poseidon light-poseidon.

use std::{error::Error, fs, io::Write as _, process::Command, time::Instant};

use ark_bn254::Bn254;
use ark_groth16::{Groth16, ProvingKey};
use ark_relations::r1cs::ConstraintMatrices;
use cyxwiz_proof::{
    circuit::{Assignment, R1cs, assign, constraints},
    field::Fr,
    groth16::Prover,
    intsgd::{Weights, step},
    keys::{KeyStore, insecure_dev_prover},
    poseidon,
};
use cyxwiz_statement::{REGISTRY, Registered};
use light_poseidon::{Poseidon, PoseidonHasher as _};
use rand::{SeedableRng as _, rngs::StdRng};

#[path = "shared/made_up_job.rs"]
mod made_up_job;
use made_up_job::{made_up_batches, made_up_witness};

/// The reference of setup and proving.
const STOCK: &str = "arkworks' Groth16 on the same constraints in the same run";

type Failure = Box<dyn Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, name, reference] = &arguments[..]
        && flag == "--one"
    {
        let entry = Registered::by_name(name).ok_or("no such circuit")?;
        return measure(entry, reference == "yes");
    }
    let reference = !arguments
        .iter()
        .any(|argument| argument == "--no-reference");
    let named: Vec<&str> = arguments
        .iter()
        .map(String::as_str)
        .filter(|argument| !argument.starts_with("--"))
        .collect();
    measure_native()?;
    for entry in REGISTRY {
        if !named.is_empty() && !named.contains(&entry.name) {
            continue;
        }
        let reference = if reference { "yes" } else { "no" };
        let mut child = Command::new(std::env::current_exe()?);
        let status = child.args(["--one", entry.name, reference]).status()?;
        if !status.success() {
            return Err(format!("{}: {status}", entry.name).into());
        }
    }
    Ok(())
}

/// Prints one measurement; the ratio is of value to reference, so below 1 is better.
fn report(
    bench: &str,
    value: f64,
    unit: &str,
    reference: Option<(&str, f64)>,
) -> Result<(), Failure> {
    let line = serde_json::json!({
        "bench": format!("proof.{bench}"),
        "value": value,
        "unit": unit,
        "reference": reference.map(|(name, _)| name),
        "reference_value": reference.map(|(_, value)| value),
        "ratio": reference.map(|(_, reference)| value / reference),
    });
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

/// Seconds that `work` takes.
fn seconds<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let result = work();
    (start.elapsed().as_secs_f64(), result)
}

/// The least of five runs, which other processes disturb least.
fn best(mut work: impl FnMut()) -> f64 {
    let runs = (0..5).map(|_| seconds(&mut work).0);
    runs.fold(f64::INFINITY, f64::min)
}

/// This process's peak memory in bytes.
fn peak_memory() -> Result<f64, Failure> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next());
    Ok(kilobytes.ok_or("no VmHWM")?.parse::<f64>()? * 1024.0)
}

/// What needs no circuit: hashes, a training step and its commitment.
fn measure_native() -> Result<(), Failure> {
    for count in [2, 12] {
        let mut words: Vec<Fr> = (1..=count as u64).map(Fr::from).collect();
        let mut reference = Poseidon::<Fr>::new_circom(count)?;
        words[0] = poseidon::hash(&words);
        let own = best(|| (0..500).for_each(|_| words[0] = poseidon::hash(&words)));
        let theirs = best(|| {
            for _ in 0..500 {
                words[0] = reference.hash(&words).expect("as many words as promised");
            }
        });
        let micros = |seconds: f64| seconds / 500.0 * 1e6;
        let reference = Some(("light-poseidon in the same run", micros(theirs)));
        report(&format!("poseidon-{count}"), micros(own), "µs", reference)?;
    }
    let circuit = Registered::by_name("z64x10").ok_or("no z64x10")?.circuit;
    let training = circuit.training.ok_or("no training")?;
    let batch = &made_up_batches(&circuit, 1)?[0];
    let mut weights = Weights::zero(&training);
    let stepping = best(|| {
        for _ in 0..100 {
            weights = step(&weights, batch, 1).expect("it converges");
        }
    });
    report("step-64x10", stepping / 100.0 * 1e6, "µs", None)?;
    let committing = best(|| {
        (0..20).for_each(|_| assert_ne!(weights.commitment(), Fr::from(0_u64)));
    });
    let reference = Some(("the budget", 1900.0));
    report("commit-64x10", committing / 20.0 * 1e6, "µs", reference)
}

fn measure(entry: &Registered, with_reference: bool) -> Result<(), Failure> {
    let (name, circuit) = (entry.name, &entry.circuit);
    let bench = |what: &str| format!("{name}.{what}");
    let budget = match name {
        "t100x16" => Some(59_202.0),
        "z16x4-ci" => Some(15_171.0),
        "z30x2" => Some(84_496.0),
        "z64x10" => Some(124_792.0),
        "z64x10-k4" => Some(316_867.0),
        "z784x10" => Some(369_004.0),
        _ => None,
    };
    let (describing, r1cs) = seconds(|| constraints(circuit));
    let r1cs = r1cs?;
    let count = r1cs.constraints() as f64;
    let budget = budget.map(|count| ("the budget", count));
    report(&bench("constraints"), count, "constraints", budget)?;
    report(&bench("describe"), describing, "s", None)?;

    // Our own setup, prover and verifier first, so that the memory is theirs.
    let folder = std::env::temp_dir().join(format!("cyxwiz-bench-{}", std::process::id()));
    let store = KeyStore::at(&folder);
    let (setup, prover) = seconds(|| insecure_dev_prover(circuit));
    let path = store.save(&prover?)?;
    report(
        &bench("key"),
        fs::metadata(&path)?.len() as f64,
        "bytes",
        None,
    )?;
    let (load, prover) = seconds(|| store.load(circuit));
    let prover: Prover = prover?;
    fs::remove_dir_all(&folder)?;
    report(&bench("load"), load, "s", Some(("the aim", 1.0)))?;

    let witness = made_up_witness(circuit)?;
    let mut random = StdRng::seed_from_u64(1);
    let (assigning, _) = seconds(|| assign(circuit, prover.constraints(), &witness));
    report(&bench("assign"), assigning, "s", None)?;
    let proof = prover.prove(&witness, &mut random, |_| {})?;
    report(&bench("memory"), peak_memory()?, "bytes", None)?;
    let key = prover.verifying_key();
    let verifying = best(|| assert_eq!(key.verify(&proof, witness.public_input()), Ok(())));
    report(&bench("verify"), verifying * 1e3, "ms", None)?;

    let mut stock = match with_reference {
        true => Some(Stock::new(&r1cs, &mut random)?),
        false => None,
    };
    let mut proving = f64::INFINITY;
    // In turns, so that whatever else the machine does disturbs both alike.
    for _ in 0..3 {
        let (time, made) = seconds(|| prover.prove(&witness, &mut random, |_| {}));
        made?;
        proving = proving.min(time);
        if let Some(stock) = &mut stock {
            let (time, made) = seconds(|| stock.prove(&assign(circuit, &r1cs, &witness)));
            made?;
            stock.proving = stock.proving.min(time);
        }
    }
    let reference = |of: fn(&Stock) -> f64| stock.as_ref().map(|stock| (STOCK, of(stock)));
    report(&bench("setup"), setup, "s", reference(|stock| stock.setup))?;
    report(
        &bench("prove"),
        proving,
        "s",
        reference(|stock| stock.proving),
    )
}

/// arkworks' own setup and prover, with its own reduction.
struct Stock {
    key: ProvingKey<Bn254>,
    matrices: ConstraintMatrices<Fr>,
    /// Seconds.
    setup: f64,
    /// Seconds, the least so far.
    proving: f64,
}

impl Stock {
    fn new(r1cs: &R1cs, random: &mut StdRng) -> Result<Self, Failure> {
        let (setup, key) =
            seconds(|| Groth16::<Bn254>::generate_random_parameters_with_reduction(r1cs, random));
        Ok(Self {
            key: key?,
            matrices: r1cs.to_matrices(),
            setup,
            proving: f64::INFINITY,
        })
    }

    fn prove(&self, assignment: &Assignment) -> Result<(), Failure> {
        Groth16::<Bn254>::create_proof_with_reduction_and_matrices(
            &self.key,
            Fr::from(3_u64),
            Fr::from(5_u64),
            &self.matrices,
            self.matrices.num_instance_variables,
            self.matrices.num_constraints,
            assignment.values(),
        )?;
        Ok(())
    }
}

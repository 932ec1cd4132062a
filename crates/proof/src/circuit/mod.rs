//! The circuit: what a proof shows, as constraints.
//!
//! For every circuit: the hash chain H_0 … H_N is well formed and N long, its times never run
//! backwards and lie in the statement's window, its root and the commitment of the last weights are
//! the statement's. For a training circuit, of each sampled step besides: both commitments of weights
//! lie side by side in the chain, the batch is the dataset's at the index asked for, and the second
//! weights are what IntSGD-v1 makes of the first, to the last bit.

mod activation;
mod builder;
mod chain;
mod hash;
mod products;
mod r1cs;
mod step;
mod wire;
mod witness;

use cyxwiz_statement::{Circuit, CircuitError};

pub use r1cs::{Assignment, R1cs, Unsatisfied};
pub(crate) use r1cs::{Matrix, PUBLIC_INPUTS};
pub use witness::{RevealedStep, Witness, WitnessError};

use builder::Builder;

/// The constraints of a circuit. Takes tens of milliseconds; keep what it returns.
pub fn constraints(circuit: &Circuit) -> Result<R1cs, CircuitError> {
    circuit.check()?;
    let mut builder = Builder::recording();
    describe(&mut builder, circuit, &Witness::blank(circuit));
    Ok(builder.into_r1cs().expect("the builder was recording"))
}

/// The values of all variables for a witness. They satisfy the constraints if the witness is true;
/// [`R1cs::check`] tells.
pub fn assign(circuit: &Circuit, constraints: &R1cs, witness: &Witness) -> Assignment {
    let mut builder = Builder::assigning(constraints.variables());
    describe(&mut builder, circuit, witness);
    builder.into_assignment()
}

fn describe(builder: &mut Builder, circuit: &Circuit, witness: &Witness) {
    let chain = chain::describe(builder, circuit, witness);
    if let Some(training) = &circuit.training {
        for (sample, place) in witness.samples.iter().zip(&chain.places) {
            step::describe(builder, circuit, training, &chain, place, sample);
        }
    }
}

#[cfg(test)]
mod attacks;
#[cfg(test)]
mod freedom;
#[cfg(test)]
mod mutations;
#[cfg(test)]
mod tests;

//! The statement's hash.

use cyxwiz_statement::Statement;

use crate::{
    field::{Fr, NotCanonical, from_word},
    poseidon,
};

/// The proof's one public input: Poseidon over the statement's seven words. The program computes it
/// with `sol_poseidon` from its own accounts.
pub fn public_input(statement: &Statement) -> Result<Fr, NotCanonical> {
    let words: Vec<Fr> = statement
        .words()
        .iter()
        .map(from_word)
        .collect::<Result<_, _>>()?;
    Ok(poseidon::hash(&words))
}

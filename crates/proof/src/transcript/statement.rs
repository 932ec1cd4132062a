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

#[cfg(test)]
mod tests {
    use cyxwiz_statement::Challenge;
    use solana_poseidon::{Endianness, Parameters, hashv};

    use super::*;
    use crate::{
        field::to_word,
        sample_job::{self, Job, TINY},
    };

    /// The system call's own code, as validators run it, over the words that the program passes.
    #[test]
    fn the_program_computes_the_same() {
        let job = Job::honest(TINY, 2);
        let statement = job.statement(job.challenge(&[(2, 3)]));
        let words = statement.words();
        let words: Vec<&[u8]> = words.iter().map(|word| &word[..]).collect();
        let hash = hashv(Parameters::Bn254X5, Endianness::BigEndian, &words).unwrap();
        assert_eq!(to_word(public_input(&statement).unwrap()), hash.to_bytes());
    }

    #[test]
    fn words_that_are_no_elements_have_no_input() {
        let transcript = sample_job::transcript(TINY, 1);
        let mut statement = sample_job::statement(&transcript, 6, Challenge::NONE);
        statement.root = [0xff; 32];
        assert_eq!(public_input(&statement), Err(NotCanonical));
    }
}

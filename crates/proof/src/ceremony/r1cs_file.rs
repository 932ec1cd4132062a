//! Writes constraints as an iden3 `.r1cs` file (version 1).

use std::io::{self, Write};

use ark_ff::{BigInteger as _, PrimeField as _};

use super::binary::{write_head, write_section};
use crate::{
    circuit::{Matrix, PUBLIC_INPUTS, R1cs},
    field::Fr,
};

const HEADER: u32 = 1;
const CONSTRAINTS: u32 = 2;
const LABELS: u32 = 3;

/// Bytes of a field element.
const ELEMENT: usize = 32;

/// Writes a circuit's constraints. Wires are numbered as here: one, the public input, the rest.
pub fn write_r1cs(constraints: &R1cs, out: &mut impl Write) -> io::Result<()> {
    let variables = constraints.variables() as u32;
    let rows = constraints.constraints();
    write_head(out, b"r1cs", 1, 3)?;

    let fields = [
        variables,
        0,
        PUBLIC_INPUTS as u32,
        variables - 1 - PUBLIC_INPUTS as u32,
    ];
    write_section(out, HEADER, (4 + ELEMENT + 4 * fields.len() + 8 + 4) as u64)?;
    out.write_all(&(ELEMENT as u32).to_le_bytes())?;
    out.write_all(&Fr::MODULUS.to_bytes_le())?;
    for field in fields {
        out.write_all(&field.to_le_bytes())?;
    }
    out.write_all(&u64::from(variables).to_le_bytes())?;
    out.write_all(&(rows as u32).to_le_bytes())?;

    let matrices = constraints.matrices();
    let entries: usize = matrices.iter().map(|matrix| matrix.entries()).sum();
    let length = 3 * 4 * rows + (4 + ELEMENT) * entries;
    write_section(out, CONSTRAINTS, length as u64)?;
    for row in 0..rows {
        for matrix in matrices {
            write_row(constraints, matrix, row, out)?;
        }
    }

    write_section(out, LABELS, 8 * u64::from(variables))?;
    for label in 0..u64::from(variables) {
        out.write_all(&label.to_le_bytes())?;
    }
    Ok(())
}

fn write_row(
    constraints: &R1cs,
    matrix: &Matrix,
    row: usize,
    out: &mut impl Write,
) -> io::Result<()> {
    let row = matrix.row(row);
    out.write_all(&(row.len() as u32).to_le_bytes())?;
    for (variable, coefficient) in row {
        out.write_all(&variable.to_le_bytes())?;
        let value = constraints.coefficient(*coefficient);
        out.write_all(&value.into_bigint().to_bytes_le())?;
    }
    Ok(())
}

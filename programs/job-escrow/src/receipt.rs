//! Progress receipts: what a user signs per epoch, and how a program learns that it was signed.

use anchor_lang::prelude::*;
use solana_instructions_sysvar::{load_current_index_checked, load_instruction_at_checked};
use solana_sdk_ids::ed25519_program;

use crate::EscrowError;

/// First bytes of every receipt message, so that its signature means nothing elsewhere.
pub const RECEIPT_DOMAIN: &[u8; 17] = b"cyxwiz/receipt/v1";
/// Length of a receipt message in bytes.
pub const RECEIPT_LEN: usize = 17 + 32 + 32 + 4 + 4 + 32;

/// Cumulative progress of a job, as its user saw it.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// Epochs whose metrics the user has seen.
    pub epochs_seen: u32,
    /// Epochs up to the last checkpoint whose weights the user has downloaded.
    pub epochs_held: u32,
    /// Hash of that checkpoint, zero while none is held.
    pub checkpoint_hash: [u8; 32],
}

/// The bytes a user signs: domain, this program's id, escrow, epochs seen and held (u32, little
/// endian), checkpoint hash.
pub fn receipt_message(escrow: &Pubkey, receipt: &Receipt) -> [u8; RECEIPT_LEN] {
    let mut message = [0; RECEIPT_LEN];
    let mut rest = message.as_mut_slice();
    let parts: [&[u8]; 6] = [
        RECEIPT_DOMAIN,
        crate::ID.as_array(),
        escrow.as_array(),
        &receipt.epochs_seen.to_le_bytes(),
        &receipt.epochs_held.to_le_bytes(),
        &receipt.checkpoint_hash,
    ];
    for part in parts {
        let (head, tail) = rest.split_at_mut(part.len());
        head.copy_from_slice(part);
        rest = tail;
    }
    message
}

/// Requires the instruction before the current one to be the Ed25519 program's, checking exactly one
/// signature, by `signer`, of exactly `message`. The runtime has refused the transaction already if
/// that signature is wrong.
pub fn require_signed_before(
    instructions: &AccountInfo,
    signer: &Pubkey,
    message: &[u8],
) -> Result<()> {
    let current = load_current_index_checked(instructions)?;
    let previous = current
        .checked_sub(1)
        .ok_or(EscrowError::MissingSignatureCheck)?;
    let instruction = load_instruction_at_checked(previous.into(), instructions)?;
    require_keys_eq!(
        instruction.program_id,
        ed25519_program::ID,
        EscrowError::MissingSignatureCheck
    );
    let signed = Signed::parse(&instruction.data).ok_or(EscrowError::MissingSignatureCheck)?;
    require!(
        signed.signer == signer.as_array(),
        EscrowError::ReceiptSignerMismatch
    );
    require!(
        signed.message == message,
        EscrowError::ReceiptMessageMismatch
    );
    Ok(())
}

/// What one Ed25519 instruction with one signature attests.
struct Signed<'a> {
    signer: &'a [u8],
    message: &'a [u8],
}

impl<'a> Signed<'a> {
    /// `None` unless there is one signature and everything lies in this very instruction: an offset
    /// into another instruction would attest something else than what is read here.
    fn parse(data: &'a [u8]) -> Option<Self> {
        const THIS_INSTRUCTION: u16 = u16::MAX;
        let field = |index: usize| {
            let start = 2 + 2 * index;
            let bytes = data.get(start..start + 2)?;
            Some(u16::from_le_bytes([bytes[0], bytes[1]]))
        };
        let slice = |offset: u16, len: usize| {
            let start = usize::from(offset);
            data.get(start..start.checked_add(len)?)
        };
        // count, padding, then: signature offset, its instruction, key offset, its instruction,
        // message offset, message length, its instruction
        (*data.first()? == 1).then_some(())?;
        let inline = [field(1)?, field(3)?, field(6)?]
            .iter()
            .all(|instruction| *instruction == THIS_INSTRUCTION);
        inline.then_some(())?;
        Some(Self {
            signer: slice(field(2)?, 32)?,
            message: slice(field(4)?, field(5)?.into())?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instruction(count: u8, indices: [u16; 3], message: &[u8]) -> Vec<u8> {
        let fields = [
            48,
            indices[0],
            16,
            indices[1],
            112,
            message.len() as u16,
            indices[2],
        ];
        let mut data = vec![count, 0];
        data.extend(fields.iter().flat_map(|field| field.to_le_bytes()));
        data.extend([7; 32]);
        data.extend([9; 64]);
        data.extend(message);
        data
    }

    #[test]
    fn the_message_has_the_documented_layout() {
        let escrow = Pubkey::new_from_array([3; 32]);
        let receipt = Receipt {
            epochs_seen: 0x0403_0201,
            epochs_held: 5,
            checkpoint_hash: [6; 32],
        };
        let message = receipt_message(&escrow, &receipt);
        assert_eq!(&message[..17], b"cyxwiz/receipt/v1");
        assert_eq!(&message[17..49], crate::ID.as_array());
        assert_eq!(message[49..81], [3; 32]);
        assert_eq!(message[81..89], [1, 2, 3, 4, 5, 0, 0, 0]);
        assert_eq!(message[89..], [6; 32]);
    }

    #[test]
    fn one_inline_signature_is_read() {
        let data = instruction(1, [u16::MAX; 3], b"epoch");
        let signed = Signed::parse(&data).unwrap();
        assert_eq!(
            (signed.signer, signed.message),
            (&[7u8; 32][..], &b"epoch"[..])
        );
    }

    #[test]
    fn other_counts_other_instructions_and_truncations_are_refused() {
        let whole = instruction(1, [u16::MAX; 3], b"epoch");
        for end in 0..whole.len() {
            assert!(Signed::parse(&whole[..end]).is_none(), "cut at {end}");
        }
        for count in [0, 2, 255] {
            assert!(Signed::parse(&instruction(count, [u16::MAX; 3], b"")).is_none());
        }
        for elsewhere in 0..3 {
            let mut indices = [u16::MAX; 3];
            indices[elsewhere] = 0;
            assert!(Signed::parse(&instruction(1, indices, b"")).is_none());
        }
    }
}

//! Versioned transactions, and the tables that make their addresses short.

use anchor_lang::prelude::Pubkey;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_message::{AddressLookupTableAccount, VersionedMessage, v0};
use solana_sdk_ids::{address_lookup_table, compute_budget};
use solana_signer::Signer;
use solana_transaction::versioned::VersionedTransaction;

use crate::world::{World, key};

// How the lookup table program lays a table out: a header of fixed size, then the addresses.
const HEADER: usize = 56;

impl World {
    /// A lookup table with these addresses, old enough to be used.
    pub fn lookup_table(&mut self, addresses: &[Pubkey]) -> AddressLookupTableAccount {
        let mut data = 1u32.to_le_bytes().to_vec(); // a table
        data.extend(u64::MAX.to_le_bytes()); // that nobody deactivated
        data.resize(HEADER, 0); // extended in slot 0, without authority
        for address in addresses {
            data.extend(address.to_bytes());
        }
        let key = key("lookup-table").pubkey();
        let mut account = self.svm.get_account(&self.mint).expect("any account");
        account.lamports = self.svm.minimum_balance_for_rent_exemption(data.len());
        account.data = data;
        account.owner = address_lookup_table::ID;
        self.svm
            .set_account(key, account)
            .expect("a table is a plain account");
        self.svm.warp_to_slot(1);
        AddressLookupTableAccount {
            key,
            addresses: addresses.to_vec(),
        }
    }

    /// These instructions in a versioned transaction that `signer` pays for.
    pub fn versioned(
        &self,
        instructions: &[Instruction],
        tables: &[AddressLookupTableAccount],
        signer: &Keypair,
    ) -> VersionedTransaction {
        let blockhash = self.svm.latest_blockhash();
        let message = v0::Message::try_compile(&signer.pubkey(), instructions, tables, blockhash)
            .expect("its accounts can be numbered");
        VersionedTransaction::try_new(VersionedMessage::V0(message), &[signer])
            .expect("one signer is enough")
    }

    /// What a transaction takes in a packet, in bytes.
    pub fn wire_size(transaction: &VersionedTransaction) -> usize {
        let signatures = transaction.signatures.len();
        1 + 64 * signatures + transaction.message.serialize().len()
    }

    /// How many accounts a transaction locks.
    pub fn locks(transaction: &VersionedTransaction) -> usize {
        let message = &transaction.message;
        let looked_up = message.address_table_lookups().unwrap_or_default();
        let looked_up = looked_up
            .iter()
            .map(|table| table.writable_indexes.len() + table.readonly_indexes.len());
        message.static_account_keys().len() + looked_up.sum::<usize>()
    }

    /// An instruction behind a unit limit and a unit price, as clients send it.
    pub fn with_budget(instruction: Instruction) -> [Instruction; 3] {
        let budget = |data: Vec<u8>| Instruction {
            program_id: compute_budget::ID,
            accounts: vec![],
            data,
        };
        let limit = [vec![2], 1_000_000u32.to_le_bytes().to_vec()].concat();
        let price = [vec![3], 1u64.to_le_bytes().to_vec()].concat();
        [budget(limit), budget(price), instruction]
    }
}

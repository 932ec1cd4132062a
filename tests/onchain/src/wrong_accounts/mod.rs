//! Every account of an instruction, wrong.
//!
//! Takes a call that succeeds and, for each account that the committed IDL names, puts everything else
//! in its place: every other account of its type in the world, one of each other type, a look-alike
//! that a foreign program owns, an account closed or revived; it takes away the signature and the right
//! to write. What becomes of each is compared with a committed table, `wrong_accounts/<program>/
//! <instruction>.txt`; `ConstraintSeeds (vault)` there is a refusal that blames the account `vault`. A
//! refusal must leave every account as it was, and whatever is accepted, or makes the program panic, needs
//! a reason in the table. `TABLES_UPDATE=1` rewrites the tables, keeping the reasons.

mod table;
mod trial;

use std::path::PathBuf;

use anchor_lang::prelude::Pubkey;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;

use self::{
    table::{NO_REASON, difference},
    trial::Trial,
};
use crate::world::World;

/// The accounts that are tried, by name, and the keys of those that can sign.
#[derive(Default)]
pub struct Cast {
    named: Vec<(String, Pubkey)>,
    keys: Vec<Keypair>,
}

impl Cast {
    /// Adds an account.
    pub fn account(&mut self, name: &str, address: Pubkey) {
        self.named.push((name.to_owned(), address));
    }

    /// Adds a wallet.
    pub fn wallet(&mut self, name: &str, key: &Keypair) {
        self.account(name, key.pubkey());
        self.keys.push(key.insecure_clone());
    }

    fn name(&self, address: &Pubkey) -> Option<&str> {
        let found = self.named.iter().find(|(_, known)| known == address);
        found.map(|(name, _)| name.as_str())
    }
}

/// A call that succeeds.
pub struct Call {
    /// The program's name in the IDL.
    pub program: &'static str,
    /// The instruction's name in the IDL.
    pub instruction: &'static str,
    /// What must come before it in the same transaction.
    pub before: Vec<Instruction>,
    /// The instruction itself.
    pub call: Instruction,
    /// Whether it takes more accounts than the IDL names.
    pub remaining: bool,
}

/// Where the table of an instruction lies.
pub fn table(program: &str, instruction: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("wrong_accounts");
    folder.join(program).join(format!("{instruction}.txt"))
}

/// Tries everything in place of every account of `call`, and compares what becomes of it with the
/// committed table.
#[track_caller]
pub fn check(world: &mut World, cast: &Cast, call: &Call) {
    let file = table(call.program, call.instruction);
    let old = std::fs::read_to_string(&file).unwrap_or_default();
    let found = Trial::new(world, cast, call).run(&old);
    let update = std::env::var_os("TABLES_UPDATE").is_some();
    if update && found != old {
        std::fs::create_dir_all(file.parent().expect("it lies in a folder"))
            .expect("the folder is writable");
        std::fs::write(&file, &found).expect("the table is writable");
    }
    let changes = difference(&old, &found).join("\n");
    assert!(
        update || found == old,
        "{} does not say what {} of {} does now; if it is meant, run with TABLES_UPDATE=1 and \
         judge every line:\n{changes}",
        file.display(),
        call.instruction,
        call.program,
    );
    assert!(
        !found.contains(NO_REASON),
        "accepted, or panicked, without a reason; refuse it, or write the reason into {}:\n{changes}",
        file.display()
    );
}

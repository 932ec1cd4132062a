//! Every account of an instruction, wrong.
//!
//! Takes a call that succeeds and, for each account that the committed IDL names, puts everything else
//! in its place: every other account of its type in the world, one of each other type, a look-alike
//! that a foreign program owns, an account closed or revived; it takes away the signature and the right
//! to write. What becomes of each is compared with a committed table, `wrong_accounts/<program>/
//! <instruction>.txt`. A refusal must leave every account as it was, and whatever is accepted needs a
//! reason in the table. An error in parentheses' account, as in `ConstraintSeeds (vault)`, is blamed on that account. `TABLES_UPDATE=1` rewrites the tables, keeping the reasons.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use anchor_lang::{prelude::Pubkey, solana_program::program_pack::Pack};
use litesvm::LiteSVM;
use solana_account::Account;
use solana_instruction::{AccountMeta, Instruction};
use solana_keypair::Keypair;
use solana_signer::Signer;
use spl_token_interface::state::{Account as TokenAccount, Mint};

use crate::{
    idl::{Idl, Slot},
    outcome::{ACCEPTED, PANICS, blamed, outcome},
    world::{Sent, World, key, succeed},
};

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

const NO_REASON: &str = "NO REASON GIVEN";
const UNUSED: &str = "unused address";
/// Enough for the rent of every account that is made up here.
const LAMPORTS: u64 = 100_000_000;

/// One change to a valid call.
#[derive(Clone, Copy)]
enum Wrong {
    /// Another account in its place, which signs if it must and can.
    Other(Pubkey),
    /// The same data at another address, owned by a foreign program.
    LookAlike,
    /// The account is gone.
    Closed,
    /// The account is gone, and somebody has sent lamports to its address.
    Revived,
    /// It may not be written to.
    ReadOnly,
    /// Its key has not signed.
    Unsigned,
}

/// How what is tried relates to what belongs there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    /// Another account of the same type.
    SameType,
    /// An account of another type.
    OtherType,
    /// The right account, changed, or none.
    Change,
}

struct Trial<'a> {
    world: &'a mut World,
    cast: &'a Cast,
    call: &'a Call,
}

impl<'a> Trial<'a> {
    fn new(world: &'a mut World, cast: &'a Cast, call: &'a Call) -> Self {
        Self { world, cast, call }
    }

    /// The table as it should be; reasons for what is accepted are taken from the old one.
    fn run(mut self, old: &str) -> String {
        let mut slots = Idl::of(self.call.program).slots(self.call.instruction);
        let names: Vec<&str> = slots.iter().map(|slot| slot.name.as_str()).collect();
        let metas = &self.call.call.accounts;
        let remaining = metas.get(slots.len()..).unwrap_or_default();
        assert!(
            remaining.is_empty() || self.call.remaining,
            "more accounts than in the IDL, {names:?}; run scripts/build-idl"
        );
        slots.extend(remaining.iter().enumerate().map(|(number, meta)| Slot {
            name: format!("remaining {number}"),
            writable: meta.is_writable,
            signer: meta.is_signer,
        }));
        let names: Vec<&str> = slots.iter().map(|slot| slot.name.as_str()).collect();
        assert_eq!(
            metas.len(),
            slots.len(),
            "the call's accounts are not those of the IDL, {names:?}; run scripts/build-idl"
        );
        for (slot, meta) in slots.iter().zip(metas) {
            let flags = (meta.is_writable, meta.is_signer);
            assert_eq!(
                flags,
                (slot.writable, slot.signer),
                "flags of {}",
                slot.name
            );
        }
        let pristine = self.world.svm.clone();
        succeed("the valid call", self.send(&self.call.call.clone()));
        self.world.svm = pristine.clone();

        let reasons = reasons(old);
        let mut table = format!(
            "What becomes of {} of {} with another account in each place.\n",
            self.call.instruction, self.call.program
        );
        for (index, slot) in slots.iter().enumerate() {
            let mut rows = Rows::default();
            for (label, class, wrong) in self.attempts(index, slot) {
                let found = self.attempt(index, slot, wrong, &pristine);
                rows.add(found, class, label);
            }
            table += &format!("\n{}\n", slot.name);
            table += &rows.print(&slot.name, &reasons);
        }
        table
    }

    fn attempts(&self, index: usize, slot: &Slot) -> Vec<(String, Class, Wrong)> {
        let valid = &self.call.call.accounts[index];
        let kind = self.kind(&valid.pubkey);
        let unused = Wrong::Other(key("unused").pubkey());
        let mut attempts = vec![(UNUSED.to_owned(), Class::Change, unused)];
        let mut other_kinds = BTreeSet::new();
        for (name, address) in &self.cast.named {
            let other = self.kind(address);
            if *address == valid.pubkey || other == UNUSED {
                continue;
            }
            let wrong = Wrong::Other(*address);
            if other == kind {
                attempts.push((name.clone(), Class::SameType, wrong));
            } else if other_kinds.insert(other.clone()) {
                attempts.push((other, Class::OtherType, wrong));
            }
        }
        let mut change = |name: &str, wrong| {
            attempts.push((name.to_owned(), Class::Change, wrong));
        };
        let data = !matches!(kind.as_str(), UNUSED | "wallet" | "program" | "sysvar");
        if data || kind == "sysvar" {
            change("look-alike", Wrong::LookAlike);
        }
        if data {
            change("closed", Wrong::Closed);
            change("revived", Wrong::Revived);
        }
        // what another place of the same call grants is not taken away by this one
        let elsewhere = |has: fn(&AccountMeta) -> bool| {
            let others = self.call.call.accounts.iter().enumerate();
            let mut same = others.filter(|(at, it)| *at != index && it.pubkey == valid.pubkey);
            same.any(|(_, it)| has(it))
        };
        if slot.writable && !elsewhere(|it| it.is_writable) {
            change("read-only", Wrong::ReadOnly);
        }
        if slot.signer && !elsewhere(|it| it.is_signer) {
            change("unsigned", Wrong::Unsigned);
        }
        attempts
    }

    /// The name of what becomes of the call with one thing changed. Leaves the world as it was.
    fn attempt(&mut self, index: usize, slot: &Slot, wrong: Wrong, pristine: &LiteSVM) -> String {
        let mut call = self.call.call.clone();
        let meta = &mut call.accounts[index];
        let valid = meta.pubkey;
        match wrong {
            Wrong::Other(address) => {
                meta.pubkey = address;
                meta.is_signer = slot.signer && self.can_sign(&address);
            }
            Wrong::LookAlike => {
                meta.pubkey = key("look-alike").pubkey();
                let mut copy = self.world.svm.get_account(&valid).unwrap_or_default();
                copy.owner = key("foreign program").pubkey();
                copy.lamports = copy.lamports.max(LAMPORTS);
                self.put(meta.pubkey, copy);
            }
            Wrong::Closed => self.put(valid, Account::default()),
            Wrong::Revived => {
                let lamports = LAMPORTS;
                self.put(
                    valid,
                    Account {
                        lamports,
                        ..Account::default()
                    },
                );
            }
            Wrong::ReadOnly => meta.is_writable = false,
            Wrong::Unsigned => meta.is_signer = false,
        }
        let put = matches!(wrong, Wrong::LookAlike | Wrong::Closed | Wrong::Revived);
        let before = put.then(|| self.world.svm.clone());
        let sent = self.send(&call);
        if sent.is_err() {
            self.assert_untouched(before.as_ref().unwrap_or(pristine), &call);
        }
        if sent.is_ok() || put {
            self.world.svm = pristine.clone();
        }
        let leaf = slot.name.rsplit('.').next().expect("a name has an end");
        match blamed(&sent) {
            Some(account) if account != leaf => format!("{} ({account})", outcome(&sent)),
            _ => outcome(&sent),
        }
    }

    fn send(&mut self, call: &Instruction) -> Sent {
        let mut instructions = self.call.before.clone();
        instructions.push(call.clone());
        let required: BTreeSet<Pubkey> = instructions
            .iter()
            .flat_map(|it| &it.accounts)
            .filter_map(|meta| meta.is_signer.then_some(meta.pubkey))
            .collect();
        let keys = self.cast.keys.iter();
        let signers: Vec<&Keypair> = keys.filter(|it| required.contains(&it.pubkey())).collect();
        self.world.send(&instructions, &signers)
    }

    fn can_sign(&self, address: &Pubkey) -> bool {
        self.cast.keys.iter().any(|it| it.pubkey() == *address)
    }

    fn put(&mut self, address: Pubkey, account: Account) {
        self.world
            .svm
            .set_account(address, account)
            .expect("a data account may be replaced");
    }

    fn assert_untouched(&self, before: &LiteSVM, call: &Instruction) {
        let fee_payer = self.world.payer.pubkey();
        let involved = call.accounts.iter().map(|meta| meta.pubkey);
        let named = self.cast.named.iter().map(|(_, address)| *address);
        for address in involved.chain(named).filter(|it| *it != fee_payer) {
            assert_eq!(
                self.world.svm.get_account(&address),
                before.get_account(&address),
                "a refused call changed {:?}",
                self.cast.name(&address)
            );
        }
    }

    /// What lies at an address.
    fn kind(&self, address: &Pubkey) -> String {
        if *address == solana_sdk_ids::sysvar::instructions::ID {
            return "sysvar".to_owned();
        }
        if self.can_sign(address) {
            return "wallet".to_owned();
        }
        let account = self.world.svm.get_account(address);
        let Some(account) = account.filter(|account| account.lamports > 0) else {
            return UNUSED.to_owned();
        };
        if account.executable {
            return "program".to_owned();
        }
        let owner = account.owner;
        if owner == spl_token_interface::ID {
            let kinds = [(Mint::LEN, "mint"), (TokenAccount::LEN, "token account")];
            let found = kinds.iter().find(|(len, _)| *len == account.data.len());
            return found.expect("a mint or a token account").1.to_owned();
        }
        let native = [
            (solana_sdk_ids::system_program::ID, "wallet"),
            (solana_sdk_ids::sysvar::ID, "sysvar"),
            (solana_sdk_ids::bpf_loader_upgradeable::ID, "program data"),
        ];
        if let Some((_, name)) = native.iter().find(|(id, _)| *id == owner) {
            return (*name).to_owned();
        }
        let head = account.data.get(..8).unwrap_or_default();
        let ours = Idl::all().iter().find_map(|(program, idl)| {
            let name = idl.account_type(head)?;
            (idl.address() == owner.to_string()).then(|| format!("{name} of {program}"))
        });
        ours.unwrap_or_else(|| panic!("what is {:?}?", self.cast.name(address)))
    }
}

/// What is tried in one place, by what becomes of it.
#[derive(Default)]
struct Rows(BTreeMap<String, BTreeMap<Class, BTreeSet<String>>>);

impl Rows {
    fn add(&mut self, outcome: String, class: Class, label: String) {
        let row = self.0.entry(outcome).or_default();
        row.entry(class).or_default().insert(label);
    }

    /// A line per outcome. Of other types, and of other accounts of the same type, those with the most
    /// common outcome stand as "every other …": what is not named in another line of the place.
    fn print(mut self, slot: &str, reasons: &BTreeMap<(String, String), String>) -> String {
        for (class, summary) in [
            (Class::OtherType, "every other type"),
            (Class::SameType, "every other one of its type"),
        ] {
            let largest = self
                .0
                .values_mut()
                .filter_map(|row| row.get_mut(&class))
                .max_by_key(|labels| labels.len());
            if let Some(labels) = largest.filter(|labels| labels.len() > 2) {
                *labels = BTreeSet::from([summary.to_owned()]);
            }
        }
        let mut text = String::new();
        for outcome in [ACCEPTED, PANICS] {
            let row = self.0.remove(outcome).unwrap_or_default();
            for label in row.into_values().flatten() {
                let reason = reasons.get(&(slot.to_owned(), label.clone()));
                let reason = reason.map_or(NO_REASON, String::as_str);
                text += &format!("    {outcome}: {label}: {reason}\n");
            }
        }
        for (outcome, row) in self.0 {
            let labels: Vec<String> = row.into_values().flatten().collect();
            text += &format!("    {outcome}: {}\n", labels.join(", "));
        }
        text
    }
}

/// The reasons in a table: (place, what was put there) -> why that may be.
fn reasons(table: &str) -> BTreeMap<(String, String), String> {
    let mut reasons = BTreeMap::new();
    let mut slot = "";
    for line in table.lines() {
        let Some(rest) = line.strip_prefix("    ") else {
            slot = line;
            continue;
        };
        let mut parts = rest.splitn(3, ": ");
        if let (Some(ACCEPTED | PANICS), Some(label), Some(reason)) =
            (parts.next(), parts.next(), parts.next())
        {
            let place = (slot.to_owned(), label.to_owned());
            reasons.insert(place, reason.to_owned());
        }
    }
    reasons
}

/// The lines that only one of two tables has, each below its place.
fn difference(old: &str, new: &str) -> Vec<String> {
    let lines = |table: &str| -> BTreeSet<(String, String)> {
        let mut slot = String::new();
        let mut lines = BTreeSet::new();
        for line in table.lines() {
            if line.starts_with("    ") {
                lines.insert((slot.clone(), line.trim().to_owned()));
            } else {
                slot = line.to_owned();
            }
        }
        lines
    };
    let (old, new) = (lines(old), lines(new));
    let gone = old
        .difference(&new)
        .map(|(slot, line)| format!("- {slot}: {line}"));
    let come = new
        .difference(&old)
        .map(|(slot, line)| format!("+ {slot}: {line}"));
    gone.chain(come).collect()
}

//! One call, tried with one thing wrong at a time.

use std::collections::BTreeSet;

use anchor_lang::{prelude::Pubkey, solana_program::program_pack::Pack};
use litesvm::LiteSVM;
use solana_account::Account;
use solana_instruction::{AccountMeta, Instruction};
use solana_keypair::Keypair;
use solana_signer::Signer;
use spl_token_interface::state::{Account as TokenAccount, Mint};

use super::{
    Call, Cast,
    table::{Class, Rows, reasons},
};
use crate::{
    idl::{Idl, Slot},
    outcome::{blamed, outcome},
    world::{Sent, World, key, succeed},
};

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

/// A call, and the world in which it succeeds.
pub(super) struct Trial<'a> {
    world: &'a mut World,
    cast: &'a Cast,
    call: &'a Call,
}

impl<'a> Trial<'a> {
    pub(super) fn new(world: &'a mut World, cast: &'a Cast, call: &'a Call) -> Self {
        Self { world, cast, call }
    }

    /// The table as it should be; reasons for what is accepted are taken from the old one.
    pub(super) fn run(mut self, old: &str) -> String {
        let mut slots = Idl::of(self.call.program).slots(self.call.instruction);
        let metas = &self.call.call.accounts;
        let remaining = metas.iter().skip(slots.len()).enumerate();
        if self.call.remaining {
            slots.extend(remaining.map(|(number, meta)| Slot {
                name: format!("remaining {number}"),
                writable: meta.is_writable,
                signer: meta.is_signer,
            }));
        }
        assert_eq!(
            metas.len(),
            slots.len(),
            "the call's accounts are not those of the IDL; run scripts/build-idl"
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

//! What the committed interface descriptions say: accounts of instructions, errors, account types.

use std::{collections::BTreeMap, path::PathBuf, sync::LazyLock};

use serde_json::Value;

/// One program's committed IDL.
pub struct Idl(Value);

/// One account that an instruction takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Its name, with the names of the groups it is in: `settlement.node_token`.
    pub name: String,
    /// Whether the instruction may change it.
    pub writable: bool,
    /// Whether its key must sign.
    pub signer: bool,
}

impl Idl {
    /// All that are committed, by the name of their program; read once.
    pub fn all() -> &'static BTreeMap<String, Self> {
        static ALL: LazyLock<BTreeMap<String, Idl>> = LazyLock::new(|| {
            let entries = std::fs::read_dir(folder()).expect("idl/ is there");
            let files = entries.map(|entry| entry.expect("idl/ is readable").path());
            let idls = files.filter(|path| path.extension().is_some_and(|it| it == "json"));
            idls.map(|path| {
                let name = path.file_stem().and_then(|name| name.to_str());
                let text = std::fs::read_to_string(&path).expect("an IDL is readable");
                let idl = serde_json::from_str(&text).expect("an IDL is JSON");
                (name.expect("an IDL has a name").to_owned(), Idl(idl))
            })
            .collect()
        });
        &ALL
    }

    /// The names of the programs that have one.
    pub fn programs() -> impl Iterator<Item = &'static str> {
        Self::all().keys().map(String::as_str)
    }

    /// The IDL of this program.
    pub fn of(program: &str) -> &'static Self {
        let idl = Self::all().get(program);
        idl.unwrap_or_else(|| panic!("no IDL of {program}: run scripts/build-idl"))
    }

    /// The program's address, in base 58.
    pub fn address(&self) -> &str {
        self.0["address"]
            .as_str()
            .expect("a program has an address")
    }

    /// The names of its instructions.
    pub fn instructions(&self) -> Vec<String> {
        list(&self.0, "instructions").map(name).collect()
    }

    /// The accounts of an instruction in order, groups taken apart.
    pub fn slots(&self, instruction: &str) -> Vec<Slot> {
        let instruction = list(&self.0, "instructions")
            .find(|it| it["name"] == instruction)
            .unwrap_or_else(|| panic!("the IDL knows no {instruction}: run scripts/build-idl"));
        let mut slots = Vec::new();
        flatten("", instruction, &mut slots);
        slots
    }

    /// The name of an error number of this program.
    pub fn error(&self, code: u32) -> Option<String> {
        list(&self.0, "errors")
            .find(|it| it["code"] == code)
            .map(name)
    }

    /// The name of the account type that starts with these eight bytes.
    pub fn account_type(&self, discriminator: &[u8]) -> Option<String> {
        let matches = |it: &&Value| {
            let bytes = list(it, "discriminator").map(Value::as_u64);
            bytes.eq(discriminator.iter().map(|&byte| Some(byte.into())))
        };
        list(&self.0, "accounts").find(matches).map(name)
    }
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../idl")
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value[key].as_array().into_iter().flatten()
}

fn name(value: &Value) -> String {
    value["name"].as_str().expect("it has a name").to_owned()
}

fn flatten(prefix: &str, group: &Value, slots: &mut Vec<Slot>) {
    for account in list(group, "accounts") {
        let name = format!("{prefix}{}", name(account));
        if account["accounts"].is_array() {
            flatten(&format!("{name}."), account, slots);
        } else {
            slots.push(Slot {
                name,
                writable: account["writable"] == true,
                signer: account["signer"] == true,
            });
        }
    }
}

//! The measured guests, embedded.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Context, Result};
use warren_engine::{Code, Definition, Definitions, Files, Grants, Source, Uses};
use warren_kernel::Error;

use crate::rust_guests;

/// The host of the guests, which know it by this name.
pub(crate) const HOST: &str = "bench:processes";

/// A host of so many processes that all its slots are dense: its code checks
/// bounds.
pub(crate) const DENSE_HOST: &str = "bench:dense";

/// The id of a store in memory.
pub(crate) const IN_MEMORY: &str = "bench:memory";

/// The id of a store on the disk.
pub(crate) const DURABLE: &str = "bench:durable";

macro_rules! files {
    ($directory:literal: $($name:literal)*) => {
        &[$(($name, include_str!(concat!("../guests/", $directory, $name)))),*]
    };
}

/// By file name: `empty.lua` is the definition `bench:empty.lua`.
const FILES: &[(&str, &str)] = files!("":
    "busy.lua" "called.lua" "calls.lua" "echo-component.wat" "echo.lua" "empty-component.wat" "empty.lua" "fan-in.lua"
    "fan-out.lua" "growth.lua" "herd.lua" "once.lua" "operations.lua" "parked.wat" "ping-component.wat" "ping.lua" "ring-member.lua"
    "ring.lua" "sink.lua" "skynet.lua" "sleeper.lua" "source.lua" "spawner.lua" "store.lua" "values.lua" "waker.lua");

/// Core modules on the flat ABI, which share [`PRELUDE`]: `flat/ring.wat` is
/// the definition `bench:flat/ring`.
const FLAT: &[(&str, &str)] = files!("flat/":
    "busy.wat" "crowd.wat" "dispatch-calls.wat" "dispatch-switch.wat" "echo.wat" "empty.wat"
    "fan-in.wat" "fan-out.wat" "herd.wat" "once.wat" "ping.wat" "ring-member.wat" "ring.wat"
    "sink.wat" "skynet.wat" "sleeper.wat" "source.wat" "spawner.wat");

const PRELUDE: &str = include_str!("../guests/flat/prelude.wat");

/// Lua programs that need nothing but Lua: `cpu/fib.lua` is the definition
/// `bench:cpu/fib.lua`.
const CPU: &[(&str, &str)] = files!("cpu/":
    "building.lua" "coroutines.lua" "fib.lua" "gsub.lua" "json.lua" "n-body.lua"
    "pcall-error.lua" "permute.lua" "queens.lua" "richards.lua" "scans.lua" "sort.lua"
    "strings.lua" "tables.lua");

/// The definitions of all guests.
pub(crate) struct Guests(HashMap<Arc<str>, Arc<Definition>>);

impl Guests {
    /// Returns all guests, those in Rust if they are built.
    ///
    /// # Errors
    /// The guests in Rust cannot be read.
    pub(crate) fn new() -> Result<Guests> {
        let files = FILES
            .iter()
            .map(|(name, text)| definition(name, name, text.as_bytes()));
        let cpu = CPU
            .iter()
            .map(|(name, text)| definition(&format!("cpu/{name}"), name, text.as_bytes()));
        let flat = FLAT.iter().map(|(name, text)| {
            let stem = name.trim_end_matches(".wat");
            let module = format!("(module\n{PRELUDE}\n{text})");
            definition(&format!("flat/{stem}"), name, module.as_bytes())
        });
        let rust = rust_guests::modules()?;
        let rust = rust
            .iter()
            .map(|(name, module)| definition(&format!("rust/{name}"), name, module));
        let all = files.chain(cpu).chain(flat).chain(rust);
        Ok(Guests(
            all.map(|definition| (Arc::clone(&definition.id), Arc::new(definition)))
                .collect(),
        ))
    }
}

fn definition(id: &str, name: &str, code: &[u8]) -> Definition {
    let source = Source {
        name: name.into(),
        bytes: code.into(),
    };
    Definition {
        id: format!("bench:{id}").into(),
        code: if name.ends_with(".lua") {
            Code::Lua(source)
        } else {
            Code::Wasm(source)
        },
        method: "main".into(),
        host: None,
        grants: Arc::new(grants_of(name)),
    }
}

fn grants_of(name: &str) -> Grants {
    let uses = match name {
        "store.lua" => Uses::default()
            .with("store", IN_MEMORY)
            .with("store", DURABLE),
        _ => Uses::default(),
    };
    Grants {
        uses,
        ..Grants::default()
    }
}

impl Definitions for Guests {
    fn definition(&self, id: &str) -> Result<Arc<Definition>, Error> {
        let found = self.0.get(id).cloned();
        found.ok_or_else(|| Error::not_found(format!("no guest is called {id}")))
    }
}

impl Files for Guests {
    fn module(&self, _name: &str) -> Result<Option<Source>, Error> {
        Ok(None)
    }
}

/// Returns the text of a program that needs nothing but Lua.
///
/// # Errors
/// There is no such program.
pub(crate) fn cpu_program(name: &str) -> Result<&'static str> {
    let found = CPU
        .iter()
        .find(|(file, _)| file.trim_end_matches(".lua") == name);
    Ok(found
        .with_context(|| format!("no Lua program is called {name}"))?
        .1)
}

/// The arguments of a guest, encoded so that those written in WAT need not
/// decode them: at most 15, numbers in five bytes each.
#[derive(Clone, Debug)]
pub(crate) struct Arguments(Vec<u8>);

impl Arguments {
    /// Returns no arguments.
    pub(crate) fn new() -> Arguments {
        Arguments(vec![0x90])
    }

    /// Adds a number.
    pub(crate) fn number(self, number: u32) -> Arguments {
        let mut bytes = vec![0xce];
        bytes.extend(number.to_be_bytes());
        self.encoded(&bytes)
    }

    /// Adds a string.
    pub(crate) fn text(self, text: &str) -> Arguments {
        let mut bytes = Vec::new();
        // Never fails: it writes to memory.
        let _ = rmp::encode::write_str(&mut bytes, text);
        self.encoded(&bytes)
    }

    /// Adds a value that is encoded already.
    pub(crate) fn encoded(mut self, value: &[u8]) -> Arguments {
        self.0[0] += 1;
        self.0.extend(value);
        self
    }

    /// Returns all arguments.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Returns the arguments of most guests: a count, and the id of another
/// definition.
pub(crate) fn arguments(count: u32, definition: &str) -> Arguments {
    Arguments::new().number(count).text(definition)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_what_the_guests_expect() {
        let arguments = arguments(258, "bench:x").encoded(&[7]);
        assert_eq!(arguments.bytes()[..7], [0x93, 0xce, 0, 0, 1, 2, 0xa7]);
        assert_eq!(&arguments.bytes()[7..], b"bench:x\x07");
    }

    #[test]
    fn every_id_takes_one_byte_of_head() {
        // WAT guests skip exactly that.
        let guests = Guests::new().expect("all guests but those in Rust are embedded");
        assert!(guests.0.keys().all(|id| id.len() < 32));
    }
}

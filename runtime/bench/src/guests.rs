//! The guests that are measured, embedded.

use std::collections::HashMap;
use std::sync::Arc;

use warren_engine::{Code, Definition, Definitions, Grants, Source};
use warren_kernel::Error;

/// The host all of them run in. The guests know it by this name.
pub(crate) const HOST: &str = "bench:processes";

/// By file name: `empty.lua` is the definition `bench:empty.lua`.
const FILES: &[(&str, &str)] = &[
    ("busy-flat.wat", include_str!("../guests/busy-flat.wat")),
    ("busy.lua", include_str!("../guests/busy.lua")),
    ("crowd.wat", include_str!("../guests/crowd.wat")),
    (
        "echo-component.wat",
        include_str!("../guests/echo-component.wat"),
    ),
    ("echo-flat.wat", include_str!("../guests/echo-flat.wat")),
    ("echo.lua", include_str!("../guests/echo.lua")),
    (
        "empty-component.wat",
        include_str!("../guests/empty-component.wat"),
    ),
    ("empty-flat.wat", include_str!("../guests/empty-flat.wat")),
    ("empty.lua", include_str!("../guests/empty.lua")),
    (
        "ping-component.wat",
        include_str!("../guests/ping-component.wat"),
    ),
    ("parked.wat", include_str!("../guests/parked.wat")),
    ("ping-flat.wat", include_str!("../guests/ping-flat.wat")),
    ("ping.lua", include_str!("../guests/ping.lua")),
    (
        "sleeper-flat.wat",
        include_str!("../guests/sleeper-flat.wat"),
    ),
    ("sleeper.lua", include_str!("../guests/sleeper.lua")),
    ("spawner.lua", include_str!("../guests/spawner.lua")),
    ("spawner.wat", include_str!("../guests/spawner.wat")),
];

/// Knows the definitions of all guests.
pub(crate) struct Guests(HashMap<Arc<str>, Arc<Definition>>);

impl Guests {
    /// All of them.
    pub(crate) fn new() -> Guests {
        let grants = Arc::new(Grants::default());
        let definitions = FILES.iter().map(|(name, text)| {
            let source = Source {
                name: (*name).into(),
                bytes: text.as_bytes().into(),
            };
            let definition = Definition {
                id: format!("bench:{name}").into(),
                code: if name.ends_with(".lua") {
                    Code::Lua(source)
                } else {
                    Code::Wasm(source)
                },
                method: "main".into(),
                host: None,
                grants: Arc::clone(&grants),
            };
            (Arc::clone(&definition.id), Arc::new(definition))
        });
        Guests(definitions.collect())
    }
}

impl Definitions for Guests {
    fn definition(&self, id: &str) -> Result<Arc<Definition>, Error> {
        let found = self.0.get(id).cloned();
        found.ok_or_else(|| Error::not_found(format!("no guest is called {id}")))
    }

    fn module(&self, _name: &str) -> Result<Option<Source>, Error> {
        Ok(None)
    }
}

/// The arguments most guests take, encoded: a count in five bytes, so that
/// those written in WAT need not decode it, and the id of another definition.
pub(crate) fn arguments(count: u32, definition: &str) -> Vec<u8> {
    let mut bytes = vec![0x92, 0xce];
    bytes.extend(count.to_be_bytes());
    // Never fails: it writes to memory, and ids are short.
    let _ = rmp::encode::write_str(&mut bytes, definition);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_what_the_guests_expect() {
        let bytes = arguments(258, "bench:x");
        assert_eq!(bytes[..7], [0x92, 0xce, 0, 0, 1, 2, 0xa7]);
        assert_eq!(&bytes[7..], b"bench:x");
        // One byte of head: WAT guests skip exactly that.
        assert!(
            FILES
                .iter()
                .all(|(name, _)| "bench:".len() + name.len() < 32)
        );
    }
}

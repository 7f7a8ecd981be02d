//! `wasi:config`: the environment variables that were granted, as the capability `env` has
//! them.

use rmpv::Value;
use warren_kernel::{Error, Kind};
use wasmtime::component::{HasSelf, Linker};

use crate::codec::{self, reader};
use crate::guest::Guest;

mod bindings {
    #![allow(
        missing_docs,
        unreachable_pub,
        dead_code,
        clippy::all,
        reason = "generated"
    )]

    wasmtime::component::bindgen!({
        path: "wasi/config.wit",
        world: "warren:wasi-config/host",
        imports: { default: async | trappable },
    });
}

use bindings::wasi::config::store;

/// Earlier versions, with the same functions.
const EARLIER: [&str; 3] = [
    "wasi:config/runtime@0.2.0-draft",
    "wasi:config/store@0.2.0-draft",
    "wasi:config/store@0.2.0-draft-2024-09-27",
];

pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    store::add_to_linker::<Guest, HasSelf<Guest>>(linker, |guest| guest)?;
    for version in EARLIER {
        let mut instance = linker.instance(version)?;
        store::add_to_linker_instance::<Guest, HasSelf<Guest>>(&mut instance, |guest| guest)?;
    }
    Ok(())
}

impl Guest {
    /// Reads a variable; `None` if it is not granted or not set.
    async fn variable(&mut self, name: &str) -> wasmtime::Result<Result<Option<String>, Error>> {
        let request = codec::encode(&Value::Array(vec![name.into()]));
        Ok(match self.call_and_wait("env.get", &request).await? {
            Ok(value) => Ok(reader::text(&value).map(str::to_owned)),
            Err(error) if error.kind == Kind::NotFound => Ok(None),
            // No variable has such a name.
            Err(error) if error.kind == Kind::Invalid => Ok(None),
            Err(error) => Err(error),
        })
    }
}

impl store::Host for Guest {
    async fn get(&mut self, key: String) -> wasmtime::Result<Result<Option<String>, store::Error>> {
        let value = self.variable(&key).await?;
        Ok(value.map_err(|error| store::Error::Upstream(error.message)))
    }

    async fn get_all(&mut self) -> wasmtime::Result<Result<Vec<(String, String)>, store::Error>> {
        let names = match self.call_and_wait("env.names", codec::NO_VALUES).await? {
            Ok(names) => names,
            Err(error) => return Ok(Err(store::Error::Upstream(error.message))),
        };
        let names = reader::elements(&names).into_iter().flatten();
        let names: Vec<_> = names
            .filter_map(|name| Some(reader::text(name)?.to_owned()))
            .collect();
        let mut all = Vec::with_capacity(names.len());
        for name in names {
            // A variable that a policy denies is left out.
            if let Ok(Some(value)) = self.variable(&name).await? {
                all.push((name, value));
            }
        }
        Ok(Ok(all))
    }
}

//! A runtime with many tenants, and tenants that come and go beside them.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::runtime::Runtime as Tokio;
use warren::{Change, HostLimits, Runtime, Spawn};

/// Definitions of each tenant.
pub(crate) const DEFINITIONS: usize = 20;

/// The code of the tenants that come and go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    /// Lua, another text for each tenant.
    NewLua,
    /// The same Lua for each.
    Lua,
    /// The same core modules for each. Their machine code is in the code cache.
    Flat,
}

/// A runtime with tenants that stay.
pub(crate) struct Tenants {
    runtime: Runtime,
    tokio: Tokio,
    /// Tenants that have come and gone.
    gone: usize,
}

/// The cost of one tenant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cycle {
    pub(crate) added: Duration,
    pub(crate) removed: Duration,
}

impl Tenants {
    /// Starts a runtime with this number of tenants, each with a host of its own.
    pub(crate) fn start(cache: &Path, tenants: usize) -> Result<Tenants> {
        let tokio = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .context("cannot start the async runtime")?;
        let mut builder = Runtime::builder().cache(cache.to_owned());
        for number in 0..tenants {
            let tenant = format!("stays{number}");
            builder = builder.host(host(&tenant), HostLimits::default());
            for n in 0..DEFINITIONS {
                builder = builder.lua(id(&tenant, n), lua(&tenant, n));
            }
        }
        let inside = tokio.enter();
        let runtime = builder.start().context("no runtime")?;
        drop(inside);
        Ok(Tenants {
            runtime,
            tokio,
            gone: 0,
        })
    }

    /// Adds a tenant, runs a process of it, and removes the tenant.
    ///
    /// # Errors
    ///
    /// A change is refused, or the process fails.
    pub(crate) fn cycle(&mut self, code: Code) -> Result<Cycle> {
        let tenant = format!("comes{}", self.gone);
        self.gone += 1;
        let (addition, removal) = (addition(&tenant, code), removal(&tenant));
        self.tokio.block_on(async {
            let began = Instant::now();
            self.runtime.apply(addition).await?.settled().await?;
            let added = began.elapsed();
            let first = Spawn::new(id(&tenant, 0)).host(host(&tenant));
            let result: Option<i64> = self.runtime.exec(first).await?;
            let expected = (code != Code::Flat).then_some(0);
            ensure!(
                result == expected,
                "the tenant's process returned {result:?}"
            );
            let began = Instant::now();
            self.runtime.apply(removal).await?.settled().await?;
            let removed = began.elapsed();
            Ok(Cycle { added, removed })
        })
    }
}

fn addition(tenant: &str, code: Code) -> Change {
    let change = Change::new().host(host(tenant), HostLimits::default());
    (0..DEFINITIONS).fold(change, |change, n| match code {
        Code::NewLua => change.lua(id(tenant, n), lua(tenant, n)),
        Code::Lua => change.lua(id(tenant, n), lua("any", n)),
        Code::Flat => change.wasm(id(tenant, n), flat(n)),
    })
}

/// The change that removes a tenant, and leaves nothing for a rollback.
fn removal(tenant: &str) -> Change {
    let change = Change::new()
        .remove_host(host(tenant))
        .grace(Duration::ZERO)
        .forget_previous();
    (0..DEFINITIONS).fold(change, |change, n| change.remove_definition(id(tenant, n)))
}

fn host(tenant: &str) -> String {
    format!("tenants:{tenant}")
}

fn id(tenant: &str, n: usize) -> String {
    format!("{tenant}:code{n}")
}

/// A handler of some size, which returns its number.
fn lua(tenant: &str, n: usize) -> String {
    format!(
        "local json = require('json')\n\
         local tenant = '{tenant}'\n\
         local function page(request)\n\
           local parts = {{}}\n\
           for name, value in pairs(request.query or {{}}) do\n\
             parts[#parts + 1] = name .. '=' .. tostring(value)\n\
           end\n\
           table.sort(parts)\n\
           return {{ status = 200, body = json.encode({{ tenant = tenant, parts = parts }}) }}\n\
         end\n\
         return function(request)\n\
           if request then return page(request) end\n\
           return {n}\n\
         end"
    )
}

/// A module that returns nothing, with a constant of its own.
fn flat(n: usize) -> String {
    format!(
        "(module (memory (export \"memory\") 1) (global i32 (i32.const {n})) \
         (func (export \"start\")))"
    )
}

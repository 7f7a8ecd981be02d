//! The definitions that come with the runtime: processes that modules of the Lua
//! guest start, such as a supervisor that is described by a table.

use std::sync::{Arc, LazyLock};

use warren_engine::{Code, Definition, Grants, Source};

/// The namespace of the definitions.
const NAMESPACE: &str = "warren:";

/// The modules whose `main` is a definition of the same name.
const MODULES: [&str; 2] = ["supervisor", "pool"];

static DEFINITIONS: LazyLock<[Arc<Definition>; MODULES.len()]> =
    LazyLock::new(|| MODULES.map(|module| Arc::new(definition(module))));

/// Returns the bundled definition of this id, if there is one.
pub(crate) fn find(id: &str) -> Option<&'static Arc<Definition>> {
    let name = id.strip_prefix(NAMESPACE)?;
    let place = MODULES.iter().position(|module| *module == name)?;
    DEFINITIONS.get(place)
}

fn definition(module: &str) -> Definition {
    Definition {
        id: format!("{NAMESPACE}{module}").into(),
        code: Code::Lua(Source {
            name: format!("{NAMESPACE}{module}").into(),
            bytes: format!("return require('warren.{module}')")
                .into_bytes()
                .into(),
        }),
        method: "main".into(),
        host: None,
        grants: Arc::new(Grants::default()),
    }
}

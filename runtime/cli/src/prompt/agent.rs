//! The definition of the process behind a prompt.

use warren::app::App;
use warren::{Code, Definition, Source};

/// Its id.
pub(crate) const DEFINITION: &str = "warren:prompt";

/// Its code.
const CODE: &str = include_str!("agent.lua");

/// Returns the definition, with the grants of the command line. A process of the program that
/// starts it gains nothing: the code obeys messages without a sender alone.
pub(crate) fn definition(app: &App) -> Definition {
    Definition {
        id: DEFINITION.into(),
        code: Code::Lua(Source {
            name: DEFINITION.into(),
            bytes: CODE.as_bytes().into(),
        }),
        method: "main".into(),
        host: None,
        grants: app.grants().clone(),
    }
}

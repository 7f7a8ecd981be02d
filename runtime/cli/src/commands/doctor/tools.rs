//! The tool chains of compiled guests, which a program in Lua does without.

use std::env;

use super::finding::{Finding, Verdict};
use crate::toolchain::{CARGO, Compiler, Missing, Zig, check_target};

/// The target of Rust guests.
const TARGET: &str = "wasm32-wasip1";

/// Returns a finding for each tool chain; none of them is a need.
pub(super) fn findings() -> [Finding; 3] {
    let rust = match env::var_os(CARGO) {
        Some(cargo) => Ok(format!("{} ({CARGO})", cargo.to_string_lossy())),
        None => check_target(&env::temp_dir(), TARGET).map(|()| format!("cargo, {TARGET}")),
    };
    let c = Compiler::find().map(|compiler| compiler.describe());
    let zig = Zig::find().map(|zig| zig.describe());
    [
        finding("guests in Rust", rust),
        finding("guests in C and C++", c),
        finding("guests in Zig", zig),
    ]
}

fn finding(name: &'static str, found: Result<String, Missing>) -> Finding {
    let finding = Finding::new(name);
    match found {
        Ok(present) => finding.present(present),
        Err(missing) => finding
            .says(Verdict::Note, missing.message)
            .remedy(missing.help)
            .others(missing.others),
    }
}

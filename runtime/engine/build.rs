//! Hashes the bundled Lua interpreter, so that no start has to.

use std::error::Error;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::{env, fs};

/// The interpreter: in the repository a link to the built guest.
const INTERPRETER: &str = "bundled/warren-lua.wasm";

fn main() -> Result<(), Box<dyn Error>> {
    let package = env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo sets CARGO_MANIFEST_DIR")?;
    // Cargo would look at the link alone.
    let interpreter = Path::new(&package).join(INTERPRETER).canonicalize()?;
    println!("cargo::rerun-if-changed={}", interpreter.display());
    println!("cargo::rerun-if-changed=build.rs");
    let out = env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?;
    let hash = hash(&fs::read(interpreter)?);
    fs::write(Path::new(&out).join("warren-lua.hash"), hash)?;
    Ok(())
}

/// Returns a hash that tells the interpreters of different builds apart. Nobody else chooses
/// them, so the standard library's hash does, without a dependency to build first.
fn hash(file: &[u8]) -> Vec<u8> {
    let part = |number: u64| {
        let mut hasher = DefaultHasher::new();
        (number, file).hash(&mut hasher);
        hasher.finish().to_le_bytes()
    };
    (0..4).flat_map(part).collect()
}

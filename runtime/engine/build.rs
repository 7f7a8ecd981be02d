//! Hashes the bundled Lua interpreter, so that no start has to.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use sha2::{Digest, Sha256};

/// The interpreter: in the repository a link to the built guest.
const INTERPRETER: &str = "bundled/warren-lua.wasm";

fn main() -> Result<(), Box<dyn Error>> {
    let package = env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo sets CARGO_MANIFEST_DIR")?;
    // Cargo would look at the link alone.
    let interpreter = Path::new(&package).join(INTERPRETER).canonicalize()?;
    println!("cargo::rerun-if-changed={}", interpreter.display());
    let digest = Sha256::digest(fs::read(interpreter)?);
    let out = env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?;
    fs::write(Path::new(&out).join("warren-lua.sha256"), digest)?;
    Ok(())
}

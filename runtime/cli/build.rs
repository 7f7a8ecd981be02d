//! Lists the files of the SDKs, which `warren new` writes into a new program.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result};

/// The files of each SDK that a program needs.
const SDKS: [(&str, &str, &[&str]); 2] = [
    (
        "RUST_SDK",
        "guest-sdk/rust",
        &["Cargo.toml", "src", "macros/Cargo.toml", "macros/src"],
    ),
    (
        "C_SDK",
        "guest-sdk/c",
        &["warren.h", "warren.c", "third-party"],
    ),
];

fn main() -> Result<()> {
    let package = env::var_os("CARGO_MANIFEST_DIR").context("cargo sets CARGO_MANIFEST_DIR")?;
    let root = Path::new(&package).join("../..");
    let mut generated = String::new();
    for (name, directory, parts) in SDKS {
        let sdk = root.join(directory).canonicalize()?;
        let mut files = Vec::new();
        for part in parts {
            let path = sdk.join(part);
            println!("cargo::rerun-if-changed={}", path.display());
            collect(&path, &mut files)?;
        }
        files.sort();
        writeln!(
            generated,
            "/// Paths and contents of the files of {directory}.\n\
             pub(crate) const {name}: &[(&str, &str)] = &["
        )?;
        for file in files {
            let relative = file.strip_prefix(&sdk)?;
            writeln!(generated, "    ({relative:?}, include_str!({file:?})),")?;
        }
        writeln!(generated, "];")?;
    }
    let out = env::var_os("OUT_DIR").context("cargo sets OUT_DIR")?;
    fs::write(Path::new(&out).join("sdks.rs"), generated)?;
    Ok(())
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        collect(&entry?.path(), files)?;
    }
    Ok(())
}

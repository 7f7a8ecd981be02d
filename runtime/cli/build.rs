//! Lists the files of the SDKs, which `warren new` writes into a new program, and of the
//! builders of components, which `warren build` runs.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result};

/// Each in a directory of this package: links to the files that a program, or a
/// builder, needs. A manifest of cargo ends in `.in`, or cargo would leave its
/// directory out of this package.
const SDKS: [(&str, &str); 6] = [
    ("RUST_SDK", "sdk/rust"),
    ("C_SDK", "sdk/c"),
    ("JS_SDK", "sdk/js"),
    ("JS_BUILDER", "sdk/js-builder"),
    ("PYTHON_SDK", "sdk/python"),
    ("PYTHON_BUILDER", "sdk/python-builder"),
];

/// Directory in which Python keeps compiled modules.
const PYCACHE: &str = "__pycache__";

fn main() -> Result<()> {
    let package = env::var_os("CARGO_MANIFEST_DIR").context("cargo sets CARGO_MANIFEST_DIR")?;
    let mut generated = String::new();
    for (name, directory) in SDKS {
        let sdk = Path::new(&package).join(directory);
        println!("cargo::rerun-if-changed={}", sdk.display());
        let mut files = Vec::new();
        collect(&sdk, &mut files)?;
        files.sort();
        writeln!(
            generated,
            "/// Paths and contents of the files of {directory}.\n\
             pub(crate) const {name}: &[(&str, &str)] = &["
        )?;
        for file in files {
            let relative = file.strip_prefix(&sdk)?.to_string_lossy();
            let relative = relative.strip_suffix(".in").unwrap_or(&relative);
            writeln!(generated, "    ({relative:?}, include_str!({file:?})),")?;
        }
        writeln!(generated, "];")?;
    }
    let out = env::var_os("OUT_DIR").context("cargo sets OUT_DIR")?;
    fs::write(Path::new(&out).join("sdks.rs"), generated)?;
    Ok(())
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    // A link is followed: cargo looks at the links of a directory alone.
    println!("cargo::rerun-if-changed={}", path.canonicalize()?.display());
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        if !path.ends_with(PYCACHE) {
            collect(&path, files)?;
        }
    }
    Ok(())
}

//! `cargo xtask guests --prove-reproducible`: the guest's bytes depend on its
//! recipe alone, not on the place, home or user of the build.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::build::Place;
use super::recipe::Artifact;
use super::toolchain::Toolchain;
use super::{refuse_traces, write};

/// Builds tool chain and guest in two home directories and compares.
///
/// # Errors
/// A build failed, a module contains a path of the machine, or the bytes
/// differ.
pub(crate) fn run() -> Result<()> {
    let directory = tempfile::Builder::new()
        .prefix("warren-")
        .tempdir()
        .context("cannot make a directory")?;
    // The homes differ in name, length and depth: any of these could change an
    // order or a size.
    let ann = build(&directory.path().join("ann"), "src", "tools")?;
    let benjamin = build(
        &directory.path().join("users/benjamin"),
        "work/projects/guests",
        ".local/share/wasm",
    )?;
    println!("in the first home:  {}", Artifact::of(&ann));
    println!("in the second home: {}", Artifact::of(&benjamin));
    if ann != benjamin {
        let kept = directory.keep();
        write(&kept.join("first.wasm"), &ann)?;
        write(&kept.join("second.wasm"), &benjamin)?;
        bail!(
            "the bytes differ; both homes and modules are kept in {}",
            kept.display()
        );
    }
    println!("equal bytes, without a path of the machine");
    Ok(())
}

fn build(home: &Path, sources: &str, tools: &str) -> Result<Vec<u8>> {
    let place = Place::copy(&home.join(sources), home)?;
    let own_configuration = home.join(".cargo");
    fs::create_dir_all(&own_configuration)?;
    // The registry may be reachable only through the user's configuration
    // there.
    let configuration = cargo_home()
        .map(|from| from.join("config.toml"))
        .filter(|file| file.is_file());
    if let Some(configuration) = configuration {
        fs::copy(&configuration, own_configuration.join("config.toml"))
            .context("cannot copy cargo's configuration")?;
    }
    let toolchain = Toolchain::install(
        &home.join(tools),
        &home.join(sources).join("guest-sdk/toolchain"),
    )?;
    let module = place.build(&toolchain)?;
    refuse_traces(&module, &place, &toolchain)?;
    Ok(module)
}

fn cargo_home() -> Option<PathBuf> {
    env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| env::home_dir().map(|home| home.join(".cargo")))
}

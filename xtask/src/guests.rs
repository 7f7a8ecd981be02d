//! `cargo xtask guests`: builds and checks the guest that is committed as a
//! module, the Lua interpreter, so that running Lua programs needs no tool
//! chain for WebAssembly.
//!
//! Beside the module stands its **recipe**: the tools that built it and the
//! hash of every source. The same recipe gives the same bytes on any machine
//! and in any directory; `guest-sdk/toolchain` describes the means.

mod build;
mod direct;
mod inputs;
pub(crate) mod package;
mod prove;
mod recipe;
mod rust;
mod toolchain;
mod traces;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::arguments::GuestAction;
use crate::project;
use crate::step::Step;
use build::Place;
use recipe::{Artifact, Recipe};
use toolchain::Toolchain;

/// Builds, checks or proves, as `action` says.
///
/// # Errors
/// The build failed, or the committed guest differs from the recipe.
pub(crate) fn run(action: GuestAction) -> Result<()> {
    match action {
        GuestAction::Build => build_and_write(),
        GuestAction::Check => check(),
        GuestAction::ProveReproducible => prove::run(),
        GuestAction::Toolchain => install_toolchain(),
    }
}

/// Installs the tool chain if it is missing.
///
/// # Errors
/// The tool chain is not available, or the set-up failed.
pub(crate) fn install_toolchain() -> Result<()> {
    Toolchain::ensure(&toolchain::default_prefix()?).map(|_| ())
}

/// Runs clippy on the code that is compiled for WebAssembly only.
///
/// # Errors
/// Clippy reports a warning, or the tool chain could not be installed.
pub(crate) fn lint() -> Result<()> {
    let place = Place::of_the_project()?;
    match available(&toolchain::default_prefix()?)? {
        Some(toolchain) => place.lint(&toolchain),
        None => Ok(()),
    }
}

/// Returns the tool chain; prints a line if it is not available.
fn available(prefix: &Path) -> Result<Option<Toolchain>> {
    match Toolchain::ensure(prefix) {
        Ok(toolchain) => Ok(Some(toolchain)),
        Err(error) if error.is::<toolchain::Unavailable>() => {
            println!("NOT CHECKED with a build: {error}");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn dist() -> PathBuf {
    project::root().join("guest-sdk/lua/dist")
}

fn module_path() -> PathBuf {
    dist().join("warren-lua.wasm")
}

fn recipe_path() -> PathBuf {
    dist().join("recipe.toml")
}

fn build_and_write() -> Result<()> {
    let toolchain = Toolchain::ensure(&toolchain::default_prefix()?)?;
    let place = Place::of_the_project()?;
    let module = place.build(&toolchain)?;
    refuse_traces(&module, &place, &toolchain)?;

    let tools = toolchain.versions()?;
    let inputs = inputs::hashes(&project::root())?;
    let recipe = Recipe {
        artifact: Artifact::of(&module),
        tools,
        inputs,
    };
    let dist = dist();
    fs::create_dir_all(&dist).with_context(|| format!("cannot create {}", dist.display()))?;
    write(&module_path(), &module)?;
    write(&recipe_path(), recipe.to_toml()?.as_bytes())?;
    println!("guest-sdk/lua/dist/warren-lua.wasm: {}", recipe.artifact);
    Ok(())
}

fn check() -> Result<()> {
    let recipe = Recipe::read(&recipe_path())?;
    let committed = fs::read(module_path())
        .with_context(|| format!("cannot read {}", module_path().display()))?;
    if Artifact::of(&committed) != recipe.artifact {
        bail!(
            "warren-lua.wasm is {}, its recipe says {}; {AGAIN}",
            Artifact::of(&committed),
            recipe.artifact
        );
    }
    let differences = recipe::differences(&recipe.inputs, &inputs::hashes(&project::root())?);
    if !differences.is_empty() {
        bail!(
            "the sources differ from those of the committed guest:\n  {}\n{AGAIN}",
            differences.join("\n  ")
        );
    }
    let place = Place::of_the_project()?;
    let prefix = toolchain::default_prefix()?;
    let found = traces::find(&committed, &place.traces(&prefix));
    if !found.is_empty() {
        bail!(
            "the committed guest contains paths of a machine:\n  {}",
            found.join("\n  ")
        );
    }
    println!(
        "the committed guest has the sources and bytes of its recipe and contains no path of a machine"
    );

    let Some(toolchain) = available(&prefix)? else {
        return Ok(());
    };
    let rebuilt = place.build(&toolchain)?;
    refuse_traces(&rebuilt, &place, &toolchain)?;
    let differences = recipe::differences(&recipe.tools, &toolchain.versions()?);
    if !differences.is_empty() {
        println!(
            "NOT COMPARED, because these tools differ from the recipe's:\n  {}",
            differences.join("\n  ")
        );
        return test_rebuilt(&place, &rebuilt);
    }
    if rebuilt != committed {
        let kept = place.target().join("warren-lua.rebuilt.wasm");
        write(&kept, &rebuilt)?;
        bail!(
            "rebuilt with exactly the recipe's tools and sources the guest is {}, not {}; it is in {}",
            Artifact::of(&rebuilt),
            recipe.artifact,
            kept.display()
        );
    }
    println!(
        "rebuilt from scratch with the recipe's tools: equal bytes ({})",
        recipe.artifact
    );
    Ok(())
}

const AGAIN: &str = "run `cargo xtask guests` and commit guest-sdk/lua/dist";

/// Other tools give other bytes, so the tests decide on the behaviour.
fn test_rebuilt(place: &Place, module: &[u8]) -> Result<()> {
    let path = place.target().join("warren-lua.rebuilt.wasm");
    write(&path, module)?;
    let mut command = project::cargo(&project::root());
    command
        .args(["test", "--release", "--workspace", "--locked"])
        .env("WARREN_LUA_GUEST", &path);
    let remedy =
        "the guest, built with the tools of this machine, does not behave as the committed one";
    Step::new("tests with the rebuilt guest", remedy, command).run()
}

fn refuse_traces(module: &[u8], place: &Place, toolchain: &Toolchain) -> Result<()> {
    let found = traces::find(module, &place.traces(toolchain.prefix()));
    if !found.is_empty() {
        bail!(
            "the built guest contains paths of this machine:\n  {}",
            found.join("\n  ")
        );
    }
    Ok(())
}

fn write(path: &Path, contents: &[u8]) -> Result<()> {
    fs::write(path, contents).with_context(|| format!("cannot write {}", path.display()))
}

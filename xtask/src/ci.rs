//! `cargo xtask ci`: the checks besides the tests. A failed check does not stop
//! the others.

pub(crate) mod api;
mod cycles;
mod example;
mod examples;
mod features;
mod licences;
mod links;
mod packages;
mod places;
mod types;

use std::io::IsTerminal;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::arguments::{Extent, GuestAction};
use crate::simulate::Plan;
use crate::step::Step;
use crate::{dist, fuzz, guard, guests, mutants, project, simulate};

/// Runs the checks, the cheap ones first.
///
/// # Errors
/// A check failed; all failed checks are named at the end.
pub(crate) fn run(extent: Extent) -> Result<()> {
    let mut checks = Checks { failed: Vec::new() };
    checks.add("places", places::check());
    checks.add("cycles", cycles::check());
    checks.add("links", links::check());
    checks.add("examples", examples::check());
    checks.add("licences", licences::check());
    checks.add("features", features::check());
    checks.add("packages", packages::check());
    let mut workspaces = vec![project::root()];
    workspaces.extend(project::other_workspaces()?);
    for workspace in &workspaces {
        checks.formatting(workspace);
    }
    if extent == Extent::Full {
        for workspace in &workspaces {
            checks.clippy(workspace);
        }
        checks.add("clippy for wasm32-wasip1", guests::lint());
        checks.documentation();
        checks.add("public API", api::run(false));
        checks.add("guard", guard::run(false));
        checks.add("types", types::check());
        checks.add("dist", dist::check());
        checks.add("simulator", simulate::run(Plan::CI));
        checks.add("fuzz", fuzz::check());
        checks.add("mutants", mutants::run());
        checks.add("guests", guests::run(GuestAction::Check));
    }
    if !checks.failed.is_empty() {
        bail!("failed: {}", checks.failed.join(", "));
    }
    println!("ci: every check passed");
    Ok(())
}

struct Checks {
    failed: Vec<String>,
}

impl Checks {
    fn add(&mut self, name: impl Into<String>, outcome: Result<()>) {
        if let Err(error) = outcome {
            eprintln!("error: {error:#}");
            self.failed.push(name.into());
        }
    }

    fn step(&mut self, title: String, remedy: &'static str, command: Command) {
        self.add(title.clone(), Step::new(title, remedy, command).run());
    }

    fn formatting(&mut self, workspace: &Path) {
        let mut command = project::cargo(workspace);
        command.args(["fmt", "--all", "--check"]);
        // rustfmt colours its output in a pipe too.
        if !std::io::stdout().is_terminal() {
            command.args(["--", "--color", "never"]);
        }
        let title = format!("formatting of {}", project::name(workspace));
        self.step(title, "run `cargo fmt --all` there", command);
    }

    fn clippy(&mut self, workspace: &Path) {
        let is_root = workspace == project::root();
        let mut command = if is_root {
            project::cargo(workspace)
        } else {
            project::cargo_beside(workspace)
        };
        // Same selection as the tests, whose dependencies are built.
        command.args(["clippy", "--workspace", "--all-targets", "--locked"]);
        command.arg(if is_root {
            "--release"
        } else {
            "--all-features"
        });
        command.args(["--", "-D", "warnings"]);
        let title = format!("clippy for {}", project::name(workspace));
        self.step(title, "each warning above says what to change", command);
    }

    fn documentation(&mut self) {
        let mut command = project::cargo(&project::root());
        command.args(["doc", "--release", "--workspace"]);
        self.documentation_by("documentation", command);
        let mut command = project::cargo_beside(&project::root().join("guest-sdk/rust"));
        command.args(["doc", "--features", "mock"]);
        self.documentation_by("documentation of guest-sdk/rust", command);
    }

    fn documentation_by(&mut self, title: &str, mut command: Command) {
        command.args(["--no-deps", "--locked"]);
        command.env("RUSTDOCFLAGS", "-D warnings");
        self.step(
            title.into(),
            "each warning above says what to change",
            command,
        );
    }
}

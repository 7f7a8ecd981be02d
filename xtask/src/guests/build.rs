//! One build of the Lua guest, from scratch, in a given place.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::direct::direct;
use super::inputs;
use super::rust::{TARGET, put_rust_first};
use super::toolchain::Toolchain;
use crate::project;
use crate::step::Step;

/// The sources, and the home and target directory to build them with.
pub(crate) struct Place {
    root: PathBuf,
    target: PathBuf,
    home: Option<PathBuf>,
}

impl Place {
    /// Returns the project's own sources, with the home directory of the user.
    ///
    /// # Errors
    /// The target directory cannot be made.
    pub(crate) fn of_the_project() -> Result<Self> {
        let target = project::root().join("target/guests");
        fs::create_dir_all(&target)
            .with_context(|| format!("cannot create {}", target.display()))?;
        Ok(Self {
            root: project::root(),
            target,
            home: None,
        })
    }

    /// Copies the guest's sources to `root`, to be built with `home` as home.
    ///
    /// # Errors
    /// A file cannot be copied.
    pub(crate) fn copy(root: &Path, home: &Path) -> Result<Self> {
        for file in inputs::list(&project::root())? {
            let to = root.join(&file);
            if let Some(directory) = to.parent() {
                fs::create_dir_all(directory)
                    .with_context(|| format!("cannot create {}", directory.display()))?;
            }
            fs::copy(project::root().join(&file), &to)
                .with_context(|| format!("cannot write {}", to.display()))?;
        }
        fs::create_dir_all(home).with_context(|| format!("cannot create {}", home.display()))?;
        Ok(Self {
            root: root.to_path_buf(),
            target: root.join("target"),
            home: Some(home.to_path_buf()),
        })
    }

    /// Returns the directory of this place's build outputs.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// Builds the guest, without reuse of an earlier build.
    ///
    /// # Errors
    /// The build failed, or read a source that the recipe does not cover.
    pub(crate) fn build(&self, toolchain: &Toolchain) -> Result<Vec<u8>> {
        // The directory is fresh: cargo does not notice a change of the tool
        // chain's wrappers.
        let target = tempfile::Builder::new()
            .prefix("lua-")
            .tempdir_in(self.existing_target()?)
            .with_context(|| format!("cannot make a directory in {}", self.target.display()))?;
        let mut command = self.cargo("guest-sdk/lua", toolchain)?;
        command.args(["build", "--release", "--locked"]);
        command.args(["--target", TARGET, "--target-dir"]);
        command.arg(target.path());
        Step::new(
            "building the Lua guest",
            "the failure is shown above",
            command,
        )
        .run()?;

        let release = target.path().join(TARGET).join("release");
        let read = |name: &str| {
            let path = release.join(name);
            fs::read(&path).with_context(|| format!("the build left no {}", path.display()))
        };
        inputs::cover(&self.root, &String::from_utf8_lossy(&read("warren_lua.d")?))?;
        direct(&read("warren_lua.wasm")?)
    }

    /// Runs clippy on the guest and the crates it is built on.
    ///
    /// # Errors
    /// Clippy reports a warning.
    pub(crate) fn lint(&self, toolchain: &Toolchain) -> Result<()> {
        for package in ["guest-sdk/rust", "guest-sdk/lua"] {
            let mut command = self.cargo(package, toolchain)?;
            command.args(["clippy", "--release", "--locked"]);
            command.args(["--target", TARGET, "--target-dir"]);
            command.arg(self.target.join("clippy"));
            command.args(["--", "-D", "warnings"]);
            let title = format!("clippy for {package}, {TARGET}");
            Step::new(title, "each warning above says what to change", command).run()?;
        }
        Ok(())
    }

    /// Returns the paths that a module built here could contain.
    pub(crate) fn traces(&self, toolchain: &Path) -> Vec<String> {
        let home = self.home.clone().or_else(env::home_dir);
        let user = env::var("USER").or_else(|_| env::var("LOGNAME")).ok();
        let set = ["CARGO_HOME", "RUSTUP_HOME", "CARGO_TARGET_DIR"]
            .into_iter()
            .filter_map(env::var_os);
        let paths = set.map(PathBuf::from).chain(home).chain([
            self.root.clone(),
            self.target.clone(),
            toolchain.to_path_buf(),
            env::temp_dir(),
        ]);
        // A home such as `/` proves nothing.
        let paths = paths.filter(|path| path.is_absolute() && path.components().count() > 1);
        let user = user
            .filter(|name| !name.is_empty())
            .map(|name| format!("/{name}/"));
        paths
            .map(|path| path.display().to_string())
            .chain(user)
            .collect()
    }

    /// Returns cargo with the tool chain, in a directory of the sources.
    fn cargo(&self, directory: &str, toolchain: &Toolchain) -> Result<Command> {
        let mut command = Command::new(self.root.join("guest-sdk/toolchain/cargo.sh"));
        command.current_dir(self.root.join(directory));
        command.env("GUEST_TOOLCHAIN", toolchain.prefix());
        put_rust_first(&mut command)?;
        if let Some(home) = &self.home {
            command.env("HOME", home);
            command.env("CARGO_HOME", home.join(".cargo"));
            command.env_remove("XDG_CACHE_HOME");
        }
        Ok(command)
    }

    fn existing_target(&self) -> Result<&Path> {
        fs::create_dir_all(&self.target)
            .with_context(|| format!("cannot create {}", self.target.display()))?;
        Ok(&self.target)
    }
}

//! Paths of the project and its builds.

use std::env;
use std::path::{Path, PathBuf};

/// Returns the project's directory.
pub fn project() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Returns the paths in a directory, sorted.
///
/// # Errors
/// The directory cannot be read.
pub fn entries(directory: &Path) -> Result<Vec<PathBuf>, String> {
    let read = || -> std::io::Result<Vec<PathBuf>> {
        std::fs::read_dir(directory)?
            .map(|entry| Ok(entry?.path()))
            .collect()
    };
    let mut entries =
        read().map_err(|error| format!("cannot read {}: {error}", directory.display()))?;
    entries.sort();
    Ok(entries)
}

/// Returns the command to test.
pub fn binary() -> PathBuf {
    if let Some(path) = env::var_os("WARREN") {
        return PathBuf::from(path);
    }
    let name = format!("warren{}", env::consts::EXE_SUFFIX);
    let path = profile().join(name);
    assert!(
        path.is_file(),
        "{} is not there: test with `cargo test --release --workspace`, which builds it",
        path.display()
    );
    path
}

/// Returns a private cache directory that all tests share, so that the
/// interpreter is compiled once.
pub fn cache() -> PathBuf {
    profile().join("../tmp")
}

fn profile() -> PathBuf {
    let executable = env::current_exe().expect("a program knows its own executable");
    profile_of(&executable).to_owned()
}

/// Returns the directory of the build profile: a test executable lies in its
/// `deps`, any other in the directory itself.
fn profile_of(executable: &Path) -> &Path {
    let directory = executable.parent().expect("an executable lies somewhere");
    if directory.ends_with("deps") {
        directory.parent().expect("`deps` lies somewhere")
    } else {
        directory
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_and_other_programs_have_one_profile() {
        for executable in [
            "/x/target/release/deps/suites-12",
            "/x/target/release/warren-fuzz",
        ] {
            let profile = profile_of(Path::new(executable));
            assert_eq!(profile, Path::new("/x/target/release"), "{executable}");
        }
    }
}

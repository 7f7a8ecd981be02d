//! The sources of the Lua guest.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

/// The directories whose files decide what the guest is. Left out are build
/// outputs, the tests beside the sources, and the parts of the Rust SDK above
/// the layer of the ABI.
const DIRECTORIES: [&str; 4] = [
    "guest-sdk/lua",
    "guest-sdk/rust",
    "guest-sdk/toolchain",
    "xtask/src/guests/direct",
];
const OUTSIDE: [&str; 7] = [
    "dist",
    "target",
    "build",
    "tests",
    "macros",
    "src/sdk",
    "values/src/codec",
];

/// Returns every input below `root`, relative to it and sorted.
///
/// # Errors
/// A directory cannot be read.
pub(crate) fn list(root: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for directory in DIRECTORIES {
        let outside = OUTSIDE.map(|path| root.join(directory).join(path));
        let mut pending = vec![root.join(directory)];
        while let Some(directory) = pending.pop() {
            let entries = fs::read_dir(&directory)
                .with_context(|| format!("cannot read {}", directory.display()))?;
            for entry in entries {
                let path = entry?.path();
                if path.is_dir() {
                    if !outside.contains(&path) {
                        pending.push(path);
                    }
                } else if path.extension().is_none_or(|extension| extension != "md") {
                    files.push(path.strip_prefix(root)?.to_path_buf());
                }
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Returns the SHA-256 of every input, by its path below `root`.
///
/// # Errors
/// A file cannot be read, or its name is not UTF-8.
pub(crate) fn hashes(root: &Path) -> Result<BTreeMap<String, String>> {
    let mut hashes = BTreeMap::new();
    for file in list(root)? {
        let contents = fs::read(root.join(&file))
            .with_context(|| format!("cannot read {}", file.display()))?;
        let Some(name) = file.to_str() else {
            bail!("{} is not UTF-8", file.display())
        };
        hashes.insert(name.to_owned(), sha256(&contents));
    }
    Ok(hashes)
}

/// Returns the SHA-256 of `contents`, in lower-case hexadecimal.
pub(crate) fn sha256(contents: &[u8]) -> String {
    Sha256::digest(contents)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Refuses a build that read a file below `root` which is not an input: the
/// recipe would not notice its change. `dep_info` is rustc's record of the
/// build, in the syntax of make.
///
/// # Errors
/// There is such a file; it is named.
pub(crate) fn cover(root: &Path, dep_info: &str) -> Result<()> {
    let inputs = list(root)?;
    let read = dep_info
        .lines()
        .filter_map(|line| line.split_once(": "))
        .flat_map(|(_, files)| split(files));
    for file in read {
        if let Ok(file) = Path::new(&file).strip_prefix(root)
            && !file.starts_with("target")
            // A build script may name a directory of inputs.
            && !inputs.iter().any(|input| input.starts_with(file))
        {
            bail!(
                "the guest is built from {}, which its recipe does not cover: {DIRECTORIES:?}",
                file.display()
            );
        }
    }
    Ok(())
}

/// Returns the files of a rule: separated by spaces, a space in a name is
/// escaped.
fn split(files: &str) -> Vec<String> {
    let mut names = vec![String::new()];
    let mut characters = files.chars();
    while let Some(character) = characters.next() {
        match (character, names.last_mut()) {
            (' ', _) => names.push(String::new()),
            ('\\', Some(name)) => name.extend(characters.next()),
            (_, Some(name)) => name.push(character),
            (_, None) => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for file in [
            "guest-sdk/lua/src/lib.rs",
            "guest-sdk/lua/Cargo.lock",
            "guest-sdk/lua/README.md",
            "guest-sdk/lua/target/x.rs",
            "guest-sdk/lua/dist/a.wasm",
            "guest-sdk/rust/macros/src/lib.rs",
            "guest-sdk/rust/src/sdk/mod.rs",
            "guest-sdk/rust/src/target/deep.rs",
            "guest-sdk/toolchain/rustc.sh",
            "xtask/src/guests/direct/module.rs",
        ] {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
        root
    }

    #[test]
    fn sources_are_inputs_and_products_are_not() {
        let root = tree();
        let hashes = hashes(root.path()).unwrap();
        let names: Vec<_> = hashes.keys().map(String::as_str).collect();
        let expected = [
            "guest-sdk/lua/Cargo.lock",
            "guest-sdk/lua/src/lib.rs",
            "guest-sdk/rust/src/target/deep.rs",
            "guest-sdk/toolchain/rustc.sh",
            "xtask/src/guests/direct/module.rs",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn sha256_of_a_known_text() {
        assert_eq!(
            sha256(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn a_source_outside_of_the_inputs_is_refused() {
        let root = tree();
        let at = |file: &str| root.path().join(file).display().to_string();
        let good = format!(
            "out.wasm: {} /elsewhere/x.rs {}",
            at("guest-sdk/lua/src/lib.rs"),
            at("target/o.rs")
        );
        cover(root.path(), &good).unwrap();
        let bad = format!(
            "out.wasm: {} {}",
            at("guest-sdk/lua/src/lib.rs"),
            at("wit/world\\ 2.wit")
        );
        assert!(
            cover(root.path(), &bad)
                .unwrap_err()
                .to_string()
                .contains("wit/world 2.wit")
        );
    }
}

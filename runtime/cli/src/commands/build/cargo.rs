//! Guests in Rust: one `.wasm` file for each binary of a package.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use warren::text;

use super::BuildArgs;
use crate::exit::Exit;
use crate::report::failure::Failure;
use crate::toolchain::{CARGO, check_target};

const INSTALL_RUST: &str = "install Rust with rustup, from https://rustup.rs, or set WARREN_CARGO to \
                            another cargo";

/// Builds the package, copies its binaries beside its manifest and returns the copies.
pub(super) fn build(directory: &Path, args: &BuildArgs) -> Result<Vec<PathBuf>, Box<Failure>> {
    let own = env::var_os(CARGO);
    // Another cargo may have another place of the standard library.
    if own.is_none() {
        check_target(directory, &args.target)?;
    }
    let mut cargo = Command::new(own.unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(directory)
        .args(["build", "--release", "--target", &args.target])
        .arg("--message-format=json-render-diagnostics")
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    if let Some(target_dir) = &args.target_dir {
        let target_dir = std::path::absolute(target_dir).unwrap_or_else(|_| target_dir.clone());
        cargo.arg("--target-dir").arg(target_dir);
    }
    let failed = |message: String| {
        Box::new(Failure::new(
            Exit::Failed,
            format!("{}: {message}", text::path(directory)),
        ))
    };
    let mut child = cargo.spawn().map_err(|error| {
        Box::new(Failure {
            help: Some(INSTALL_RUST.to_owned()),
            ..Failure::new(Exit::Failed, format!("cannot run cargo: {error}"))
        })
    })?;
    let mut modules = Vec::new();
    if let Some(messages) = child.stdout.take() {
        for line in BufReader::new(messages).lines().map_while(Result::ok) {
            modules.extend(module(&line));
        }
    }
    let status = child.wait().map_err(|error| failed(error.to_string()))?;
    if !status.success() {
        return Err(failed(format!(
            "cargo ended with {status}; the reason is above"
        )));
    }
    if modules.is_empty() {
        return Err(Box::new(Failure {
            help: Some("a guest is a binary, such as src/bin/main.rs, or a `cdylib`".to_owned()),
            ..*failed("the package has no guest".to_owned())
        }));
    }
    // Cargo announces them as it ends each.
    modules.sort_unstable();
    let out = args.out.as_deref().unwrap_or(directory);
    fs::create_dir_all(out).map_err(|error| failed(error.to_string()))?;
    let copied = modules.into_iter().map(|(name, module)| {
        let path = out.join(format!("{name}.wasm"));
        replace(&module, &path).map_err(|error| failed(format!("{name}.wasm: {error}")))?;
        Ok(path)
    });
    copied.collect()
}

/// Returns name and file of the guest that a message of cargo announces, if it
/// does.
fn module(message: &str) -> Option<(String, PathBuf)> {
    let message: Value = serde_json::from_str(message).ok()?;
    if message.get("reason")? != "compiler-artifact" {
        return None;
    }
    let target = message.get("target")?;
    let kinds = target.get("kind")?.as_array()?;
    if !kinds.iter().any(|kind| kind == "bin" || kind == "cdylib") {
        return None;
    }
    let files = message.get("filenames")?.as_array()?;
    let file = files
        .iter()
        .filter_map(Value::as_str)
        .find(|file| file.ends_with(".wasm"))?;
    Some((target.get("name")?.as_str()?.to_owned(), file.into()))
}

/// Replaces a file atomically, so that no reader sees half of it.
fn replace(from: &Path, to: &Path) -> std::io::Result<()> {
    let mut new = to.as_os_str().to_owned();
    new.push(format!(".{}", std::process::id()));
    fs::copy(from, &new)?;
    fs::rename(&new, to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guests_are_binaries_and_libraries_of_c() {
        let artifact = |kind: &str, file: &str| {
            let target = format!(r#"{{"kind":["{kind}"],"name":"main"}}"#);
            format!(r#"{{"reason":"compiler-artifact","target":{target},"filenames":["{file}"]}}"#)
        };
        let expected = Some(("main".to_owned(), PathBuf::from("/t/main.wasm")));
        assert_eq!(module(&artifact("bin", "/t/main.wasm")), expected);
        assert_eq!(module(&artifact("cdylib", "/t/main.wasm")), expected);
        assert_eq!(module(&artifact("lib", "/t/main.wasm")), None);
        assert_eq!(module(&artifact("bin", "/t/main")), None);
        assert_eq!(module(r#"{"reason":"build-finished"}"#), None);
        assert_eq!(module("no JSON"), None);
    }
}

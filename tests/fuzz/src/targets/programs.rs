//! Files of a program that are read before it starts.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use tempfile::TempDir;
use warren_app::{App, AppOptions, Policies};

use crate::Reached;

pub(crate) static MANIFESTS: [Reached; 1] = [Reached::new("programs opened")];
pub(crate) static POLICIES: [Reached; 1] = [Reached::new("policies compiled")];

/// Opens a program, which ends with a program or its problems.
pub(super) fn manifests(bytes: &[u8]) {
    static PROGRAM: OnceLock<TempDir> = OnceLock::new();
    let program = PROGRAM.get_or_init(|| {
        let program = tempfile::tempdir().expect("a directory");
        for directory in ["data", "out", "policies"] {
            fs::create_dir(program.path().join(directory)).expect("is made");
        }
        for (file, text) in [
            ("main.lua", "return 1"),
            ("worker.lua", "return 1"),
            (
                "policies/program.cedar",
                "permit (principal, action, resource);",
            ),
            (
                "policies/guest.cedar",
                "forbid (principal, action, resource);",
            ),
        ] {
            fs::write(program.path().join(file), text).expect("is written");
        }
        program
    });
    open(program.path(), bytes);
}

fn open(program: &Path, manifest: &[u8]) {
    fs::write(program.join("warren.toml"), manifest).expect("is written");
    match App::open(program, AppOptions::default()) {
        Ok(app) => {
            MANIFESTS[0].add(1);
            assert!(app.root().is_absolute());
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// Compiles policies, which ends with policies or their problems.
pub(super) fn policies(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match Policies::of([("random", &*text)]) {
        Ok(policies) => {
            POLICIES[0].add(1);
            assert_eq!(policies.ids(), ["random"]);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

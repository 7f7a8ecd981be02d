//! Programs of the conformance suite whose queues or stores are on a server of NATS.

#![allow(clippy::expect_used, reason = "a test program")]

use std::fs;
use std::path::Path;

use warren_tests::nats::Server;
use warren_tests::{Warren, entries, packages, project};

/// Runs all programs of a section of the conformance suite, with the things of a table of their
/// manifests on a server.
///
/// # Panics
/// One of them fails, or there are none.
pub(crate) fn runs(section: &str, table: &str) {
    let section = project().join("tests/conformance").join(section);
    let programs = entries(&section).expect("the programs");
    assert!(programs.len() > 6, "{programs:?}");
    for program in programs {
        println!("{}", program.display());
        let moved = tempfile::tempdir().expect("a directory");
        packages::copy_tree(&program, moved.path());
        on_a_server(&moved.path().join("warren.toml"), table);
        // A server of its own, because the programs have things of the same names.
        let server = Server::start();
        Warren::run(moved.path())
            .env("NATS_URL", &server.url)
            .outcome()
            .ends_with(0);
    }
}

/// Gives each entry of a table of a manifest the URL.
fn on_a_server(manifest: &Path, table: &str) {
    let text = fs::read_to_string(manifest).expect("a manifest");
    let start = format!("[{table}.");
    let mut moved = String::new();
    for line in text.lines() {
        moved.push_str(line);
        moved.push('\n');
        if line.starts_with(&start) {
            moved.push_str("url = \"NATS_URL\"\n");
        }
    }
    assert_ne!(moved, text);
    fs::write(manifest, moved).expect("a manifest");
}

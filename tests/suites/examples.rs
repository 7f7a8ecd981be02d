//! The examples behave as their pages say.

#![allow(clippy::expect_used)]

mod browser;
mod client;
mod crawler;
mod live;
mod readme;
mod shop;
mod storage;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use warren_tests::{Outcome, Program, Warren, project};

#[test]
fn hello() {
    let hello = || Warren::run("examples/hello.lua");
    hello()
        .outcome()
        .ends_with(0)
        .prints("hello, world, from process {app:processes|0x00001}\n")
        .says_nothing();
    hello()
        .arguments(["Ada"])
        .outcome()
        .ends_with(0)
        .prints("hello, Ada, from process {app:processes|0x00001}\n");
}

#[test]
fn ring() {
    let ended = Warren::run("examples/ring")
        .arguments(["200", "50"])
        .outcome()
        .ends_with(0)
        .says_nothing();
    let text = ended.text();
    assert!(
        text.starts_with("200 processes, 50 laps: 10000 messages in ")
            && text.ends_with(" messages per second\n"),
        "{ended}"
    );
}

#[test]
fn ring_refuses_what_is_no_number() {
    Warren::run("examples/ring")
        .arguments(["many"])
        .outcome()
        .ends_with(1)
        .says(&["'many' is not a positive integer"]);
}

#[test]
fn tenants() {
    let ended = Warren::run("examples/tenants").outcome().ends_with(0);
    let text = ended.text();
    let (acme, globex) = text.split_once("\nglobex\n").expect("both have a part");
    for (part, tenant, other) in [(acme, "acme", "globex"), (globex, "globex", "acme")] {
        let lines: Vec<&str> = part.lines().filter(|line| line.starts_with("  ")).collect();
        let (allowed, denied): (Vec<&str>, Vec<&str>) =
            lines.iter().partition(|line| line.ends_with(" allowed"));
        assert_eq!((allowed.len(), denied.len()), (2, 8), "{tenant}: {ended}");
        for action in ["send", "terminate", "monitor"] {
            let refused = denied.iter().any(|line| {
                line.contains(&format!("not allowed: process.{action} on {{"))
                    && line.ends_with(": tenants keep to themselves")
            });
            assert!(refused, "{tenant} {action}: {ended}");
        }
        for refused in [
            format!("not allowed: process.spawn on app.{other}:clerk"),
            format!("not allowed: process.registry.unregister on {other}/shop"),
            format!("not allowed: process.registry.register on {other}/till"),
            "not allowed: process.security on security".to_owned(),
        ] {
            let found = denied.iter().any(|line| line.ends_with(&refused));
            assert!(found, "{tenant}: {refused}: {ended}");
        }
    }
}

/// The output on the page about permissions is the command's.
#[test]
fn tenants_are_explained_as_the_page_says() {
    let page = fs::read_to_string(project().join("docs/security.md")).expect("the page is there");
    let words = [
        "examples/tenants",
        "--actor=acme",
        "--meta=namespace=app.acme",
        "--scope=app:acme",
        "--action=process.send",
        "--resource=x",
        "--target-definition=app.globex:shop",
    ];
    let ended = Warren::tool("policy", "why")
        .arguments(words)
        .outcome()
        .ends_with(1);
    assert!(page.contains(ended.text()), "{ended}");
}

#[test]
fn chat_room() {
    let ended = Warren::run("examples/chat-room").outcome().ends_with(0);
    // A process that hears of the end waits for the earlier lines, so there is
    // exactly one possible output.
    let crash = "* cid is gone: member.lua:19: the trick went wrong";
    let expected = [
        "* ann joins",
        "* bob joins",
        "* cid joins",
        "ann: welcome, everybody",
        "cid: let me show you a trick",
        crash,
        "bob: what was that?",
        "ann: his process crashed; ours did not",
        "bob: good to know. I have to go",
        "* bob leaves",
        "ann: good night",
        "* ann leaves",
        "the room is empty",
    ];
    let lines: Vec<&str> = ended.text().lines().collect();
    assert_eq!(lines, expected, "{ended}");
    as_the_page_says("examples/chat-room/README.md", ended.text());
}

#[test]
fn job_queue() {
    let ended = Warren::run("examples/job-queue")
        .options(["--log", "off"])
        .arguments(["200"])
        .outcome()
        .ends_with(0)
        .says_nothing();
    as_the_page_says("examples/job-queue/README.md", ended.text());
}

#[test]
fn job_queue_refuses_what_is_no_number() {
    Warren::run("examples/job-queue")
        .arguments(["many"])
        .outcome()
        .ends_with(1)
        .says(&["usage: warren run examples/job-queue NUMBER-OF-JOBS"]);
}

#[test]
fn supervised_counter() {
    let ended = Warren::run("examples/supervised-counter")
        .options(["--log", "off"])
        .outcome()
        .ends_with(0)
        .says_nothing();
    as_the_page_says("examples/supervised-counter/README.md", ended.text());
}

#[test]
fn pubsub() {
    let ended = Warren::run("examples/pubsub")
        .options(["--log", "off"])
        .outcome()
        .ends_with(0)
        .says_nothing();
    as_the_page_says("examples/pubsub/README.md", ended.text());
}

/// The output in the example's page is the program's.
fn as_the_page_says(page: &str, output: &str) {
    let text = fs::read_to_string(project().join(page)).expect("the page is there");
    let shown = format!("```console\n{output}```\n");
    assert!(text.contains(&shown), "{page} does not show:\n{output}");
}

#[test]
fn word_count_of_nothing() {
    same_as_the_pipeline(&[("empty.txt", b"")]);
    same_as_the_pipeline(&[("digits.txt", b"1234 5678\n")]);
}

#[test]
fn word_count_without_a_newline_at_the_end() {
    same_as_the_pipeline(&[("a.txt", b"One two, ONE")]);
}

#[test]
fn word_count_reads_files_as_one_text() {
    // As with `cat`: `the` and `re` become one word, the empty file changes
    // nothing.
    same_as_the_pipeline(&[
        ("a.txt", b"  over the"),
        ("empty.txt", b""),
        ("b.txt", b"re and here\n"),
    ]);
}

#[test]
fn word_count_of_binary_bytes() {
    // Every byte, and every pair of bytes, without a source of randomness.
    let bytes: Vec<u8> = (0..=u8::MAX)
        .flat_map(|a| (0..=u8::MAX).flat_map(move |b| [a, b]))
        .collect();
    same_as_the_pipeline(&[("bytes.bin", &bytes)]);
}

#[test]
fn word_count_of_one_huge_word() {
    // Longer than the largest message, with short words around it.
    let mut text = b"huge ".to_vec();
    text.resize(3 << 20, b'W');
    text.extend_from_slice(b"\nhuge");
    same_as_the_pipeline(&[("huge.txt", &text)]);
    // Ends exactly at the end of a chunk, at a file's end and before more.
    let chunks = vec![b'x'; 5 * 64 * 1024];
    same_as_the_pipeline(&[("a.txt", &chunks)]);
    same_as_the_pipeline(&[("a.txt", &chunks), ("b.txt", b" y"), ("c.txt", &chunks)]);
}

#[test]
fn word_count_of_real_texts() {
    let mut text = Vec::new();
    for file in real_texts() {
        text.extend(fs::read(file).expect("a text that was found"));
        if text.len() > 12 << 20 {
            break;
        }
    }
    assert!(
        text.len() > 4 << 20,
        "too little text on this machine: {} bytes",
        text.len()
    );
    // Three files, cut anywhere.
    let (a, rest) = text.split_at(text.len() / 3);
    let (b, c) = rest.split_at(rest.len() / 2);
    same_as_the_pipeline(&[("a.txt", a), ("b.txt", b), ("c.txt", c)]);
}

#[test]
fn word_count_of_a_program() {
    // Many different words, more than one worker's batch.
    let bytes = fs::read(std::env::current_exe().expect("an executable")).expect("is readable");
    same_as_the_pipeline(&[("program.bin", &bytes)]);
}

#[test]
fn word_count_without_files_or_grants() {
    Warren::run("examples/word-count")
        .outcome()
        .ends_with(1)
        .prints("")
        .says(&["no files", "usage: warren run --read"]);
    Warren::run("examples/word-count")
        .arguments(["README.md"])
        .outcome()
        .ends_with(1)
        .prints("")
        .says(&["README.md", "is it granted with --read?"]);
}

/// Asserts that the example prints for these files what its pipeline prints.
#[track_caller]
fn same_as_the_pipeline(files: &[(&str, &[u8])]) {
    let texts = Program::of(files);
    let names = files.iter().map(|(name, _)| *name);
    let counted = Warren::run(project().join("examples/word-count"))
        .current_dir(texts.path())
        .options(names.clone().flat_map(|name| ["--read", name]))
        .arguments(names.clone())
        .outcome()
        .ends_with(0)
        .says_nothing();
    let expected = pipeline(&texts, names);
    if counted.stdout == expected.stdout {
        return;
    }
    // The whole would be far too long to read.
    let expected = String::from_utf8(expected.stdout).expect("words are ASCII");
    let different = counted
        .text()
        .lines()
        .zip(expected.lines())
        .find(|(counted, expected)| counted != expected);
    panic!(
        "{} lines counted, {} expected; the first that differ: {different:?}",
        counted.text().lines().count(),
        expected.lines().count(),
    );
}

fn pipeline<'a>(texts: &Program, names: impl Iterator<Item = &'a str>) -> Outcome {
    let script = r#"cat "$@" | LC_ALL=C tr -cs A-Za-z '\n' | tr A-Z a-z | LC_ALL=C sort | uniq -c"#;
    let output = Command::new("sh")
        .args(["-c", script, "sh"])
        .args(names)
        .current_dir(texts.path())
        .stdin(Stdio::null())
        .output()
        .expect("a shell");
    assert!(output.status.success());
    Outcome {
        status: output.status.code(),
        stdout: output.stdout,
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Returns texts of every machine that can build this project: the sources and
/// change logs of its dependencies, if cargo keeps them, else the project's
/// own.
fn real_texts() -> Vec<PathBuf> {
    let home = std::env::var_os("CARGO_HOME").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cargo"),
        PathBuf::from,
    );
    let mut found = Vec::new();
    for root in [home.join("registry/src"), project().join("runtime")] {
        collect(&root, 6, &mut found);
    }
    found.sort();
    found
}

fn collect(directory: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(directory) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let kind = path.extension().and_then(|extension| extension.to_str());
        if path.is_dir() && depth > 0 {
            collect(&path, depth - 1, found);
        } else if matches!(kind, Some("md" | "txt" | "rs")) && path.is_file() {
            found.push(path);
        }
    }
}

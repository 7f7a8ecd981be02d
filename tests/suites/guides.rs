//! The pages of docs/guests, and docs/tutorial.md: every command and every file on them, in the order of the
//! page, and no other block.
//!
//! A block `console` has commands and what they print; `...` stands for any text of a line,
//! or for any lines. If one of the lines begins with `error:`, the command must fail. Any
//! other block begins with a comment that names its file.
//!
//! A command that only looks, `warren ps` or `cat`, is run again until it prints what the page
//! says: the program that it looks at goes on meanwhile. `warren top` has a terminal, on which
//! `q` is pressed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Instant;

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};
use warren_tests::{TIMEOUT, binary, cache, guests, project, scripts};

/// The target of Rust guests.
const TARGET: &str = "wasm32-wasip1";

/// A block of a page.
#[derive(Debug, PartialEq, Eq)]
enum Block {
    /// A command, and the lines that it prints.
    Command(String, Vec<String>),
    /// A file and its content.
    File(String, String),
}

/// Parses a page.
fn parse(page: &str) -> Result<Vec<Block>, String> {
    let mut blocks = Vec::new();
    let mut open = None;
    for event in Parser::new(page) {
        match event {
            Event::Start(Tag::CodeBlock(kind)) => {
                let language = match kind {
                    CodeBlockKind::Fenced(language) => language.into_string(),
                    CodeBlockKind::Indented => String::new(),
                };
                open = Some((language, String::new()));
            }
            Event::Text(text) => {
                if let Some((_, content)) = &mut open {
                    content.push_str(&text);
                }
            }
            Event::End(TagEnd::CodeBlock) => {
                let (language, content) = open.take().unwrap_or_default();
                if language == "console" {
                    blocks.extend(commands(&content)?);
                } else {
                    let name = file_name(&content)
                        .ok_or_else(|| format!("neither commands nor a file:\n{content}"))?;
                    blocks.push(Block::File(name, content));
                }
            }
            _ => {}
        }
    }
    Ok(blocks)
}

fn commands(content: &str) -> Result<Vec<Block>, String> {
    let mut commands: Vec<Block> = Vec::new();
    for line in content.lines() {
        match (line.strip_prefix("$ "), commands.last_mut()) {
            (Some(command), _) => commands.push(Block::Command(command.to_owned(), Vec::new())),
            (None, Some(Block::Command(_, printed))) => printed.push(line.to_owned()),
            (None, _) => return Err(format!("output of no command: {line}")),
        }
    }
    Ok(commands)
}

/// Returns the file in the comment that a block begins with.
fn file_name(content: &str) -> Option<String> {
    let line = content.lines().next()?;
    let comments = [("// ", ""), ("-- ", ""), ("# ", ""), ("/* ", " */")];
    let name = comments
        .iter()
        .find_map(|(start, end)| line.strip_prefix(start)?.strip_suffix(end))?;
    (name.contains(['.', '/']) && !name.contains(' ')).then(|| name.to_owned())
}

/// Tells whether lines are those of a page.
fn is_printed(expected: &[String], printed: &[&str]) -> bool {
    match expected.split_first() {
        None => printed.is_empty(),
        Some((any, rest)) if any == "..." => {
            (0..=printed.len()).any(|skipped| is_printed(rest, &printed[skipped..]))
        }
        Some((line, rest)) => printed
            .split_first()
            .is_some_and(|(first, after)| is_line(line, first) && is_printed(rest, after)),
    }
}

/// Tells whether a line is that of a page, where `...` stands for any text.
fn is_line(expected: &str, printed: &str) -> bool {
    let mut parts = expected.split("...");
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = printed.trim_end().strip_prefix(first) else {
        return false;
    };
    for part in parts {
        // Nothing after it: it is the end of the line.
        rest = match part.is_empty() {
            true => "",
            false => match rest.find(part) {
                Some(at) => &rest[at + part.len()..],
                None => return false,
            },
        };
    }
    rest.is_empty()
}

/// Does everything that a page says, in a new directory.
#[track_caller]
fn follow(page: &str) {
    follow_in("docs/guests", page);
}

/// Does everything that a page of a directory says.
#[track_caller]
fn follow_in(directory: &str, page: &str) {
    let text = project().join(directory).join(page);
    let text = fs::read_to_string(&text).unwrap_or_else(|e| panic!("{}: {e}", text.display()));
    let blocks = parse(&text).unwrap_or_else(|why| panic!("{page}: {why}"));
    let commands = blocks
        .iter()
        .filter(|block| matches!(block, Block::Command(..)));
    assert!(commands.count() >= 5, "{page} has hardly any commands");
    let place = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
    let _beside = Beside(place.path().join("tally.sock"));
    for block in blocks {
        match block {
            Block::File(name, content) => {
                let path = place.path().join(&name);
                let parent = path.parent().map_or(Ok(()), fs::create_dir_all);
                parent
                    .and_then(|()| fs::write(&path, content))
                    .unwrap_or_else(|error| panic!("{page}: {name}: {error}"));
            }
            Block::Command(command, expected) => run(page, place.path(), &command, &expected),
        }
        keep_versions(page, place.path());
    }
}

#[track_caller]
fn run(page: &str, place: &Path, command: &str, expected: &[String]) {
    let only_looks = ["warren ps ", "cat "]
        .iter()
        .any(|start| command.starts_with(start));
    let fails = expected.iter().any(|line| line.starts_with("error:"));
    let begun = Instant::now();
    loop {
        let output = ran(page, place, command);
        let printed = String::from_utf8_lossy(&output.stdout);
        let lines: Vec<&str> = printed.lines().collect();
        let ended_well = output.status.success() != fails;
        let is_as_said = expected.is_empty() || is_printed(expected, &lines);
        if ended_well && is_as_said {
            return;
        }
        if only_looks && begun.elapsed() < TIMEOUT {
            continue;
        }
        assert!(
            ended_well,
            "{page}: {command}: {}\n{printed}",
            output.status
        );
        panic!(
            "{page}: {command} does not print\n{}\nbut\n{printed}",
            expected.join("\n")
        );
    }
}

/// Runs a command to its end.
#[track_caller]
fn ran(page: &str, place: &Path, command: &str) -> Output {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let binary = binary();
    let own = binary.parent().map(Path::to_owned);
    let paths = own.into_iter().chain(std::env::split_paths(&path));
    let paths = std::env::join_paths(paths).unwrap_or_else(|error| panic!("{error}"));
    let script = match command.starts_with("warren top") {
        true => format!("TERM=xterm script -qec '{command}' /dev/null <<< q > /dev/null"),
        false => format!("exec 2>&1; {command}"),
    };
    Command::new("bash")
        .args(["-c", &script])
        .current_dir(place)
        .env("PATH", paths)
        .env("XDG_CACHE_HOME", cache())
        .env_remove("WARREN_LOG")
        .envs(of_tool_chains(page))
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{page}: {command}: {error}"))
}

/// The socket of a program that a page may leave running.
struct Beside(PathBuf);

impl Drop for Beside {
    fn drop(&mut self) {
        if self.0.exists() {
            let mut end = Command::new(binary());
            // If it does not answer, the test has failed already.
            let _ = end
                .args(["terminate", "tally", "--control"])
                .arg(&self.0)
                .output();
        }
    }
}

/// Returns the variables that name the tool chains of the tests.
fn of_tool_chains(page: &str) -> Vec<(&'static str, std::path::PathBuf)> {
    match page {
        "rust.md" => vec![
            ("WARREN_CARGO", guests::cargo_for(TARGET)),
            ("GUEST_TOOLCHAIN", guests::toolchain()),
            ("CARGO_NET_OFFLINE", "true".into()),
            ("CARGO_TARGET_DIR", project().join("target/guests")),
        ],
        "c.md" => vec![
            ("CC", guests::c_compiler()),
            ("GUEST_TOOLCHAIN", guests::toolchain()),
        ],
        "zig.md" => vec![("ZIG", scripts::zig_compiler().into())],
        _ => Vec::new(),
    }
}

/// Gives a new package of Rust or AssemblyScript the versions that the tests' own guests
/// use, and compares the packages of npm with those of the tests' lock file.
#[track_caller]
fn keep_versions(page: &str, place: &Path) {
    let package = place.join("greet");
    let give = |own: &str, lock: &Path| {
        fs::copy(project().join(own), lock).unwrap_or_else(|error| panic!("{error}"))
    };
    let lock = package.join("Cargo.lock");
    if package.join("Cargo.toml").is_file() && !lock.is_file() {
        give("tests/guests/rust/Cargo.lock", &lock);
    }
    let of_npm = match page {
        "assemblyscript.md" => "tests/guests/assemblyscript/package-lock.json",
        _ => "tests/guests/npm/package-lock.json",
    };
    let lock = package.join("package-lock.json");
    if page == "assemblyscript.md" && package.is_dir() && !lock.is_file() {
        give(of_npm, &lock);
    }
    let Ok(lock) = fs::read_to_string(lock) else {
        return;
    };
    let own = fs::read_to_string(project().join(of_npm));
    let own = own.unwrap_or_else(|error| panic!("{error}"));
    for hash in lock.lines().filter(|line| line.contains("\"integrity\"")) {
        let hash = hash.trim().trim_end_matches(',');
        assert!(
            own.contains(hash),
            "another package than the tests': {hash}"
        );
    }
}

#[test]
fn blocks_are_files_or_commands() {
    let page = "x\n\n```lua\n-- a/b.lua\nreturn 1\n```\n\n```console\n$ a\nb\n...\n$ c\n```\n";
    let file = "-- a/b.lua\nreturn 1\n".to_owned();
    assert_eq!(
        parse(page).unwrap_or_default(),
        [
            Block::File("a/b.lua".into(), file),
            Block::Command("a".into(), vec!["b".into(), "...".into()]),
            Block::Command("c".into(), vec![]),
        ]
    );
    for bad in [
        "```lua\nreturn 1\n```\n",
        "```console\nb\n```\n",
        "    indented\n",
    ] {
        assert!(parse(bad).is_err(), "{bad}");
    }
    let name = |line: &str| file_name(line);
    assert_eq!(name("/* greet/a.c */\nx").as_deref(), Some("greet/a.c"));
    assert_eq!(name("# Makefile of x"), None);
}

#[test]
fn any_lines_may_be_left_out() {
    let is = |expected: &[&str], printed: &[&str]| {
        let expected: Vec<String> = expected.iter().map(|line| (*line).to_owned()).collect();
        is_printed(&expected, printed)
    };
    assert!(is(&["a", "...", "c"], &["a", "b", "b", "c"]));
    assert!(is(&["...", "c"], &["c"]));
    assert!(is(&["..."], &[]));
    assert!(is(&["a ... b in ..."], &["a 1 b in 2 s"]));
    assert!(!is(&["a ... b"], &["a 1 b c"]));
    assert!(!is(&["a", "..."], &["b", "a"]));
    assert!(!is(&["a"], &["a", "b"]));
    assert!(!is(&["...", "c"], &["c", "d"]));
}

#[test]
fn lua() {
    follow("lua.md");
}

#[test]
fn rust() {
    follow("rust.md");
}

#[test]
fn c() {
    follow("c.md");
}

/// The program of the page runs beside its commands; it ends with the page, also if a step
/// fails.
#[test]
fn tutorial() {
    follow_in("docs", "tutorial.md");
}

#[test]
fn zig() {
    follow("zig.md");
}

#[test]
fn assemblyscript() {
    scripts::need_node();
    follow("assemblyscript.md");
}

#[test]
fn javascript() {
    scripts::need_node();
    follow("javascript.md");
}

#[test]
fn python() {
    scripts::need_python();
    follow("python.md");
}

#[test]
fn every_page_is_followed_and_listed() {
    let pages = warren_tests::entries(&project().join("docs/guests"));
    let pages = pages.unwrap_or_else(|why| panic!("{why}"));
    let index = fs::read_to_string(project().join("docs/guests.md"));
    let index = index.unwrap_or_else(|error| panic!("{error}"));
    let mut names: Vec<String> = Vec::new();
    for page in pages {
        let name = page
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        assert!(
            index.contains(&format!("(guests/{name})")),
            "{name} is not listed"
        );
        names.push(name);
    }
    assert_eq!(
        names,
        [
            "assemblyscript.md",
            "c.md",
            "javascript.md",
            "lua.md",
            "python.md",
            "rust.md",
            "zig.md"
        ]
    );
}

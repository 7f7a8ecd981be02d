//! `warren inspect`: describes a WebAssembly file, and how it would run.

mod contents;
mod grants;

use clap::Args;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use warren::app::{App, AppOptions};
use warren::text;

use self::contents::{Contents, Shape};
use super::check;
use crate::exit::Exit;
use crate::plain_file;
use crate::report::failure::{Failure, Failures};
use crate::report::{opening, stdout};

/// The options of `warren inspect`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit status: 0; 1 if the file cannot run; 2 for a wrong command line, or a file \
                  that is not WebAssembly; 141 if the reader of standard output is gone."
)]
pub(crate) struct InspectArgs {
    /// The file, .wasm or .wat
    pub(crate) path: PathBuf,
}

/// Prints the description; exits with 1 if the file cannot run as a process.
pub(crate) fn inspect(args: &InspectArgs) -> Result<Exit, Failures> {
    let path = text::path(&args.path);
    let usage = |message: String| Failure::new(Exit::Usage, format!("{path}: {message}"));
    if args.path.is_dir() || args.path.extension().is_some_and(|kind| kind == "lua") {
        return Err(Failure {
            help: Some(format!(
                "`warren check {path}` compiles a program and its Lua files"
            )),
            ..Failure::new(Exit::Usage, format!("{path}: not a WebAssembly file"))
        }
        .into());
    }
    let bytes = plain_file::read(&args.path).map_err(|error| usage(error.to_string()))?;
    let binary = wat::Parser::new()
        .parse_bytes(Some(path.to_string().as_ref()), &bytes)
        .map_err(|error| usage(format!("not WebAssembly text: {error}")))?;
    let contents = contents::read(&binary)
        .map_err(|error| usage(format!("not WebAssembly: {}", error.message())))?;
    let mut text = format!("{path}: {}", describe(&contents, binary.len()));

    let app =
        App::open(&args.path, AppOptions::default()).map_err(|error| opening::failures(&error))?;
    let definitions: Vec<_> = app
        .survey()
        .into_iter()
        .filter(|definition| definition == app.main())
        .collect();
    let failed = check::compile(app, &definitions, |_| None)?;
    let exit = match failed.first() {
        None => {
            text.push_str(verdict(&contents));
            Exit::Success
        }
        Some((_, error)) => {
            let _ = write!(text, "\nIt does not run: {}\n", text::line(&error.message));
            Exit::Failed
        }
    };
    text.push_str(advice(&contents));
    Ok(stdout::print(&text, exit)?)
}

/// Returns the sentence about a binary that compiles.
fn verdict(contents: &Contents) -> &'static str {
    let has = |export: &str| contents.exports.iter().any(|name| name == export);
    let answers = contents
        .exports
        .iter()
        .any(|name| name.starts_with("wasi:http/incoming-handler@"));
    let is_command = contents
        .exports
        .iter()
        .any(|name| name.starts_with("wasi:cli/run@"));
    // docs/guest-abi.md: the exports of an interpreter.
    if has("prepare") {
        "\nIt is an interpreter: it runs other code.\n"
    } else if !answers {
        "\nIt runs as a process.\n"
    } else if has("start") || is_command {
        "\nIt runs as a process, and answers requests of a route.\n"
    } else {
        "\nIt answers requests of a route, each in a process of its own.\n"
    }
}

/// Returns the description without the verdict.
fn describe(contents: &Contents, len: usize) -> String {
    let shape = match contents.shape {
        Shape::Core => "a core module",
        Shape::Component => "a component",
    };
    let mut text = format!("{shape} of {len} bytes\n");
    text.push_str("\nimports\n");
    let mut modules: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (module, name) in &contents.imports {
        modules.entry(module).or_default().push(name);
    }
    if modules.is_empty() {
        text.push_str("  none\n");
    }
    for (module, mut names) in modules {
        names.retain(|name| !name.is_empty());
        names.sort_unstable();
        let names = names.join(", ");
        let _ = writeln!(
            text,
            "  {}{}{}",
            text::line(module),
            if names.is_empty() { "" } else { ": " },
            text::line(&names),
        );
    }
    let needed = grants::needed(contents);
    if !needed.is_empty() {
        text.push_str("grants, without which these imports reach nothing\n");
    }
    for needs in needed {
        let (import, grant, option) = (text::line(needs.import), needs.grant, needs.option);
        let _ = writeln!(text, "  {import}: {grant}, or {option}");
    }
    text.push_str("exports\n");
    for name in &contents.exports {
        let _ = writeln!(text, "  {}", text::line(name));
    }
    if let Some(memory) = contents.memory {
        let pages = |pages: u64| memory_size(pages.saturating_mul(memory.page_size));
        let most = memory.maximum.map_or_else(
            || "grows up to what its host allows".to_owned(),
            |maximum| format!("grows to at most {}", pages(maximum)),
        );
        let _ = writeln!(
            text,
            "memory\n  {} at the start, {most}",
            pages(memory.initial)
        );
    }
    text
}

fn memory_size(bytes: u64) -> String {
    if bytes >= 1 << 20 {
        format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
    } else {
        format!("{} KiB", bytes >> 10)
    }
}

/// Returns which of the two ABIs the binary uses, and how to use the faster.
fn advice(contents: &Contents) -> &'static str {
    match contents.shape {
        Shape::Core if contents.snapshot => {
            "It takes the flat ABI, the faster way in, and starts from a snapshot.\n"
        }
        Shape::Core => "It takes the flat ABI, the faster way in.\n",
        Shape::Component => {
            "It takes the component path, where a message costs about twice the time. The \
             faster way\nin is the flat ABI: build it with the SDK for Rust or C as a core \
             module, for\nwasm32-unknown-unknown or wasm32-wasip1; see docs/guest-abi.md.\n"
        }
    }
}

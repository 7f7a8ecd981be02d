//! `warren-public-api SNAPSHOT LIBRARY [CRATE...] [--update]`: compares the
//! public items of a library, as rustdoc's JSON lists them, with a file: its
//! own items, and re-exported ones of other crates. Each type among them must
//! have an example.

#[path = "../../src/ci/example.rs"]
mod example;
mod handed_on;
mod rustdoc;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;
use std::{env, fs};

use anyhow::{Context, Result, bail};

use rustdoc::Crate;

fn main() -> ExitCode {
    match run(env::args().skip(1).collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(mut arguments: Vec<String>) -> Result<()> {
    let update = arguments.pop_if(|last| last == "--update").is_some();
    let [snapshot, library, others @ ..] = arguments.as_slice() else {
        bail!("usage: warren-public-api SNAPSHOT LIBRARY [CRATE...] [--update]");
    };
    let library = Crate::read(&PathBuf::from(library))?;
    let others = others
        .iter()
        .map(|other| Crate::read(&PathBuf::from(other)));
    let others = others.collect::<Result<Vec<_>>>()?;
    let mut failed = Vec::new();

    let present = handed_on::with_items(&library, &others);
    if update {
        fs::write(snapshot, present).with_context(|| format!("cannot write {snapshot}"))?;
    } else {
        let accepted =
            fs::read_to_string(snapshot).with_context(|| format!("cannot read {snapshot}"))?;
        let differences = differences(&accepted, &present);
        if !differences.is_empty() {
            show(&differences);
            failed.push(format!("the public API differs from {snapshot}"));
        }
    }

    let types = handed_on::with_types(&library, &others);
    if types.is_empty() {
        bail!("{} has no public type", library.name);
    }
    let without = types.iter().filter(|one| !one.has_example);
    let without: Vec<String> = without.map(|one| one.path.clone()).collect();
    if !without.is_empty() {
        show(&without);
        failed.push("types of the public API have no example".to_owned());
    }

    if !failed.is_empty() {
        bail!("{}", failed.join("; "));
    }
    Ok(())
}

fn show(lines: &[String]) {
    for line in lines {
        eprintln!("{line}");
    }
}

/// Returns the lines that only one text has, each with `-` or `+` before it.
fn differences(accepted: &str, present: &str) -> Vec<String> {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
    let (accepted, present) = (lines(accepted), lines(present));
    let gone = accepted.difference(&present).map(|line| format!("-{line}"));
    let new = present.difference(&accepted).map(|line| format!("+{line}"));
    gone.chain(new).collect()
}

#[cfg(test)]
mod tests {
    use super::differences;

    #[test]
    fn lines_of_only_one_list_are_differences() {
        assert!(differences("a\nb\n", "b\na\n").is_empty());
        assert_eq!(differences("a\nb\n", "b\nc\n"), ["-a", "+c"]);
    }
}

//! `warren-public-api RUSTDOC_JSON SNAPSHOT [--update]`: compares the public
//! items of a crate, as rustdoc wrote them down, with a file that lists them.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use std::{env, fs};

use anyhow::{Context, Result, bail};

fn main() -> ExitCode {
    match run(env::args().skip(1).collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Vec<String>) -> Result<()> {
    let (json, snapshot, update) = match arguments.as_slice() {
        [json, snapshot] => (json, snapshot, false),
        [json, snapshot, flag] if flag == "--update" => (json, snapshot, true),
        _ => bail!("usage: warren-public-api RUSTDOC_JSON SNAPSHOT [--update]"),
    };
    let present = public_items(Path::new(json))?;
    if update {
        return fs::write(snapshot, present).with_context(|| format!("cannot write {snapshot}"));
    }
    let accepted =
        fs::read_to_string(snapshot).with_context(|| format!("cannot read {snapshot}"))?;
    let differences = differences(&accepted, &present);
    if differences.is_empty() {
        return Ok(());
    }
    for line in &differences {
        eprintln!("{line}");
    }
    bail!("the public API is not what {snapshot} says")
}

/// One line for each item. What every type has (`Send`, `From<T> for T`) is not
/// listed.
fn public_items(json: &Path) -> Result<String> {
    let api = public_api::Builder::from_rustdoc_json(json)
        .omit_blanket_impls(true)
        .omit_auto_derived_impls(true)
        .omit_auto_trait_impls(true)
        .build()
        .with_context(|| format!("cannot read {}", json.display()))?;
    Ok(api.to_string())
}

/// The lines that only one of them has, each with `-` or `+` before it.
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
    fn what_only_one_has_is_a_difference() {
        assert!(differences("a\nb\n", "b\na\n").is_empty());
        assert_eq!(differences("a\nb\n", "b\nc\n"), ["-a", "+c"]);
    }
}

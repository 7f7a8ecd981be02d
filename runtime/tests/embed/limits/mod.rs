//! The tables of docs/limits.md against the code, both ways: each row has its bound in
//! the code, and each limit of the code has a row.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use warren::{CompileLimits, HostLimits};

mod constants;
mod rows;

use constants::{Constant, constants};
use rows::{INNER, rows};

const PAGE: &str = include_str!("../../../../docs/limits.md");

/// The source of a row's bound.
enum Bound {
    /// A constant of this file below the repository's root.
    Constant(&'static str, &'static str, Unit),
    /// A text that this file must hold: a bound that is computed.
    Text(&'static str, &'static str),
    /// A default that [`defaults`] reads from the library's types.
    Default,
    /// A bound that the text of another row, or of another page, states.
    Elsewhere,
}

/// The way a number is written on the page.
#[derive(Clone, Copy)]
enum Unit {
    Bytes,
    Count,
    Time,
}

#[test]
fn each_row_has_the_bound_of_the_code() {
    for (row, bounds) in rows() {
        let cells = cells_of(row);
        for bound in *bounds {
            match bound {
                Bound::Constant(file, name, unit) => {
                    let found = constants(&root().join(file));
                    let constant = found.iter().find(|constant| constant.name == *name);
                    let value = constant.and_then(Constant::value);
                    let value = value.unwrap_or_else(|| panic!("{file} has no number {name}"));
                    let text = unit.text(value);
                    assert!(
                        states(&cells, &text),
                        "{name} of {file} is {text} in the code: {cells:?}"
                    );
                }
                Bound::Text(file, text) => {
                    let source = fs::read_to_string(root().join(file)).expect("the file is there");
                    assert!(
                        source.contains(text),
                        "{file} has no more `{text}`: mend the row {row:?} of the page, and the \
                         test's"
                    );
                }
                Bound::Default => {
                    let default = defaults().into_iter().find(|(name, _)| name == row);
                    let (_, text) = default.unwrap_or_else(|| panic!("{row} has no default"));
                    assert!(
                        states(&cells, &text),
                        "{row} is {text} in the code: {cells:?}"
                    );
                }
                Bound::Elsewhere => {}
            }
        }
    }
}

#[test]
fn no_row_is_without_a_counterpart() {
    for row in table_rows() {
        let known = rows().filter(|(start, _)| row.starts_with(start));
        assert_eq!(known.count(), 1, "the test must have this row once: {row}");
    }
}

#[test]
fn no_limit_of_the_code_is_without_a_row() {
    for (name, _) in defaults() {
        let known = rows().filter(|(start, _)| *start == name);
        assert_eq!(known.count(), 1, "no row of {name}");
    }
    let stated = rows().flat_map(|(_, bounds)| *bounds);
    let mut stated: BTreeSet<_> = stated.filter_map(Bound::constant).collect();
    let inner = INNER.iter().map(|(file, name, _)| (*file, *name));
    stated.extend(inner.clone());
    let mut present = BTreeSet::new();
    for file in sources() {
        let path = file.strip_prefix(root()).expect("it is below the root");
        let path = path.to_str().expect("UTF-8");
        for constant in constants(&file) {
            let name = constant.name;
            if name.starts_with("MAX_") || name.starts_with("DEFAULT_MAX_") {
                assert!(
                    stated.contains(&(path, name.as_str())),
                    "{name} of {path} has no row in docs/limits.md; if no user can meet it, add \
                     it to INNER"
                );
                present.insert((path.to_owned(), name));
            }
        }
    }
    for (path, name) in inner {
        let is_present = present.contains(&(path.to_owned(), name.to_owned()));
        assert!(is_present, "{name} of {path} is gone: remove it from INNER");
    }
}

#[test]
fn each_limit_that_an_error_names_is_on_the_page() {
    let named = |file: &Path| {
        let source = fs::read_to_string(file).expect("the file is there");
        // Tests come last in a file.
        let code = source.split("#[cfg(test)]").next().unwrap_or_default();
        let texts = code.split('"').skip(1).step_by(2);
        let names = texts.filter(|text| {
            let has_form = |byte: u8| byte.is_ascii_lowercase() || b"_.0123456789".contains(&byte);
            text.starts_with("max_") && text.bytes().all(has_form)
        });
        names.map(str::to_owned).collect::<BTreeSet<_>>()
    };
    let mut count = 0;
    for file in sources() {
        let path = file.strip_prefix(root()).expect("it is below the root");
        // Their names are keys of the manifest.
        if path.starts_with("runtime/app") || path.starts_with("runtime/cli") {
            continue;
        }
        for name in named(&file) {
            count += 1;
            let shown = format!("`{name}`");
            assert!(
                PAGE.contains(&shown),
                "{name} of {} has no row",
                path.display()
            );
        }
    }
    assert!(count > 60, "{count} names were found");
}

#[test]
fn each_limit_of_compiling_is_compared() {
    let compared = of_code().map(|(name, _)| name.trim_matches('`').to_owned());
    let fields = fields("runtime/engine/src/code/bounds.rs", "CompileLimits");
    assert_eq!(fields, compared);
}

#[test]
fn each_limit_of_a_host_is_compared() {
    let compared = of_hosts().map(|(name, _)| name.trim_matches(['`', ':']).replace('.', "_"));
    let fields = fields("runtime/engine/src/host_limits.rs", "HostLimits");
    assert_eq!(fields, compared);
}

/// Returns the fields of a type, which is not exhaustive, from the source.
fn fields(file: &str, name: &str) -> Vec<String> {
    let source = fs::read_to_string(root().join(file)).expect("the file is there");
    let head = format!("pub struct {name} {{");
    let (_, fields) = source.split_once(&head).expect("it is there");
    let (fields, _) = fields.split_once("\n}").expect("it ends");
    let fields = fields
        .lines()
        .filter_map(|line| line.trim().strip_prefix("pub "));
    fields
        .filter_map(|field| Some(field.split_once(':')?.0.to_owned()))
        .collect()
}

/// Returns the defaults of every limit that an embedder can set, by the start of its
/// row.
fn defaults() -> Vec<(&'static str, String)> {
    of_hosts().into_iter().chain(of_code()).collect()
}

/// Returns the defaults of the limits of a host, in the order of their fields.
fn of_hosts() -> [(&'static str, String); 18] {
    let limits = HostLimits::default();
    [
        ("`max_processes`:", count(limits.max_processes)),
        ("`max_queue.messages`:", count(limits.max_queue_messages)),
        ("`max_queue.bytes`:", size(limits.max_queue_bytes as u64)),
        ("`max_message`:", size(limits.max_message as u64)),
        ("`max_subscriptions`:", count(limits.max_subscriptions)),
        ("`max_links`:", count(limits.max_links)),
        ("`max_monitors`:", count(limits.max_monitors)),
        ("`max_names`:", count(limits.max_names)),
        ("`max_groups`:", count(limits.max_groups)),
        ("`max_execs`:", count(limits.max_execs)),
        ("`max_memory`:", size(limits.max_memory)),
        ("`max_log`:", size(limits.max_log)),
        ("`max_log_total`:", size(limits.max_log_total)),
        // Absent, they depend on the machine, or on a constant: the row has the rule.
        ("`max_memory_total`:", absent(limits.max_memory_total)),
        ("`max_cpu`:", absent(limits.max_cpu)),
        ("`max_files`:", absent(limits.max_files)),
        ("`max_files_total`:", absent(limits.max_files_total)),
        ("`max_disk`:", absent(limits.max_disk)),
    ]
}

fn absent<T: std::fmt::Debug>(limit: Option<T>) -> String {
    assert!(limit.is_none(), "{limit:?}");
    "none".to_owned()
}

/// Returns the defaults of the limits of compiling, in the order of their fields.
fn of_code() -> [(&'static str, String); 10] {
    let limits = CompileLimits::default();
    [
        ("`max_module`", size(limits.max_module as u64)),
        ("`max_source`", size(limits.max_source as u64)),
        ("`max_functions`", count(limits.max_functions)),
        ("`max_function`", size(limits.max_function as u64)),
        ("`max_function_state`", count(limits.max_function_state)),
        ("`max_state`", count(limits.max_state)),
        ("`max_items`", count(limits.max_items)),
        ("`max_parts`", count(limits.max_parts)),
        ("`max_prepare`", time(limits.max_prepare)),
        ("`max_kept`", size(limits.max_kept as u64)),
    ]
}

fn size(bytes: u64) -> String {
    Unit::Bytes.text(bytes.into())
}

fn count(number: usize) -> String {
    Unit::Count.text(number as u128)
}

/// Returns the rows of the page's tables, without their first bar and their heads.
fn table_rows() -> Vec<&'static str> {
    let rows = PAGE.lines().filter_map(|line| line.strip_prefix("| "));
    rows.filter(|row| !row.starts_with("limit |")).collect()
}

/// Returns the cells of the row that begins so.
fn cells_of(start: &str) -> Vec<&'static str> {
    let row = table_rows().into_iter().find(|row| row.starts_with(start));
    let row = row.unwrap_or_else(|| panic!("docs/limits.md has no row of {start}"));
    row.split('|').map(str::trim).collect()
}

/// Returns true if a cell after the first states this text, as words of its own.
fn states(cells: &[&str], text: &str) -> bool {
    cells[1..].iter().any(|cell| {
        cell.match_indices(text).any(|(at, _)| {
            let before = cell[..at].chars().next_back();
            let after = cell[at + text.len()..].chars().next();
            let is_apart = |near: Option<char>| near.is_none_or(|near| !near.is_alphanumeric());
            let mut rest = cell[at + text.len()..].chars();
            let goes_on = rest.next() == Some(',') && rest.next().is_some_and(char::is_numeric);
            is_apart(before) && before != Some(',') && is_apart(after) && !goes_on
        })
    })
}

impl Bound {
    fn constant(&self) -> Option<(&'static str, &'static str)> {
        match self {
            Bound::Constant(file, name, _) => Some((file, name)),
            _ => None,
        }
    }
}

impl Unit {
    /// Returns the number as the page writes it; times are in nanoseconds.
    fn text(self, number: u128) -> String {
        match self {
            Unit::Count => grouped(number),
            Unit::Bytes => {
                let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
                let whole =
                    |(shift, _): &(u32, &str)| number > 0 && number.is_multiple_of(1 << shift);
                match units.into_iter().find(whole) {
                    // Short texts are stated in bytes.
                    Some((10, _)) if number < 16 << 10 => format!("{} bytes", grouped(number)),
                    Some((shift, unit)) => format!("{} {unit}", grouped(number >> shift)),
                    None => format!("{} bytes", grouped(number)),
                }
            }
            Unit::Time => {
                let nanoseconds = u64::try_from(number).expect("no limit is that long");
                time(Duration::from_nanos(nanoseconds))
            }
        }
    }
}

fn time(time: Duration) -> String {
    match time.as_micros() {
        micros if micros % 1_000_000 == 0 => format!("{} s", micros / 1_000_000),
        micros if micros % 1_000 == 0 => format!("{} ms", micros / 1_000),
        micros => format!("{micros} us"),
    }
}

/// Returns the number with a comma before each three digits.
fn grouped(number: u128) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Returns every source file of the host's crates.
fn sources() -> Vec<PathBuf> {
    let crates = [
        "guest-sdk/rust/values/src",
        "runtime/kernel/src",
        "runtime/engine/src",
        "runtime/capabilities/src",
        "runtime/app/src",
        "runtime/src",
        "runtime/cli/src",
    ];
    let mut open: Vec<PathBuf> = crates.iter().map(|name| root().join(name)).collect();
    let mut files = Vec::new();
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(&directory).expect("the crate is there") {
            let path = entry.expect("the directory is readable").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files
}

//! Processes of a running program as text: a table, or one process in full.

use std::fmt::Write as _;

use serde::Serialize;
use warren::introspection::{Listing, ProcessDetails, ProcessInfo, QueueInfo, Totals};
use warren::text;

use super::quantity;

/// One process, in full.
#[derive(Debug, Serialize)]
pub(crate) struct Seen {
    #[serde(flatten)]
    pub(crate) details: ProcessDetails,
    #[serde(flatten)]
    pub(crate) stack: Stack,
}

/// The stack of a process.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stack {
    /// The stack's text.
    Stack(String),
    /// The reason why the stack is unavailable.
    NoStack(String),
}

/// Returns a listing or a process as JSON that cannot control the terminal.
pub(crate) fn json(value: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text::json(&text).into_owned()
}

/// The columns' headings; text is aligned left, numbers right.
const COLUMNS: [&str; 10] = [
    "PID",
    "STATE",
    "DEFINITION",
    "MESSAGES",
    "OLDEST",
    "MEMORY",
    "HELD",
    "CPU",
    "LOAD",
    "NAMES",
];

const NUMBERS: std::ops::Range<usize> = 3..9;

/// The columns that a narrow terminal does without, in the order in which they go.
const DISPENSABLE: [&str; 8] = [
    "HELD", "OLDEST", "CPU", "LOAD", "STATE", "MESSAGES", "MEMORY", "NAMES",
];

/// Characters of a process's names in a row: there may be thousands, and
/// `--show` prints all.
pub(crate) const NAMES_SHOWN: usize = 100;

/// Characters of names for which a narrow terminal leaves out other columns.
const NAMES_ROOM: usize = 20;

/// Returns the processes as a table, and the budgets. With the width of a terminal, columns are
/// left out until a row fits, and what is still too long is cut.
pub(crate) fn table(listing: &Listing, width: Option<usize>) -> String {
    let terminal = width.unwrap_or(usize::MAX);
    let rows: Vec<[String; 10]> = listing.processes.iter().map(row).collect();
    let mut widths = COLUMNS.map(str::len);
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let (shown, left_out) = fitting(&widths, terminal);
    let mut text = String::new();
    let mut line = |cells: [&str; 10]| {
        let mut line = String::new();
        for column in shown.iter().copied() {
            let (cell, width) = (cells[column], widths[column]);
            // A width in a format has 16 bits, and this width depends on data.
            let padding = " ".repeat(width.saturating_sub(cell.chars().count()));
            let (before, after) = if NUMBERS.contains(&column) {
                (&*padding, "")
            } else {
                ("", &*padding)
            };
            for part in [before, cell, after, "  "] {
                line.push_str(part);
            }
        }
        text.push_str(&cut(line.trim_end(), terminal));
        text.push('\n');
    };
    line(COLUMNS);
    for row in &rows {
        line(row.each_ref().map(String::as_str));
    }
    if listing.matched > rows.len() {
        let _ = writeln!(text, "{} of {} are shown", rows.len(), listing.matched);
    }
    let mut budgets = budgets(&listing.totals);
    if budgets.chars().count() > terminal {
        budgets = budgets.replace("   ", "\n");
    }
    let _ = writeln!(text, "{budgets}");
    if !left_out.is_empty() {
        let _ = writeln!(text, "not shown for want of room: {}", left_out.join(", "));
    }
    text
}

/// Returns the places of the columns that fit into a width, and the headings of the others.
fn fitting(widths: &[usize; 10], width: usize) -> (Vec<usize>, Vec<&'static str>) {
    let room = |column: &usize| match COLUMNS[*column] {
        "NAMES" => widths[*column].min(NAMES_ROOM),
        _ => widths[*column],
    };
    let mut shown: Vec<usize> = (0..COLUMNS.len()).collect();
    let mut left_out = Vec::new();
    for heading in DISPENSABLE {
        // Two spaces are between columns.
        let needed: usize = shown.iter().map(|column| room(column) + 2).sum();
        if needed <= width.saturating_add(2) {
            break;
        }
        shown.retain(|column| COLUMNS[*column] != heading);
        left_out.push(heading);
    }
    (shown, left_out)
}

/// Returns a line, or its beginning if it does not fit into a width.
fn cut(line: &str, width: usize) -> String {
    if line.chars().count() <= width {
        return line.to_owned();
    }
    let beginning = line.chars().take(width.saturating_sub(3));
    beginning.chain("...".chars()).collect()
}

/// Returns the memory a process uses.
fn memory(process: &ProcessInfo) -> String {
    let [linear, held, counted, most] = [
        process.memory,
        process.held,
        process.counted,
        process.max_memory,
    ]
    .map(quantity::bytes);
    format!("{linear} linear, {held} held by the runtime; {counted} of {most} counted")
}

/// Returns the used part of the budgets of the runtime and its hosts: memory,
/// and files and disk if any are used.
pub(crate) fn budgets(totals: &Totals) -> String {
    let of = |used, limit| format!("{} of {}", quantity::bytes(used), quantity::bytes(limit));
    let mut shown = format!("memory {}", of(totals.counted, totals.max_memory_total));
    let hosts = totals.hosts.iter().map(|host| (host, ""));
    let draining = totals.draining.iter().map(|host| (host, " (removed)"));
    for (host, removed) in hosts.chain(draining) {
        let _ = write!(
            shown,
            "   {}{removed} {}",
            text::line(&host.name),
            of(host.memory, host.max_memory_total)
        );
        if host.files > 0 {
            let _ = write!(shown, ", {} of {} files", host.files, host.max_files_total);
        }
        if host.disk > 0 {
            let _ = write!(shown, ", disk {}", of(host.disk, host.max_disk));
        }
    }
    shown
}

fn row(process: &ProcessInfo) -> [String; 10] {
    [
        text::line(process.pid.as_str()).to_string(),
        process.state.as_str().to_owned(),
        text::line(process.definition.as_deref().unwrap_or("-")).to_string(),
        process.messages.to_string(),
        process.oldest_ms.map_or("-".to_owned(), quantity::duration),
        quantity::bytes(process.memory),
        quantity::bytes(process.held),
        quantity::duration(process.cpu_ms),
        quantity::percent(process.load),
        names(process),
    ]
}

/// Returns the names of a process, as far as a row shows them.
pub(crate) fn names(process: &ProcessInfo) -> String {
    let mut names = String::new();
    for name in &process.names {
        if !names.is_empty() {
            names.push(' ');
        }
        names.push_str(name);
        if names.len() > NAMES_SHOWN * 4 {
            break;
        }
    }
    text::clipped(&names, NAMES_SHOWN)
}

/// Returns all details of a process, one per line.
pub(crate) fn lines(seen: &Seen) -> String {
    let details = &seen.details;
    let process = &details.process;
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(text, "{name:<14}{}", text::line(value));
        }
    };
    line("pid", process.pid.as_str());
    line("state", process.state.as_str());
    line("definition", process.definition.as_deref().unwrap_or("-"));
    line("host", &process.host);
    line("parent", process.parent.as_deref().unwrap_or("-"));
    line("names", &process.names.join(" "));
    line("frame", details.frame.as_deref().unwrap_or_default());
    line("actor", details.actor.as_deref().unwrap_or_default());
    line("age", &quantity::duration(process.age_ms));
    line("cpu", &quantity::duration(process.cpu_ms));
    line("load", &quantity::percent(process.load));
    line("memory", &memory(process));
    line("linked to", &some(&process.linked_to, process.links));
    line("monitors", &some(&details.monitoring, process.monitors));
    line("monitored by", &details.monitored_by.join(" "));
    line("traps links", if details.trap_links { "yes" } else { "no" });
    line("events", &process.events.to_string());
    for queue in &details.queues {
        line("queue", &load_of(queue));
    }
    if let Some(left) = details.ends_within_ms {
        line("ends within", &quantity::duration(left));
    }
    line(
        "last error",
        details.last_error.as_deref().unwrap_or_default(),
    );
    match &seen.stack {
        Stack::NoStack(why) => line("stack", why),
        Stack::Stack(stack) => {
            text.push_str("stack\n");
            for call in stack.lines() {
                let (indent, call) = match call.strip_prefix('\t') {
                    Some(call) => ("    ", call),
                    None => ("  ", call),
                };
                let _ = writeln!(text, "{indent}{}", text::line(call));
            }
        }
    }
    text
}

/// Returns the messages of a queue, and the age of the oldest.
fn load_of(queue: &QueueInfo) -> String {
    let bytes = quantity::bytes(queue.bytes as u64);
    let mut text = format!("{}: {} messages, {bytes}", queue.name, queue.messages);
    if let Some(oldest) = queue.oldest_ms {
        let _ = write!(text, ", the oldest for {}", quantity::duration(oldest));
    }
    text
}

fn some(pids: &[String], count: usize) -> String {
    let more = count.saturating_sub(pids.len());
    let mut text = pids.join(" ");
    if more > 0 {
        let _ = write!(text, " and {more} more");
    }
    text
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use warren::introspection::{HostInfo, State};

    /// Returns a process of this PID, the same but for its parent.
    pub(crate) fn process(pid: &str, parent: Option<&str>) -> ProcessInfo {
        ProcessInfo {
            pid: pid.into(),
            state: State::Waiting,
            definition: Some("app:worker".to_owned()),
            host: "app:processes".to_owned(),
            parent: parent.map(str::to_owned),
            names: vec![format!("name-of-{pid}")],
            links: 0,
            monitors: 0,
            messages: 3,
            bytes: 100,
            events: 0,
            oldest_ms: Some(1_500),
            memory: 1 << 20,
            held: 2 << 10,
            counted: 2 << 10,
            max_memory: 64 << 20,
            cpu_ms: 20,
            load: 0.5,
            age_ms: 100,
            linked_to: Vec::new(),
        }
    }

    fn numbered(number: u32) -> ProcessInfo {
        ProcessInfo {
            names: vec!["one".to_owned()],
            messages: 12,
            ..process(&format!("{{app:processes|0x{number:05x}}}"), None)
        }
    }

    #[test]
    fn a_table_has_aligned_columns_and_says_what_is_missing() {
        let listing = Listing {
            matched: 3,
            processes: vec![numbered(1), numbered(0xab_cdef)],
            totals: Totals {
                counted: 3 << 20,
                max_memory_total: 4 << 30,
                hosts: vec![HostInfo {
                    name: "app:processes".to_owned(),
                    processes: 3,
                    max_processes: 10,
                    memory: 2 << 20,
                    max_memory_total: 1 << 30,
                    files: 3,
                    max_files_total: 384,
                    disk: 1 << 20,
                    max_disk: 10 << 30,
                }],
                draining: vec![HostInfo {
                    name: "app:old".to_owned(),
                    processes: 1,
                    max_processes: 10,
                    memory: 1 << 20,
                    max_memory_total: 1 << 30,
                    files: 0,
                    max_files_total: 384,
                    disk: 0,
                    max_disk: 10 << 30,
                }],
                ..Totals::default()
            },
            ..Listing::default()
        };
        assert_eq!(
            table(&listing, None),
            "\
PID                       STATE    DEFINITION  MESSAGES  OLDEST   MEMORY     HELD   CPU   LOAD  NAMES
{app:processes|0x00001}   waiting  app:worker        12    1.5s  1.0 MiB  2.0 KiB  20ms  50.0%  one
{app:processes|0xabcdef}  waiting  app:worker        12    1.5s  1.0 MiB  2.0 KiB  20ms  50.0%  one
2 of 3 are shown
memory 3.0 MiB of 4.0 GiB   app:processes 2.0 MiB of 1.0 GiB, 3 of 384 files, disk 1.0 MiB of 10.0 GiB   app:old (removed) 1.0 MiB of 1.0 GiB
"
        );
    }

    #[test]
    fn texts_of_a_program_cannot_control_the_terminal() {
        let mut process = numbered(1);
        process.names = vec!["a\u{1b}[31m\nb".to_owned()];
        assert_eq!(row(&process)[9], r"a\u{1b}[31m\nb");
        process.definition = Some("d\u{9b}2J".to_owned());
        assert_eq!(row(&process)[2], r"d\u{9b}2J");
        let json = super::json(&process);
        assert!(json.contains(r"d\u009b2J"), "{json}");
        let again: ProcessInfo = serde_json::from_str(&json).unwrap();
        assert_eq!(again.names, process.names);
    }

    #[test]
    fn a_narrow_terminal_has_whole_rows() {
        let listing = Listing {
            matched: 2,
            processes: vec![numbered(1), numbered(0xab_cdef)],
            ..Listing::default()
        };
        let wide = table(&listing, Some(101));
        assert_eq!(wide, table(&listing, None));
        for (width, left_out) in [
            (100, "HELD"),
            (80, "HELD, OLDEST, CPU"),
            (50, "HELD, OLDEST, CPU, LOAD, STATE, MESSAGES, MEMORY"),
        ] {
            let narrow = table(&listing, Some(width));
            let mut rows = narrow.lines().take(3);
            assert!(rows.all(|row| row.chars().count() <= width), "{narrow}");
            for text in ["{app:processes|0xabcdef}", "app:worker", "one\n"] {
                assert!(narrow.contains(text), "{text}: {narrow}");
            }
            let last = format!("\nnot shown for want of room: {left_out}\n");
            assert!(narrow.ends_with(&last), "{narrow}");
        }
        // A long name costs no other columns than a short one, and is cut.
        let mut named = numbered(1);
        named.names = vec!["n".repeat(60)];
        let narrow = table(
            &Listing {
                matched: 1,
                processes: vec![named],
                ..Listing::default()
            },
            Some(80),
        );
        let row = narrow.lines().nth(1).unwrap_or_default();
        assert_eq!(row.chars().count(), 80, "{narrow}");
        assert!(
            row.contains("1.0 MiB") && row.ends_with("nn..."),
            "{narrow}"
        );
    }

    #[test]
    fn names_without_end_are_cut() {
        let mut process = numbered(1);
        process.names = vec!["x".repeat(1024); 200];
        process.definition = Some("d".repeat(100_000));
        let listing = Listing {
            matched: 1,
            processes: vec![process],
            ..Listing::default()
        };
        let shown = table(&listing, None);
        let expected = format!("{}...\n", "x".repeat(NAMES_SHOWN - 3));
        assert!(shown.contains(&expected), "{}", shown.len());
    }
}

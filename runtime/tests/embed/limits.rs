//! The table of limits against the defaults in the code.

use warren::{CompileLimits, HostLimits};

const PAGE: &str = include_str!("../../../docs/limits.md");

#[test]
fn the_page_of_limits_has_the_defaults_of_the_code() {
    let host = HostLimits::default();
    let processes = &host.processes;
    assert_eq!((host.max_cpu, host.max_memory_total), (None, None));
    let code = CompileLimits::default();
    let rows = [
        ("max_memory", bytes(host.max_memory)),
        ("max_cpu", "none".to_owned()),
        ("max_queue.messages", count(processes.queue.messages)),
        ("max_queue.bytes", bytes(processes.queue.bytes as u64)),
        ("max_message", bytes(processes.max_message as u64)),
        ("max_subscriptions", count(processes.max_subscriptions)),
        ("max_links", count(processes.max_links)),
        ("max_monitors", count(processes.max_monitors)),
        ("max_names", count(processes.max_names)),
        ("max_execs", count(processes.max_execs)),
        ("max_log", bytes(host.max_log)),
        ("max_processes", count(processes.max_processes)),
        ("max_log_total", bytes(host.max_log_total)),
        ("max_module", bytes(code.max_module as u64)),
        ("max_source", bytes(code.max_source as u64)),
        ("max_functions", count(code.max_functions)),
        ("max_function", bytes(code.max_function as u64)),
        ("max_function_state", count(code.max_function_state)),
        ("max_state", count(code.max_state)),
        ("max_items", count(code.max_items)),
        ("max_parts", count(code.max_parts)),
        ("max_prepare", format!("{} s", code.max_prepare.as_secs())),
        ("max_kept", bytes(code.max_kept as u64)),
    ];
    for (limit, default) in rows {
        let row = PAGE
            .lines()
            .find(|line| line.starts_with(&format!("| `{limit}`")))
            .unwrap_or_else(|| panic!("no row of {limit}"));
        let stated = row.split('|').any(|cell| cell.trim() == default);
        assert!(stated, "{limit} is {default} in the code: {row}");
    }
}

/// The number of bytes as the page writes it.
fn bytes(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}

/// The number with a comma before each three digits.
fn count(number: usize) -> String {
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

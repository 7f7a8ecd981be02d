//! The limits of hosts: as a manifest sets them, and as a plan tells of them.

use std::fmt::Debug;
use std::time::Duration;

use warren_engine::HostLimits;

use crate::app::HostSettings;

/// Returns the limits that the manifest sets for a host, over the defaults.
pub(crate) fn limits(host: &HostSettings) -> HostLimits {
    let mut limits = HostLimits::default()
        .max_memory_total(host.max_memory_total)
        .max_cpu(host.max_cpu)
        .max_files(host.max_files)
        .max_files_total(host.max_files_total)
        .max_disk(host.max_disk);
    set(&mut limits.max_processes, host.max_processes);
    set(&mut limits.max_queue_messages, host.max_queue.messages);
    set(&mut limits.max_queue_bytes, host.max_queue.bytes);
    set(&mut limits.max_memory, host.max_memory);
    set(&mut limits.max_log, host.max_log);
    set(&mut limits.max_log_total, host.max_log_total);
    limits
}

/// Sets a limit that the manifest sets.
fn set<T>(limit: &mut T, of_manifest: Option<T>) {
    if let Some(value) = of_manifest {
        *limit = value;
    }
}

/// Returns the limits that differ, by the keys of a manifest, with both values.
pub(crate) fn differences(before: &HostLimits, after: &HostLimits) -> Vec<String> {
    let mut all = Vec::new();
    let (was, is) = (before, after);
    number(
        &mut all,
        "max_processes",
        was.max_processes,
        is.max_processes,
    );
    size(
        &mut all,
        "max_memory",
        Some(before.max_memory),
        Some(after.max_memory),
    );
    size(
        &mut all,
        "max_memory_total",
        before.max_memory_total,
        after.max_memory_total,
    );
    duration(&mut all, "max_cpu", before.max_cpu, after.max_cpu);
    size(
        &mut all,
        "max_log",
        Some(before.max_log),
        Some(after.max_log),
    );
    size(
        &mut all,
        "max_log_total",
        Some(before.max_log_total),
        Some(after.max_log_total),
    );
    number(
        &mut all,
        "max_queue.messages",
        was.max_queue_messages,
        is.max_queue_messages,
    );
    let bytes = |bytes: usize| Some(bytes as u64);
    size(
        &mut all,
        "max_queue.bytes",
        bytes(was.max_queue_bytes),
        bytes(is.max_queue_bytes),
    );
    size(
        &mut all,
        "max_message",
        bytes(was.max_message),
        bytes(is.max_message),
    );
    number(
        &mut all,
        "max_subscriptions",
        was.max_subscriptions,
        is.max_subscriptions,
    );
    number(&mut all, "max_links", was.max_links, is.max_links);
    number(&mut all, "max_monitors", was.max_monitors, is.max_monitors);
    number(&mut all, "max_names", was.max_names, is.max_names);
    number(&mut all, "max_groups", was.max_groups, is.max_groups);
    number(&mut all, "max_execs", was.max_execs, is.max_execs);
    optional(&mut all, "max_files", was.max_files, is.max_files);
    optional(
        &mut all,
        "max_files_total",
        was.max_files_total,
        is.max_files_total,
    );
    size(&mut all, "max_disk", was.max_disk, is.max_disk);
    all
}

fn number<T: Debug + PartialEq>(all: &mut Vec<String>, name: &str, was: T, is: T) {
    if was != is {
        all.push(format!("{name} {was:?} -> {is:?}"));
    }
}

fn optional(all: &mut Vec<String>, name: &str, was: Option<usize>, is: Option<usize>) {
    let shown =
        |value: Option<usize>| value.map_or_else(|| "default".to_owned(), |n| n.to_string());
    if was != is {
        all.push(format!("{name} {} -> {}", shown(was), shown(is)));
    }
}

fn size(all: &mut Vec<String>, name: &str, was: Option<u64>, is: Option<u64>) {
    if was != is {
        all.push(format!("{name} {} -> {}", bytes(was), bytes(is)));
    }
}

fn duration(all: &mut Vec<String>, name: &str, was: Option<Duration>, is: Option<Duration>) {
    let shown = |value: Option<Duration>| {
        value.map_or_else(|| "no limit".to_owned(), |value| format!("{value:?}"))
    };
    if was != is {
        all.push(format!("{name} {} -> {}", shown(was), shown(is)));
    }
}

/// Returns a size as a manifest writes it.
fn bytes(size: Option<u64>) -> String {
    let Some(size) = size else {
        return "default".to_owned();
    };
    for (unit, shift) in [("GiB", 30), ("MiB", 20), ("KiB", 10)] {
        if size > 0 && size.is_multiple_of(1 << shift) {
            return format!("{} {unit}", size >> shift);
        }
    }
    format!("{size} bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_difference_is_told_with_both_values() {
        let before = HostLimits::default();
        assert_eq!(differences(&before, &before), [""; 0]);
        let after = HostLimits::default()
            .max_processes(7)
            .max_memory(32 << 20)
            .max_memory_total(3 << 30)
            .max_cpu(Duration::from_secs(90))
            .max_files(5)
            .max_disk(1_000);
        assert_eq!(
            differences(&before, &after),
            [
                "max_processes 100000 -> 7",
                "max_memory 64 MiB -> 32 MiB",
                "max_memory_total default -> 3 GiB",
                "max_cpu no limit -> 90s",
                "max_files default -> 5",
                "max_disk default -> 1000 bytes",
            ]
        );
    }
}

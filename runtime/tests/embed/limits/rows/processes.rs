//! Limits of one process, of all of a host, and of all processes.

use super::{CLASS, Row};
use crate::limits::Bound::{Constant, Default, Elsewhere, Text};
use crate::limits::Unit::{Bytes, Count, Time};

const VALUES: &str = "guest-sdk/rust/values/src/msgpack/output.rs";
const FILES: &str = "runtime/engine/src/files.rs";
const WATCH: &str = "runtime/engine/src/memory/watch.rs";
const PERMITS: &str = "runtime/engine/src/sched/permits.rs";
const START: &str = "runtime/engine/src/node/start.rs";

pub(super) const ROWS: &[Row] = &[
    // Of one process.
    (
        "`max_memory`:",
        &[
            Default,
            Constant(
                "runtime/engine/src/host_limits.rs",
                "DEFAULT_MAX_MEMORY",
                Bytes,
            ),
        ],
    ),
    ("`max_cpu`:", &[Default]),
    ("`max_queue.messages`:", &[Default]),
    ("`max_queue.bytes`:", &[Default]),
    (
        "`max_message`:",
        &[
            Default,
            Constant("runtime/engine/src/node/hosts.rs", "MAX_MESSAGE", Bytes),
            Constant(VALUES, "MAX_MESSAGE", Bytes),
        ],
    ),
    ("`max_subscriptions`:", &[Default]),
    ("`max_links`:", &[Default]),
    ("`max_monitors`:", &[Default]),
    ("`max_names`:", &[Default]),
    ("`max_groups`:", &[Default]),
    ("`max_execs`:", &[Default]),
    (
        "`max_files`:",
        &[
            Constant(FILES, "MAX_FILES_OF_PROCESS", Count),
            Text(FILES, "(of_host / 4).clamp(1, MAX_FILES_OF_PROCESS)"),
        ],
    ),
    (
        "`max_log`:",
        &[
            Default,
            Constant("runtime/engine/src/log.rs", "DEFAULT_MAX_LOG", Bytes),
        ],
    ),
    (
        "wait before a process is parked",
        &[Text(
            "runtime/engine/src/node/config.rs",
            "DEFAULT_PARK_AFTER: Duration = Duration::from_secs(1);",
        )],
    ),
    (
        "linear memory of a process that is parked",
        &[Constant(
            "runtime/engine/src/guest/parking.rs",
            "LARGEST",
            Bytes,
        )],
    ),
    (
        "machine stack of nested calls",
        &[Constant(CLASS, "WASM_STACK", Bytes)],
    ),
    (
        "unread events of one subscription",
        &[Constant(
            "runtime/kernel/src/mailbox/feeds.rs",
            "FEED",
            Count,
        )],
    ),
    (
        "request of an operation of a capability",
        &[Constant(
            "runtime/engine/src/capability.rs",
            "MAX_REQUEST",
            Bytes,
        )],
    ),
    (
        "answer of `yaml.encode`, or of an operation",
        &[Constant(
            "runtime/engine/src/capability.rs",
            "MAX_REQUEST",
            Bytes,
        )],
    ),
    (
        "queues that one `receive` waits for",
        &[Text(
            "runtime/engine/src/guest/mailbox.rs",
            "config.max_subscriptions + config.max_execs + 2",
        )],
    ),
    (
        "permissions that one call of a capability asks for",
        &[Constant(
            "runtime/engine/src/capability/caller.rs",
            "MAX_PERMISSIONS",
            Count,
        )],
    ),
    (
        "streams of files that a component holds",
        &[Constant(
            "runtime/engine/src/abi/wasi/component.rs",
            "MAX_FILE_STREAMS",
            Count,
        )],
    ),
    (
        "bytes that a component writes to a standard stream",
        &[
            Constant("runtime/engine/src/output/line.rs", "MAX_KEPT", Bytes),
            Text(
                "runtime/engine/src/output.rs",
                "pub(crate) const PIECE: usize = 64 * 1024;",
            ),
        ],
    ),
    // In guest-abi.md: per core module, and the constants below per component.
    ("linear memories and tables", &[Elsewhere]),
    ("operands of one call", &[Elsewhere]),
    (
        "messages, policies or values of the context of one spawn",
        &[Constant(
            "runtime/engine/src/guest/options.rs",
            "MAX_ITEMS",
            Count,
        )],
    ),
    // Of all processes of a host.
    ("`max_processes`:", &[Default]),
    (
        "`max_memory_total`:",
        &[Text("runtime/kernel/src/host.rs", "limit - limit / 8")],
    ),
    (
        "`max_files_total`:",
        &[Text(
            FILES,
            "limits.of_host.unwrap_or(self.limit.div_ceil(2))",
        )],
    ),
    (
        "`max_disk`:",
        &[
            Constant("runtime/engine/src/disk.rs", "DEFAULT_MAX_DISK", Bytes),
            Text(FILES, "limits.max_disk.unwrap_or(DEFAULT_MAX_DISK)"),
        ],
    ),
    (
        "`max_log_total`:",
        &[
            Default,
            Constant("runtime/engine/src/log.rs", "DEFAULT_MAX_LOG_TOTAL", Bytes),
        ],
    ),
    (
        "threads that wait for a disk | | 16 ",
        &[Constant(FILES, "THREADS_OF_HOST", Count)],
    ),
    (
        "modules that are compiled at a time | | one fewer",
        &[Text(PERMITS, "each: all - 1,")],
    ),
    (
        "subscriptions of `events` |",
        &[Constant(
            "runtime/capabilities/src/events/bus.rs",
            "MAX_SUBSCRIPTIONS_OF_HOST",
            Count,
        )],
    ),
    (
        "`max_host_groups`",
        &[Constant(
            "runtime/kernel/src/host.rs",
            "MAX_GROUPS_OF_HOST",
            Count,
        )],
    ),
    (
        "`max_group_monitors`",
        &[Constant(
            "runtime/kernel/src/host.rs",
            "MAX_GROUP_MONITORS_OF_HOST",
            Count,
        )],
    ),
    (
        "`max_wide_monitors`",
        &[Constant(
            "runtime/kernel/src/host.rs",
            "MAX_WIDE_MONITORS_OF_HOST",
            Count,
        )],
    ),
    (
        "long operations of capabilities at a time | | one fewer",
        &[Text(PERMITS, "each: all - 1,")],
    ),
    (
        "stacks whose debug information is read at a time | | one",
        &[
            Text(PERMITS, "each: 1,"),
            Text(START, "reading: Permits::one_for_each_host(workers),"),
        ],
    ),
    (
        "turn of a host beside other hosts",
        &[Text(
            "runtime/engine/src/sched/scheduler/turn.rs",
            "const TURN: u64 = 1_000_000;",
        )],
    ),
    // Of all processes.
    (
        "memory |",
        &[Text(
            "runtime/engine/src/memory.rs",
            "(total / 8).clamp(64 << 20, 4 << 30)",
        )],
    ),
    (
        "memory left on the machine |",
        &[Text(WATCH, "(total / 16).clamp(32 << 20, 1 << 30)")],
    ),
    (
        "memory left on the machine at which the largest process ends",
        &[Text(WATCH, "almost_none: little / 2,")],
    ),
    (
        "open files |",
        &[Text(FILES, "system.saturating_sub((system / 4).max(64))")],
    ),
    // The system's own.
    ("length of a file", &[Elsewhere]),
    (
        "threads that wait for a disk | | 256 ",
        &[Constant(FILES, "THREADS", Count)],
    ),
    ("address space", &[Elsewhere]),
    (
        "mappings of memory",
        &[Constant(
            "runtime/engine/src/code/mappings.rs",
            "DEFAULT_LIMIT",
            Count,
        )],
    ),
    ("slots, if others take", &[Elsewhere]),
    (
        "worker threads",
        &[Text(
            "runtime/engine/src/node/start.rs",
            ".map_or_else(std::thread::available_parallelism, Ok)",
        )],
    ),
    (
        "modules that are compiled at a time | | as many",
        &[Text(PERMITS, "let all = cores.get().max(2);")],
    ),
    (
        "long operations of capabilities at a time | | as many",
        &[Text(PERMITS, "let all = cores.get().max(2);")],
    ),
    (
        "stacks whose debug information is read at a time | | as many",
        &[Text(PERMITS, "let all = cores.get().max(2);")],
    ),
    (
        "preemption tick",
        &[Constant(
            "runtime/engine/src/sched/ticker.rs",
            "DEFAULT_TICK",
            Time,
        )],
    ),
    (
        "fast slots",
        &[
            // Two pools of a thousand together, and one of a thousand.
            Text(
                "runtime/engine/src/code/pool.rs",
                "const FIRST_TWO: u32 = 1_000;",
            ),
            Text(
                "runtime/engine/src/code/pool.rs",
                "const FAST_TO_SPARE: [u32; 3] = [FIRST, FIRST_TWO - FIRST, FIRST_TWO];",
            ),
            Text(
                "runtime/engine/src/code/address_space.rs",
                "FOR_FAST_SLOTS: AddressSpace = AddressSpace::new(64 << 40);",
            ),
        ],
    ),
];

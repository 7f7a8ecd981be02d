//! The rows of docs/limits.md, each with the source of its bound.

use super::Bound::{self, Constant, Default, Elsewhere, Text};
use super::Unit::{Bytes, Count, Time};

const VALUES: &str = "guest-sdk/rust/values/src/msgpack/output.rs";
const NESTING: &str = "guest-sdk/rust/values/src/msgpack/mod.rs";
const CLASS: &str = "runtime/engine/src/code/class.rs";
const BOUNDS: &str = "runtime/engine/src/code/bounds.rs";
const FILES: &str = "runtime/engine/src/files.rs";
const WATCH: &str = "runtime/engine/src/memory/watch.rs";
const PERMITS: &str = "runtime/engine/src/sched/permits.rs";
const PREVIEW1: &str = "runtime/engine/src/abi/wasi/preview1/guest_memory.rs";
const POLICY: &str = "runtime/app/src/policy/bounds.rs";
const FIXED: &str = "runtime/app/src/too_much.rs";
const WATCHER: &str = "runtime/app/src/watcher.rs";
const CLIENT: &str = "runtime/cli/src/control/client.rs";
const REQUESTS: &str = "guest-sdk/lua/src/library/supervisor/requests.lua";
const SYMBOLS: &str = "runtime/engine/src/code/symbols.rs";
const SHARE: &str = "runtime/engine/src/log/share.rs";
const STREAMS: &str = "runtime/capabilities/src/streams/mod.rs";
const STORE: &str = "runtime/engine/src/capability/store_settings.rs";
const FLIGHT: &str = "runtime/capabilities/src/http/in_flight.rs";
const REQUEST: &str = "runtime/capabilities/src/http/options.rs";
const LOOK_UP: &str = "runtime/capabilities/src/http/resolve.rs";
const LISTENER: &str = "runtime/engine/src/capability/web/listener.rs";
const PATTERN: &str = "runtime/engine/src/capability/web/pattern.rs";
const CONNECTION: &str = "runtime/capabilities/src/web/server/connection.rs";
const ACTIVITY: &str = "runtime/capabilities/src/web/server/activity.rs";
const SERVED: &str = "runtime/capabilities/src/web/server/body.rs";
const EXCHANGE: &str = "runtime/capabilities/src/web/exchange.rs";
const MULTIPART: &str = "runtime/capabilities/src/web/multipart.rs";
const RELAY: &str = "runtime/capabilities/src/web/server/relay/websocket.rs";
const RELAYED: &str = "runtime/capabilities/src/web/server/relay/config.rs";
const SOCKETS: &str = "runtime/capabilities/src/http/websocket/mod.rs";
const SOCKET: &str = "runtime/capabilities/src/http/websocket/options.rs";

/// The start of each row, and the sources of the numbers in it.
pub(super) const ROWS: &[(&str, &[Bound])] = &[
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
            "runtime/engine/src/guest/receive.rs",
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
        "streams that a process has open",
        &[Constant(
            "runtime/capabilities/src/streams/table.rs",
            "MAX_STREAMS",
            Count,
        )],
    ),
    (
        "bytes between the two sides of a stream",
        &[Constant(
            "runtime/capabilities/src/streams/pipe.rs",
            "MAX_BUFFERED",
            Bytes,
        )],
    ),
    (
        "pipes of a process",
        &[Constant(STREAMS, "MAX_PIPES", Count)],
    ),
    (
        "pipes of the processes of a host",
        &[Constant(STREAMS, "MAX_PIPES_OF_HOST", Count)],
    ),
    (
        "token of a scanner",
        &[Text(
            "guest-sdk/lua/src/prelude/streams.lua",
            "local MAX_TOKEN = 65536",
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
        "turn of a host beside other hosts",
        &[Text(
            "runtime/engine/src/sched/scheduler/lanes.rs",
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
            // Two pools of a thousand.
            Text(
                "runtime/engine/src/code/pool.rs",
                "const FIRST: u32 = 1_000;",
            ),
            Text(
                "runtime/engine/src/code/pool.rs",
                "const FAST_TO_SPARE: usize = 2;",
            ),
            Text(
                "runtime/engine/src/code/address_space.rs",
                "FOR_FAST_SLOTS: AddressSpace = AddressSpace::new(64 << 40);",
            ),
        ],
    ),
    // Of code.
    ("`max_module`", &[Default]),
    ("`max_source`", &[Default]),
    ("`max_functions`", &[Default]),
    ("`max_function`", &[Default]),
    ("`max_function_state`", &[Default]),
    ("`max_state`", &[Default]),
    ("`max_blocks`", &[Constant(BOUNDS, "MAX_BLOCKS", Count)]),
    ("`max_calls`", &[Constant(BOUNDS, "MAX_CALLS", Count)]),
    (
        "`max_type_values`",
        &[Constant(BOUNDS, "MAX_TYPE_VALUES", Count)],
    ),
    (
        "`max_tag_parameters`",
        &[Constant(BOUNDS, "MAX_TAG_PARAMETERS", Count)],
    ),
    ("`max_items`", &[Default]),
    ("`max_parts`", &[Default]),
    ("`max_prepare`", &[Default]),
    (
        "`max_initialize`",
        &[
            Constant("runtime/engine/src/code/image.rs", "PATIENCE", Time),
            Constant("runtime/engine/src/code/image.rs", "MAX_MEMORY", Bytes),
        ],
    ),
    ("`max_kept`", &[Default]),
    // Of values and names.
    (
        "derived key",
        &[Constant(
            "runtime/capabilities/src/crypto/derive.rs",
            "MAX_LENGTH",
            Bytes,
        )],
    ),
    (
        "iterations of Argon2id |",
        &[
            Text(
                "runtime/capabilities/src/crypto/derive.rs",
                "MAX_PASSED / 8",
            ),
            Text(
                "runtime/capabilities/src/crypto/derive.rs",
                "const MAX_PASSED: i64 = 4 << 20;",
            ),
        ],
    ),
    (
        "iterations of PBKDF2",
        &[Constant(
            "runtime/capabilities/src/crypto/derive.rs",
            "MAX_ITERATIONS",
            Count,
        )],
    ),
    (
        "memory of Argon2id, in KiB |",
        &[Constant(
            "runtime/capabilities/src/crypto/derive.rs",
            "MAX_MEMORY",
            Count,
        )],
    ),
    (
        "memory of Argon2id, in KiB, times",
        &[Constant(
            "runtime/capabilities/src/crypto/derive.rs",
            "MAX_PASSED",
            Count,
        )],
    ),
    (
        "regular expression |",
        &[Constant(
            "runtime/capabilities/src/text/patterns.rs",
            "MAX_PATTERN",
            Bytes,
        )],
    ),
    (
        "regular expression, compiled |",
        &[Constant(
            "runtime/capabilities/src/text/patterns.rs",
            "MAX_COMPILED",
            Bytes,
        )],
    ),
    (
        "repetitions of a part of a regular expression",
        &[Constant(
            "runtime/capabilities/src/text/syntax.rs",
            "MAX_REPEAT",
            Count,
        )],
    ),
    (
        "regular expression times",
        &[Constant(
            "runtime/capabilities/src/text/patterns.rs",
            "MAX_SEARCH",
            Count,
        )],
    ),
    (
        "nesting of a value",
        &[
            Constant(NESTING, "MAX_DEPTH", Count),
            Constant("runtime/engine/src/codec/check.rs", "MAX_NESTING", Count),
            Constant("runtime/cli/src/arguments.rs", "MAX_DEPTH", Count),
        ],
    ),
    (
        "key of RSA in PEM",
        &[Constant(
            "runtime/capabilities/src/crypto/rsa.rs",
            "MAX_PEM",
            Bytes,
        )],
    ),
    (
        "modulus of a key of RSA",
        &[
            Constant(
                "runtime/capabilities/src/crypto/rsa.rs",
                "MIN_MODULUS",
                Count,
            ),
            Constant(
                "runtime/capabilities/src/crypto/rsa.rs",
                "MAX_MODULUS",
                Count,
            ),
        ],
    ),
    (
        "levels of a value of `json`",
        &[Text(
            "guest-sdk/lua/src/json/mod.rs",
            "const MAX_DEPTH: usize = 128;",
        )],
    ),
    (
        "bytes or characters of one call of `crypto.random`",
        &[Constant(
            "runtime/capabilities/src/crypto/random.rs",
            "MAX_DRAWN",
            Bytes,
        )],
    ),
    (
        "text or table of `yaml`",
        &[Constant(
            "runtime/capabilities/src/yaml/mod.rs",
            "MAX_BYTES",
            Bytes,
        )],
    ),
    (
        "text that aliases of YAML add",
        &[Constant(
            "runtime/capabilities/src/yaml/decode.rs",
            "MAX_ALIASES",
            Count,
        )],
    ),
    (
        "`%TAG` directive of YAML",
        &[Constant(
            "runtime/capabilities/src/yaml/decode.rs",
            "MAX_DIRECTIVE",
            Bytes,
        )],
    ),
    (
        "schema of `json.validate`",
        &[Constant(
            "runtime/capabilities/src/json/mod.rs",
            "MAX_SCHEMA",
            Bytes,
        )],
    ),
    (
        "levels of a text of JSON",
        &[Constant(
            "runtime/capabilities/src/json/tree.rs",
            "MAX_DEPTH",
            Count,
        )],
    ),
    (
        "value of `json.validate`",
        &[Constant(
            "runtime/capabilities/src/json/mod.rs",
            "MAX_DATA",
            Bytes,
        )],
    ),
    (
        "steps of `json.validate`",
        &[Constant(
            "runtime/capabilities/src/json/mod.rs",
            "MAX_WORK",
            Count,
        )],
    ),
    (
        "schemas of `json.validate` that lead",
        &[Constant(
            "runtime/capabilities/src/json/mod.rs",
            "MAX_CHAIN",
            Count,
        )],
    ),
    (
        "references of a schema",
        &[Constant(
            "runtime/capabilities/src/json/compile.rs",
            "MAX_REFERENCES",
            Count,
        )],
    ),
    (
        "pattern of a schema |",
        &[
            Constant(
                "runtime/capabilities/src/json/pattern.rs",
                "MAX_TEXT",
                Bytes,
            ),
            Constant(
                "runtime/capabilities/src/json/pattern.rs",
                "MAX_SIZE",
                Bytes,
            ),
        ],
    ),
    (
        "patterns of a schema, compiled",
        &[Constant(
            "runtime/capabilities/src/json/pattern.rs",
            "MAX_PATTERNS",
            Bytes,
        )],
    ),
    (
        "pattern of a schema times",
        &[Constant(
            "runtime/capabilities/src/json/pattern.rs",
            "MAX_SEARCH",
            Count,
        )],
    ),
    (
        "name, group, definition, host, policy, topic to listen on",
        &[Constant(
            "runtime/kernel/src/name.rs",
            "MAX_NAME_BYTES",
            Bytes,
        )],
    ),
    (
        "reason of a cancel",
        &[Constant(
            "runtime/kernel/src/kernel/signal.rs",
            "MAX_REASON_BYTES",
            Bytes,
        )],
    ),
    (
        "`max_group_list`: members of one group",
        &[Constant(
            "runtime/capabilities/src/groups/list.rs",
            "MAX_MEMBERS",
            Bytes,
        )],
    ),
    (
        "`max_group_list`: groups, or",
        &[Constant(
            "runtime/capabilities/src/groups/list.rs",
            "MAX_GROUPS",
            Bytes,
        )],
    ),
    (
        "members that an error of a broadcast names",
        &[Constant(
            "runtime/capabilities/src/groups/broadcast.rs",
            "MAX_NAMED",
            Count,
        )],
    ),
    (
        "name of a variable of `env`",
        &[Constant(
            "runtime/capabilities/src/env.rs",
            "MAX_NAME",
            Bytes,
        )],
    ),
    (
        "value that `env.set` sets",
        &[Constant(
            "runtime/engine/src/environment.rs",
            "MAX_VALUE",
            Bytes,
        )],
    ),
    (
        "names and values that a program has set",
        &[Constant(
            "runtime/engine/src/environment.rs",
            "MAX_SET",
            Bytes,
        )],
    ),
    (
        "actor, scope and metadata of a token",
        &[Constant(
            "runtime/capabilities/src/security/tokens/mod.rs",
            "MAX_TOKEN",
            Bytes,
        )],
    ),
    (
        "tokens of one store",
        &[Constant(
            "runtime/capabilities/src/security/tokens/store.rs",
            "MAX_TOKENS",
            Count,
        )],
    ),
    (
        "actors, scopes and metadata of all tokens",
        &[Constant(
            "runtime/capabilities/src/security/tokens/store.rs",
            "MAX_STORED",
            Bytes,
        )],
    ),
    (
        "token that `validate` and `revoke` look at",
        &[Constant(
            "runtime/capabilities/src/security/tokens/text.rs",
            "LONGEST",
            Bytes,
        )],
    ),
    (
        "name of a metric",
        &[Constant(
            "runtime/capabilities/src/metrics/names.rs",
            "MAX_METRIC_NAME",
            Bytes,
        )],
    ),
    (
        "labels of a metric together",
        &[Text("guest-sdk/lua/src/encode.rs", "most: 16 << 10,")],
    ),
    (
        "labels of a metric |",
        &[Constant(
            "runtime/capabilities/src/metrics/key.rs",
            "MAX_LABELS",
            Count,
        )],
    ),
    (
        "name of a label",
        &[Constant(
            "runtime/capabilities/src/metrics/names.rs",
            "MAX_LABEL_NAME",
            Bytes,
        )],
    ),
    (
        "value of a label",
        &[Constant(
            "runtime/capabilities/src/metrics/key.rs",
            "MAX_LABEL_VALUE",
            Bytes,
        )],
    ),
    (
        "series of the metrics of one definition",
        &[Constant(
            "runtime/capabilities/src/metrics/registry.rs",
            "MAX_SERIES",
            Count,
        )],
    ),
    (
        "memory for the series of the processes of one host",
        &[Constant(
            "runtime/capabilities/src/metrics/registry.rs",
            "MAX_METRICS_OF_HOST",
            Bytes,
        )],
    ),
    (
        "memory for the series of all processes",
        &[Constant(
            "runtime/capabilities/src/metrics/registry.rs",
            "MAX_METRICS",
            Bytes,
        )],
    ),
    (
        "name of an app",
        &[Constant(
            "runtime/app/src/manifest/mod.rs",
            "MAX_NAME",
            Bytes,
        )],
    ),
    (
        "name of an import",
        &[Constant(
            "runtime/app/src/manifest/imports.rs",
            "MAX_IMPORT",
            Bytes,
        )],
    ),
    (
        "id of a manifest",
        &[Constant("runtime/app/src/id.rs", "MAX_LEN", Bytes)],
    ),
    (
        "action, resource and attributes of `security.can`",
        &[Text(
            "runtime/engine/src/operand.rs",
            "name: \"max_question\",\n    bytes: 64 * 1024,",
        )],
    ),
    (
        "action, resource and attributes of `evaluate`",
        &[Text(
            "runtime/engine/src/operand.rs",
            "name: \"max_question\",\n    bytes: 64 * 1024,",
        )],
    ),
    (
        "name and text of a log record",
        &[Constant(
            "runtime/engine/src/log/record.rs",
            "MAX_LOGGED",
            Bytes,
        )],
    ),
    (
        "fields of a log record",
        &[Constant(
            "runtime/engine/src/log/record.rs",
            "MAX_LOGGED",
            Bytes,
        )],
    ),
    (
        "stack in an error",
        &[Constant(
            "runtime/engine/src/code/symbols/stack.rs",
            "MAX_TEXT",
            Bytes,
        )],
    ),
    ("calls of a stack", &[Constant(CLASS, "CALLS", Count)]),
    (
        "debug information that is read for one stack",
        &[Constant(SYMBOLS, "STACK", Bytes)],
    ),
    (
        "debug information that is read for all stacks of one module",
        &[Constant(SYMBOLS, "MODULE", Bytes)],
    ),
    (
        "wait of a stack for a thread",
        &[Constant(
            "runtime/engine/src/node/calls.rs",
            "PATIENCE",
            Time,
        )],
    ),
    // Of stores and databases.
    (
        "`max_entries`: entries of a store",
        &[Constant(STORE, "DEFAULT_MAX_ENTRIES", Count)],
    ),
    (
        "`max_value` of a store",
        &[Constant(STORE, "DEFAULT_MAX_VALUE", Bytes)],
    ),
    (
        "`max_bytes`: bytes of all keys and values",
        &[Constant(STORE, "DEFAULT_MAX_BYTES", Bytes)],
    ),
    (
        "key of a store",
        &[Constant(
            "runtime/capabilities/src/store/mod.rs",
            "MAX_KEY",
            Bytes,
        )],
    ),
    (
        "entries of one list of a store",
        &[Constant(
            "runtime/capabilities/src/store/read.rs",
            "MAX_LIMIT",
            Count,
        )],
    ),
    (
        "bytes of the keys and values of one list of a store",
        &[Constant(
            "runtime/capabilities/src/store/command.rs",
            "MAX_LISTED",
            Bytes,
        )],
    ),
    (
        "watches of one store",
        &[Constant(
            "runtime/capabilities/src/store/watch.rs",
            "MAX_WATCHES_OF_HOST",
            Count,
        )],
    ),
    (
        "calls of one host that wait for one database",
        &[Constant(
            "runtime/capabilities/src/sqlite/queue.rs",
            "MAX_WAITING_OF_HOST",
            Count,
        )],
    ),
    (
        "connections that read one database",
        &[Constant(
            "runtime/capabilities/src/sqlite/readers.rs",
            "MAX_READERS",
            Count,
        )],
    ),
    // Of requests over HTTP.
    (
        "`max_requests`: requests of one process",
        &[Constant(FLIGHT, "MAX_REQUESTS", Count)],
    ),
    (
        "requests of all processes of a host in flight",
        &[Constant(FLIGHT, "MAX_REQUESTS_OF_HOST", Count)],
    ),
    (
        "requests of a host to one origin in flight",
        &[Constant(FLIGHT, "MAX_REQUESTS_TO_ORIGIN", Count)],
    ),
    ("`max_bodies`:", &[Constant(FLIGHT, "MAX_BODIES", Bytes)]),
    (
        "`max_response_body`:",
        &[
            Constant(FLIGHT, "MAX_BODIES", Bytes),
            Text(REQUEST, "wanted.unwrap_or(MAX_BODIES).min(MAX_BODIES)"),
        ],
    ),
    ("time of a request", &[Constant(REQUEST, "TIMEOUT", Time)]),
    (
        "time for a connection",
        &[Constant(
            "runtime/capabilities/src/http/connect.rs",
            "CONNECT_TIMEOUT",
            Time,
        )],
    ),
    (
        "redirects of a request",
        &[
            Constant(REQUEST, "MAX_REDIRECTS", Count),
            Constant(REQUEST, "REDIRECTS", Count),
        ],
    ),
    (
        "requests of one `http.batch`",
        &[Constant(
            "runtime/capabilities/src/http/batch.rs",
            "MAX_BATCH",
            Count,
        )],
    ),
    ("URL of a request", &[Constant(REQUEST, "MAX_URL", Bytes)]),
    (
        "fields of a request, and of an answer",
        &[Constant(
            "runtime/capabilities/src/http/headers.rs",
            "MAX_HEADERS",
            Bytes,
        )],
    ),
    (
        "texts in one table of a request",
        &[Constant(REQUEST, "MAX_FIELDS", Count)],
    ),
    (
        "one text of the option `tls`",
        &[Constant(REQUEST, "MAX_PEM", Bytes)],
    ),
    (
        "look-ups of names at a time",
        &[
            Constant(LOOK_UP, "MAX_LOOKUPS", Count),
            Constant(LOOK_UP, "MAX_LOOKUPS_OF_HOST", Count),
        ],
    ),
    ("`max_sockets`:", &[Constant(SOCKETS, "MAX_SOCKETS", Count)]),
    (
        "WebSockets that all processes of a host",
        &[Constant(SOCKETS, "MAX_SOCKETS_OF_HOST", Count)],
    ),
    (
        "bytes of a message that a WebSocket receives",
        &[Constant(SOCKET, "READ_LIMIT", Bytes)],
    ),
    (
        "`max_read_limit`:",
        &[Constant(SOCKET, "MAX_READ_LIMIT", Bytes)],
    ),
    (
        "`max_close_reason`:",
        &[Constant(
            "runtime/capabilities/src/http/websocket/socket.rs",
            "MAX_REASON",
            Bytes,
        )],
    ),
    (
        "protocols that a WebSocket offers",
        &[Constant(SOCKET, "MAX_PROTOCOLS", Count)],
    ),
    (
        "time to open a WebSocket",
        &[Constant(SOCKET, "DIAL_TIMEOUT", Time)],
    ),
    (
        "time to send a message of a WebSocket",
        &[Constant(SOCKET, "WRITE_TIMEOUT", Time)],
    ),
    (
        "messages in the channel of a WebSocket",
        &[Text(
            "guest-sdk/lua/src/prelude/websocket.lua",
            "local MAX_CAPACITY = 1000",
        )],
    ),
    // Of the HTTP server.
    (
        "requests of a listener that are answered",
        &[Constant(LISTENER, "DEFAULT_MAX_REQUESTS", Count)],
    ),
    (
        "connections of a listener:",
        &[Constant(LISTENER, "DEFAULT_MAX_CONNECTIONS", Count)],
    ),
    (
        "connections of one client of a listener",
        &[Constant(LISTENER, "DEFAULT_MAX_CLIENT_CONNECTIONS", Count)],
    ),
    (
        "bytes of the body of a request:",
        &[Constant(LISTENER, "DEFAULT_MAX_BODY", Bytes)],
    ),
    (
        "time for the head of a request",
        &[Text(LISTENER, "read: Duration::from_secs(10)")],
    ),
    (
        "time until a process answers",
        &[Text(LISTENER, "write: Duration::from_secs(60)")],
    ),
    (
        "time between the requests of a connection",
        &[Text(LISTENER, "idle: Duration::from_secs(60)")],
    ),
    (
        "time of a process whose client has gone",
        &[Constant(SERVED, "GRACE", Time)],
    ),
    (
        "head of a request |",
        &[Constant(CONNECTION, "MAX_HEAD", Bytes)],
    ),
    ("header fields of a request |", &[Elsewhere]),
    (
        "segments of the path of a request",
        &[Constant(
            "runtime/capabilities/src/web/server/path.rs",
            "MAX_SEGMENTS",
            Count,
        )],
    ),
    (
        "requests of one connection of HTTP/2",
        &[Constant(CONNECTION, "MAX_STREAMS", Count)],
    ),
    (
        "requests of one connection that its client gives up",
        &[
            Constant(ACTIVITY, "MAX_GIVEN_UP", Count),
            Text(ACTIVITY, "WINDOW: Duration = Duration::from_secs(10)"),
        ],
    ),
    (
        "streams of one connection of HTTP/2 that were reset",
        &[Constant(CONNECTION, "MAX_RESET", Count)],
    ),
    (
        "streams of one connection of HTTP/2 that the server resets",
        &[Constant(CONNECTION, "MAX_ERRORS", Count)],
    ),
    (
        "bytes of bodies that one connection of HTTP/2",
        &[
            Constant(CONNECTION, "MAX_WINDOW", Bytes),
            Constant(CONNECTION, "MAX_STREAM_WINDOW", Bytes),
        ],
    ),
    (
        "silence of a client of HTTP/2",
        &[Constant(CONNECTION, "PING", Time)],
    ),
    (
        "header fields of an answer",
        &[Constant(EXCHANGE, "MAX_HEADERS", Count)],
    ),
    (
        "one header field of an answer",
        &[Constant(EXCHANGE, "MAX_HEADER", Bytes)],
    ),
    (
        "parts of a form with files",
        &[Constant(MULTIPART, "MAX_PARTS", Count)],
    ),
    (
        "header fields of a part",
        &[Constant(MULTIPART, "MAX_FIELDS", Count)],
    ),
    (
        "header of a part of a form",
        &[Constant(MULTIPART, "MAX_HEADER", Bytes)],
    ),
    (
        "boundary of a form",
        &[Constant(MULTIPART, "MAX_BOUNDARY", Bytes)],
    ),
    (
        "text that `token_auth` looks up",
        &[Constant(
            "runtime/capabilities/src/web/server/middleware/token_auth.rs",
            "MAX_TOKEN",
            Bytes,
        )],
    ),
    (
        "addresses of `X-Forwarded-For`",
        &[Constant(
            "runtime/capabilities/src/web/server/middleware/real_ip.rs",
            "MAX_ENTRIES",
            Count,
        )],
    ),
    (
        "files that are looked at at a time",
        &[Constant(
            "runtime/capabilities/src/web/server/context.rs",
            "MAX_DISK",
            Count,
        )],
    ),
    (
        "file of a certificate or a key",
        &[Constant(
            "runtime/capabilities/src/web/server/tls.rs",
            "MAX_FILE",
            Bytes,
        )],
    ),
    (
        "segments of the path of a route",
        &[Constant(PATTERN, "MAX_SEGMENTS", Count)],
    ),
    (
        "name of a parameter of a path",
        &[Constant(PATTERN, "MAX_NAME", Bytes)],
    ),
    (
        "method of a route",
        &[Constant(
            "runtime/engine/src/capability/web/route.rs",
            "MAX_METHOD",
            Bytes,
        )],
    ),
    (
        "numbers of the options of `ratelimit`",
        &[Constant(
            "runtime/engine/src/capability/web/middleware.rs",
            "MAX_COUNT",
            Count,
        )],
    ),
    (
        "`cors.max.age`",
        &[Constant(
            "runtime/engine/src/capability/web/cors.rs",
            "MAX_AGE",
            Count,
        )],
    ),
    (
        "frame and message of the client of a WebSocket",
        &[Constant(RELAY, "MAX_FRAME", Bytes)],
    ),
    (
        "time between the heartbeats of a relay",
        &[Constant(RELAYED, "HEARTBEAT", Time)],
    ),
    (
        "times in the header of a relay",
        &[
            Constant(RELAYED, "LEAST", Time),
            Text(
                RELAYED,
                "LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60)",
            ),
        ],
    ),
    (
        "heartbeats of a WebSocket without an answer",
        &[Constant(RELAY, "MAX_SILENT", Count)],
    ),
    // Of one call of WASI.
    (
        "bytes of a read or write of preview 1",
        &[Constant(PREVIEW1, "MAX_TRANSFER", Bytes)],
    ),
    (
        "vectors of a read or write of preview 1",
        &[Constant(PREVIEW1, "MAX_VECTORS", Count)],
    ),
    (
        "bytes of a read of a file by a component",
        &[Constant(
            "runtime/engine/src/abi/wasi/component/input.rs",
            "MAX_READ",
            Bytes,
        )],
    ),
    (
        "bytes of a write of a component",
        &[Constant(
            "runtime/engine/src/abi/wasi/component/output.rs",
            "MAX_WRITE",
            Bytes,
        )],
    ),
    (
        "bytes of a read of standard input",
        &[Constant(
            "runtime/engine/src/guest/stdio.rs",
            "MAX_READ",
            Bytes,
        )],
    ),
    (
        "bytes of a path",
        &[
            Constant(PREVIEW1, "MAX_PATH", Bytes),
            Constant(
                "runtime/engine/src/abi/wasi/component/filesystem.rs",
                "MAX_PATH",
                Bytes,
            ),
        ],
    ),
    (
        "subscriptions of `poll_oneoff`",
        &[Constant(
            "runtime/engine/src/abi/wasi/preview1/poll.rs",
            "MAX_SUBSCRIPTIONS",
            Count,
        )],
    ),
    (
        "pollables of `poll`",
        &[Constant(
            "runtime/engine/src/abi/wasi/component/poll.rs",
            "MAX_POLLABLES",
            Count,
        )],
    ),
    (
        "bytes of the buffer of `fd_readdir`",
        &[Constant(
            "runtime/engine/src/abi/wasi/preview1/files.rs",
            "MAX_LISTING",
            Bytes,
        )],
    ),
    (
        "entries of a directory that a component lists",
        &[Constant(
            "runtime/engine/src/abi/wasi/component/filesystem.rs",
            "MAX_ENTRIES",
            Count,
        )],
    ),
    (
        "resources of WASI that a component holds",
        &[Constant(
            "runtime/engine/src/abi/wasi/component.rs",
            "MAX_RESOURCES",
            Count,
        )],
    ),
    (
        "random bytes",
        &[
            Constant("runtime/engine/src/abi/flat/system.rs", "MAX_RANDOM", Bytes),
            Constant(
                "runtime/engine/src/abi/wasi/component.rs",
                "MAX_RANDOM",
                Bytes,
            ),
        ],
    ),
    // Of a program's files.
    (
        "manifest, each policy, the schema",
        &[Constant("runtime/app/src/root.rs", "MAX_TEXT", Bytes)],
    ),
    (
        "a source file as it is read",
        &[
            Constant("runtime/app/src/root.rs", "MAX_SIZE", Bytes),
            Constant("runtime/cli/src/plain_file.rs", "MAX_SIZE", Bytes),
        ],
    ),
    (
        "strings of one array of the manifest",
        &[Constant(
            "runtime/app/src/manifest/reader.rs",
            "MAX_STRINGS",
            Count,
        )],
    ),
    // That of the crate `toml`.
    ("nesting of tables of the manifest", &[Elsewhere]),
    (
        "problems of a report shown in full",
        &[Constant(
            "runtime/app/src/manifest/problem.rs",
            "MAX_SHOWN",
            Count,
        )],
    ),
    (
        "problems found in the policies",
        &[Constant(
            "runtime/app/src/policy/compiled.rs",
            "MAX_PROBLEMS",
            Count,
        )],
    ),
    (
        "brackets and operators that nest in a policy statement",
        &[
            // A bracket costs five, an operator one.
            Constant("runtime/app/src/policy/scan.rs", "MAX_NESTING", Count),
            Text(
                "runtime/app/src/policy/scan.rs",
                "const BRACKET: usize = 5;",
            ),
            Text(
                "runtime/app/src/policy/scan.rs",
                "const OPERATOR: usize = 1;",
            ),
        ],
    ),
    (
        "reloadable program: files of code",
        &[Constant(FIXED, "MAX_FILES", Count)],
    ),
    (
        "reloadable program: entries of its directories",
        &[Constant(FIXED, "MAX_ENTRIES", Count)],
    ),
    (
        "reloadable program: bytes of all files of code",
        &[Constant(FIXED, "MAX_BYTES", Bytes)],
    ),
    (
        "required files that are compared for OUTDATED",
        &[Constant(
            "runtime/engine/src/code/program.rs",
            "MAX_REQUIRED",
            Count,
        )],
    ),
    (
        "sources that one OUTDATED names",
        &[Constant(
            "runtime/kernel/src/events.rs",
            "MAX_OUTDATED_SOURCES",
            Count,
        )],
    ),
    (
        "definitions that a reload or an apply finds not to compile",
        &[Constant(
            "runtime/engine/src/node/reload.rs",
            "MAX_REFUSED",
            Count,
        )],
    ),
    (
        "time between two looks of `--watch`",
        &[
            Constant(WATCHER, "INTERVAL", Time),
            Constant(WATCHER, "MAX_INTERVAL", Time),
        ],
    ),
    (
        "files of policies",
        &[Constant(
            "runtime/app/src/policy/files.rs",
            "MAX_FILES",
            Count,
        )],
    ),
    (
        "bytes of all policies",
        &[
            Constant(POLICY, "MAX_VALIDATION", Bytes),
            Text(POLICY, "const STATEMENT: usize = 100;"),
        ],
    ),
    (
        "parts of the types of the schema",
        &[Constant(POLICY, "MAX_WRITTEN_OUT", Count)],
    ),
    (
        "types of the schema that lead from one to the next",
        &[Constant(POLICY, "MAX_TYPE_DEPTH", Count)],
    ),
    (
        "ancestors of entities and actions together",
        &[Constant(POLICY, "MAX_ANCESTORS", Count)],
    ),
    // Of the log, the command and the control socket.
    (
        "queue of log records",
        &[
            Constant(SHARE, "QUEUE", Bytes),
            Text(SHARE, "const OF_HOST: usize = QUEUE / 2;"),
            Text(SHARE, "const OF_PROCESS: usize = QUEUE / 8;"),
        ],
    ),
    (
        "wait for room in that queue",
        &[
            Constant("runtime/engine/src/log.rs", "STUCK", Time),
            Constant("runtime/engine/src/log.rs", "PATIENCE", Time),
        ],
    ),
    (
        "lines of the command on standard error",
        &[Constant("runtime/cli/src/report/stderr.rs", "QUEUE", Bytes)],
    ),
    (
        "lines of the audit log",
        &[Constant(
            "runtime/app/src/policy/audit.rs",
            "MAX_WAITING",
            Count,
        )],
    ),
    (
        "refused paths that the log names",
        &[Constant(
            "runtime/engine/src/guest/refused_paths.rs",
            "MAX_TOLD",
            Count,
        )],
    ),
    (
        "`--grace`",
        &[Text(
            "runtime/cli/src/commands/run/args.rs",
            "default_value = \"5s\"",
        )],
    ),
    (
        "`warren test --timeout`",
        &[Text(
            "runtime/cli/src/commands/test/args.rs",
            "default_value = \"30s\"",
        )],
    ),
    (
        "messages of a test that were not taken yet",
        &[Constant(
            "runtime/cli/src/commands/test/collector.rs",
            "MAX_AHEAD",
            Count,
        )],
    ),
    (
        "cases of a test that are kept",
        &[Constant(
            "runtime/cli/src/commands/test/progress.rs",
            "MAX_CASES",
            Count,
        )],
    ),
    (
        "text about a case that is kept",
        &[Constant(
            "runtime/cli/src/commands/test/progress.rs",
            "MAX_TEXT",
            Bytes,
        )],
    ),
    (
        "texts about all cases of a test",
        &[Constant(
            "runtime/cli/src/commands/test/progress.rs",
            "MAX_TEXTS",
            Bytes,
        )],
    ),
    (
        "two equal signals that count as one",
        &[Constant("runtime/cli/src/signals.rs", "SAME_REQUEST", Time)],
    ),
    (
        "clients at the control socket",
        &[Constant(
            "runtime/cli/src/control/seats.rs",
            "MAX_CLIENTS",
            Count,
        )],
    ),
    (
        "request to the control socket",
        &[Constant(
            "runtime/cli/src/control/mod.rs",
            "MAX_REQUEST",
            Bytes,
        )],
    ),
    (
        "answer of the control socket",
        &[
            Constant("runtime/cli/src/control/mod.rs", "MAX_LINE", Bytes),
            Constant("runtime/cli/src/control/server.rs", "MAX_ROWS", Count),
        ],
    ),
    (
        "id of a view of groups",
        &[Text(
            "guest-sdk/lua/src/prelude/pg.lua",
            "local MOST = 1022",
        )],
    ),
    ("`max_children`:", &[Elsewhere]),
    (
        "`max_args`:",
        &[Text(
            "guest-sdk/lua/src/library/supervisor/spec.lua",
            "local MOST_ARGUMENTS <const> = 250",
        )],
    ),
    (
        "`max_queue`: jobs",
        &[Text("guest-sdk/lua/src/library/pool/spec.lua", "or 1000")],
    ),
    (
        "wait of a request of `supervisor`",
        &[Text(REQUESTS, "supervisor = 60000")],
    ),
    (
        "wait of a request of `pool`",
        &[Text(REQUESTS, "local TIMEOUT <const> = 5000")],
    ),
    (
        "wait of a client for a whole answer",
        &[Constant(CLIENT, "MAX_WAIT", Time)],
    ),
    (
        "wait of `warren reload`, and of a plan of `warren apply`, for a whole answer",
        &[Constant(CLIENT, "MAX_WAIT_TO_COMPILE", Time)],
    ),
    (
        "wait of `terminate --host`",
        &[Constant(
            "runtime/cli/src/control/server.rs",
            "MAX_WAIT_FOR_HOST",
            Time,
        )],
    ),
    (
        "wait of `warren apply`",
        &[Constant(
            "runtime/cli/src/control/server.rs",
            "MAX_WAIT_FOR_HOST",
            Time,
        )],
    ),
    (
        "entries of each list of one process",
        &[Constant(
            "runtime/src/introspection/mod.rs",
            "MAX_ENTRIES",
            Count,
        )],
    ),
    (
        "places of likely mistakes",
        &[Constant("runtime/src/mistakes.rs", "MAX_PLACES", Count)],
    ),
    (
        "file and text of a warning",
        &[Constant("runtime/src/mistakes.rs", "MAX_TEXT", Bytes)],
    ),
    (
        "memory of a process whose stack is read",
        &[Constant(
            "runtime/engine/src/guest/sight.rs",
            "MAX_MEMORY",
            Bytes,
        )],
    ),
    (
        "stack that is read, as text",
        &[Constant(
            "runtime/engine/src/node/traceback.rs",
            "MAX_TEXT",
            Bytes,
        )],
    ),
    (
        "code cache on disk",
        &[
            Constant("runtime/engine/src/code/cache.rs", "MAX_BYTES", Bytes),
            Text(
                "runtime/engine/src/code/cache/sweep.rs",
                "pub(super) const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);",
            ),
        ],
    ),
];

/// The limits of the code that have no row, each with the reason.
pub(super) const INNER: &[(&str, &str, &str)] = &[
    (
        "runtime/engine/src/cached.rs",
        "MAX_BYTES",
        "bytes of a file that are read without a thread that may block",
    ),
    (
        RELAY,
        "MAX_REASON",
        "bytes of a reason in a frame; a longer one is cut",
    ),
    (
        "runtime/capabilities/src/web/server/body.rs",
        "MAX_PART",
        "bytes of an answer that are sent on at once",
    ),
    (
        "runtime/capabilities/src/web/server/connection.rs",
        "MAX_SENDING",
        "bytes of an answer of HTTP/2 that wait for the connection; the answer waits",
    ),
    (
        "runtime/capabilities/src/data.rs",
        "MAX_NAME",
        "bytes of an id in a file name; a longer one is cut, and has a hash",
    ),
    (
        "runtime/capabilities/src/sqlite/queue.rs",
        "MAX_GROUP",
        "writes that share a transaction; the next ones have the next one",
    ),
    (
        "runtime/capabilities/src/json/kept.rs",
        "MAX_SCHEMAS",
        "schemas that are kept for the next check",
    ),
    (
        "runtime/capabilities/src/json/kept.rs",
        "MAX_BYTES",
        "the same, in bytes",
    ),
    (
        "runtime/capabilities/src/yaml/encode.rs",
        "MAX_GROWTH",
        "only indentation of dozens of levels meets it",
    ),
    (
        "runtime/capabilities/src/yaml/encode.rs",
        "MAX_SIMPLE_KEY",
        "a longer key is written in another form",
    ),
    (
        NESTING,
        "MAX_READ_DEPTH",
        "a runtime's event around a value of the deepest nesting",
    ),
    ("runtime/engine/src/codec.rs", "MAX_DEPTH", "the same"),
    (CLASS, "MAX_PARTS", "guest-abi.md has it"),
    (CLASS, "MAX_TABLES", "guest-abi.md has it"),
    (
        "runtime/app/src/manifest/mod.rs",
        "MAX_QUEUE",
        "manifest.md has the ranges",
    ),
    (
        "runtime/engine/src/code/cache/way.rs",
        "MAX_LINKS",
        "the system's own, for paths",
    ),
    (
        "runtime/engine/src/node/kept.rs",
        "MAX_ENTRIES",
        "a cache: more is made anew",
    ),
    (
        "runtime/engine/src/node/failures.rs",
        "MAX_ENTRIES",
        "a cache: more is made anew",
    ),
    (
        "runtime/engine/src/node/failures.rs",
        "MAX_ERROR",
        "a cache: more is made anew",
    ),
    (
        "runtime/engine/src/security/rights.rs",
        "MAX_ANSWERS",
        "a cache: more is asked anew",
    ),
    (
        "runtime/engine/src/security/cache.rs",
        "MAX_KEPT",
        "a cache: more is asked anew",
    ),
    (
        "runtime/engine/src/security/cache.rs",
        "MAX_ANSWERS",
        "a cache: more is asked anew",
    ),
    (
        "runtime/engine/src/security/judge.rs",
        "MAX_LEFT",
        "the time at which memory is tidied",
    ),
    (
        "runtime/app/src/policy/compiled/sets.rs",
        "MAX_SETS",
        "a cache: more is made anew",
    ),
    (
        "runtime/app/src/policy/compiled/sets.rs",
        "MAX_KEPT_STATEMENTS",
        "a cache: more is made anew",
    ),
    (
        "runtime/app/src/policy/compiled/sets.rs",
        "MAX_KEPT_IDS",
        "a cache: more is made anew",
    ),
    (
        "runtime/app/src/library.rs",
        "MAX_KEPT",
        "a cache: more is read anew",
    ),
    (
        "runtime/engine/src/disk.rs",
        "MAX_REMEMBERED",
        "further files stay charged",
    ),
    (
        "runtime/engine/src/node/frames.rs",
        "MAX_FRAMES",
        "further definitions share a counter",
    ),
    (
        "runtime/engine/src/code/linkers.rs",
        "MAX_NAMED",
        "names in one message",
    ),
    (
        "runtime/engine/src/guest/refused_paths.rs",
        "MAX_LOOKED_AT",
        "paths for one log record",
    ),
    (
        "runtime/app/src/root.rs",
        "MAX_NAMES",
        "a suggestion in a message",
    ),
    (
        "runtime/app/src/root.rs",
        "MAX_DEPTH",
        "a suggestion in a message",
    ),
    (
        "runtime/app/src/suggest.rs",
        "MAX_WORD",
        "a suggestion in a message",
    ),
    (
        "runtime/app/src/suggest.rs",
        "MAX_SUGGESTIONS",
        "suggestions in a report",
    ),
    (
        "runtime/app/src/suggest.rs",
        "MAX_CANDIDATES",
        "a suggestion in a message",
    ),
    (
        "runtime/cli/src/buildable.rs",
        "MAX_DEPTH",
        "a suggestion in a message",
    ),
    (
        "runtime/cli/src/buildable.rs",
        "MAX_SCRIPT",
        "longer scripts are built by their path",
    ),
    (
        "runtime/cli/src/commands/build/run.rs",
        "MAX_LINES",
        "lines of a tool that failed",
    ),
    (
        "runtime/cli/src/command_line.rs",
        "MAX_QUOTED",
        "a word in a message",
    ),
    (
        "runtime/cli/src/commands/policy.rs",
        "MAX_UNUSED",
        "names in one report",
    ),
];

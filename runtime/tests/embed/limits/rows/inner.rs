//! The limits of the code that have no row.

use super::{CLASS, NESTING};

/// The limits of the code that have no row, each with the reason.
pub(in crate::limits) const INNER: &[(&str, &str, &str)] = &[
    (
        "runtime/engine/src/cached.rs",
        "MAX_BYTES",
        "bytes of a file that are read without a thread that may block",
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
        "runtime/capabilities/src/sqlite/writer.rs",
        "MAX_LOG",
        "bytes of the log of stores and queues; a longer one is made shorter",
    ),
    (
        "runtime/engine/src/endpoint.rs",
        "MAX_NAME",
        "no longer name exists in DNS",
    ),
    (
        "runtime/capabilities/src/fs/usage.rs",
        "MAX_COUNTED",
        "entries of a volume that are counted; where there are more, a count lowers nothing",
    ),
    (
        "runtime/capabilities/src/queue/message.rs",
        "MAX_REASON",
        "characters of an error that a message is given up with; the rest is cut",
    ),
    (
        "runtime/capabilities/src/sql/embedded/connection.rs",
        "MAX_INSTRUCTIONS",
        "instructions of a statement; one with all parameters has fewer",
    ),
    (
        "runtime/capabilities/src/sql/embedded/error.rs",
        "MAX_MESSAGE",
        "characters of the database's own words; the rest is cut off",
    ),
    (
        "runtime/capabilities/src/sql/postgres/error.rs",
        "MAX_MESSAGE",
        "the same",
    ),
    (
        "runtime/capabilities/src/web/server/relay/websocket.rs",
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
];

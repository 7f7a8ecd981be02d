//! Limits of calls of WASI, and of a program's files.

use super::Row;
use crate::limits::Bound::{Constant, Elsewhere, Text};
use crate::limits::Unit::{Bytes, Count, Time};

const PREVIEW1: &str = "runtime/engine/src/abi/wasi/preview1/guest_memory.rs";
const POLICY: &str = "runtime/app/src/policy/bounds.rs";
const FIXED: &str = "runtime/app/src/too_much.rs";
const WATCHER: &str = "runtime/app/src/watcher.rs";

pub(super) const ROWS: &[Row] = &[
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
            "runtime/app/src/policy/compiled/statements.rs",
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
];

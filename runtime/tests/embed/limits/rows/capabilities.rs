//! Limits of capabilities: streams, stores, databases, HTTP, files and queues.

use super::Row;
use crate::limits::Bound::{Constant, Text};
use crate::limits::Unit::{Bytes, Count, Time};

const STORE: &str = "runtime/engine/src/capability/store_settings.rs";
const STREAMS: &str = "runtime/capabilities/src/streams/mod.rs";

pub(super) const ROWS: &[Row] = &[
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
];

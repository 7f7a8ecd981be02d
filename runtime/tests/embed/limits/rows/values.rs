//! Limits of values and names, and of the libraries.

use super::{CLASS, NESTING, Row};
use crate::limits::Bound::{Constant, Text};
use crate::limits::Unit::{Bytes, Count, Time};

const SYMBOLS: &str = "runtime/engine/src/code/symbols.rs";

pub(super) const ROWS: &[Row] = &[
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
            "runtime/capabilities/src/text/syntax/malformed.rs",
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
            "runtime/capabilities/src/security/tokens/memory.rs",
            "MAX_TOKENS",
            Count,
        )],
    ),
    (
        "actors, scopes and metadata of all tokens",
        &[Constant(
            "runtime/capabilities/src/security/tokens/memory.rs",
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
        "debug information and exports that are read for one stack",
        &[
            Constant(SYMBOLS, "STACK", Bytes),
            // A sixteenth of them.
            Text(SYMBOLS, "const TEXT: usize = 16;"),
        ],
    ),
    (
        "debug information and exports that are read for all stacks of one module",
        &[Constant(SYMBOLS, "MODULE", Bytes)],
    ),
    (
        "wait of a stack until debug information",
        &[Constant(
            "runtime/engine/src/node/calls.rs",
            "PATIENCE",
            Time,
        )],
    ),
];

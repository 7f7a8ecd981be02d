//! Limits of the log, the command and the control socket.

use super::Row;
use crate::limits::Bound::{Constant, Elsewhere, Text};
use crate::limits::Unit::{Bytes, Count, Time};

const LUA: &str = "guest-sdk/lua/config/overflow.h";
const CLIENT: &str = "runtime/cli/src/control/client.rs";
const LEFT: &str = "runtime/cli/src/commands/test/left.rs";
const REQUESTS: &str = "guest-sdk/lua/src/library/supervisor/requests.lua";
const SHARE: &str = "runtime/engine/src/log/share.rs";

pub(super) const ROWS: &[Row] = &[
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
        "processes of such a test whose stacks are shown",
        &[Constant(LEFT, "STACKS", Count)],
    ),
    (
        "time for one such stack, and for all of a test",
        &[
            Constant(LEFT, "STACK_TIME", Time),
            Constant(LEFT, "STACKS_TIME", Time),
        ],
    ),
    (
        "processes that a test leaves behind, of which the report tells",
        &[Constant(LEFT, "SHOWN", Count)],
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
        "file that `warren check` reads for mistakes",
        &[Constant("runtime/cli/src/lint/tree.rs", "LARGEST", Bytes)],
    ),
    (
        "parsing of such a file",
        &[Constant("runtime/cli/src/lint/tree.rs", "PATIENCE", Time)],
    ),
    (
        "likely mistakes of one kind",
        &[Constant("runtime/cli/src/lint/finding.rs", "MOST", Count)],
    ),
    (
        "likely mistakes that `warren check` prints",
        &[Constant(
            "runtime/cli/src/commands/check.rs",
            "SHOWN",
            Count,
        )],
    ),
    (
        "processes with old code that a prompt lists",
        &[Constant(
            "runtime/cli/src/prompt/old_code.rs",
            "KEPT",
            Count,
        )],
    ),
    (
        "input of a prompt",
        &[Constant(
            "runtime/cli/src/prompt/front.rs",
            "MAX_TYPED",
            Bytes,
        )],
    ),
    (
        "what one input of a prompt prints",
        &[Text(
            "runtime/cli/src/prompt/agent.lua",
            "local MOST <const>, PIECE <const> = 1048576, 16384",
        )],
    ),
    (
        "unread text of a prompt's process",
        &[Constant("runtime/cli/src/prompt/desk.rs", "BEHIND", Bytes)],
    ),
    (
        "wait of `hear` at the control socket",
        &[Constant(
            "runtime/cli/src/control/server.rs",
            "MAX_HEARING",
            Time,
        )],
    ),
    (
        "code of `warren run -` on standard input",
        &[Constant(
            "runtime/cli/src/commands/run/code.rs",
            "MAX_INPUT",
            Bytes,
        )],
    ),
    (
        "kept output of one run of a test with a seed",
        &[Constant(
            "runtime/cli/src/commands/test/seeded.rs",
            "MAX_OUTPUT",
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
        "plans at the control socket",
        &[Constant(
            "runtime/cli/src/control/seats.rs",
            "MAX_PLANS",
            Count,
        )],
    ),
    (
        "time for which such a plan keeps its place",
        &[Constant(
            "runtime/cli/src/control/seats.rs",
            "PLAN_KEPT",
            Time,
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
    // Of Lua.
    (
        "`max_lua_stack`:",
        &[Text(LUA, "#define WARREN_MAXSTACK\t400000\n")],
    ),
    (
        "`max_lua_calls`:",
        &[
            Text(LUA, "#define LUAI_MAXCCALLS\t200\n"),
            Text(LUA, "#define MAXCCALLS\tLUAI_MAXCCALLS\n"),
        ],
    ),
    // The sources of Lua have these.
    ("local variables of a Lua function", &[Elsewhere]),
    ("variables of other functions that a Lua", &[Elsewhere]),
    ("captures of a Lua pattern", &[Elsewhere]),
    ("tables of a chain of `__index`", &[Elsewhere]),
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
        "run of a process after which a service of an apply is up",
        &[Constant("runtime/src/services/up.rs", "UP_AFTER", Time)],
    ),
    (
        "wait for the services of an apply to be up",
        &[Constant("runtime/src/services/up.rs", "UP_WITHIN", Time)],
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
        "functions whose lines one process counts",
        &[Constant(
            "guest-sdk/lua/src/line_counts.rs",
            "MOST_FUNCTIONS",
            Count,
        )],
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

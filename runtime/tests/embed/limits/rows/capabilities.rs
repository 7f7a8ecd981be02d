//! Limits of capabilities: streams, stores, databases, HTTP, files and queues.

use super::Row;
use crate::limits::Bound::{Constant, Elsewhere, Text};
use crate::limits::Unit::{Bytes, Count, Time};

const STORE: &str = "runtime/engine/src/capability/store_settings.rs";
const STREAMS: &str = "runtime/capabilities/src/streams/mod.rs";
const SOCKETS: &str = "runtime/engine/src/abi/wasi/component/sockets.rs";
const REQUEST: &str = "runtime/capabilities/src/http/options.rs";
const FLIGHT: &str = "runtime/capabilities/src/http/in_flight.rs";
const LOOK_UP: &str = "runtime/capabilities/src/http/resolve.rs";
const QUEUE: &str = "runtime/engine/src/capability/queue_settings.rs";
const VOLUMES: &str = "runtime/capabilities/src/fs/mod.rs";
const SQLITE: &str = "runtime/capabilities/src/sql/embedded/connection.rs";
const SQL_TEXT: &str = "runtime/capabilities/src/sql/embedded/text.rs";
const DATABASE: &str = "runtime/engine/src/capability/database_settings.rs";
const TURNS: &str = "runtime/capabilities/src/sql/turns.rs";
const ACTIVITY: &str = "runtime/capabilities/src/web/server/activity.rs";
const LISTENER: &str = "runtime/engine/src/capability/web/listener.rs";
const CONNECTION: &str = "runtime/capabilities/src/web/server/connection.rs";
const EXCHANGE: &str = "runtime/capabilities/src/web/exchange.rs";
const MULTIPART: &str = "runtime/capabilities/src/web/multipart.rs";
const PATTERN: &str = "runtime/engine/src/capability/web/pattern.rs";
const RELAY: &str = "runtime/capabilities/src/web/server/relay/websocket.rs";
const RELAYED: &str = "runtime/capabilities/src/web/server/relay/config.rs";
const DIALLED: &str = "runtime/capabilities/src/http/websocket/mod.rs";
const DIAL: &str = "runtime/capabilities/src/http/websocket/options.rs";
const WHOLE: &str = "runtime/capabilities/src/web/request_operations.rs";
const SERVED: &str = "runtime/capabilities/src/web/server/body.rs";

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
        &[
            Constant(
                "runtime/capabilities/src/sqlite/queue.rs",
                "MAX_WAITING_OF_HOST",
                Count,
            ),
            Constant(TURNS, "MAX_WAITING_OF_HOST", Count),
        ],
    ),
    (
        "connections that read one database",
        &[
            Constant(
                "runtime/capabilities/src/sqlite/readers.rs",
                "MAX_READERS",
                Count,
            ),
            Constant(
                "runtime/capabilities/src/sql/embedded/mod.rs",
                "MAX_READERS",
                Count,
            ),
        ],
    ),
    (
        "bodies of requests and responses that a component has open",
        &[
            Constant(
                "runtime/engine/src/abi/wasi/component/http.rs",
                "MAX_BODIES",
                Count,
            ),
            Text(
                "runtime/engine/src/abi/wasi/component/http/pipe.rs",
                "const CAPACITY: usize = 64 << 10;",
            ),
        ],
    ),
    (
        "header fields of one request or response",
        &[Constant(
            "runtime/engine/src/abi/wasi/component/http/counted.rs",
            "MAX_HEADERS",
            Bytes,
        )],
    ),
    (
        "header fields of a component together",
        &[Constant(
            "runtime/engine/src/abi/wasi/component/http/counted.rs",
            "MAX_HEADERS_TOTAL",
            Bytes,
        )],
    ),
    (
        "sockets that a component has open",
        &[Constant(SOCKETS, "MAX_SOCKETS", Count)],
    ),
    (
        "names that a component looks up",
        &[Constant(SOCKETS, "MAX_LOOKUPS", Count)],
    ),
    (
        "addresses of granted names",
        &[Constant(SOCKETS, "MAX_ADDRESSES", Count)],
    ),
    (
        "keys of a call of `wasi:keyvalue/batch`",
        &[Constant(
            "runtime/engine/src/abi/wasi/component/keyvalue.rs",
            "MAX_BATCH",
            Count,
        )],
    ),
    (
        "bytes of the values that such a call reads",
        &[Constant(
            "runtime/engine/src/abi/wasi/component/keyvalue.rs",
            "MAX_BATCH_BYTES",
            Bytes,
        )],
    ),
    (
        "parts of an answer by an",
        &[Constant(
            "runtime/engine/src/abi/component/interface/from_value.rs",
            "MAX_PARTS",
            Count,
        )],
    ),
    (
        "nesting of a type of such an interface",
        &[Constant(
            "runtime/engine/src/abi/component/interface/types.rs",
            "MAX_DEPTH",
            Count,
        )],
    ),
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
            Text(REQUEST, "if !is_streamed && bytes > MAX_BODIES {"),
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
        &[Constant(
            "runtime/capabilities/src/http/texts.rs",
            "MAX_FIELDS",
            Count,
        )],
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
    (
        "`max_length`: messages of a queue",
        &[Constant(QUEUE, "DEFAULT_MAX_LENGTH", Count)],
    ),
    (
        "`max_value` of a queue",
        &[Constant(QUEUE, "DEFAULT_MAX_VALUE", Bytes)],
    ),
    (
        "`max_bytes` of a queue",
        &[Constant(QUEUE, "DEFAULT_MAX_BYTES", Bytes)],
    ),
    (
        "headers of one message",
        &[Constant(
            "runtime/capabilities/src/queue/message.rs",
            "MAX_HEADERS",
            Bytes,
        )],
    ),
    (
        "`max_bytes` of a volume",
        &[Constant(
            "runtime/engine/src/capability/volume_settings.rs",
            "DEFAULT_MAX_BYTES",
            Bytes,
        )],
    ),
    (
        "open files of a process in volumes",
        &[Constant(VOLUMES, "MAX_FILES", Count)],
    ),
    (
        "open files in volumes of all processes",
        &[Constant(VOLUMES, "MAX_FILES_OF_HOST", Count)],
    ),
    (
        "file of a volume that is read or written whole",
        &[
            Constant(VOLUMES, "MAX_WHOLE_FILE", Bytes),
            Text(
                "guest-sdk/lua/src/prelude/fs.lua",
                "local MAX_WHOLE = 16777216",
            ),
        ],
    ),
    (
        "path of a volume",
        &[Constant(
            "runtime/capabilities/src/fs/path.rs",
            "MAX_PATH",
            Bytes,
        )],
    ),
    (
        "entries of a directory of a volume",
        &[Constant(
            "runtime/capabilities/src/fs/list.rs",
            "MAX_LISTED",
            Count,
        )],
    ),
    (
        "`max_rows`:",
        &[Constant(DATABASE, "DEFAULT_MAX_ROWS", Count)],
    ),
    (
        "`max_statement`:",
        &[Constant(DATABASE, "DEFAULT_MAX_STATEMENT", Time)],
    ),
    (
        "`max_transaction`:",
        &[Constant(DATABASE, "DEFAULT_MAX_TRANSACTION", Time)],
    ),
    (
        "`max_bytes`: bytes of a database",
        &[Constant(DATABASE, "DEFAULT_MAX_BYTES", Bytes)],
    ),
    (
        "`max_connections`:",
        &[Constant(DATABASE, "DEFAULT_MAX_CONNECTIONS", Count)],
    ),
    ("open transactions of a process", &[Elsewhere]),
    (
        "wait for a connection to a database",
        &[Constant(TURNS, "PATIENCE", Time)],
    ),
    (
        "bytes of the rows of one query",
        &[Constant(
            "runtime/capabilities/src/sql/rows.rs",
            "MAX_RESULT",
            Bytes,
        )],
    ),
    (
        "rows and fields of one query of a component",
        &[Constant(
            "runtime/engine/src/abi/component/services/sql.rs",
            "MAX_FIELDS",
            Count,
        )],
    ),
    (
        "value of a long statement",
        &[
            Text(SQLITE, "const WORK: u64 = 1 << 36;"),
            Text(SQLITE, "const LEAST_VALUE: u64 = 16 << 10;"),
        ],
    ),
    (
        "text of a statement",
        &[Constant(
            "runtime/capabilities/src/sql/mod.rs",
            "MAX_TEXT",
            Bytes,
        )],
    ),
    (
        "semicolons in a text for SQLite",
        &[Constant(SQL_TEXT, "MAX_STATEMENTS", Count)],
    ),
    (
        "commas in a text for SQLite with a window",
        &[Constant(SQL_TEXT, "MAX_TERMS", Count)],
    ),
    (
        "parameters of a statement",
        &[Constant(
            "runtime/capabilities/src/sql/params.rs",
            "MAX_PARAMS",
            Count,
        )],
    ),
    (
        "name of a savepoint",
        &[Constant(
            "runtime/capabilities/src/sql/control.rs",
            "MAX_SAVEPOINT",
            Bytes,
        )],
    ),
    (
        "columns of a table or a query",
        &[Constant(SQLITE, "MAX_COLUMNS", Count)],
    ),
    (
        "levels of an expression",
        &[Constant(SQLITE, "MAX_EXPRESSION", Count)],
    ),
    (
        "pattern of LIKE",
        &[Constant(
            "runtime/capabilities/src/sql/embedded/functions.rs",
            "MAX_PATTERN",
            Bytes,
        )],
    ),
    (
        "memory of SQLite",
        &[Constant(
            "runtime/capabilities/src/sql/embedded/heap.rs",
            "MAX_HEAP",
            Bytes,
        )],
    ),
    (
        "log of a database of SQLite",
        &[
            Constant(SQLITE, "KEPT_LOG", Bytes),
            Text(SQLITE, "self.max_bytes.max(KEPT_LOG)"),
        ],
    ),
    (
        "migrations of a database",
        &[Constant(
            "runtime/app/src/database_check.rs",
            "MAX_MIGRATIONS",
            Count,
        )],
    ),
    (
        "name of the file of a database",
        &[Constant(
            "runtime/app/src/manifest/databases.rs",
            "MAX_FILE",
            Bytes,
        )],
    ),
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
        "time for all of a body that a process reads at once",
        &[Constant(WHOLE, "WHOLE_BODY", Time)],
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
    (
        "header fields of a request |",
        &[Constant(
            "runtime/capabilities/src/web/server/checks.rs",
            "MAX_FIELDS",
            Count,
        )],
    ),
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
        "`tracestate` of a request",
        &[Constant(
            "runtime/engine/src/trace_context.rs",
            "MAX_TRACE_STATE",
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
    ("`max_sockets`:", &[Constant(DIALLED, "MAX_SOCKETS", Count)]),
    (
        "WebSockets that all processes of a host",
        &[Constant(DIALLED, "MAX_SOCKETS_OF_HOST", Count)],
    ),
    (
        "bytes of a message that a WebSocket receives",
        &[Constant(DIAL, "READ_LIMIT", Bytes)],
    ),
    (
        "`max_read_limit`:",
        &[Constant(DIAL, "MAX_READ_LIMIT", Bytes)],
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
        &[Constant(DIAL, "MAX_PROTOCOLS", Count)],
    ),
    (
        "time to open a WebSocket",
        &[Constant(DIAL, "DIAL_TIMEOUT", Time)],
    ),
    (
        "time to send a message of a WebSocket",
        &[Constant(DIAL, "WRITE_TIMEOUT", Time)],
    ),
    (
        "messages in the channel of a WebSocket",
        &[Text(
            "guest-sdk/lua/src/prelude/websocket.lua",
            "local MAX_CAPACITY = 1000",
        )],
    ),
    (
        "frame and message of the client of a WebSocket",
        &[Constant(RELAY, "MAX_FRAME", Bytes)],
    ),
    (
        "bytes of unfinished messages of all WebSockets",
        &[
            Constant(
                "runtime/capabilities/src/web/server/budget.rs",
                "MAX_UNFINISHED",
                Bytes,
            ),
            Text(
                "runtime/capabilities/src/web/server/relay/metered.rs",
                "FREE: usize = 16 << 10",
            ),
        ],
    ),
    ("time of a message of more than", &[Elsewhere]),
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
];

//! Compares the page docs/manifest.md with the reader, in both directions.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use warren_engine::capability::web::{FilesSettings, ListenerSettings, Middleware};
use warren_engine::capability::{
    DatabasePlace, DatabaseSettings, QueueSettings, StoreSettings, VolumeSettings,
};
use warren_engine::{DEFAULT_PARK_AFTER, HostLimits};

use super::problem::Problem;
use super::{Manifest, size};
use crate::consumer::Consumer;
use crate::duration::parse_duration;
use crate::service::{Restart, RestartCode, RestartPolicy};

const PAGE: &str = include_str!("../../../../docs/manifest.md");

/// A row of a table of keys.
struct Row {
    /// The table's header, such as `hosts."id"`.
    table: &'static str,
    /// The key, with that of the table it stands in: `max_queue.bytes`.
    key: &'static str,
    kind: &'static str,
    range: &'static str,
    default: &'static str,
    since: &'static str,
}

/// Returns the rows of all tables of keys.
fn rows() -> Vec<Row> {
    let mut table = None;
    let mut rows = Vec::new();
    for line in PAGE.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            table = heading
                .strip_prefix("`[")
                .and_then(|rest| rest.strip_suffix("]`"));
            continue;
        }
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if let (Some(table), ["", key, kind, range, default, since, _, ""]) = (table, &cells[..]) {
            let Some(key) = key.strip_prefix('`').and_then(|key| key.strip_suffix('`')) else {
                continue;
            };
            rows.push(Row {
                table,
                key,
                kind,
                range,
                default,
                since,
            });
        }
    }
    assert!(rows.len() > 30, "the page has lost its tables");
    rows
}

/// Returns the problems of a manifest that sets this key, and no other that can
/// be wrong.
fn problems(table: &str, key: &str, value: &str) -> Vec<Problem> {
    let table = table.replace("\"id\"", "\"a:b\"");
    let required = match (table.split('.').next(), key) {
        (Some("services"), "process") => "",
        (Some("services"), _) => "process = \"a:b\"\n",
        (Some("consumers"), "process") => "queue = \"a:b\"\n",
        (Some("consumers"), "queue") => "process = \"a:b\"\n",
        (Some("consumers"), _) => "process = \"a:b\"\nqueue = \"a:b\"\n",
        (Some("volumes"), "path") => "",
        (Some("volumes"), _) => "path = \"a\"\n",
        (Some("listeners"), key) if key != "bind" => "bind = \":80\"\n",
        (Some("routers"), key) if key != "listener" => "listener = \"a:b\"\n",
        _ => "",
    };
    let text = format!("[{table}]\n{required}{key} = {value}\n");
    Manifest::parse(&text).1
}

/// Returns the label of the only problem.
#[track_caller]
fn label(row: &Row, value: &str) -> String {
    match &problems(row.table, row.key, value)[..] {
        [problem] => problem.label.clone(),
        other => panic!("{}.{} = {value}: {other:#?}", row.table, row.key),
    }
}

/// Returns the keys that the reader takes where it expects some of its list.
fn keys_of_the_reader(text: &str) -> BTreeSet<String> {
    let (_, problems) = Manifest::parse(text);
    let unknown = problems
        .iter()
        .find(|problem| problem.message.starts_with("unknown key `unknown`"))
        .unwrap_or_else(|| panic!("{text}: {problems:#?}"));
    let words = unknown.label.split('`').skip(1).step_by(2);
    words.map(str::to_owned).collect()
}

#[test]
fn the_page_has_the_keys_of_the_reader_and_no_other() {
    let mut stated: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in rows() {
        let (table, key) = match row.key.split_once('.') {
            Some((inner, key)) => (format!("{}.{inner}", row.table), key),
            None => {
                // Every table has a list, be it empty: its rows must follow.
                let inner = format!("{}.{}", row.table, row.key);
                if row.kind == "table" && !["actor", "options"].contains(&row.key) {
                    stated.entry(inner).or_default();
                }
                (row.table.to_owned(), row.key)
            }
        };
        assert!(
            stated.entry(table).or_default().insert(key.to_owned()),
            "{key} twice"
        );
    }
    let sections: BTreeSet<String> = stated
        .keys()
        .filter_map(|table| table.split('.').next())
        .map(str::to_owned)
        .collect();
    assert_eq!(sections, keys_of_the_reader("unknown = 1\n"));
    for (table, keys) in stated {
        // Their keys are texts that the manifest chooses.
        let free = match &*table {
            "imports.\"id\"" => Some("NAME"),
            "routes.\"id\"" => Some("\"GET /users/{id}\""),
            _ => None,
        };
        if let Some(key) = free {
            assert_eq!(keys, [key.to_owned()].into());
            continue;
        }
        let header = table.replace("\"id\"", "\"a:b\"");
        let of_reader = keys_of_the_reader(&format!("[{header}]\nunknown = 1\n"));
        assert_eq!(keys, of_reader, "[{table}]");
    }
}

#[test]
fn each_key_has_its_type() {
    for row in rows() {
        let expected = match row.kind {
            "string" | "id" | "duration" => "expected a string",
            "boolean" => "expected true or false",
            "integer" => "expected an integer",
            "number" => "expected a number",
            "size" => "expected a number of bytes, or a string such as \"32MiB\"",
            "strings" => "expected an array of strings",
            "origins" => "expected an array of origins",
            "rights" => "expected an array of strings, or a table of rights",
            "values" => "expected an array of values",
            "table" => "expected a table",
            other => panic!("{}: no type is named {other}", row.key),
        };
        // No key takes a date.
        assert_eq!(label(&row, "2026-01-01"), expected, "{}", row.key);
        match row.kind {
            "id" => assert_eq!(label(&row, "\"no id\""), "not an id", "{}", row.key),
            "duration" => {
                let hint = label(&row, "\"5\"");
                assert!(hint.contains("unit"), "{}: {hint}", row.key);
            }
            _ => {}
        }
    }
}

#[test]
fn each_key_has_its_range() {
    for row in rows() {
        let outside = match row.kind {
            "integer" | "size" | "number" => "-1",
            "duration" => "\"99999999h\"",
            _ => continue,
        };
        let expected = format!("expected {}", row.range);
        assert_eq!(label(&row, outside), expected, "{}", row.key);
        // The bounds themselves are inside.
        let (least, most) = row.range.split_once(" to ").unwrap();
        for bound in [least, most] {
            let bound = match row.kind {
                "integer" | "number" => bound.to_owned(),
                _ => format!("{bound:?}"),
            };
            // The first delay is held against the longest as well.
            if !row.key.ends_with("_delay") {
                let found = problems(row.table, row.key, &bound);
                assert_eq!(found, [], "{} = {bound}", row.key);
            }
        }
    }
}

/// Returns the row of a key, and the values that its range names.
fn values_of(key: &str) -> (Row, Vec<String>) {
    let row = rows().into_iter().find(|row| row.key == key).unwrap();
    let values = row.range.split(", ");
    let values = values
        .map(|value| value.trim_matches(['`', '"']).to_owned())
        .collect();
    (row, values)
}

#[test]
fn each_policy_of_restarts_is_named() {
    let (_, named) = values_of("restart.policy");
    assert_eq!(named, RestartPolicy::ALL.map(|(name, _)| name));
}

#[test]
fn each_code_of_restarts_is_named() {
    let (_, named) = values_of("restart.code");
    assert_eq!(named, RestartCode::ALL.map(|(name, _)| name));
}

#[test]
fn each_form_of_payloads_is_named() {
    let (row, named) = values_of("payloads");
    assert_eq!(named, super::PAYLOADS.map(|(name, _)| name));
    let problem = label(&row, "\"objects\"");
    assert!(problem.starts_with("expected "), "{problem}");
}

#[test]
fn each_kind_of_store_is_named() {
    let (_, named) = values_of("kind");
    assert_eq!(named, super::stores::KINDS.map(|(name, _)| name));
}

#[test]
fn each_middleware_is_named() {
    let (_, before) = values_of("middleware");
    assert_eq!(before, Middleware::BEFORE);
    let (_, behind) = values_of("post_middleware");
    assert_eq!(behind, Middleware::BEHIND);
    let names = Middleware::BEFORE.into_iter().chain(Middleware::BEHIND);
    for option in names.flat_map(Middleware::options_of) {
        let row = format!("| `{option}` |");
        assert!(PAGE.contains(&row), "no row of {option}");
    }
}

#[test]
fn defaults_are_those_of_the_code() {
    let rows = rows();
    let default = |key: &str| {
        let row = rows.iter().find(|row| row.key == key);
        row.unwrap_or_else(|| panic!("no row of {key}")).default
    };
    let count = |key: &str| default(key).replace(',', "").parse::<usize>().unwrap();
    let bytes = |key: &str| size::parse_size(default(key)).unwrap();
    let number = |key: &str| default(key).parse::<f64>().unwrap();
    let delay = |key: &str| parse_duration(default(key)).unwrap();

    let host = HostLimits::default();
    assert_eq!(count("max_processes"), host.max_processes);
    assert_eq!(bytes("max_memory"), host.max_memory);
    assert_eq!(bytes("max_log"), host.max_log);
    assert_eq!(bytes("max_log_total"), host.max_log_total);
    assert_eq!(count("max_queue.messages"), host.max_queue_messages);
    assert_eq!(bytes("max_queue.bytes"), host.max_queue_bytes as u64);
    assert_eq!(
        (default("max_cpu"), host.max_cpu),
        ("none", None::<Duration>)
    );

    assert_eq!(delay("park_after"), DEFAULT_PARK_AFTER);

    let restart = Restart::default();
    assert_eq!(default("restart.policy"), "`\"on-failure\"`");
    assert_eq!(restart.policy, RestartPolicy::OnFailure);
    assert_eq!(default("restart.code"), "`\"upgraded\"`");
    assert_eq!(restart.code, RestartCode::Upgraded);
    assert_eq!(count("restart.max_attempts"), restart.max_attempts as usize);
    assert_eq!(delay("restart.initial_delay"), restart.initial_delay);
    assert_eq!(delay("restart.max_delay"), restart.max_delay);
    assert_eq!(delay("restart.reset_after"), restart.reset_after);
    assert_eq!(number("restart.backoff"), restart.backoff);
    assert_eq!(number("restart.jitter"), restart.jitter);

    assert_eq!(default("kind"), "`\"memory\"`");
    let store = StoreSettings::new("a:b");
    assert!(!store.durable);
    assert_eq!(count("max_entries"), store.max_entries);
    assert_eq!(bytes("max_value"), store.max_value as u64);
    assert_eq!(bytes("max_bytes"), store.max_bytes);

    let database = DatabaseSettings::new("a:b", DatabasePlace::Memory);
    assert_eq!(count("max_rows"), database.max_rows);
    assert_eq!(delay("max_statement"), database.max_statement);
    assert_eq!(delay("max_transaction"), database.max_transaction);
    assert_eq!(count("max_connections"), database.max_connections);
    // The rows of stores have a key of this name, too.
    let of_databases = |row: &&Row| (row.table, row.key) == ("databases.\"id\"", "max_bytes");
    let row = rows.iter().find(of_databases).unwrap();
    assert_eq!(size::parse_size(row.default), Ok(database.max_bytes));

    let queue = QueueSettings::new("a:b");
    assert_eq!((default("durable"), queue.durable), ("`false`", false));
    assert_eq!(count("max_length"), queue.max_length);
    // The rows of stores have the same keys.
    assert_eq!(bytes("max_value"), queue.max_value as u64);
    assert_eq!(bytes("max_bytes"), queue.max_bytes);
    assert_eq!(count("attempts"), queue.attempts as usize);
    assert_eq!(delay("backoff"), queue.backoff);
    assert_eq!(count("concurrency"), Consumer::DEFAULT_CONCURRENCY);
    assert_eq!(count("prefetch"), Consumer::DEFAULT_PREFETCH);

    assert_eq!(default("read_only"), "`false`");
    let of_volume = |row: &&Row| row.table == "volumes.\"id\"" && row.key == "max_bytes";
    let most = rows.iter().find(of_volume).unwrap().default;
    let most = size::parse_size(most).unwrap();
    assert_eq!(most, VolumeSettings::DEFAULT_MAX_BYTES);

    let listener = ListenerSettings::new("a:b", ([0, 0, 0, 0], 0).into());
    assert_eq!(count("max_requests"), listener.max_requests);
    let of_listener = |row: &&Row| row.table == "listeners.\"id\"" && row.key == "max_connections";
    let most = rows.iter().find(of_listener).unwrap().default;
    assert_eq!(most.replace(',', ""), listener.max_connections.to_string());
    let of_client = listener.max_client_connections;
    assert_eq!(count("max_client_connections"), of_client);
    assert_eq!(bytes("max_body"), listener.max_body);
    assert_eq!(delay("timeouts.read"), listener.timeouts.read);
    assert_eq!(delay("timeouts.write"), listener.timeouts.write);
    assert_eq!(delay("timeouts.idle"), listener.timeouts.idle);
    let index = format!("`{:?}`", FilesSettings::DEFAULT_INDEX);
    assert_eq!(default("index"), index);

    // The reader reports exactly these keys as missing, or a check of the program does.
    let required: BTreeSet<_> = rows
        .iter()
        .filter(|row| row.default == "required")
        .map(|row| (row.table, row.key))
        .collect();
    let expected = [
        ("services.\"id\"", "process"),
        ("consumers.\"id\"", "queue"),
        ("consumers.\"id\"", "process"),
        ("volumes.\"id\"", "path"),
        ("listeners.\"id\"", "bind"),
        ("listeners.\"id\"", "tls.cert"),
        ("listeners.\"id\"", "tls.key"),
        ("routers.\"id\"", "listener"),
    ];
    assert_eq!(required, expected.into());
}

#[test]
fn no_key_is_of_the_future() {
    let version =
        |text: &str| -> Vec<u32> { text.split('.').map(|part| part.parse().unwrap()).collect() };
    for row in rows() {
        assert!(
            version(row.since) <= version(env!("CARGO_PKG_VERSION")),
            "{}",
            row.key
        );
    }
}

//! The types of names: of parameters, of results, and of the objects that have methods.

/// Functions beside those of Lua 5.4.
const ADDED: &[&str] = &[
    "coroutine.spawn",
    "io.args",
    "io.eprint",
    "io.print",
    "io.readline",
    "math.atan2",
    "math.cosh",
    "math.frexp",
    "math.ldexp",
    "math.log10",
    "math.pow",
    "math.sinh",
    "math.tanh",
    "table.create",
    "unpack",
];

/// Functions of `test` that are globals while cases run.
const CASES: &[&str] = &[
    "after_all",
    "after_each",
    "before_all",
    "before_each",
    "describe",
    "it",
    "it_skip",
    "mock",
    "mock_process",
    "restore_all_mocks",
    "restore_mock",
];

/// The classes of objects, by the name that the pages give a variable.
const CLASSES: &[(&str, &str)] = &[
    ("actor", "Actor"),
    ("ch", "Channel"),
    ("cond", "Condition"),
    ("db", "Database"),
    ("del", "Delete"),
    ("duration", "Duration"),
    ("err", "Error"),
    ("executor", "Executor"),
    ("f", "VolumeFile"),
    ("future", "Future"),
    ("g", "Groups"),
    ("ins", "Insert"),
    ("loc", "Location"),
    ("log", "Logger"),
    ("m", "QueueMessage"),
    ("message", "Message"),
    ("p", "Payload"),
    ("policy", "Policy"),
    ("q", "BoundQuery"),
    ("re", "Regexp"),
    ("req", "Request"),
    ("res", "Response"),
    ("response", "HttpAnswer"),
    ("s", "Store"),
    ("scanner", "Scanner"),
    ("scope", "Scope"),
    ("sel", "Select"),
    ("spawner", "Spawner"),
    ("st", "Statement"),
    ("stream", "Stream"),
    ("sub", "Subscription"),
    ("t", "Time"),
    ("ticker", "Ticker"),
    ("timer", "Timer"),
    ("ts", "TokenStore"),
    ("tx", "Transaction"),
    ("upload", "Upload"),
    ("v", "Volume"),
    ("ws", "WebSocket"),
];

/// The end of a function's results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The result is there, unless an argument is wrong.
    Never,
    /// The result may be nil, which is no failure.
    Nil,
    /// In place of the result there may be nil and an error.
    Error,
}

use End::{Error, Never, Nil};

/// The class of the first result of a function, and what may be there instead.
const RESULTS: &[(&str, &str, End)] = &[
    ("channel.new", "ch", Never),
    ("db:begin", "tx", Error),
    ("db:prepare", "st", Error),
    ("errors.new", "err", Never),
    ("errors.wrap", "err", Never),
    ("events.subscribe", "sub", Error),
    ("fs.get", "v", Error),
    ("funcs.async", "future", Error),
    ("funcs.new", "executor", Never),
    ("future:channel", "ch", Never),
    ("future:response", "ch", Never),
    ("http.request", "response", Error),
    ("http.request(options)", "req", Error),
    ("http.response", "res", Error),
    ("http_client.delete", "response", Error),
    ("http_client.get", "response", Error),
    ("http_client.head", "response", Error),
    ("http_client.patch", "response", Error),
    ("http_client.post", "response", Error),
    ("http_client.put", "response", Error),
    ("http_client.request", "response", Error),
    ("log:named", "log", Never),
    ("log:with", "log", Never),
    ("logger:named", "log", Never),
    ("logger:with", "log", Never),
    ("message:from", "string", Nil),
    ("message:topic", "string", Never),
    ("pg.open", "g", Error),
    ("process.cancel", "true", Error),
    ("process.events", "ch", Never),
    ("process.groups.join", "true", Error),
    ("process.id", "string", Never),
    ("process.inbox", "ch", Never),
    ("process.link", "true", Error),
    ("process.listen", "ch", Never),
    ("process.monitor", "true", Error),
    ("process.pid", "string", Never),
    ("process.registry.lookup", "string", Error),
    ("process.registry.register", "true", Error),
    ("process.registry.unregister", "true", Error),
    ("process.send", "true", Error),
    ("process.set_options", "true", Error),
    ("process.spawn", "string", Error),
    ("process.spawn_linked", "string", Error),
    ("process.spawn_linked_monitored", "string", Error),
    ("process.spawn_monitored", "string", Error),
    ("process.terminate", "true", Error),
    ("process.unlink", "true", Error),
    ("process.unlisten", "true", Error),
    ("process.unmonitor", "true", Error),
    ("process.with_context", "spawner", Error),
    ("queue.message", "m", Error),
    ("security.actor", "actor", Nil),
    ("security.named_scope", "scope", Error),
    ("security.new_actor", "actor", Error),
    ("security.new_scope", "scope", Error),
    ("security.policy", "policy", Error),
    ("security.scope", "scope", Nil),
    ("security.token_store", "ts", Error),
    ("spawner:spawn", "string", Error),
    ("spawner:spawn_linked", "string", Error),
    ("spawner:spawn_linked_monitored", "string", Error),
    ("spawner:spawn_monitored", "string", Error),
    ("spawner:with_actor", "spawner", Error),
    ("spawner:with_context", "spawner", Error),
    ("spawner:with_message", "spawner", Error),
    ("spawner:with_name", "spawner", Error),
    ("spawner:with_scope", "spawner", Error),
    ("sql.get", "db", Error),
    ("sql.open", "db", Error),
    ("store.get", "s", Error),
    ("sub:channel", "ch", Never),
    ("test.run_cases", "function", Never),
    ("text.regexp.compile", "re", Error),
    ("ticker:channel", "ch", Never),
    ("ticker:response", "ch", Never),
    ("time.after", "ch", Never),
    ("time.now", "t", Never),
    ("time.ticker", "ticker", Error),
    ("time.timer", "timer", Error),
    ("timer:channel", "ch", Never),
    ("timer:response", "ch", Never),
    ("tx:prepare", "st", Error),
    ("v:open", "f", Error),
    ("websocket.connect", "ws", Error),
];

/// Tells whether a function of the standard library is none of Lua 5.4.
pub(super) fn is_added(name: &str) -> bool {
    ADDED.contains(&name)
}

/// Returns the class of the objects of a variable.
pub(super) fn class_of(variable: &str) -> String {
    let known = CLASSES.iter().find(|(name, _)| *name == variable);
    match known {
        Some((_, class)) => format!("warren.{class}"),
        None => format!("warren.of_{variable}"),
    }
}

/// Returns the fields of the objects of a variable. Those without a list on the page have any.
pub(super) fn fields_of(variable: &str) -> &'static [&'static str] {
    match variable {
        "response" => &[
            "status integer",
            "status_code integer",
            "headers table<string, string>",
            "headers_all table<string, string[]>",
            "cookies table<string, string>",
            "url string",
            "body string?",
            "body_size integer",
            "stream warren.Stream",
        ],
        "m" | "upload" | "ws" | "t" | "duration" => &["[string] any"],
        _ => &[],
    }
}

/// Returns the end of a class's declaration: an error has the methods of strings and serves
/// in their place.
pub(super) fn parent_of(variable: &str) -> &'static str {
    match variable {
        "err" => ": string",
        _ => "",
    }
}

/// Returns the type of the library before a function that is called with it, as in
/// `logger:info("started")`, or without.
pub(super) fn own_receiver(name: &str) -> Option<&'static str> {
    name.starts_with("logger.")
        .then_some("warren.module.logger")
}

/// Returns the functions of a module that are globals while its cases run.
pub(super) fn globals_of(module: &str) -> &'static [&'static str] {
    match module {
        "test" => CASES,
        _ => &[],
    }
}

/// Returns the type of a parameter.
pub(super) fn of_parameter(name: &str) -> &'static str {
    match name {
        "definition" | "destination" | "host" | "prefix" | "topic" => "string",
        // Several groups, where one joins or leaves them.
        "group" => "string|string[]",
        "options" | "requests" => "table",
        "deadline" | "duration" => "string|number",
        // A table has it as a field.
        "timeout" => "string|number|table",
        "capacity" => "integer",
        "define" | "hook" => "function",
        _ => "any",
    }
}

/// Returns the types of the results of a form of a function: of `http.request(options)` or, for
/// all other forms, of `http.request`.
pub(super) fn results_of(name: &str, form: &str) -> Vec<String> {
    let of = |key: &str| RESULTS.iter().find(|(function, ..)| *function == key);
    let Some((_, result, end)) = of(form).or_else(|| of(name)) else {
        return vec!["any ...".to_owned()];
    };
    let first = match *result {
        known @ ("function" | "string" | "true") => known.to_owned(),
        variable => class_of(variable),
    };
    match end {
        Never => vec![first],
        Nil => vec![format!("{first}?")],
        Error => vec![format!("{first}?"), "warren.Error? err".to_owned()],
    }
}

/// Returns the sets of results that come together, for checkers that know of such: after a
/// look at the first result they know the error, too.
pub(super) fn pairs(results: &[String]) -> Vec<String> {
    let [first, error] = results else {
        return Vec::new();
    };
    let success = first.trim_end_matches('?');
    let failure = error.replace('?', "");
    vec![success.to_owned(), format!("nil, {failure}")]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lua_api::Api;

    #[test]
    fn the_tables_name_what_is_there() {
        let api = Api::get();
        for name in ADDED {
            assert!(!api.signatures(name).is_empty(), "{name}");
        }
        for name in CASES {
            assert!(
                !api.signatures(&format!("test.{name}")).is_empty(),
                "{name}"
            );
        }
        for (name, variable, _) in RESULTS {
            let function = name.split('(').next().unwrap_or_default();
            assert!(!api.signatures(function).is_empty(), "{name}");
            let is_class = CLASSES.iter().any(|(class, _)| class == variable);
            let is_plain = ["function", "string", "true"].contains(variable);
            assert!(is_class || is_plain, "{variable}");
        }
        for (variable, _) in CLASSES {
            let start = format!("{variable}:");
            let has = api
                .entries
                .iter()
                .any(|entry| entry.name.starts_with(&start));
            assert!(has, "{variable}");
        }
    }
}

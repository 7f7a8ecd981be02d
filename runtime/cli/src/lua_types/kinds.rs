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

/// The class of the first result of a function; an error may follow it.
const RESULTS: &[(&str, &str)] = &[
    ("channel.new", "ch"),
    ("db:begin", "tx"),
    ("db:prepare", "st"),
    ("errors.new", "err"),
    ("errors.wrap", "err"),
    ("fs.get", "v"),
    ("funcs.async", "future"),
    ("funcs.new", "executor"),
    ("http.request", "req"),
    ("http.response", "res"),
    ("http_client.delete", "response"),
    ("http_client.get", "response"),
    ("http_client.head", "response"),
    ("http_client.patch", "response"),
    ("http_client.post", "response"),
    ("http_client.put", "response"),
    ("http_client.request", "response"),
    ("logger:named", "log"),
    ("logger:with", "log"),
    ("message:from", "string"),
    ("message:topic", "string"),
    ("pg.open", "g"),
    ("process.events", "ch"),
    ("process.id", "string"),
    ("process.inbox", "ch"),
    ("process.listen", "ch"),
    ("process.pid", "string"),
    ("process.registry.lookup", "string"),
    ("process.spawn", "string"),
    ("process.spawn_linked", "string"),
    ("process.spawn_linked_monitored", "string"),
    ("process.spawn_monitored", "string"),
    ("process.with_context", "spawner"),
    ("security.actor", "actor"),
    ("security.named_scope", "scope"),
    ("security.new_actor", "actor"),
    ("security.new_scope", "scope"),
    ("security.policy", "policy"),
    ("security.scope", "scope"),
    ("security.token_store", "ts"),
    ("sql.get", "db"),
    ("sql.open", "db"),
    ("store.get", "s"),
    ("sub:channel", "ch"),
    ("text.regexp.compile", "re"),
    ("time.after", "ch"),
    ("time.now", "t"),
    ("time.ticker", "ticker"),
    ("time.timer", "timer"),
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

/// Returns the fields of the objects of a variable. Objects with more fields than methods allow
/// any.
pub(super) fn fields_of(variable: &str) -> &'static [&'static str] {
    match variable {
        "response" | "m" | "upload" | "ws" | "t" | "duration" => &["[string] any"],
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

/// Returns the types of the results.
pub(super) fn results_of(name: &str) -> Vec<String> {
    let known = RESULTS.iter().find(|(function, _)| *function == name);
    match known {
        Some((_, "string")) => vec!["string".to_owned(), "warren.Error? err".to_owned()],
        None => vec!["any ...".to_owned()],
        Some((_, variable)) => vec![class_of(variable), "warren.Error? err".to_owned()],
    }
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
        for (name, variable) in RESULTS {
            assert!(!api.signatures(name).is_empty(), "{name}");
            let is_class = CLASSES.iter().any(|(class, _)| class == variable);
            assert!(is_class || *variable == "string", "{variable}");
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

//! All functions of the flat ABI, as data.

/// One import: its interface, its name, its parameters and its result.
///
/// Parameters: `s` text, `b` bytes, `o` optional text or bytes, `w` a list of
/// `u32` (address and length each), `p` where a result goes (address and
/// capacity), `i` and `I` numbers of 32 and 64 bits. Result: `i`, `I` or none.
pub struct Import {
    pub interface: &'static str,
    pub name: &'static str,
    pub parameters: &'static str,
    pub result: &'static str,
}

const fn import(
    interface: &'static str,
    name: &'static str,
    parameters: &'static str,
    result: &'static str,
) -> Import {
    Import {
        interface,
        name,
        parameters,
        result,
    }
}

pub const ALL: &[Import] = &[
    import("held", "take", "p", "i"),
    import("process", "pid", "p", "i"),
    import("process", "frame-id", "p", "i"),
    import("process", "send", "ssb", "i"),
    import("process", "spawn", "ssbibp", "i"),
    import("process", "exec", "ssbb", "i"),
    import("process", "terminate", "s", "i"),
    import("process", "cancel", "sI", "i"),
    import("process", "monitor", "s", "i"),
    import("process", "unmonitor", "s", "i"),
    import("process", "link", "s", "i"),
    import("process", "unlink", "s", "i"),
    import("process", "get-options", "", "i"),
    import("process", "set-options", "i", ""),
    import("process", "upgrade", "ob", "i"),
    import("mailbox", "inbox", "", "i"),
    import("mailbox", "events", "", "i"),
    import("mailbox", "listen", "s", "i"),
    import("mailbox", "unlisten", "i", ""),
    import("mailbox", "receive", "wIp", "i"),
    import("mailbox", "receive-one", "iIp", "i"),
    import("mailbox", "await", "wI", "i"),
    import("registry", "register", "so", "i"),
    import("registry", "lookup", "sp", "i"),
    import("registry", "unregister", "s", "i"),
    import("context", "get", "sp", "i"),
    import("context", "all", "p", "i"),
    import("security", "actor", "p", "i"),
    import("security", "scope", "p", "i"),
    import("security", "can", "sso", "i"),
    import("security", "policy", "s", "i"),
    import("security", "named-scope", "sp", "i"),
    import("capability", "call", "sbp", "i"),
    import("clock", "now", "", "I"),
    import("clock", "monotonic", "", "I"),
    import("random", "bytes", "b", ""),
    import("stdio", "write", "ib", ""),
    import("stdio", "flush", "i", ""),
    import("stdio", "read", "p", "i"),
    import("logger", "log", "isso", ""),
    import("program", "definition", "p", "i"),
    import("program", "method", "p", "i"),
    import("program", "arguments", "p", "i"),
    import("program", "code", "p", "i"),
    import("program", "module", "sp", "i"),
    import("program", "prepared", "b", ""),
    import("program", "finish", "o", ""),
    import("program", "fail", "b", ""),
    import("program", "exit", "i", ""),
];

impl Import {
    /// The name of the function in the text of a guest.
    pub fn identifier(&self) -> String {
        format!("${}.{}", self.interface, self.name)
    }

    /// A call with these parameters, one text for each of `parameters`. The result
    /// is dropped.
    pub fn call(&self, parameters: &[String]) -> String {
        let call = format!("(call {} {})", self.identifier(), parameters.join(" "));
        if self.result.is_empty() {
            call
        } else {
            format!("(drop {call})")
        }
    }

    /// The parameters of a harmless call: texts are `x`, results go to address
    /// 1024, deadlines have passed.
    pub fn harmless(&self) -> Vec<String> {
        self.parameters.chars().map(harmless).collect()
    }
}

fn harmless(parameter: char) -> String {
    match parameter {
        's' | 'o' => pair(16, 1),
        'b' | 'w' => pair(16, 0),
        'p' => pair(1024, 256),
        'i' => "(i32.const 0)".to_owned(),
        'I' => "(i64.const 0)".to_owned(),
        other => unreachable!("no parameter is called {other}"),
    }
}

/// An address and a length.
pub fn pair(ptr: u32, len: u32) -> String {
    format!("(i32.const {ptr}) (i32.const {len})")
}

/// The imports as text.
pub fn text() -> String {
    ALL.iter().map(one).collect()
}

fn one(import: &Import) -> String {
    let parameters: String = import
        .parameters
        .chars()
        .map(|parameter| match parameter {
            'i' => " i32",
            'I' => " i64",
            _ => " i32 i32",
        })
        .collect();
    let result = match import.result {
        "i" => "(result i32)",
        "I" => "(result i64)",
        _ => "",
    };
    format!(
        "(import \"warren:core/{}@0.1.0\" \"{}\" (func {} (param{parameters}) {result}))\n",
        import.interface,
        import.name,
        import.identifier()
    )
}

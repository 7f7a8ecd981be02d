//! The control socket of a running program, and its clients: one JSON object a
//! line, as docs/operating.md describes it.

pub(crate) mod args;
pub(crate) mod client;
mod place;
mod seats;
pub(crate) mod server;
pub(crate) mod socket;
pub(crate) mod told;

use serde::{Deserialize, Serialize};
use warren::introspection::Query;
use warren::{Kind, RefusedFile};

/// The version of the protocol: raised when an older client would
/// misunderstand.
pub(crate) const PROTOCOL: u32 = 1;

/// The longest line either side reads, in bytes.
pub(crate) const MAX_LINE: u64 = 16 << 20;

/// The longest request, in bytes.
pub(crate) const MAX_REQUEST: u64 = 1 << 20;

/// The first line of the server.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Greeting {
    /// The version of the protocol.
    pub(crate) protocol: u32,
    /// The version of warren.
    pub(crate) version: String,
    /// The program.
    pub(crate) program: String,
    /// The PID of the operating system's process.
    pub(crate) pid: u32,
}

/// A request of the client.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum Request {
    /// Lists the runtime's totals, and processes.
    List {
        /// The query.
        #[serde(default)]
        query: Query,
    },
    /// Shows one process.
    Show {
        /// PID or name.
        process: String,
    },
    /// Shows the stack of a process.
    Stack {
        /// PID or name.
        process: String,
    },
    /// Asks a process to end.
    Cancel {
        /// PID or name.
        process: String,
        /// Milliseconds after which the process is terminated.
        within_ms: u64,
    },
    /// Ends a process.
    Terminate {
        /// PID or name.
        process: String,
    },
    /// Asks all processes of hosts to end.
    #[serde(rename = "cancel_hosts")]
    CancelHosts {
        /// Their names.
        hosts: Vec<String>,
        /// Milliseconds from now until the processes are terminated.
        within_ms: u64,
    },
    /// Ends all processes of hosts.
    #[serde(rename = "terminate_hosts")]
    TerminateHosts {
        /// Their names.
        hosts: Vec<String>,
    },
    /// Takes the program's files as they are now.
    Reload,
    /// Shows the metrics, as text of OpenMetrics.
    Metrics,
    /// Lists the other nodes of the cluster.
    Nodes,
    /// Lists the groups with members.
    Groups,
    /// Lists some of the names of the cluster.
    Names {
        /// The name before the first one; empty for all.
        #[serde(default)]
        after: String,
        /// The largest number of names, at most 1,000.
        #[serde(default = "page")]
        limit: usize,
    },
    /// Plans to put a program in place of the running one, or the version before again.
    Plan {
        /// The program's directory, absolute; absent for a rollback.
        #[serde(default)]
        path: Option<String>,
        /// True for a return to the version before.
        #[serde(default)]
        rollback: bool,
        /// Milliseconds that processes of removed hosts and services have to end.
        #[serde(default = "grace_ms")]
        grace_ms: u64,
    },
    /// Applies the last plan of this connection.
    Apply,
    /// Runs an input in the process of this connection's prompt, which the first one starts.
    Run {
        /// The input: Lua.
        code: String,
        /// Columns of the lines that show its values.
        #[serde(default = "columns")]
        columns: usize,
    },
    /// Takes what that process has said, after waiting for some of it for a while.
    Hear {
        /// Milliseconds to wait, at most.
        #[serde(default)]
        within_ms: u64,
    },
    /// Asks the input that runs to end.
    Interrupt {
        /// True to end the process instead.
        #[serde(default)]
        kill: bool,
    },
    /// Asks for the names that complete the end of a text.
    Complete {
        /// The text.
        text: String,
    },
    /// Sends a message.
    Send {
        /// PID or name.
        process: String,
        /// The topic.
        topic: String,
        /// The values to send.
        #[serde(default)]
        value: serde_json::Value,
    },
}

fn columns() -> usize {
    80
}

fn page() -> usize {
    1_000
}

fn grace_ms() -> u64 {
    5_000
}

/// The answer to a request.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Answer {
    /// The result.
    Ok(serde_json::Value),
    /// A refusal.
    Error {
        /// The kind of the error, on the wire its word.
        #[serde(with = "word")]
        kind: Kind,
        /// The error's message.
        message: String,
        /// The definitions and files that a reload or a plan refuses.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        problems: Vec<RefusedFile>,
    },
}

/// Writes and reads a kind as its word.
mod word {
    use serde::{Deserialize, Deserializer, Serializer};
    use warren::Kind;

    pub(super) fn serialize<S: Serializer>(kind: &Kind, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(kind.as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Kind, D::Error> {
        String::deserialize(input).map(|word| Kind::from(word.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use warren::introspection::{Sort, State};

    #[test]
    fn requests_are_read_as_documented() {
        let read = |line: &str| serde_json::from_str::<Request>(line);
        assert_eq!(
            read(r#"{"do":"list"}"#).unwrap(),
            Request::List {
                query: Query::default()
            }
        );
        assert_eq!(
            read(r#"{"do":"list","query":{"sort":"memory","state":"waiting","limit":3}}"#).unwrap(),
            Request::List {
                query: Query {
                    sort: Sort::Memory,
                    state: Some(State::Waiting),
                    limit: 3,
                    ..Query::default()
                }
            }
        );
        assert_eq!(
            read(r#"{"do":"send","process":"a","topic":"t"}"#).unwrap(),
            Request::Send {
                process: "a".into(),
                topic: "t".into(),
                value: serde_json::Value::Null
            }
        );
        assert_eq!(
            read(r#"{"do":"terminate_hosts","hosts":["a:b"]}"#).unwrap(),
            Request::TerminateHosts {
                hosts: vec!["a:b".into()]
            }
        );
        assert_eq!(read(r#"{"do":"reload"}"#).unwrap(), Request::Reload);
        assert_eq!(read(r#"{"do":"metrics"}"#).unwrap(), Request::Metrics);
        assert_eq!(read(r#"{"do":"apply"}"#).unwrap(), Request::Apply);
        assert_eq!(
            read(r#"{"do":"plan","path":"/shop"}"#).unwrap(),
            Request::Plan {
                path: Some("/shop".into()),
                rollback: false,
                grace_ms: 5_000
            }
        );
        assert_eq!(
            read(r#"{"do":"plan","rollback":true,"grace_ms":7}"#).unwrap(),
            Request::Plan {
                path: None,
                rollback: true,
                grace_ms: 7
            }
        );
        assert_eq!(
            read(r#"{"do":"cancel_hosts","hosts":[],"within_ms":5}"#).unwrap(),
            Request::CancelHosts {
                hosts: Vec::new(),
                within_ms: 5
            }
        );
        assert_eq!(
            read(r#"{"do":"run","code":"1 + 1"}"#).unwrap(),
            Request::Run {
                code: "1 + 1".into(),
                columns: 80
            }
        );
        assert_eq!(
            read(r#"{"do":"names"}"#).unwrap(),
            Request::Names {
                after: String::new(),
                limit: 1_000
            }
        );
        assert_eq!(
            read(r#"{"do":"interrupt"}"#).unwrap(),
            Request::Interrupt { kill: false }
        );
        for wrong in [
            r#"{"do":"lits"}"#,
            r#"{"do":"terminate"}"#,
            r#"{"do":"show","process":"a","more":1}"#,
            r#"{"do":"list","query":{"sort":"size"}}"#,
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_refusal_names_its_kind_by_the_word() {
        let refusal = |kind| Answer::Error {
            kind,
            message: "no".to_owned(),
            problems: Vec::new(),
        };
        let line = r#"{"error":{"kind":"NotFound","message":"no"}}"#;
        assert_eq!(
            serde_json::to_string(&refusal(Kind::NotFound)).unwrap(),
            line
        );
        assert_eq!(
            serde_json::from_str::<Answer>(line).unwrap(),
            refusal(Kind::NotFound)
        );
        let own = line.replace("NotFound", "Mine");
        let read = serde_json::from_str::<Answer>(&own).unwrap();
        assert_eq!(read, refusal(Kind::Other("Mine".into())));
    }
}

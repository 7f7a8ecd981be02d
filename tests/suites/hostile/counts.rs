//! The runtime's counts, read through its control socket.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use serde_json::{Value, json};
use warren_tests::TIMEOUT;

/// A client of the control socket.
pub(crate) struct Control {
    stream: BufReader<UnixStream>,
}

/// The counts that an attack may change only while it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Counts {
    processes: u64,
    tasks: u64,
    names: u64,
    places: u64,
    messages: u64,
    bytes: u64,
    memory: u64,
    open_files: usize,
}

impl Counts {
    /// Returns the counts after the two bystanders have ended, each with its
    /// task and its place: the allowed rest at that time.
    pub(crate) fn without_bystanders(&self) -> Counts {
        Counts {
            processes: self.processes - 2,
            tasks: self.tasks - 2,
            places: self.places - 2,
            ..self.clone()
        }
    }

    /// Returns whether the attack's resources are free again. The warden may
    /// hold more memory and fewer messages than before; the bystanders' is
    /// gone.
    pub(crate) fn is_back_at(&self, wanted: &Counts) -> bool {
        (self.processes, self.tasks, self.names, self.places)
            == (wanted.processes, wanted.tasks, wanted.names, wanted.places)
            && self.messages <= wanted.messages
            && self.bytes <= wanted.bytes
            && self.memory <= wanted.memory
            && self.open_files <= wanted.open_files
    }
}

impl Control {
    /// Connects and reads the greeting.
    #[track_caller]
    pub(crate) fn connect(socket: &Path) -> Control {
        Control::try_connect(socket).expect("the control socket has a seat for a client")
    }

    /// Connects and reads the greeting; `None` if all seats are taken.
    #[track_caller]
    pub(crate) fn try_connect(socket: &Path) -> Option<Control> {
        let stream = UnixStream::connect(socket).expect("the control socket takes a client");
        stream
            .set_read_timeout(Some(TIMEOUT))
            .expect("a timeout is set");
        let mut control = Control {
            stream: BufReader::new(stream),
        };
        let greeting = control.read();
        greeting["protocol"].is_u64().then_some(control)
    }

    /// Returns the runtime's present counts; `pid` is the command's.
    #[track_caller]
    pub(crate) fn counts(&mut self, pid: u32) -> Counts {
        let listing = self.ask(json!({"do": "list", "query": {"limit": 1}}));
        let totals = &listing["totals"];
        let number = |key: &str| {
            totals[key]
                .as_u64()
                .unwrap_or_else(|| panic!("no {key} in {totals}"))
        };
        Counts {
            processes: number("processes"),
            tasks: number("tasks"),
            names: number("names"),
            places: number("places"),
            messages: number("messages"),
            bytes: number("bytes"),
            memory: number("memory"),
            open_files: open_files(pid),
        }
    }

    /// Sends a message to a process by its name.
    #[track_caller]
    pub(crate) fn send(&mut self, process: &str, topic: &str) {
        self.ask(json!({"do": "send", "process": process, "topic": topic, "value": true}));
    }

    /// Ends all processes of a host.
    #[track_caller]
    pub(crate) fn empty(&mut self, host: &str) {
        self.ask(json!({"do": "terminate_hosts", "hosts": [host]}));
    }

    #[track_caller]
    fn ask(&mut self, request: Value) -> Value {
        let mut answer = self.request(&request);
        assert!(answer["error"].is_null(), "{request}: {answer}");
        answer["ok"].take()
    }

    #[track_caller]
    fn request(&mut self, request: &Value) -> Value {
        writeln!(self.stream.get_mut(), "{request}").expect("the request is sent");
        self.read()
    }

    #[track_caller]
    fn read(&mut self) -> Value {
        let mut line = String::new();
        self.stream.read_line(&mut line).expect("an answer in time");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line:?}: {error}"))
    }
}

/// Returns the number of files that a command has open, except for compiled
/// code, which stays mapped for the next process of its definition, and
/// databases, whose connections wait for the next statement.
fn open_files(pid: u32) -> usize {
    let files = fs::read_dir(format!("/proc/{pid}/fd")).expect("the command runs");
    files
        .flatten()
        .filter_map(|file| fs::read_link(file.path()).ok())
        // Code that was swept from the cache meanwhile is ` (deleted)`.
        .filter(|target| {
            let target = target.to_string_lossy();
            ![".cwasm", ".db"].iter().any(|kept| target.contains(kept))
        })
        .count()
}

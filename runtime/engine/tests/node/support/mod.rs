//! Guests as text, definitions in memory, and the lines that processes print.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test module"
)]

pub mod child;
pub mod component;
pub mod http;
pub mod imports;
pub mod permission;

use std::collections::HashMap;
use std::future::Future;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rmpv::Value;
use tokio::sync::mpsc;
use warren_engine::capability::Capability;
use warren_engine::security::Authorizer;
use warren_engine::{
    Code, CompileLimits, DEFAULT_TICK, Definition, Definitions, Files, Grants, HostLimits,
    MachineMemory, Membership, NativeCode, Node, NodeConfig, ProcessEnd, Running, Sink, Source,
    Stream,
};
use warren_kernel::{Activity, Error, Outcome};

/// The host of all processes, unless a test uses another.
pub const HOST: &str = "test:host";

/// Longer than any operation takes: a longer wait is a hang.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Called with the name of each module that a guest asks for.
pub type OnModule = Box<dyn Fn(&str) + Send>;

/// Definitions that tests add while they run.
#[derive(Default)]
pub struct Shelf {
    definitions: Mutex<HashMap<String, Arc<Definition>>>,
    modules: Mutex<HashMap<String, Source>>,
    on_module: Mutex<Option<OnModule>>,
}

impl Definitions for Shelf {
    fn definition(&self, id: &str) -> Result<Arc<Definition>, Error> {
        let definitions = self.definitions.lock().unwrap();
        let found = definitions.get(id).cloned();
        found.ok_or_else(|| Error::not_found(format!("definition not found: {id}")))
    }
}

impl Files for Shelf {
    fn module(&self, name: &str) -> Result<Option<Source>, Error> {
        if let Some(on_module) = &*self.on_module.lock().unwrap() {
            on_module(name);
        }
        Ok(self.modules.lock().unwrap().get(name).cloned())
    }
}

/// A sink that sends each written line to a channel.
struct Lines(mpsc::UnboundedSender<String>);

impl Sink for Lines {
    fn write(&mut self, _: Stream, bytes: &[u8]) {
        for line in String::from_utf8_lossy(bytes).lines() {
            let _ = self.0.send(line.to_owned());
        }
    }
}

/// The settings of a world.
pub struct Setup {
    pub hosts: Vec<(String, HostLimits)>,
    pub cache: Option<PathBuf>,
    pub interpreter: Option<String>,
    pub authorizer: Option<Arc<dyn Authorizer>>,
    pub capabilities: Vec<Arc<dyn Capability>>,
    /// Replaces the sink that keeps lines for [`World::line`].
    pub sink: Option<Box<dyn Sink>>,
    pub compile: CompileLimits,
    pub max_memory_total: Option<u64>,
    pub memory: Option<Arc<dyn MachineMemory>>,
    pub cluster: Option<Membership>,
    /// The time for which a process waits before it is parked.
    pub park_after: Option<Duration>,
}

impl Default for Setup {
    fn default() -> Self {
        Setup {
            hosts: vec![(HOST.to_owned(), small_host())],
            cache: None,
            interpreter: None,
            authorizer: None,
            capabilities: Vec::new(),
            sink: None,
            compile: CompileLimits::default(),
            max_memory_total: None,
            memory: None,
            cluster: None,
            park_after: None,
        }
    }
}

/// Limits of a thousand processes with 16 MiB each.
pub fn small_host() -> HostLimits {
    HostLimits::default()
        .max_processes(1_000)
        .max_memory(16 << 20)
}

/// A node with its definitions and output.
pub struct World {
    pub node: Arc<Node>,
    shelf: Arc<Shelf>,
    lines: mpsc::UnboundedReceiver<String>,
}

impl World {
    /// Makes a world with these definitions, pairs of id and guest.
    pub fn new(definitions: &[(&str, String)]) -> World {
        let world = World::set_up(Setup::default());
        for (id, guest) in definitions {
            world.define(id, guest);
        }
        world
    }

    pub fn set_up(setup: Setup) -> World {
        let shelf = Arc::new(Shelf::default());
        let (sender, lines) = mpsc::unbounded_channel();
        let definitions: Arc<dyn Definitions> = Arc::clone(&shelf) as _;
        let node = Node::start(NodeConfig {
            definitions,
            capabilities: setup.capabilities,
            authorizer: setup.authorizer,
            hosts: setup.hosts,
            cache: setup.cache,
            output: setup.sink.unwrap_or_else(|| Box::new(Lines(sender))),
            log: None,
            workers: None,
            interpreter: setup.interpreter.map(String::into_bytes),
            tick: DEFAULT_TICK,
            park_after: setup.park_after,
            payload_objects: false,
            counts_lines: false,
            trace_messages: false,
            compile: setup.compile,
            max_memory_total: setup.max_memory_total,
            cluster: setup.cluster,
            memory: setup.memory,
            time: warren_engine::Time::Real,
        });
        World {
            node: node.unwrap(),
            shelf,
            lines,
        }
    }

    /// Sets the function to call when a guest asks for a module.
    pub fn on_module(&self, on_module: impl Fn(&str) + Send + 'static) {
        *self.shelf.on_module.lock().unwrap() = Some(Box::new(on_module));
    }

    pub fn define(&self, id: &str, guest: &str) {
        self.define_bytes(id, guest.as_bytes());
    }

    pub fn define_bytes(&self, id: &str, guest: &[u8]) {
        let source = Source {
            name: format!("{id}.wat").into(),
            bytes: guest.into(),
        };
        self.add(id, Code::Wasm(source), Grants::default());
    }

    /// Removes a definition, as if its file were gone.
    pub fn undefine(&self, id: &str) {
        self.shelf.definitions.lock().unwrap().remove(id);
    }

    pub fn define_with(&self, id: &str, guest: &str, grants: Grants) {
        let source = Source {
            name: format!("{id}.wat").into(),
            bytes: guest.as_bytes().into(),
        };
        self.add(id, Code::Wasm(source), grants);
    }

    /// Defines a source for the interpreter.
    pub fn define_source(&self, id: &str, source: &str) {
        let source = Source {
            name: format!("{id}.lua").into(),
            bytes: source.as_bytes().into(),
        };
        self.add(id, Code::Lua(source), Grants::default());
    }

    /// Defines a host function.
    pub fn define_native(&self, id: &str, code: NativeCode) {
        self.add(id, Code::Native(code), Grants::default());
    }

    fn add(&self, id: &str, code: Code, grants: Grants) {
        let definition = Definition {
            id: id.into(),
            code,
            method: "main".into(),
            host: None,
            grants: Arc::new(grants),
        };
        let mut definitions = self.shelf.definitions.lock().unwrap();
        definitions.insert(id.to_owned(), Arc::new(definition));
    }

    pub async fn start(&self, id: &str) -> Running {
        self.try_start(id).await.unwrap()
    }

    pub async fn try_start(&self, id: &str) -> Result<Running, Error> {
        in_time(self.node.run(id, HOST, &[])).await
    }

    /// Runs a definition with these arguments to its end.
    pub async fn run_with(&self, id: &str, arguments: &[u8]) -> ProcessEnd {
        let mut running = in_time(self.node.run(id, HOST, arguments)).await.unwrap();
        in_time(running.wait()).await
    }

    pub async fn run(&self, id: &str) -> ProcessEnd {
        self.run_with(id, &[]).await
    }

    /// Runs a definition and returns the bytes that it gives to `finish`.
    pub async fn result(&self, id: &str) -> Vec<u8> {
        bytes(&self.run(id).await)
    }

    /// Runs a definition and returns the error with which it ends.
    pub async fn failure(&self, id: &str) -> Error {
        error(&self.run(id).await)
    }

    /// Waits for the next line that any process prints.
    pub async fn line(&mut self) -> String {
        self.line_within(PATIENCE).await
    }

    /// Waits for the next line, with a time limit.
    pub async fn line_within(&mut self, patience: Duration) -> String {
        let line = tokio::time::timeout(patience, self.lines.recv()).await;
        line.expect("it comes in time").expect("the node lives")
    }

    pub async fn expect_line(&mut self, expected: &str) {
        assert_eq!(self.line().await, expected);
    }

    pub fn send(&self, to: &Running, topic: &str, payload: &[u8]) {
        let kernel = self.node.kernel();
        kernel.send(None, to.process(), topic, payload).unwrap();
    }

    pub fn terminate(&self, running: &Running) {
        self.node.kernel().terminate(running.process()).unwrap();
    }

    /// Waits until no process is left and no slot is taken.
    pub async fn idle(&self) {
        while self.node.kernel().live() > 0 || self.node.slots_taken() > 0 {
            tokio::task::yield_now().await;
        }
    }

    /// Ends everything, and checks that nothing is left.
    pub async fn close(self) {
        in_time(self.node.terminate_all(std::time::Duration::from_secs(60))).await;
        self.assert_empty();
    }

    pub fn assert_empty(&self) {
        assert_eq!(self.node.kernel().live(), 0, "processes");
        assert_eq!(self.node.kernel().name_count(), 0, "names");
        assert_eq!(self.node.slots_taken(), 0, "slots");
        for host in self.node.kernel().hosts() {
            assert_eq!(host.live(), 0, "places of host {}", host.name());
        }
    }
}

/// The bytes that a guest gave to `finish`: the bytes of a string, or else the
/// encoded value; empty for no result.
pub fn bytes(end: &ProcessEnd) -> Vec<u8> {
    match &*end.outcome {
        Outcome::Returned(Some(value)) => match decoded(value) {
            Value::Binary(bytes) => bytes,
            _ => value.to_vec(),
        },
        Outcome::Returned(None) => Vec::new(),
        Outcome::Failed(error) => panic!("it failed: {error:?}"),
    }
}

pub fn error(end: &ProcessEnd) -> Error {
    match &*end.outcome {
        Outcome::Failed(error) => (**error).clone(),
        outcome => panic!("it did not fail: {outcome:?}"),
    }
}

/// An encoded value, decoded.
pub fn decoded(mut bytes: &[u8]) -> Value {
    let value = rmpv::decode::read_value(&mut bytes).expect("is MessagePack");
    assert!(bytes.is_empty(), "{} bytes more", bytes.len());
    value
}

pub fn encoded(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    rmpv::encode::write_value(&mut bytes, value).unwrap();
    bytes
}

/// The value of a key of a map.
pub fn field<'a>(map: &'a Value, key: &str) -> &'a Value {
    let pairs = map.as_map().expect("is a map");
    let pair = pairs.iter().find(|(name, _)| name.as_str() == Some(key));
    &pair.unwrap_or_else(|| panic!("no {key} in {map}")).1
}

pub async fn in_time<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future)
        .await
        .expect("it ends in time")
}

/// Runs a test again in a program of its own, and returns true there. Other tests of one
/// program change the memory that it uses.
pub async fn is_alone(test: &'static str) -> bool {
    const ALONE: &str = "WARREN_TEST_ALONE";
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let run = tokio::task::spawn_blocking(move || {
        std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test])
            .env(ALONE, "1")
            .output()
            .unwrap()
    });
    let output = run.await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}"
    );
    false
}

/// Bytes of memory this program uses.
pub fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = status.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

/// A guest that imports everything: items of its module, and the body of its
/// `start`. Its memory has one page unless it brings its own.
pub fn guest(items: &str, start: &str) -> String {
    let imports = imports::text();
    let memory = if items.contains("(memory ") {
        ""
    } else {
        r#"(memory (export "memory") 1)"#
    };
    let finish = finish_bytes("$program.finish", "");
    format!(r#"(module {imports} {memory} {finish} {items} (func (export "start") {start}))"#)
}

/// The function `$finish-bytes` with an address and a length. It gives these bytes
/// to `finish` as one string, so that a test can read a guest's memory. `present`
/// is put before the two parameters of the call of `finish`.
pub fn finish_bytes(finish: &str, present: &str) -> String {
    format!(
        r#"(func $finish-bytes (param $ptr i32) (param $len i32)
             (local $at i32)
             (local.set $at (i32.mul (memory.size) (i32.const 65536)))
             (if (i32.eq (i32.const -1) (memory.grow
                   (i32.div_u (i32.add (local.get $len) (i32.const 65540)) (i32.const 65536))))
               ;; No more is to be had: it goes to the end.
               (then (local.set $at (i32.sub (local.get $at) (i32.add (local.get $len) (i32.const 5))))))
             (i32.store8 (local.get $at) (i32.const 0xc6))
             (i32.store8 offset=1 (local.get $at) (i32.shr_u (local.get $len) (i32.const 24)))
             (i32.store8 offset=2 (local.get $at) (i32.shr_u (local.get $len) (i32.const 16)))
             (i32.store8 offset=3 (local.get $at) (i32.shr_u (local.get $len) (i32.const 8)))
             (i32.store8 offset=4 (local.get $at) (local.get $len))
             (memory.copy (i32.add (local.get $at) (i32.const 5)) (local.get $ptr) (local.get $len))
             (call {finish} {present} (local.get $at) (i32.add (local.get $len) (i32.const 5))))"#
    )
}

/// A guest that waits for one message and ends with its record as result.
pub fn echo() -> String {
    guest(
        "",
        "(call $mailbox.inbox) (drop)
         (call $finish-bytes (i32.const 1024)
           (call $mailbox.receive-one (i32.const 1) (i64.const -1) (i32.const 1024) (i32.const 60000)))",
    )
}

/// Waits until a process does this.
pub async fn until(running: &Running, activity: Activity) {
    in_time(async {
        while running.process().summary().expect("it lives").activity != activity {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// A guest that prints `ready` and waits until it is ended.
pub fn parked() -> String {
    guest(
        r#"(data (i32.const 0) "ready\n")"#,
        "(call $stdio.write (i32.const 0) (i32.const 0) (i32.const 6))
         (drop (call $mailbox.receive (i32.const 0) (i32.const 0) (i64.const -1) (i32.const 0) (i32.const 0)))",
    )
}

/// Text as the bytes of a WAT string.
pub fn escaped(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\{byte:02x}")).collect()
}

//! The manifest `warren.toml`: its settings and its problems.
//!
//! Reading goes in two steps. [`Manifest::parse`] looks at the text alone.
//! Checks that need the program's files and hosts follow once those are known.
//! Both report [`Problem`]s, and all of them at once.

mod cluster;
mod consumers;
mod databases;
mod imports;
mod listeners;
mod problem;
mod queues;
mod reader;
#[cfg(test)]
mod reference;
mod routers;
mod routes;
mod scalars;
mod security;
mod service_entry;
mod size;
mod static_entry;
mod stores;
mod test_entry;
mod tokens;
mod uses;
mod volumes;

use std::collections::BTreeMap;
use std::time::Duration;

use toml::Spanned;
use toml::de::DeTable;
use warren_engine::DEFAULT_TICK;
use warren_kernel::text;

use crate::host::{HostSettings, QueueSettings};
use crate::id::{Id, is_segment_char};
use crate::uses::UseKind;
pub use cluster::ClusterEntry;
pub(crate) use consumers::ConsumerEntry;
pub(crate) use databases::DatabaseEntry;
pub(crate) use imports::ImportsEntry;
pub(crate) use listeners::ListenerEntry;
pub(crate) use queues::QueueEntry;
use reader::{Reader, Section};
pub(crate) use routers::RouterEntry;
pub(crate) use routes::RoutesEntry;
pub(crate) use security::{IdentityOf, SecurityEntries};
pub(crate) use service_entry::ServiceEntry;
pub(crate) use static_entry::StaticEntry;
pub(crate) use stores::StoreEntry;
pub(crate) use test_entry::TestEntry;
pub(crate) use tokens::TokensEntry;
pub(crate) use uses::Use;
pub(crate) use volumes::VolumeEntry;

pub use problem::{ManifestError, Position, Problem, more_problems};
pub use size::{SizeError, parse_size};

/// Bytes of the longest name of an app, which leave ids room for the rest.
const MAX_NAME: usize = 64;

/// The settings of a manifest, before they are checked against the program's
/// files.
#[derive(Debug, Default)]
pub(crate) struct Manifest {
    pub(crate) name: Option<String>,
    pub(crate) main: Option<Spanned<Id>>,
    /// Bytes of memory of all processes together.
    pub(crate) max_memory_total: Option<u64>,
    /// The time for which a process waits before it is parked; the inner `None` parks nobody.
    pub(crate) park_after: Option<Option<Duration>>,
    /// `payloads = "object"`.
    pub(crate) payload_objects: bool,
    pub(crate) hosts: BTreeMap<Id, HostSettings>,
    pub(crate) processes: Vec<ProcessEntry>,
    pub(crate) services: Vec<ServiceEntry>,
    pub(crate) grants: Vec<GrantEntry>,
    pub(crate) imports: Vec<ImportsEntry>,
    pub(crate) tokens: Vec<TokensEntry>,
    pub(crate) stores: Vec<StoreEntry>,
    pub(crate) databases: Vec<DatabaseEntry>,
    pub(crate) queues: Vec<QueueEntry>,
    pub(crate) consumers: Vec<ConsumerEntry>,
    pub(crate) volumes: Vec<VolumeEntry>,
    pub(crate) listeners: Vec<ListenerEntry>,
    pub(crate) routers: Vec<RouterEntry>,
    pub(crate) routes: Vec<RoutesEntry>,
    pub(crate) files: Vec<StaticEntry>,
    pub(crate) security: SecurityEntries,
    pub(crate) cluster: Option<ClusterEntry>,
}

/// A table `[processes."id"]`.
#[derive(Debug)]
pub(crate) struct ProcessEntry {
    pub(crate) id: Spanned<Id>,
    pub(crate) source: Option<Spanned<String>>,
    pub(crate) method: Option<String>,
    pub(crate) host: Option<Spanned<Id>>,
    /// The names of the libraries; `None` for all.
    pub(crate) modules: Option<Vec<String>>,
    pub(crate) test: Option<TestEntry>,
}

/// A table `[grants."id"]`.
#[derive(Debug)]
pub(crate) struct GrantEntry {
    pub(crate) id: Spanned<Id>,
    pub(crate) read: Vec<Spanned<String>>,
    pub(crate) write: Vec<Spanned<String>>,
    pub(crate) env: Vec<Spanned<String>>,
    pub(crate) env_write: Vec<Spanned<String>>,
    pub(crate) tokens: Vec<Spanned<String>>,
    /// Things that capabilities give.
    pub(crate) uses: Vec<Use>,
}

impl Manifest {
    /// Reads the text of a manifest. Unreadable settings are left out and
    /// recorded as problems.
    pub(crate) fn parse(text: &str) -> (Manifest, Vec<Problem>) {
        let document = match DeTable::parse(text) {
            Ok(document) => document,
            Err(error) => {
                let problem = Problem {
                    span: error.span().unwrap_or(0..0),
                    message: error.message().to_owned(),
                    label: "here".to_owned(),
                    remedy: None,
                };
                return (Manifest::default(), vec![problem]);
            }
        };
        let mut reader = Reader::default();
        let mut manifest = Manifest::default();
        let root = Section::document(document.get_ref());
        reader.known_keys(
            &root,
            &[
                "app",
                "hosts",
                "processes",
                "services",
                "grants",
                "imports",
                "tokens",
                "stores",
                "databases",
                "queues",
                "consumers",
                "volumes",
                "listeners",
                "routers",
                "routes",
                "static",
                "cluster",
                "security",
                "scopes",
            ],
        );
        if let Some(app) = reader.table(&root, "app") {
            manifest.read_app(&mut reader, &app);
        }
        if let Some(cluster) = reader.table(&root, "cluster") {
            manifest.cluster = Some(ClusterEntry::read(&mut reader, &cluster));
        }
        for (id, host) in reader.tables_by_id(&root, "hosts") {
            let config = read_host(&mut reader, &host);
            manifest
                .security
                .read_identity(&mut reader, IdentityOf::Host, id.get_ref(), &host);
            manifest.hosts.insert(id.into_inner(), config);
        }
        for (id, process) in reader.tables_by_id(&root, "processes") {
            let security = &mut manifest.security;
            security.read_identity(&mut reader, IdentityOf::Definition, id.get_ref(), &process);
            let entry = read_process(&mut reader, id, &process);
            manifest.processes.push(entry);
        }
        for (id, service) in reader.tables_by_id(&root, "services") {
            let security = &mut manifest.security;
            security.read_identity(&mut reader, IdentityOf::Service, id.get_ref(), &service);
            let entry = ServiceEntry::read(&mut reader, id, &service);
            manifest.services.push(entry);
        }
        for (id, grants) in reader.tables_by_id(&root, "grants") {
            let entry = read_grants(&mut reader, id, &grants);
            manifest.grants.push(entry);
        }
        for (id, imports) in reader.tables_by_id(&root, "imports") {
            let entry = ImportsEntry::read(&mut reader, id, &imports);
            manifest.imports.push(entry);
        }
        for (id, tokens) in reader.tables_by_id(&root, "tokens") {
            let entry = TokensEntry::read(&mut reader, id, &tokens);
            manifest.tokens.push(entry);
        }
        for (id, store) in reader.tables_by_id(&root, "stores") {
            let entry = StoreEntry::read(&mut reader, &id, &store);
            manifest.stores.push(entry);
        }
        for (id, database) in reader.tables_by_id(&root, "databases") {
            let entry = DatabaseEntry::read(&mut reader, id, &database);
            manifest.databases.push(entry);
        }
        for (id, queue) in reader.tables_by_id(&root, "queues") {
            let entry = QueueEntry::read(&mut reader, id, &queue);
            manifest.queues.push(entry);
        }
        for (id, consumer) in reader.tables_by_id(&root, "consumers") {
            let entry = ConsumerEntry::read(&mut reader, id, &consumer);
            manifest.consumers.push(entry);
        }
        for (id, volume) in reader.tables_by_id(&root, "volumes") {
            let entry = VolumeEntry::read(&mut reader, id, &volume);
            manifest.volumes.push(entry);
        }
        for (id, listener) in reader.tables_by_id(&root, "listeners") {
            let entry = ListenerEntry::read(&mut reader, id, &listener);
            manifest.listeners.push(entry);
        }
        for (id, router) in reader.tables_by_id(&root, "routers") {
            let entry = RouterEntry::read(&mut reader, id, &router);
            manifest.routers.push(entry);
        }
        for (id, routes) in reader.tables_by_id(&root, "routes") {
            let entry = RoutesEntry::read(&mut reader, id, &routes);
            manifest.routes.push(entry);
        }
        for (id, files) in reader.tables_by_id(&root, "static") {
            let entry = StaticEntry::read(&mut reader, id, &files);
            manifest.files.push(entry);
        }
        manifest.security.read(&mut reader, &root);
        (manifest, reader.into_problems())
    }

    /// Returns the ids of the entries of a kind.
    pub(crate) fn entries(&self, kind: &UseKind) -> impl Iterator<Item = &str> + Clone {
        let stores = match kind.table {
            "stores" => &self.stores[..],
            _ => &[],
        };
        let databases = match kind.table {
            "databases" => &self.databases[..],
            _ => &[],
        };
        let queues = match kind.table {
            "queues" => &self.queues[..],
            _ => &[],
        };
        let volumes = match kind.table {
            "volumes" => &self.volumes[..],
            _ => &[],
        };
        let stores = stores.iter().map(|store| &*store.settings.id);
        let databases = databases.iter().map(|entry| &*entry.settings.id);
        let queues = queues.iter().map(|queue| queue.id.get_ref().as_str());
        let volumes = volumes.iter().map(|volume| volume.id.get_ref().as_str());
        stores.chain(databases).chain(queues).chain(volumes)
    }

    fn read_app(&mut self, reader: &mut Reader, app: &Section<'_>) {
        let known = ["name", "main", "max_memory_total", "park_after", "payloads"];
        reader.known_keys(app, &known);
        if let Some(name) = reader.string(app, "name") {
            let sound = (1..=MAX_NAME).contains(&name.get_ref().len());
            if sound && name.get_ref().chars().all(is_segment_char) {
                self.name = Some(name.into_inner());
            } else {
                reader.problem(
                    name.span(),
                    format!("`{}` cannot be an app's name", text::quoted(name.get_ref())),
                    format!("expected at most {MAX_NAME} ASCII letters, digits, `_` and `-`"),
                    None,
                );
            }
        }
        self.main = reader.id(app, "main");
        self.max_memory_total = reader.size(app, "max_memory_total", MEMORY_OF_ALL);
        self.park_after = reader.duration_or_off(app, "park_after");
        self.payload_objects = reader
            .choice(app, "payloads", &PAYLOADS)
            .unwrap_or_default();
    }
}

fn read_host(reader: &mut Reader, host: &Section<'_>) -> HostSettings {
    let known = [
        "max_processes",
        "max_memory",
        "max_memory_total",
        "max_cpu",
        "max_log",
        "max_log_total",
        "max_files",
        "max_files_total",
        "max_disk",
        "max_queue",
        "actor",
        "scope",
    ];
    reader.known_keys(host, &known);
    let mut config = HostSettings {
        max_processes: reader.count(host, "max_processes"),
        max_memory: reader.size(host, "max_memory", MEMORY),
        max_memory_total: reader.size(host, "max_memory_total", MEMORY_OF_ALL),
        // A process's run time is counted in ticks.
        max_cpu: reader.duration(host, "max_cpu", DEFAULT_TICK),
        max_log: reader.size(host, "max_log", LOG),
        max_log_total: reader.size(host, "max_log_total", LOG),
        max_files: reader.count(host, "max_files"),
        max_files_total: reader.count(host, "max_files_total"),
        max_disk: reader.size(host, "max_disk", 0..=i64::MAX.unsigned_abs()),
        max_queue: QueueSettings::default(),
    };
    if let Some(queue) = reader.table(host, "max_queue") {
        reader.known_keys(&queue, &["messages", "bytes"]);
        config.max_queue = QueueSettings {
            messages: reader.count(&queue, "messages"),
            bytes: reader
                .size(&queue, "bytes", 1..=MAX_QUEUE)
                .and_then(|bytes| usize::try_from(bytes).ok()),
        };
    }
    config
}

/// The forms of `message:payload()`; true for objects.
const PAYLOADS: [(&str, bool); 2] = [("values", false), ("object", true)];

/// Bytes that may be logged in a second: from one short record to more than a
/// disk takes.
const LOG: std::ops::RangeInclusive<u64> = (1 << 10)..=(1 << 40);

/// Most bytes of a queue: more than any machine has.
const MAX_QUEUE: u64 = 1 << 40;

/// The bytes that `max_memory_total` may have: from 1 MiB, which has room for a few small
/// processes, to 128 TiB, all that any machine has.
pub const MEMORY_OF_ALL: std::ops::RangeInclusive<u64> = (1 << 20)..=(1 << 47);

/// Memory of one process: from one page of WebAssembly to all that 32 bits
/// address.
const MEMORY: std::ops::RangeInclusive<u64> = (64 << 10)..=(4 << 30);

fn read_process(reader: &mut Reader, id: Spanned<Id>, process: &Section<'_>) -> ProcessEntry {
    let known = [
        "source", "method", "host", "modules", "test", "actor", "scope",
    ];
    reader.known_keys(process, &known);
    let method = reader.string(process, "method");
    if let Some(empty) = method.as_ref().filter(|method| method.get_ref().is_empty()) {
        reader.problem(
            empty.span(),
            "a method needs a name",
            "expected the name of a function",
            Some("leave `method` out for `main`".to_owned()),
        );
    }
    let modules = reader.strings(process, "modules").into_iter();
    let modules = modules.map(Spanned::into_inner).collect();
    ProcessEntry {
        id,
        source: reader.string(process, "source"),
        method: method.map(Spanned::into_inner),
        host: reader.id(process, "host"),
        modules: process.has("modules").then_some(modules),
        test: TestEntry::read(reader, process),
    }
}

fn read_grants(reader: &mut Reader, id: Spanned<Id>, grants: &Section<'_>) -> GrantEntry {
    let mut known = vec!["read", "write", "env", "env_write", "tokens"];
    known.extend(UseKind::ALL.iter().map(|kind| kind.key));
    reader.known_keys(grants, &known);
    GrantEntry {
        id,
        read: reader.strings(grants, "read"),
        write: reader.strings(grants, "write"),
        env: reader.strings(grants, "env"),
        env_write: reader.strings(grants, "env_write"),
        tokens: reader.strings(grants, "tokens"),
        uses: uses::read(reader, grants),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_manifest() {
        let (manifest, problems) = Manifest::parse(
            r#"
            [app]
            name = "shop"
            main = "shop:main"
            max_memory_total = "8GiB"
            park_after = "500ms"
            payloads = "object"

            [hosts."shop:workers"]
            max_processes = 100_000
            max_memory = "32MiB"
            max_memory_total = "2GiB"
            max_cpu = "1m30s"
            max_log = "1MiB"
            max_log_total = "2MiB"
            max_files = 100
            max_files_total = 1_000
            max_disk = "2GiB"
            max_queue = { messages = 10_000, bytes = "4MiB" }

            [processes."shop.orders:handler"]
            source = "orders/handler.lua"
            method = "handle"
            host = "shop:workers"

            [grants."shop.orders:handler"]
            read = ["data"]
            write = ["out"]
            env = ["REGION"]
            "#,
        );
        assert_eq!(problems, []);
        assert_eq!(manifest.name.as_deref(), Some("shop"));
        assert_eq!(manifest.main.unwrap().get_ref().as_str(), "shop:main");
        let (id, host) = manifest.hosts.iter().next().unwrap();
        assert_eq!(id.as_str(), "shop:workers");
        assert_eq!(host.max_processes, Some(100_000));
        assert_eq!(host.max_memory, Some(32 << 20));
        assert_eq!(host.max_memory_total, Some(2 << 30));
        assert_eq!(manifest.max_memory_total, Some(8 << 30));
        assert_eq!(manifest.park_after, Some(Some(Duration::from_millis(500))));
        assert!(manifest.payload_objects);
        assert_eq!(host.max_cpu, Some(Duration::from_secs(90)));
        assert_eq!(host.max_log, Some(1 << 20));
        assert_eq!(host.max_log_total, Some(2 << 20));
        assert_eq!(host.max_files, Some(100));
        assert_eq!(host.max_files_total, Some(1_000));
        assert_eq!(host.max_disk, Some(2 << 30));
        assert_eq!(host.max_queue.messages, Some(10_000));
        assert_eq!(host.max_queue.bytes, Some(4 << 20));
        let process = &manifest.processes[0];
        assert_eq!(
            process.source.as_ref().unwrap().get_ref(),
            "orders/handler.lua"
        );
        assert_eq!(process.method.as_deref(), Some("handle"));
        assert_eq!(
            process.host.as_ref().unwrap().get_ref().as_str(),
            "shop:workers"
        );
        let grants = &manifest.grants[0];
        assert_eq!(grants.read[0].get_ref(), "data");
        assert_eq!(grants.write[0].get_ref(), "out");
        assert_eq!(grants.env[0].get_ref(), "REGION");
    }

    #[test]
    fn an_empty_manifest_says_nothing() {
        let (manifest, problems) = Manifest::parse("");
        assert!(problems.is_empty() && manifest.name.is_none() && manifest.main.is_none());
    }

    /// Returns the only problem of a manifest, its line, and the text it points
    /// at.
    #[track_caller]
    fn problem(text: &str) -> (usize, &str, String) {
        let (_, problems) = Manifest::parse(text);
        let [problem] = &problems[..] else {
            panic!("expected one problem, found {problems:#?}");
        };
        let line = text[..problem.span.start].matches('\n').count() + 1;
        let all = format!(
            "{} | {} | {}",
            problem.message,
            problem.label,
            problem.remedy.as_deref().unwrap_or("-")
        );
        (line, &text[problem.span.clone()], all)
    }

    #[test]
    fn an_unknown_key_is_named_and_the_right_one_suggested() {
        let (_, at, all) = problem("[app]\nname = \"x\"\nmian = \"x:main\"\n");
        assert_eq!(at, "mian");
        assert_eq!(
            all,
            "unknown key `mian` in [app] | expected `name`, `main`, `max_memory_total`, `park_after` or `payloads` | did you mean `main`?"
        );

        let (_, at, all) = problem("[host.\"app:workers\"]\n");
        assert_eq!(at, "host");
        assert!(all.contains("did you mean `hosts`?"), "{all}");

        let (_, at, all) = problem("[hosts.\"app:w\"]\nmax_queue = { mesages = 1 }\n");
        assert_eq!(at, "mesages");
        assert!(all.contains("in [hosts.\"app:w\".max_queue]"), "{all}");

        let (_, _, all) = problem("[app]\nzzz = 1\n");
        assert!(all.ends_with("| -"), "{all}");
    }

    #[test]
    fn keys_below_a_wrong_id_are_checked_too() {
        let (_, problems) = Manifest::parse("[hosts.workers]\nmax_proceses = 1\n");
        let messages: Vec<&str> = problems.iter().map(|one| one.message.as_str()).collect();
        assert_eq!(messages.len(), 2, "{messages:?}");
        assert!(
            messages[0].contains("`workers` is not an id"),
            "{messages:?}"
        );
        assert!(
            messages[1].contains("unknown key `max_proceses`"),
            "{messages:?}"
        );
    }

    #[test]
    fn a_wrong_type_says_what_was_expected() {
        let (_, at, all) = problem("app = 3");
        assert_eq!(
            (at, all.as_str()),
            ("3", "`app` is an integer | expected a table | -")
        );
        let (_, at, all) = problem("[app]\nname = [1]");
        assert_eq!(
            (at, all.as_str()),
            ("[1]", "`name` in [app] is an array | expected a string | -")
        );
        let (_, at, _) = problem("[grants.\"a:b\"]\nread = \"data\"");
        assert_eq!(at, "\"data\"");
        let (_, at, _) = problem("[grants.\"a:b\"]\nread = [\"data\", 7]");
        assert_eq!(at, "7");
        let (_, at, _) = problem("hosts = []");
        assert_eq!(at, "[]");
    }

    #[test]
    fn parking_is_a_time_or_off() {
        let read = |value: &str| Manifest::parse(&format!("[app]\npark_after = {value}"));
        assert_eq!(read("\"off\"").0.park_after, Some(None));
        assert_eq!(read("\"0s\"").0.park_after, Some(Some(Duration::ZERO)));
        assert_eq!(Manifest::parse("").0.park_after, None);
        let (manifest, problems) = read("\"never\"");
        assert_eq!((manifest.park_after, problems.len()), (None, 1));
    }

    #[test]
    fn numbers_have_their_limits() {
        let host = |line: &str| format!("[hosts.\"a:b\"]\n{line}");
        for (line, at) in [
            ("max_processes = 0", "0"),
            ("max_processes = -4", "-4"),
            ("max_processes = 99999999999", "99999999999"),
            ("max_processes = 1.5", "1.5"),
            ("max_memory = \"32MB\"", "\"32MB\""),
            ("max_memory = \"lots\"", "\"lots\""),
            ("max_memory = 1000", "1000"),
            ("max_memory = \"5GiB\"", "\"5GiB\""),
            ("max_memory_total = \"5KiB\"", "\"5KiB\""),
            ("max_cpu = 10", "10"),
            ("max_cpu = \"10\"", "\"10\""),
            ("max_cpu = \"0s\"", "\"0s\""),
            ("max_cpu = \"2562048h\"", "\"2562048h\""),
            ("max_queue = { bytes = 0 }", "0"),
            ("max_files = 0", "0"),
            ("max_files_total = -1", "-1"),
            ("max_disk = \"lots\"", "\"lots\""),
            ("max_queue = { bytes = \"2TiB\" }", "\"2TiB\""),
            ("max_queue = { messages = 4294967296 }", "4294967296"),
            (
                "max_memory = 99999999999999999999999",
                "99999999999999999999999",
            ),
        ] {
            let text = host(line);
            let (_, found, all) = problem(&text);
            assert_eq!(found, at, "{line}");
            // Each message names the range, or the form of the text.
            assert!(
                all.contains("expected ") || all.contains("write one of"),
                "{all}"
            );
            assert!(all.contains(" to ") || !all.contains("range"), "{all}");
        }
        let (_, _, all) = problem(&host("max_memory = \"32MB\""));
        assert!(all.contains("write `MiB`"), "{all}");
    }

    #[test]
    fn ids_are_checked() {
        let (_, at, all) = problem("[processes.handler]\nsource = \"x.lua\"");
        assert_eq!(at, "handler");
        assert!(all.contains("expected `namespace:name`"), "{all}");
        let (_, at, _) = problem("[app]\nmain = \"../main\"");
        assert_eq!(at, "\"../main\"");
        let (_, at, _) = problem("[app]\nname = \"my shop\"");
        assert_eq!(at, "\"my shop\"");
        let (_, at, _) = problem("[app]\nname = \"\"");
        assert_eq!(at, "\"\"");
        let (_, at, _) = problem("[processes.\"a:b\"]\nmethod = \"\"");
        assert_eq!(at, "\"\"");
    }

    #[test]
    fn broken_toml_has_its_place() {
        let (line, _, all) = problem("[app]\nname = shop\n");
        assert_eq!(line, 2, "{all}");
        let (line, _, all) = problem("[app]\nname = \"a\"\nname = \"b\"\n");
        assert_eq!(line, 3, "{all}");
        assert!(all.contains("duplicate key"), "{all}");
        let (_, _, all) = problem("[app\n");
        assert!(all.contains("expected"), "{all}");
    }

    #[test]
    fn quotes_in_messages_are_cut() {
        let long = "x".repeat(100_000);
        for text in [
            format!("{long} = 1"),
            format!("[app]\nname = \"{long}\""),
            format!("[app]\nmain = \"{long}\""),
            format!("[hosts.\"a:b\"]\nmax_cpu = \"1{long}\""),
            format!("[hosts.\"a:b\"]\nmax_memory = \"1{long}\""),
            format!("[processes.\"{long}\"]"),
            format!("[services.\"a:b\"]\nprocess = \"a:b\"\nrestart.policy = \"{long}\""),
        ] {
            let all = problem(&text).2;
            assert!(all.len() < 1_000, "{}", all.len());
        }
        let strings = format!("[security]\npolicies = [{}]", "\"a\", ".repeat(1_001));
        let all = problem(&strings).2;
        assert!(
            all.contains("holds 1001 strings | expected at most 1000"),
            "{all}"
        );
    }

    #[test]
    fn too_deep_nesting_is_refused() {
        let deep = 100_000;
        for text in [
            format!("a = {}", "[".repeat(deep)),
            format!("a = {}", "{a = ".repeat(deep)),
            format!("a{} = 1", ".a".repeat(deep)),
            format!("[a{}]", ".a".repeat(deep)),
            format!("[[a{}]]", ".a".repeat(deep)),
        ] {
            let (_, problems) = Manifest::parse(&text);
            assert!(!problems.is_empty());
        }
    }

    #[test]
    fn all_problems_are_reported_in_order() {
        let (_, problems) = Manifest::parse("[grants.\"a:b\"]\nred = []\n[app]\nname = 1\nx = 2\n");
        let starts: Vec<_> = problems.iter().map(|problem| problem.span.start).collect();
        assert_eq!(problems.len(), 3);
        assert!(starts.is_sorted());
    }
}

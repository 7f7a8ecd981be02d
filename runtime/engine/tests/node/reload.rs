//! Other definitions in place of those that processes run.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use warren_engine::{Code, Definition, Definitions, Files, Grants, Reload, Source, Unprepared};
use warren_kernel::{Error, Kind};

use crate::support::{HOST, World, bytes, guest, in_time, small_host};

/// Definitions that never change.
struct Fixed(HashMap<Arc<str>, Arc<Definition>>);

impl Definitions for Fixed {
    fn definition(&self, id: &str) -> Result<Arc<Definition>, Error> {
        let found = self.0.get(id).map(Arc::clone);
        found.ok_or_else(|| Error::not_found(format!("definition not found: {id}")))
    }
}

impl Files for Fixed {
    fn module(&self, _: &str) -> Result<Option<Source>, Error> {
        Ok(None)
    }
}

fn definition(id: &str, code: Code) -> Arc<Definition> {
    Arc::new(Definition {
        id: id.into(),
        code,
        method: "main".into(),
        host: Some(HOST.into()),
        grants: Arc::new(Grants::default()),
    })
}

fn source(name: &str, text: &str) -> Source {
    Source {
        name: name.into(),
        bytes: text.as_bytes().into(),
    }
}

/// A guest that waits for a message, or not, and then returns a number.
fn numbered(n: u32, waits: bool) -> Source {
    let wait = "(drop (call $mailbox.receive-one (call $mailbox.inbox) (i64.const -1) (i32.const 1024) (i32.const 1000)))";
    let text = guest(
        &format!(
            r#"(data (i32.const 0) "\ce\{:02x}\{:02x}\{:02x}\{:02x}")"#,
            n >> 24,
            n >> 16 & 255,
            n >> 8 & 255,
            n & 255
        ),
        &format!(
            "{} (call $finish-bytes (i32.const 0) (i32.const 5))",
            if waits { wait } else { "" }
        ),
    );
    source("t/numbered.wat", &text)
}

/// The reload of one definition by another version of it.
fn reload(new: &Source, stale: Vec<Source>) -> Reload {
    let new = definition("t:numbered", Code::Wasm(new.clone()));
    let all = HashMap::from([(Arc::clone(&new.id), Arc::clone(&new))]);
    Reload {
        changed: vec![new],
        stale,
        ..Reload::new(Arc::new(Fixed(all)))
    }
}

/// The error of the first definition that is refused.
fn first(refused: Unprepared) -> Error {
    match refused {
        Unprepared::Code(mut refused) => refused.remove(0).1,
        other => panic!("{other}"),
    }
}

fn number(bytes: &[u8]) -> u32 {
    let [_, n @ ..] = bytes else {
        panic!("{bytes:?}")
    };
    u32::from_be_bytes(n.try_into().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn code_is_freed_when_its_last_process_ends() {
    let world = World::new(&[]);
    let first = numbered(1, true);
    let old = Arc::downgrade(&first.bytes);
    in_time(world.node.reload(reload(&first, Vec::new())))
        .await
        .unwrap();
    let mut running = world.start("t:numbered").await;
    let second = numbered(2, false);
    in_time(world.node.reload(reload(&second, vec![first])))
        .await
        .unwrap();
    assert_eq!(number(&world.result("t:numbered").await), 2);
    assert!(old.upgrade().is_some(), "a process runs it");
    world.send(&running, "go", b"\x90");
    assert_eq!(number(&bytes(&in_time(running.wait()).await)), 1);
    drop(running);
    // The task of the process is dropped a moment after its end is told.
    in_time(async {
        while old.upgrade().is_some() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_reloads_leave_one_version() {
    const RELOADS: u32 = 1_000;
    let world = World::new(&[]);
    let mut versions: Vec<Weak<[u8]>> = Vec::new();
    let mut stale = Vec::new();
    for n in 0..RELOADS {
        let new = numbered(n, false);
        versions.push(Arc::downgrade(&new.bytes));
        let reloaded = world.node.reload(reload(&new, std::mem::take(&mut stale)));
        in_time(reloaded).await.unwrap();
        if n % 100 == 0 {
            assert_eq!(number(&world.result("t:numbered").await), n);
        }
        // A version that is refused stays nowhere, either.
        let broken = source("t/numbered.wat", &format!("(module (func {n}x))"));
        versions.push(Arc::downgrade(&broken.bytes));
        let refused = in_time(world.node.reload(reload(&broken, Vec::new()))).await;
        let error = first(refused.unwrap_err());
        assert!(error.message.contains("t/numbered.wat:1:"), "{error}");
        drop(broken);
        stale.push(new);
    }
    stale.clear();
    assert_eq!(number(&world.result("t:numbered").await), RELOADS - 1);
    let alive = || {
        versions
            .iter()
            .filter(|version| version.strong_count() > 0)
            .count()
    };
    in_time(async {
        while alive() > 1 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(alive(), 1);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unchanged_code_is_not_compiled_again() {
    let world = World::new(&[]);
    let (same, first, second) = (numbered(1, false), numbered(2, false), numbered(3, false));
    let same = definition(
        "t:same",
        Code::Wasm(source(
            "t/same.wat",
            std::str::from_utf8(&same.bytes).unwrap(),
        )),
    );
    let with = |source: &Source| {
        let changed = definition("t:numbered", Code::Wasm(source.clone()));
        let both = [Arc::clone(&same), Arc::clone(&changed)];
        let all = both.map(|one| (Arc::clone(&one.id), one)).into();
        Reload {
            changed: vec![changed],
            ..Reload::new(Arc::new(Fixed(all)))
        }
    };
    in_time(world.node.reload(with(&first))).await.unwrap();
    assert_eq!(number(&world.result("t:same").await), 1);
    let begun = world.node.compilations_begun();
    let mut back = with(&second);
    back.stale.push(first.clone());
    in_time(world.node.reload(back)).await.unwrap();
    assert_eq!(number(&world.result("t:same").await), 1);
    assert_eq!(number(&world.result("t:numbered").await), 3);
    assert_eq!(
        world.node.compilations_begun(),
        begun + 1,
        "the changed code alone"
    );
    // The replaced version was forgotten.
    in_time(world.node.reload(with(&first))).await.unwrap();
    assert_eq!(number(&world.result("t:numbered").await), 2);
    assert_eq!(world.node.compilations_begun(), begun + 2);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_ends_reloads_nothing() {
    let world = World::new(&[]);
    world.node.close();
    let refused = world
        .node
        .reload(reload(&numbered(1, false), Vec::new()))
        .await;
    let error = first(refused.unwrap_err());
    assert!(error.message.contains("the program is ending"), "{error}");
    world.close().await;
}

/// Definitions of which processes keep no other one: their files are a thing of its own.
struct Table(HashMap<Arc<str>, Arc<Definition>>, Arc<dyn Files>);

impl Files for Table {
    fn module(&self, name: &str) -> Result<Option<Source>, Error> {
        self.1.module(name)
    }
}

impl Definitions for Table {
    fn definition(&self, id: &str) -> Result<Arc<Definition>, Error> {
        let found = self.0.get(id).map(Arc::clone);
        found.ok_or_else(|| Error::not_found(format!("definition not found: {id}")))
    }

    fn files(&self) -> Option<Arc<dyn Files>> {
        Some(Arc::clone(&self.1))
    }
}

fn table(files: &Arc<dyn Files>, definitions: &[&Arc<Definition>]) -> Reload {
    let all = definitions.iter();
    let all = all.map(|one| (Arc::clone(&one.id), Arc::clone(one)));
    Reload::new(Arc::new(Table(all.collect(), Arc::clone(files))))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removed_definition_is_freed_beside_processes_of_its_time() {
    let world = World::new(&[]);
    let files: Arc<dyn Files> = Arc::new(Fixed(HashMap::new()));
    let stays = definition("t:stays", Code::Wasm(numbered(1, true)));
    let goes = source(
        "t/goes.wat",
        std::str::from_utf8(&numbered(2, false).bytes).unwrap(),
    );
    let goes = definition("t:goes", Code::Wasm(goes));
    let with_both = Reload {
        changed: vec![Arc::clone(&stays), Arc::clone(&goes)],
        ..table(&files, &[&stays, &goes])
    };
    in_time(world.node.reload(with_both)).await.unwrap();
    let mut running = world.start("t:stays").await;
    assert_eq!(number(&world.result("t:goes").await), 2);
    let begun = world.node.compilations_begun();

    let gone = Arc::downgrade(&goes);
    let Code::Wasm(source) = goes.code.clone() else {
        panic!("it is WebAssembly")
    };
    let bytes_gone = Arc::downgrade(&source.bytes);
    let without = Reload {
        replaced: vec![goes],
        stale: vec![source],
        ..table(&files, &[&stays])
    };
    in_time(world.node.reload(without)).await.unwrap();
    // The task of a process is dropped a moment after its end is told.
    in_time(async {
        while gone.upgrade().is_some() || bytes_gone.upgrade().is_some() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(
        world.try_start("t:goes").await.unwrap_err().kind,
        Kind::NotFound
    );
    let mut another = world.start("t:stays").await;
    assert_eq!(world.node.compilations_begun(), begun, "its code is kept");
    for process in [&mut running, &mut another] {
        world.send(process, "go", b"\x90");
        assert_eq!(number(&bytes(&in_time(process.wait()).await)), 1);
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn definitions_of_one_source_have_one_code_whichever_of_them_goes() {
    let world = World::new(&[]);
    let files: Arc<dyn Files> = Arc::new(Fixed(HashMap::new()));
    let shared = numbered(1, true);
    let of = |id: &str| definition(id, Code::Wasm(shared.clone()));
    let (one, two, three, four) = (of("t:one"), of("t:two"), of("t:three"), of("t:four"));
    let both = Reload {
        changed: vec![Arc::clone(&one), Arc::clone(&two)],
        ..table(&files, &[&one, &two])
    };
    in_time(world.node.reload(both)).await.unwrap();
    let mut running = world.start("t:two").await;
    let begun = world.node.compilations_begun();

    let goes = Reload {
        replaced: vec![one],
        stale: vec![shared.clone()],
        ..table(&files, &[&two])
    };
    in_time(world.node.reload(goes)).await.unwrap();
    let comes = Reload {
        changed: vec![Arc::clone(&three)],
        ..table(&files, &[&two, &three])
    };
    in_time(world.node.reload(comes)).await.unwrap();
    assert_eq!(
        world.node.compilations_begun(),
        begun,
        "a definition has it"
    );

    let all_go = Reload {
        replaced: vec![two, three],
        stale: vec![shared.clone(), shared.clone()],
        ..table(&files, &[])
    };
    in_time(world.node.reload(all_go)).await.unwrap();
    let comes = Reload {
        changed: vec![Arc::clone(&four)],
        ..table(&files, &[&four])
    };
    in_time(world.node.reload(comes)).await.unwrap();
    assert_eq!(world.node.compilations_begun(), begun, "a process runs it");
    let mut another = world.start("t:four").await;
    for process in [&mut running, &mut another] {
        world.send(process, "go", b"\x90");
        assert_eq!(number(&bytes(&in_time(process.wait()).await)), 1);
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hosts_come_and_go_with_a_reload() {
    let world = World::new(&[]);
    let files: Arc<dyn Files> = Arc::new(Fixed(HashMap::new()));
    let mut waits = Definition::clone(&definition("t:waits", Code::Wasm(numbered(1, true))));
    waits.host = Some("t:new".into());
    let waits = Arc::new(waits);
    let with_host = |max_processes| {
        let limits = small_host().max_processes(max_processes);
        Reload {
            hosts: vec![("t:new".to_owned(), limits)],
            ..table(&files, &[&waits])
        }
    };
    let mut first = with_host(1);
    first.changed.push(Arc::clone(&waits));
    let prepared = in_time(world.node.prepare_reload(first)).await.unwrap();
    assert!(
        world.node.kernel().host("t:new").is_err(),
        "not in place yet"
    );
    let published = world.node.publish(prepared);
    assert!(published.removed.is_empty());
    // The host of the definition goes before the one that is asked for.
    let one = world.start("t:waits").await;
    assert_eq!(one.process().host().name(), "t:new");
    assert_eq!(
        world.try_start("t:waits").await.unwrap_err().kind,
        Kind::RateLimited
    );
    in_time(world.node.reload(with_host(2))).await.unwrap();
    let other = world.start("t:waits").await;
    assert!(one.process().host().is(other.process().host()));

    let mut invalid = with_host(2);
    invalid.hosts[0].1 = small_host().max_message(2 << 20);
    let refused = in_time(world.node.reload(invalid)).await.unwrap_err();
    assert!(
        refused
            .to_string()
            .starts_with("host t:new: max_message is"),
        "{refused}"
    );

    let without = Reload {
        removed_hosts: vec!["t:new".to_owned()],
        replaced: vec![Arc::clone(&waits)],
        ..table(&files, &[])
    };
    let published = world
        .node
        .publish(in_time(world.node.prepare_reload(without)).await.unwrap());
    assert_eq!(published.removed.len(), 1);
    assert!(
        !one.process().has_exited(),
        "its processes go on until they are ended"
    );
    let removed = &published.removed;
    let (count, ended) = world.node.end_hosts(removed, Some(world.node.now()));
    assert_eq!(count, 2);
    in_time(ended).await;
    assert!(one.process().has_exited() && other.process().has_exited());
    assert!(world.node.kernel().leaving_hosts().is_empty());
    assert_eq!(removed[0].budget().used(), 0);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_prepared_reload_that_is_dropped_has_changed_nothing() {
    let world = World::new(&[]);
    let mut changed = reload(&numbered(1, false), Vec::new());
    changed.hosts.push(("t:new".to_owned(), small_host()));
    changed.removed_hosts.push(HOST.to_owned());
    let published = Arc::new(AtomicBool::new(false));
    let publishing = Arc::clone(&published);
    changed.policies = Some(Box::new(move || publishing.store(true, Ordering::SeqCst)));
    drop(in_time(world.node.prepare_reload(changed)).await.unwrap());
    assert!(world.node.kernel().host("t:new").is_err());
    assert!(world.node.kernel().host(HOST).is_ok());
    assert!(!published.load(Ordering::SeqCst));
    assert_eq!(
        world.try_start("t:numbered").await.unwrap_err().kind,
        Kind::NotFound
    );
    world.close().await;
}

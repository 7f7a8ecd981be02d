//! Other definitions in place of those that processes run.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use warren_engine::{Code, Definition, Definitions, Grants, Reload, Source};
use warren_kernel::Error;

use crate::support::{World, bytes, guest, in_time};

/// Definitions that never change.
struct Fixed(HashMap<Arc<str>, Arc<Definition>>);

impl Definitions for Fixed {
    fn definition(&self, id: &str) -> Result<Arc<Definition>, Error> {
        let found = self.0.get(id).map(Arc::clone);
        found.ok_or_else(|| Error::not_found(format!("definition not found: {id}")))
    }

    fn module(&self, _: &str) -> Result<Option<Source>, Error> {
        Ok(None)
    }
}

fn definition(id: &str, code: Code) -> Arc<Definition> {
    Arc::new(Definition {
        id: id.into(),
        code,
        method: "main".into(),
        host: Some(crate::support::HOST.into()),
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
        definitions: Arc::new(Fixed(all)),
        changed: vec![new],
        stale,
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
        assert!(
            refused.unwrap_err()[0]
                .1
                .message
                .contains("t/numbered.wat:1:")
        );
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
            definitions: Arc::new(Fixed(all)),
            changed: vec![changed],
            stale: Vec::new(),
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
    let error = &refused.unwrap_err()[0].1;
    assert!(error.message.contains("the program is ending"), "{error}");
    world.close().await;
}

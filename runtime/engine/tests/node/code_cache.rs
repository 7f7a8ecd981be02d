//! The code cache between starts, with damaged files and unusable directories.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::support::component::component;
use crate::support::{Setup, World, guest};

fn answer() -> String {
    guest(
        r#"(data (i32.const 0) "ok")"#,
        "(call $finish-bytes (i32.const 0) (i32.const 2))",
    )
}

/// Definitions of a core module, a snapshot and a component.
fn world(cache: &Path) -> World {
    let world = World::set_up(Setup {
        cache: Some(cache.to_owned()),
        ..Setup::default()
    });
    world.define("t:core", &answer());
    world.define(
        "t:snapshot",
        &guest(
            r#"(func (export "wizer-initialize") (i32.store16 (i32.const 0) (i32.const 0x6b6f)))"#,
            "(call $finish-bytes (i32.const 0) (i32.const 2))",
        ),
    );
    world.define(
        "t:component",
        &component(
            r#"(data (i32.const 0) "ok")"#,
            "(call $finish-bytes (i32.const 0) (i32.const 2))",
        ),
    );
    world
}

const ALL: [&str; 3] = ["t:core", "t:snapshot", "t:component"];

/// Runs all definitions, and returns the number of compiled modules.
async fn run(cache: &Path) -> u64 {
    let world = world(cache);
    for id in ALL {
        assert_eq!(world.result(id).await, b"ok", "{id}");
    }
    let compiled = world.node.compiled();
    world.close().await;
    compiled
}

/// The code files of a cache.
fn files(cache: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(cache).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| !path.ends_with("key")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_start_compiles_nothing() {
    let cache = tempfile::tempdir().unwrap();
    assert_eq!(run(cache.path()).await, 3);
    assert_eq!(files(cache.path()).len(), 3);
    assert_eq!(run(cache.path()).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damaged_or_missing_cache_files_are_replaced() {
    let cache = tempfile::tempdir().unwrap();
    run(cache.path()).await;
    let damages: [fn(Vec<u8>) -> Vec<u8>; 6] = [
        |_| Vec::new(),
        |_| b"garbage".to_vec(),
        |whole| whole[..whole.len() / 2].to_vec(),
        |whole| whole[..whole.len() - 1].to_vec(),
        |mut whole| {
            // A byte of the machine code.
            let middle = whole.len() / 2;
            whole[middle] ^= 0xff;
            whole
        },
        |mut whole| {
            whole.push(0);
            whole
        },
    ];
    for (number, damage) in damages.iter().enumerate() {
        for file in files(cache.path()) {
            let whole = fs::read(&file).unwrap();
            fs::remove_file(&file).unwrap();
            fs::write(&file, damage(whole)).unwrap();
        }
        assert_eq!(run(cache.path()).await, 3, "damage {number}");
        assert_eq!(run(cache.path()).await, 0, "damage {number}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_killed_at_any_step_leaves_a_usable_cache() {
    let full = tempfile::tempdir().unwrap();
    run(full.path()).await;
    let whole = fs::read(&files(full.path())[0]).unwrap();
    // A killed writer leaves a temporary file with a part of the code, or all of
    // it.
    for len in [0, 1, whole.len() / 2, whole.len()] {
        let cache = tempfile::tempdir().unwrap();
        fs::set_permissions(cache.path(), fs::Permissions::from_mode(0o700)).unwrap();
        fs::write(cache.path().join(".writing-killed"), &whole[..len]).unwrap();
        assert_eq!(run(cache.path()).await, 3);
        assert_eq!(run(cache.path()).await, 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removed_cache_directory_does_not_stop_the_node() {
    let parent = tempfile::tempdir().unwrap();
    let cache = parent.path().join("cache");
    let world = world(&cache);
    assert_eq!(world.result("t:core").await, b"ok");
    fs::remove_dir_all(&cache).unwrap();
    for id in ALL {
        assert_eq!(world.result(id).await, b"ok", "{id}");
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_untrusted_or_unusable_cache_directory_is_ignored() {
    let parent = tempfile::tempdir().unwrap();
    let shared = parent.path().join("shared");
    fs::create_dir(&shared).unwrap();
    fs::set_permissions(&shared, fs::Permissions::from_mode(0o770)).unwrap();
    let file = parent.path().join("file");
    fs::write(&file, "no directory").unwrap();
    let mut unusable = vec![shared.clone(), file, parent.path().join("file/below")];
    // Root may write everywhere: only the owner of a directory can make it
    // unusable.
    let foreign = parent.path().join("foreign");
    fs::create_dir(&foreign).unwrap();
    if std::os::unix::fs::chown(&foreign, Some(12_345), None).is_ok() {
        fs::set_permissions(&foreign, fs::Permissions::from_mode(0o700)).unwrap();
        unusable.push(foreign);
    } else {
        let locked = parent.path().join("locked");
        fs::create_dir(&locked).unwrap();
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o500)).unwrap();
        unusable.push(locked);
    }
    for directory in &unusable {
        for _ in 0..2 {
            assert_eq!(run(directory).await, 3, "{}", directory.display());
        }
    }
    assert!(files(&shared).is_empty());
}

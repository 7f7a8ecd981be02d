//! The code cache, with modified files.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::support::{Setup, World, guest};

use super::node::block_on;
use crate::Reached;

pub(crate) static CACHE: [Reached; 2] = [
    Reached::new("entries refused"),
    Reached::new("entries taken"),
];

/// A cache with one entry, and the entry's path.
struct Cache {
    directory: TempDir,
    entry: PathBuf,
    content: Vec<u8>,
}

/// Tries a modified entry, which must never run: the definition is compiled
/// again, and answers. The first byte decides if the rest replaces the entry,
/// or changes a part of it.
pub(super) fn cache(bytes: &[u8]) {
    static KEPT: OnceLock<Cache> = OnceLock::new();
    let cache = KEPT.get_or_init(Cache::new);
    let [how, at_low, at_high, rest @ ..] = bytes else {
        return;
    };
    let mut content = cache.content.clone();
    if how % 2 == 0 {
        content = rest.to_vec();
    } else {
        let at = usize::from(u16::from_le_bytes([*at_low, *at_high])) % content.len();
        let end = content.len().min(at + rest.len());
        content[at..end].copy_from_slice(&rest[..end - at]);
    }
    // Replaced by a new file: mapped code must not change under its program.
    let other = cache.directory.path().join("other");
    fs::write(&other, &content).expect("is written");
    fs::rename(&other, &cache.entry).expect("takes its place");
    let compiled = answer(cache.directory.path());
    let taken = content == cache.content;
    CACHE[usize::from(taken)].add(1);
    assert_eq!(compiled, u64::from(!taken));
}

impl Cache {
    fn new() -> Cache {
        let directory = tempfile::tempdir().expect("a directory");
        assert_eq!(answer(directory.path()), 1, "compiled the first time");
        let entries = fs::read_dir(directory.path()).expect("reads");
        let mut code = entries
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.extension().is_some_and(|it| it == "cwasm"));
        let entry = code.next().expect("it is kept");
        let content = fs::read(&entry).expect("reads");
        Cache {
            directory,
            entry,
            content,
        }
    }
}

/// Runs a guest with this cache. Returns the number of compilations.
fn answer(cache: &Path) -> u64 {
    block_on(async {
        let world = World::set_up(Setup {
            cache: Some(cache.to_owned()),
            ..Setup::default()
        });
        let body = "(call $program.finish (i32.const 0) (i32.const 1))";
        world.define("t:guest", &guest(r#"(data (i32.const 0) "\2a")"#, body));
        assert_eq!(world.result("t:guest").await, b"\x2a");
        let compiled = world.node.compiled();
        world.close().await;
        compiled
    })
}

//! The rights of a component to files and directories: the rules of core modules.

use std::fs;
use std::time::{Duration, SystemTime};

use warren_engine::Grants;
use warren_kernel::Kind;

use super::component_script::ComponentScript;
use super::component_script::Handle::{self, Grant, Slot};
use super::place::Place;
use super::world;
use crate::support::{World, small_host};

/// Results of a call: 0, or the number of the error code and 1.
const OK: u8 = 0;
const ACCESS: u8 = 1;
const QUOTA: u8 = 7;
const INVALID: u8 = 13;
const NO_ENTRY: u8 = 21;
const INSUFFICIENT_MEMORY: u8 = 23;
const UNSUPPORTED: u8 = 28;
const NOT_PERMITTED: u8 = 32;
const READ_ONLY: u8 = 34;

/// Bits of `open-flags`.
const CREATE: u32 = 1;
const DIRECTORY: u32 = 1 << 1;
const TRUNCATE: u32 = 1 << 3;

/// Bits of `descriptor-flags`.
const READS: u32 = 1;
const WRITES: u32 = 1 << 1;
const MUTATES: u32 = 1 << 5;

/// Runs a script and returns the result of each call.
async fn run(world: &World, script: &ComponentScript, grants: Grants) -> Vec<u8> {
    world.define_with("t:component", &script.wat(), grants);
    world.result("t:component").await[3..].to_vec()
}

async fn run_alone(script: &ComponentScript, grants: Grants) -> Vec<u8> {
    let world = world(small_host());
    let results = run(&world, script, grants).await;
    world.close().await;
    results
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_opens_files_by_the_same_rules() {
    let place = Place::new();
    place.make_fifo();
    let before = place.listing();
    let world = world(small_host().max_files(4));
    let mut script = ComponentScript::new();
    script.open(Grant(0), "a.txt", 0, READS, 0);
    script.open(Grant(0), "a.txt", 0, WRITES, 1);
    script.open(Grant(0), "new", CREATE, READS, 1);
    script.open(Grant(0), "a.txt", TRUNCATE, READS, 1);
    script.open(Grant(0), "none", 0, READS, 1);
    script.open(Grant(0), "below", DIRECTORY, READS, 1);
    script.open(Grant(0), "a.txt", 0, READS, 2);
    let results = run(&world, &script, place.grants(&[("data", false)])).await;
    assert_eq!(
        results,
        [
            OK,
            READ_ONLY,
            READ_ONLY,
            READ_ONLY,
            NO_ENTRY,
            OK,
            INSUFFICIENT_MEMORY
        ]
    );
    world.close().await;
    let mut script = ComponentScript::new();
    script.open(Grant(0), "fifo", 0, READS, 0);
    script.open(Grant(0), "fifo", 0, WRITES, 0);
    script.open(Grant(0), "w.txt", 0, READS | WRITES, 0);
    let results = run_alone(&script, place.grants(&[("work", true)])).await;
    assert_eq!(results, [UNSUPPORTED, UNSUPPORTED, OK]);
    assert_eq!(place.listing(), before);
}

/// Adds every call that changes something below a directory, each on an existing path,
/// and the calls on a file there that is open in slot 60. Returns the results for a
/// directory granted for reading.
fn changes(script: &mut ComponentScript, dir: Handle) -> Vec<u8> {
    for how in [CREATE, TRUNCATE, CREATE | TRUNCATE] {
        script.open(dir, "a.txt", how, READS, 50);
    }
    script.open(dir, "a.txt", 0, WRITES, 50);
    script.open(dir, "a.txt", 0, READS | WRITES, 50);
    script.open(dir, "new", CREATE, READS | MUTATES, 50);
    script.texts("create-directory-at", dir, &["new"]);
    script.texts("remove-directory-at", dir, &["below"]);
    script.texts("unlink-file-at", dir, &["a.txt"]);
    script.texts("symlink-at", dir, &["a.txt", "new"]);
    script.rename(dir, "a.txt", dir, "new");
    script.link(0, dir, "a.txt", dir, "new");
    script.set_times_at(0, dir, "a.txt", 5);
    script.set_times_at(1, dir, "a.txt", 5);
    script.set_times(dir, 5);
    let mut expected = vec![READ_ONLY; 15];
    let file = Slot(60);
    script.open(dir, "a.txt", 0, READS | MUTATES, 60);
    script.set_times(file, 5);
    script.numbers("set-size", file, &[0]);
    script.write(file, "written", 0);
    script.stream(file, Some(0), 61);
    script.stream(file, None, 61);
    expected.push(OK);
    expected.extend([NOT_PERMITTED; 5]);
    // These change nothing.
    script.numbers("advise", file, &[0, 5, 3]);
    for fd in [file, dir] {
        script.numbers("sync", fd, &[]);
        script.numbers("sync-data", fd, &[]);
    }
    expected.extend([OK; 5]);
    expected
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_changes_nothing_that_is_granted_for_reading() {
    let place = Place::new();
    let before = place.listing();
    let mut script = ComponentScript::new();
    // Through the granted directory, and through one that was opened there.
    let mut expected = changes(&mut script, Grant(0));
    script.open(Grant(0), ".", DIRECTORY, READS | MUTATES, 0);
    expected.push(OK);
    expected.extend(changes(&mut script, Slot(0)));
    let results = run_alone(&script, place.grants(&[("data", false)])).await;
    assert_eq!(results, expected);
    assert_eq!(place.listing(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_moves_nothing_between_reading_and_writing() {
    let place = Place::new();
    let before = place.listing();
    let (reads, writes) = (Grant(0), Grant(1));
    let mut script = ComponentScript::new();
    script.link(0, reads, "a.txt", writes, "new");
    script.link(0, writes, "w.txt", reads, "new");
    script.link(1, reads, "a.txt", writes, "new");
    script.rename(reads, "a.txt", writes, "new");
    script.rename(reads, "a.txt", writes, "w.txt");
    script.rename(writes, "w.txt", reads, "a.txt");
    let mut expected = vec![READ_ONLY, READ_ONLY, INVALID];
    expected.extend([READ_ONLY; 3]);
    // No path of the writable directory leads to the other, by a link of the
    // component's own neither.
    script.texts("symlink-at", writes, &["../data/a.txt", "link"]);
    script.open(writes, "link", 0, WRITES, 0);
    script.open(writes, "../data/a.txt", 0, WRITES, 0);
    script.set_times_at(1, writes, "link", 5);
    script.link(0, writes, "../data/a.txt", writes, "new");
    script.link(0, writes, "w.txt", writes, "../data/new");
    script.rename(writes, "../data/a.txt", writes, "new");
    script.texts("unlink-file-at", writes, &["../data/a.txt"]);
    script.texts("create-directory-at", writes, &["../data/new"]);
    script.texts("remove-directory-at", writes, &["../data/below"]);
    script.texts("symlink-at", writes, &["w.txt", "../data/new"]);
    script.texts("unlink-file-at", writes, &["link"]);
    expected.push(OK);
    expected.extend([ACCESS; 10]);
    expected.push(OK);
    let grants = place.grants(&[("data", false), ("work", true)]);
    assert_eq!(run_alone(&script, grants).await, expected);
    assert_eq!(place.listing(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_changes_what_is_granted_for_writing() {
    let place = Place::new();
    let (dir, file, stream) = (Grant(0), Slot(0), Slot(1));
    let mut script = ComponentScript::new();
    script.open(dir, "w.txt", 0, READS | WRITES, 0);
    script.numbers("set-size", file, &[4]);
    script.write(file, "XY", 0);
    script.stream(file, Some(1), 1);
    script.write_to(stream, "ab");
    script.stream(file, None, 1);
    script.write_to(stream, "Z");
    script.numbers("advise", file, &[0, 5, 3]);
    script.numbers("sync", file, &[]);
    script.numbers("sync-data", dir, &[]);
    script.texts("create-directory-at", dir, &["new"]);
    script.link(0, dir, "w.txt", dir, "new/linked");
    script.rename(dir, "new/linked", dir, "moved");
    script.texts("remove-directory-at", dir, &["new"]);
    script.texts("create-directory-at", dir, &["kept"]);
    script.texts("symlink-at", dir, &["moved", "link"]);
    script.texts("unlink-file-at", dir, &["w.txt"]);
    script.set_times(file, 5);
    script.open(dir, "made", CREATE, WRITES, 2);
    script.set_times_at(1, dir, "made", 6);
    script.set_times(dir, 7);
    let results = run_alone(&script, place.grants(&[("work", true)])).await;
    assert_eq!(results, [OK; 21]);
    let work = place.root.join("work");
    assert_eq!(fs::read_to_string(work.join("moved")).unwrap(), "XabkZ");
    assert_eq!(
        fs::read_link(work.join("link")).unwrap().to_str(),
        Some("moved")
    );
    let mut names: Vec<_> = fs::read_dir(&work)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["kept", "link", "made", "moved"]);
    for (path, seconds) in [("moved", 5), ("made", 6), (".", 7)] {
        let modified = fs::metadata(work.join(path)).unwrap().modified().unwrap();
        let expected = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        assert_eq!(modified, expected, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_pays_for_each_name_it_makes() {
    let place = Place::new();
    let world = world(small_host().max_disk(2 * 4_096));
    let dir = Grant(0);
    let mut script = ComponentScript::new();
    script.link(0, dir, "w.txt", dir, "one");
    script.texts("symlink-at", dir, &["one", "two"]);
    script.link(0, dir, "w.txt", dir, "three");
    script.texts("create-directory-at", dir, &["three"]);
    script.open(dir, "three", CREATE, WRITES, 0);
    script.texts("unlink-file-at", dir, &["one"]);
    script.link(0, dir, "w.txt", dir, "three");
    script.link(0, dir, "w.txt", dir, "four");
    let results = run(&world, &script, place.grants(&[("work", true)])).await;
    assert_eq!(results, [OK, OK, QUOTA, QUOTA, QUOTA, OK, OK, QUOTA]);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_that_is_granted_a_file_does_not_run() {
    let place = Place::new();
    let before = place.listing();
    let mut script = ComponentScript::new();
    script.texts("unlink-file-at", Grant(0), &["single.txt"]);
    let world = world(small_host());
    for write in [false, true] {
        let grants = place.grants(&[("single.txt", write)]);
        world.define_with("t:component", &script.wat(), grants);
        let error = world.failure("t:component").await;
        assert_eq!(error.kind, Kind::Internal, "{error}");
        let advice = "single.txt is a file, and a component can be granted only directories";
        assert!(error.message.contains(advice), "{error}");
    }
    assert_eq!(place.listing(), before);
    world.close().await;
}

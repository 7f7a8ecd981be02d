//! Paths that lead out of a grant, and names that are replaced.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;

use warren_engine::{Grants, PathGrant};

use super::place::Place;
use super::preview1::*;
use super::script::{BUFFER, COUNT, STAT, Script};
use super::{run, run_alone, world};
use crate::support::small_host;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_path_leads_out_of_a_granted_directory() {
    let place = Place::new();
    symlink("../other.txt", place.root.join("work/up")).unwrap();
    symlink(
        place.root.join("other.txt"),
        place.root.join("work/absolute"),
    )
    .unwrap();
    symlink("/proc/self/root", place.root.join("work/magic")).unwrap();
    symlink("/proc/self/fd", place.root.join("work/fds")).unwrap();
    symlink("..", place.root.join("work/parent")).unwrap();
    let before = place.listing();
    let mut script = Script::new();
    script.open(3, ".", DIRECTORY, READ, 0);
    let absolute = place.root.join("other.txt");
    let paths = [
        "..",
        "../other.txt",
        "up",
        "absolute",
        "magic",
        "magic/etc/passwd",
        "fds/3",
        "parent/other.txt",
        "below/../../other.txt",
        absolute.to_str().unwrap(),
        "/",
        "",
    ];
    for fd in [3, -1] {
        for path in paths {
            script.open(fd, path, 0, READ, 8);
            script.open(fd, path, TRUNCATE, WRITE, 8);
            let [at, len] = script.text(path);
            script.call("path_filestat_set_times", &[fd, 1, at, len, 0, 0, 5]);
        }
    }
    // A link that the guest makes itself.
    let up = script.text("../other.txt");
    let made = script.text("made");
    script.call("path_symlink", &[up[0], up[1], 3, made[0], made[1]]);
    script.open(3, "made", 0, READ, 8);
    script.open(3, "made", TRUNCATE, WRITE, 8);
    let passwd = script.text("/etc/passwd");
    let other = script.text("other");
    script.call(
        "path_symlink",
        &[passwd[0], passwd[1], 3, other[0], other[1]],
    );
    script.call("path_link", &[3, 0, up[0], up[1], 3, other[0], other[1]]);
    script.call("path_rename", &[3, up[0], up[1], 3, other[0], other[1]]);
    let results = run_alone(&script, place.grants(&[("work", true)])).await;
    assert_eq!(results[0], 0);
    let (tried, own) = results[1..].split_at(6 * paths.len());
    // Among the grants, the empty path is the directory itself.
    let of_itself = 3 * (paths.len() - 1);
    for (index, result) in tried.iter().enumerate() {
        assert!(
            *result != 0 || (of_itself..of_itself + 3).contains(&index),
            "{index}: {tried:?}"
        );
    }
    assert_eq!(own[0], 0);
    assert!(own[1..].iter().all(|result| *result != 0), "{own:?}");
    fs::remove_file(place.root.join("work/made")).unwrap();
    let strip = |listing: BTreeMap<PathBuf, Vec<u8>>| listing.into_keys().collect::<Vec<_>>();
    assert_eq!(strip(place.listing()), strip(before));
    assert_eq!(
        fs::read(place.root.join("other.txt")).unwrap(),
        b"other.txt"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_granted_name_stays_a_file() {
    let place = Place::new();
    let mut script = Script::new();
    let [single, link, other] = ["single.txt", "w.txt", "../other.txt"].map(|t| script.text(t));
    let (work, root) = (3, 4);
    // Only a file can be put in the place of a granted file, and a link is not
    // followed.
    script.call("path_unlink_file", &[root, single[0], single[1]]);
    script.call(
        "path_symlink",
        &[other[0], other[1], root, single[0], single[1]],
    );
    script.call("path_create_directory", &[root, single[0], single[1]]);
    script.call(
        "path_link",
        &[work, 0, link[0], link[1], root, single[0], single[1]],
    );
    let made = script.text("made");
    script.call(
        "path_symlink",
        &[other[0], other[1], work, made[0], made[1]],
    );
    script.call(
        "path_rename",
        &[work, made[0], made[1], root, single[0], single[1]],
    );
    script.call(
        "path_rename",
        &[work, link[0], link[1], root, single[0], single[1]],
    );
    script.open(root, "single.txt", 0, READ | WRITE, 0);
    let grants = place.grants(&[("single.txt", true), ("work", true)]);
    let results = run_alone(&script, grants).await;
    assert_eq!(
        results,
        [0, NOTCAPABLE, NOTCAPABLE, NOTCAPABLE, 0, NOTCAPABLE, 0, 0]
    );
    // Another program may put a link there.
    fs::remove_file(place.root.join("single.txt")).unwrap();
    symlink("other.txt", place.root.join("single.txt")).unwrap();
    let grants = place.grants(&[("work", true)]);
    let file = PathGrant::open("s", place.root.join("work/w2.txt"), true).unwrap();
    symlink("../other.txt", place.root.join("work/w2.txt")).unwrap();
    let mut script = Script::new();
    script.open(4, "s", TRUNCATE, WRITE, 0);
    let paths = grants.paths.into_iter().chain([file]).collect();
    let results = run_alone(
        &script,
        Grants {
            paths,
            ..Grants::default()
        },
    )
    .await;
    assert_eq!(results, [LOOP]);
    assert_eq!(
        fs::read(place.root.join("other.txt")).unwrap(),
        b"other.txt"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grant_stays_with_the_directory_that_was_opened() {
    let place = Place::new();
    fs::create_dir(place.root.join("work/inner")).unwrap();
    fs::create_dir(place.root.join("secret")).unwrap();
    fs::write(place.root.join("secret/a.txt"), "secret").unwrap();
    let world = world(small_host());
    let inner = place.grants(&[("work/inner", false)]);
    let mut script = Script::new();
    // Replaces a directory of another grant by a link to a directory that is not
    // granted.
    let [inner_name, secret] = ["inner", "../secret"].map(|text| script.text(text));
    script.call("path_remove_directory", &[3, inner_name[0], inner_name[1]]);
    script.call(
        "path_symlink",
        &[secret[0], secret[1], 3, inner_name[0], inner_name[1]],
    );
    assert_eq!(
        run(&world, &script, place.grants(&[("work", true)])).await,
        [0, 0]
    );
    let mut script = Script::new();
    script.open(3, "a.txt", 0, READ, 0);
    assert_eq!(run(&world, &script, inner).await, [NOENT]);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifos_and_sockets_are_not_opened_and_do_not_block() {
    let place = Place::new();
    place.make_fifo();
    let _socket = UnixListener::bind(place.root.join("work/socket")).unwrap();
    symlink("fifo", place.root.join("work/link")).unwrap();
    let mut script = Script::new();
    for path in ["fifo", "socket", "link"] {
        for rights in [READ, WRITE, READ | WRITE] {
            script.open(3, path, 0, rights, 0);
            script.open(3, path, CREATE, rights, 0);
        }
        // Metadata can be read.
        let [at, len] = script.text(path);
        script.call("path_filestat_get", &[3, 1, at, len, STAT.into()]);
    }
    script.open(3, ".", DIRECTORY, READ, 0);
    script.call("fd_readdir", &[-1, BUFFER.into(), 4_096, 0, COUNT.into()]);
    let results = run_alone(&script, place.grants(&[("work", true)])).await;
    let each = [NOTSUP, NOTSUP, NOTSUP, NOTSUP, NOTSUP, NOTSUP, 0];
    assert_eq!(results, [&each[..], &each, &each, &[0, 0]].concat());
    assert!(PathGrant::open("fifo", place.root.join("work/fifo"), false).is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_grants_no_path_exists() {
    let mut script = Script::new();
    for path in ["x", ".", "..", "/", "/etc/passwd", "../x"] {
        script.open(3, path, 0, READ, 0);
        script.open(3, path, CREATE, WRITE, 0);
    }
    script.call("fd_readdir", &[3, BUFFER.into(), 64, 0, COUNT.into()]);
    script.call("fd_filestat_set_times", &[3, 0, 0, 5]);
    let results = run_alone(&script, Grants::default()).await;
    assert_eq!(results, [vec![NOENT; 12], vec![NOTCAPABLE; 2]].concat());
}

//! The rights of descriptors, wherever they are moved, and of overlapping grants.

use std::fs;

use super::place::Place;
use super::preview1::*;
use super::run_alone;
use super::script::{BUFFER, COUNT, STAT, Script, VECTOR};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_grant_holds_wherever_its_descriptor_is_moved() {
    for write in [false, true] {
        let place = Place::new();
        let before = place.listing();
        let mut script = Script::new();
        // Under other numbers the descriptor is used to read, write and list paths
        // beside the file.
        script.call("fd_renumber", &[3, 0]);
        let beside = script.text("other.txt");
        for fd in [0, 1] {
            script.open(fd, "other.txt", 0, READ, 0);
            script.open(fd, "other.txt", TRUNCATE, WRITE, 0);
            script.open(fd, "new.txt", CREATE, WRITE, 0);
            script.open(fd, ".", DIRECTORY, READ, 0);
            script.open(fd, "..", DIRECTORY, READ, 0);
            script.open(fd, "single.txt/../other.txt", 0, READ, 0);
            script.call("path_unlink_file", &[fd, beside[0], beside[1]]);
            script.call(
                "path_filestat_get",
                &[fd, 0, beside[0], beside[1], STAT.into()],
            );
            script.call("fd_readdir", &[fd, BUFFER.into(), 64, 0, COUNT.into()]);
            script.open(fd, "single.txt", 0, READ, 0);
            script.call("fd_renumber", &[0, 1]);
        }
        let results = run_alone(&script, place.grants(&[("single.txt", write)])).await;
        let mut each = vec![NOENT; 8];
        each.push(NOTCAPABLE);
        each.push(0);
        // The last moved descriptor is the file, which was opened under the free
        // number.
        let expected = [&[0][..], &each, &[0], &each, &[0]].concat();
        assert_eq!(results, expected);
        assert_eq!(place.listing(), before);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_opened_file_is_a_file_under_every_number() {
    let place = Place::new();
    let mut script = Script::new();
    script.open(3, "single.txt", 0, READ, 0);
    script.call("fd_renumber", &[-1, 3]);
    script.open(3, "other.txt", 0, READ, 1);
    script.call("fd_readdir", &[3, BUFFER.into(), 64, 0, COUNT.into()]);
    script.call("fd_prestat_get", &[3, STAT.into()]);
    script.call("fd_read", &[3, VECTOR.into(), 1, COUNT.into()]);
    script.call("fd_write", &[3, VECTOR.into(), 1, COUNT.into()]);
    script.call("fd_pwrite", &[3, VECTOR.into(), 1, 0, COUNT.into()]);
    script.call("fd_filestat_set_size", &[3, 0]);
    script.call("fd_filestat_set_times", &[3, 0, 0, 5]);
    script.call("fd_fdstat_set_rights", &[3, -1, -1]);
    script.call("fd_write", &[3, VECTOR.into(), 1, COUNT.into()]);
    script.call("fd_allocate", &[3, 0, 100]);
    script.call("fd_renumber", &[3, 1]);
    script.call("fd_write", &[1, VECTOR.into(), 1, COUNT.into()]);
    script.call("fd_renumber", &[1, 9_999]);
    script.call("fd_renumber", &[9_999, 1]);
    script.call("fd_close", &[1]);
    script.call("fd_close", &[1]);
    let before = place.listing();
    let results = run_alone(&script, place.grants(&[("single.txt", false)])).await;
    assert_eq!(
        results,
        [
            0, 0, NOTDIR, NOTDIR, BADF, 0, BADF, BADF, ROFS, ROFS, NOTSUP, BADF, NOTSUP, 0, BADF,
            BADF, BADF, 0, BADF
        ]
    );
    assert_eq!(place.listing(), before);
}

/// Adds every call that changes something, each on an existing path.
fn changes(script: &mut Script, fd: i64) {
    let [file, new, below] = ["a.txt", "new", "below"].map(|name| script.text(name));
    for how in [CREATE, TRUNCATE, CREATE | TRUNCATE] {
        script.open(fd, "a.txt", how, READ, 8);
    }
    script.open(fd, "a.txt", 0, WRITE, 8);
    script.open(fd, "a.txt", 0, READ | WRITE, 8);
    script.call(
        "path_open",
        &[fd, 0, file[0], file[1], 0, WRITE.into(), 0, 1, 300],
    );
    script.open(fd, "new", CREATE, READ, 8);
    script.call("path_create_directory", &[fd, new[0], new[1]]);
    script.call("path_remove_directory", &[fd, below[0], below[1]]);
    script.call("path_unlink_file", &[fd, file[0], file[1]]);
    script.call(
        "path_filestat_set_times",
        &[fd, 1, file[0], file[1], 0, 0, 5],
    );
    script.call("path_rename", &[fd, file[0], file[1], fd, new[0], new[1]]);
    script.call("path_link", &[fd, 0, file[0], file[1], fd, new[0], new[1]]);
    script.call("path_symlink", &[file[0], file[1], fd, new[0], new[1]]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_granted_for_reading_cannot_be_changed() {
    let place = Place::new();
    let before = place.listing();
    let mut script = Script::new();
    // Through the directory that is open at the start, through an opened one, and
    // through the opened one under the number of the first.
    changes(&mut script, 3);
    script.open(3, ".", DIRECTORY, READ, 0);
    changes(&mut script, -1);
    script.call("fd_renumber", &[-1, 3]);
    changes(&mut script, 3);
    script.call("fd_filestat_set_times", &[3, 0, 0, 5]);
    let results = run_alone(&script, place.grants(&[("data", false)])).await;
    let expected = [
        vec![ROFS; 14],
        vec![0],
        vec![ROFS; 14],
        vec![0],
        vec![ROFS; 15],
    ]
    .concat();
    assert_eq!(results, expected);
    assert_eq!(place.listing(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_only_file_gets_no_name_in_a_writable_directory() {
    let place = Place::new();
    let before = place.listing();
    let mut script = Script::new();
    // 3 is `data`, 4 is `work`.
    let [a, w] = ["a.txt", "w.txt"].map(|name| script.text(name));
    script.call("path_link", &[3, 0, a[0], a[1], 4, w[0], w[1] - 1]);
    script.call("path_link", &[3, 1, a[0], a[1], 4, w[0], w[1] - 1]);
    script.call("path_rename", &[3, a[0], a[1], 4, w[0], w[1]]);
    script.call("path_rename", &[4, w[0], w[1], 3, a[0], a[1]]);
    script.open(4, "../data/a.txt", 0, WRITE, 0);
    let results = run_alone(&script, place.grants(&[("data", false), ("work", true)])).await;
    assert_eq!(results, [ROFS, INVAL, ROFS, ROFS, ROFS]);
    assert_eq!(place.listing(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn overlapping_grants_each_keep_their_rights() {
    let place = Place::new();
    fs::write(place.root.join("data/below/b.txt"), "b").unwrap();
    let mut script = Script::new();
    // 3 is `data`, read; 4 is `data/below`, written.
    script.open(3, "a.txt", 0, WRITE, 0);
    script.open(3, "below/b.txt", 0, WRITE, 0);
    script.open(4, "b.txt", 0, WRITE, 0);
    script.open(4, "../a.txt", 0, READ, 0);
    script.open(4, "../a.txt", 0, WRITE, 0);
    script.open(3, "below", DIRECTORY, READ, 1);
    // The directory was opened before; its right remains after the close of the
    // grant.
    script.call("fd_close", &[3]);
    let same = script.text("b.txt");
    script.call("path_unlink_file", &[-2, same[0], same[1]]);
    let grants = place.grants(&[("data", false), ("data/below", true), ("data", false)]);
    let results = run_alone(&script, grants).await;
    assert_eq!(results, [ROFS, 0, 0, 0, ROFS, 0, 0, 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reused_descriptor_number_has_the_rights_of_the_new_file() {
    let place = Place::new();
    let mut script = Script::new();
    script.call("fd_close", &[3]);
    script.open(3, "a.txt", 0, READ, 0);
    let file = script.text("a.txt");
    script.call("path_filestat_get", &[3, 0, file[0], file[1], STAT.into()]);
    script.call("fd_close", &[3]);
    // 4 is `.`, in which all paths are looked up; 3 becomes the file.
    script.open(4, "data/a.txt", 0, READ, 0);
    script.open(3, "a.txt", 0, READ, 1);
    script.call("fd_tell", &[3, STAT.into()]);
    script.call("fd_close", &[4]);
    script.open(4, "data/a.txt", 0, READ, 1);
    let results = run_alone(&script, place.grants(&[("data", false)])).await;
    assert_eq!(results, [0, BADF, BADF, BADF, 0, NOTDIR, 0, 0, BADF]);
}

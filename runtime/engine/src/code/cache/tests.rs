use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};

use super::sweep::{ABANDONED, KEPT};
use super::*;

fn key(text: &str) -> Key {
    Key(Sha256::digest(text).into())
}

#[test]
fn added_code_is_found() {
    let directory = tempfile::tempdir().expect("a directory");
    let cache = CodeCache::open(directory.path()).expect("opens");
    assert!(cache.find(key("a")).is_none());
    let added = cache.add(key("a"), b"code").expect("is written");
    assert_eq!(code_in(&added).expect("reads"), b"code");
    let found = cache.find(key("a")).expect("is there");
    assert_eq!(code_in(&found).expect("reads"), b"code");
    assert!(cache.find(key("b")).is_none());
}

#[test]
fn a_cache_that_is_open_for_long_does_not_outgrow_its_limit() {
    let directory = tempfile::tempdir().expect("a directory");
    let cache = CodeCache::open_with(directory.path(), 8_000).expect("opens");
    for number in 0..100 {
        cache
            .add(key(&number.to_string()), &[7; 500])
            .expect("is written");
        let files = fs::read_dir(directory.path()).expect("reads").flatten();
        let all: u64 = files
            .filter(|file| file.path().extension().is_some_and(|it| it == "cwasm"))
            .map(|file| file.metadata().map_or(0, |it| it.len()))
            .sum();
        assert!(all < 10_000, "{all} bytes after {number}");
    }
}

#[test]
fn half_written_files_are_not_found() {
    let directory = tempfile::tempdir().expect("a directory");
    let cache = CodeCache::open(directory.path()).expect("opens");
    fs::write(directory.path().join(".writing-x"), b"co").expect("is written");
    assert!(cache.find(key("a")).is_none());
    cache.add(key("a"), b"code").expect("is written beside it");
    assert!(cache.find(key("a")).is_some());
}

#[test]
fn damaged_files_are_not_found_and_can_be_replaced() {
    let directory = tempfile::tempdir().expect("a directory");
    let cache = CodeCache::open(directory.path()).expect("opens");
    let path = directory.path().join(key("a").file_name());
    cache.add(key("a"), b"code").expect("is written");
    let whole = fs::read(&path).expect("reads");
    let mut changed = whole.clone();
    changed[1] ^= 1;
    let longer = [&whole[..], b"x"].concat();
    let damaged: [&[u8]; 6] = [
        b"",
        b"x",
        &[0; 64],
        &whole[..whole.len() - 1],
        &changed,
        &longer,
    ];
    for content in damaged {
        fs::write(&path, content).expect("is written");
        assert!(cache.find(key("a")).is_none(), "{content:?}");
        cache.add(key("a"), b"code").expect("is replaced");
        assert!(cache.find(key("a")).is_some());
    }
}

#[test]
fn old_files_of_killed_writers_are_swept() {
    let directory = tempfile::tempdir().expect("a directory");
    let [old, new] = [".writing-old", ".writing-new"].map(|name| directory.path().join(name));
    for path in [&old, &new] {
        fs::write(path, b"co").expect("is written");
    }
    let long_ago = SystemTime::now() - ABANDONED * 2;
    let file = File::options().write(true).open(&old).expect("opens");
    file.set_modified(long_ago).expect("is set");
    CodeCache::open(directory.path()).expect("opens");
    assert!(!old.exists());
    assert!(new.exists(), "its writer may still be at work");
}

fn make_unused_for(path: &Path, age: Duration) {
    let file = File::options().write(true).open(path).expect("opens");
    file.set_modified(SystemTime::now() - age).expect("is set");
}

#[test]
fn code_unused_for_long_goes_and_used_code_stays() {
    let directory = tempfile::tempdir().expect("a directory");
    let cache = CodeCache::open(directory.path()).expect("opens");
    for name in ["unused", "used"] {
        cache.add(key(name), b"code").expect("is written");
        let path = directory.path().join(key(name).file_name());
        make_unused_for(&path, KEPT + Duration::from_secs(1));
    }
    assert!(cache.find(key("used")).is_some());
    let cache = CodeCache::open(directory.path()).expect("opens");
    assert!(cache.find(key("used")).is_some());
    assert!(cache.find(key("unused")).is_none());
}

fn date_ahead_by(path: &Path, ahead: Duration) {
    let file = File::options().write(true).open(path).expect("opens");
    file.set_modified(SystemTime::now() + ahead)
        .expect("is set");
}

#[test]
fn a_date_to_come_keeps_no_file() {
    let directory = tempfile::tempdir().expect("a directory");
    let cache = CodeCache::open(directory.path()).expect("opens");
    let path = |name| directory.path().join(key(name).file_name());
    for name in ["ahead", "used", "far"] {
        cache.add(key(name), &[0; 68]).expect("is written");
    }
    let unfinished = directory.path().join(".writing-ahead");
    fs::write(&unfinished, b"co").expect("is written");
    date_ahead_by(&unfinished, ABANDONED * 2);
    date_ahead_by(&path("ahead"), Duration::from_secs(24 * 3_600));
    date_ahead_by(&path("far"), KEPT * 2);
    // If the cache is too large, the file used last stays.
    let cache = CodeCache::open_with(directory.path(), 150).expect("opens");
    assert!(cache.find(key("used")).is_some());
    assert!(cache.find(key("ahead")).is_none());
    assert!(cache.find(key("far")).is_none());
    assert!(!unfinished.exists());
    // A use sets the date right.
    date_ahead_by(&path("used"), KEPT * 2);
    assert!(cache.find(key("used")).is_some());
    let cache = CodeCache::open(directory.path()).expect("opens");
    assert!(cache.find(key("used")).is_some());
}

#[test]
fn beyond_its_size_what_was_unused_longest_goes() {
    let directory = tempfile::tempdir().expect("a directory");
    let cache = CodeCache::open(directory.path()).expect("opens");
    for (hours, name) in ["newest", "middle", "oldest"].into_iter().enumerate() {
        cache.add(key(name), &[0; 68]).expect("is written");
        let path = directory.path().join(key(name).file_name());
        make_unused_for(&path, Duration::from_secs(hours as u64 * 3_600));
    }
    let other = directory.path().join("somebody's");
    fs::write(&other, [0; 1_000]).expect("is written");
    let cache = CodeCache::open_with(directory.path(), 200).expect("opens");
    assert!(cache.find(key("newest")).is_some());
    assert!(cache.find(key("middle")).is_some());
    assert!(cache.find(key("oldest")).is_none());
    assert!(other.exists(), "it is none of the cache's");
}

#[test]
fn files_that_others_can_change_are_not_found_and_are_replaced() {
    let directory = tempfile::tempdir().expect("a directory");
    let cache = CodeCache::open(directory.path()).expect("opens");
    let path = directory.path().join(key("a").file_name());
    let other = directory.path().join("other");
    cache.add(key("a"), b"code").expect("is written");
    fs::copy(&path, &other).expect("is copied");
    type Spoil<'a> = (&'a str, &'a dyn Fn());
    let spoils: [Spoil<'_>; 4] = [
        ("a mode", &|| {
            fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).expect("is set");
        }),
        ("a link", &|| {
            fs::remove_file(&path).expect("is removed");
            std::os::unix::fs::symlink("other", &path).expect("is made");
        }),
        ("a pipe", &|| {
            fs::remove_file(&path).expect("is removed");
            let mode = rustix::fs::Mode::RWXU;
            rustix::fs::mkfifoat(rustix::fs::CWD, &path, mode).expect("is made");
        }),
        ("an owner", &|| {
            // Only root gives files away.
            if std::os::unix::fs::chown(&path, Some(12_345), None).is_err() {
                fs::write(&path, b"code").expect("is written");
            }
        }),
    ];
    for (what, spoil) in spoils {
        spoil();
        assert!(cache.find(key("a")).is_none(), "{what}");
        cache.add(key("a"), b"code").expect("is replaced");
        let found = cache.find(key("a")).expect("is there");
        assert_eq!(code_in(&found).expect("reads"), b"code", "{what}");
        assert!(fs::symlink_metadata(&path).expect("is there").is_file());
    }
}

#[test]
fn code_for_another_cache_or_name_is_not_found() {
    let [one, other] = [(); 2].map(|()| tempfile::tempdir().expect("a directory"));
    let cache = CodeCache::open(one.path()).expect("opens");
    let foreign = CodeCache::open(other.path()).expect("opens");
    foreign.add(key("a"), b"planted").expect("is written");
    let name = key("a").file_name();
    fs::copy(other.path().join(&name), one.path().join(&name)).expect("is copied");
    assert!(cache.find(key("a")).is_none(), "of another cache");
    cache.add(key("b"), b"code").expect("is written");
    fs::copy(
        one.path().join(key("b").file_name()),
        one.path().join(&name),
    )
    .expect("is copied");
    assert!(cache.find(key("a")).is_none(), "of another name");
    assert!(cache.find(key("b")).is_some());
    // With the key gone, nothing that was written with it counts.
    fs::remove_file(one.path().join("key")).expect("is removed");
    let again = CodeCache::open(one.path()).expect("opens");
    assert!(again.find(key("b")).is_none());
}

#[test]
fn a_directory_in_place_of_a_file_is_named() {
    let directory = tempfile::tempdir().expect("a directory");
    let cache = CodeCache::open(directory.path()).expect("opens");
    let path = directory.path().join(key("a").file_name());
    fs::create_dir(&path).expect("is made");
    assert!(cache.find(key("a")).is_none());
    let error = cache
        .add(key("a"), b"code")
        .expect_err("cannot be replaced");
    assert_eq!(error.remedy(), Some(format!("rm -r {}", path.display())));
    let names = fs::read_dir(directory.path()).expect("is there").count();
    assert_eq!(names, 2, "the key and the directory");
}

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
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

/// A time at which files of now are settled.
fn later() -> SystemTime {
    SystemTime::now() + Duration::from_secs(60)
}

fn trust_at(cache: &CodeCache, name: &str, now: SystemTime) -> Trust {
    let file = cache.directory.file(&key(name).file_name());
    let mut file = file.expect("opens").expect("is there");
    cache.trust(key(name), &mut file, now).expect("reads")
}

#[test]
fn a_file_is_hashed_once() {
    let directory = tempfile::tempdir().expect("a directory");
    let cache = CodeCache::open(directory.path()).expect("opens");
    cache.add(key("a"), b"code").expect("is written");
    // A write at the time of the last one would not show.
    assert_eq!(trust_at(&cache, "a", SystemTime::now()), Trust::Hashed);
    assert_eq!(trust_at(&cache, "a", later()), Trust::Hashed);
    assert_eq!(trust_at(&cache, "a", later()), Trust::Recorded);
    let again = CodeCache::open(directory.path()).expect("opens");
    assert_eq!(trust_at(&again, "a", later()), Trust::Recorded);
    assert_eq!(
        code_in(&again.find(key("a")).expect("is there")).expect("reads"),
        b"code"
    );
}

#[test]
fn a_record_is_of_one_content_of_one_file_of_one_cache() {
    let [one, other] = [(); 2].map(|()| tempfile::tempdir().expect("a directory"));
    let cache = CodeCache::open(one.path()).expect("opens");
    for name in ["a", "b"] {
        cache.add(key(name), b"code").expect("is written");
        assert_eq!(trust_at(&cache, name, later()), Trust::Hashed);
    }
    let path = |name| one.path().join(key(name).file_name());
    let record = |name| path(name).with_extension("seen");
    let whole = fs::read(path("a")).expect("reads");

    // Another content in the same file, dated back.
    let modified = fs::metadata(path("a")).expect("is there").modified();
    let changed = || {
        let metadata = fs::metadata(path("a")).expect("is there");
        (metadata.ctime(), metadata.ctime_nsec())
    };
    let before = changed();
    // The file had no time to settle: its clock has to move on.
    while changed() == before {
        fs::write(path("a"), [b"evil", &whole[4..]].concat()).expect("is written");
    }
    let file = File::options().write(true).open(path("a")).expect("opens");
    file.set_modified(modified.expect("is known"))
        .expect("is set");
    assert_eq!(trust_at(&cache, "a", later()), Trust::None);

    // Another file under the name.
    fs::write(one.path().join("new"), &whole).expect("is written");
    fs::rename(one.path().join("new"), path("a")).expect("is renamed");
    assert_eq!(trust_at(&cache, "a", later()), Trust::Hashed);
    assert_eq!(trust_at(&cache, "a", later()), Trust::Recorded);

    // A record of another file, and of another cache.
    fs::copy(record("b"), record("a")).expect("is copied");
    assert_eq!(trust_at(&cache, "a", later()), Trust::Hashed);
    let foreign = CodeCache::open(other.path()).expect("opens");
    fs::hard_link(path("a"), other.path().join(key("a").file_name())).expect("is linked");
    // The link has changed the file's metadata, perhaps at the time of the record.
    assert_ne!(trust_at(&cache, "a", later()), Trust::None);
    fs::copy(
        record("a"),
        other.path().join(record("a").file_name().expect("has one")),
    )
    .expect("is copied");
    assert_eq!(trust_at(&foreign, "a", later()), Trust::None);
}

#[test]
fn a_damaged_record_does_no_harm() {
    let directory = tempfile::tempdir().expect("a directory");
    let cache = CodeCache::open(directory.path()).expect("opens");
    cache.add(key("a"), b"code").expect("is written");
    assert_eq!(trust_at(&cache, "a", later()), Trust::Hashed);
    let path = directory.path().join(key("a").file_name());
    let record = path.with_extension("seen");
    let whole = fs::read(&record).expect("reads");
    let longer = [&whole[..], b"x"].concat();
    for content in [b"".as_slice(), &whole[1..], &longer, &[0; secret::LENGTH]] {
        fs::write(&record, content).expect("is written");
        assert_eq!(trust_at(&cache, "a", later()), Trust::Hashed);
        assert_eq!(trust_at(&cache, "a", later()), Trust::Recorded);
    }
    fs::set_permissions(&record, fs::Permissions::from_mode(0o666)).expect("is set");
    assert_eq!(trust_at(&cache, "a", later()), Trust::Hashed);
    assert_eq!(trust_at(&cache, "a", later()), Trust::Recorded);
}

#[test]
fn old_records_are_swept() {
    let directory = tempfile::tempdir().expect("a directory");
    let cache = CodeCache::open(directory.path()).expect("opens");
    cache.add(key("a"), b"code").expect("is written");
    assert_eq!(trust_at(&cache, "a", later()), Trust::Hashed);
    let record = directory
        .path()
        .join(key("a").file_name())
        .with_extension("seen");
    CodeCache::open(directory.path()).expect("opens");
    assert!(record.exists());
    make_unused_for(&record, KEPT + Duration::from_secs(1));
    CodeCache::open(directory.path()).expect("opens");
    assert!(!record.exists());
}

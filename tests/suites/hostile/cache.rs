//! Attacks by files in the cache of compiled code, or in its place.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;
use warren_tests::{Outcome, Program};

use crate::scene::{Scene, module};

pub(crate) const SCENES: &[Scene] = &[
    Scene {
        name: "cache/planted_entries",
        tries: "entries that are cut, changed, of another program, links, pipes, directories, \
                of another owner or open to others",
        end: "each is compiled anew, and what was planted never runs",
        run: planted_entries,
    },
    Scene {
        name: "cache/planted_keys",
        tries: "a key that others know: one that is empty, cut, a link, a pipe, a directory, \
                readable by all",
        end: "the program runs, with the cache or without it",
        run: planted_keys,
    },
    Scene {
        name: "cache/junk",
        tries: "20,000 files in the cache's directory that are none of the cache's",
        end: "the program runs, and none is touched",
        run: junk,
    },
    Scene {
        name: "cache/nowhere",
        tries: "a cache's directory where no directory can be: below a file, a device, /proc",
        end: "the program runs without a cache",
        run: nowhere,
    },
    Scene {
        name: "cache/relative",
        tries: "a cache in whatever directory the command is started in",
        end: "the program runs without a cache, and leaves no file",
        run: relative,
    },
    Scene {
        name: "cache/link_to_elsewhere",
        tries: "a link in place of the directory, to one that everybody writes to",
        end: "the program runs without a cache, and nothing is written there",
        run: link_to_elsewhere,
    },
    Scene {
        name: "cache/racing_writers",
        tries: "six first starts at once, for one entry",
        end: "all run, and one entry is left",
        run: racing_writers,
    },
    Scene {
        name: "cache/dates_to_come",
        tries: "unfinished entries and entries of the year 2100, to stay forever",
        end: "they go at the next start",
        run: dates_to_come,
    },
];

/// Returns a module that prints one word.
fn says(word: &str) -> String {
    let length = word.len() + 1;
    format!(
        r#"(module
            (import "warren:core/stdio@0.1.0" "write" (func $write (param i32 i32 i32)))
            (memory (export "memory") 1)
            (data (i32.const 0) "{word}\n")
            (func (export "start")
              (call $write (i32.const 0) (i32.const 0) (i32.const {length}))))"#
    )
}

/// A program with a cache of its own.
struct Stage {
    program: Program,
    home: TempDir,
}

impl Stage {
    fn new() -> Stage {
        Stage {
            program: module(&says("mine")),
            home: tempfile::tempdir().expect("a directory"),
        }
    }

    fn cache(&self) -> PathBuf {
        self.home.path().join("warren")
    }

    fn run(&self) -> Outcome {
        self.program.command().cache(self.home.path()).outcome()
    }

    fn works(&self) -> Outcome {
        self.run().ends_with(0).prints("mine\n")
    }

    fn entries(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.cache()).expect("the cache is there");
        let mut entries: Vec<PathBuf> = entries.map(|it| it.expect("an entry").path()).collect();
        entries.retain(|path| path.extension().is_some_and(|it| it == "cwasm"));
        entries
    }
}

fn fifo(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status();
    assert!(made.expect("mkfifo is there").success());
}

fn remove(path: &Path) {
    if path.is_dir() && !path.is_symlink() {
        fs::remove_dir_all(path).expect("is removed");
    } else {
        let _ = fs::remove_file(path);
    }
}

fn planted_entries() {
    let stage = Stage::new();
    stage.works();
    let [entry] = &stage.entries()[..] else {
        panic!("not one entry: {:?}", stage.entries());
    };
    let whole = fs::read(entry).expect("reads");
    // Code of the same cache, for another program.
    let other = module(&says("planted"));
    let other = other.command().cache(stage.home.path()).outcome();
    other.ends_with(0).prints("planted\n");
    let planted = stage.entries();
    let planted = planted.iter().find(|it| *it != entry).expect("two entries");
    let elsewhere = stage.home.path().join("elsewhere");
    fs::copy(planted, &elsewhere).expect("is copied");
    let mut changed = whole.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 0x40;

    let spoils: [(&str, &dyn Fn()); 8] = [
        ("cut", &|| {
            fs::write(entry, &whole[..whole.len() / 2]).expect("is written");
        }),
        ("empty", &|| fs::write(entry, "").expect("is written")),
        ("changed", &|| {
            fs::write(entry, &changed).expect("is written")
        }),
        ("of another program", &|| {
            fs::copy(planted, entry).expect("is copied");
        }),
        ("a link", &|| {
            symlink(&elsewhere, entry).expect("is made");
        }),
        ("a pipe", &|| fifo(entry)),
        ("open to others", &|| {
            fs::write(entry, &whole).expect("is written");
            fs::set_permissions(entry, Permissions::from_mode(0o666)).expect("is set");
        }),
        ("of another owner", &|| {
            fs::write(entry, &whole).expect("is written");
            // Only root can give files away.
            if chown(entry, Some(12_345), None).is_err() {
                fs::write(entry, "").expect("is written");
            }
        }),
    ];
    for (what, spoil) in spoils {
        remove(entry);
        spoil();
        let outcome = stage.works();
        assert!(
            outcome.stderr.contains("compiled anew"),
            "{what}: {outcome}"
        );
        // The entry was replaced, and so the next start reports nothing.
        stage.works().says_nothing();
    }
    remove(entry);
    fs::create_dir(entry).expect("is made");
    stage.works();
}

fn planted_keys() {
    let stage = Stage::new();
    stage.works();
    let key = stage.cache().join("key");
    let whole = fs::read(&key).expect("the cache has a key");
    let known = stage.home.path().join("known");
    fs::write(&known, &whole).expect("is written");
    let spoils: [&dyn Fn(); 6] = [
        &|| fs::write(&key, "").expect("is written"),
        &|| fs::write(&key, &whole[..whole.len() / 2]).expect("is written"),
        &|| symlink(&known, &key).expect("is made"),
        &|| fifo(&key),
        &|| fs::create_dir(&key).expect("is made"),
        &|| {
            fs::write(&key, &whole).expect("is written");
            fs::set_permissions(&key, Permissions::from_mode(0o644)).expect("is set");
        },
    ];
    for spoil in spoils {
        remove(&key);
        spoil();
        stage.works();
    }
}

fn junk() {
    let stage = Stage::new();
    stage.works();
    for n in 0..20_000 {
        File::create(stage.cache().join(format!("junk-{n}"))).expect("is made");
    }
    stage.works().says_nothing();
    let left = fs::read_dir(stage.cache()).expect("is there").flatten();
    let left = left.filter(|file| file.file_name().to_string_lossy().starts_with("junk-"));
    assert_eq!(left.count(), 20_000);
}

fn nowhere() {
    let stage = Stage::new();
    let file = stage.home.path().join("file");
    fs::write(&file, "").expect("is written");
    for home in [&*file, Path::new("/dev/null"), Path::new("/proc")] {
        let outcome = stage.program.command().cache(home).outcome();
        outcome.ends_with(0).prints("mine\n");
    }
}

fn relative() {
    let stage = Stage::new();
    for (variable, value) in [
        ("XDG_CACHE_HOME", "tmp"),
        ("XDG_CACHE_HOME", "."),
        ("XDG_CACHE_HOME", "../x"),
        ("XDG_CACHE_HOME", ""),
    ] {
        let command = stage.program.command().env("HOME", "").env(variable, value);
        command.outcome().ends_with(0).prints("mine\n");
        let files = fs::read_dir(stage.program.path()).expect("is there");
        assert_eq!(
            files.count(),
            1,
            "{variable}={value}: there is more than main.wat"
        );
    }
}

fn link_to_elsewhere() {
    let stage = Stage::new();
    let open = stage.home.path().join("open");
    fs::create_dir(&open).expect("is made");
    fs::set_permissions(&open, Permissions::from_mode(0o777)).expect("is set");
    symlink("open", stage.cache()).expect("is made");
    stage.works();
    assert_eq!(fs::read_dir(&open).expect("is there").count(), 0);
}

fn racing_writers() {
    let stage = Stage::new();
    let command = || stage.program.command().cache(stage.home.path());
    let sessions: Vec<_> = (0..6).map(|_| command().start()).collect();
    for session in sessions {
        session.end().ends_with(0).prints("mine\n");
    }
    let left = fs::read_dir(stage.cache()).expect("is there").count();
    assert_eq!(left, 2, "the key and the entry");
    stage.works().says_nothing();
}

fn dates_to_come() {
    let stage = Stage::new();
    stage.works();
    let ahead = SystemTime::now() + Duration::from_secs(74 * 365 * 24 * 3_600);
    let planted = ["old.cwasm", ".writing-0123456789abcdef"].map(|it| stage.cache().join(it));
    for path in &planted {
        let file = File::create(path).expect("is made");
        file.set_modified(ahead).expect("is set");
    }
    stage.works();
    assert!(planted.iter().all(|path| !path.exists()));
}

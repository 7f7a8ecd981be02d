//! The cache of compiled code: however a start that fills the cache ends, the
//! second start after it works and compiles nothing.

#![allow(clippy::expect_used)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use warren_tests::{Outcome, Program, Session, TIMEOUT};

/// The output of a successful start.
const WORKS: &str = "hello from lua\nhello from wasm\n";

#[test]
fn the_first_start_compiles_and_the_second_does_not() {
    let cache = Cache::new();
    let first = cache.start().end().ends_with(0).prints(WORKS);
    assert_eq!(compiled(&first), 2, "interpreter and module: {first}");
    let second = cache.start().end().ends_with(0).prints(WORKS);
    assert_eq!(compiled(&second), 0, "{second}");
}

#[test]
fn changed_code_is_compiled_anew() {
    let cache = Cache::new();
    cache.start().end().ends_with(0);
    let path = cache.program.path().join("module.wat");
    let text = fs::read_to_string(&path).expect("the module");
    fs::write(&path, text.replace("wasm", "WASM")).expect("is written");
    let changed = cache
        .start()
        .end()
        .ends_with(0)
        .prints("hello from lua\nhello from WASM\n");
    assert_eq!(compiled(&changed), 1, "{changed}");
}

#[test]
fn two_first_starts_at_once() {
    let cache = Cache::new();
    let both = [cache.start(), cache.start()];
    for session in both {
        session.end().ends_with(0).prints(WORKS);
    }
    cache.works_and_compiles_nothing();
}

#[test]
fn killed_at_once() {
    let cache = Cache::new();
    cache.kill_when(|_| true);
    cache.second_start_compiles_nothing();
}

#[test]
fn killed_while_a_file_is_written() {
    let cache = Cache::new();
    cache.kill_when(|files| files.iter().any(File::is_being_written));
    cache.second_start_compiles_nothing();
}

#[test]
fn killed_when_the_first_file_is_complete() {
    let cache = Cache::new();
    cache.kill_when(|files| files.iter().any(|file| !file.is_being_written()));
    cache.second_start_compiles_nothing();
}

#[test]
fn killed_at_any_time() {
    let whole = {
        let cache = Cache::new();
        let began = Instant::now();
        cache.start().end().ends_with(0);
        began.elapsed()
    };
    // Spread over the duration of a first start. The time is the varied
    // parameter; the test waits for nothing.
    const TRIALS: u32 = 6;
    for trial in 0..TRIALS {
        let cache = Cache::new();
        let mut session = cache.start();
        let pause = whole * (2 * trial + 1) / (2 * TRIALS);
        let killed_at = Instant::now() + pause;
        while Instant::now() < killed_at && !session.has_ended() {
            thread::sleep(Duration::from_millis(1));
        }
        session.kill();
        cache.second_start_compiles_nothing();
    }
}

#[test]
fn unusable_files_are_replaced() {
    let cache = Cache::new();
    cache.start().end().ends_with(0);
    for what in ["empty", "something else", "cut"] {
        for file in cache.files() {
            let mut bytes = fs::read(&file.path).expect("a file of the cache");
            match what {
                "empty" => bytes.clear(),
                "cut" => bytes.truncate(bytes.len() / 2),
                _ => bytes = b"not machine code".to_vec(),
            }
            // A new file, because a start that is about to end may still map
            // the old one.
            fs::remove_file(&file.path).expect("is removed");
            fs::write(&file.path, bytes).expect("is written");
        }
        let ended = cache.start().end().ends_with(0).prints(WORKS);
        assert!(compiled(&ended) > 0, "{what}: {ended}");
        cache.works_and_compiles_nothing();
    }
}

#[test]
fn a_module_that_does_not_link_is_no_unusable_file() {
    let module = r#"(module (import "env" "nothing" (func))
        (memory (export "memory") 1) (func (export "start")))"#;
    let main = r#"assert(process.spawn("app:module"))"#;
    let cache = Cache::of(&[("main.lua", main), ("module.wat", module)]);
    for expected in [2, 0] {
        let ended = cache.start().end().ends_with(1);
        assert_eq!(compiled(&ended), expected, "{ended}");
        assert!(!ended.stderr.contains("code cache"), "{ended}");
        ended.says(&["does not provide its imports `env` `nothing`"]);
    }
}

#[test]
fn without_a_usable_directory_it_works_and_says_so() {
    let cache = Cache::new();
    // Others may write to the directory, so code from it could be anybody's.
    let directory = cache.directory.path().join("warren");
    fs::create_dir(&directory).expect("is made");
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o777)).expect("is set");
    cache.start().end().ends_with(0).prints(WORKS).says(&[
        "no code cache",
        "others may write to it (mode 0777)",
        &format!("chmod go-w {}", directory.display()),
    ]);
    assert!(cache.files().is_empty());

    fs::remove_dir(&directory).expect("is removed");
    fs::write(&directory, "in the way").expect("is written");
    cache
        .start()
        .end()
        .ends_with(0)
        .prints(WORKS)
        .says(&["no code cache"]);
}

/// Replaces a file in the cache by another sort of entry.
fn plant(path: &Path, what: &str) {
    let bytes = fs::read(path).expect("a file of the cache");
    fs::remove_file(path).expect("is removed");
    match what {
        "a pipe" => {
            let made = std::process::Command::new("mkfifo").arg(path).status();
            assert!(made.expect("a command").success());
        }
        "a link" => {
            let elsewhere = path.with_extension("elsewhere");
            fs::write(&elsewhere, bytes).expect("is written");
            std::os::unix::fs::symlink(elsewhere, path).expect("is made");
        }
        _ => {
            fs::write(path, bytes).expect("is written");
            fs::set_permissions(path, fs::Permissions::from_mode(0o666)).expect("is set");
        }
    }
}

#[test]
fn files_that_others_could_have_written_are_not_loaded() {
    let cache = Cache::new();
    cache.start().end().ends_with(0);
    for what in ["a pipe", "a link", "a file that others can change"] {
        for file in cache.files() {
            if !file.is_being_written() {
                plant(&file.path, what);
            }
        }
        let ended = cache.start().end().ends_with(0).prints(WORKS);
        assert_eq!(compiled(&ended), 2, "{what}: {ended}");
        let ended = ended.says(&["not loaded from the code cache", "help=\"rm -r "]);
        assert!(ended.stderr.contains(".cwasm"), "{what}: {ended}");
        cache.works_and_compiles_nothing();
    }
}

#[test]
fn files_planted_before_the_directory_was_closed_are_not_loaded() {
    let [cache, theirs] = [Cache::new(), Cache::new()];
    theirs.start().end().ends_with(0);
    // Names do not depend on the cache, so another cache's files fit.
    let directory = cache.directory.path().join("warren");
    fs::create_dir(&directory).expect("is made");
    for file in theirs.files() {
        let name = file.path.file_name().expect("a name");
        fs::copy(&file.path, directory.join(name)).expect("is planted");
    }
    let ended = cache.start().end().ends_with(0).prints(WORKS);
    assert_eq!(compiled(&ended), 2, "{ended}");
    ended.says(&["not written by this user's runtime"]);
    cache.works_and_compiles_nothing();
}

#[test]
fn a_home_that_is_no_absolute_path_makes_no_cache() {
    for (variable, value) in [("HOME", ""), ("HOME", "home"), ("XDG_CACHE_HOME", "cache")] {
        let cache = Cache::new();
        let program = cache.program.path();
        // A variable that is empty counts as absent.
        let ended = cache
            .program
            .command()
            .current_dir(program)
            .env("XDG_CACHE_HOME", "")
            .env("HOME", cache.directory.path())
            .env(variable, value)
            .outcome();
        let ended = ended.ends_with(0).prints(WORKS);
        let files = fs::read_dir(program).expect("a directory").count();
        assert_eq!(files, 2, "{variable}={value}: {ended}");
        if value == "home" {
            ended.says(&["no code cache", "set HOME or XDG_CACHE_HOME"]);
        }
    }
}

/// A cache directory of its own, and a program to start with it.
struct Cache {
    directory: TempDir,
    program: Program,
}

impl Cache {
    fn new() -> Cache {
        let main = r#"
            print("hello from lua")
            local events = process.events()
            assert(process.spawn_monitored("app:module", "app:processes"))
            local result = events:receive().result
            assert(not result.error, result.error)
        "#;
        let module = r#"(module
            (import "warren:core/stdio@0.1.0" "write" (func $write (param i32 i32 i32)))
            (memory (export "memory") 1)
            (data (i32.const 0) "hello from wasm\n")
            (func (export "start")
                (call $write (i32.const 0) (i32.const 0) (i32.const 16))))"#;
        Cache::of(&[("main.lua", main), ("module.wat", module)])
    }

    fn of(files: &[(&str, &str)]) -> Cache {
        Cache {
            directory: tempfile::tempdir().expect("a directory"),
            program: Program::of(files),
        }
    }

    /// Starts the program, with its compilations logged.
    fn start(&self) -> Session {
        self.program
            .command()
            .cache(self.directory.path())
            .options(["--log", "warn,warren::compile=info"])
            .start()
    }

    /// Starts the program, and kills it once the files in the cache match. On a busy
    /// machine a start may be over before its files were looked at: the next one begins
    /// with an empty cache.
    #[track_caller]
    fn kill_when(&self, so: impl Fn(&[File]) -> bool) {
        let deadline = Instant::now() + TIMEOUT;
        loop {
            let mut session = self.start();
            loop {
                if so(&self.files()) {
                    return session.kill();
                }
                if session.has_ended() {
                    break;
                }
                assert!(Instant::now() < deadline, "not done after {TIMEOUT:?}");
                thread::yield_now();
            }
            session.end().ends_with(0).prints(WORKS);
            assert!(
                Instant::now() < deadline,
                "the step to kill it at was not seen"
            );
            for entry in fs::read_dir(self.directory.path()).expect("a directory") {
                fs::remove_dir_all(entry.expect("an entry").path()).expect("it is removed");
            }
        }
    }

    /// Asserts the promise after a start that did not end by itself.
    #[track_caller]
    fn second_start_compiles_nothing(&self) {
        self.start().end().ends_with(0).prints(WORKS);
        self.works_and_compiles_nothing();
    }

    #[track_caller]
    fn works_and_compiles_nothing(&self) {
        let ended = self.start().end().ends_with(0).prints(WORKS);
        assert_eq!(compiled(&ended), 0, "{ended}");
    }

    fn files(&self) -> Vec<File> {
        let mut files = Vec::new();
        collect(self.directory.path(), &mut files);
        files
    }
}

/// Returns the number of compilations a start has logged.
fn compiled(outcome: &Outcome) -> usize {
    outcome.stderr.matches("warren::compile").count()
}

/// A file in the cache.
struct File {
    path: PathBuf,
}

impl File {
    fn is_being_written(&self) -> bool {
        self.path.extension().is_none_or(|kind| kind != "cwasm")
    }
}

fn collect(directory: &Path, files: &mut Vec<File>) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if entry.file_name() != "key" {
            files.push(File { path });
        }
    }
}

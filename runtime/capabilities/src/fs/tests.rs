//! Volumes of processes without guests.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use warren_engine::Uses;
use warren_kernel::{HostConfig, Kernel, Kind};
use warren_values::Value;

use super::*;
use crate::streams::Stream;
use crate::test::{Tester, of};

/// A volume in a directory, beside which another directory has a secret.
struct Stage {
    outer: tempfile::TempDir,
    volumes: Volumes,
    stream: Stream,
    tester: Tester,
}

impl Stage {
    fn new() -> Stage {
        Stage::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut VolumeSettings)) -> Stage {
        let outer = tempfile::tempdir().unwrap();
        fs::create_dir(outer.path().join("volume")).unwrap();
        fs::create_dir(outer.path().join("beside")).unwrap();
        fs::write(outer.path().join("beside/secret"), "secret").unwrap();
        let directory = outer.path().join("volume");
        let mut settings = VolumeSettings::open("t:files", directory, true).unwrap();
        change(&mut settings);
        let mut tester = Tester::new(&Kernel::new(), HostConfig::default());
        tester.grants.uses = Uses::default().with("volumes", "t:files");
        Stage {
            volumes: Volumes::open(vec![settings]).unwrap(),
            stream: Stream::default(),
            outer,
            tester,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.outer.path().join("volume").join(name)
    }

    async fn call(&mut self, operation: &str, arguments: &[Value]) -> Result<Value, Error> {
        let mut all = vec![of("t:files")];
        all.extend_from_slice(arguments);
        self.tester.wait(&self.volumes, operation, &all).await
    }

    async fn on(&mut self, path: &str, operation: &str) -> Result<Value, Error> {
        self.call(operation, &[of(path)]).await
    }

    async fn write(&mut self, path: &str, text: &str, mode: &str) -> Result<Value, Error> {
        let arguments = [of(path), of(text), of(mode)];
        self.call("write_file", &arguments).await
    }

    async fn opened(&mut self, path: &str, mode: &str) -> Result<Value, Error> {
        self.call("open", &[of(path), of(mode)]).await
    }

    async fn stream(&mut self, operation: &str, arguments: &[Value]) -> Result<Value, Error> {
        self.tester.wait(&self.stream, operation, arguments).await
    }

    /// The bytes that the volume counts.
    fn used(&self) -> u64 {
        self.volumes.0.volumes["t:files"].usage.used()
    }
}

const TRUE: Result<Value, Error> = Ok(Value::Boolean(true));

#[track_caller]
fn kind_of(result: Result<Value, Error>) -> Kind {
    result.unwrap_err().kind
}

#[tokio::test]
async fn files_are_written_and_read_whole() {
    let mut stage = Stage::new();
    assert_eq!(stage.write("/a", "one", "w").await, TRUE);
    assert_eq!(stage.write("a", "two", "a").await, TRUE);
    assert_eq!(stage.on("./a", "read_file").await, Ok(of("onetwo")));
    assert_eq!(stage.write("a", "x", "w").await, TRUE);
    assert_eq!(stage.on("a", "read_file").await, Ok(of("x")));
    let again = stage.write("a", "y", "wx").await;
    assert_eq!(kind_of(again), Kind::AlreadyExists);
    assert_eq!(stage.on("d", "make_directory").await, TRUE);
    assert_eq!(stage.write("d/b", "", "wx").await, TRUE);

    let stat = stage.on("a", "stat").await.unwrap();
    assert_eq!(stat.get("name"), Some(&of("a")));
    assert_eq!(stat.get("size"), Some(&Value::Integer(1)));
    assert_eq!(stat.get("type"), Some(&of("file")));
    let root = stage.on("/", "stat").await.unwrap();
    assert_eq!(root.get("is_dir"), Some(&Value::Boolean(true)));
    let listed = stage.on("/", "list").await.unwrap();
    let expected = ["a", "file", "d", "directory"].map(of);
    assert_eq!(listed, Value::Array(expected.to_vec()));

    for (path, operation, kind) in [
        ("none", "read_file", Kind::NotFound),
        ("none/a", "read_file", Kind::NotFound),
        ("none", "stat", Kind::NotFound),
        ("none", "remove", Kind::NotFound),
        ("none/d", "make_directory", Kind::NotFound),
        ("d", "read_file", Kind::Invalid),
        ("a", "list", Kind::Invalid),
        ("a/b", "stat", Kind::Invalid),
        ("d", "remove", Kind::Invalid),
        ("d", "make_directory", Kind::AlreadyExists),
        ("/", "remove", Kind::Invalid),
        ("", "stat", Kind::Invalid),
    ] {
        let error = stage.on(path, operation).await.unwrap_err();
        assert_eq!(error.kind, kind, "{operation} {path}: {error}");
    }
    assert_eq!(kind_of(stage.write("d", "", "w").await), Kind::Invalid);
    assert_eq!(kind_of(stage.write("b", "", "rw").await), Kind::Invalid);
    for path in ["d/b", "d", "a"] {
        assert_eq!(stage.on(path, "remove").await, TRUE);
    }
    assert_eq!(stage.on("/", "list").await, Ok(Value::Array(Vec::new())));
}

#[tokio::test]
async fn an_open_file_is_a_stream() {
    let mut stage = Stage::new();
    let file = stage.opened("a", "rw").await.unwrap();
    let one = |value: Value| [file.clone(), value];
    assert_eq!(
        stage.stream("write", &one(of("abcdef"))).await,
        Ok(Value::Integer(6))
    );
    let seek = [file.clone(), of("set"), Value::Integer(1)];
    assert_eq!(stage.stream("seek", &seek).await, Ok(Value::Integer(1)));
    let two = one(Value::Integer(2));
    assert_eq!(stage.stream("read", &two).await, Ok(of("bc")));
    let seek = [file.clone(), of("end"), Value::Integer(-1)];
    assert_eq!(stage.stream("seek", &seek).await, Ok(Value::Integer(5)));
    assert_eq!(stage.stream("read", &two).await, Ok(of("f")));
    assert_eq!(stage.stream("read", &two).await, Ok(Value::Nil));
    let seek = [file.clone(), of("cur"), Value::Integer(-7)];
    assert_eq!(kind_of(stage.stream("seek", &seek).await), Kind::Invalid);
    let file = [file];
    let stat = stage.stream("stat", &file).await.unwrap();
    assert_eq!(stat.get("size"), Some(&Value::Integer(6)));
    assert_eq!(stat.get("position"), Some(&Value::Integer(6)));
    let volumes = stage.volumes.clone();
    assert_eq!(stage.tester.wait(&volumes, "sync", &file).await, TRUE);
    assert_eq!(stage.stream("close", &file).await, TRUE);
    assert_eq!(stage.stream("close", &file).await, TRUE);
    assert_eq!(kind_of(stage.stream("stat", &file).await), Kind::Internal);

    // Two that append write behind each other.
    let [one, other] = [stage.opened("a", "a").await, stage.opened("a", "a").await];
    for file in [one.unwrap(), other.unwrap()] {
        let write = [file.clone(), of("+")];
        assert_eq!(stage.stream("write", &write).await, Ok(Value::Integer(1)));
        let read = stage.stream("read", &[file]).await;
        assert_eq!(kind_of(read), Kind::Internal);
    }
    assert_eq!(stage.on("a", "read_file").await, Ok(of("abcdef++")));
    let file = stage.opened("a", "r").await.unwrap();
    let write = stage.stream("write", &[file, of("x")]).await;
    assert_eq!(kind_of(write), Kind::Internal);
    assert_eq!(kind_of(stage.opened("b", "x").await), Kind::Invalid);
}

#[tokio::test]
async fn nothing_leads_out() {
    let mut stage = Stage::new();
    let beside = stage.outer.path().join("beside");
    for (link, target) in [
        ("up", PathBuf::from("..")),
        ("far", beside.clone()),
        ("near", PathBuf::from("../beside")),
        ("file", PathBuf::from("../beside/secret")),
        ("new", PathBuf::from("../beside/new")),
        ("own", stage.path("")),
    ] {
        symlink(target, stage.path(link)).unwrap();
    }
    for path in [
        "..",
        "a/../..",
        "up/beside/secret",
        "far/secret",
        "near/secret",
        "file",
        "own",
    ] {
        for operation in ["read_file", "stat", "list", "make_directory"] {
            let error = stage.on(path, operation).await.unwrap_err();
            let made = operation == "make_directory" && error.kind == Kind::AlreadyExists;
            assert!(
                error.kind == Kind::Invalid || made,
                "{operation} {path}: {error}"
            );
        }
    }
    for mode in ["w", "a", "wx"] {
        for path in ["new", "file", "near/new", "up/new"] {
            let error = stage.write(path, "x", mode).await.unwrap_err();
            let made = mode == "wx" && error.kind == Kind::AlreadyExists;
            assert!(
                error.kind == Kind::Invalid || made,
                "{mode} {path}: {error}"
            );
        }
    }
    assert_eq!(fs::read_dir(&beside).unwrap().count(), 1);
    assert_eq!(fs::read(beside.join("secret")).unwrap(), b"secret");
    // A link goes, and not what it leads to. One that stays inside is followed.
    assert_eq!(stage.on("far", "remove").await, TRUE);
    assert!(beside.is_dir());
    fs::create_dir(stage.path("d")).unwrap();
    symlink("d", stage.path("inside")).unwrap();
    assert_eq!(stage.write("inside/a", "x", "w").await, TRUE);
    assert_eq!(stage.on("d/a", "read_file").await, Ok(of("x")));
    let listed = stage.on("/", "list").await.unwrap();
    let Value::Array(listed) = listed else {
        panic!("no list");
    };
    for (name, kind) in [
        ("inside", "directory"),
        ("near", "other"),
        ("d", "directory"),
    ] {
        assert!(listed.windows(2).any(|pair| pair == [of(name), of(kind)]));
    }
}

/// Another program makes a directory a link that leads out, and the other way round, while
/// files below it are asked for.
#[tokio::test]
async fn no_race_of_links_leads_out() {
    let mut stage = Stage::new();
    fs::create_dir(stage.path("inner")).unwrap();
    fs::write(stage.path("inner/secret"), "public").unwrap();
    let is_done = Arc::new(AtomicBool::new(false));
    let racer = thread::spawn({
        let [door, new] = ["door", "new"].map(|name| stage.path(name));
        let is_done = Arc::clone(&is_done);
        move || {
            while !is_done.load(Ordering::Relaxed) {
                for target in ["inner", "../beside"] {
                    symlink(target, &new).unwrap();
                    fs::rename(&new, &door).unwrap();
                }
            }
        }
    });
    let mut read = 0;
    for n in 0..3_000 {
        match stage.on("door/secret", "read_file").await {
            Ok(text) => {
                assert_eq!(text, of("public"));
                read += 1;
            }
            Err(error) => {
                let kinds = [Kind::Invalid, Kind::NotFound];
                assert!(kinds.contains(&error.kind), "{error}");
            }
        }
        // It leads somewhere inside, or nowhere.
        drop(stage.write(&format!("door/{n}"), "x", "w").await);
    }
    is_done.store(true, Ordering::Relaxed);
    racer.join().unwrap();
    assert!(read > 0);
    let beside = fs::read_dir(stage.outer.path().join("beside")).unwrap();
    assert_eq!(beside.count(), 1);
}

#[tokio::test]
async fn a_file_that_others_remove_is_made_again() {
    let mut stage = Stage::new();
    let is_done = Arc::new(AtomicBool::new(false));
    let remover = thread::spawn({
        let volume = Arc::clone(&stage.volumes.0.volumes["t:files"]);
        let is_done = Arc::clone(&is_done);
        move || {
            let mut removed = 0;
            while !is_done.load(Ordering::Relaxed) {
                let Volume { usage, dir, .. } = &*volume;
                removed += u32::from(usage.remove_file(dir, "shared".as_ref()).is_ok());
            }
            removed
        }
    });
    for n in 0..3_000 {
        let mode = ["a", "w", "wx"][n % 3];
        match stage.write("shared", "x", mode).await {
            Err(error) if mode == "wx" => assert_eq!(error.kind, Kind::AlreadyExists),
            written => assert_eq!(written, TRUE),
        }
    }
    is_done.store(true, Ordering::Relaxed);
    assert!(remover.join().unwrap() > 0);
    drop(stage.on("shared", "remove").await);
    assert_eq!(stage.used(), 0);
}

#[tokio::test]
async fn what_is_no_file_is_not_opened() {
    let mut stage = Stage::new();
    let made = Command::new("mkfifo").arg(stage.path("pipe")).status();
    assert!(made.unwrap().success());
    // Opening one side would wait for the other.
    for mode in ["r", "w", "a", "rw"] {
        assert_eq!(kind_of(stage.opened("pipe", mode).await), Kind::Invalid);
    }
    assert_eq!(kind_of(stage.on("pipe", "read_file").await), Kind::Invalid);
    let stat = stage.on("pipe", "stat").await.unwrap();
    assert_eq!(stat.get("type"), Some(&of("other")));
    assert_eq!(stage.on("pipe", "remove").await, TRUE);
}

#[tokio::test]
async fn a_volume_has_room_for_so_many_bytes() {
    const OBJECT: u64 = usage::OBJECT;
    let mut stage = Stage::with(|settings| settings.max_bytes = 3 * OBJECT + 100);
    // Files from before count, too.
    fs::write(stage.path("old"), [0; 40]).unwrap();
    fs::create_dir(stage.path("d")).unwrap();
    assert_eq!(stage.write("a", "0123456789", "w").await, TRUE);
    assert_eq!(stage.used(), 3 * OBJECT + 50);
    let error = stage.write("a", &"x".repeat(51), "a").await.unwrap_err();
    assert_eq!(error.kind, Kind::RateLimited);
    assert_eq!(error.retryable, Some(true));
    assert_eq!(
        error.message,
        format!("the volume has reached max_bytes = {}", 3 * OBJECT + 100)
    );
    assert_eq!(stage.write("a", &"x".repeat(50), "a").await, TRUE);
    // To overwrite takes no room, and to shorten gives some.
    assert_eq!(stage.write("a", "0123", "w").await, TRUE);
    assert_eq!(stage.used(), 3 * OBJECT + 44);
    for (path, operation) in [("e", "make_directory"), ("d/f", "make_directory")] {
        assert_eq!(kind_of(stage.on(path, operation).await), Kind::RateLimited);
    }
    assert_eq!(kind_of(stage.write("b", "", "w").await), Kind::RateLimited);
    assert_eq!(kind_of(stage.opened("b", "wx").await), Kind::RateLimited);
    assert!(!stage.path("b").exists());
    assert_eq!(stage.on("d", "remove").await, TRUE);
    assert_eq!(stage.on("old", "remove").await, TRUE);
    assert_eq!(stage.used(), OBJECT + 4);

    // A hole counts as what it will be.
    let file = stage.opened("a", "rw").await.unwrap();
    let far = Value::Integer(1 << 40);
    let seek = [file.clone(), of("set"), far];
    stage.stream("seek", &seek).await.unwrap();
    let write = [file.clone(), of("x")];
    assert_eq!(
        kind_of(stage.stream("write", &write).await),
        Kind::RateLimited
    );
    // A removed file counts until it is closed.
    assert_eq!(stage.on("a", "remove").await, TRUE);
    assert_eq!(stage.used(), OBJECT + 4);
    let seek = [file.clone(), of("set"), Value::Integer(0)];
    stage.stream("seek", &seek).await.unwrap();
    assert_eq!(stage.stream("write", &write).await, Ok(Value::Integer(1)));
    let more = [file.clone(), of(&"x".repeat(4 * 4_096))];
    assert_eq!(
        kind_of(stage.stream("write", &more).await),
        Kind::RateLimited
    );
    // No count finds it, and it counts.
    stage.volumes.0.volumes["t:files"].usage.count_again();
    assert_eq!(
        kind_of(stage.stream("write", &more).await),
        Kind::RateLimited
    );
    assert_eq!(stage.used(), OBJECT + 4);
    assert_eq!(stage.stream("close", &[file]).await, TRUE);
    assert_eq!(stage.used(), 0);
}

#[tokio::test]
async fn a_process_has_so_many_files_open() {
    let mut stage = Stage::new();
    let mut files = Vec::new();
    for _ in 0..MAX_FILES {
        files.push(stage.opened("a", "a").await.unwrap());
    }
    let error = stage.opened("a", "a").await.unwrap_err();
    assert_eq!(error.kind, Kind::RateLimited);
    assert!(error.message.contains("max_volume_files = 64"), "{error}");
    // Whole files need none that stays open.
    assert_eq!(stage.write("a", "x", "w").await, TRUE);
    assert_eq!(stage.stream("close", &[files.remove(0)]).await, TRUE);
    files.push(stage.opened("a", "r").await.unwrap());
    stage.tester.end_code();
    let quota = Arc::clone(&stage.volumes.0.files);
    while !quota.is_free() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_volume_may_be_for_reading_alone() {
    for by_grant in [false, true] {
        let mut stage = Stage::with(|settings| settings.directory.write = by_grant);
        if by_grant {
            let uses = Uses::default().with_right("volumes", "t:files", "read");
            stage.tester.grants.uses = uses;
        }
        fs::write(stage.path("a"), "x").unwrap();
        assert_eq!(stage.on("a", "read_file").await, Ok(of("x")));
        let denied = Kind::PermissionDenied;
        for mode in ["w", "a", "wx"] {
            assert_eq!(kind_of(stage.write("a", "y", mode).await), denied);
            assert_eq!(kind_of(stage.opened("a", mode).await), denied);
        }
        assert_eq!(kind_of(stage.opened("a", "rw").await), denied);
        // The reason is the grant or the volume.
        let error = stage.write("a", "y", "w").await.unwrap_err();
        let reason = match by_grant {
            true => "which is granted for reading; grant it by volumes = [\"t:files\"]",
            false => "a volume that can only be read; declare it without `read_only`",
        };
        let message = format!("not allowed: fs.write on t:files, {reason}");
        assert!(error.message.starts_with(&message), "{error}");
        for operation in ["remove", "make_directory"] {
            assert_eq!(kind_of(stage.on("a", operation).await), denied);
        }
        assert!(stage.opened("a", "r").await.is_ok());
        assert_eq!(fs::read(stage.path("a")).unwrap(), b"x");
    }
}

#[tokio::test]
async fn grants_and_policies_come_first() {
    let mut stage = Stage::new();
    stage.tester.denied = vec!["fs.write"];
    let denied = Kind::PermissionDenied;
    assert_eq!(kind_of(stage.write("a", "", "w").await), denied);
    assert_eq!(kind_of(stage.opened("a", "rw").await), denied);
    assert_eq!(kind_of(stage.on("a", "make_directory").await), denied);
    assert_eq!(kind_of(stage.on("a", "stat").await), Kind::NotFound);
    stage.tester.denied = vec!["fs.read"];
    for operation in ["stat", "list", "read_file"] {
        assert_eq!(kind_of(stage.on("/", operation).await), denied);
    }
    let volumes = stage.volumes.clone();
    let get = [of("t:files")];
    assert_eq!(stage.tester.call(&volumes, "get", &get), Ok(of("t:files")));
    for id in ["files", "t:other", "app:files"] {
        let error = stage.tester.call(&volumes, "get", &[of(id)]).unwrap_err();
        assert_eq!(error.kind, Kind::NotFound);
    }
    stage.tester.grants.uses = Uses::default();
    let error = stage.tester.call(&volumes, "get", &get).unwrap_err();
    let ends = "or by --volume t:files=PATH";
    assert!(
        error.message.starts_with("volume not found: t:files; "),
        "{error}"
    );
    assert!(error.message.ends_with(ends), "{error}");
    assert_eq!(kind_of(stage.on("..", "stat").await), Kind::NotFound);
}

#[tokio::test]
async fn a_whole_file_and_a_list_have_limits() {
    let mut stage = Stage::new();
    let large = fs::File::create(stage.path("large")).unwrap();
    large.set_len(MAX_WHOLE_FILE as u64 + 1).unwrap();
    let error = stage.on("large", "read_file").await.unwrap_err();
    assert_eq!(error.kind, Kind::Invalid);
    assert!(error.message.contains("max_whole_file"), "{error}");
    large.set_len(MAX_WHOLE_FILE as u64).unwrap();
    let Ok(Value::String(read)) = stage.on("large", "read_file").await else {
        panic!("no text");
    };
    assert_eq!(read.len(), MAX_WHOLE_FILE);
    let long = "x".repeat(300);
    assert_eq!(kind_of(stage.on(&long, "stat").await), Kind::Invalid);
    assert_eq!(kind_of(stage.write(&long, "", "w").await), Kind::Invalid);
}

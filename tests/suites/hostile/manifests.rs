//! Attacks by manifests.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::process::Command;

use warren_tests::Program;

use crate::scene::{IDLE, Scene, lines, module, refused};

pub(crate) const SCENES: &[Scene] = &[
    Scene {
        name: "manifests/wrong_keys",
        tries: "20,000 mistakes, each with an excerpt of its own",
        end: "refused with the first ones",
        run: wrong_keys,
    },
    Scene {
        name: "manifests/nested",
        tries: "lists, tables and keys nested 100,000 deep",
        end: "refused, without a stack overflow",
        run: nested,
    },
    Scene {
        name: "manifests/numbers",
        tries: "numbers and durations that are negative, no number, or beyond their type",
        end: "each is refused with its place",
        run: numbers,
    },
    Scene {
        name: "manifests/control_characters",
        tries: "names that a terminal obeys, in every place that a message shows",
        end: "refused, with the names escaped",
        run: control_characters,
    },
    Scene {
        name: "manifests/other_encodings",
        tries: "UTF-16, and bytes that are no text",
        end: "refused with what to do",
        run: other_encodings,
    },
    Scene {
        name: "manifests/no_file",
        tries: "a pipe, a directory, a device and 100 GiB of nothing as the manifest",
        end: "refused, before a byte is read",
        run: no_file,
    },
    Scene {
        name: "manifests/circle_of_services",
        tries: "10,000 services, each of which waits for the next",
        end: "refused, and the circle is not shown whole",
        run: circle_of_services,
    },
    Scene {
        name: "manifests/hosts_by_the_ten_thousand",
        tries: "10,000 hosts",
        end: "the program runs",
        run: many_hosts,
    },
    Scene {
        name: "manifests/grants_of_the_cache",
        tries: "to be granted the cache of compiled code, by its path and by a link",
        end: "refused",
        run: grants_of_the_cache,
    },
];

#[track_caller]
fn refuses(manifest: impl AsRef<[u8]>, texts: &[&str]) {
    let program = Program::of(&[
        ("main.wat", IDLE.as_bytes()),
        ("warren.toml", manifest.as_ref()),
    ]);
    refused(program.run(), 2, texts);
}

fn wrong_keys() {
    refuses(
        lines(20_000, |n| format!("k{n} = {n}")),
        &["unknown key `k0`"],
    );
    let entry = |n| format!("[hosts.\"app:h{n}\"]\nmax = {n}");
    refuses(lines(10_000, entry), &["unknown key `max`"]);
}

fn nested() {
    let deep = 100_000;
    for (open, middle, close) in [("[", "", "]"), ("{a=", "1", "}")] {
        let value = [&*open.repeat(deep), middle, &*close.repeat(deep)].concat();
        refuses(format!("a = {value}"), &["recur"]);
    }
    let key = ["a"; 100_000].join(".");
    refuses(format!("[{key}]"), &["recur"]);
    refuses(format!("{key} = 1"), &["recur"]);
}

fn numbers() {
    for number in [
        "-1",
        "0",
        "nan",
        "-inf",
        "1e400",
        "18446744073709551616",
        "-0",
        "0.5",
    ] {
        let manifest = format!("[hosts.\"app:processes\"]\nmax_processes = {number}\n");
        refuses(manifest, &["`max_processes`", "warren.toml:2:"]);
    }
    let nines = "9".repeat(100_000);
    refuses(
        format!("[hosts.\"app:processes\"]\nmax_processes = {nines}\n"),
        &["max_processes"],
    );
}

fn control_characters() {
    let name = r"\u001b[2J\u0007\u009b31m\u202e";
    refuses(format!("\"{name}\" = 1\n"), &["unknown key", r"\u{1b}"]);
    for section in ["hosts", "processes", "services"] {
        refuses(format!("[{section}.\"{name}\"]\n"), &[r"\u{1b}"]);
    }
    refuses(format!("[app]\nmain = \"{name}\"\n"), &[r"\u{1b}"]);
    refuses("a = \"\x1b[2J\"\n", &[r"\u{1b}"]);
}

fn other_encodings() {
    let utf16: Vec<u8> = "[hosts]\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    refuses([b"\xff\xfe", &utf16[..]].concat(), &["UTF-8"]);
    refuses(b"[hosts]\n\xc0\x80 = 1\n", &["UTF-8", "warren.toml:2:"]);
}

fn no_file() {
    let program = module(IDLE);
    let path = program.path().join("warren.toml");
    let made = Command::new("mkfifo").arg(&path).status();
    assert!(made.expect("mkfifo is there").success());
    refused(program.run(), 2, &["not a file"]);
    fs::remove_file(&path).expect("is removed");
    fs::create_dir(&path).expect("is made");
    refused(program.run(), 2, &["not a file"]);
    fs::remove_dir(&path).expect("is removed");
    symlink("/dev/zero", &path).expect("is made");
    refused(program.run(), 2, &["leads out of the program's directory"]);
    fs::remove_file(&path).expect("is removed");
    let file = File::create(&path).expect("is made");
    file.set_len(100 << 30).expect("is set");
    refused(program.run(), 2, &["it may have at most"]);
}

fn circle_of_services() {
    let count = 10_000;
    let service = |n| {
        let next = (n + 1) % count;
        format!("[services.\"app:s{n}\"]\nprocess = \"app:main\"\ndepends_on = [\"app:s{next}\"]")
    };
    refuses(lines(count, service), &["app:s"]);
}

fn many_hosts() {
    let manifest = lines(10_000, |n| format!("[hosts.\"app:h{n}\"]"));
    Program::of(&[("main.wat", IDLE), ("warren.toml", &manifest)])
        .run()
        .ends_with(0)
        .says_nothing();
}

fn grants_of_the_cache() {
    let home = tempfile::tempdir().expect("a directory");
    let cache = home.path().join("warren");
    let run = |path: &str| {
        let manifest = format!("[grants.\"app:main\"]\nwrite = [\"{path}\"]\n");
        let program = Program::of(&[("main.wat", IDLE), ("warren.toml", &manifest)]);
        symlink(&cache, program.path().join("link")).expect("is made");
        let outcome = program.command().cache(home.path()).outcome();
        assert_ne!(outcome.status, Some(0), "{path}: {outcome}");
        outcome
    };
    module(IDLE)
        .command()
        .cache(home.path())
        .outcome()
        .ends_with(0);
    for path in [
        &*cache.display().to_string(),
        &home.path().display().to_string(),
        "link",
    ] {
        run(path);
    }
}

//! Stores whose program is killed, backups of them, and stores on a server of NATS.

#![allow(clippy::expect_used, reason = "a test program")]

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use tempfile::TempDir;
use warren_tests::{Program, Session, Warren};

use crate::kills::{kill, lives, random};
use crate::nats;

/// The most changes that are acknowledged before a kill.
const CHANGES: u64 = 300;

/// Processes of the program that change the store.
const WRITERS: usize = 8;

/// The most changes of one writer that a kill may leave without word: the last one, and those
/// whose line was not written yet.
const UNHEARD: u64 = 200;

#[test]
fn what_was_acknowledged_is_there_after_a_crash() {
    lives(live);
}

/// The copies of a backup have every change that was acknowledged before the command, and of
/// those that were made meanwhile the first ones.
#[test]
fn a_backup_of_a_running_program_has_what_was_acknowledged_before() {
    let data = tempfile::tempdir().expect("a directory for data");
    let mut ledger = Ledger::default();
    let mut session = start(data.path(), "0");
    let mut left = CHANGES;
    while left > 0 {
        let line = next(&mut session);
        left -= u64::from(!line.starts_with(b"has\t"));
        ledger.hear(0, &line);
    }
    let copies = data.path().with_extension("copies");
    let made = Warren::tool("data", "backup")
        .arguments([data.path(), copies.as_path()])
        .outcome()
        .ends_with(0);
    assert!(made.text().ends_with(" stores/app:ledger.db\n"), "{made}");
    session.signal("KILL");
    let meanwhile = session.end().stdout;
    ledger.meanwhile = meanwhile.iter().filter(|byte| **byte == b'\n').count() as u64;

    let mut session = start(&copies, "end");
    while let Some(line) = session.line().expect("a line in time") {
        ledger.hear(1, &line);
    }
    session.end().ends_with(0);
    assert!(ledger.is_compared, "the program has told nothing");
    std::fs::remove_dir_all(copies).expect("the copies are there");
}

/// Programs of the conformance suite, with their stores on a server.
#[test]
fn a_server_of_nats_keeps_the_contract_of_stores() {
    nats::runs("store", "stores");
}

/// A program that only watches a store on a server waits for the changes of another one, longer
/// than it takes to find a deadlock; without the watch, it is one.
#[test]
fn a_watch_of_a_store_of_a_server_of_nats_is_no_deadlock() {
    const MANIFEST: &str = "[stores.\"app:s\"]\nurl = \"NATS_URL\"\n\n\
                            [grants.\"app:main\"]\nstore = [\"s\"]\n";
    const WATCHING: &str = "local watch = assert(assert(store.get('s')):watch())
        print('watching')
        print(watch:channel():receive().key)
        watch:close()
        process.listen('never'):receive()";
    const CHANGING: &str = "time.sleep('4s')
        local s = assert(store.get('s'))
        assert(s:set('changed', 1))
        -- An answer to this comes behind the news.
        assert(s:get('changed') == 1)";
    let server = warren_tests::nats::Server::start();
    let program = |main| Program::of(&[("main.lua", main), ("warren.toml", MANIFEST)]);
    let (watching, changing) = (program(WATCHING), program(CHANGING));
    let mut session = watching.command().env("NATS_URL", &server.url).start();
    assert_eq!(next(&mut session), b"watching\n");
    let changing = changing.command().env("NATS_URL", &server.url);
    changing.outcome().ends_with(0);
    assert_eq!(next(&mut session), b"changed\n");
    session.end().ends_with(3).says(&["deadlock"]);
}

/// Kills a program this many times. After each kill, the next life tells what is there.
fn live(kills: u32) {
    let data = tempfile::tempdir().expect("a directory for data");
    let mut ledger = Ledger::default();
    for round in 0..kills {
        if random(8) == 0 {
            kill_while_it_opens(&data);
            continue;
        }
        let mut session = start(data.path(), &round.to_string());
        // The end of what is there, and some changes.
        let mut left = 1 + random(CHANGES);
        while left > 0 {
            let line = next(&mut session);
            left -= u64::from(!line.starts_with(b"has\t"));
            ledger.hear(round, &line);
        }
        // These came before the kill, too.
        for line in kill(session) {
            ledger.hear(round, &line);
        }
    }
    ledger.is_compared = false;
    let mut session = start(data.path(), "end");
    while let Some(line) = session.line().expect("a line in time") {
        ledger.hear(kills, &line);
    }
    session.end().ends_with(0);
    assert!(ledger.is_compared, "the last life has told nothing");
}

/// Kills a life that changes nothing, while the store is read after a crash.
fn kill_while_it_opens(data: &TempDir) {
    let mut session = start(data.path(), "look");
    for _ in 0..random(100) {
        if next(&mut session) == b"ready\n" {
            break;
        }
    }
    session.kill();
}

fn start(data: &Path, word: &str) -> Session {
    Warren::run("tests/programs/ledger")
        .options(["--data".as_ref(), data.as_os_str()])
        .arguments([word])
        .start()
}

fn next(session: &mut Session) -> Vec<u8> {
    let line = session.line().expect("a line in time");
    line.expect("the program goes on until it is killed")
}

/// The values of one writer, by key, as the program prints them.
type Values = BTreeMap<String, String>;

/// The store as it must be, over all lives of the program.
#[derive(Default)]
struct Ledger {
    /// With every change that was acknowledged.
    values: [Values; WRITERS],
    /// The life in which the last changes were made.
    round: u32,
    /// The number of the last acknowledged change of each writer in that life.
    heard: [u64; WRITERS],
    /// The values that the present life has told.
    found: [Values; WRITERS],
    /// True once they were compared, which the last life has to come to.
    is_compared: bool,
    /// All versions that were given.
    versions: HashSet<String>,
    /// Changes of which nobody has heard, though the program did not end with them.
    meanwhile: u64,
}

impl Ledger {
    fn hear(&mut self, round: u32, line: &[u8]) {
        let line = String::from_utf8_lossy(line);
        let words: Vec<&str> = line.trim_end().split('\t').collect();
        match words[..] {
            ["has", key, value] => {
                let (writer, _) = key.split_once('/').expect("a writer and a key");
                self.is_compared = false;
                let twice = self.found[place(writer)].insert(key.to_owned(), value.to_owned());
                assert_eq!(twice, None, "{line}");
            }
            ["ready"] => self.compare(round),
            ["acked", writer, n, version] => {
                let (writer, n) = (place(writer), n.parse().expect("a number"));
                assert_eq!(n, self.heard[writer] + 1, "{line}");
                self.heard[writer] = n;
                change(&mut self.values[writer], writer, round, n);
                if version != "-" {
                    assert!(self.versions.insert(version.to_owned()), "twice: {line}");
                }
            }
            _ => panic!("{line}"),
        }
    }

    /// Compares what is there with what was acknowledged. The changes that nobody heard of came
    /// in order: some of the first ones are there, and no other.
    fn compare(&mut self, round: u32) {
        for writer in 0..WRITERS {
            let found = std::mem::take(&mut self.found[writer]);
            let values = &mut self.values[writer];
            let acknowledged = values.clone();
            let mut unheard = 0;
            while *values != found {
                unheard += 1;
                assert!(
                    unheard <= UNHEARD + self.meanwhile,
                    "writer {}, after change {} of life {}: {acknowledged:?} was \
                     acknowledged, and {found:?} is there",
                    writer + 1,
                    self.heard[writer],
                    self.round,
                );
                change(values, writer, self.round, self.heard[writer] + unheard);
            }
        }
        self.heard = [0; WRITERS];
        self.round = round;
        self.is_compared = true;
    }
}

fn place(writer: &str) -> usize {
    let writer: usize = writer.parse().expect("the number of a writer");
    writer - 1
}

/// Makes a change as `writer.lua` does.
fn change(values: &mut Values, writer: usize, round: u32, n: u64) {
    let writer = writer + 1;
    let key = format!("{writer}/{}", n % 50);
    let value = format!("{round}.{n}");
    match n % 7 {
        3 => {
            values.remove(&key);
        }
        4 => {
            let sum = values.entry(format!("{writer}/count")).or_default();
            let before: u64 = sum.parse().unwrap_or(0);
            *sum = (before + n).to_string();
        }
        5 => {
            values.entry(key).or_insert(value);
        }
        _ => {
            values.insert(key, value);
        }
    }
}

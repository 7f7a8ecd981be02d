//! Databases of SQLite whose program is killed in the middle of transactions.

#![allow(clippy::expect_used, reason = "a test program")]

use std::collections::BTreeMap;

use tempfile::TempDir;
use warren_tests::{Session, Warren};

use crate::kills::{kill, lives, random};

/// The most transactions that are acknowledged before a kill.
const TRANSACTIONS: u64 = 60;

/// Processes of the program that move amounts.
const WRITERS: usize = 8;

/// The most transactions of one writer that a kill may leave without word: the last one, and those
/// whose line was not written yet.
const UNHEARD: u64 = 200;

/// One in so many transactions is undone.
const UNDONE: u64 = 5;

/// The entries of one transaction.
const ENTRIES: u64 = 2;

#[test]
fn what_was_acknowledged_is_there_after_a_crash() {
    lives(live);
}

/// Kills a program this many times. After each kill, the next life tells what is there.
fn live(kills: u32) {
    let data = tempfile::tempdir().expect("a directory for data");
    let mut books = Books::default();
    for round in 0..kills {
        if random(8) == 0 {
            kill_while_it_opens(&data);
            continue;
        }
        let mut session = start(&data, &round.to_string());
        // The end of what is there, and some transactions.
        let mut left = 1 + random(TRANSACTIONS);
        while left > 0 {
            let line = next(&mut session);
            left -= u64::from(line.starts_with(b"acked\t"));
            books.hear(round, &line);
        }
        // These came before the kill, too.
        for line in kill(session) {
            books.hear(round, &line);
        }
    }
    books.is_compared = false;
    let mut session = start(&data, "end");
    while let Some(line) = session.line().expect("a line in time") {
        books.hear(kills, &line);
    }
    session.end().ends_with(0);
    assert!(books.is_compared, "the last life has told nothing");
}

/// Kills a life that changes nothing, while the database is read after a crash.
fn kill_while_it_opens(data: &TempDir) {
    let mut session = start(data, "look");
    for _ in 0..random(100) {
        if next(&mut session).starts_with(b"ready\t") {
            break;
        }
    }
    session.kill();
}

fn start(data: &TempDir, word: &str) -> Session {
    Warren::run("tests/programs/accounts")
        .options(["--data".as_ref(), data.path().as_os_str()])
        .arguments([word])
        .start()
}

fn next(session: &mut Session) -> Vec<u8> {
    let line = session.line().expect("a line in time");
    line.expect("the program goes on until it is killed")
}

/// The last transaction that was kept, by life and writer.
type Last = BTreeMap<(u32, usize), u64>;

/// The transactions as they must be, over all lives of the program.
#[derive(Default)]
struct Books {
    /// Those that were found by an earlier life, and so must stay.
    kept: Last,
    /// Those that the present life has told.
    found: Last,
    /// The life in which the last transactions were made.
    round: u32,
    /// The number of the last acknowledged transaction of each writer in that life.
    heard: [u64; WRITERS],
    /// True once they were compared, which the last life has to come to.
    is_compared: bool,
}

impl Books {
    fn hear(&mut self, round: u32, line: &[u8]) {
        let line = String::from_utf8_lossy(line);
        let words: Vec<&str> = line.trim_end().split('\t').collect();
        let number = |word: &str| -> u64 { word.parse().expect("a number") };
        match words[..] {
            ["has", of, writer, count, last, fewest, most] => {
                self.is_compared = false;
                let entries = (number(fewest), number(most));
                assert_eq!(entries, (ENTRIES, ENTRIES), "not whole: {line}");
                let last = number(last);
                assert_eq!(number(count), last - last / UNDONE, "{line}");
                let of = of.parse().expect("the number of a life");
                let twice = self.found.insert((of, place(writer)), last);
                assert_eq!(twice, None, "{line}");
            }
            ["ready", wrong] => {
                assert_eq!(
                    number(wrong),
                    0,
                    "accounts that are not the sums of their entries"
                );
                self.compare(round);
            }
            ["acked", writer, n] => {
                let (writer, n) = (place(writer), number(n));
                assert_eq!(n, self.heard[writer] + 1, "{line}");
                self.heard[writer] = n;
            }
            _ => panic!("{line}"),
        }
    }

    /// Compares what is there with what was acknowledged. The transactions that nobody heard of
    /// came in order: some of the first ones are there, and no other.
    fn compare(&mut self, round: u32) {
        let mut found = std::mem::take(&mut self.found);
        let mut new = Last::new();
        for writer in 0..WRITERS {
            let key = (self.round, writer);
            let heard = self.heard[writer];
            let acknowledged = heard - u64::from(heard > 0 && heard.is_multiple_of(UNDONE));
            let last = found.remove(&key).unwrap_or_default();
            assert!(
                (acknowledged..=heard + UNHEARD).contains(&last),
                "writer {}, life {}: {heard} transactions were acknowledged, and the last one \
                 there is {last}",
                writer + 1,
                self.round,
            );
            if last > 0 {
                new.insert(key, last);
            }
        }
        assert_eq!(found, self.kept, "transactions of earlier lives");
        self.kept.append(&mut new);
        self.heard = [0; WRITERS];
        self.round = round;
        self.is_compared = true;
    }
}

fn place(writer: &str) -> usize {
    let writer: usize = writer.parse().expect("the number of a writer");
    writer - 1
}

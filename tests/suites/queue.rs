//! Queues whose program is killed, and queues on a server of NATS.

#![allow(clippy::expect_used, reason = "a test program")]

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;

use tempfile::TempDir;
use warren_tests::{Program, Session, Warren};

use crate::kills::{kill, lives, random};
use crate::nats;

/// The most lines that the program prints before it is killed.
const LINES: u64 = 60;

#[test]
fn what_was_acknowledged_is_there_after_a_crash() {
    lives(live);
}

/// Kills a program this many times, lets it finish, and compares its words with what it has
/// done.
fn live(kills: u32) {
    let data = tempfile::tempdir().expect("a directory for data");
    let mut told = Told::default();
    for round in 0..kills {
        let mut session = start(&data, &round.to_string());
        for _ in 0..random(LINES) {
            match session.line().expect("a line in time") {
                Some(line) => told.hear(round, &line),
                None => panic!("the program ended by itself: {}", session.end()),
            }
        }
        // These came before the kill, too.
        for line in kill(session) {
            told.hear(round, &line);
        }
    }
    let mut session = start(&data, "drain");
    while let Some(line) = session.line().expect("a line in time") {
        told.hear(kills, &line);
    }
    session.end().ends_with(0);
    told.compare();
}

fn start(data: &TempDir, word: &str) -> Session {
    Warren::run("tests/programs/jobs")
        .options([OsStr::new("--data"), data.path().as_os_str()])
        .arguments([word])
        .start()
}

/// Everything that the program has said, over all its lives.
#[derive(Default)]
struct Told {
    published: HashSet<String>,
    /// The last life and attempt in which a process had the job.
    begun: HashMap<String, (u32, u32)>,
    acknowledged: HashSet<String>,
    done: HashSet<String>,
}

impl Told {
    fn hear(&mut self, round: u32, line: &[u8]) {
        let line = String::from_utf8_lossy(line);
        let (word, job) = line.trim_end().split_once(' ').expect("two words");
        let job = job.to_owned();
        let first_time = match word {
            "published" => self.published.insert(job.clone()),
            "acked" => self.acknowledged.insert(job.clone()),
            "done" => self.done.insert(job.clone()),
            "begun" => return self.begin(round, &job),
            _ => panic!("{line}"),
        };
        assert!(first_time, "twice: {line}");
    }

    fn begin(&mut self, round: u32, job: &str) {
        let (attempt, name) = job.split_once(' ').expect("an attempt and a job");
        let attempt: u32 = attempt.parse().expect("a number");
        assert!(
            !self.acknowledged.contains(name),
            "acknowledged, and begun again: {name}"
        );
        let most = if name.starts_with("failing") { 3 } else { 1 };
        assert!((1..=most).contains(&attempt), "attempt {attempt} of {name}");
        if let Some(last) = self.begun.insert(name.to_owned(), (round, attempt)) {
            // A crash costs no attempt, and takes none back.
            let sound = match round > last.0 {
                true => attempt >= last.1,
                false => attempt == last.1 + 1,
            };
            assert!(sound, "{name}: {last:?}, then attempt {attempt} of {round}");
        }
    }

    /// Compares what was published with what was done.
    fn compare(self) {
        for job in &self.published {
            let buried = self.done.contains(&format!("dead {job}"));
            let done = self.done.contains(job);
            let failing = job.starts_with("failing");
            assert_eq!((done, buried), (!failing, failing), "{job}");
        }
        for job in &self.acknowledged {
            assert!(self.done.contains(job), "{job}");
        }
        for job in &self.done {
            let failing = job.starts_with("dead failing-");
            let other = job.starts_with("acked-") || job.starts_with("returned-");
            assert!(failing || other, "{job}");
        }
    }
}

/// Programs of the conformance suite, with their queues on a server.
#[test]
fn a_server_of_nats_keeps_the_contract() {
    nats::runs("queue", "queues");
}

/// Publishes as many messages as a queue on a server may have, which fail, work or have a delay:
/// all come to their end, and there is room again.
#[test]
fn a_full_queue_on_a_server_of_nats_goes_on() {
    const MAIN: &str = "
        local tasks <const> = json.decode((...))
        for _ = 1, 2 do
          for _, task in ipairs(tasks) do
            assert(queue.publish('tasks', task.kind, { delay = task.delay }))
          end
          repeat until queue.info('tasks').message_count == 0
        end
        print('done')
        os.exit(0)";
    const WORKER: &str = "return function(kind)
          if kind == 'fails' then
            return false
          end
        end";
    for tasks in [
        &["fails"][..],
        &["fails", "fails"],
        &["fails", "fails", "fails"],
        &["fails", "works", "later"],
        &["later", "fails", "works", "fails"],
    ] {
        let manifest = format!(
            "[queues.\"app:tasks\"]\nurl = \"NATS_URL\"\ndurable = true\nattempts = 3\n\
             backoff = \"20ms\"\nmax_length = {}\n\n\
             [consumers.\"app:of-tasks\"]\nqueue = \"tasks\"\nprocess = \"app:worker\"\n\n\
             [grants.\"app:main\"]\nqueue = [\"tasks\"]\n",
            tasks.len()
        );
        let program = Program::of(&[
            ("main.lua", MAIN),
            ("worker.lua", WORKER),
            ("warren.toml", manifest.as_str()),
        ]);
        let tasks: Vec<String> = tasks.iter().map(|kind| task(kind)).collect();
        let server = warren_tests::nats::Server::start();
        program
            .command()
            .env("NATS_URL", &server.url)
            .arguments([format!("[{}]", tasks.join(","))])
            .outcome()
            .ends_with(0)
            .prints("done\n");
    }
}

fn task(kind: &str) -> String {
    let delay = match kind {
        "later" => "300ms",
        _ => "0s",
    };
    format!(r#"{{"kind":"{kind}","delay":"{delay}"}}"#)
}

use std::io::{BufRead, BufReader, PipeReader};
use std::os::fd::OwnedFd;

use warren_engine::security::{Caller, Decision, Resource, Reuse, Subject};

use super::*;

/// More entries than the queue and a pipe hold together.
const DENIALS: u64 = 20_000;

/// Returns a log that is written to a pipe: like a disk that takes as much as a
/// pipe holds until somebody reads.
fn log() -> (Audit, PipeReader) {
    let (reader, writer) = io::pipe().unwrap();
    let audit = Audit::to(File::from(OwnedFd::from(writer))).unwrap();
    (audit, reader)
}

fn deny(audit: &Audit) {
    let caller = Caller {
        pid: "{app:processes|0x00001}".into(),
        definition: "app:main".into(),
        host: "app:processes".into(),
        node: None,
    };
    audit.record(&AuditEvent::Denied {
        caller: &caller,
        subject: &Subject::new(None, None),
        action: "process.send",
        resource: &Resource::Context,
        decision: &Decision {
            allowed: false,
            because: "a test".into(),
            reason: None,
            reuse: Reuse::Subject,
        },
    });
}

#[test]
fn a_disk_that_takes_nothing_holds_nobody_up_and_no_line_is_lost_unsaid() {
    let (audit, reader) = log();
    // Nobody reads: this would not end if it waited for the disk.
    for _ in 0..DENIALS {
        deny(&audit);
    }

    let reading = std::thread::spawn(move || {
        let lines = BufReader::new(reader).lines();
        lines
            .map(|line| serde_json::from_str(&line.unwrap()).unwrap())
            .collect::<Vec<Value>>()
    });
    assert!(audit.flush(Duration::from_secs(60)));
    // Ends the writing thread, and so the pipe.
    drop(audit);
    let lines = reading.join().unwrap();
    let denied = lines.iter().filter(|line| line["event"] == "denied");
    let denied = denied.count() as u64;
    let said = lines.iter().filter(|line| line["event"] == "dropped");
    let said: u64 = said.map(|line| line["lines"].as_u64().unwrap()).sum();
    assert_eq!(denied + said, DENIALS);
    assert!(said > 0, "nothing was dropped");
    let waiting = MAX_WAITING as u64;
    assert!(denied >= waiting, "{denied} of at least {waiting}");
}

#[test]
fn a_log_that_nobody_can_write_holds_nobody_up() {
    let (audit, reader) = log();
    drop(reader);
    for _ in 0..DENIALS {
        deny(&audit);
    }
    assert!(audit.flush(Duration::from_secs(60)));
}

#[test]
fn a_log_that_nobody_reads_is_waited_for_no_longer_than_asked() {
    let (audit, reader) = log();
    for _ in 0..DENIALS {
        deny(&audit);
    }
    assert!(!audit.flush(Duration::from_millis(50)));
    let lines = std::thread::spawn(move || BufReader::new(reader).lines().count());
    assert!(audit.flush(Duration::from_secs(60)));
    drop(audit);
    assert!(lines.join().unwrap() > 0);
}

#[test]
fn only_a_plain_file_is_written_to_and_nothing_waits() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    std::fs::write(path("file"), "before\n").unwrap();
    std::os::unix::fs::symlink("file", path("link")).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, path("fifo"), rustix::fs::Mode::RWXU).unwrap();
    std::fs::create_dir(path("dir")).unwrap();
    for name in ["link", "fifo", "dir"] {
        let error = Audit::start(&path(name)).unwrap_err();
        assert!(
            matches!(error, AuditError::NotAFile { .. }),
            "{name}: {error}"
        );
    }
    // A pipe with a reader is refused too: its reader could stop.
    let _reader = rustix::fs::open(
        path("fifo"),
        rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::NONBLOCK,
        rustix::fs::Mode::empty(),
    );
    let error = Audit::start(&path("fifo")).unwrap_err();
    assert!(matches!(error, AuditError::NotAFile { .. }), "{error}");
    Audit::start(&path("new")).unwrap();
    let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(path("new")).unwrap());
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_line_is_one_line_and_nothing_a_terminal_obeys() {
    let hostile = "a\nb\u{1b}]0;x\u{7}\u{9b}\u{202e}\u{2028}\u{7f}";
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("audit");
    let audit = Audit::start(&path).unwrap();
    let caller = Caller {
        pid: hostile.into(),
        definition: hostile.into(),
        host: hostile.into(),
        node: None,
    };
    let actor = Actor::new(hostile, &Default::default());
    audit.record(&AuditEvent::Denied {
        caller: &caller,
        subject: &Subject::new(Some(actor), None),
        action: hostile,
        resource: &Resource::Other(hostile.to_owned()),
        decision: &Decision {
            allowed: false,
            because: hostile.into(),
            reason: None,
            reuse: Reuse::Subject,
        },
    });
    assert!(audit.flush(std::time::Duration::from_secs(60)));
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count(), 1);
    assert!(
        text.trim_end().chars().all(|c| (' '..='~').contains(&c)),
        "{text:?}"
    );
    let line: Value = serde_json::from_str(&text).unwrap();
    for field in [
        "pid",
        "definition",
        "actor",
        "action",
        "resource",
        "because",
    ] {
        assert_eq!(line[field], hostile, "{field}");
    }
}

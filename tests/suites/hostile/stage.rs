//! Runs one attack under the warden, through the real command.

use std::time::{Duration, Instant};

use warren_tests::hostile::{Attack, catalogue, make_pipe, program_of};
use warren_tests::{Session, TIMEOUT, Warren};

use crate::counts::{Control, Counts};

/// Far longer than it takes to free an attack's resources.
const BACK_WITHIN: Duration = Duration::from_secs(60);

/// Runs an attack.
///
/// # Panics
/// The attack ends otherwise than it says, bystanders do not go on, or a count
/// does not return to its earlier value.
#[track_caller]
pub(crate) fn run(attack: &Attack) {
    let [warden, bystander] = ["warden.lua", "bystander.lua"].map(|name| catalogue().join(name));
    let program = program_of(attack, &warden, &bystander);
    let socket = program.path().join("control.sock");
    let how = if attack.is_endless() {
        "terminate"
    } else {
        "wait"
    };
    let mut command = Warren::run("program").current_dir(program.path());
    if attack.is_unread {
        let pipe = program.path().join("unread");
        make_pipe(&pipe);
        command = command.unread_stderr(&pipe);
    }
    let mut session = command
        .options(["--control".as_ref(), socket.as_os_str()])
        // The counts before and after are of processes that wait with their memory.
        .options(["--park-after", "off"])
        .options(&attack.options)
        .arguments([how])
        .start()
        .within(TIMEOUT);

    session.wait_for_line("ready");
    let mut control = Control::connect(&socket);
    let before = control.counts(session.id());
    let memory = session.watch_memory();
    control.send("warden", "go");
    session.wait_for_line("over");
    control.empty("app:attackers");
    wait_for(&mut control, &session, &before.without_bystanders());
    let grown = memory.grown();
    control.send("warden", "go");
    let outcome = session.end().ends_with(0);

    let printed: Vec<&str> = outcome.text().lines().collect();
    let end = format!("end: {}", attack.end);
    assert!(
        printed.contains(&&*end),
        "the end is another one: {outcome}"
    );
    let error = printed.iter().find(|line| line.starts_with("error: "));
    for text in &attack.says {
        let said = error.is_some_and(|error| error.contains(text));
        assert!(said, "the error does not say {text:?}: {outcome}");
    }
    for line in &attack.prints {
        assert!(printed.contains(&&**line), "{line:?} is missing: {outcome}");
    }
    for text in &attack.logs {
        assert!(
            outcome.stderr.contains(text),
            "{text:?} is not logged: {outcome}"
        );
    }
    for text in &attack.unsaid {
        let said = outcome.stderr.contains(text) || outcome.text().contains(text);
        assert!(!said, "{text:?} is said: {outcome}");
    }
    for text in &attack.forges {
        let mut lines = outcome.stderr.lines().chain(printed.iter().copied());
        let forged = lines.any(|line| line.starts_with(text));
        assert!(!forged, "a line begins with {text:?}: {outcome}");
    }
    assert!(
        grown <= attack.grows,
        "the command grew by {} MiB, {} may be: {outcome}",
        grown >> 20,
        attack.grows >> 20
    );
    let lateness = Lateness::printed(&printed);
    let allowed = lateness
        .quiet
        .max(LEAST_LATENESS)
        .saturating_mul(attack.late);
    assert!(
        lateness.during <= allowed,
        "sleeps of the bystanders end late: {lateness:?} in microseconds, {allowed} are \
         allowed: {outcome}"
    );
    if let Some(line) = printed.iter().find(|line| line.starts_with("bystanders: ")) {
        println!(
            "{}: {line}; {lateness:?}; grew by {} MiB",
            attack.name,
            grown >> 20
        );
    }
}

/// The lateness of the bystanders' sleeps, in microseconds: medians.
#[derive(Debug)]
struct Lateness {
    quiet: u64,
    during: u64,
}

/// The lateness in microseconds that a quiet machine has at least: timers have steps of a
/// millisecond.
const LEAST_LATENESS: u64 = 1_000;

impl Lateness {
    /// Reads the warden's line.
    #[track_caller]
    fn printed(lines: &[&str]) -> Lateness {
        let line = lines
            .iter()
            .find_map(|line| line.strip_prefix("lateness: "))
            .expect("the warden measures");
        let mut medians = line
            .split(' ')
            .map(|median| median.parse().expect("a number"));
        let mut median = || medians.next().expect("two medians");
        Lateness {
            quiet: median(),
            during: median(),
        }
    }
}

/// Waits until the runtime's counts are right.
#[track_caller]
fn wait_for(control: &mut Control, session: &Session, wanted: &Counts) {
    let started = Instant::now();
    loop {
        let counts = control.counts(session.id());
        if counts.is_back_at(wanted) {
            return;
        }
        assert!(
            started.elapsed() < BACK_WITHIN,
            "not back at {wanted:?}: {counts:?}"
        );
        // No event announces a count: the test must ask.
        std::thread::sleep(Duration::from_millis(10));
    }
}

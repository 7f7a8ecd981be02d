//! Programs run from their source to their outcome, against the runtime in
//! miniature of `warren-guest`.

mod arguments;
mod blocking;
mod calls;
mod coverage;
mod crossing;
mod documented;
mod files;
mod library;
mod mistakes;
mod outcome;
mod scheduling;
mod streams;
mod zones;

use warren_guest::mock::{self, Outcome};

use crate::program;

/// The run of a program.
#[derive(Debug)]
struct Run {
    /// The printed text.
    output: String,
    /// The outcome.
    outcome: Outcome,
    /// The runtime it ran in.
    runtime: mock::Runtime,
}

/// Runs a program named `test.lua`, in a thread, and so an instance, of its
/// own. Runs it again with each wait outside of `start`, which makes no difference.
fn run(source: &str) -> Run {
    let run = run_in(mock::Runtime::default(), source);
    let mut parking = mock::Runtime::default();
    parking.parks = true;
    let parked = run_in(parking, source);
    assert_eq!(parked.output, run.output);
    if !is_endless(&run.outcome) || !is_endless(&parked.outcome) {
        assert_eq!(parked.outcome, run.outcome);
    }
    run
}

/// The outcome of a process that nobody wakes. Only the runtime in miniature knows of it: a
/// process that has returned is not in the function that waits.
fn is_endless(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Failed(error) if error.message == "this process would wait for ever")
}

/// The same in a runtime that was prepared.
fn run_in(runtime: mock::Runtime, source: &str) -> Run {
    let source = source.to_owned();
    let thread = std::thread::spawn(move || {
        mock::with(|r| {
            *r = runtime;
            r.code = Some(("test.lua".into(), source.into_bytes()));
        });
        program::prepare();
        mock::with(|r| {
            if let Some(code) = r.prepared.take() {
                r.code = Some(("test.lua".into(), code));
            }
        });
        if mock::with(|r| r.outcome.is_none()) {
            program::start();
            while mock::with(|r| r.outcome.is_none() && r.awaited.take().is_some()) {
                program::resume();
            }
        }
        mock::with(std::mem::take)
    });
    let runtime = thread.join().expect("the guest does not panic");
    let output = runtime.output();
    Run {
        output,
        outcome: runtime.outcome.clone().expect("the program has ended"),
        runtime,
    }
}

/// Runs a program that must end without a result, and yields what it printed.
fn output_of(source: &str) -> String {
    let run = run(source);
    assert_eq!(
        run.outcome,
        Outcome::Finished(None),
        "it printed:\n{}",
        run.output
    );
    run.output
}

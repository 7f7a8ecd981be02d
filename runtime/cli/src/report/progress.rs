//! A line on a terminal for the slow first start, which compiles the
//! interpreter.

use std::fmt::Debug;
use std::io::IsTerminal;

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use crate::report::stderr;

/// The target of the events that name the code being compiled.
const TARGET: &str = "warren::compile";

/// The interpreter's name in those events.
const INTERPRETER: &str = "the Lua interpreter";

/// Writes the line when the interpreter begins to be compiled.
pub(crate) struct Progress(());

impl Progress {
    /// Returns the progress for a terminal; `None` elsewhere.
    pub(crate) fn of_stderr() -> Option<Self> {
        std::io::stderr().is_terminal().then_some(Progress(()))
    }

    /// Returns whether an event may matter.
    pub(crate) fn wants(target: &str) -> bool {
        target == TARGET
    }
}

impl<S: Subscriber> Layer<S> for Progress {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let mut name = NameOf(String::new());
        event.record(&mut name);
        if name.0 == INTERPRETER {
            stderr::write(&format!("preparing {INTERPRETER}, once\n"));
        }
    }
}

/// The field `name` of an event.
struct NameOf(String);

impl Visit for NameOf {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "name" {
            self.0 = value.to_owned();
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "name" {
            self.0 = format!("{value:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    struct Names(Arc<Mutex<Vec<String>>>);

    impl<S: Subscriber> Layer<S> for Names {
        fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
            let mut name = NameOf(String::new());
            event.record(&mut name);
            self.0.lock().unwrap().push(name.0);
        }
    }

    #[test]
    fn the_name_is_read_however_it_is_recorded() {
        let names = Arc::new(Mutex::new(Vec::new()));
        let subscriber = tracing_subscriber::registry().with(Names(names.clone()));
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(target: TARGET, name = INTERPRETER, "compiling");
            tracing::info!(target: TARGET, name = %INTERPRETER, "compiling");
            tracing::info!(target: TARGET, other = 1, "compiling");
        });
        assert_eq!(*names.lock().unwrap(), [INTERPRETER, INTERPRETER, ""]);
    }
}

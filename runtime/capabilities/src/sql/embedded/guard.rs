//! The guard of a connection: the things that a statement may do, and its time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::{Connection, InterruptHandle};

use super::super::migrations;

/// Instructions of SQLite between two looks at the time, which come where a statement goes back
/// to an instruction before. For straight code see `Guarded::bound_values`.
const BETWEEN_LOOKS: i32 = 1_000;

/// Modules of virtual tables that programs may use. Those of others read files, or change the
/// tables of their own beside the database's rules.
const MODULES: [&str; 3] = ["fts5", "rtree", "rtree_i32"];

/// Modules whose virtual tables are there without being made.
const PRESENT: [&str; 2] = ["dbstat", "fts3tokenize"];

/// Settings that virtual tables of these modules read.
const PRAGMAS: [&str; 2] = ["data_version", "page_size"];

/// Functions that are refused: those that reach beyond the database, and those whose time grows
/// with the square of their arguments or of the words that a search has found, which nothing can
/// interrupt.
const REFUSED: [&str; 9] = [
    "edit",
    "fts3_tokenizer",
    "highlight",
    "json_patch",
    "jsonb_patch",
    "load_extension",
    "readfile",
    "snippet",
    "writefile",
];

/// The guard of one connection.
#[derive(Default)]
pub(super) struct Guard(Mutex<State>);

#[derive(Default)]
struct State {
    /// True while the runtime prepares a statement of its own.
    is_own: bool,
    /// The thing that was refused last.
    refused: Option<String>,
    /// The work that the connection does.
    work: Option<Work>,
}

struct Work {
    most: Duration,
    /// Absent if the work may take for ever.
    deadline: Option<Instant>,
    stop: Arc<Stop>,
}

/// The call that a connection works for.
#[derive(Default)]
pub(super) struct Stop {
    is_canceled: AtomicBool,
    /// The connection, as long as it works for the call.
    connection: Mutex<Option<InterruptHandle>>,
}

/// The reason why a statement was interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interrupted {
    /// Nobody waits for it any more.
    Canceled,
    /// Its time is over.
    Expired,
}

impl Stop {
    /// Stops the work for good: nobody waits for it.
    pub(super) fn cancel(&self) {
        self.is_canceled.store(true, Ordering::Relaxed);
        self.interrupt();
    }

    /// Returns true if nobody waits for the work.
    pub(super) fn is_canceled(&self) -> bool {
        self.is_canceled.load(Ordering::Relaxed)
    }

    /// Interrupts the statement that runs.
    pub(super) fn interrupt(&self) {
        if let Some(connection) = &*self.connection.lock() {
            connection.interrupt();
        }
    }
}

impl Guard {
    /// Sets the guard over a connection.
    pub(super) fn set(connection: &Connection) -> Arc<Guard> {
        let guard = Arc::new(Guard::default());
        let judge = Arc::clone(&guard);
        connection.authorizer(Some(move |context: AuthContext<'_>| judge.judge(&context)));
        let watch = Arc::clone(&guard);
        connection.progress_handler(BETWEEN_LOOKS, Some(move || watch.interrupted().is_some()));
        guard
    }

    /// Begins work for a call, which takes `most` at most.
    pub(super) fn begin(&self, connection: &Connection, most: Duration, stop: &Arc<Stop>) {
        *stop.connection.lock() = Some(connection.get_interrupt_handle());
        let mut state = self.0.lock();
        state.refused = None;
        state.work = Some(Work {
            most,
            deadline: Instant::now().checked_add(most),
            stop: Arc::clone(stop),
        });
    }

    /// Ends that work. The call cannot reach the connection any more.
    pub(super) fn end(&self) {
        let work = self.0.lock().work.take();
        if let Some(work) = work {
            work.stop.connection.lock().take();
        }
    }

    /// Lets the connection run statements that programs may not have.
    pub(super) fn own<T>(&self, run: impl FnOnce() -> T) -> T {
        self.0.lock().is_own = true;
        let _own = Own(self);
        run()
    }

    /// Takes the thing that was refused last.
    pub(super) fn refused(&self) -> Option<String> {
        self.0.lock().refused.take()
    }

    /// Returns the reason why the present work has to end.
    pub(super) fn interrupted(&self) -> Option<Interrupted> {
        let state = self.0.lock();
        let work = state.work.as_ref()?;
        if work.stop.is_canceled() {
            Some(Interrupted::Canceled)
        } else if work.deadline.is_some_and(|end| Instant::now() >= end) {
            Some(Interrupted::Expired)
        } else {
            None
        }
    }

    /// Returns the most time that the present work takes.
    pub(super) fn max_statement(&self) -> Duration {
        let state = self.0.lock();
        state.work.as_ref().map_or(Duration::ZERO, |work| work.most)
    }

    fn judge(&self, context: &AuthContext<'_>) -> Authorization {
        let mut state = self.0.lock();
        if state.is_own {
            return Authorization::Allow;
        }
        let is_temporary = context.database_name == Some("temp");
        match refusal(&context.action, is_temporary) {
            None => Authorization::Allow,
            Some(what) => {
                state.refused = Some(what);
                Authorization::Deny
            }
        }
    }
}

/// The time in which statements of the runtime's own are prepared.
struct Own<'a>(&'a Guard);

impl Drop for Own<'_> {
    fn drop(&mut self) {
        self.0.0.lock().is_own = false;
    }
}

const TEMPORARY: &str = "a temporary table, view or trigger";

/// Returns the thing that is refused; `None` for an action that programs may have.
/// `is_temporary` says that the action is in the connection's own database.
fn refusal(action: &AuthAction<'_>, is_temporary: bool) -> Option<String> {
    let is_one_of = |name: &str, names: &[&str]| {
        let mut names = names.iter();
        names.any(|known| known.eq_ignore_ascii_case(name))
    };
    // With another row in it the program would not start again.
    if changed(action).is_some_and(|table| is_one_of(table, &[migrations::NAME])) {
        return Some(format!("a change of the table {}", migrations::NAME));
    }
    let what = match action {
        AuthAction::Attach { .. } => "ATTACH".to_owned(),
        AuthAction::Detach { .. } => "DETACH".to_owned(),
        AuthAction::Pragma {
            pragma_name,
            pragma_value: None,
        } if is_one_of(pragma_name, &PRAGMAS) => return None,
        AuthAction::Pragma { .. } => "PRAGMA".to_owned(),
        AuthAction::Transaction { .. } | AuthAction::Savepoint { .. } => {
            "a transaction in a statement".to_owned()
        }
        // They belong to the connection, which other processes use.
        AuthAction::CreateTempIndex { .. }
        | AuthAction::CreateTempTable { .. }
        | AuthAction::CreateTempTrigger { .. }
        | AuthAction::CreateTempView { .. }
        | AuthAction::DropTempIndex { .. }
        | AuthAction::DropTempTable { .. }
        | AuthAction::DropTempTrigger { .. }
        | AuthAction::DropTempView { .. } => TEMPORARY.to_owned(),
        AuthAction::CreateIndex { .. }
        | AuthAction::CreateTable { .. }
        | AuthAction::CreateTrigger { .. }
        | AuthAction::CreateView { .. }
        | AuthAction::CreateVtable { .. }
            if is_temporary =>
        {
            TEMPORARY.to_owned()
        }
        AuthAction::CreateVtable { module_name, .. } if !is_one_of(module_name, &MODULES) => {
            format!("a virtual table of the module {module_name}")
        }
        AuthAction::Read { table_name, .. } if is_one_of(table_name, &PRESENT) => {
            format!("a virtual table of the module {table_name}")
        }
        AuthAction::Function { function_name } if is_one_of(function_name, &REFUSED) => {
            format!("the function {function_name}")
        }
        AuthAction::Unknown { .. } => "a statement of this kind".to_owned(),
        _ => return None,
    };
    Some(what)
}

/// Returns the table or view that an action makes, changes or removes.
fn changed<'a>(action: &AuthAction<'a>) -> Option<&'a str> {
    match action {
        AuthAction::AlterTable { table_name, .. }
        | AuthAction::CreateIndex { table_name, .. }
        | AuthAction::CreateTable { table_name }
        | AuthAction::CreateTrigger { table_name, .. }
        | AuthAction::CreateView {
            view_name: table_name,
        }
        | AuthAction::CreateVtable { table_name, .. }
        | AuthAction::Delete { table_name }
        | AuthAction::DropTable { table_name }
        | AuthAction::Insert { table_name }
        | AuthAction::Update { table_name, .. } => Some(*table_name),
        _ => None,
    }
}

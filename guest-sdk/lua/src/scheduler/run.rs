//! The loop that runs tasks.

use std::ffi::c_int;

use mlua_sys::*;

use super::poll::poll;
use crate::interpreter::{Anchored, Interpreter, interpreter};
use crate::lua::State;
use crate::tasks::TaskId;

/// The end of [`run`]: a task has ended, and with it the process or this step of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RunEnd {
    /// The task returned so many values, which are on top of its stack.
    Returned(c_int),
    /// A task, of this thread, raised the error on top of its stack.
    Failed(State),
    /// All tasks wait, and the process is to return from `start` or `resume`. [`run`] goes
    /// on when it is called again.
    Returning,
}

/// After so many tasks the runtime is asked for messages, even where there is
/// always another one ready.
const TASKS_PER_POLL: u32 = 64;

/// Makes a task of the function and its `arguments` on top of the stack of
/// `l`, on a new thread. It runs when the running task blocks. May raise.
pub(crate) fn spawn(l: State, arguments: c_int) -> State {
    let room = interpreter(l).scheduler.borrow_mut().reserve(0);
    if !room {
        l.out_of_memory();
    }
    let Anchored { thread, reference } = match interpreter(l).spare.take() {
        Some(spare) => spare,
        None => Anchored::new(l),
    };
    thread.need_room(arguments + 1, c"too many arguments");
    l.move_to(thread, arguments + 1);
    interpreter(l)
        .scheduler
        .borrow_mut()
        .add(thread, reference, arguments);
    thread
}

/// Makes room for the program's task in advance.
pub(crate) fn prepare(interpreter: &Interpreter) {
    // Without memory, the first `spawn` says so.
    let _ = interpreter.scheduler.borrow_mut().reserve(1);
}

/// Runs tasks until the one of `program` returns or any fails.
///
/// The task of `program` is kept, so that another function can be put on its
/// thread and [`run`] be called again.
pub(crate) fn run(l: State, program: State) -> RunEnd {
    let interpreter = interpreter(l);
    loop {
        let Some((id, thread, arguments)) = next(interpreter) else {
            if interpreter.returning.get() {
                return RunEnd::Returning;
            }
            if !poll(l, interpreter, true) {
                l.error();
            }
            continue;
        };
        interpreter.returning.set(false);
        let (status, results) = l.resume(thread, arguments);
        let switched = std::mem::take(&mut interpreter.scheduler.borrow_mut().switching);
        match status {
            LUA_YIELD if switched => {}
            LUA_OK | LUA_YIELD if thread == program => {
                interpreter.returning.set(false);
                return RunEnd::Returned(results);
            }
            LUA_OK | LUA_YIELD => {
                // A thread with values on its stack would pass for one that
                // has not begun.
                thread.set_top(0);
                let reference = interpreter.scheduler.borrow_mut().remove(id);
                l.release(LUA_REGISTRYINDEX, reference);
            }
            _ => {
                interpreter.returning.set(false);
                return RunEnd::Failed(thread);
            }
        }
        if interpreter.scheduler.borrow().unpolled >= TASKS_PER_POLL && !poll(l, interpreter, false)
        {
            l.error();
        }
    }
}

/// Makes the program's task ready again, to call the function and `arguments`
/// that were put on its thread.
pub(crate) fn again(interpreter: &Interpreter, program: State, arguments: c_int) {
    let mut scheduler = interpreter.scheduler.borrow_mut();
    let id = scheduler
        .tasks
        .iter()
        .position(|task| task.as_ref().is_some_and(|task| task.thread == program));
    if let Some(id) = id {
        if let Some(task) = scheduler.task(id) {
            task.arguments = arguments;
        }
        // The program goes on before what it has spawned.
        scheduler.ready.push_front(id);
    }
}

/// Takes the next ready task, and makes it the current one.
fn next(interpreter: &Interpreter) -> Option<(TaskId, State, c_int)> {
    let mut scheduler = interpreter.scheduler.borrow_mut();
    let id = scheduler.ready.pop_front()?;
    scheduler.current = id;
    scheduler.unpolled += 1;
    let task = scheduler.task(id)?;
    Some((id, task.thread, std::mem::take(&mut task.arguments)))
}

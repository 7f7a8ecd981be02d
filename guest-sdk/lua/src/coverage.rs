//! `warren test --coverage`: telling the runtime of lines that can run, and that have run.
//!
//! The runtime marks the code whose lines are to be counted. `config/coverage.c` calls in for
//! each instruction that is about to run. The first run of a line is told at once, since a
//! process may be terminated at any time, and the number of further ones at the end.

use mlua_sys::lua_State;
use warren_guest::msgpack::{Full, Output};
use warren_guest::{Buffer, capability};

use crate::interpreter::interpreter;
use crate::line_counts::LineCounts;
use crate::lua::State;

unsafe extern "C" {
    /// Has the function of Lua on top of the stack counted. Does not raise.
    fn warren_cover(l: *mut lua_State);

    /// Has the instructions of a thread counted, and of threads that it makes.
    fn warren_cover_thread(l: *mut lua_State);
}

/// Has the lines of the function on top of the stack counted, which was just loaded from a
/// file.
pub(crate) fn cover(l: State, name: &[u8]) {
    let interpreter = interpreter(l);
    if interpreter.coverage.borrow().is_none() {
        let spare = interpreter.spare.get().map(|spare| spare.thread);
        for thread in [Some(l), spare].into_iter().flatten() {
            // SAFETY: both threads are alive.
            unsafe { warren_cover_thread(thread.as_ptr()) };
        }
    }
    let mut coverage = interpreter.coverage.take().unwrap_or_default();
    let begun = coverage.begin(name);
    interpreter.coverage.replace(Some(coverage));
    if !begun {
        return;
    }
    // SAFETY: a function of Lua is on top of the stack.
    unsafe { warren_cover(l.as_ptr()) };
    if let Some(coverage) = &*interpreter.coverage.borrow() {
        let (file, lines) = coverage.lines();
        let lines: Vec<_> = lines.into_iter().map(|line| (line, 0)).collect();
        tell(file, &lines);
    }
}

/// Tells the runtime how often the lines have run, at the end of the program.
pub(crate) fn tell_rest(l: State) {
    if let Some(coverage) = &mut *interpreter(l).coverage.borrow_mut() {
        coverage.tell_rest(tell);
    }
}

/// Adds an instruction of the next function.
#[unsafe(no_mangle)]
extern "C" fn warren_cover_line(l: State, line: u32) {
    if let Some(coverage) = &mut *interpreter(l).coverage.borrow_mut() {
        coverage.add_instruction(line);
    }
}

/// Adds the function of the instructions. Returns its number, 0 if it is not counted.
#[unsafe(no_mangle)]
extern "C" fn warren_cover_function(l: State) -> u32 {
    let mut coverage = interpreter(l).coverage.borrow_mut();
    let number = coverage
        .as_mut()
        .and_then(|coverage| coverage.add_function());
    number.unwrap_or(0).into()
}

/// Counts an instruction that is about to run.
#[unsafe(no_mangle)]
extern "C" fn warren_count(l: State, function: u32, instruction: u32) {
    let mut coverage = interpreter(l).coverage.borrow_mut();
    let coverage: Option<&mut LineCounts> = coverage.as_deref_mut();
    let first = coverage.and_then(|all| all.count(function as usize, instruction as usize));
    if let Some((file, line)) = first {
        tell(file, &[(line, 1)]);
    }
}

/// Lines that are told by one call, which is answered at once if it is short.
const LINES_A_CALL: usize = 1_000;

/// Tells the runtime how often lines of a file have run, anew. Without memory, the counts are
/// lost.
fn tell(file: &[u8], lines: &[(u32, u32)]) {
    for lines in lines.chunks(LINES_A_CALL) {
        let mut request = Output::new();
        if encode(file, lines, &mut request).is_err() {
            return;
        }
        // A runtime that takes no counts has not asked for them.
        let _ = capability::call("coverage.add", request.as_slice(), &mut Buffer::new());
    }
}

/// Encodes a request: the file, then each line and the number of its runs.
fn encode(file: &[u8], lines: &[(u32, u32)], request: &mut Output) -> Result<(), Full> {
    request.array(2)?;
    request.string(file)?;
    // A call has few lines.
    request.array(u32::try_from(2 * lines.len()).unwrap_or(0))?;
    for (line, count) in lines {
        request.integer((*line).into())?;
        request.integer((*count).into())?;
    }
    Ok(())
}

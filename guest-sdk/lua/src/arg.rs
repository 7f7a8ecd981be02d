//! The global `arg`, in processes one of whose files mentions it.

use std::ffi::c_int;

use mlua_sys::LUA_MINSTACK;
use warren_guest::msgpack::Malformed;
use warren_guest::program;

use crate::exchange;
use crate::interpreter::interpreter;
use crate::lua::State;

/// Makes the global `arg` of a module that mentions it, unless the program has it.
/// May raise.
pub(crate) fn need(l: State) {
    if interpreter(l).has_arg.get() {
        return;
    }
    let top = l.top();
    if exchange::call(l, Some(build_name), program::code) == 1 {
        let arguments = exchange::call(l, Some(exchange::values), program::arguments);
        l.need_room(LUA_MINSTACK, c"too many arguments");
        set(l, top + 1, arguments);
    }
    l.set_top(top);
}

fn build_name(l: State, record: &[u8]) -> Result<c_int, Malformed> {
    let chunk = program::Chunk::parse(record).ok_or(Malformed::Unexpected)?;
    l.push_bytes(chunk.name);
    Ok(1)
}

/// Makes the global `arg`: the name of the program's file, which is at `file`, and the
/// arguments, which are on top of the stack.
pub(crate) fn set(l: State, file: c_int, arguments: c_int) {
    interpreter(l).has_arg.set(true);
    let first = l.top() - arguments;
    l.new_table(arguments, 1);
    let arg = l.top();
    l.push_value(file);
    l.set_element(arg, 0);
    for place in 1..=arguments {
        l.push_value(first + place);
        l.set_element(arg, place.into());
    }
    l.set_global(c"arg");
}

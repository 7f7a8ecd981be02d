//! The library `errors`, and the methods of errors.

use std::ffi::c_int;

use mlua_sys::*;
use warren_values::kind;

use super::{
    CLASS, SEPARATOR, details, frames, is_error, note_place, part, push_empty, push_message,
    refuse, wrap_message,
};
use crate::interpreter::{interpreter, push_text};
use crate::lua::{self, Functions, State};

/// Registers the class and pushes the library.
pub(crate) fn open(l: State) {
    let class = lua::class(l, CLASS, METHODS, METAMETHODS);
    add_string_methods(l);
    l.pop(1);
    let interpreter = interpreter(l);
    let mut classes = interpreter.classes.get();
    classes.error = class;
    interpreter.classes.set(classes);

    lua::push_library(l, FUNCTIONS);
    for (name, kind) in kind::ALL {
        l.push_bytes(name.as_bytes());
        l.push_bytes(kind.as_bytes());
        l.raw_set(-3);
    }
}

const FUNCTIONS: &Functions = &[
    (c"new", new),
    (c"wrap", wrap),
    (c"is", is),
    (c"call_stack", call_stack),
];

const METHODS: &Functions = &[
    (c"kind", read::<{ part::KIND }>),
    (c"message", message),
    (c"retryable", read::<{ part::RETRYABLE }>),
    (c"details", read::<{ part::DETAILS }>),
    (c"stack", stack),
];

const METAMETHODS: &Functions = &[
    (c"__tostring", read::<{ part::MESSAGE }>),
    (c"__concat", concat),
    (c"__len", length),
];

/// `errors.new(message)` or `errors.new{message=, kind=, retryable=, details=}`.
extern "C-unwind" fn new(l: State) -> c_int {
    l.set_top(1);
    match l.type_of(1) {
        LUA_TNONE | LUA_TNIL => {
            return refuse(l, kind::INVALID, format_args!("message is missing"));
        }
        LUA_TSTRING => {
            l.new_table(0, 0);
            l.insert(1);
        }
        LUA_TTABLE => {
            l.field(1, c"message");
        }
        _ => l.wrong_type(1, c"string or table"),
    }
    l.field(1, c"kind");
    l.field(1, c"retryable");
    l.field(1, c"details");
    if l.is_nil(2) {
        return refuse(l, kind::INVALID, format_args!("message is missing"));
    }
    if l.type_of(2) != LUA_TSTRING {
        l.raise("bad field 'message' (string expected)");
    }
    if l.is_nil(3) {
        l.push_bytes(kind::UNKNOWN.as_bytes());
        l.replace(3);
    }
    if l.type_of(3) != LUA_TSTRING {
        l.raise("bad field 'kind' (string expected)");
    }
    if !matches!(l.type_of(4), LUA_TNIL | LUA_TBOOLEAN) {
        l.raise("bad field 'retryable' (boolean expected)");
    }
    if !matches!(l.type_of(5), LUA_TNIL | LUA_TTABLE) {
        l.raise("bad field 'details' (table expected)");
    }
    if l.type_of(5) == LUA_TTABLE {
        l.push_nil();
        if l.next(5) {
            l.set_top(5);
            details::copy(l);
        } else {
            l.push_nil();
            l.replace(5);
        }
    }
    push_empty(l);
    for (from, to) in [
        (2, part::MESSAGE),
        (3, part::KIND),
        (4, part::RETRYABLE),
        (5, part::DETAILS),
    ] {
        l.push_value(from);
        l.set_user_value(-2, to);
    }
    note_place(l);
    1
}

/// `errors.wrap(err, context)`: the same error, its text led by a context.
extern "C-unwind" fn wrap(l: State) -> c_int {
    l.set_top(2);
    if l.is_nil(1) {
        return refuse(l, kind::INVALID, format_args!("err is missing"));
    }
    if l.is_nil(2) {
        return refuse(l, kind::INVALID, format_args!("context is missing"));
    }
    let structured = is_error(l, 1);
    if !structured && l.type_of(1) != LUA_TSTRING {
        l.wrong_type(1, c"error or string");
    }
    if is_error(l, 2) {
        push_inner_message(l, 2);
        l.replace(2);
    }
    if l.type_of(2) != LUA_TSTRING {
        l.wrong_type(2, c"string or error");
    }
    l.push_value(2);
    l.push_string(SEPARATOR);
    push_message(l, 1);
    l.concat(3);
    wrap_message(l, kind::UNKNOWN);
    let wrapped = l.top();
    if structured {
        for kept in [
            part::KIND,
            part::RETRYABLE,
            part::DETAILS,
            part::STACK,
            part::THREAD,
        ] {
            l.user_value(1, kept);
            l.set_user_value(wrapped, kept);
        }
    } else {
        l.push_nil();
        l.set_user_value(wrapped, part::RETRYABLE);
    }
    push_contexts_behind(l);
    l.set_user_value(wrapped, part::CONTEXTS);
    note_place(l);
    1
}

/// Puts a new error in the place of the text or error below the top of the stack, with the
/// text on top as its context. May raise.
pub(crate) fn wrap_by_top(l: State) {
    l.push_function(wrap);
    l.insert(-3);
    l.call(2, 1);
}

/// Pushes a new list: the context at 2, and those of the error at 1 behind it.
fn push_contexts_behind(l: State) {
    l.new_table(1, 0);
    let list = l.top();
    l.push_value(2);
    l.set_element(list, 1);
    if is_error(l, 1) && l.user_value(1, part::CONTEXTS) == LUA_TTABLE {
        let earlier = l.top();
        for place in 1..=l.raw_len(earlier) as lua_Integer {
            l.element(earlier, place);
            l.set_element(list, place + 1);
        }
    }
    l.set_top(list);
}

/// `errors.is(err, kind)`: false for anything that is no structured error.
extern "C-unwind" fn is(l: State) -> c_int {
    l.set_top(2);
    if l.is_nil(2) {
        return refuse(l, kind::INVALID, format_args!("kind is missing"));
    }
    if l.type_of(2) != LUA_TSTRING {
        l.wrong_type(2, c"string");
    }
    let mut same = false;
    if is_error(l, 1) {
        l.user_value(1, part::KIND);
        same = l.raw_equal(-1, 2);
    }
    l.push_boolean(same);
    1
}

/// `errors.call_stack(v)`: `{thread=, frames={{level=, source=, line=, name=, type=},
/// ...}}`, or nil for what is no structured error.
extern "C-unwind" fn call_stack(l: State) -> c_int {
    l.set_top(1);
    if !is_error(l, 1) {
        l.push_nil();
        return 1;
    }
    l.new_table(0, 2);
    if l.user_value(1, part::THREAD) != LUA_TSTRING {
        l.pop(1);
        l.push_string(c"another process");
    }
    l.set_field(2, c"thread");
    l.user_value(1, part::STACK);
    l.with_bytes(3, |text| frames::push_list(l, text.unwrap_or_default()));
    l.set_field(2, c"frames");
    l.set_top(2);
    1
}

extern "C-unwind" fn read<const PART: c_int>(l: State) -> c_int {
    interpreter(l).classes.get().error.check(l, 1, CLASS);
    l.user_value(1, PART);
    if PART == part::DETAILS {
        details::copy(l);
    }
    1
}

/// `err:message()`: the text without its contexts.
extern "C-unwind" fn message(l: State) -> c_int {
    interpreter(l).classes.get().error.check(l, 1, CLASS);
    push_inner_message(l, 1);
    1
}

/// `err:stack()`: the contexts, and the frames of where the error was made, repetitions
/// folded.
extern "C-unwind" fn stack(l: State) -> c_int {
    interpreter(l).classes.get().error.check(l, 1, CLASS);
    l.set_top(1);
    let mut lines = 0;
    if l.user_value(1, part::CONTEXTS) == LUA_TTABLE {
        let contexts = l.raw_len(2) as c_int;
        l.need_room(2 * contexts + LUA_MINSTACK, c"too many contexts");
        for place in 1..=contexts {
            l.element(2, place.into());
            l.push_string(c"\n");
        }
        lines = 2 * contexts;
    }
    if l.user_value(1, part::STACK) != LUA_TSTRING || l.raw_len(-1) == 0 {
        l.pop(1);
        l.push_string(c"made outside of Lua");
    } else if let Some(folded) = l
        .lossy(-1)
        .and_then(|text| warren_values::stack::fold(&text))
    {
        // The text is handed over before anything raises.
        l.pop(1);
        push_text(l, folded);
    }
    l.concat(lines + 1);
    1
}

extern "C-unwind" fn concat(l: State) -> c_int {
    l.set_top(2);
    push_message(l, 1);
    push_message(l, 2);
    l.concat(2);
    1
}

extern "C-unwind" fn length(l: State) -> c_int {
    interpreter(l).classes.get().error.check(l, 1, CLASS);
    l.user_value(1, part::MESSAGE);
    l.push_integer(l.raw_len(-1) as lua_Integer);
    1
}

/// Pushes the message of the error at `index` as it was before it was wrapped.
fn push_inner_message(l: State, index: c_int) {
    let index = l.absolute(index);
    l.user_value(index, part::MESSAGE);
    if l.user_value(index, part::CONTEXTS) != LUA_TTABLE {
        l.pop(1);
        return;
    }
    let contexts = l.top();
    let mut before = 0;
    for place in 1..=l.raw_len(contexts) as lua_Integer {
        l.element(contexts, place);
        before += l.raw_len(-1) + SEPARATOR.count_bytes();
        l.pop(1);
    }
    l.with_bytes(contexts - 1, |text| {
        l.push_bytes(text.and_then(|text| text.get(before..)).unwrap_or_default());
    });
    l.replace(contexts - 1);
    l.set_top(contexts - 1);
}

/// Adds the functions of `string` to the methods of the class on top of the stack, so
/// that `err:find("x")` searches the text. They take an error wherever they take text.
fn add_string_methods(l: State) {
    let class = l.absolute(-1);
    l.field(class, c"__index");
    l.global(c"string");
    l.push_nil();
    while l.next(-2) {
        l.push_value(-2);
        l.insert(-2);
        l.raw_set(-5);
    }
    l.pop(2);
}

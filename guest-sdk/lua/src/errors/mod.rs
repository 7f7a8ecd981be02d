//! Structured errors: userdata with five user values, and the library
//! `errors`.

use std::ffi::{CStr, c_int};
use std::fmt;

use mlua_sys::*;
use warren_values::kind;

use crate::interpreter::{interpreter, push_text};
use crate::lua::{self, Functions, State};

/// The user values of an error.
pub(crate) mod part {
    use std::ffi::c_int;

    pub(crate) const KIND: c_int = 1;
    pub(crate) const MESSAGE: c_int = 2;
    pub(crate) const RETRYABLE: c_int = 3;
    pub(crate) const DETAILS: c_int = 4;
    pub(crate) const STACK: c_int = 5;
    pub(crate) const COUNT: c_int = 5;
}

/// The name of the class in Lua.
pub(crate) const CLASS: &CStr = c"error";

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

/// Pushes a new error of `kind` whose message is on top of the stack, in its
/// place.
pub(crate) fn wrap_message(l: State, kind: &str) {
    push_empty(l);
    l.insert(-2);
    l.set_user_value(-2, part::MESSAGE);
    l.push_bytes(kind.as_bytes());
    l.set_user_value(-2, part::KIND);
}

/// Pushes a new error without any part.
pub(crate) fn push_empty(l: State) {
    interpreter(l).classes.get().error.push(l, (), part::COUNT);
}

/// Pushes nil and a new error: the results of a call that failed.
pub(crate) fn refuse(l: State, kind: &str, message: fmt::Arguments<'_>) -> c_int {
    l.push_nil();
    match message.as_str() {
        Some(text) => l.push_bytes(text.as_bytes()),
        None => push_text(l, message.to_string()),
    }
    wrap_message(l, kind);
    2
}

/// Returns true where the value at `index` is a structured error.
pub(crate) fn is_error(l: State, index: c_int) -> bool {
    interpreter(l).classes.get().error.is(l, index)
}

const FUNCTIONS: &Functions = &[(c"new", new), (c"wrap", wrap), (c"is", is)];

const METHODS: &Functions = &[
    (c"kind", read::<{ part::KIND }>),
    (c"message", read::<{ part::MESSAGE }>),
    (c"retryable", read::<{ part::RETRYABLE }>),
    (c"details", read::<{ part::DETAILS }>),
    (c"stack", read::<{ part::STACK }>),
];

const METAMETHODS: &Functions = &[
    (c"__tostring", read::<{ part::MESSAGE }>),
    (c"__concat", concat),
];

/// `errors.new(message)` or `errors.new{message=, kind=, retryable=, details=}`.
extern "C-unwind" fn new(l: State) -> c_int {
    l.set_top(1);
    match l.type_of(1) {
        LUA_TNONE | LUA_TNIL => {
            return refuse(l, kind::INVALID, format_args!("message is missing"));
        }
        LUA_TSTRING => {
            wrap_message(l, kind::UNKNOWN);
            return 1;
        }
        LUA_TTABLE => {}
        _ => l.wrong_type(1, c"string or table"),
    }
    l.field(1, c"message");
    l.field(1, c"kind");
    l.field(1, c"retryable");
    l.field(1, c"details");
    if l.is_nil(2) {
        return refuse(l, kind::INVALID, format_args!("message is missing"));
    }
    if l.type_of(2) != LUA_TSTRING {
        l.raise("bad field 'message' (string expected)");
    }
    // SAFETY: the kind is on the stack until it is compared.
    match unsafe { l.bytes(3) } {
        Some(kind) if kind::ALL.iter().any(|(_, known)| known.as_bytes() == kind) => {}
        Some(_) => {
            return refuse(
                l,
                kind::INVALID,
                format_args!("kind is not a constant of 'errors', such as errors.INVALID"),
            );
        }
        None if l.is_nil(3) => {
            l.push_bytes(kind::UNKNOWN.as_bytes());
            l.replace(3);
        }
        None => l.raise("bad field 'kind' (string expected)"),
    }
    if !matches!(l.type_of(4), LUA_TNIL | LUA_TBOOLEAN) {
        l.raise("bad field 'retryable' (boolean expected)");
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
    1
}

/// `errors.wrap(err, context)`: the same error, its message led by a context.
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
    if l.type_of(2) != LUA_TSTRING {
        l.wrong_type(2, c"string");
    }
    l.push_value(2);
    l.push_string(c": ");
    push_message(l, 1);
    l.concat(3);
    wrap_message(l, kind::UNKNOWN);
    if structured {
        for kept in [part::KIND, part::RETRYABLE, part::DETAILS, part::STACK] {
            l.user_value(1, kept);
            l.set_user_value(-2, kept);
        }
    }
    1
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

extern "C-unwind" fn read<const PART: c_int>(l: State) -> c_int {
    interpreter(l).classes.get().error.check(l, 1, CLASS);
    l.user_value(1, PART);
    1
}

extern "C-unwind" fn concat(l: State) -> c_int {
    for operand in [1, 2] {
        if is_error(l, operand) {
            l.user_value(operand, part::MESSAGE);
            l.replace(operand);
        }
    }
    l.set_top(2);
    l.concat(2);
    1
}

/// Pushes the text of the error at `index`, or else the value itself.
pub(crate) fn push_message(l: State, index: c_int) {
    if is_error(l, index) {
        l.user_value(index, part::MESSAGE);
    } else {
        l.push_value(index);
    }
}

/// Adds the functions of `string` to the methods of the class on top of the
/// stack, so that `err:find("x")` searches the message.
fn add_string_methods(l: State) {
    let class = l.absolute(-1);
    l.field(class, c"__index");
    l.global(c"string");
    l.push_nil();
    while l.next(-2) {
        let function = l.top();
        l.push_value(-2);
        let mut upvalues = 0;
        while l.upvalue(function, upvalues + 1) {
            upvalues += 1;
        }
        l.push_value(function);
        l.push_closure(string_method, upvalues + 1);
        l.raw_set(function - 3);
        l.set_top(function - 1);
    }
    l.pop(2);
}

/// Runs a function of `string` in the place of this one, so that what it raises
/// names this call. The upvalues are that function's own, and behind them itself.
extern "C-unwind" fn string_method(l: State) -> c_int {
    if l.top() > 0 {
        push_message(l, 1);
        l.replace(1);
    }
    let mut last = 1;
    while l.type_of(lua_upvalueindex(last + 1)) != LUA_TNONE {
        last += 1;
    }
    match l.to_function(lua_upvalueindex(last)) {
        Some(function) => function(l),
        None => 0,
    }
}

//! Structured errors: userdata with five user values, and the library
//! `errors`.

use std::ffi::{CStr, c_int};
use std::fmt;

use mlua_sys::*;

use crate::runtime::{push_text, runtime};
use crate::stack::{self, Functions, State, bytes_at, push_bytes, wrong_type};

/// What went wrong, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub(crate) enum Kind {
    NotFound,
    AlreadyExists,
    Invalid,
    PermissionDenied,
    Unavailable,
    Internal,
    Canceled,
    Conflict,
    Timeout,
    RateLimited,
    Unknown,
    /// With which a process ends for want of memory: the runtime makes it Internal,
    /// and names the limit. Programs never see it.
    OutOfMemory,
}

impl Kind {
    /// How it is written wherever errors are read.
    pub(crate) const fn name(self) -> &'static CStr {
        match self {
            Kind::NotFound => c"NotFound",
            Kind::AlreadyExists => c"AlreadyExists",
            Kind::Invalid => c"Invalid",
            Kind::PermissionDenied => c"PermissionDenied",
            Kind::Unavailable => c"Unavailable",
            Kind::Internal => c"Internal",
            Kind::Canceled => c"Canceled",
            Kind::Conflict => c"Conflict",
            Kind::Timeout => c"Timeout",
            Kind::RateLimited => c"RateLimited",
            Kind::Unknown => c"",
            Kind::OutOfMemory => c"OutOfMemory",
        }
    }
}

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
///
/// # Safety
/// `l` is a live Lua thread with free stack slots.
pub(crate) unsafe fn open(l: State) {
    // SAFETY: as promised by the caller.
    unsafe {
        let class = stack::push_class(l, CLASS, METHODS, METAMETHODS);
        add_string_methods(l);
        lua_pop(l, 1);
        let rt = runtime(l);
        let mut classes = rt.classes.get();
        classes.error = class;
        rt.classes.set(classes);

        stack::push_library(l, FUNCTIONS);
        for (name, kind) in KINDS {
            lua_pushstring(l, kind.name().as_ptr());
            lua_setfield(l, -2, name.as_ptr());
        }
    }
}

/// Pushes a new error of `kind` whose message is on top of the stack, in its
/// place.
///
/// # Safety
/// A string is on top of the stack of `l`, which has three free slots.
pub(crate) unsafe fn wrap_message(l: State, kind: Kind) {
    // SAFETY: as promised by the caller.
    unsafe {
        push_empty(l);
        lua_insert(l, -2);
        lua_setiuservalue(l, -2, part::MESSAGE);
        lua_pushstring(l, kind.name().as_ptr());
        lua_setiuservalue(l, -2, part::KIND);
    }
}

/// Pushes a new error without any part.
///
/// # Safety
/// `l` is a live Lua thread with two free stack slots.
pub(crate) unsafe fn push_empty(l: State) {
    // SAFETY: as promised by the caller.
    unsafe {
        lua_newuserdatauv(l, 0, part::COUNT);
        runtime(l).classes.get().error.apply(l);
    }
}

/// Pushes nil and a new error: the results of a call that failed.
///
/// # Safety
/// `l` is a live Lua thread with five free stack slots.
pub(crate) unsafe fn refuse(l: State, kind: Kind, message: fmt::Arguments<'_>) -> c_int {
    // SAFETY: as promised by the caller. The message is on the stack, and its
    // `String` gone, before anything else happens.
    unsafe {
        lua_pushnil(l);
        match message.as_str() {
            Some(text) => push_bytes(l, text.as_bytes()),
            None => push_text(l, message.to_string()),
        }
        wrap_message(l, kind);
        2
    }
}

/// Whether the value at `index` is a structured error.
///
/// # Safety
/// `index` is acceptable for `l`, which has a free stack slot.
pub(crate) unsafe fn is_error(l: State, index: c_int) -> bool {
    // SAFETY: as promised by the caller.
    unsafe {
        runtime(l)
            .classes
            .get()
            .error
            .test::<()>(l, index)
            .is_some()
    }
}

const KINDS: [(&CStr, Kind); 11] = [
    (c"NOT_FOUND", Kind::NotFound),
    (c"ALREADY_EXISTS", Kind::AlreadyExists),
    (c"INVALID", Kind::Invalid),
    (c"PERMISSION_DENIED", Kind::PermissionDenied),
    (c"UNAVAILABLE", Kind::Unavailable),
    (c"INTERNAL", Kind::Internal),
    (c"CANCELED", Kind::Canceled),
    (c"CONFLICT", Kind::Conflict),
    (c"TIMEOUT", Kind::Timeout),
    (c"RATE_LIMITED", Kind::RateLimited),
    (c"UNKNOWN", Kind::Unknown),
];

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
unsafe extern "C-unwind" fn new(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        lua_settop(l, 1);
        match lua_type(l, 1) {
            LUA_TNONE | LUA_TNIL => {
                return refuse(l, Kind::Invalid, format_args!("message is missing"));
            }
            LUA_TSTRING => {
                wrap_message(l, Kind::Unknown);
                return 1;
            }
            LUA_TTABLE => {}
            _ => wrong_type(l, 1, c"string or table"),
        }
        lua_getfield(l, 1, c"message".as_ptr());
        lua_getfield(l, 1, c"kind".as_ptr());
        lua_getfield(l, 1, c"retryable".as_ptr());
        lua_getfield(l, 1, c"details".as_ptr());
        if lua_isnil(l, 2) != 0 {
            return refuse(l, Kind::Invalid, format_args!("message is missing"));
        }
        if lua_type(l, 2) != LUA_TSTRING {
            stack::raise(l, "bad field 'message' (string expected)");
        }
        match bytes_at(l, 3) {
            Some(kind)
                if KINDS
                    .iter()
                    .any(|(_, known)| known.name().to_bytes() == kind) => {}
            Some(_) => {
                return refuse(
                    l,
                    Kind::Invalid,
                    format_args!("kind is none of the constants of 'errors'"),
                );
            }
            None if lua_isnil(l, 3) != 0 => {
                lua_pushstring(l, Kind::Unknown.name().as_ptr());
                lua_replace(l, 3);
            }
            None => stack::raise(l, "bad field 'kind' (string expected)"),
        }
        if !matches!(lua_type(l, 4), LUA_TNIL | LUA_TBOOLEAN) {
            stack::raise(l, "bad field 'retryable' (boolean expected)");
        }
        push_empty(l);
        for (from, to) in [
            (2, part::MESSAGE),
            (3, part::KIND),
            (4, part::RETRYABLE),
            (5, part::DETAILS),
        ] {
            lua_pushvalue(l, from);
            lua_setiuservalue(l, -2, to);
        }
        1
    }
}

/// `errors.wrap(err, context)`: the same error, its message led by a context.
unsafe extern "C-unwind" fn wrap(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        lua_settop(l, 2);
        if lua_isnil(l, 1) != 0 {
            return refuse(l, Kind::Invalid, format_args!("err is missing"));
        }
        if lua_isnil(l, 2) != 0 {
            return refuse(l, Kind::Invalid, format_args!("context is missing"));
        }
        let structured = is_error(l, 1);
        if !structured && lua_type(l, 1) != LUA_TSTRING {
            wrong_type(l, 1, c"error or string");
        }
        if lua_type(l, 2) != LUA_TSTRING {
            wrong_type(l, 2, c"string");
        }
        lua_pushvalue(l, 2);
        lua_pushstring(l, c": ".as_ptr());
        push_message(l, 1);
        lua_concat(l, 3);
        wrap_message(l, Kind::Unknown);
        if structured {
            for kept in [part::KIND, part::RETRYABLE, part::DETAILS, part::STACK] {
                lua_getiuservalue(l, 1, kept);
                lua_setiuservalue(l, -2, kept);
            }
        }
        1
    }
}

/// `errors.is(err, kind)`: false for anything that is no structured error.
unsafe extern "C-unwind" fn is(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        lua_settop(l, 2);
        if lua_isnil(l, 2) != 0 {
            return refuse(l, Kind::Invalid, format_args!("kind is missing"));
        }
        if lua_type(l, 2) != LUA_TSTRING {
            wrong_type(l, 2, c"string");
        }
        let mut same = false;
        if is_error(l, 1) {
            lua_getiuservalue(l, 1, part::KIND);
            same = lua_rawequal(l, -1, 2) != 0;
        }
        lua_pushboolean(l, same.into());
        1
    }
}

unsafe extern "C-unwind" fn read<const PART: c_int>(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        let _: *mut () = runtime(l).classes.get().error.check(l, 1, CLASS);
        lua_getiuservalue(l, 1, PART);
        1
    }
}

unsafe extern "C-unwind" fn concat(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread and two operands.
    unsafe {
        for operand in [1, 2] {
            if is_error(l, operand) {
                lua_getiuservalue(l, operand, part::MESSAGE);
                lua_replace(l, operand);
            }
        }
        lua_settop(l, 2);
        lua_concat(l, 2);
        1
    }
}

/// Pushes the message of the error at `index`, or else the value itself.
///
/// # Safety
/// `index` is acceptable for `l`, which has a free stack slot.
unsafe fn push_message(l: State, index: c_int) {
    // SAFETY: as promised by the caller.
    unsafe {
        if is_error(l, index) {
            lua_getiuservalue(l, index, part::MESSAGE);
        } else {
            lua_pushvalue(l, index);
        }
    }
}

/// Adds the functions of `string` to the methods of the class on top of the
/// stack, so that `err:find("x")` searches the message.
///
/// # Safety
/// The class is on top of the stack of `l`; the library `string` is open.
unsafe fn add_string_methods(l: State) {
    // SAFETY: as promised by the caller.
    unsafe {
        let class = lua_absindex(l, -1);
        lua_getfield(l, class, c"__index".as_ptr());
        lua_getglobal(l, c"string".as_ptr());
        lua_pushnil(l);
        while lua_next(l, -2) != 0 {
            let function = lua_gettop(l);
            lua_pushvalue(l, -2);
            let mut upvalues = 0;
            while !lua_getupvalue(l, function, upvalues + 1).is_null() {
                upvalues += 1;
            }
            lua_pushvalue(l, function);
            lua_pushcclosure(l, string_method, upvalues + 1);
            lua_rawset(l, function - 3);
            lua_settop(l, function - 1);
        }
        lua_pop(l, 2);
    }
}

/// Runs a function of `string` in the place of this one, so that what it raises
/// names this call. The upvalues are that function's own, and behind them itself.
unsafe extern "C-unwind" fn string_method(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread; the closure was made by
    // `add_string_methods`.
    unsafe {
        if lua_gettop(l) > 0 {
            push_message(l, 1);
            lua_replace(l, 1);
        }
        let mut last = 1;
        while lua_type(l, lua_upvalueindex(last + 1)) != LUA_TNONE {
            last += 1;
        }
        match lua_tocfunction(l, lua_upvalueindex(last)) {
            Some(function) => function(l),
            None => 0,
        }
    }
}

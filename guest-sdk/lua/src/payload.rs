//! Payloads: userdata that hold a value and the name of its format. Their methods are in
//! `prelude/payload.lua`. Where a payload crosses, and in JSON, it is its value.

use std::ffi::{CStr, c_int};

use warren_guest::msgpack::{Input, Malformed};
use warren_values::kind;

use crate::errors;
use crate::exchange::{Built, protected};
use crate::interpreter::{PAYLOAD_VALUE, interpreter};
use crate::late;
use crate::lua::{self, Functions, State};
use crate::{argument, decode};

/// The name of the class in Lua.
const CLASS: &CStr = c"payload";

/// The user value that is the name of the format.
const FORMAT: c_int = 2;

const LUA: &CStr = c"lua/any";
const ERROR: &CStr = c"golang/error";

/// The functions that `prelude/payload.lua` is given.
pub(crate) const FUNCTIONS: &Functions = &[
    (c"payload_of", payload_of),
    (c"payload_parts", payload_parts),
    (c"decode", decode_whole),
];

/// Registers the class.
pub(crate) fn open(l: State) {
    let interpreter = interpreter(l);
    let mut classes = interpreter.classes.get();
    classes.payload = lua::class(l, CLASS, &[], &[(c"__tostring", tostring)]);
    l.push_function(index);
    l.set_field(-2, c"__index");
    l.pop(1);
    interpreter.classes.set(classes);
}

/// Makes a payload of the value on top of the stack, which is the payload's own from now
/// on. May raise.
pub(crate) fn wrap(l: State) {
    let format = if errors::is_error(l, -1) { ERROR } else { LUA };
    interpreter(l).classes.get().payload.push(l, (), 2);
    l.insert(-2);
    l.set_user_value(-2, PAYLOAD_VALUE);
    l.push_string(format);
    l.set_user_value(-2, FORMAT);
}

/// `payload_of(value, format?)`: a payload of a value that nobody else has.
extern "C-unwind" fn payload_of(l: State) -> c_int {
    l.set_top(2);
    l.push_value(1);
    wrap(l);
    if !l.is_nil(2) {
        l.push_value(2);
        l.set_user_value(-2, FORMAT);
    }
    1
}

/// `payload_parts(payload)`: the value itself, and its format; nothing for what is no
/// payload.
extern "C-unwind" fn payload_parts(l: State) -> c_int {
    if !interpreter(l).classes.get().payload.is(l, 1) {
        return 0;
    }
    l.user_value(1, PAYLOAD_VALUE);
    l.user_value(1, FORMAT);
    2
}

/// `decode(bytes)`: the one value that is encoded, or nil and an error.
extern "C-unwind" fn decode_whole(l: State) -> c_int {
    let Some(bytes) = argument::given_bytes(l, 1, "bytes") else {
        return argument::REFUSED;
    };
    match protected(l, bytes, whole) {
        Built::Values(results) => results,
        Built::Malformed(why) => errors::refuse(
            l,
            kind::INTERNAL,
            format_args!("cannot read MessagePack: {why}"),
        ),
        Built::Raised => l.error(),
    }
}

fn whole(l: State, bytes: &[u8]) -> Result<c_int, Malformed> {
    let mut input = Input::new(bytes);
    decode::value(l, &mut input)?;
    input.end()?;
    Ok(1)
}

/// Pushes the methods of the value at an index, by name, if it is a payload.
pub(crate) fn push_methods(l: State, index: c_int) -> bool {
    let is_payload = interpreter(l).classes.get().payload.is(l, index);
    if is_payload {
        late::push_part(l, CLASS, c"payload_methods");
    }
    is_payload
}

/// `__index`: the methods are those of the library, which is compiled now.
extern "C-unwind" fn index(l: State) -> c_int {
    l.set_top(2);
    late::push_part(l, CLASS, c"payload_methods");
    l.replace(1);
    l.raw_get(1);
    1
}

/// `__tostring`: `payload{format=lua/any}`.
extern "C-unwind" fn tostring(l: State) -> c_int {
    interpreter(l).classes.get().payload.check(l, 1, CLASS);
    l.push_bytes(b"payload{format=");
    l.user_value(1, FORMAT);
    l.push_bytes(b"}");
    l.concat(3);
    1
}

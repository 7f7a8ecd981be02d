//! Locations: userdata whose block is a [`Rule`], and whose user value is their name.

use std::cell::Cell;
use std::ffi::{CStr, c_char, c_int, c_void};

use mlua_sys::*;
use warren_guest::clock;
use warren_values::kind;

use super::zones;
use crate::argument::{REFUSED, integer, text};
use crate::calendar::{Abbreviation, Rule, Span};
use crate::errors;
use crate::interpreter::interpreter;
use crate::lua::{self, Functions, State};

/// The offset of a location at an instant.
#[derive(Debug, Clone, Copy)]
pub(super) struct Offset<'l> {
    /// Seconds east of UTC.
    pub(super) seconds: i32,
    name: Name<'l>,
}

#[derive(Debug, Clone, Copy)]
enum Name<'l> {
    /// The name of the location itself.
    Whole(&'l str),
    Short(Abbreviation),
}

impl Offset<'_> {
    pub(super) const UTC: Offset<'static> = Offset {
        seconds: 0,
        name: Name::Whole("UTC"),
    };

    /// The abbreviation of the place, or nothing.
    pub(super) fn name(&self) -> &str {
        match &self.name {
            Name::Whole(name) => name,
            Name::Short(name) => name.as_str(),
        }
    }
}

/// The name of the class in Lua.
const CLASS: &CStr = c"location";

const METHODS: &Functions = &[(c"string", string)];

const METAMETHODS: &Functions = &[(c"__tostring", string), (c"__eq", equal)];

const NAME: c_int = 1;

/// Registers the class.
pub(super) fn open(l: State) {
    let rt = interpreter(l);
    let mut classes = rt.classes.get();
    classes.location = lua::class(l, CLASS, METHODS, METAMETHODS);
    l.pop(1);
    rt.classes.set(classes);
}

/// Pushes UTC, the same location every time.
pub(super) fn push_utc(l: State) {
    push_kept(l, &UTC, |l| {
        l.push_string(c"UTC");
        push_fixed(l, 0);
    });
}

/// Pushes the location of a program that does not name one, the same every time: the
/// zone of a granted variable TZ, else UTC.
pub(super) fn push_local(l: State) {
    push_kept(l, &LOCAL, |l| {
        let top = l.top();
        if let Some(zone) = variable(c"TZ") {
            l.push_string(zone);
            let found = l.with_bytes(-1, |zone| {
                let zone = str::from_utf8(zone.unwrap_or_default()).unwrap_or_default();
                let zone = zone.strip_prefix(':').unwrap_or(zone);
                !zone.is_empty() && !is_utc(zone) && push_zone(l, zone) == 1
            });
            if found {
                return;
            }
        }
        l.set_top(top);
        push_utc(l);
    });
}

/// Pushes a location at a fixed offset, with the name on top of the stack, in its place.
pub(super) fn push_fixed(l: State, seconds: i32) {
    push(l, Rule::Fixed(seconds));
    l.insert(-2);
    l.set_user_value(-2, NAME);
}

/// Raises unless argument `arg` is a location.
pub(super) fn check(l: State, arg: c_int) {
    interpreter(l).classes.get().location.check(l, arg, CLASS);
}

/// Returns the offset at an instant of the location at `index`, in Unix seconds. The
/// offset keeps to the location, which stays on the stack.
pub(super) fn offset<'l>(l: State, index: c_int, at: i64) -> Offset<'l> {
    let class = interpreter(l).classes.get().location;
    let offset = class.with(l, index, |rule| {
        let name = name(l, index);
        match rule {
            Rule::Fixed(seconds) => Offset {
                seconds: *seconds,
                name: Name::Whole(name),
            },
            Rule::Zone(cell) => {
                let span = span(l, cell, name, at);
                Offset {
                    seconds: span.offset,
                    name: Name::Short(span.abbreviation),
                }
            }
        }
    });
    offset.unwrap_or(Offset::UTC)
}

/// Returns the Unix seconds at which a clock in the location at `index` shows so many
/// seconds after 1970. Of a reading that there is twice it is one of the two; one that
/// the clock leaves out counts with the offset before or after.
pub(super) fn instant(l: State, index: c_int, shown: i64) -> i64 {
    // As in Go: the offset at the same number of seconds in UTC is mostly right.
    let seconds = offset(l, index, shown).seconds;
    let instant = shown - i64::from(seconds);
    shown - i64::from(offset(l, index, instant).seconds)
}

/// Returns the offset of an abbreviation in the location at `index`, at about the time
/// that a clock there shows.
pub(super) fn named_offset(l: State, index: c_int, shown: i64, wanted: &str) -> Option<i32> {
    let class = interpreter(l).classes.get().location;
    class.with(l, index, |rule| {
        let name = name(l, index);
        match rule {
            Rule::Fixed(seconds) => (name == wanted).then_some(*seconds),
            Rule::Zone(cell) => offset_in_zone(l, cell, name, shown, wanted),
        }
    })?
}

fn offset_in_zone(
    l: State,
    cell: &Cell<Span>,
    name: &str,
    shown: i64,
    wanted: &str,
) -> Option<i32> {
    let now = span(l, cell, name, shown);
    let before = span(l, cell, name, now.first.saturating_sub(1));
    let after = span(l, cell, name, now.last.saturating_add(1));
    let known = [now, before, after]
        .into_iter()
        .filter(|span| span.abbreviation.as_str() == wanted);
    // One of the same name that holds at that time goes before.
    let holds = |span: &Span| span.holds(shown - i64::from(span.offset));
    let mut known = known;
    let first = known.next()?;
    let best = std::iter::once(first).chain(known).find(holds);
    Some(best.unwrap_or(first).offset)
}

/// `time.load_location(name)`.
pub(super) extern "C-unwind" fn load_location(l: State) -> c_int {
    let Some(name) = text(l, 1, "name") else {
        return REFUSED;
    };
    match name {
        "" => return errors::refuse(l, kind::INVALID, format_args!("name is empty")),
        "Local" => push_local(l),
        _ if is_utc(name) => push_utc(l),
        _ if name.len() > LONGEST => {
            let what = format_args!("time zone not found: its name has {} bytes", name.len());
            return errors::refuse(l, kind::NOT_FOUND, what);
        }
        _ => return push_zone(l, name),
    }
    1
}

/// `time.fixed_zone(name, seconds)`.
pub(super) extern "C-unwind" fn fixed_zone(l: State) -> c_int {
    if text(l, 1, "name").is_none() {
        return REFUSED;
    }
    if l.type_of(2) <= LUA_TNIL {
        return errors::refuse(l, kind::INVALID, format_args!("seconds are missing"));
    }
    let Some(seconds) = integer(l, 2, 0, "seconds") else {
        return REFUSED;
    };
    match i32::try_from(seconds) {
        // More would lead beyond the range of a time's seconds.
        Ok(seconds) if seconds.unsigned_abs() <= FARTHEST => {
            l.set_top(1);
            push_fixed(l, seconds);
            1
        }
        _ => errors::refuse(
            l,
            kind::INVALID,
            format_args!("seconds are more than a week, {FARTHEST} seconds, from UTC"),
        ),
    }
}

/// Returns a variable of the environment, which nobody changes.
fn variable(name: &CStr) -> Option<&'static CStr> {
    unsafe extern "C" {
        fn getenv(name: *const c_char) -> *const c_char;
    }
    // SAFETY: the name ends with a zero. The value lives as long as the process, and ends
    // with a zero, too.
    unsafe {
        let value = getenv(name.as_ptr());
        (!value.is_null()).then(|| CStr::from_ptr(value))
    }
}

/// The most bytes of a name that the runtime is asked for: far more than any zone's has.
const LONGEST: usize = 255;

/// The farthest fixed offset, in seconds.
const FARTHEST: u32 = 7 * 86_400;

fn is_utc(name: &str) -> bool {
    name == "UTC"
}

fn push(l: State, rule: Rule) {
    interpreter(l).classes.get().location.push(l, rule, 1);
}

/// Pushes the location of a zone; or nil and an error. Returns the number of these
/// values. The name is part of a string on the stack.
fn push_zone(l: State, name: &str) -> c_int {
    let present = clock::now().div_euclid(1_000_000_000);
    let results = zones::push(l, name, present);
    if results == 1 {
        l.push_bytes(name.as_bytes());
        l.set_user_value(-2, NAME);
    }
    results
}

/// Pushes the value that the registry has under a key, or makes it.
fn push_kept(l: State, key: &'static u8, make: fn(State)) {
    let key: *const c_void = std::ptr::from_ref(key).cast();
    if l.registered(key) == LUA_TNIL {
        l.pop(1);
        make(l);
        l.push_value(-1);
        l.register(key);
    }
}

/// The registry's keys of the locations that there is one of. They differ, so that no
/// linker lays them together.
static UTC: u8 = 1;
static LOCAL: u8 = 2;

/// Returns the name of the location at `index`, which stays on the stack.
fn name<'l>(l: State, index: c_int) -> &'l str {
    l.user_value(index, NAME);
    // SAFETY: the location keeps its name, and the stack keeps the location.
    let name = unsafe { l.bytes(-1) }.unwrap_or_default();
    l.pop(1);
    str::from_utf8(name).unwrap_or_default()
}

/// Returns the span of a zone at an instant.
fn span(l: State, cell: &Cell<Span>, name: &str, at: i64) -> Span {
    let kept = cell.get();
    if kept.holds(at) {
        return kept;
    }
    // A zone that the runtime knew once it knows again.
    let span = zones::lookup(l, name, at).unwrap_or(kept);
    cell.set(span);
    span
}

/// `tostring(location)`, `location:string()`.
extern "C-unwind" fn string(l: State) -> c_int {
    check(l, 1);
    l.user_value(1, NAME);
    1
}

/// Locations of one rule and one name are equal.
extern "C-unwind" fn equal(l: State) -> c_int {
    let class = interpreter(l).classes.get().location;
    let fixed = [1, 2].map(|arg| {
        class.with(l, arg, |rule| match rule {
            Rule::Fixed(seconds) => Some(*seconds),
            Rule::Zone(_) => None,
        })
    });
    let same = fixed[0].is_some() && fixed[0] == fixed[1] && name(l, 1) == name(l, 2);
    l.push_boolean(same);
    1
}

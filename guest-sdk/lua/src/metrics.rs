//! The library `metrics`: counters, gauges and histograms that the runtime shows.

use std::ffi::c_int;

use mlua_sys::*;
use warren_guest::msgpack::{Full, Output};

use crate::argument::{REFUSED, is_given, text};
use crate::capability;
use crate::encode::{LABELS, REQUEST, Stop};
use crate::lua::{self, Functions, Members, State};
use crate::mistakes::check_taken;

struct Metrics;

impl Members for Metrics {
    const FUNCTIONS: &'static Functions = &[
        (c"counter_inc", counter_inc),
        (c"counter_add", counter_add),
        (c"gauge_inc", gauge_inc),
        (c"gauge_dec", gauge_dec),
        (c"gauge_set", gauge_set),
        (c"histogram", histogram),
    ];
}

/// Pushes the library.
pub(crate) fn open(l: State) {
    l.new_table(0, 0);
    lua::set_members::<Metrics>(l);
}

/// `metrics.counter_inc(name, labels?)`.
extern "C-unwind" fn counter_inc(l: State) -> c_int {
    change(l, "metrics.counter_inc", false)
}

/// `metrics.counter_add(name, n, labels?)`.
extern "C-unwind" fn counter_add(l: State) -> c_int {
    change(l, "metrics.counter_add", true)
}

/// `metrics.gauge_inc(name, labels?)`.
extern "C-unwind" fn gauge_inc(l: State) -> c_int {
    change(l, "metrics.gauge_inc", false)
}

/// `metrics.gauge_dec(name, labels?)`.
extern "C-unwind" fn gauge_dec(l: State) -> c_int {
    change(l, "metrics.gauge_dec", false)
}

/// `metrics.gauge_set(name, n, labels?)`.
extern "C-unwind" fn gauge_set(l: State) -> c_int {
    change(l, "metrics.gauge_set", true)
}

/// `metrics.histogram(name, n, labels?)`.
extern "C-unwind" fn histogram(l: State) -> c_int {
    change(l, "metrics.histogram", true)
}

/// Changes a series. With `counted`, a number follows the name.
fn change(l: State, operation: &str, counted: bool) -> c_int {
    let results = try_change(l, operation, counted);
    check_taken(l, results, operation)
}

fn try_change(l: State, operation: &str, counted: bool) -> c_int {
    let labels = if counted { 3 } else { 2 };
    l.set_top(labels);
    let Some(name) = text(l, 1, "name") else {
        return REFUSED;
    };
    if counted {
        if !matches!(l.type_of(2), LUA_TNIL | LUA_TNUMBER) {
            l.wrong_type(2, c"number");
        }
        if !is_given(l, 2, LUA_TNUMBER, "n") {
            return REFUSED;
        }
    }
    if !matches!(l.type_of(labels), LUA_TNIL | LUA_TTABLE) {
        l.wrong_type(labels, c"table");
    }
    // The runtime refuses such a name, whatever the labels are.
    let is_too_long = name.len() > LABELS.most / 2;
    let limit = if is_too_long {
        ("name", REQUEST)
    } else {
        ("labels", LABELS)
    };
    capability::call_encoded(l, operation, limit, |output| {
        output.array(labels as u32)?;
        output.string(name.as_bytes())?;
        if counted {
            write_number(l, output)?;
        }
        if is_too_long {
            return Ok(output.nil()?);
        }
        Ok::<_, Stop>(write_labels(l, labels, output)?)
    })
}

fn write_number(l: State, output: &mut Output) -> Result<(), Full> {
    if l.is_integer(2) {
        output.integer(l.to_integer(2))
    } else {
        output.float(l.to_number(2))
    }
}

/// Writes the labels that are text, and no others: they are ignored.
fn write_labels(l: State, index: c_int, output: &mut Output) -> Result<(), Full> {
    if l.type_of(index) != LUA_TTABLE {
        return output.nil();
    }
    let open = output.open()?;
    let mut count = 0;
    l.push_nil();
    while l.next(index) {
        if l.type_of(-2) == LUA_TSTRING && l.type_of(-1) == LUA_TSTRING {
            // SAFETY: both are on the stack until they are written.
            let (name, value) = unsafe { (l.bytes(-2), l.bytes(-1)) };
            let written = output
                .string(name.unwrap_or_default())
                .and_then(|()| output.string(value.unwrap_or_default()));
            if written.is_err() {
                l.set_top(index);
                return written;
            }
            count += 1;
        }
        l.pop(1);
    }
    output.finish_map(open, count)
}

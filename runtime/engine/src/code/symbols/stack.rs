//! A stack as text, a line for each call.

use std::fmt::Write;

use warren_kernel::stack::folded;

use super::names::{is_panicking, readable};
use super::{Frame, Place, Places};
use crate::code::class::CALLS;
use crate::code::excerpt::excerpt;

/// Most bytes of the text.
const MAX_TEXT: usize = 16 * 1024;

/// Returns the calls as text, the innermost first, a line for each: function, file, line and
/// column, as far as they are known. Calls that repeat are folded, as a recursion has them,
/// and those of Rust's own panics are left out.
pub(crate) fn text(frames: &[Frame], places: &[Places]) -> String {
    let nothing = Places::default();
    let mut calls = Vec::new();
    for (index, frame) in frames.iter().enumerate() {
        let places = places.get(index).unwrap_or(&nothing);
        calls_of(frame, places, &mut calls);
    }
    let shown = &calls[panicking(&calls)..];
    let mut lines: Vec<String> = shown.iter().map(Call::line).collect();
    if frames.len() == CALLS {
        lines.push("...".to_owned());
    }
    let mut text = String::new();
    for line in folded(&lines) {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push('\t');
        text.push_str(&line);
    }
    excerpt(text, MAX_TEXT)
}

/// Returns the number of calls at the beginning that belong to a panic of Rust.
fn panicking(calls: &[Call]) -> usize {
    // The C library's, which a panic may end in.
    let is_abort = |call: &Call| call.name == "abort";
    let own = |call: &Call| !is_abort(call) && !is_panicking(&call.name);
    let first = calls.iter().position(own).unwrap_or(0);
    let is_panic = calls[..first].iter().any(|call| !is_abort(call));
    if is_panic { first } else { 0 }
}

/// A line of the text.
struct Call {
    name: String,
    place: Option<Place>,
    is_inlined: bool,
}

/// Adds the functions of one call.
fn calls_of(frame: &Frame, places: &Places, calls: &mut Vec<Call>) {
    let own_name = || match (
        &frame.name,
        places.last().and_then(|place| place.name.as_ref()),
    ) {
        (Some(name), _) => readable(name),
        (None, Some(name)) => name.to_string(),
        (None, None) => format!("function {}", frame.function),
    };
    let Some((own, inlined)) = places.split_last() else {
        return calls.push(Call {
            name: own_name(),
            place: None,
            is_inlined: false,
        });
    };
    for place in inlined {
        let name = place.name.as_deref().unwrap_or("a function");
        calls.push(Call {
            name: name.to_owned(),
            place: Some(place.clone()),
            is_inlined: true,
        });
    }
    calls.push(Call {
        name: own_name(),
        place: Some(own.clone()),
        is_inlined: false,
    });
}

impl Call {
    fn line(&self) -> String {
        let mut line = self.name.clone();
        let place = self.place.as_ref();
        if let Some(file) = place.and_then(|place| place.file.as_ref()) {
            line.push_str(" at ");
            line.push_str(file);
            let numbers = place.and_then(|place| Some((place.line?, place.column)));
            if let Some((number, column)) = numbers {
                // A `String` takes every text.
                let _ = write!(line, ":{number}");
                if let Some(column) = column {
                    let _ = write!(line, ":{column}");
                }
            }
        }
        if self.is_inlined {
            line.push_str(" (inlined)");
        }
        // Names and paths are the guest's: a line stays one line.
        line.replace(['\n', '\r', '\t'], " ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(name: Option<&str>) -> Frame {
        Frame {
            function: 7,
            name: name.map(str::to_owned),
            in_function: None,
            in_file: None,
        }
    }

    fn place(name: Option<&str>, file: &str, line: u32, column: u32) -> Place {
        Place {
            name: name.map(Into::into),
            file: Some(file.into()),
            line: Some(line),
            column: (column > 0).then_some(column),
        }
    }

    #[test]
    fn a_call_has_what_is_known() {
        let frames = [frame(Some("main")), frame(None), frame(Some("_ZN1a1bE"))];
        let places = [
            Places::from([
                place(Some("next"), "core.rs", 3, 0),
                place(Some("other"), "main.rs", 8, 20),
            ]),
            Places::default(),
        ];
        assert_eq!(
            text(&frames, &places),
            "\tnext at core.rs:3 (inlined)\n\tmain at main.rs:8:20\n\tfunction 7\n\ta::b"
        );
        let places = [Places::from([place(Some("named"), "x.c", 1, 0)])];
        assert_eq!(text(&[frame(None)], &places), "\tnamed at x.c:1");
        assert_eq!(text(&[], &[]), "");
    }

    #[test]
    fn the_machinery_of_panics_is_left_out() {
        let names = [
            "__rustc::rust_panic",
            "std::panicking::begin_panic_handler",
            "core::panicking::panic_fmt",
            "shop::sell",
            "core::option::Option<T>::map",
        ];
        let frames = names.map(|name| frame(Some(name)));
        assert_eq!(
            text(&frames, &[]),
            "\tshop::sell\n\tcore::option::Option<T>::map"
        );
        assert_eq!(text(&frames[..1], &[]), "\t__rustc::rust_panic");
        let of = |names: &[&str]| {
            text(
                &names.iter().map(|n| frame(Some(n))).collect::<Vec<_>>(),
                &[],
            )
        };
        assert_eq!(of(&["abort", "rust_panic", "main"]), "\tmain");
        assert_eq!(of(&["abort", "main"]), "\tabort\n\tmain");
    }

    #[test]
    fn a_stack_is_bounded_and_says_that_it_goes_on() {
        let name = "x".repeat(1000);
        let frames: Vec<Frame> = (0..CALLS)
            .map(|number| frame(Some(&format!("{number}{name}"))))
            .collect();
        let shown = text(&frames, &[]);
        assert!(shown.len() <= MAX_TEXT + 4, "{}", shown.len());
        let frames = vec![frame(Some("deeper")); CALLS];
        assert_eq!(text(&frames, &[]), "\tdeeper\n\t... 63 more\n\t...");
        assert_eq!(text(&[frame(Some("a\nb"))], &[]), "\ta b");
    }
}

//! Printing. The macros of the standard library print on `wasm32-wasip1`, and nothing on
//! `wasm32-unknown-unknown`; these print on every target.

use core::fmt;

use crate::stdio::{self, Stream};

/// Prints to standard output. Lines of different processes never mix.
#[macro_export]
macro_rules! print {
    ($($arg:tt)*) => {
        $crate::__private::print($crate::stdio::Stream::Out, ::core::format_args!($($arg)*))
    };
}

/// Prints a line to standard output.
///
/// ```no_run
/// warren_guest::println!("hello from {}", warren_guest::pid());
/// ```
#[macro_export]
macro_rules! println {
    () => { $crate::print!("\n") };
    ($($arg:tt)*) => { $crate::print!("{}\n", ::core::format_args!($($arg)*)) };
}

/// Prints to standard error.
#[macro_export]
macro_rules! eprint {
    ($($arg:tt)*) => {
        $crate::__private::print($crate::stdio::Stream::Err, ::core::format_args!($($arg)*))
    };
}

/// Prints a line to standard error.
#[macro_export]
macro_rules! eprintln {
    () => { $crate::__private::print($crate::stdio::Stream::Err, ::core::format_args!("\n")) };
    ($($arg:tt)*) => {
        $crate::__private::print(
            $crate::stdio::Stream::Err,
            ::core::format_args!("{}\n", ::core::format_args!($($arg)*)),
        )
    };
}

/// Prints an expression, its place and its value to standard error, and returns the value.
///
/// ```no_run
/// let half = warren_guest::dbg!(42 / 2);
/// ```
#[macro_export]
macro_rules! dbg {
    () => {
        $crate::eprintln!("[{}:{}:{}]", ::core::file!(), ::core::line!(), ::core::column!())
    };
    ($value:expr $(,)?) => {
        // A match: what the expression borrows lives as long as in the expression itself.
        match $value {
            value => {
                $crate::eprintln!(
                    "[{}:{}:{}] {} = {:#?}",
                    ::core::file!(),
                    ::core::line!(),
                    ::core::column!(),
                    ::core::stringify!($value),
                    &value,
                );
                value
            }
        }
    };
    ($($value:expr),+ $(,)?) => { ($($crate::dbg!($value)),+,) };
}

/// Prints for the macros: one write for each call of a macro.
pub fn print(stream: Stream, text: fmt::Arguments<'_>) {
    match text.as_str() {
        Some(text) => stdio::write(stream, text.as_bytes()),
        None => stdio::write(stream, text.to_string().as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use crate::mock;

    #[test]
    fn dbg_prints_and_returns_the_value() {
        mock::reset();
        let name = String::from("x");
        let (two, kept) = crate::dbg!(1 + 1, name);
        assert_eq!((two, &*kept), (2, "x"));
        let printed = mock::with(|runtime| runtime.written[1].clone());
        let printed = String::from_utf8(printed).unwrap();
        let lines: Vec<&str> = printed.lines().collect();
        assert_eq!(lines.len(), 2, "{printed}");
        assert!(lines[0].ends_with("] 1 + 1 = 2"), "{printed}");
        assert!(lines[1].ends_with("] name = \"x\""), "{printed}");
    }
}

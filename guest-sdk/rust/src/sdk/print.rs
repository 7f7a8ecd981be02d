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

/// Prints for the macros: one write for each call of a macro.
pub fn print(stream: Stream, text: fmt::Arguments<'_>) {
    match text.as_str() {
        Some(text) => stdio::write(stream, text.as_bytes()),
        None => stdio::write(stream, text.to_string().as_bytes()),
    }
}

//! Names of functions as their authors wrote them.

use crate::code::excerpt::excerpt;

/// Most bytes of a name that is shown. A module may give its functions names of 100,000
/// bytes.
const NAME: usize = 256;

/// Most bytes of a name that is made readable.
const MANGLED: usize = 4 * 1024;

/// Returns the name of a function, readable and not too long.
///
/// Compilers of Rust write mangled names. Those of other languages write readable ones: the
/// linker of LLVM makes the names of C++ readable.
pub(super) fn readable(name: &str) -> String {
    demangled(name).unwrap_or_else(|| shortened(name))
}

/// Returns the part of a name that [`readable`] needs. A stack may have a name of 100,000
/// bytes 64 times.
pub(super) fn kept(name: &str) -> String {
    match name.len() {
        ..=MANGLED => name.to_owned(),
        _ => shortened(name),
    }
}

/// Returns the readable form of a name of Rust.
pub(super) fn demangled(name: &str) -> Option<String> {
    if name.len() > MANGLED {
        return None;
    }
    let demangled = rustc_demangle::try_demangle(name).ok()?;
    // The alternate form is without the hash of the crate.
    Some(excerpt(format_args!("{demangled:#}"), NAME))
}

/// Returns a function's own name without the types of a generic function, which may have
/// hundreds of characters.
pub(super) fn without_types(mut name: String) -> String {
    let types = name.find('<').filter(|at| *at > 0);
    if let Some(types) = types
        && !name.starts_with("operator")
    {
        name.truncate(types);
    }
    name
}

/// Returns the beginning of a long name.
pub(super) fn shortened(name: &str) -> String {
    excerpt(name, NAME)
}

/// Beginnings of the names of functions that every panic of Rust is in.
const PANICKING: &[&str] = &[
    "__rust",
    "core::intrinsics::",
    "core::option::",
    "core::panicking::",
    "core::result::",
    "panic_abort::",
    "rust_begin_unwind",
    "rust_panic",
    "std::panicking::",
    "std::process::abort",
    "std::sys::backtrace::",
    "std::sys::pal::",
];

/// Returns true if a function belongs to the machinery of Rust's panics.
pub(super) fn is_panicking(name: &str) -> bool {
    PANICKING.iter().any(|begin| name.starts_with(begin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_rust_lose_their_hash() {
        for (mangled, name) in [
            ("_ZN6faults4main17h0123456789abcdefE", "faults::main"),
            (
                "_ZN61_$LT$alloc..vec..Vec$LT$T$GT$$u20$as$u20$core..fmt..Debug$GT$3fmt17h0123456789abcdefE",
                "<alloc::vec::Vec<T> as core::fmt::Debug>::fmt",
            ),
            ("_RNvCs1234_7mycrate3foo", "mycrate::foo"),
            ("main", "main"),
            ("foo::bar(int)", "foo::bar(int)"),
            ("assembly/index/start", "assembly/index/start"),
            ("", ""),
        ] {
            assert_eq!(readable(mangled), name);
        }
    }

    #[test]
    fn names_have_no_types() {
        for (name, shown) in [
            ("call_once<fn(shop::Args) -> u8, (shop::Args)>", "call_once"),
            ("{closure#1}<u8>", "{closure#1}"),
            ("operator<<", "operator<<"),
            ("<unnamed>", "<unnamed>"),
            ("main", "main"),
            ("", ""),
        ] {
            assert_eq!(without_types(name.to_owned()), shown);
        }
    }

    #[test]
    fn no_name_is_long() {
        let long = "ä".repeat(50_000);
        assert!(readable(&long).len() <= NAME + 4);
        assert!(kept(&long).len() <= NAME + 4);
        assert_eq!(readable(&kept(&long)), readable(&long));
        let mangled = "_ZN6faults4main17h0123456789abcdefE";
        assert_eq!(kept(mangled), mangled);
        let nested = format!("_R{}", "INvC1a1b".repeat(400));
        assert!(readable(&nested).len() <= NAME + 4);
    }

    #[test]
    fn only_the_machinery_of_panics_is_left_out() {
        assert!(is_panicking("core::panicking::panic_fmt"));
        assert!(is_panicking("__rustc::rust_begin_unwind"));
        assert!(!is_panicking("shop::panicking::main"));
    }
}

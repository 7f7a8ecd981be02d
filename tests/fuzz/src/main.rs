//! Runs one target: under libFuzzer if `cargo xtask fuzz` builds it, otherwise
//! over the given files.
//!
//! libFuzzer's interface is described at
//! <https://llvm.org/docs/LibFuzzer.html>.

#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
mod under_libfuzzer {
    use std::sync::OnceLock;

    use warren_fuzz::{ALL, Target, find};

    /// Makes a panic abort the program at its place, which libFuzzer reports
    /// with the input.
    // SAFETY: no other function of this program has the name.
    #[unsafe(no_mangle)]
    extern "C" fn LLVMFuzzerInitialize(_: *const i32, _: *const *const *const u8) -> i32 {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            hook(info);
            std::process::abort();
        }));
        // SAFETY: the function takes nothing and does not unwind.
        unsafe { atexit(say_what_was_reached) };
        0
    }

    /// Tries one input of libFuzzer's.
    // SAFETY: no other function of this program has the name.
    #[unsafe(no_mangle)]
    extern "C" fn LLVMFuzzerTestOneInput(bytes: *const u8, len: usize) -> i32 {
        let input = if len == 0 {
            &[]
        } else {
            // SAFETY: libFuzzer lends `len` bytes at `bytes` for this call.
            unsafe { std::slice::from_raw_parts(bytes, len) }
        };
        (target().run)(input);
        0
    }

    /// Replaces the `len` bytes at `bytes`, of which `room` are writable, by the next
    /// input, and returns its length. Half of the inputs are made anew if the target
    /// makes any; the others are kept ones with changes.
    // SAFETY: no other function of this program has the name.
    #[unsafe(no_mangle)]
    extern "C" fn LLVMFuzzerCustomMutator(
        bytes: *mut u8,
        len: usize,
        room: usize,
        seed: u32,
    ) -> usize {
        if seed.is_multiple_of(2)
            && let Some(made) = target().made(seed.into())
            && made.len() <= room
        {
            // SAFETY: libFuzzer lends `room` bytes at `bytes` for this call.
            unsafe { std::ptr::copy_nonoverlapping(made.as_ptr(), bytes, made.len()) };
            return made.len();
        }
        // SAFETY: the arguments are those that libFuzzer lends for this call.
        unsafe { LLVMFuzzerMutate(bytes, len, room) }
    }

    unsafe extern "C" {
        /// libFuzzer: changes the `len` bytes at `bytes`, of which `room` are writable,
        /// and returns their new number.
        fn LLVMFuzzerMutate(bytes: *mut u8, len: usize, room: usize) -> usize;

        /// C library: `function` runs when the program exits.
        fn atexit(function: extern "C" fn()) -> i32;
    }

    /// Prints the lines that `cargo xtask fuzz` reads.
    extern "C" fn say_what_was_reached() {
        for reached in target().reaches {
            eprintln!("reached::{}: {}", reached.name(), reached.count());
        }
    }

    fn target() -> &'static Target {
        static TARGET: OnceLock<&Target> = OnceLock::new();
        TARGET.get_or_init(|| {
            let name = std::env::var("WARREN_FUZZ_TARGET").unwrap_or_default();
            find(&name).unwrap_or_else(|| {
                let names: Vec<&str> = ALL.iter().map(|target| target.name).collect();
                eprintln!(
                    "error: no fuzz target `{name}`; WARREN_FUZZ_TARGET is one of {}",
                    names.join(", ")
                );
                std::process::exit(2)
            })
        })
    }
}

#[cfg(not(fuzzing))]
fn main() -> std::process::ExitCode {
    use std::process::ExitCode;

    let mut arguments = std::env::args().skip(1);
    let target = arguments.next().and_then(|name| warren_fuzz::find(&name));
    let Some(target) = target else {
        eprintln!("usage: warren-fuzz TARGET FILE...; the targets are");
        for target in warren_fuzz::ALL {
            eprintln!("  {:10} {}", target.name, target.takes);
        }
        return ExitCode::from(2);
    };
    for path in arguments {
        match std::fs::read(&path) {
            Ok(bytes) => (target.run)(&bytes),
            Err(error) => {
                eprintln!("error: cannot read {path}: {error}");
                return ExitCode::FAILURE;
            }
        }
        println!("{path}: met");
    }
    ExitCode::SUCCESS
}

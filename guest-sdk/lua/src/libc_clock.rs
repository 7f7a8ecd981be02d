//! Functions that `config/warren.h` puts in the place of the system's clock and of Lua's
//! own hash seed.

use std::sync::atomic::{AtomicBool, Ordering};

use warren_guest::{clock, random};

/// True while the interpreter is set up, when clocks may not be asked. Not
/// the opposite, which every process would have to write.
static SETTING_UP: AtomicBool = AtomicBool::new(false);

/// From now on `os.time` and `os.clock` yield 0, or tell the time again.
pub(crate) fn stop(stop: bool) {
    SETTING_UP.store(stop, Ordering::Relaxed);
}

/// `time` of C: seconds since 1970; 0 while the interpreter is set up.
///
/// # Safety
/// `out` is null or writable.
#[unsafe(no_mangle)]
unsafe extern "C" fn warren_time(out: *mut i64) -> i64 {
    let seconds = if SETTING_UP.load(Ordering::Relaxed) {
        0
    } else {
        clock::now().div_euclid(1_000_000_000)
    };
    if !out.is_null() {
        // SAFETY: as promised by the caller.
        unsafe { out.write(seconds) };
    }
    seconds
}

/// `clock` of C, in nanoseconds.
#[unsafe(no_mangle)]
extern "C" fn warren_clock() -> i64 {
    if SETTING_UP.load(Ordering::Relaxed) {
        0
    } else {
        clock::monotonic() as i64
    }
}

/// The seed of string hashes, which no other process and no attacker knows.
#[unsafe(no_mangle)]
extern "C" fn warren_hash_seed() -> u32 {
    let mut seed = [0; 4];
    random::fill(&mut seed);
    u32::from_le_bytes(seed)
}

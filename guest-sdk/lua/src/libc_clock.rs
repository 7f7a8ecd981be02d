//! What `config/warren.h` puts in the place of the system's clock and of Lua's
//! own hash seed.

use std::sync::atomic::{AtomicBool, Ordering};

use warren_guest::{clock, random};

/// Whether a process runs, so that clocks may be asked.
static STARTED: AtomicBool = AtomicBool::new(false);

/// From now on `os.time` and `os.clock` tell the time.
pub(crate) fn start() {
    STARTED.store(true, Ordering::Relaxed);
}

/// `time` of C: seconds since 1970; 0 while the interpreter is set up.
///
/// # Safety
/// `out` is null or writable.
#[unsafe(no_mangle)]
unsafe extern "C" fn warren_time(out: *mut i64) -> i64 {
    let seconds = if STARTED.load(Ordering::Relaxed) {
        clock::now().div_euclid(1_000_000_000)
    } else {
        0
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
    if STARTED.load(Ordering::Relaxed) {
        clock::monotonic() as i64
    } else {
        0
    }
}

/// The seed of string hashes, which no other process and no attacker knows.
#[unsafe(no_mangle)]
extern "C" fn warren_hash_seed() -> u32 {
    let mut seed = [0; 4];
    random::fill(&mut seed);
    u32::from_le_bytes(seed)
}

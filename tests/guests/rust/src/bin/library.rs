//! Prints and measures time with the standard library, and prints with the macros that
//! take its place.

#[macro_use]
extern crate warren_guest;

use std::time::{Duration, Instant, SystemTime};

use warren_guest::Error;

#[warren_guest::main]
fn main() -> Result<(), Error> {
    println!("printed by the SDK");
    let began = Instant::now();
    std::println!("printed by the library");
    std::eprintln!("an error of the library");
    std::thread::sleep(Duration::from_millis(1));
    assert!(began.elapsed() >= Duration::from_millis(1));
    assert!(SystemTime::now() > SystemTime::UNIX_EPOCH);
    Ok(())
}

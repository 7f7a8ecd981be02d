//! Programs that are killed at random moments, again and again.
//!
//! The number of kills of each program is the environment variable `WARREN_KILLS`;
//! `cargo xtask crash` sets it.

#![allow(clippy::expect_used, reason = "a test program")]

use std::hash::{BuildHasher, Hasher, RandomState};

use warren_tests::Session;

/// Kills of all programs together without another word.
const KILLS: u32 = 400;

/// Programs that are killed: with a queue, a store and a database.
const PROGRAMS: u32 = 3;

/// Kills of one life, which begins with no data and ends with a comparison.
const KILLS_OF_A_LIFE: u32 = 50;

/// Runs lives of a program until it was killed often enough. `live` is told the kills of its
/// life.
pub(crate) fn lives(live: impl Fn(u32)) {
    let kills = match std::env::var("WARREN_KILLS") {
        Ok(kills) => kills.parse().expect("WARREN_KILLS is a number"),
        Err(_) => KILLS.div_ceil(PROGRAMS),
    };
    let mut done = 0;
    while done < kills {
        let round = KILLS_OF_A_LIFE.min(kills - done);
        live(round);
        done += round;
        println!("{done} of {kills} kills");
    }
}

/// Kills a program. Returns the whole lines that it printed before the kill and that nobody
/// has read.
pub(crate) fn kill(session: Session) -> Vec<Vec<u8>> {
    session.signal("KILL");
    let unread = session.end().stdout;
    let lines = unread.split_inclusive(|byte| *byte == b'\n');
    let whole = lines.filter(|line| line.ends_with(b"\n"));
    whole.map(<[u8]>::to_vec).collect()
}

/// Returns a random number below `limit`.
pub(crate) fn random(limit: u64) -> u64 {
    RandomState::new().build_hasher().finish() % limit
}

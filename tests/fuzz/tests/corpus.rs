//! Runs every target over its kept inputs, and over some that it makes.
#![allow(clippy::unwrap_used, reason = "a test program")]

use std::fs;
use std::path::Path;

use warren_fuzz::ALL;

/// Made inputs for each target.
const MADE: u64 = 40;

#[test]
fn every_corpus_passes_and_reaches_all_that_it_must() {
    for target in ALL {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("corpus")
            .join(target.name);
        let mut tried = 0;
        for entry in fs::read_dir(&corpus).unwrap() {
            let path = entry.unwrap().path();
            println!("{}: {}", target.name, path.display());
            (target.run)(&fs::read(&path).unwrap());
            tried += 1;
        }
        assert!(tried > 0, "nothing is kept for {}", target.name);
        for made in (0..MADE).filter_map(|seed| target.made(seed)) {
            (target.run)(&made);
        }
        for reached in target.reaches {
            println!("{}: {} {}", target.name, reached.count(), reached.name());
            assert!(
                reached.count() > 0,
                "the corpus of {} has no input for `{}`",
                target.name,
                reached.name()
            );
        }
    }
}

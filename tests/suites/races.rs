//! Planted races, each of which needs an order of events that is rare: `warren test
//! --simulate` finds them, and the seed that it prints shows them again.

use std::fs;

use warren_tests::{Outcome, Warren, entries, project};

const DIRECTORY: &str = "tests/programs/races";

/// The seeds within which each race is found.
const SEEDS: &str = "1000";

fn test(program: &str, options: &[&str]) -> Outcome {
    Warren::tool("test", project().join(DIRECTORY).join(program))
        .options(options)
        .outcome()
}

/// Returns the seed that a report of a failure names.
#[track_caller]
fn seed(ended: &Outcome) -> &str {
    let seed = ended.text().split_once("\n  seed ");
    let seed = seed.and_then(|(_, rest)| rest.split_once(':'));
    seed.unwrap_or_else(|| panic!("it names no seed: {ended}"))
        .0
}

/// Returns the lines of the failure of the only test, without the seed's.
fn failure(ended: &Outcome) -> Vec<&str> {
    let lines = ended.text().lines();
    let failure = lines.skip_while(|line| *line != "failures:");
    failure
        .take_while(|line| !line.starts_with("  seed "))
        .collect()
}

/// Finds a race, and shows it again with its seed, twice.
fn is_found(program: &str) {
    let found = test(program, &["--simulate", SEEDS]).ends_with(1);
    let seed = seed(&found);
    for _ in 0..2 {
        let again = test(program, &["--seed", seed, "--simulate", "1"]).ends_with(1);
        assert_eq!(failure(&again), failure(&found), "seed {seed}");
    }
    // Without delays the program passes: its order of events is the usual one.
    test(program, &[]).ends_with(0);
}

macro_rules! races {
    ($($race:ident),* $(,)?) => {
        $(
            #[test]
            fn $race() {
                is_found(stringify!($race));
            }
        )*

        #[test]
        fn each_race_has_a_test() {
            let programs = entries(&project().join(DIRECTORY)).expect("the programs");
            let names: Vec<_> = programs
                .iter()
                .filter(|program| fs::metadata(program).is_ok_and(|program| program.is_dir()))
                .filter_map(|program| program.file_name()?.to_str())
                .collect();
            assert_eq!(names, [$(stringify!($race)),*]);
        }
    };
}

races![
    late_reply,
    lingering_name,
    lost_update,
    name_taken,
    sold_twice,
    stop_overtakes,
    told_before,
    too_early,
    two_locks,
    watched_late,
];

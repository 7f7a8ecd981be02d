//! The command line of `cargo xtask`.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::Arg::{Long, Short, Value};
use lexopt::ValueExt;

use crate::comparison::Comparison;
use crate::simulate::Plan;
use crate::{crash, fuzz};

/// The text of `cargo xtask help`.
pub(crate) const USAGE: &str = "\
Usage: cargo xtask <chore>

  test                           run every test
  bench [arguments]              run the benchmarks and print one table
  bench --compare REV [ROW...] [--turns N] [--json]
                                 measure a revision and this tree in turns
  guard [--update]               count the instructions of the guarded operations
                                 and compare them with the baseline, or update
                                 the baseline
  simulate [--seed N] [--seeds K] [--steps M]
                                 simulate random lives of the kernel; a seed
                                 alone is run once
  crash [--kills N]              kill programs that keep data at random points,
                                 10,000 times each, and compare what they keep
  fuzz [TARGET] [--seconds N]    hand random bytes to the readers of untrusted
                                 input: one target, or all; a minute each
  api [--update]                 compare the library's public API with the
                                 committed list, or update the list
  mutants                        break the kernel in known ways and see that
                                 its tests notice
  guests                         build the Lua guest into guest-sdk/lua/dist
  guests --check                 check that guest: sources, paths, a rebuild
  guests --prove-reproducible    build it in two homes and compare the bytes
  guests --toolchain             install the guests' tool chain, for machines
                                 without rustup
  dist DIRECTORY                 lay out the command with its completions, man
                                 pages and documents, as packages have them
  ci                             run all checks besides the tests
  ci --quick                     run the checks that compile nothing
  help                           print this";

/// One chore, parsed.
#[derive(Debug, PartialEq)]
pub(crate) enum Chore {
    /// Print [`USAGE`].
    Help,
    /// Run every test.
    Test,
    /// Run the benchmarks with these arguments.
    Bench(Vec<OsString>),
    /// Run the benchmarks of a revision and of this tree in turns.
    Compare(Comparison),
    /// Count instructions, and compare them or accept them.
    Guard {
        /// True to accept the counts as the new baseline.
        update: bool,
    },
    /// Compare the public API with the committed list, or accept it.
    Api {
        /// True to accept the new list.
        update: bool,
    },
    /// Hand random bytes to fuzz targets.
    Fuzz(fuzz::Plan),
    /// Simulate random lives of the kernel.
    Simulate(Plan),
    /// Kill programs that keep data, this many times each.
    Crash {
        /// Kills of each program.
        kills: u32,
    },
    /// Break the kernel and see that its tests notice.
    Mutants,
    /// Build, check or prove the guests, or install their tool chain.
    Guests(GuestAction),
    /// Lay out the command below this directory.
    Dist(PathBuf),
    /// Run the checks that are not tests.
    Ci(Extent),
}

/// An action on the guests.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum GuestAction {
    /// Build the guests and write artifact and recipe.
    Build,
    /// Check the committed artifact.
    Check,
    /// Build twice, from two home directories, and compare.
    ProveReproducible,
    /// Install the tool chain.
    Toolchain,
}

/// The extent of the checks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Extent {
    /// All checks.
    Full,
    /// The checks that compile nothing.
    Quick,
}

/// Parses everything after `cargo xtask`.
///
/// # Errors
/// An unknown or missing chore, an unknown option, an argument too many.
pub(crate) fn parse(mut parser: lexopt::Parser) -> Result<Chore, lexopt::Error> {
    let mut chore = match parser.next()? {
        None => return Err("no chore is given; `cargo xtask help` lists them".into()),
        Some(Long("help") | Short('h')) => Chore::Help,
        Some(Value(name)) => match name.to_str() {
            Some("help") => Chore::Help,
            Some("test") => Chore::Test,
            Some("bench") => return benchmarks(parser.raw_args()?.collect()),
            Some("fuzz") => return fuzzing(parser),
            Some("simulate") => return simulation(parser),
            Some("crash") => return crashing(parser),
            Some("guard") => Chore::Guard { update: false },
            Some("api") => Chore::Api { update: false },
            Some("mutants") => Chore::Mutants,
            Some("dist") => return distribution(parser),
            Some("guests") => Chore::Guests(GuestAction::Build),
            Some("ci") => Chore::Ci(Extent::Full),
            _ => {
                return Err(format!(
                    "there is no chore {}; `cargo xtask help` lists them",
                    name.display()
                )
                .into());
            }
        },
        Some(other) => return Err(other.unexpected()),
    };
    while let Some(argument) = parser.next()? {
        chore = match (chore, argument) {
            (_, Long("help") | Short('h')) => return Ok(Chore::Help),
            (Chore::Guests(GuestAction::Build), Long("check")) => Chore::Guests(GuestAction::Check),
            (Chore::Guests(GuestAction::Build), Long("prove-reproducible")) => {
                Chore::Guests(GuestAction::ProveReproducible)
            }
            (Chore::Guard { update: false }, Long("update")) => Chore::Guard { update: true },
            (Chore::Api { update: false }, Long("update")) => Chore::Api { update: true },
            (Chore::Guests(GuestAction::Build), Long("toolchain")) => {
                Chore::Guests(GuestAction::Toolchain)
            }
            (Chore::Ci(Extent::Full), Long("quick")) => Chore::Ci(Extent::Quick),
            (_, other) => return Err(other.unexpected()),
        };
    }
    Ok(chore)
}

/// Parses the arguments of `bench`. Without `--compare` they are those of the benchmarks.
fn benchmarks(arguments: Vec<OsString>) -> Result<Chore, lexopt::Error> {
    let compares = |argument: &OsString| {
        let text = argument.to_str();
        text.is_some_and(|text| text == "--compare" || text.starts_with("--compare="))
    };
    if !arguments.iter().any(compares) {
        return Ok(Chore::Bench(arguments));
    }
    let (mut revision, mut turns, mut json) = (None, Comparison::TURNS, false);
    let (mut rows, mut options) = (Vec::new(), Vec::new());
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Long("help") | Short('h') => return Ok(Chore::Help),
            Long("compare") if revision.is_none() => revision = Some(parser.value()?.string()?),
            Long("turns") => turns = parser.value()?.parse()?,
            Long("json") => json = true,
            Long("quick") => options.push("--quick".into()),
            Long("contender") => options.extend(["--contender".into(), parser.value()?]),
            Value(row) => rows.push(row),
            other => return Err(other.unexpected()),
        }
    }
    if turns == 0 {
        return Err("`--turns` is at least 1".into());
    }
    let revision = revision.ok_or("which revision?")?;
    Ok(Chore::Compare(Comparison {
        revision,
        rows,
        turns,
        options,
        json,
    }))
}

/// Parses the arguments of `fuzz`.
fn fuzzing(mut parser: lexopt::Parser) -> Result<Chore, lexopt::Error> {
    let mut plan = fuzz::Plan {
        target: None,
        seconds: fuzz::Plan::SECONDS,
    };
    while let Some(argument) = parser.next()? {
        match argument {
            Long("help") | Short('h') => return Ok(Chore::Help),
            Long("seconds") => plan.seconds = parser.value()?.parse()?,
            Value(name) if plan.target.is_none() => plan.target = Some(name.string()?),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Chore::Fuzz(plan))
}

/// Parses the options of `crash`.
fn crashing(mut parser: lexopt::Parser) -> Result<Chore, lexopt::Error> {
    let mut kills = crash::KILLS;
    while let Some(argument) = parser.next()? {
        match argument {
            Long("help") | Short('h') => return Ok(Chore::Help),
            Long("kills") => kills = parser.value()?.parse()?,
            other => return Err(other.unexpected()),
        }
    }
    Ok(Chore::Crash { kills })
}

/// Parses the rest of `dist`.
fn distribution(mut parser: lexopt::Parser) -> Result<Chore, lexopt::Error> {
    let mut prefix = None;
    while let Some(argument) = parser.next()? {
        match argument {
            Long("help") | Short('h') => return Ok(Chore::Help),
            Value(path) if prefix.is_none() => prefix = Some(PathBuf::from(path)),
            other => return Err(other.unexpected()),
        }
    }
    let prefix = prefix.ok_or("which directory?")?;
    Ok(Chore::Dist(prefix))
}

/// Parses the options of `simulate`.
fn simulation(mut parser: lexopt::Parser) -> Result<Chore, lexopt::Error> {
    let (mut seed, mut seeds, mut steps) = (None, None, None);
    while let Some(argument) = parser.next()? {
        let place = match argument {
            Long("help") | Short('h') => return Ok(Chore::Help),
            Long("seed") => &mut seed,
            Long("seeds") => &mut seeds,
            Long("steps") => &mut steps,
            other => return Err(other.unexpected()),
        };
        *place = Some(parser.value()?.parse()?);
    }
    Ok(Chore::Simulate(Plan {
        // A seed without a count is a seed to run again.
        seeds: seeds.unwrap_or(if seed.is_some() { 1 } else { Plan::CI.seeds }),
        seed: seed.unwrap_or(Plan::CI.seed),
        steps: steps.unwrap_or(Plan::CI.steps),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Chore, String> {
        parse(lexopt::Parser::from_args(arguments)).map_err(|error| error.to_string())
    }

    #[test]
    fn chores_and_their_options() {
        assert_eq!(parsed(&["test"]), Ok(Chore::Test));
        assert_eq!(parsed(&["guests"]), Ok(Chore::Guests(GuestAction::Build)));
        assert_eq!(
            parsed(&["guests", "--check"]),
            Ok(Chore::Guests(GuestAction::Check))
        );
        assert_eq!(
            parsed(&["guests", "--toolchain"]),
            Ok(Chore::Guests(GuestAction::Toolchain))
        );
        assert_eq!(
            parsed(&["bench", "--only", "x"]),
            Ok(Chore::Bench(vec!["--only".into(), "x".into()]))
        );
        assert_eq!(
            parsed(&[
                "bench",
                "spawn",
                "--compare=HEAD~1",
                "--turns",
                "5",
                "--quick"
            ]),
            Ok(Chore::Compare(Comparison {
                revision: "HEAD~1".into(),
                rows: vec!["spawn".into()],
                turns: 5,
                options: vec!["--quick".into()],
                json: false,
            }))
        );
        assert_eq!(parsed(&["guard"]), Ok(Chore::Guard { update: false }));
        assert_eq!(
            parsed(&["guard", "--update"]),
            Ok(Chore::Guard { update: true })
        );
        assert_eq!(parsed(&["api"]), Ok(Chore::Api { update: false }));
        assert_eq!(
            parsed(&["api", "--update"]),
            Ok(Chore::Api { update: true })
        );
        assert_eq!(parsed(&["dist", "out"]), Ok(Chore::Dist("out".into())));
        assert_eq!(parsed(&["crash"]), Ok(Chore::Crash { kills: 10_000 }));
        assert_eq!(
            parsed(&["crash", "--kills", "5"]),
            Ok(Chore::Crash { kills: 5 })
        );
        assert_eq!(parsed(&["mutants"]), Ok(Chore::Mutants));
        assert_eq!(parsed(&["simulate"]), Ok(Chore::Simulate(Plan::CI)));
        assert_eq!(
            parsed(&["simulate", "--seed", "7", "--steps=30"]),
            Ok(Chore::Simulate(Plan {
                seed: 7,
                seeds: 1,
                steps: 30
            }))
        );
        assert_eq!(
            parsed(&["fuzz", "flat", "--seconds", "5"]),
            Ok(Chore::Fuzz(fuzz::Plan {
                target: Some("flat".into()),
                seconds: 5
            }))
        );
        assert_eq!(parsed(&["ci", "--quick"]), Ok(Chore::Ci(Extent::Quick)));
        assert_eq!(parsed(&["ci", "--help"]), Ok(Chore::Help));
    }

    #[test]
    fn mistakes_are_refused() {
        assert!(parsed(&[]).is_err());
        assert!(parsed(&["tests"]).is_err());
        assert!(parsed(&["test", "--check"]).is_err());
        assert!(parsed(&["guests", "--check", "--prove-reproducible"]).is_err());
        assert!(parsed(&["dist"]).is_err());
        assert!(parsed(&["dist", "a", "b"]).is_err());
        assert!(parsed(&["ci", "now"]).is_err());
        assert!(parsed(&["simulate", "--seed"]).is_err());
        assert!(parsed(&["simulate", "--seed", "x"]).is_err());
        assert!(parsed(&["simulate", "7"]).is_err());
        assert!(parsed(&["crash", "5"]).is_err());
        assert!(parsed(&["bench", "--compare"]).is_err());
        assert!(parsed(&["bench", "--compare", "HEAD", "--turns", "0"]).is_err());
        assert!(parsed(&["bench", "--compare", "HEAD", "--crowd", "lua"]).is_err());
        assert!(parsed(&["fuzz", "flat", "c"]).is_err());
        assert!(parsed(&["fuzz", "--seconds", "x"]).is_err());
    }
}

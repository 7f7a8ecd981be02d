//! Virtual time, and runs with seeds.

use warren_tests::{Outcome, Program, project};

use super::{lines, records, test};
use crate::support::{outcome, warren};

const SLEEPS: &str = "return function()
  local ticker, begun = time.ticker('1h'), time.now():unix_nano()
  for _ = 1, 100 do
    ticker:channel():receive()
  end
  assert(time.now():unix_nano() - begun == 100 * time.HOUR)
end";

#[test]
fn tests_run_in_virtual_time() {
    let program = Program::of(&[("sleeps_test.lua", SLEEPS), ("naps_test.lua", SLEEPS)]);
    test(&program, &[]).ends_with(0);
    let ended = test(&program, &["--real-time", "--timeout", "200ms"]).ends_with(1);
    assert_eq!(
        lines(&ended),
        ["FAILED  app:naps_test", "FAILED  app:sleeps_test"]
    );
}

/// Fails with everything that chance decides.
pub(crate) const DRAWS: &str = "return function()
  local seen, keys = {}, {}
  for _, name in ipairs { 'a', 'b', 'c', 'd', 'e', 'f' } do
    keys[name] = true
    process.spawn('app:teller', nil, process.pid(), name)
  end
  for key in pairs(keys) do
    seen[#seen + 1] = key
  end
  local names = process.listen('name')
  for _ = 1, 6 do
    seen[#seen + 1] = names:receive()
  end
  seen[#seen + 1] = math.random(1 << 40)
  seen[#seen + 1] = require('uuid').v4()
  seen[#seen + 1] = time.now():unix_nano()
  error('drawn: ' .. table.concat(seen, ' '), 0)
end";

pub(crate) const TELLER: &str = "return function(to, name) process.send(to, 'name', name) end";

/// Returns the draw of a run.
#[track_caller]
pub(crate) fn drawn(ended: &Outcome) -> &str {
    let line = ended.text().lines().find(|line| line.contains("drawn: "));
    line.unwrap_or_else(|| panic!("it fails otherwise: {ended}"))
}

#[test]
fn a_seed_fixes_what_is_left_to_chance() {
    let program = Program::of(&[("draws_test.lua", DRAWS), ("teller.lua", TELLER)]);
    let draw = |options: &[&str]| test(&program, options).ends_with(1);
    for options in [&["--seed", "7"][..], &["--seed", "7", "--simulate", "1"]] {
        let (one, other) = (draw(options), draw(options));
        assert_eq!(drawn(&one), drawn(&other));
    }
    let (one, other) = (draw(&["--seed", "7"]), draw(&["--seed", "8"]));
    assert_ne!(drawn(&one), drawn(&other));
    let text = one.text();
    assert!(
        text.contains("seed 7: run it again with `--seed 7`\n"),
        "{one}"
    );
    test(&program, &["--seed", "7", "--real-time"]).ends_with(2);
}

#[test]
fn a_simulation_names_the_seed_of_a_failure() {
    let program = project().join("tests/programs/races/too_early");
    let run = |options: &[&str]| {
        let arguments: Vec<&str> = ["test"].iter().chain(options).copied().collect();
        outcome(warren(&program, &arguments))
    };
    let found = run(&["--simulate", "1000"]).ends_with(1);
    let again = found.text().split('`').nth(1);
    let again = again.unwrap_or_else(|| panic!("it names no seed: {found}"));
    let options: Vec<&str> = again.split(' ').collect();
    assert_eq!(
        (options[0], options[2]),
        ("--seed", "--simulate"),
        "{found}"
    );
    run(&options).ends_with(1);
    // Programs that read the report have the seed as a number.
    let ended = run(&[&options[..], &["--json"]].concat()).ends_with(1);
    let records = records(&ended);
    let seeds: Vec<u64> = records
        .iter()
        .filter_map(|record| record["seed"].as_u64())
        .collect();
    assert_eq!(
        seeds,
        [options[1].parse::<u64>().unwrap_or_default()],
        "{ended}"
    );
    // A program without a race has no such seed.
    let sound = Program::of(&[("sleeps_test.lua", SLEEPS)]);
    test(&sound, &["--simulate", "20"]).ends_with(0);
}

//! `--coverage`.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};
use warren_tests::Program;

use super::time::{DRAWS, TELLER, drawn};
use super::{records, test};

const SUM: &str = "local sum = {}

function sum.of(a, b)
  if b then
    return a + b
  end
  return a
end

return sum
";

const NEVER: &str = "local n = 1\nreturn n\n";

const WORKER: &str = "return function(parent)
  coroutine.wrap(function()
    process.send(parent, 'done', 1)
  end)()
end
";

const TERMINATED: &str = "return function(parent)
  process.send(parent, 'ready', 1)
  process.inbox():receive()
  print('never')
end
";

const FAILS: &str = "return function()
  error('it breaks')
  print('never')
end
";

/// Hooks of the program work beside the counts.
const TEST: &str = "local assert, sum = require('assert'), require('sum')

return function()
  assert.eq(sum.of(1, 2), 3)
  local done, ready = process.listen('done'), process.listen('ready')
  assert.ok(process.spawn('app:worker', nil, process.pid()))
  done:receive()
  local other = assert.ok(process.spawn('app:terminated', nil, process.pid()))
  ready:receive()
  time.sleep('1h')
  process.terminate(other)
  assert.is_nil((process.exec('app:fails')))
  local lines = 0
  debug.sethook(function() lines = lines + 1 end, 'l')
  local one = 1
  debug.sethook()
  assert.ok(lines > 0, one)
  assert.is_nil((debug.gethook()))
end
";

fn program() -> Program {
    Program::of(&[
        ("sum.lua", SUM),
        ("lib/never.lua", NEVER),
        ("worker.lua", WORKER),
        ("terminated.lua", TERMINATED),
        ("fails.lua", FAILS),
        ("sum_test.lua", TEST),
        ("broken.lua", "local = 1"),
    ])
}

#[test]
fn lines_of_all_processes_count() {
    let program = program();
    let ended = test(&program, &["--json", "--coverage"]).ends_with(0);
    let records = records(&ended);
    let of_files = records.iter().filter(|record| record["type"] == "coverage");
    let files: BTreeMap<&str, (&Value, &Value, &Value)> = of_files
        .map(|record| {
            let file = record["file"].as_str().unwrap_or_default();
            (
                file,
                (&record["covered"], &record["lines"], &record["missing"]),
            )
        })
        .collect();
    let share = |covered: u32, lines: u32, missing: Value| [json!(covered), json!(lines), missing];
    let expected = [
        ("fails.lua", share(2, 3, json!([3]))),
        ("lib/never.lua", share(0, 2, json!([1, 2]))),
        ("sum.lua", share(5, 6, json!([7]))),
        ("terminated.lua", share(3, 4, json!([4]))),
        ("worker.lua", share(3, 3, json!([]))),
    ];
    let expected: BTreeMap<&str, (&Value, &Value, &Value)> = expected
        .iter()
        .map(|(file, [covered, lines, missing])| (*file, (covered, lines, missing)))
        .collect();
    assert_eq!(files, expected, "{ended}");
    let end = &records[records.len() - 1];
    assert_eq!(
        end["coverage"],
        json!({ "covered": 13, "lines": 18, "percent": 72.2 })
    );
}

#[test]
fn the_summary_is_text_and_lcov_a_file() {
    let program = program();
    let ended = test(&program, &["--coverage=lcov.info"]).ends_with(0);
    let table = "\ncoverage
   66.6 %    2/3  fails.lua
    0.0 %    0/2  lib/never.lua
   83.3 %    5/6  sum.lua
   75.0 %    3/4  terminated.lua
  100.0 %    3/3  worker.lua
   72.2 %  13/18  all files

1 test in ";
    assert!(ended.text().contains(table), "{ended}");
    let lcov = fs::read_to_string(program.path().join("lcov.info"));
    let lcov = lcov.unwrap_or_else(|error| panic!("{error}"));
    for part in [
        "TN:\nSF:sum.lua\nDA:1,1\nDA:3,1\nDA:4,1\nDA:5,1\nDA:7,0\nDA:10,1\nLF:6\nLH:5\n\
         end_of_record\n",
        "TN:\nSF:lib/never.lua\nDA:1,0\nDA:2,0\nLF:2\nLH:0\nend_of_record\n",
    ] {
        assert!(lcov.contains(part), "{part}: {lcov}");
    }
    let ended = test(&program, &["--tap", "--coverage"]).ends_with(0);
    assert!(
        ended
            .text()
            .contains("\n# coverage: 83.3 %    5/6  sum.lua\n"),
        "{ended}"
    );
    // Only what a single file has loaded is its program.
    let ended = test(&program, &["sum_test.lua", "--coverage"]).ends_with(0);
    assert!(ended.text().contains("5/6  sum.lua\n"), "{ended}");
    assert!(!ended.text().contains("never.lua"), "{ended}");
    test(&program, &["--coverage=none/lcov.info"])
        .ends_with(1)
        .says(&["cannot write none/lcov.info"]);
}

#[test]
fn a_run_with_a_seed_is_the_same_with_coverage() {
    let program = Program::of(&[("draws_test.lua", DRAWS), ("teller.lua", TELLER)]);
    for options in [&["--seed", "7"][..], &["--simulate", "3"]] {
        let plain = test(&program, options).ends_with(1);
        let options = [options, &["--coverage"]].concat();
        let counted = test(&program, &options).ends_with(1);
        assert_eq!(drawn(&plain), drawn(&counted));
        assert!(counted.text().contains("1/1  teller.lua\n"), "{counted}");
    }
}

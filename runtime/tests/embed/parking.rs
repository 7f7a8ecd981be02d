//! Lua processes that are parked.

use std::time::Duration;

use warren::introspection::State;
use warren::{Pid, Runtime};

use crate::setup::{builder, run};

/// A runtime that parks processes as soon as they wait.
fn parking(source: &str) -> Runtime {
    let builder = builder().park_after(Duration::ZERO);
    builder.lua("app:main", source).start().unwrap()
}

async fn until_parked(runtime: &Runtime, pid: &Pid) {
    let state = || runtime.inspector().process(pid).unwrap().process.state;
    while state() != State::Parked {
        tokio::task::yield_now().await;
    }
}

#[test]
fn a_parked_process_goes_on_with_all_its_coroutines() {
    let source = "
return function()
  local sum, add, done = 0, process.listen('add'), channel.new()
  coroutine.spawn(function()
    for _ = 1, 3 do
      sum = sum + add:receive()
    end
    done:send(true)
  end)
  local stop = process.listen('stop')
  local _, word = done:receive(), stop:receive()
  return word .. sum
end";
    run(async {
        let runtime = parking(source);
        let process = runtime.spawn("app:main").await.unwrap();
        for number in 1..=3 {
            until_parked(&runtime, process.pid()).await;
            process.send("add", number).unwrap();
        }
        until_parked(&runtime, process.pid()).await;
        let totals = runtime.inspector().totals();
        assert_eq!(totals.states[State::Parked as usize], 1);
        assert!(
            runtime
                .metrics()
                .contains("warren_processes{state=\"parked\"} 1")
        );
        process.send("stop", "sum ").unwrap();
        assert_eq!(process.result::<String>().await.unwrap(), "sum 6");
    });
}

#[test]
fn a_parked_process_shows_its_stack_and_its_size() {
    let source = "
local function wait()
  return (process.inbox():receive())
end
return function()
  local kept = string.rep('kept', 1000)
  wait()
  return #kept
end";
    run(async {
        let runtime = parking(source);
        let process = runtime.spawn("app:main").await.unwrap();
        until_parked(&runtime, process.pid()).await;
        let stack = runtime.inspector().stack(process.pid()).await.unwrap();
        let expected = "\
main, waiting:
\t[C]: in method 'receive'
\tapp:main.lua:3: in upvalue 'wait'
\tapp:main.lua:7: in function <app:main.lua:5>
";
        assert_eq!(stack, expected, "{stack}");
        until_parked(&runtime, process.pid()).await;
        let info = runtime.inspector().process(process.pid()).unwrap().process;
        assert!(info.memory < 32 << 10, "{info:?}");
        process.send("go", ()).unwrap();
        assert_eq!(process.result::<u32>().await.unwrap(), 4_000);
    });
}

#[test]
fn nobody_is_parked_without_a_time() {
    let source = "return function() process.inbox():receive() end";
    run(async {
        let runtime = builder().park_after(None);
        let runtime = runtime.lua("app:main", source).start().unwrap();
        let process = runtime.spawn("app:main").await.unwrap();
        let parks = parking(source);
        for _ in 0..3 {
            let other = parks.spawn("app:main").await.unwrap();
            until_parked(&parks, other.pid()).await;
        }
        let seen = runtime.inspector().process(process.pid()).unwrap();
        assert_ne!(seen.process.state, State::Parked);
        process.send("go", ()).unwrap();
        process.result::<()>().await.unwrap();
    });
}

/// Wherever a process waits, it ends with the same result.
#[test]
fn a_wait_that_cannot_be_left_is_no_error() {
    let source = "
return function()
  local inbox = process.inbox()
  -- The metamethods of sort and gsub, a finalizer, a pcall, an iterator.
  local words = { 3, 1, 2 }
  table.sort(words, function(a, b) time.sleep('5ms') return a < b end)
  local text = string.gsub('abc', '.', function(c) time.sleep('5ms') return c .. c end)
  setmetatable({}, { __gc = function() time.sleep('5ms') end })
  collectgarbage()
  local ok, err = pcall(function() error(inbox:receive():payload()) end)
  for word in (function() time.sleep('5ms') return nil end) do text = word end
  return table.concat(words) .. text .. err
end";
    run(async {
        let runtime = parking(source);
        let process = runtime.spawn("app:main").await.unwrap();
        process.send("go", "!").unwrap();
        let result = process.result::<String>().await.unwrap();
        assert!(
            result.starts_with("123aabbcc") && result.ends_with('!'),
            "{result}"
        );
    });
}

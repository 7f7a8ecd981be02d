//! The stacks of processes, as seen from outside.

use warren::{Context, Kind, Pid, Runtime};

use crate::setup::{builder, run};

/// Returns a process's stack, once it contains this text.
async fn stack_with(runtime: &Runtime, pid: &Pid, wanted: &str) -> String {
    loop {
        match runtime.inspector().stack(pid).await {
            Ok(stack) if stack.contains(wanted) => return stack,
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind, Kind::Unavailable, "{error}"),
        }
        tokio::task::yield_now().await;
    }
}

#[test]
fn every_coroutine_of_a_waiting_process_is_seen() {
    let source = "
local function wait_for(topic)
  return (process.listen(topic):receive())
end
local function helper()
  local got = wait_for('help')
  return got
end
local function generator()
  local inner = coroutine.wrap(function()
    coroutine.resume(coroutine.create(function()
      local value = wait_for('inner')
      coroutine.yield(value)
    end))
  end)
  inner()
end
return function()
  coroutine.spawn(helper)
  coroutine.spawn(generator)
  local value = wait_for('go')
  return value
end";
    run(async {
        let runtime = builder().lua("app:main", source).start().unwrap();
        let process = runtime.spawn("app:main").await.unwrap();
        let stack = stack_with(&runtime, process.pid(), "coroutine 2, waiting").await;
        let expected = "\
main, waiting:
\t[C]: in method 'receive'
\tapp:main.lua:3: in upvalue 'wait_for'
\tapp:main.lua:21: in function <app:main.lua:18>
coroutine 1, waiting:
\t[C]: in method 'receive'
\tapp:main.lua:3: in upvalue 'wait_for'
\tapp:main.lua:6: in function <app:main.lua:5>
coroutine 2, waiting:
\t[C]: in method 'receive'
\tapp:main.lua:3: in upvalue 'wait_for'
\tapp:main.lua:12: in function <app:main.lua:11>
\tresumed by
\t[C]: in field 'resume'
\tapp:main.lua:11: in function <app:main.lua:10>
\tresumed by
\t[C]: in local 'inner'
\tapp:main.lua:16: in function <app:main.lua:9>
";
        assert_eq!(stack, expected, "{stack}");
        // The process was not disturbed, and can be asked again.
        assert_eq!(
            runtime.inspector().stack(process.pid()).await.unwrap(),
            expected
        );
        process.send("go", 7).unwrap();
        assert_eq!(process.result::<u8>().await.unwrap(), 7);
        let error = runtime.inspector().stack(process.pid()).await.unwrap_err();
        assert_eq!(error.kind, Kind::NotFound);
    });
}

#[test]
fn calls_that_repeat_are_folded() {
    let source = "return function()
  local function deeper(n)
    if n > 0 then
      return 1 + deeper(n - 1)
    end
    process.inbox():receive()
    return 0
  end
  local depth = deeper(20)
  return depth
end";
    run(async {
        let runtime = builder().lua("app:main", source).start().unwrap();
        let process = runtime.spawn("app:main").await.unwrap();
        let stack = stack_with(&runtime, process.pid(), "in method 'receive'").await;
        let folded = "\tapp:main.lua:6: in upvalue 'deeper'\n\
                      \tapp:main.lua:4: in upvalue 'deeper'\n\t... 18 more\n\
                      \tapp:main.lua:4: in local 'deeper'\n";
        assert!(stack.contains(folded), "{stack}");
    });
}

#[test]
fn a_process_that_is_alone_and_waits_or_sleeps_is_seen() {
    let source = "return function(how)
  if how == 'sleep' then
    time.sleep('1h')
  else
    process.inbox():receive()
  end
end";
    run(async {
        let runtime = builder().lua("app:main", source).start().unwrap();
        for (how, place) in [("sleep", "app:main.lua:3:"), ("receive", "app:main.lua:5:")] {
            let spawn = warren::Spawn::new("app:main").arg(how);
            let process = runtime.spawn(spawn).await.unwrap();
            stack_with(&runtime, process.pid(), place).await;
        }
    });
}

#[test]
fn an_endless_loop_shows_where_it_turns() {
    let source = "
local function step(n)
  return n + 1
end
local function spin()
  local n = 0
  while true do
    n = step(n)
  end
end
return function()
  spin()
end";
    run(async {
        let runtime = builder().lua("app:main", source).start().unwrap();
        let process = runtime.spawn("app:main").await.unwrap();
        let stack = stack_with(&runtime, process.pid(), "app:main.lua:8:").await;
        assert!(stack.contains("in upvalue 'spin'"), "{stack}");
        assert!(
            stack.ends_with("app:main.lua:12: in function <app:main.lua:11>\n"),
            "{stack}"
        );
        process.terminate().unwrap();
    });
}

#[test]
fn a_process_that_allocates_all_the_time_is_seen() {
    let source = "return function()
  local kept = {}
  for i = 1, math.huge do
    kept[i % 1000] = string.rep('x', i % 100) .. tostring(i)
  end
end";
    run(async {
        let runtime = builder().lua("app:main", source).start().unwrap();
        let process = runtime.spawn("app:main").await.unwrap();
        for _ in 0..50 {
            stack_with(&runtime, process.pid(), "app:main.lua:4:").await;
        }
        process.terminate().unwrap();
    });
}

#[test]
fn other_modules_show_their_functions() {
    let source = r#"(module
        (import "warren:core/mailbox@0.1.0" "inbox" (func $inbox (result i32)))
        (import "warren:core/mailbox@0.1.0" "receive-one"
          (func $receive (param i32 i64 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (func $wait_for_ever
          (drop (call $receive (call $inbox) (i64.const -1) (i32.const 0) (i32.const 1024))))
        (func (export "start") (call $wait_for_ever)))"#;
    run(async {
        let runtime = builder().wasm("app:main", source).start().unwrap();
        let process = runtime.spawn("app:main").await.unwrap();
        stack_with(&runtime, process.pid(), "\twait_for_ever\n").await;
    });
}

#[test]
fn a_host_function_process_has_no_stack_to_be_seen() {
    run(async {
        let runtime = builder().start().unwrap();
        let waits = |mut ctx: Context| async move { ctx.message().await.map(drop) };
        let process = runtime.spawn_native("app:native", waits).await.unwrap();
        let error = runtime.inspector().stack(process.pid()).await.unwrap_err();
        assert_eq!(error.kind, Kind::Unavailable);
        assert!(error.message.contains("host function"), "{error}");
    });
}

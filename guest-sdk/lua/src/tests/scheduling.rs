//! Tasks, channels, timers, and what is asked of the runtime.

use warren_guest::mock::Outcome;

use super::{output_of, run};

#[test]
fn a_task_alone_blocks_in_the_runtime() {
    let run = run("local inbox = process.inbox()
         for i = 1, 3 do process.send(process.pid(), 't', i) end
         for i = 1, 3 do print((inbox:receive()):payload()) end");
    assert_eq!(run.output, "1\n2\n3\n");
    assert_eq!((run.runtime.receives, run.runtime.wanted), (3, 1));
}

#[test]
fn a_rendezvous_hands_over_in_order() {
    let output = output_of(
        "local ch = channel.new()
         for n = 1, 3 do coroutine.spawn(function() ch:send(n) end) end
         for _ = 1, 3 do io.write(ch:receive(), ' ') end
         coroutine.spawn(function() ch:close() end)
         print(ch:receive())",
    );
    assert_eq!(output, "1 2 3 nil\tfalse\n");
}

#[test]
fn a_buffer_holds_what_nobody_has_taken() {
    let output = output_of(
        "local ch = channel.new(2)
         ch:send('a'); ch:send(nil)
         coroutine.spawn(function() ch:send('c'); print('c is in'); ch:close() end)
         print(ch:receive()); time.sleep('1ms')
         print(ch:receive()); print(ch:receive()); print(ch:receive())
         print(pcall(ch.send, ch, 1))",
    );
    let expected =
        "a\ttrue\nc is in\nnil\ttrue\nc\ttrue\nnil\tfalse\nfalse\tsend on a closed channel\n";
    assert_eq!(output, expected);
}

#[test]
fn select_takes_the_first_ready_case_in_order() {
    let output = output_of(
        "local a, b = channel.new(1), channel.new(1)
         local inbox = process.inbox()
         b:send('b')
         process.send(process.pid(), 't', 'm')
         local r = channel.select { a:case_receive(), inbox:case_receive(), b:case_receive() }
         print(r.channel == inbox, r.value:payload(), r.ok)
         r = channel.select { a:case_receive(), inbox:case_receive(), b:case_receive() }
         print(r.channel == b, r.value, r.ok)
         r = channel.select { a:case_receive(), inbox:case_receive(), default = true }
         print(r.default, r.channel)
         r = channel.select { b:case_receive(), a:case_send('x') }
         print(r.channel == a, r.value, r.ok, a:receive())
         r = channel.select { a:case_receive(), time.after('5ms'):case_receive() }
         print(r.ok, r.value:rfc3339():sub(1, 23))",
    );
    let expected = "true\tm\ttrue\ntrue\tb\ttrue\ntrue\tnil\ntrue\tx\ttrue\tx\ttrue\n\
                    true\t2020-01-01T00:00:00.005\n";
    assert_eq!(output, expected);
}

#[test]
fn select_wakes_with_one_case_and_leaves_the_others() {
    let output = output_of(
        "local a, b = channel.new(), channel.new()
         coroutine.spawn(function() time.sleep('1ms'); b:send(1); a:send(2) end)
         print(channel.select({ a:case_receive(), b:case_receive() }).value)
         print((a:receive()))",
    );
    assert_eq!(output, "1\n2\n");
}

#[test]
fn the_runtime_is_asked_for_all_that_is_wanted_at_once() {
    let run = run("local a, b = process.listen('a'), process.listen('b')
         local done = channel.new()
         coroutine.spawn(function() done:send((a:receive())) end)
         coroutine.spawn(function() done:send((b:receive())) end)
         coroutine.spawn(function() time.sleep('1s'); process.send(process.pid(), 'b', 2); process.send(process.pid(), 'a', 1) end)
         print(done:receive()); print(done:receive())");
    assert_eq!(run.output, "1\ttrue\n2\ttrue\n");
    assert_eq!(run.outcome, Outcome::Finished(None));
    assert!(run.runtime.monotonic >= 1_000_000_000);
}

#[test]
fn busy_tasks_do_not_keep_messages_and_timers_away() {
    let output = output_of(
        "local ping, pong, got = channel.new(), channel.new(), nil
         coroutine.spawn(function() while true do ping:send(1); pong:receive() end end)
         coroutine.spawn(function() while true do ping:receive(); pong:send(1) end end)
         coroutine.spawn(function() local ch = process.listen('t'); got = ch:receive(); ch:receive() end)
         process.send(process.pid(), 't', 'through')
         time.sleep('50ns')
         print(got)",
    );
    assert_eq!(output, "through\n");
}

#[test]
fn timers_ring_once_and_tickers_keep_their_beat() {
    let output = output_of(
        "local timer = time.timer('10ms')
         print(timer:stop(), timer:stop(), timer:reset('20ms'))
         print(timer:channel():receive():rfc3339())
         local ticker = time.ticker('10ms')
         for _ = 1, 3 do print((ticker:channel():receive())) end
         time.sleep('35ms')
         print((ticker:channel():receive())); print((ticker:channel():receive()))
         ticker:stop()
         print(channel.select({ ticker:channel():case_receive(), default = true }).default)",
    );
    let expected = "true\tfalse\tfalse\n2020-01-01T00:00:00.02Z\n\
                    2020-01-01T00:00:00.03Z\n2020-01-01T00:00:00.04Z\n2020-01-01T00:00:00.05Z\n\
                    2020-01-01T00:00:00.06Z\n2020-01-01T00:00:00.09Z\ntrue\n";
    assert_eq!(output, expected);
}

#[test]
fn a_timer_that_is_reset_wakes_who_waits_for_it() {
    let output = output_of(
        "local timer = time.timer('1h')
         coroutine.spawn(function() timer:reset('1ms'); time.sleep('10h') end)
         print((timer:channel():receive()))",
    );
    assert_eq!(output, "2020-01-01T00:00:00.001Z\n");
}

#[test]
fn many_tasks_that_come_and_go() {
    let output = output_of(
        "local done, n = channel.new(), 0
         for i = 1, 2000 do
           coroutine.spawn(function(ms) time.sleep(ms * 1000000); n = n + 1; if n == 2000 then done:send(n) end end, i % 7)
         end
         print((done:receive()))",
    );
    assert_eq!(output, "2000\n");
}

#[test]
fn waits_that_end_early_leave_nothing_behind() {
    let output = output_of(
        "local ch = channel.new()
         coroutine.spawn(function() for i = 1, 5000 do ch:send(i) end; ch:close() end)
         local sum = 0
         while true do
           local r = channel.select { ch:case_receive(), time.after('1h'):case_receive() }
           if not r.ok then break end
           sum = sum + r.value
         end
         print(sum)",
    );
    assert_eq!(output, "12502500\n");
}

#[test]
fn execs_of_several_tasks_come_back_to_them() {
    let output = output_of(
        "local function call(...) return process.exec('app:f', 'app:processes', ...) end
         coroutine.spawn(function() print('other', call(3)[1]) end)
         print('main', call(1, 2)[2])
         time.sleep('1ms')",
    );
    assert_eq!(output, "main\t2\nother\t3\n");
}

#[test]
fn a_timer_set_anew_keeps_one_alarm_and_every_waiter() {
    let output = output_of(
        "local t, other, rang = time.timer('1h'), channel.new(), 0
         coroutine.spawn(function() channel.select { t:channel():case_receive(), other:case_receive() } end)
         for _ = 1, 3 do coroutine.spawn(function() if t:channel():receive() then rang = rang + 1 end end) end
         time.sleep('1ms')
         for _ = 1, 1000 do t:reset('20ms') end
         other:send('leave')
         time.sleep('100ms')
         print(rang)
         t:reset('1ms')
         time.sleep('10ms')
         print(rang)
         t:stop()
         time.sleep('1ms')
         print(rang, t:channel():receive())",
    );
    assert_eq!(output, "1\n2\n2\tnil\tfalse\n");
}

#[test]
fn a_clock_that_never_rings_again_closes_its_channel() {
    let output = output_of(
        "local after = time.after('1ms')
         print((after:receive()))
         print(after:receive())
         local timer, ticker = time.timer('1h'), time.ticker('1h')
         coroutine.spawn(function() print('timer', timer:channel():receive()) end)
         coroutine.spawn(function() print('ticker', ticker:channel():receive()) end)
         time.sleep('1ms')
         print(timer:stop(), ticker:stop())
         time.sleep('1ms')
         print(timer:channel():receive())
         print(channel.select({ ticker:channel():case_receive(), default = true }).default)
         print(channel.select({ ticker:channel():case_receive() }).ok)
         print(timer:reset('1ms'), (timer:channel():receive()))
         local shared, ends = time.after('1ms'), 0
         for _ = 1, 5 do coroutine.spawn(function() shared:receive(); ends = ends + 1 end) end
         time.sleep('5ms')
         print(ends)",
    );
    let expected = "2020-01-01T00:00:00.001Z\nnil\tfalse\ntrue\ttrue\n\
                    timer\tnil\tfalse\nticker\tnil\tfalse\nnil\tfalse\ntrue\nfalse\n\
                    false\t2020-01-01T00:00:00.004Z\n5\n";
    assert_eq!(output, expected);
}

#[test]
fn a_timer_that_has_rung_waits_for_a_reset_while_somebody_could_do_it() {
    let output = output_of(
        "local timer = time.timer('1ms')
         local n = 0
         coroutine.spawn(function() while timer:channel():receive() do n = n + 1 end end)
         for _ = 1, 3 do time.sleep('5ms'); timer:reset('1ms') end
         time.sleep('5ms')
         print(n)
         timer:stop()
         local alone = time.timer('1ms')
         print((alone:channel():receive()))
         print(alone:channel():receive())
         coroutine.spawn(function() print('the other', alone:channel():receive()) end)
         print(alone:channel():receive())
         print(alone:channel():receive())",
    );
    let expected =
        "4\n2020-01-01T00:00:00.021Z\nnil\tfalse\nnil\tfalse\nthe other\tnil\tfalse\nnil\tfalse\n";
    assert_eq!(output, expected);
}

#[test]
fn of_several_alarms_that_are_due_the_first_case_wins() {
    // Both ring at the same time, the second case's alarm being the older.
    let output = output_of(
        "local second = time.after('1ms')
         local first = time.after('1ms')
         coroutine.spawn(function()
           local r = channel.select { first:case_receive(), second:case_receive() }
           print(r.channel == first)
         end)
         time.sleep('1s')",
    );
    assert_eq!(output, "true\n");
}

#[test]
fn the_shortest_sleep_lets_others_run() {
    let output = output_of(
        "local order = {}
         local function task(name) for i = 1, 3 do order[#order + 1] = name .. i; time.sleep(0) end end
         coroutine.spawn(task, 'b'); coroutine.spawn(task, 'c')
         task('a')
         print(table.concat(order, ' '))
         local done = 0
         coroutine.spawn(function() done = done + 1; time.sleep(0); done = done + 1 end)
         while done < 2 do time.sleep(0) end
         local ch = process.listen('t')
         coroutine.spawn(function() done = ch:receive() end)
         time.sleep(0)
         process.send(process.pid(), 't', 'got it')
         while done ~= 'got it' do time.sleep('1ns') end
         print(done)
         local lazy = setmetatable({}, { __tostring = function() return tostring(time.sleep(0)) end })
         coroutine.spawn(function() end)
         print(tostring(lazy))",
    );
    assert_eq!(output, "a1 b1 c1 a2 b2 c2 a3 b3 c3\ngot it\ntrue\n");
}

#[test]
fn a_spawned_coroutine_that_returned_is_dead() {
    let output = output_of(
        "local th
         coroutine.spawn(function() th = coroutine.running(); return print, 'called again' end)
         time.sleep('1ms')
         print(coroutine.status(th), coroutine.resume(th))
         print(coroutine.close(th))",
    );
    assert_eq!(output, "dead\tfalse\tcannot resume dead coroutine\ntrue\n");
}

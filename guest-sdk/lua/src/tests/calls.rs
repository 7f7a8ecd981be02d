//! Calls between coroutines of one process, each of which runs a server or asks it.

use warren_guest::mock::{self, Runtime};

use super::run_in;

/// Answers `process.watch` with the first subscription, which the programs below open for the
/// topic `end`.
fn watch(operation: &str, _: &[u8]) -> Result<Vec<u8>, warren_guest::Error> {
    match operation {
        "process.watch" => Ok(vec![0xd6, 3, 1, 0, 0, 0]),
        _ => Ok(vec![0xc3]),
    }
}

/// Runs a program in which `me` is the PID to call, `ending` the topic that ends it, and
/// `serve(handlers)` runs a server beside.
fn output_of(body: &str) -> String {
    let mut runtime = Runtime::default();
    runtime.capability = Some(watch);
    let source = format!(
        "process.listen('end')
         local server, me = require('server'), process.pid()
         local function serve(handlers) coroutine.spawn(server.run, handlers) end
         {body}"
    );
    let run = run_in(runtime, &source);
    assert_eq!(run.outcome, mock::Outcome::Finished(None), "{}", run.output);
    assert_eq!(run.runtime.unread(), 0, "messages stay in the mailbox");
    run.output
}

#[test]
fn each_coroutine_gets_the_answer_to_its_own_call() {
    let output = output_of(
        "local waiting = {}
         serve { call = function(_, request, message)
           waiting[#waiting + 1] = { server.reply_to(message), request }
           if #waiting == 50 then
             for i = 50, 1, -1 do server.reply(waiting[i][1], -waiting[i][2]) end
           end
           return server.noreply
         end }
         local done = channel.new(50)
         for i = 1, 50 do
           coroutine.spawn(function() done:send(server.call(me, i) == -i) end)
         end
         local right = 0
         for _ = 1, 50 do right = right + (done:receive() and 1 or 0) end
         print(right)",
    );
    assert_eq!(output, "50\n");
}

#[test]
fn a_reply_an_error_and_a_decision_with_a_reply() {
    let output = output_of(
        "serve { call = function(_, request)
           if request == 'fail' then return nil, errors.new('no') end
           if request == 'odd' then return { print } end
           if request == 'end' then return server.finish(nil, 'bye') end
           return request
         end }
         print(server.call(me, 1), server.call(me, false), server.call(me, nil))
         print(server.call(me, { 1, { a = 2 } })[2].a, select('#', server.call(me, 'x')))
         print(server.call(me, 'fail'))
         print(server.call(me, 'odd'))
         print(server.call(me, print))
         print(server.call(me, 'end'))",
    );
    assert_eq!(
        output,
        "1\tfalse\tnil\n2\t1\nnil\tno\nnil\treply[1]: a function cannot leave its process\n\
         nil\trequest: a function cannot leave its process\nbye\n"
    );
}

#[test]
fn late_answers_are_dropped_whatever_the_process_does_next() {
    let output = output_of(
        "local late = {}
         serve { call = function(_, request, message)
           if request == 'now' then return 'now' end
           late[#late + 1] = server.reply_to(message)
           return server.noreply
         end, cast = function()
           for place, to in ipairs(late) do server.reply(to, 'late'); late[place] = nil end
         end }
         local value, err = server.call(me, 'later', 1)
         print(value, err, err:kind(), err:retryable())
         for _ = 1, 100 do server.call(me, 'later', 0) end
         server.cast(me)
         time.sleep('1ms')
         print(#late, server.call(me, 'now'))
         print(#late)",
    );
    let pid = mock::PID;
    assert_eq!(
        output,
        format!("nil\tserver {pid} did not answer within 1ms\tTimeout\ttrue\n0\tnow\n0\n")
    );
}

#[test]
fn a_call_alone_ends_in_time_and_a_late_answer_does_not_stay() {
    let output = output_of(
        "local inbox = process.inbox()
         print(select('#', server.call(me, 'a', '1ms')), (select(2, server.call(me, 'b', 2)):kind()))
         local a, b = inbox:receive(), inbox:receive()
         print(server.request(a), server.request(b), server.reply_to(a).pid == me)
         print(server.reply(a, 1), server.reply(server.reply_to(b), 2), server.reply(b, 3))
         print(a:payload()[1], math.type(a:payload()[2]), select(2, a:payload()))
         print(inbox:receive('1ms'))
         -- The second answer to a call stays until the next call.
         print(select(2, server.call(me, 'c', 1)):kind(), server.request(inbox:receive()))",
    );
    assert_eq!(
        output,
        "2\tTimeout\na\tb\ttrue\ntrue\ttrue\ttrue\nserver.reply\tinteger\ta\n\
         nil\tfalse\ttimeout\nTimeout\tc\n"
    );
}

#[test]
fn the_end_of_a_server_is_the_error_of_all_who_wait() {
    let output = output_of(
        "local done = channel.new(3)
         for _ = 1, 3 do
           coroutine.spawn(function()
             local _, err = server.call(me, 1, '1m')
             done:send(tostring(err) .. ' ' .. err:kind())
           end)
         end
         time.sleep('1ms')
         process.send(me, 'end', { cause = errors.new { kind = errors.CONFLICT, message = 'broken' } })
         for _ = 1, 3 do print((done:receive())) end
         for _ = 1, 3 do process.inbox():receive() end",
    );
    let line = format!("server {} ended: broken Conflict\n", mock::PID);
    assert_eq!(output, line.repeat(3));
}

#[test]
fn a_message_that_is_no_call_does_not_end_a_server() {
    let output = output_of(
        "local came = channel.new(10)
         serve { call = function() return 'called' end, info = function(_, message)
           came:send(message:topic() .. select('#', message:payload()))
         end }
         for _, address in ipairs { { 'a' }, { 1, 2 }, { 'a', 'b' }, 5, {} } do
           process.send(me, 'call', address, 'request')
         end
         process.send(me, 'call')
         process.send(me, 'call', 'plain', 'request', 3)
         for _ = 1, 7 do print((came:receive())) end
         local plain = process.listen('plain')
         process.send(me, 'call', 'plain', 'request')
         local answer = plain:receive()
         print(answer[1], answer[2], answer.n)
         print(pcall(server.reply_to, 5))",
    );
    assert_eq!(
        output,
        "call2\ncall2\ncall2\ncall2\ncall2\ncall0\ncall3\ntrue\tcalled\t2\n\
         false\ttest.lua:18: bad argument #1 to 'reply_to' (message expected, got number)\n"
    );
}

#[test]
fn a_topic_of_the_program_is_no_topic_of_answers() {
    let output = output_of(
        "assert(process.listen('server.reply'))
         print(select(2, server.call(me, 1)):kind(), process.inbox():receive(0))",
    );
    assert_eq!(output, "Conflict\tnil\tfalse\ttimeout\n");
}

#[test]
fn messages_that_are_no_answer_are_dropped() {
    let output = output_of(
        "serve { call = function(_, request)
           for _ = 1, 100 do
             process.send(me, 'server.reply', true, { request }, 'x')
             process.send(me, 'server.reply', true, 1, 1)
             process.send(me, 'server.reply')
           end
           return 'right'
         end }
         print(server.call(me, 1))",
    );
    assert_eq!(output, "right\n");
}

-- Channels of the mailbox, timers and a program's own may be mixed.
-- shows: H-10
local me = process.pid()
local topic, own = process.listen("t"), channel.new(1)
local cases = function(timeout)
  return channel.select { own:case_receive(), topic:case_receive(), time.after(timeout):case_receive() }
end

process.send(me, "t", 1)
assert(cases("1h").value == 1)
own:send(2)
process.send(me, "t", 3)
assert(cases("1h").value == 2 and cases("1h").value == 3)
local got = cases("1ms")
assert(got.channel ~= own and got.channel ~= topic and got.value:unix() > 0)

-- Channels are compared by identity, and a case may be used again.
-- shows: H-13
assert(process.inbox() == process.inbox() and process.events() == process.events())
assert(process.listen("t") == process.listen("t"))
local timer, ticker = time.timer("1h"), time.ticker("1h")
assert(timer:channel() == timer:channel() and ticker:channel() == ticker:channel())
local ch = channel.new(2)
local send, receive = ch:case_send("x"), ch:case_receive()
for _ = 1, 2 do
  assert(channel.select { send }.ok)
end
for _ = 1, 2 do
  local got = channel.select { receive }
  assert(got.value == "x" and got.channel == ch)
end

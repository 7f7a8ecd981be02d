-- Without an open inbox, the messages that `unlisten`
-- gives back wait for the next subscriber.
-- shows: D-7
local me = process.pid()
local t = process.listen("t")
process.send(me, "t", 1)
process.send(me, "t", 2)
process.unlisten(t)
process.send(me, "t", 3)

t = process.listen("t")
for i = 1, 3 do
  assert(t:receive() == i)
end

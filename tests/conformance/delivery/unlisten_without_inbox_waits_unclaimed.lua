-- Where no inbox was opened, what `unlisten` gives back waits for whoever
-- subscribes next.
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

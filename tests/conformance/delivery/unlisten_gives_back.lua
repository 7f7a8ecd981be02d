-- Unread messages of a closed channel go to the
-- inbox in order of arrival, or wait unclaimed.
-- shows: D-7, D-8, D-20

local pid = process.pid()
local a = process.listen("a")
process.send(pid, "a", 1)
process.send(pid, "b", 2)
process.send(pid, "a", 3)
assert(process.unlisten(a))
local value, ok = a:receive()
assert(value == nil and ok == false)

-- Unclaimed now: a new channel gets them.
local again = process.listen("a")
assert(again ~= a)
process.send(pid, "b", 4)
process.send(pid, "a", 5)

local inbox = process.inbox()
assert(process.unlisten(again))
local order = {}
for i = 1, 5 do
  order[i] = inbox:receive():payload()
end
assert(table.concat(order, " ") == "1 2 3 4 5", table.concat(order, " "))

assert(process.unlisten(again), "twice is harmless")
for _, other in ipairs { inbox, process.events(), channel.new() } do
  local done, err = process.unlisten(other)
  assert(done == nil and errors.is(err, errors.INVALID))
end

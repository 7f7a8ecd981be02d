-- A message goes to the listener of its topic, else to the inbox, else waits.
-- shows: D-3, D-4, D-5, D-19

local pid = process.pid()
process.send(pid, "a", 1)
process.send(pid, "b", 2)
process.send(pid, "c", 3)
process.send(pid, "a", 4)

local a = process.listen("a")
assert(a:receive() == 1 and a:receive() == 4)

local inbox = process.inbox()
local message = inbox:receive()
assert(message:topic() == "b" and message:payload() == 2)

-- The inbox has taken what was unclaimed: a later listener gets later messages.
local c = process.listen("c")
process.send(pid, "c", 5)
process.send(pid, "a", 6)
process.send(pid, "ab", 7)
assert(c:receive() == 5 and a:receive() == 6)
assert(inbox:receive():payload() == 3)
assert(inbox:receive():topic() == "ab")
assert(channel.select { inbox:case_receive(), a:case_receive(), c:case_receive(), default = true }.default)
